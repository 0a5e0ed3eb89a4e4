import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";
import { handshakeText, RawClient, statusOf, textFrame } from "./raw-client.ts";
import { testCertificate } from "./test-certificate.ts";

const CLOSE_1001 = Buffer.from("880203e9", "hex");
const MASKED_CLOSE_1001 = Buffer.from("88820000000003e9", "hex");

async function start(t: TestContext, options: ServeOptions = {}): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

async function open(server: Server): Promise<RawClient> {
  const client = await RawClient.connect(server.url);
  await client.write(handshakeText()).head();
  return client;
}

describe("closing a server", () => {
  test("says goodbye to all and resolves when all are gone", async (t) => {
    const events: unknown[] = [];
    const server = await start(t, { close: (_connection, { code, wasClean }) => events.push([code, wasClean]) });
    const clients = [await open(server), await open(server)];
    const closed = server.close();
    for (const client of clients) {
      assert.deepEqual(await client.bytes(4), CLOSE_1001);
      client.write(MASKED_CLOSE_1001);
      await client.rest();
    }
    await closed;
    assert.deepEqual(events, [
      [1001, true],
      [1001, true],
    ]);
    assert.equal(server.connections.size, 0);
    assert.deepEqual([server.stats().open, server.stats().closed], [0, 2]);
    await assert.rejects(RawClient.connect(server.url), { code: "ECONNREFUSED" });
  });

  test("sends the code and the reason it is given", async (t) => {
    const server = await start(t);
    const client = await open(server);
    const closed = server.close({ code: 4001, reason: "bye", timeoutMs: 0 });
    assert.deepEqual(await client.bytes(7), Buffer.from("88050fa1627965", "hex"));
    await closed;
  });

  test("cuts off who does not answer in time", async (t) => {
    const events: unknown[] = [];
    const server = await start(t, { close: (_connection, { code, wasClean }) => events.push([code, wasClean]) });
    const client = await open(server);
    await server.close({ timeoutMs: 20 });
    assert.deepEqual(events, [[1006, false]]);
    await client.rest();
  });

  test("the second call gets the first one's promise", async (t) => {
    const server = await start(t);
    const first = server.close({ timeoutMs: 10 });
    assert.equal(server.close({ code: 4000 }), first);
    assert.equal(server[Symbol.asyncDispose](), first);
    await first;
  });

  test("a mistake is told at once, and nothing is closed", async (t) => {
    const server = await start(t);
    for (const how of [
      { code: 1005 },
      { code: 999 },
      { code: 1004 },
      { code: 2999 },
      { code: "1000" },
      { reason: "\u20ac".repeat(42) },
      { reason: 7 },
      { timeoutMs: -1 },
      { timeoutMs: Number.NaN },
    ]) {
      assert.throws(() => Reflect.apply(server.close, server, [how]), { code: "USAGE" }, JSON.stringify(how));
    }
    await open(server);
    assert.equal(server.connections.size, 1);
  });

  test("idle and stalled HTTP clients do not hold it up", async (t) => {
    const server = await start(t);
    const idle = await RawClient.connect(server.url);
    await idle.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n").head();
    const silent = await RawClient.connect(server.url);
    const stalled = (await RawClient.connect(server.url)).write("GET / HTTP/1.1\r\nHo");
    const busy = await open(server);
    await server.close({ timeoutMs: 20 });
    await Promise.all([idle.rest(), silent.rest(), stalled.rest(), busy.rest()]);
  });

  test("neither does an HTTP client that became idle meanwhile", async (t) => {
    const server = await start(t, {
      request: (request, response) => request.resume().on("end", () => response.end("ok")),
    });
    const holder = await open(server);
    const client = await RawClient.connect(server.url);
    client.write("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    await client.head();
    const before = performance.now();
    const closed = server.close();
    await client.write("x").until("ok");
    holder.write(MASKED_CLOSE_1001);
    await closed;
    assert.ok(performance.now() - before < 1_000);
  });

  test("a client that stalls in the TLS handshake does not hold it up", async (t) => {
    const server = await start(t, { tls: testCertificate });
    const { port } = new URL(server.url);
    const stalled = net.connect(Number(port), "127.0.0.1").on("error", () => undefined);
    const socket = tls.connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => undefined);
    await Promise.all([once(stalled, "connect"), once(socket, "secureConnect")]);
    const before = performance.now();
    await server.close({ timeoutMs: 20 });
    assert.ok(performance.now() - before < 1_000);
    stalled.destroy();
  });

  test("a handshake on a connection that stays is refused with 503", async (t) => {
    const server = await start(t, { upgradeError: (error) => codes.push(error.code) });
    const codes: string[] = [];
    const holder = await open(server);
    const late = (await RawClient.connect(server.url)).write("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    await late.head();
    const closed = server.close();
    late.write("x", handshakeText());
    const answer = await late.until("the server is closing\n");
    assert.equal(statusOf(answer.slice(answer.indexOf("HTTP/1.1 503"))), 503);
    assert.deepEqual(codes, ["SERVER_CLOSING"]);
    holder.write(MASKED_CLOSE_1001).socket.end();
    late.socket.end();
    await closed;
  });

  test("pending handshakes are aborted and refused with 503", async (t) => {
    const server = await start(t, {
      upgrade(request) {
        begun();
        request.signal.addEventListener("abort", () => reasons.push(request.signal.reason.code));
        return new Promise(() => undefined);
      },
    });
    const reasons: unknown[] = [];
    let begun = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const client = (await RawClient.connect(server.url)).write(handshakeText());
    await asked;
    assert.equal(server.stats().pendingHandshakes, 1);
    const closed = server.close();
    assert.deepEqual(reasons, ["SERVER_CLOSING"]);
    assert.equal(statusOf(await client.head()), 503);
    await client.rest();
    await closed;
    assert.deepEqual([server.stats().pendingHandshakes, server.stats().refused], [0, 1]);
  });

  test("a refused client that does not close is cut off with the rest", async (t) => {
    const server = await start(t, { path: "/chat" });
    const client = (await RawClient.connect(server.url, true)).write(handshakeText());
    await client.head();
    const before = performance.now();
    await server.close({ timeoutMs: 20 });
    assert.ok(performance.now() - before < 1_000);
    await client.rest();
  });

  test("leaves no timer behind", async (t) => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const server = await start(t);
    await server.close({ timeoutMs: 60_000 });
    assert.equal(timers(), before);
  });

  test("an abort listener may close the server", async (t) => {
    const server = await start(t, {
      handshakeTimeoutMs: 20,
      upgrade(request) {
        request.signal.addEventListener("abort", () => void server.close());
        return new Promise(() => undefined);
      },
    });
    const client = (await RawClient.connect(server.url)).write(handshakeText());
    assert.match(await client.rest(), /^HTTP\/1\.1 503 [\s\S]*not decided in time\n$/);
    await server.close();
    assert.deepEqual(server.stats().errors, { UPGRADE_TIMEOUT: 1 });
  });

  test("connections can be closed while they are gone through", async (t) => {
    const server = await start(t);
    const clients = [await open(server), await open(server), await open(server)];
    const seen: string[] = [];
    for (const connection of server.connections) {
      seen.push(connection.id);
      connection.terminate();
    }
    await Promise.all(clients.map((client) => client.rest()));
    assert.equal(new Set(seen).size, 3);
  });
});

