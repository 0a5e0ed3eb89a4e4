import assert from "node:assert/strict";
import { once } from "node:events";
import type * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { connect } from "../../../src/node/client/connect.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { handshakeError, start } from "./handshaking.ts";
import { accept, answerRaw, RawHttp2Server } from "./raw-http2-server.ts";

describe("connect over HTTP/2 (RFC 8441 §5)", () => {
  test("sends an extended CONNECT without the fields of an upgrade", async (t) => {
    let seen: http2.IncomingHttpHeaders = {};
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      seen = headers;
      accept(stream, headers);
    });
    const connection = await connect(`${server.url}chat?a=1`, {
      http2: true,
      headers: { Cookie: "a=b", "X-Mine": "1" },
    });
    assert.equal(seen[":method"], "CONNECT");
    assert.equal(seen[":protocol"], "websocket");
    assert.equal(seen[":scheme"], "http");
    assert.equal(seen[":authority"], new URL(server.url).host);
    assert.equal(seen[":path"], "/chat?a=1");
    assert.equal(seen["sec-websocket-version"], "13");
    assert.equal(seen.cookie, "a=b");
    assert.equal(seen["x-mine"], "1");
    for (const name of ["sec-websocket-key", "upgrade", "connection", "host"])
      assert.equal(seen[name], undefined, name);
    assert.equal(connection.httpVersion, "2.0");
    connection.terminate();
  });

  test("shares one TCP connection between connections to one origin", async (t) => {
    const server = await RawHttp2Server.start(t, accept);
    const all = await Promise.all(Array.from({ length: 5 }, () => connect(server.url, { http2: true })));
    assert.equal(server.sockets.length, 1);
    for (const connection of all) connection.terminate();
  });

  test("makes more TCP connections where the server allows two streams on one", async (t) => {
    const server = await RawHttp2Server.start(t, accept, { maxConcurrentStreams: 2 });
    const all = await Promise.all(Array.from({ length: 5 }, () => connect(server.url, { http2: true })));
    assert.equal(server.sockets.length, 3);
    for (const connection of all) connection.terminate();
  });

  test("rejects with status, fields and body of a refusal", async (t) => {
    const server = await RawHttp2Server.start(t, (stream) => {
      stream.respond({ ":status": 403, "x-why": "no" });
      stream.end("go away");
    });
    await assert.rejects(connect(server.url, { http2: true }), (error: { code?: string; response?: unknown }) => {
      assert.equal(error.code, "STATUS_NOT_2XX");
      const { statusCode, headers, body } = error.response as { statusCode: number; headers: object; body: Uint8Array };
      assert.equal(statusCode, 403);
      assert.equal(Reflect.get(headers, "x-why"), "no");
      assert.equal(Buffer.from(body).toString(), "go away");
      return true;
    });
  });

  test("rejects a 200 that ends its stream", async (t) => {
    const server = await RawHttp2Server.start(t, (stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    await assert.rejects(connect(server.url, { http2: true }), { code: "STREAM_ENDED" });
  });

  test("rejects where the server's SETTINGS lack extended CONNECT", async (t) => {
    const server = await RawHttp2Server.start(t, accept, { enableConnectProtocol: false });
    await assert.rejects(connect(server.url, { http2: true }), { code: "CONNECT_UNAVAILABLE" });
  });

  test("tries once more on another TCP connection when the stream is refused", async (t) => {
    let asked = 0;
    const server = await RawHttp2Server.start(t, (stream) => {
      asked += 1;
      stream.close(7);
    });
    await assert.rejects(connect(server.url, { http2: true }), { code: "CONNECT_FAILED" });
    assert.equal(asked, 2);
  });

  test("does not ask again where a TCP connection ends without an answer: its server has seen it (RFC 9110 §9.2.2)", async (t) => {
    let asked = 0;
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      asked += 1;
      if (asked === 1) accept(stream, headers);
      else server.sockets.at(-1)?.destroy();
    });
    const first = await connect(server.url, { http2: true });
    await assert.rejects(connect(server.url, { http2: true }), { code: "CONNECT_FAILED" });
    assert.deepEqual([asked, server.sockets.length], [2, 1]);
    first.terminate();
  });

  test("gives the stream up when nothing is answered in time", async (t) => {
    let tell = (_: number): void => undefined;
    const closed = new Promise<number>((resolve) => {
      tell = resolve;
    });
    const server = await RawHttp2Server.start(t, (stream) => stream.on("close", () => tell(stream.rstCode)));
    await assert.rejects(connect(server.url, { http2: true, handshakeTimeoutMs: 100 }), { code: "HANDSHAKE_TIMEOUT" });
    assert.equal(await closed, 8);
  });
});

test("a server may push nothing, which nobody would read (RFC 9113 §8.4)", async (t) => {
  const pushable: boolean[] = [];
  const server = await RawHttp2Server.start(t, (stream, headers) => {
    pushable.push(stream.pushAllowed);
    accept(stream, headers);
  });
  await start(t, new URL(server.url), { http2: true }).opened;
  assert.deepEqual(pushable, [false]);
});

