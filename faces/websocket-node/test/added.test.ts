import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { describe, test } from "node:test";
import { connect } from "polysocket";
import { connection as Connection, server } from "../src/index.ts";
import type { WebSocketRequest } from "../src/request.ts";
import { accepted, dial, handshake, listen, rawClient, serve } from "./ends.ts";

describe("added: compression", () => {
  test("is agreed on when both ends have it, and shortens what is sent", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true, compression: true });
    const connecting = accepted(ws);
    const { connection } = await dial(url, { compression: true });
    const atServer = await connecting;
    const message = once(atServer, "message");
    connection.sendUTF("x".repeat(50_000), () => {});
    assert.equal((await message)[0].utf8Data.length, 50_000);
    assert.ok(atServer.socket.bytesRead < 5_000, `${atServer.socket.bytesRead} bytes`);
    assert.deepEqual(connection.extensions, []);
    connection.drop();
  });

  test("is not offered, and not agreed on, without the option", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const peer = await rawClient(t, port, handshake({ "Sec-WebSocket-Extensions": "permessage-deflate" }));
    assert.doesNotMatch(String(await peer.until("\r\n\r\n")), /Extensions/i);
    const { port: second, ws: asked } = await serve(t);
    const offered = once(asked, "request") as Promise<[WebSocketRequest]>;
    void dial(`ws://127.0.0.1:${second}/`).then(({ connection }) => connection.drop());
    const [request] = await offered;
    assert.deepEqual(request.requestedExtensions, []);
    request.accept();
    ws.closeAllConnections();
  });

  test("a message is sent whole before the Close frame of close", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true, compression: true });
    const connecting = accepted(ws);
    const { connection } = await dial(url, { compression: true });
    const message = once(await connecting, "message");
    connection.sendBytes(Buffer.alloc(400_000, "ab"));
    connection.close();
    assert.equal((await message)[0].binaryData.length, 400_000);
  });
});

describe("added: backpressure", () => {
  test("bounds what waits for a slow peer", async (t) => {
    const { ws, port } = await serve(t, {
      autoAcceptConnections: true,
      backpressure: { maxBufferedBytes: 1_000_000 },
    });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const connection = await connecting;
    peer.socket.pause();
    const closed = once(connection, "close");
    const big = Buffer.alloc(500_000);
    for (let count = 0; count < 100 && connection.connected; count += 1) connection.sendBytes(big);
    peer.socket.destroy();
    assert.equal((await closed)[0], 1013);
  });
});

describe("added: HTTP/2 (RFC 8441)", () => {
  test("a server takes WebSockets, beside requests", async (t) => {
    const httpServer = http2.createServer((_request, response) => response.end("plain"));
    const port = await listen(t, httpServer);
    const ws = new server({ httpServer });
    const asked = once(ws, "request") as Promise<[WebSocketRequest]>;
    const session = http2.connect(`http://127.0.0.1:${port}`);
    t.after(() => session.destroy());
    const opened = connect(`ws://127.0.0.1:${port}/path?q=1`, {
      http2: session,
      subprotocols: ["Chat"],
      message() {},
    });
    const [request] = await asked;
    const { httpRequest } = request;
    assert.deepEqual([httpRequest.httpVersion, httpRequest.method, httpRequest.url], ["2.0", "CONNECT", "/path?q=1"]);
    assert.deepEqual([request.host, request.resourceURL.query["q"]], [`127.0.0.1:${port}`, "1"]);
    assert.deepEqual([request.remoteAddress, request.requestedProtocols], ["127.0.0.1", ["chat"]]);
    const accepted = request.accept("chat", null, [{ name: "a", value: "1" }]);
    assert.ok(accepted instanceof Connection);
    const there = await opened;
    assert.equal(there.subprotocol, "Chat");
    const message = once(accepted, "message");
    there.send("over a stream");
    assert.deepEqual(await message, [{ type: "utf8", utf8Data: "over a stream" }]);
    const plain = session.request({ ":path": "/" });
    assert.equal(String((await once(plain, "data"))[0]), "plain");
    const closed = once(accepted, "close");
    there.close(3000, "end");
    assert.deepEqual(await closed, [3000, "end"]);
  });

  test("what is undecided is not answered by anybody else, and can be rejected", async (t) => {
    const httpServer = http2.createServer((_request, response) => response.end());
    const port = await listen(t, httpServer);
    const ws = new server({ httpServer });
    const asked = once(ws, "request") as Promise<[WebSocketRequest]>;
    const session = http2.connect(`http://127.0.0.1:${port}`);
    t.after(() => session.destroy());
    const opened = connect(`ws://127.0.0.1:${port}/`, { http2: session });
    const [request] = await asked;
    await new Promise(setImmediate);
    assert.equal(ws.pendingRequests.length, 1);
    request.reject(401, "who?");
    await assert.rejects(opened, ({ statusCode, response }) => {
      assert.deepEqual([statusCode, response.headers["x-websocket-reject-reason"]], [401, "who?"]);
      return true;
    });
  });

  test("CONNECT that is no WebSocket is refused, and after unmount there is nobody", async (t) => {
    const httpServer = http2.createServer((_request, response) => response.end());
    const port = await listen(t, httpServer);
    const ws = new server({ httpServer });
    const session = http2.connect(`http://127.0.0.1:${port}`);
    t.after(() => session.destroy());
    const stream = session.request({ ":method": "CONNECT", ":authority": "a.example" });
    assert.equal((await once(stream, "response"))[0][":status"], 405);
    ws.unmount();
    assert.equal(httpServer.listenerCount("connect") + httpServer.listenerCount("upgrade"), 0);
  });
});
