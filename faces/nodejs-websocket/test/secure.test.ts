/** TLS, HTTP/2 and compression: what is under the API, or added to it. */
import assert from "node:assert/strict";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import * as net from "node:net";
import * as tls from "node:tls";
import { describe, test } from "node:test";
import ws, { type Connection, type InStream } from "@polysocket/nodejs-websocket";
import { connect as coreConnect } from "polysocket";
import { contentOf, next, record, serve } from "./ends.ts";
import { RawPeer, REQUEST } from "./raw-peer.ts";
import { testCertificate } from "./test-certificate.ts";

const SECURE = { secure: true, ...testCertificate };
const TRUSTING = { ca: testCertificate.cert };

describe("TLS", () => {
  test("a client and a server exchange texts and streams", async (context) => {
    const { server, port } = await serve(context, SECURE);
    assert.ok(server.socket instanceof tls.Server);
    const met = next(server, "connection");
    const client = ws.connect(`wss://localhost:${port}/secure`, TRUSTING);
    await next(client, "connect");
    const [connection] = (await met) as [Connection];
    assert.ok(client.socket instanceof tls.TLSSocket && client.socket.authorized);
    assert.ok(connection.socket instanceof tls.TLSSocket);
    const [text, binary] = [next(connection, "text"), next(connection, "binary")];
    client.sendText("hello");
    client.beginBinary()?.end(Buffer.alloc(100_000, 1));
    assert.deepEqual(await text, ["hello"]);
    const [stream] = (await binary) as [InStream];
    assert.deepEqual(await contentOf(stream), Buffer.alloc(100_000, 1));
    const closed = next(connection, "close");
    client.close(1000, "bye");
    assert.deepEqual(await closed, [1000, "bye"]);
  });

  test("a certificate that nobody vouches for is the socket's error, then 1006", async (context) => {
    const { server, port } = await serve(context, SECURE);
    const atServer = record(server, "connection", "error");
    const client = ws.connect(`wss://localhost:${port}/`);
    const seen = record(client, "connect", "error", "close");
    await next(client, "close");
    assert.deepEqual(
      seen.map(([event]) => event),
      ["error", "close"],
    );
    assert.equal((seen[0]?.[1] as NodeJS.ErrnoException | undefined)?.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
    assert.deepEqual([seen[1]?.slice(1), atServer], [[1006, ""], []]);
  });

  test("without an error listener it is only 1006", async (context) => {
    const { port } = await serve(context, SECURE);
    assert.deepEqual(await next(ws.connect(`wss://localhost:${port}/`), "close"), [1006, ""]);
  });
});

describe("HTTP/2", () => {
  const HTTP2 = { ...SECURE, http2: true, validProtocols: ["chat"] };

  test("a stream is a connection like any other", async (context) => {
    const { server, port } = await serve(context, HTTP2);
    const met = next(server, "connection");
    const answered: unknown[] = [];
    const client = await coreConnect(`wss://localhost:${port}/chat?x=1`, {
      http2: true,
      tls: TRUSTING,
      subprotocols: ["chat"],
      message: (_connection, message) => answered.push(message),
    });
    const [connection] = (await met) as [Connection];
    assert.equal(client.httpVersion, "2.0");
    const { path, protocol, protocols, key, headers, readyState } = connection;
    assert.deepEqual([path, protocol, protocols, key, readyState], ["/chat?x=1", "chat", ["chat"], null, 1]);
    assert.equal(headers["host"], `localhost:${port}`);
    assert.equal(connection.socket.remoteAddress, "127.0.0.1");
    const text = next(connection, "text");
    client.send("hello");
    assert.deepEqual(await text, ["hello"]);
    connection.sendText("back");
    const closed = next(connection, "close");
    await client.flush();
    client.close(4000, "done");
    assert.deepEqual(await closed, [4000, "done"]);
    await client.closed;
    assert.deepEqual([answered, server.connections], [["back"], []]);
  });

  test("the same port speaks HTTP/1.1", async (context) => {
    const { port } = await serve(context, HTTP2);
    const client = ws.connect(`wss://localhost:${port}/`, { ...TRUSTING, protocols: ["chat"] });
    await next(client, "connect");
    assert.equal(client.protocol, "chat");
    client.close();
  });

  test("a plain request and a CONNECT for something else are answered with 400", async (context) => {
    const { port } = await serve(context, HTTP2);
    const session = http2.connect(`https://localhost:${port}`, TRUSTING);
    context.after(() => session.destroy());
    await next(session, "remoteSettings");
    const tunnel = { ":method": "CONNECT", ":authority": "other:80" };
    for (const headers of [{ ":path": "/" }, tunnel]) {
      const [answer] = (await next(session.request(headers), "response")) as [http2.IncomingHttpHeaders];
      assert.equal(answer[":status"], 400);
    }
  });

  test("without secure it is refused", () => {
    assert.throws(() => ws.createServer({ http2: true }), /secure/);
  });
});

describe("plain requests", () => {
  async function statusOf(request: http.ClientRequest): Promise<unknown> {
    const [response] = (await next(request.end(), "response")) as [http.IncomingMessage];
    response.resume();
    return response.statusCode;
  }

  test("are answered with 400, over TLS too", async (context) => {
    const [plain, secure] = [await serve(context), await serve(context, SECURE)];
    assert.equal(await statusOf(http.request({ port: plain.port, host: "127.0.0.1", agent: false })), 400);
    const request = https.request({ port: secure.port, host: "localhost", agent: false, ...TRUSTING });
    assert.equal(await statusOf(request), 400);
  });

  test("with http2 are answered with 400 too, or left to a listener of the server's socket", async (context) => {
    const { server, port } = await serve(context, { ...SECURE, http2: true });
    const ask = () => statusOf(https.request({ port, host: "localhost", agent: false, ...TRUSTING }));
    assert.equal(await ask(), 400);
    server.socket.on("request", (_request: unknown, response: http.ServerResponse) => response.end("page"));
    assert.equal(await ask(), 200);
  });

  test("what is no HTTP is answered with 400 and ended", async (context) => {
    const { port } = await serve(context);
    const peer = await RawPeer.dial(port, "what is this\r\n\r\n");
    assert.match((await peer.over()).toString(), /^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  test("the server below is one of net or tls, as it was", async (context) => {
    const [plain, secure] = [await serve(context), await serve(context, SECURE)];
    assert.equal(plain.server.socket.constructor, net.Server);
    assert.equal(secure.server.socket.constructor, tls.Server);
  });

  test("a handshake is no longer than setMaxBufferLength says, however it trickles", async (context) => {
    ws.setMaxBufferLength(1_000);
    context.after(() => ws.setMaxBufferLength(2_097_152));
    const { port } = await serve(context);
    const peer = await RawPeer.dial(port, `${REQUEST}Cookie: `);
    for (let i = 0; i < 20; i++) {
      peer.socket.write("x".repeat(50));
      await new Promise(setImmediate);
    }
    assert.match((await peer.over()).toString(), /^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  test("a handshake may be longer than Node's 16 KiB", async (context) => {
    const { port } = await serve(context);
    const peer = await RawPeer.dial(port, `${REQUEST}Cookie: ${"x".repeat(100_000)}\r\n\r\n`);
    assert.match((await peer.head())[0] ?? "", / 101 /);
    peer.socket.destroy();
  });
});

describe("added options", () => {
  test("none has an unknown name or a wrong value", () => {
    assert.throws(() => Reflect.apply(ws.createServer, ws, [{ compression: "yes" }]), { name: "UsageError" });
    assert.throws(() => Reflect.apply(ws.createServer, ws, [{ backpressure: { policy: "wait" } }]), /policy/);
  });

  test("compression is off by default, and agreed on where both sides have it", async (context) => {
    const [off, on] = [await serve(context), await serve(context, { compression: true })];
    const seen: unknown[] = [];
    for (const { server, port } of [off, on]) {
      server.on("connection", (connection) => connection.on("text", (text) => connection.sendText(text)));
      const client = ws.connect(`ws://127.0.0.1:${port}/`, { compression: true });
      const answer = next(client, "text");
      await next(client, "connect");
      const text = "compress me ".repeat(1000);
      client.sendText(text);
      assert.deepEqual(await answer, [text]);
      const extensions = client.headers["sec-websocket-extensions"];
      seen.push(extensions?.startsWith("permessage-deflate"), client.socket.bytesWritten < 4000);
      client.close();
    }
    assert.deepEqual(seen, [undefined, false, true, true]);
  });

  test("backpressure bounds what waits for a slow peer; without it nothing does", async (context) => {
    const seen: unknown[] = [];
    for (const options of [{}, { backpressure: { maxBufferedBytes: 4 << 20 } }]) {
      const { server, port } = await serve(context, options);
      const met = next(server, "connection");
      const peer = await RawPeer.open(port);
      peer.socket.pause();
      const [connection] = (await met) as [Connection];
      const closed = record(connection, "close");
      const block = Buffer.alloc(1 << 20);
      for (let count = 0; count < 32; count++) {
        if (connection.readyState === connection.OPEN) connection.sendBinary(block);
        await new Promise((resolve) => setImmediate(resolve));
      }
      seen.push(closed.length === 0 ? "open" : closed[0]?.[1]);
      peer.socket.destroy();
    }
    assert.deepEqual(seen, ["open", 1013]);
  });
});
