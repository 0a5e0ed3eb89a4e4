import assert from "node:assert/strict";
import { once } from "node:events";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { connect } from "../../../src/node/client/connect.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { start } from "./handshaking.ts";
import { accept, RawHttp2Server } from "./raw-http2-server.ts";
import { RawServer, switching } from "./raw-server.ts";

const tls = { ca: testCertificate.cert };

/** A server over TLS that chooses HTTP/1.1, and counts TCP connections. */
async function serveHttp1(t: TestContext): Promise<{ readonly url: string; readonly sockets: readonly Duplex[] }> {
  const sockets: Duplex[] = [];
  const server = https.createServer(testCertificate);
  server.on("connection", (socket) => sockets.push(socket));
  server.on("upgrade", (request, socket) => socket.write(switching(String(request.headers["sec-websocket-key"]))));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets };
}

/** Reset a stream with HTTP_1_1_REQUIRED (RFC 9113 §7). */
const HTTP_1_1_REQUIRED = 13;

describe('connect with http2: "auto"', () => {
  test("speaks HTTP/2 over TLS where the server chooses it (RFC 9113 §3.2)", async (t) => {
    const server = await RawHttp2Server.start(t, accept, {}, "tls");
    const { httpVersion, remoteAddress } = await start(t, server.url, { http2: "auto", tls }).opened;
    assert.deepEqual([httpVersion, remoteAddress, server.sockets.length], ["2.0", "127.0.0.1", 1]);
  });

  test("speaks HTTP/1.1 on the same TCP connection where the server chooses that", async (t) => {
    const server = await serveHttp1(t);
    const { httpVersion } = await start(t, server.url, { http2: "auto", tls }).opened;
    assert.deepEqual([httpVersion, server.sockets.length], ["1.1", 1]);
  });

  test("speaks HTTP/1.1 where the server knows no ALPN", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls", script: (peer) => peer.accept() });
    const { httpVersion } = await start(t, server.url(), { http2: "auto", tls }).opened;
    assert.deepEqual([httpVersion, server.peers.length], ["1.1", 1]);
  });

  test("gives each of several a TCP connection where the server chooses HTTP/1.1", async (t) => {
    const server = await serveHttp1(t);
    const all = [1, 2, 3].map(() => start(t, server.url, { http2: "auto", tls }).opened);
    const versions = (await Promise.all(all)).map(({ httpVersion }) => httpVersion);
    assert.deepEqual([versions, server.sockets.length], [["1.1", "1.1", "1.1"], 3]);
  });

  test("falls back to HTTP/1.1 where SETTINGS lack extended CONNECT (RFC 8441 §3)", async (t) => {
    const server = await RawHttp2Server.start(t, accept, { enableConnectProtocol: false }, "tls");
    const { httpVersion } = await start(t, `${server.url}a?b`, { http2: "auto", tls }).opened;
    assert.deepEqual([httpVersion, server.upgrades], ["1.1", ["/a?b"]]);
  });

  test("falls back to HTTP/1.1 when the stream is reset with HTTP_1_1_REQUIRED", async (t) => {
    const server = await RawHttp2Server.start(t, (stream) => stream.close(HTTP_1_1_REQUIRED), {}, "tls");
    const { httpVersion } = await start(t, server.url, { http2: "auto", tls }).opened;
    assert.deepEqual([httpVersion, server.upgrades], ["1.1", ["/"]]);
  });

  test("speaks HTTP/1.1 without TLS", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const { httpVersion } = await start(t, server.url(), { http2: "auto" }).opened;
    assert.equal(httpVersion, "1.1");
  });
});

describe("connect with http2: true", () => {
  test("speaks HTTP/2 over TLS", async (t) => {
    const server = await RawHttp2Server.start(t, accept, {}, "tls");
    assert.equal((await start(t, server.url, { http2: true, tls }).opened).httpVersion, "2.0");
  });

  test("rejects when the stream is reset with HTTP_1_1_REQUIRED", async (t) => {
    const server = await RawHttp2Server.start(t, (stream) => stream.close(HTTP_1_1_REQUIRED), {}, "tls");
    const attempt = connect(server.url, { http2: true, tls });
    await assert.rejects(attempt, {
      code: "CONNECT_FAILED",
      message: /HTTP_1_1_REQUIRED \(13\)|NGHTTP2_HTTP_1_1_REQUIRED/,
    });
    assert.deepEqual(server.upgrades, []);
  });

  for (const [what, ALPNProtocols] of [
    ["offers HTTP/1.1 alone", ["http/1.1"]],
    ["knows no ALPN", undefined],
  ] as const) {
    test(`rejects with HTTP2_UNAVAILABLE where the server ${what}`, async (t) => {
      const settings = ALPNProtocols === undefined ? {} : { ALPNProtocols: [...ALPNProtocols] };
      const server = await RawServer.listen(t, { kind: "tls", tls: settings });
      await assert.rejects(connect(server.url(), { http2: true, tls }), { code: "HTTP2_UNAVAILABLE", statusCode: 0 });
      await Promise.all(server.peers.map(({ gone }) => gone));
    });
  }

  test("rejects with HTTP2_UNAVAILABLE where a server without TLS answers in HTTP/1.1", async (t) => {
    const server = await RawServer.listen(t, {
      script: (peer) => peer.answer("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
    });
    await assert.rejects(connect(server.url(), { http2: true }), { code: "HTTP2_UNAVAILABLE" });
    await server.peers[0]?.gone;
  });

  test("rejects with CONNECT_FAILED where nobody listens", async () => {
    await assert.rejects(connect("ws://127.0.0.1:1/", { http2: true }), {
      code: "CONNECT_FAILED",
      message: /ECONNREFUSED/,
    });
  });
});

describe("the option http2", () => {
  for (const [seen, http2] of [
    ['"yes"', "yes"],
    ["of type object", {}],
    ["of type number", 2],
    ["null", null],
  ] as const) {
    test(`is refused when it is ${seen}`, async () => {
      const options = { http2 } as unknown as ConnectOptions;
      const expected = { name: "UsageError", message: new RegExp(`^http2 is ${seen}; give true`) };
      await assert.rejects(connect("ws://127.0.0.1:1/", options), expected);
    });
  }

  for (const http2 of [true, "auto"] as const) {
    test(`is refused together with an agent when it is ${String(http2)}`, async () => {
      const options = { http2, agent: () => undefined };
      await assert.rejects(connect("ws://127.0.0.1:1/", options), { name: "UsageError", message: /http2 and agent/ });
    });
  }

  test("goes together with an agent when it is false", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    await start(t, server.url(), { http2: false, agent: () => undefined }).opened;
  });
});