describe("header fields over HTTP/2 (RFC 8441 §5, RFC 9113 §8.2)", () => {
  async function fieldsOf(t: TestContext, path: string, options: ConnectOptions): Promise<http2.IncomingHttpHeaders> {
    let seen: http2.IncomingHttpHeaders = {};
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      seen = headers;
      accept(stream, headers);
    });
    await start(t, new URL(path, server.url), { ...options, http2: true }).opened;
    return seen;
  }

  test("an application's Host is the :authority", async (t) => {
    const seen = await fieldsOf(t, "/", { headers: { Host: "other.example:81" } });
    assert.deepEqual([seen[":authority"], seen.host], ["other.example:81", undefined]);
  });

  test("user information of the URL is sent as Authorization, and not in :authority", async (t) => {
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      stream.respond({ ":status": 401, "x-seen": `${headers.authorization} ${headers[":authority"]}` });
      stream.end();
    });
    const { host } = new URL(server.url);
    const error = await handshakeError(start(t, server.url.replace("//", "//me:secret@"), { http2: true }));
    const expected = `Basic ${Buffer.from("me:secret").toString("base64")} ${host}`;
    assert.equal(error.response?.headers["x-seen"], expected);
  });

  test("Cookie and Authorization go along, several Cookie headers as one (RFC 9113 §8.2.3)", async (t) => {
    const headers: [string, string][] = [
      ["Cookie", "a=b"],
      ["Authorization", "Bearer c"],
      ["Cookie", "d=e"],
    ];
    const seen = await fieldsOf(t, "/", { headers });
    assert.deepEqual([seen.cookie, seen.authorization], ["a=b; d=e", "Bearer c"]);
  });

  test("origin, subprotocols and extensions are as over HTTP/1.1", async (t) => {
    const seen = await fieldsOf(t, "/", { origin: "https://example.com", subprotocols: ["b", "a"] });
    assert.equal(seen.origin, "https://example.com");
    assert.equal(seen["sec-websocket-protocol"], "b, a");
    assert.match(String(seen["sec-websocket-extensions"]), /^permessage-deflate/);
  });

  test("version 8 has its origin in Sec-WebSocket-Origin", async (t) => {
    const seen = await fieldsOf(t, "/", { origin: "https://example.com", version: 8 });
    assert.equal(seen["sec-websocket-version"], "8");
    assert.deepEqual([seen["sec-websocket-origin"], seen.origin], ["https://example.com", undefined]);
  });

  test("two Authorization fields, which Node does not send, are the caller's mistake", async (t) => {
    const server = await RawHttp2Server.start(t, accept);
    const headers: [string, string][] = [
      ["Authorization", "Bearer a"],
      ["Authorization", "Bearer b"],
    ];
    const expected = { name: "UsageError", message: /cannot be sent over HTTP\/2/ };
    await assert.rejects(connect(server.url, { http2: true, headers }), expected);
  });

  test("informational responses come before the one that counts (RFC 9113 §8.1)", async (t) => {
    const server = await RawHttp2Server.start(t, (stream) => {
      stream.additionalHeaders({ ":status": 103, link: "</a>" });
      stream.additionalHeaders({ ":status": 100 });
      stream.respond({ ":status": 200, "sec-websocket-protocol": "chat" });
    });
    const connection = await start(t, server.url, { http2: true, subprotocols: ["chat"] }).opened;
    assert.equal(connection.subprotocol, "chat");
  });

  for (const statusCode of [201, 204, 299]) {
    test(`${statusCode} opens as 200 does`, async (t) => {
      const server = await RawHttp2Server.start(t, (stream) => {
        // Node ends the stream of a 204
        if (statusCode === 204) stream.respond({ ":status": 204 }, { endStream: true });
        else stream.respond({ ":status": statusCode });
      });
      const handshaking = start(t, server.url, { http2: true });
      if (statusCode === 204) assert.equal((await handshakeError(handshaking)).code, "STREAM_ENDED");
      else assert.equal((await handshaking.opened).state, "open");
    });
  }

  test("a connection-specific field in the response that nghttp2 lets pass is CONNECTION_FIELD (RFC 9113 §8.2.2)", async (t) => {
    const url = await answerRaw(t, { "http2-settings": "AAMAAABk" });
    const error = await handshakeError(start(t, url, { http2: true }));
    assert.deepEqual([error.code, error.statusCode], ["CONNECTION_FIELD", 200]);
    assert.match(error.message, /http2-settings/);
  });

  for (const [name, value] of [
    ["connection", "upgrade"],
    ["upgrade", "websocket"],
    ["transfer-encoding", "chunked"],
  ] as const) {
    test(`a response with ${name} opens nothing (RFC 9113 §8.2.2)`, async (t) => {
      const url = await answerRaw(t, { [name]: value });
      const expected = { code: "CONNECT_FAILED", message: /PROTOCOL_ERROR/ };
      await assert.rejects(connect(url, { http2: true }), expected);
    });
  }

  for (const [code, fields] of [
    ["SUBPROTOCOL_NOT_OFFERED", { "sec-websocket-protocol": "other" }],
    ["EXTENSION_NOT_OFFERED", { "sec-websocket-extensions": "x-other" }],
    ["EXTENSIONS_INVALID", { "sec-websocket-extensions": "a;;" }],
  ] as const) {
    test(`${code} gives the stream up and not its session`, async (t) => {
      const closed: Promise<unknown>[] = [];
      const server = await RawHttp2Server.start(t, (stream, headers) => {
        closed.push(once(stream, "close"));
        stream.respond({ ":status": 200, ...(headers[":path"] === "/wrong" ? fields : {}) });
      });
      await start(t, server.url, { http2: true }).opened;
      const error = await handshakeError(start(t, `${server.url}wrong`, { http2: true, subprotocols: ["chat"] }));
      assert.deepEqual([error.code, error.statusCode], [code, 200]);
      await closed[1];
      assert.deepEqual([server.sockets.length, server.sockets[0]?.destroyed], [1, false]);
    });
  }
});
