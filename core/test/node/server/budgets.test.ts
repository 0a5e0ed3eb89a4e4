import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";
import { handshakeText, RawClient, statusOf } from "./raw-client.ts";
import { testCertificate } from "./test-certificate.ts";

async function start(t: TestContext, options: ServeOptions = {}): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", heartbeat: false, ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** Ask for a connection.
 * @returns what was answered */
async function ask(server: Server): Promise<string> {
  const client = await RawClient.connect(server.url);
  return client.write(handshakeText()).head();
}

describe("maxConnections", () => {
  test("refuses one more with 503 and Retry-After, and takes it when another has gone", async (t) => {
    const ended: (() => void)[] = [];
    const server = await start(t, { maxConnections: 1, close: () => ended.shift()?.() });
    const client = await RawClient.connect(server.url);
    assert.equal(statusOf(await client.write(handshakeText()).head()), 101);
    const refused = await ask(server);
    assert.equal(statusOf(refused), 503);
    assert.match(refused, /^Retry-After: 10\r$/m);
    assert.deepEqual(server.stats().errors, { TOO_MANY_CONNECTIONS: 1 });
    const gone = new Promise<void>((resolve) => ended.push(resolve));
    client.reset();
    await gone;
    assert.equal(statusOf(await ask(server)), 101);
  });

  test("counts handshakes that wait for the application", async (t) => {
    const answers: (() => void)[] = [];
    const server = await start(t, {
      maxConnections: 1,
      upgrade: () => new Promise((resolve) => answers.push(resolve)),
    });
    const first = (await RawClient.connect(server.url)).write(handshakeText());
    while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(statusOf(await ask(server)), 503);
    answers[0]?.();
    assert.equal(statusOf(await first.head()), 101);
  });

  for (const wrong of [0, 1.5, "1"]) {
    test(`${JSON.stringify(wrong)} is none`, async () => {
      await assert.rejects(serve(JSON.parse(JSON.stringify({ maxConnections: wrong }))), {
        code: "USAGE",
        message: /^maxConnections is /,
      });
    });
  }
});

describe("clients that have not asked for anything", () => {
  test("are cut off, the one that waits longest first, when there are more than maxPendingHandshakes", async (t) => {
    const server = await start(t, { maxPendingHandshakes: 2 });
    const slow = [await RawClient.connect(server.url), await RawClient.connect(server.url)];
    for (const client of slow) client.write("GET / HTTP/1.1\r\n");
    assert.equal(statusOf(await ask(server)), 101);
    await slow[0]?.closed;
    slow[1]?.write(handshakeText().slice("GET / HTTP/1.1\r\n".length));
    assert.equal(statusOf((await slow[1]?.head()) ?? ""), 101);
    assert.deepEqual(server.stats().errors, { REQUEST_CUT_OFF: 1 });
  });

  test("do not include those that have asked for a page, or have a connection", async (t) => {
    const server = await start(t, { maxPendingHandshakes: 1, path: "/ws" });
    const page = (await RawClient.connect(server.url)).write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.equal(statusOf(await page.head()), 404);
    const open = (await RawClient.connect(server.url)).write(handshakeText({ target: "/ws" }));
    assert.equal(statusOf(await open.head()), 101);
    const last = (await RawClient.connect(server.url)).write(handshakeText({ target: "/ws" }));
    assert.equal(statusOf(await last.head()), 101);
    assert.deepEqual(server.stats().errors, {});
  });

  for (const http2 of [false, true]) {
    test(`are cut off within TLS too${http2 ? ", beside HTTP/2" : ""}`, async (t) => {
      const server = await start(t, { maxPendingHandshakes: 2, tls: testCertificate, http2 });
      const { hostname: host, port } = new URL(server.url);
      // One that never begins with TLS, and one that never asks
      const stalled = net.connect(Number(port), host).resume();
      await once(stalled, "connect");
      const idle = tls.connect({ host, port: Number(port), rejectUnauthorized: false }).resume();
      await once(idle, "secureConnect");
      const asking = tls.connect({ host, port: Number(port), rejectUnauthorized: false });
      const stalledGone = once(stalled, "close");
      await once(asking, "secureConnect");
      asking.write(handshakeText());
      const [answer] = await once(asking, "data");
      assert.equal(statusOf(String(answer)), 101);
      await stalledGone;
      // The connection that is open is not one of those that wait
      const another = tls.connect({ host, port: Number(port), rejectUnauthorized: false }).resume();
      await once(another, "secureConnect");
      assert.deepEqual([idle.destroyed, asking.destroyed], [false, false]);
      assert.deepEqual(server.stats().errors, { REQUEST_CUT_OFF: 1 });
      for (const socket of [idle, asking, another]) socket.destroy();
    });
  }
});

describe("the channel polysocket:upgrade", () => {
  test("tells of each handshake what was answered", async (t) => {
    const told: unknown[][] = [];
    const hear = (message: unknown): void => {
      const { request, statusCode, error } = Object(message);
      told.push([request.path, statusCode, error?.code]);
    };
    diagnostics.subscribe("polysocket:upgrade", hear);
    t.after(() => diagnostics.unsubscribe("polysocket:upgrade", hear));
    const server = await start(t, { path: "/here" });
    for (const target of ["/here", "/there"]) {
      await (await RawClient.connect(server.url)).write(handshakeText({ target })).head();
    }
    assert.deepEqual(told, [
      ["/here", 101, undefined],
      ["/there", 404, "PATH_UNKNOWN"],
    ]);
  });
});
