/** Checked by the compiler, never run: what an application need not write. */
import type * as http from "node:http";
import { attach, createEndpoint, serve } from "../../../src/node/index.ts";

export async function dataIsWhatUpgradeReturns(base: http.Server): Promise<void> {
  await serve({
    upgrade: () => ({ data: { n: 1 } }),
    open: (connection) => connection.data.n.toFixed(),
  });
  await serve({
    async upgrade(request) {
      if (request.path === "/") return { statusCode: 401 };
      if (request.path === "/a") return new Response("no");
      if (request.path === "/b") throw new Response("no");
      return { data: { n: 1 } };
    },
    message: (connection, message) => message + connection.data.n.toFixed(),
  });
  await serve({ routes: { "/a": { upgrade: () => ({ data: 1 }), open: (connection) => connection.data.toFixed() } } });
  attach(base, { upgrade: () => ({ data: "text" }), close: (connection) => connection.data.trim() });
  const endpoint = createEndpoint<{ user: string }>({ upgrade: () => ({ data: { user: "x" } }) });
  for (const connection of endpoint.connections) connection.data.user.trim();
  base.on("upgrade", endpoint.handleUpgrade);
}

export async function dataIsUndefinedOtherwise(): Promise<void> {
  const check = (data: undefined): undefined => data;
  await serve({ open: (connection, request) => [check(connection.data), request.cookies] });
  await serve({ upgrade() {}, open: (connection) => check(connection.data) });
  await serve({ upgrade: () => ({ headers: new Headers() }), open: (connection) => check(connection.data) });
  await serve({ upgrade: async (request) => request.signal.throwIfAborted(), open: ({ data }) => check(data) });
}

export async function mistakesAreErrors(): Promise<void> {
  // @ts-expect-error: nothing is taken as a silent yes
  await serve({ upgrade: () => true });
  // @ts-expect-error: statusCode
  await serve({ upgrade: () => ({ status: 401 }) });
  // @ts-expect-error: port
  await serve({ prot: 8080 });
}
