import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";
import { handshakeText, RawClient, statusOf } from "./raw-client.ts";
import { Http2Client, maskedFrame } from "./raw-http2.ts";
import { testCertificate } from "./test-certificate.ts";

const CLOSE_1001 = Buffer.from("880203e9", "hex");
const MASKED_CLOSE_1001 = Buffer.from("88820000000003e9", "hex");

async function start(t: TestContext, options: ServeOptions = {}): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", tls: testCertificate, http2: true, ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** A WebSocket over HTTP/1.1. */
async function openHttp1(t: TestContext, url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = tls.connect({ port: Number(port), host: hostname, rejectUnauthorized: false });
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  const client = new RawClient(socket).write(handshakeText());
  assert.equal(statusOf(await client.head()), 101);
  return client;
}

describe("closing a server that speaks HTTP/2", () => {
  test("says goodbye to all, with GOAWAY and 1001, and resolves when all are gone", async (t) => {
    const ends: unknown[] = [];
    const server = await start(t, { close: (_connection, { code, wasClean }) => ends.push(code, wasClean) });
    const first = await openHttp1(t, server.url);
    const client = await Http2Client.connect(t, server.url);
    const peer = await client.open();
    const closed = server.close();
    assert.deepEqual(await peer.bytes(4), CLOSE_1001);
    assert.deepEqual(await first.bytes(4), CLOSE_1001);
    first.write(MASKED_CLOSE_1001);
    await first.rest();
    peer.write(MASKED_CLOSE_1001).end();
    await peer.closed;
    await closed;
    assert.deepEqual(ends, [1001, true, 1001, true]);
    await client.closed;
    assert.deepEqual(client.goaways.slice(0, 1), [http2.constants.NGHTTP2_NO_ERROR]);
    await assert.rejects(RawClient.connect(server.url), { code: "ECONNREFUSED" });
  });

  test("ends HTTP/2 connections that have no stream", async (t) => {
    const server = await start(t);
    const client = await Http2Client.connect(t, server.url);
    await server.close({ timeoutMs: 60_000 });
    await client.closed;
  });

  test("cuts off whoever does not answer in time", async (t) => {
    const ends: unknown[] = [];
    const server = await start(t, { close: (_connection, { code }) => ends.push(code) });
    const client = await Http2Client.connect(t, server.url);
    const peer = await client.open();
    const stalled = await (await Http2Client.connect(t, server.url, { settings: { initialWindowSize: 0 } })).open();
    const before = performance.now();
    await server.close({ timeoutMs: 30 });
    assert.ok(performance.now() - before < 2_000);
    await Promise.all([peer.closed, stalled.closed]);
    assert.equal(ends.length, 2);
    assert.equal(server.connections.size, 0);
  });

  test("lets a plain request that is under way finish", async (t) => {
    let answer = (): void => undefined;
    let asked = (): void => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = await start(t, {
      request(_request, response) {
        answer = () => response.end("page");
        asked();
      },
    });
    const client = await Http2Client.connect(t, server.url);
    const peer = client.request({ ":path": "/page" });
    await isAsked;
    const closed = server.close();
    await new Promise(setImmediate);
    answer();
    assert.equal(String(await peer.rest()), "page");
    await closed;
  });

  test("cuts off a plain request that nobody answers", async (t) => {
    const server = await start(t, { request: () => undefined });
    const client = await Http2Client.connect(t, server.url);
    const peer = client.request({ ":path": "/page" });
    await client.ping();
    await server.close({ timeoutMs: 30 });
    await Promise.all([peer.closed, client.closed]);
  });

  test("refuses a pending handshake with 503", async (t) => {
    let asked = (): void => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const reasons: unknown[] = [];
    const server = await start(t, {
      upgrade(request) {
        request.signal.addEventListener("abort", () => reasons.push(request.signal.reason.code));
        asked();
        return new Promise<undefined>(() => undefined);
      },
    });
    const peer = (await Http2Client.connect(t, server.url)).ask();
    await isAsked;
    const closed = server.close();
    assert.equal(await peer.status(), 503);
    assert.equal(String(await peer.rest()), "the server is closing\n");
    await closed;
    assert.deepEqual(reasons, ["SERVER_CLOSING"]);
  });

  test("leaves no timer behind", async (t) => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const server = await start(t);
    const client = await Http2Client.connect(t, server.url);
    const peer = await client.open();
    peer.write(maskedFrame(0x88, Buffer.alloc(0))).end();
    await peer.closed;
    await server.close({ timeoutMs: 60_000 });
    await client.closed;
    assert.ok(timers() <= before);
  });
});
