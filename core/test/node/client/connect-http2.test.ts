import assert from "node:assert/strict";
import type * as http2 from "node:http2";
import { describe, test } from "node:test";
import { connect } from "../../../src/node/client/connect.ts";
import { RawHttp2Server } from "./raw-http2-server.ts";

const accept = (stream: http2.ServerHttp2Stream): void => stream.respond({ ":status": 200 });

describe("connect over HTTP/2 (RFC 8441 §5)", () => {
  test("sends an extended CONNECT without the fields of an upgrade", async (t) => {
    let seen: http2.IncomingHttpHeaders = {};
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      seen = headers;
      accept(stream);
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

  test("gives the stream up when nothing is answered in time", async (t) => {
    let tell = (_: number): void => undefined;
    const closed = new Promise<number>((resolve) => {
      tell = resolve;
    });
    const server = await RawHttp2Server.start(t, (stream) => stream.on("close", () => tell(stream.rstCode)));
    await assert.rejects(connect(server.url, { http2: true, handshakeTimeoutMs: 100 }), { code: "HANDSHAKE_TIMEOUT" });
    assert.equal(await closed, 8);
  });

  for (let errorCode = 1; errorCode <= 13; errorCode += 1) {
    test(`ends with 1006 and TRANSPORT_FAILED when an open stream is reset with ${errorCode}`, async (t) => {
      let open: http2.ServerHttp2Stream | undefined;
      const server = await RawHttp2Server.start(t, (stream) => {
        open = stream;
        accept(stream);
      });
      const codes: string[] = [];
      const connection = await connect(server.url, { http2: true, error: (_, error) => codes.push(error.code) });
      open?.close(errorCode);
      const event = await connection.closed;
      assert.equal(event.code, 1006);
      assert.deepEqual(codes, ["TRANSPORT_FAILED"]);
    });
  }
});
