import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Agent, WebSocket } from "undici";
import type { ServeOptions } from "../../src/node/server/options.ts";
import { type Server, serve } from "../../src/node/server/serve.ts";
import { serverIdentity } from "./client-test-certificates.ts";

const SIZES = [0, 1, 125, 126, 65_535, 65_536, 1_048_576];

async function start(t: TestContext, options: ServeOptions): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", tls: serverIdentity, http2: true, ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** An undici client that may choose HTTP/2. */
function dial(t: TestContext, url: string, protocols: string[] = []): WebSocket {
  const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
  t.after(() => dispatcher.destroy());
  const socket = new WebSocket(url, { dispatcher, protocols });
  socket.binaryType = "arraybuffer";
  return socket;
}

function event(socket: WebSocket, name: string): Promise<Event> {
  return new Promise((resolve) => socket.addEventListener(name, resolve, { once: true }));
}

async function nextData(socket: WebSocket): Promise<unknown> {
  return Reflect.get(await event(socket, "message"), "data");
}

describe("undici's WebSocket over HTTP/2", () => {
  test("gets text and binary of 0 B to 1 MiB back, and its subprotocol", async (t) => {
    const versions: string[] = [];
    const server = await start(t, {
      subprotocols: ["chat"],
      open: (_, request) => versions.push(request.httpVersion),
      message: (connection, data) => connection.send(data),
    });
    const socket = dial(t, server.url, ["chat"]);
    await event(socket, "open");
    assert.deepEqual(versions, ["2.0"]);
    assert.equal(socket.protocol, "chat");
    for (const size of SIZES) {
      socket.send("x".repeat(size));
      assert.ok((await nextData(socket)) === "x".repeat(size), `text of ${size} B`);
      const bytes = new Uint8Array(size).fill(size % 251);
      socket.send(bytes);
      const back = new Uint8Array((await nextData(socket)) as ArrayBuffer);
      assert.ok(Buffer.from(bytes).equals(back), `binary of ${size} B`);
    }
  });

  test("tells the server its close code, and hears the server's", async (t) => {
    const codes: number[] = [];
    const server = await start(t, {
      message: (connection) => connection.close(4002, "server"),
      close: (_, { code }) => codes.push(code),
    });
    const first = dial(t, server.url);
    await event(first, "open");
    first.close(4001, "client");
    assert.equal(Reflect.get(await event(first, "close"), "code"), 4001);
    const second = dial(t, server.url);
    await event(second, "open");
    second.send("close");
    assert.equal(Reflect.get(await event(second, "close"), "code"), 4002);
    assert.deepEqual(codes, [4001, 4002]);
  });
});
