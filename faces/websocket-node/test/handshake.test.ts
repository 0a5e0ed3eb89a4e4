import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { describe, test } from "node:test";
import type { WebSocketRequest } from "../src/request.ts";
import { request as Request, server } from "../src/index.ts";
import { accepted, dial, handshake, listen, masked, rawClient, serve } from "./ends.ts";

describe("a server's handshake", () => {
  test("bytes that come together with the request are received", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const message = accepted(ws).then((connection) => once(connection, "message"));
    await rawClient(t, port, Buffer.concat([Buffer.from(handshake()), masked(1, "early")]));
    assert.deepEqual(await message, [{ type: "utf8", utf8Data: "early" }]);
  });

  test("a client that resets between request and a late accept does no harm", async (t) => {
    const { ws, port } = await serve(t);
    const asked = once(ws, "request") as Promise<[WebSocketRequest]>;
    const peer = await rawClient(t, port);
    const [request] = await asked;
    const gone = new Promise((resolve) => request.socket.on("close", resolve));
    peer.socket.resetAndDestroy();
    await gone;
    assert.deepEqual(ws.pendingRequests, []);
    const connection = request.accept();
    assert.equal(ws.connections.length, 1);
    const [code, text] = await once(connection, "close");
    assert.deepEqual([code, text], [1006, "TCP connection lost before handshake completed."]);
    assert.equal(ws.connections.length, 0);
  });

  test("autoAcceptConnections answers an illegal subprotocol with 400", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const failed = once(ws, "upgradeError");
    const peer = await rawClient(t, port, handshake({ "Sec-WebSocket-Protocol": "a b" }));
    assert.ok((await failed)[0] instanceof Error);
    assert.match((await peer.until("\r\n\r\n")).toString(), /^HTTP\/1\.1 400 /);
  });

  test("a client that offers an illegal subprotocol beside the accepted one cannot make accept throw", async (t) => {
    const { ws, port } = await serve(t);
    ws.on("request", (request: WebSocketRequest) => request.accept("chat"));
    const closed = once(ws, "close");
    const peer = await rawClient(t, port, handshake({ "Sec-WebSocket-Protocol": "chat, a b" }));
    assert.match((await peer.until("\r\n\r\n")).toString(), /^HTTP\/1\.1 400 /);
    assert.equal((await closed)[1], 1006);
  });

  test("accept takes the protocol in any case, and names of Object.prototype too", async (t) => {
    const { ws, port } = await serve(t);
    ws.on("request", (request: WebSocketRequest) => request.accept("CONSTRUCTOR"));
    const peer = await rawClient(t, port, handshake({ "Sec-WebSocket-Protocol": "ChAt, Constructor" }));
    const connection = await accepted(ws);
    assert.equal(connection.protocol, "constructor");
    assert.match((await peer.until("\r\n\r\n")).toString(), /Sec-WebSocket-Protocol: Constructor\r\n/);
  });

  test("a protocol of Object.prototype that was not asked for is refused as any other", async (t) => {
    const { ws, port } = await serve(t);
    const thrown = once(ws, "thrown");
    ws.on("request", (request: WebSocketRequest) => {
      try {
        request.accept("constructor");
      } catch (error) {
        ws.emit("thrown", error);
      }
    });
    await rawClient(t, port, handshake({ "Sec-WebSocket-Protocol": "chat" }));
    assert.match(String((await thrown)[0]), /Specified protocol was not requested by the client\./);
  });

  test("the illegal character of a protocol is named", async (t) => {
    const { ws, port } = await serve(t);
    const asked = once(ws, "request") as Promise<[WebSocketRequest]>;
    await rawClient(t, port);
    const [request] = await asked;
    assert.throws(() => request.accept("a(b"), /^Error: Illegal character "\(" in subprotocol\.$/);
  });

  test("characters that become line ends in latin1 do not become lines", async (t) => {
    const { ws, port } = await serve(t);
    ws.on("request", (request: WebSocketRequest) =>
      request.reject(400, "no\u010d\u010aX-Evil: 1", { "X-A": "\u010aB" }),
    );
    const peer = await rawClient(t, port);
    const head = (await peer.until("\r\n\r\n")).toString("latin1");
    assert.match(head, /X-WebSocket-Reject-Reason: noX-Evil: 1\r\nX-A: B\r\n/);
  });

  test("a status that is not known, or none at all", async (t) => {
    for (const [status, line] of [
      [599, "HTTP/1.1 599 \r\n"],
      [101, "HTTP/1.1 403 Forbidden\r\n"],
    ] as const) {
      const { ws, port } = await serve(t);
      ws.on("request", (request: WebSocketRequest) => request.reject(status));
      const peer = await rawClient(t, port);
      assert.ok((await peer.until("\r\n\r\n")).toString().startsWith(line));
    }
  });

  test("the text of an unsupported version has its full stop", async (t) => {
    const { ws, port } = await serve(t);
    const failed = once(ws, "upgradeError");
    await rawClient(t, port, handshake({ "Sec-WebSocket-Version": "7" }));
    assert.equal(
      (await failed)[0].message,
      "Unsupported websocket client version: 7. Only versions 8 and 13 are supported.",
    );
  });

  test("two servers on one http server: the first answers", async (t) => {
    const { ws, httpServer, url } = await serve(t, { autoAcceptConnections: true });
    const second = new server({ httpServer, autoAcceptConnections: true });
    const { connection } = await dial(url);
    assert.equal(ws.connections.length + second.connections.length, 1);
    assert.equal(ws.connections.length, 1);
    connection.drop();
  });

  test("wrong options of keepalive throw out of accept, and the client gets an answer", async (t) => {
    const wrong = { keepaliveInterval: "20000" as unknown as number };
    const { ws, port } = await serve(t, wrong);
    const asked = once(ws, "request") as Promise<[WebSocketRequest]>;
    const peer = await rawClient(t, port);
    const [request] = await asked;
    assert.throws(() => request.accept(), /keepaliveInterval must be specified and numeric if keepalive is true\./);
    assert.match((await peer.until("\r\n\r\n")).toString(), /^HTTP\/1\.1 500 /);
  });

  test("a request made by hand tells of its fault by readHandshake, again and again, and can be refused", async (t) => {
    const httpServer = http.createServer();
    const port = await listen(t, httpServer);
    const { config } = new server({ httpServer: http.createServer() });
    const made = new Promise<WebSocketRequest>((resolve) => {
      httpServer.on("upgrade", (raw, socket, head) => {
        assert.ok(config);
        resolve(new Request(socket as never, raw, config, { head }));
      });
    });
    const peer = await rawClient(t, port, handshake({ "Sec-WebSocket-Key": undefined }));
    const request = await made;
    for (let times = 0; times < 2; times += 1) {
      assert.throws(() => request.readHandshake(), /Client must provide a value for Sec-WebSocket-Key\./);
    }
    request.reject(400);
    assert.match((await peer.until("\r\n\r\n")).toString(), /^HTTP\/1\.1 400 /);
  });

  test("the document's older names are there", async (t) => {
    const { ws, url } = await serve(t);
    ws.on("request", (request: WebSocketRequest) => {
      assert.equal(request.websocketVersion, 8);
      assert.equal(request.accept().websocketVersion, 8);
    });
    const { connection } = await dial(url, { websocketVersion: 8 });
    assert.equal(connection.websocketVersion, 8);
    connection.drop();
  });
});
