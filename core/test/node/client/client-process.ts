/**
 * What connect.test.ts runs in a process of its own, which has to end by itself. In: the URL of a server that does what
 * the path says, and one where nobody listens. Out: what came of each scenario, and what still keeps the process alive.
 */
import * as http from "node:http";
import { connect } from "../../../src/node/client/connect.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { turns } from "../transport/sockets.ts";

const [origin = "", nobody = ""] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });

const scenarios: Record<string, () => Promise<unknown>> = {
  nobody: () => refused(nobody),
  refusal: () => refused(`${origin}/refuse`),
  refusalWithAgent: () => refused(`${origin}/refuse`, { agent }),
  endlessRefusal: () => refused(`${origin}/endless`),
  garbage: () => refused(`${origin}/garbage`),
  wrongAccept: () => refused(`${origin}/wrong`),
  redirects: () => refused(`${origin}/loop`, { followRedirects: true }),
  aborted: () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    return refused(`${origin}/silent`, { signal: controller.signal });
  },
  timedOut: () => refused(`${origin}/silent`, { handshakeTimeoutMs: 20 }),
  closed: async () => {
    const connection = await connect(`${origin}/accept`);
    connection.close();
    return (await connection.closed).code;
  },
  closedWithAgent: async () => {
    const connection = await connect(`${origin}/accept`, { agent });
    connection.close();
    return (await connection.closed).code;
  },
  terminated: async () => {
    const connection = await connect(`${origin}/accept`);
    connection.terminate();
    return (await connection.closed).code;
  },
  aborted1001: async () => {
    const controller = new AbortController();
    const connection = await connect(`${origin}/accept`, { signal: controller.signal });
    controller.abort();
    return (await connection.closed).code;
  },
  closedByServer: async () => (await (await connect(`${origin}/close`)).closed).code,
  lost: async () => (await (await connect(`${origin}/end`)).closed).code,
};

async function refused(url: string, options: ConnectOptions = {}): Promise<unknown> {
  const error: unknown = await connect(url, options).catch((reason: unknown) => reason);
  return error instanceof Error && "code" in error ? error.code : error;
}

async function run(): Promise<void> {
  // Once before, for what Node itself makes when it is first used
  await refused(nobody);
  const found: Record<string, unknown> = {};
  for (const [name, play] of Object.entries(scenarios)) {
    const outcome = await play();
    await turns(20);
    found[name] = [outcome, process.getActiveResourcesInfo().filter((kind) => /^(TCP|TLS|Timeout)/.test(kind))];
  }
  console.log(JSON.stringify(found));
}

void run();