describe("closing a server over a time", () => {
  const CLOSE_1012 = Buffer.from("880203f4", "hex");

  test("says goodbye to the first at once, while the others go on as before and nobody new comes in", async (t) => {
    const server = await start(t, { message: (connection, message) => connection.send(message) });
    const [first, last] = [await open(server), await open(server)];
    const closed = server.close({ code: 1012, spreadMs: 3_600_000 });
    await assert.rejects(RawClient.connect(server.url), { code: "ECONNREFUSED" });
    assert.deepEqual(await first.bytes(4), CLOSE_1012);
    last.write(textFrame("hi"));
    assert.equal(await last.text(), "hi");
    for (const client of [first, last]) client.reset();
    await closed;
  });

  test("says it to all, in the order of their opening", async (t) => {
    const closing: unknown[] = [];
    const server = await start(t, { closing: (connection) => closing.push(connection) });
    const clients = [await open(server), await open(server), await open(server)];
    const opened = [...server.connections];
    const closed = server.close({ code: 1012, spreadMs: 60 });
    for (const client of clients) {
      assert.deepEqual(await client.bytes(4), CLOSE_1012);
      client.write(Buffer.from("88820000000003f4", "hex"));
    }
    await closed;
    assert.deepEqual(closing, opened);
  });

  test("does not wait for the rest of the time when all have gone", async (t) => {
    const server = await start(t);
    const clients = [await open(server), await open(server)];
    const closed = server.close({ spreadMs: 3_600_000 });
    for (const client of clients) client.reset();
    await closed;
  });

  test("gives the last one its time after its Close frame", async (t) => {
    const codes: number[] = [];
    const server = await start(t, { close: (_connection, { code }) => codes.push(code) });
    const [first, last] = [await open(server), await open(server)];
    const closed = server.close({ spreadMs: 100, timeoutMs: 5_000 });
    await first.bytes(4);
    first.write(MASKED_CLOSE_1001);
    await last.bytes(4);
    last.write(MASKED_CLOSE_1001);
    await closed;
    assert.deepEqual(codes, [1001, 1001]);
  });

  for (const spreadMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, "1"]) {
    test(`${String(spreadMs)} ms are a mistake`, async (t) => {
      const server = await start(t);
      assert.throws(() => server.close({ spreadMs: spreadMs as number }), { code: "USAGE", message: /^spreadMs is / });
    });
  }
});
