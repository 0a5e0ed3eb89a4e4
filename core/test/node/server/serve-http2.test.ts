import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as https from "node:https";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";
import { handshakeText, RawClient, statusOf, textFrame } from "./raw-client.ts";
import { FRAME, Http2Client, RawHttp2, rawConnectFields } from "./raw-http2.ts";
import { testCertificate } from "./test-certificate.ts";

async function start<Data = undefined>(t: TestContext, options: ServeOptions<Data> = {}): Promise<Server<Data>> {
  const server = await serve<Data>({ host: "127.0.0.1", tls: testCertificate, http2: true, ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** A TLS connection whose client offers these protocols by ALPN. */
async function dial(t: TestContext, url: string, ...ALPNProtocols: string[]): Promise<tls.TLSSocket> {
  const { hostname, port } = new URL(url);
  const socket = tls.connect({ port: Number(port), host: hostname, rejectUnauthorized: false, ALPNProtocols });
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

/** A WebSocket over HTTP/1.1. */
async function openHttp1(t: TestContext, url: string): Promise<RawClient> {
  const client = new RawClient(await dial(t, url, "http/1.1")).write(handshakeText());
  assert.equal(statusOf(await client.head()), 101);
  return client;
}

/** What is sent to a closed connection has to be waited for by its events. */
function ended(socket: net.Socket): Promise<unknown> {
  return new Promise((resolve) => socket.resume().once("close", resolve));
}

describe("serve with HTTP/2", () => {
  test("has both versions on one port, as ALPN chooses", async (t) => {
    const server = await start(t, {
      open: (connection, request) => connection.send(`${connection.httpVersion} ${request.httpVersion}`),
    });
    assert.match(server.url, /^wss:\/\/127\.0\.0\.1:\d+$/);
    const first = await openHttp1(t, server.url);
    const client = await Http2Client.connect(t, server.url);
    assert.equal(client.session.alpnProtocol, "h2");
    assert.equal(await (await client.open()).text(), "2.0 2.0");
    assert.equal(await first.text(), "1.1 1.1");
    assert.equal(server.connections.size, 2);
    const both = await dial(t, server.url, "h2", "http/1.1");
    assert.equal(both.alpnProtocol, "h2");
  });

  test("has HTTP/1.1 for a client that knows no ALPN", async (t) => {
    const server = await start(t);
    const client = new RawClient(await dial(t, server.url)).write(handshakeText());
    assert.equal(statusOf(await client.head()), 101);
  });

  test("speaks no HTTP/2 unless it is asked to", async (t) => {
    const server = await start(t, { http2: false });
    assert.equal((await dial(t, server.url, "h2", "http/1.1")).alpnProtocol, "http/1.1");
  });

  test("tells extended CONNECT and its number of streams in its first SETTINGS (RFC 8441 §3)", async (t) => {
    const server = await start(t, { http2Limits: { maxStreams: 7 } });
    const { session } = await Http2Client.connect(t, server.url);
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
    assert.equal(session.remoteSettings.maxConcurrentStreams, 7);
  });

  test("takes HTTP/2 settings together with the certificate, but for extended CONNECT", async (t) => {
    const settings = { initialWindowSize: 100_000, enableConnectProtocol: false };
    const server = await start(t, { tls: { ...testCertificate, ...{ settings } } });
    const { remoteSettings } = (await Http2Client.connect(t, server.url)).session;
    assert.equal(remoteSettings.initialWindowSize, 100_000);
    assert.equal(remoteSettings.enableConnectProtocol, true);
  });

  test("tells the request what is secure, and the remote address", async (t) => {
    const seen: unknown[] = [];
    const server = await start(t, {
      open: (_, { secure, remoteAddress, raw }) => seen.push(secure, remoteAddress, raw),
    });
    await (await Http2Client.connect(t, server.url)).open();
    assert.deepEqual(seen, [true, "127.0.0.1", undefined]);
  });

  test("keeps routes apart", async (t) => {
    const seen: string[] = [];
    const server = await start(t, {
      routes: { "/a": { open: () => seen.push("a") }, "/b": { open: () => seen.push("b") } },
    });
    const client = await Http2Client.connect(t, server.url);
    for (const path of ["/a", "/b?x=/a"]) await client.open({ ":path": path });
    assert.equal(await client.ask({ ":path": "/c" }).status(), 404);
    assert.deepEqual(seen, ["a", "b"]);
  });

  test("refuses another site's page, and takes its own", async (t) => {
    const server = await start(t);
    const client = await Http2Client.connect(t, server.url);
    assert.equal(await client.ask({ ":authority": "a.test", origin: "https://a.test" }).status(), 200);
    assert.equal(await client.ask({ ":authority": "a.test", origin: "https://b.test" }).status(), 403);
  });

  test("selects a subprotocol that it speaks", async (t) => {
    const server = await start(t, { subprotocols: ["v2", "v1"] });
    const client = await Http2Client.connect(t, server.url);
    const fields = await client.ask({ "sec-websocket-protocol": "v1, v2, v3" }).head();
    assert.equal(fields["sec-websocket-protocol"], "v2");
  });

  test("publishes to connections of both versions", async (t) => {
    const server = await start(t, { open: (connection) => connection.subscribe("news") });
    const first = await openHttp1(t, server.url);
    const client = await Http2Client.connect(t, server.url);
    const peers = [await client.open(), await client.open()];
    assert.equal(server.subscriberCount("news"), 3);
    assert.equal(server.publish("news", "hello"), 3);
    for (const peer of [first, ...peers]) assert.equal(await peer.text(), "hello");
    peers[0]?.reset();
    while (server.connections.size > 2) await new Promise(setImmediate);
    assert.equal(server.publish("news", "again"), 2);
    assert.equal(await peers[1]?.text(), "again");
  });

  test("counts what both versions did", async (t) => {
    const server = await start(t, { message: (connection, message) => connection.send(message) });
    const first = await openHttp1(t, server.url);
    const client = await Http2Client.connect(t, server.url);
    const second = await client.open();
    await first.write(textFrame("1")).text();
    await second.write(textFrame("2")).text();
    await client.ask({ "sec-websocket-version": "7" }).rest();
    const { messagesReceived, messagesSent, open, opened, refused, errors } = server.stats();
    assert.deepEqual([messagesReceived, messagesSent, open, opened, refused], [2, 2, 2, 2, 1]);
    assert.deepEqual(errors, { VERSION_UNSUPPORTED: 1 });
    assert.equal(server.stats().bytesReceived, 14);
  });
});

describe("plain requests over HTTP/2", () => {
  test("are 405 with Allow where WebSocket is served, and 404 elsewhere (RFC 9110 §15.5.6)", async (t) => {
    const server = await start(t, { path: "/chat" });
    const client = await Http2Client.connect(t, server.url);
    const here = client.request({ ":path": "/chat" });
    assert.deepEqual(
      [await here.status(), (await here.head()).allow, (await here.head()).upgrade],
      [405, "CONNECT", undefined],
    );
    assert.match(String(await here.rest()), /WebSocket server/);
    assert.equal(await client.request({ ":path": "/other" }).status(), 404);
  });

  test("are 426 over HTTP/1.1 on the same port", async (t) => {
    const server = await start(t);
    const request = https.get(server.url.replace("wss:", "https:"), { agent: false, rejectUnauthorized: false });
    const [response] = await once(request, "response");
    response.resume();
    assert.equal(response.statusCode, 426);
  });

  test("go to the option request where it is given", async (t) => {
    const server = await start(t, {
      request: (request, response) => response.end(`${request.httpVersion} ${request.url}`),
    });
    const client = await Http2Client.connect(t, server.url);
    assert.equal(String(await client.request({ ":path": "/page" }).rest()), "2.0 /page");
    assert.equal(await (await client.open()).status(), 200);
  });

  test("a CONNECT without :protocol is 405, and opens no tunnel", async (t) => {
    const server = await start(t, { request: () => assert.fail("asked") });
    const client = await Http2Client.connect(t, server.url);
    const peer = client.request({ ":method": "CONNECT", ":authority": "inside.test:22" });
    assert.equal(await peer.status(), 405);
    assert.equal(server.stats().refused, 0);
  });
});

describe("a client that stalls", () => {
  test("in the TLS handshake is cut off", async (t) => {
    const server = await start(t, { handshakeTimeoutMs: 250 });
    const { port } = new URL(server.url);
    const socket = net.connect(Number(port), "127.0.0.1").on("error", () => undefined);
    await ended(socket);
  });

  test("without opening a stream is cut off", async (t) => {
    const server = await start(t, { handshakeTimeoutMs: 250 });
    const client = await Http2Client.connect(t, server.url);
    await client.closed;
  });

  test("after TLS, without the preface, is cut off", async (t) => {
    const server = await start(t, { handshakeTimeoutMs: 250 });
    await ended(await dial(t, server.url, "h2"));
  });

  test("in the middle of HEADERS is cut off", async (t) => {
    const server = await start(t, { handshakeTimeoutMs: 250 });
    const client = new RawHttp2(t, await dial(t, server.url, "h2"));
    // Without END_HEADERS, so that a CONTINUATION would have to follow
    client.headers(1, rawConnectFields(), 0);
    await client.closed;
    assert.equal(server.stats().opened, 0);
  });

  test("in the middle of an HTTP/1.1 request is answered 408", { timeout: 10_000 }, async (t) => {
    const server = await start(t, { handshakeTimeoutMs: 250 });
    const client = new RawClient(await dial(t, server.url, "http/1.1")).write("GET / HTTP/1.1\r\nHost: a\r\n");
    assert.match(await client.rest(), /^HTTP\/1\.1 408 /);
  });

  test("is not one that has a WebSocket open", async (t) => {
    const server = await start(t, {
      handshakeTimeoutMs: 250,
      message: (connection, message) => connection.send(message),
    });
    const client = await Http2Client.connect(t, server.url);
    const peer = await client.open();
    // Another one without a stream shows that the time is over
    await (await Http2Client.connect(t, server.url)).closed;
    await (await Http2Client.connect(t, server.url)).closed;
    assert.equal(await peer.write(textFrame("still here")).text(), "still here");
  });
});

describe("options of serve for HTTP/2", () => {
  const wrong: [options: unknown, message: RegExp][] = [
    [{ http2: true }, /http2 is true without tls/],
    [{ http2: "auto", tls: testCertificate }, /http2 is auto; give true or false/],
    [{ http2: {}, tls: testCertificate }, /give true or false, and its limits as http2Limits/],
    [{ http2: null, tls: testCertificate }, /http2 is null/],
    [{ http2Limits: null }, /http2Limits is null; give \{ maxStreams, maxOpeningsPerSecond \}/],
    [{ http2Limits: 5 }, /http2Limits is 5/],
    [{ http2Limits: { maxStream: 5 } }, /http2Limits have no "maxStream"/],
    [{ http2Limits: { maxStreams: 0 } }, /http2Limits\.maxStreams is 0/],
    [{ http2Limits: { maxStreams: "5" } }, /http2Limits\.maxStreams is/],
    [{ http2Limits: { maxOpeningsPerSecond: -1 } }, /http2Limits\.maxOpeningsPerSecond is -1/],
    [{ http2Limits: { maxOpeningsPerSecond: Number.NaN } }, /http2Limits\.maxOpeningsPerSecond is NaN/],
  ];
  for (const [options, message] of wrong) {
    test(`are refused with a UsageError when ${message.source} fits`, async () => {
      await assert.rejects(Reflect.apply(serve, undefined, [options]), { code: "USAGE", message });
    });
  }

  test("infinite limits are limits too", async (t) => {
    const most = Number.POSITIVE_INFINITY;
    const server = await start(t, {
      handshakeTimeoutMs: most,
      http2Limits: { maxStreams: most, maxOpeningsPerSecond: most },
    });
    await (await Http2Client.connect(t, server.url)).open();
  });
});

describe("limits of one HTTP/2 connection (RFC 9113 §10.5)", () => {
  /** A client that does not keep to the server's SETTINGS. */
  async function rude(t: TestContext, server: Server): Promise<RawHttp2> {
    return new RawHttp2(t, await dial(t, server.url, "h2"));
  }

  test("maxStreams are open at once; the next is refused so that it may be asked for again (§8.7)", async (t) => {
    const server = await start(t, { http2Limits: { maxStreams: 2 } });
    const client = await rude(t, server);
    for (const streamId of [1, 3, 5]) client.headers(streamId, rawConnectFields());
    const reset = await client.next(FRAME.RST_STREAM);
    assert.deepEqual([reset.streamId, reset.payload.readUInt32BE()], [5, http2.constants.NGHTTP2_REFUSED_STREAM]);
    while (server.connections.size < 2) await new Promise(setImmediate);
    // Room is made by one that goes
    client.frame(FRAME.RST_STREAM, 0, 1, Buffer.from([0, 0, 0, 8]));
    while (server.connections.size > 1) await new Promise(setImmediate);
    client.headers(7, rawConnectFields());
    while (server.connections.size < 2) await new Promise(setImmediate);
    assert.equal(server.stats().opened, 3);
  });

  test("another HTTP/2 connection has its own", async (t) => {
    const server = await start(t, { http2Limits: { maxStreams: 1 } });
    for (let index = 0; index < 3; index += 1) await (await Http2Client.connect(t, server.url)).open();
    assert.equal(server.connections.size, 3);
  });

  test("openings above the rate are refused with 429, those that were refused count too", async (t) => {
    const server = await start(t, {
      http2Limits: { maxStreams: 3, maxOpeningsPerSecond: 0.1 },
      upgrade: () => ({ statusCode: 404 }),
    });
    const client = await Http2Client.connect(t, server.url);
    const statuses: unknown[] = [];
    for (let index = 0; index < 4; index += 1) {
      const peer = client.ask();
      statuses.push(await peer.status());
      await peer.closed;
    }
    assert.deepEqual(statuses, [404, 404, 404, 429]);
    assert.deepEqual(server.stats().errors, { UPGRADE_REFUSED: 3, TOO_MANY_OPENINGS: 1 });
  });

  test("WebSockets that were used and are reset count as what they are: through a proxy many leave at once", async (t) => {
    const many = 8;
    const server = await start(t, {
      http2Limits: { maxStreams: many + 1, maxOpeningsPerSecond: 0.001 },
      message: (connection, message) => connection.send(message),
    });
    const client = await Http2Client.connect(t, server.url);
    const peers = await Promise.all(Array.from({ length: many }, () => client.open()));
    for (const peer of peers) assert.equal(await peer.write(textFrame("used")).text(), "used");
    for (const peer of peers) peer.reset();
    while (server.connections.size > 0) await new Promise(setImmediate);
    await client.open();
    // The allowance is as large as it would be if they had left with a Close frame
    assert.equal(await client.ask().status(), 429);
  });

  test("a trusted proxy's clients are counted one by one, and one that is too quick harms no other", async (t) => {
    const burst = 230;
    const server = await start(t, {
      trustProxy: 1,
      handshakeRate: { perSecond: 0.001, burst },
      message: (connection, message) => connection.send(message),
    });
    const proxy = await Http2Client.connect(t, server.url);
    const other = await proxy.open({ "x-forwarded-for": "198.51.100.1" });
    const statuses: unknown[] = [];
    for (let count = 0; count < burst + 20; count++) {
      const peer = proxy.ask({ "x-forwarded-for": "198.51.100.2" });
      statuses.push(await peer.status());
      peer.reset();
      await peer.closed;
    }
    assert.deepEqual(statuses, [...Array(burst).fill(200), ...Array(20).fill(429)]);
    assert.equal(server.stats().errors["HANDSHAKES_TOO_QUICK"], 20);
    assert.equal(await other.write(textFrame("not disturbed")).text(), "not disturbed");
    await proxy.open({ "x-forwarded-for": "198.51.100.1" });
    assert.deepEqual(proxy.goaways, []);
  });

  test("a rate of openings that is given holds for a trusted proxy, too", async (t) => {
    const server = await start(t, {
      trustProxy: 1,
      http2Limits: { maxStreams: 1, maxOpeningsPerSecond: 0.001 },
      upgrade: () => ({ statusCode: 404 }),
    });
    const proxy = await Http2Client.connect(t, server.url);
    const first = proxy.ask();
    assert.equal(await first.status(), 404);
    await first.closed;
    assert.equal(await proxy.ask().status(), 429);
  });

  test("CONNECT and RST_STREAM in a loop ends with ENHANCE_YOUR_CALM, and costs bounded memory", async (t) => {
    const ends: unknown[] = [];
    const server = await start(t, {
      http2Limits: { maxStreams: 10, maxOpeningsPerSecond: 0.1 },
      close: (_connection, { code }) => ends.push(code),
    });
    const client = await rude(t, server);
    const isClosed = client.closed.then(() => true);
    const before = process.memoryUsage().heapUsed;
    for (let streamId = 1; streamId < 20_000; streamId += 2) {
      client.headers(streamId, rawConnectFields());
      client.frame(FRAME.RST_STREAM, 0, streamId, Buffer.from([0, 0, 0, 8]));
      if (client.socket.destroyed) break;
      if (streamId % 200 === 1) await new Promise(setImmediate);
    }
    const goaway = await client.next(FRAME.GOAWAY);
    assert.equal(goaway.payload.readUInt32BE(4), http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    assert.equal(await isClosed, true);
    assert.deepEqual([server.connections.size, server.stats().pendingHandshakes], [0, 0]);
    const { opened, refused } = server.stats();
    assert.ok(opened + refused <= 20, `${opened} opened, ${refused} refused`);
    assert.ok(process.memoryUsage().heapUsed - before < 50_000_000);
    assert.ok(ends.every((code) => code === 1006));
    // Others are as welcome as before
    await (await Http2Client.connect(t, server.url)).open();
  });
});
