import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { describe, test } from "node:test";
import { type HelperRequest, WebSocket, WebSocketServer } from "@polysocket/jsh-ws";
import { attach } from "@polysocket/jsh-ws/attach";
import ws from "ws";
import { answerTo, listen, next, rawClient, record, serve, serverEnd, turns } from "./ends.ts";
import { masked, request } from "./raw-peer.ts";
import { testCertificate } from "./test-certificate.ts";

function construct(...values: unknown[]): unknown {
  return Reflect.construct(WebSocketServer, values);
}

describe("options", () => {
  test("what is no object is a TypeError", () => {
    for (const options of [null, 5, "x", () => {}]) {
      assert.throws(() => construct(options), new TypeError("WebSocketServer options must be an object"));
    }
  });

  test("it needs an http.Server, or an https.Server", () => {
    const error = new TypeError("WebSocketServer requires an http.Server instance");
    for (const options of [undefined, {}, { server: {} }, { server: new EventEmitter() }, { port: 0 }]) {
      assert.throws(() => construct(options), error);
    }
    for (const server of [http.createServer(), https.createServer()]) {
      assert.equal(new WebSocketServer({ server }).server, server);
    }
  });

  test("options are kept as they were given, and path is / where none is", () => {
    const options = { server: http.createServer(), path: "", other: 5 };
    const wss = new WebSocketServer(options);
    assert.equal(wss.options, options);
    assert.deepEqual([wss.path, wss.closed], ["/", false]);
    assert.equal(new WebSocketServer({ server: http.createServer() }).path, "/");
    assert.equal(new WebSocketServer({ server: http.createServer(), path: "/a/b" }).path, "/a/b");
  });

  test("a path that none can be is an exception", () => {
    const server = http.createServer();
    assert.throws(() => construct({ server, path: 5 }), TypeError);
    assert.throws(() => new WebSocketServer({ server, path: "no-slash" }), /path/);
  });

  test("only false switches clientTracking off", () => {
    for (const clientTracking of [true, null, 0, undefined, ""]) {
      const wss = construct({ server: http.createServer(), clientTracking });
      assert.ok(wss instanceof WebSocketServer && wss.clients instanceof Set);
    }
    assert.equal(new WebSocketServer({ server: http.createServer(), clientTracking: false }).clients, null);
  });

  test("an added option that is wrong is an exception", () => {
    assert.throws(
      () => new WebSocketServer({ server: http.createServer(), limits: { maxMessageBytes: 0 } }),
      /maxMessageBytes/,
    );
  });
});

describe("paths", () => {
  test("several servers of one http server have a path each, compared exactly and without the query", async (t) => {
    const { server, port, wss } = await serve(t, { path: "/a" });
    const other = new WebSocketServer({ server, path: "/b" });
    const seen: unknown[] = [];
    wss.on("connection", (_socket, { url }) => seen.push("a", url));
    other.on("connection", (_socket, { url }) => seen.push("b", url));
    await rawClient(t, port, request("/a?x=1"));
    await rawClient(t, port, request("/b"));
    assert.deepEqual(seen, ["a", "/a?x=1", "b", "/b"]);
    for (const path of ["/", "/a/", "/A", "/ab", "/%61"])
      assert.equal((await answerTo(port, request(path))).status, 404, path);
  });

  test("a path with other characters is served percent-encoded", async (t) => {
    const { port, wss } = await serve(t, { path: "/späße +x" });
    const met = next(wss, "connection");
    await rawClient(t, port, request("/sp%C3%A4%C3%9Fe%20+x"));
    const [, seen] = (await met) as [unknown, HelperRequest];
    assert.deepEqual([wss.path, seen.path], ["/späße +x", "/späße +x"]);
  });

  test("the same path twice is an exception, until the first is closed", async (t) => {
    const { server, port, wss } = await serve(t, { path: "/a" });
    assert.throws(() => new WebSocketServer({ server, path: "/a" }), Error);
    wss.close();
    const second = new WebSocketServer({ server, path: "/a" });
    const met = next(second, "connection");
    await rawClient(t, port, request("/a"));
    await met;
    assert.throws(() => new WebSocketServer({ server, path: "/a" }), Error);
  });

  test("another path is left to whoever else listens to 'upgrade'", async (t) => {
    const { server, port } = await serve(t, { path: "/a" });
    server.on("upgrade", ({ url }: http.IncomingMessage, socket) => {
      if (url === "/other") socket.end("HTTP/1.1 418 Teapot\r\n\r\n");
    });
    assert.equal((await answerTo(port, request("/other"))).status, 418);
  });

  test("plain requests are the program's own", async (t) => {
    const { server, port } = await serve(t);
    server.on("request", (_request, response: http.ServerResponse) => response.end("page"));
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "page");
  });
});

describe("connection", () => {
  test("comes with an open WebSocket that is in clients already, then its `open`", async (t) => {
    const { port, wss } = await serve(t);
    const seen: unknown[] = [];
    wss.on("connection", (socket, { path }) => {
      seen.push(socket instanceof WebSocket, socket.readyState, socket.url, wss.clients?.has(socket), path);
      socket.on("open", (...values: unknown[]) => seen.push("open", values));
    });
    await rawClient(t, port, request("/?x=1"));
    assert.deepEqual(seen, [true, 1, "/?x=1", true, "/", "open", []]);
  });

  test("a message that comes together with the handshake is not lost", async (t) => {
    const { port, wss } = await serve(t);
    const met = new Promise((resolve) => wss.on("connection", (socket) => socket.on("message", resolve)));
    await rawClient(t, port, Buffer.concat([Buffer.from(request("/")), masked(1, "early")]));
    assert.deepEqual(await met, { type: 1, data: "early" });
  });

  test("a listener that throws is an `error` of the server's, and the connection goes on", async (t) => {
    const { port, wss } = await serve(t);
    const errors = record(wss, "error");
    wss.on("connection", (socket) => {
      socket.on("message", ({ data }) => socket.send(data));
      throw new Error("of a listener");
    });
    const peer = await rawClient(t, port);
    peer.write(masked(1, "on"));
    assert.equal((await peer.frame()).payload.toString(), "on");
    assert.deepEqual(errors, [["error", "of a listener"]]);
  });

  test("one that is closed by the listener does not open", async (t) => {
    const { port, wss } = await serve(t);
    const seen: unknown[][][] = [];
    wss.on("connection", (socket) => {
      seen.push(record(socket, "open", "close"));
      socket.close();
    });
    const peer = await rawClient(t, port);
    assert.equal((await peer.frame()).payload.toString("hex"), "03e8");
    assert.deepEqual(seen, [[["close"]]]);
  });

  test("without tracking there are connections all the same", async (t) => {
    const { socket, wss } = await serverEnd(t, { clientTracking: false });
    assert.deepEqual([socket.readyState, wss.clients], [1, null]);
  });

  test("frames of the server's are not masked", async (t) => {
    const { socket, peer } = await serverEnd(t);
    socket.send("a");
    socket.send(Buffer.from("b"));
    const seen = [await peer.frame(), await peer.frame()].map(({ opcode, masked: m, payload }) => [
      opcode,
      m,
      `${payload}`,
    ]);
    assert.deepEqual(seen, [
      [1, false, "a"],
      [2, false, "b"],
    ]);
  });

  test("extensions are not agreed on unless the added compression is", async (t) => {
    for (const compression of [false, true]) {
      const { server } = await serve(t, { path: "/a", compression });
      const address = server.address();
      const client = new ws(`ws://127.0.0.1:${Object(address).port}/a`);
      await once(client, "open");
      assert.equal(client.extensions, compression ? "permessage-deflate" : "");
      client.terminate();
    }
  });

  test("over TLS, with a client of the face's", async (t) => {
    const server = https.createServer(testCertificate);
    const port = await listen(t, server);
    const wss = new WebSocketServer({ server, path: "/ws" });
    wss.on("connection", (socket) => socket.on("message", ({ data }) => socket.send(`echo:${data}`)));
    const refused = new WebSocket(`wss://localhost:${port}/ws`);
    await next(refused, "error");
    const client = new WebSocket(`wss://localhost:${port}/ws`, null, { tls: { ca: testCertificate.cert } });
    client.on("open", () => client.send("x"));
    assert.deepEqual(await next(client, "message"), [{ type: 1, data: "echo:x" }]);
  });
});

describe("close of the server", () => {
  test("closes the clients, empties the set, tells `close` and calls back, all within the call", async (t) => {
    const { wss, socket, peer } = await serverEnd(t);
    const order: unknown[] = [];
    socket.on("close", (...values: unknown[]) => order.push("socket", values, wss.closed));
    wss.on("close", (...values: unknown[]) => order.push("server", values, wss.clients?.size));
    assert.equal(
      wss.close(() => order.push("callback")),
      wss,
    );
    assert.deepEqual(order, ["socket", [], true, "server", [], 0, "callback"]);
    assert.deepEqual([wss.closed, socket.readyState], [true, 3]);
    assert.equal((await peer.frame()).payload.toString("hex"), "03e8");
    wss.close();
    wss.close(() => order.push("again"));
    assert.deepEqual(order.slice(7), ["again"]);
  });

  test("later handshakes get 503, and no connection; nobody is asked about them", async (t) => {
    let asks = 0;
    const verifyClient = (): void => {
      asks += 1;
    };
    const { wss, port } = await serverEnd(t, { verifyClient });
    const seen = record(wss, "connection");
    wss.close();
    for (let count = 0; count < 2; count++) {
      assert.equal((await answerTo(port, request("/"))).status, 503);
      await turns(20);
    }
    assert.deepEqual([seen, asks], [[], 1]);
  });

  test("the http server and untracked clients go on", async (t) => {
    const { wss, socket, server, peer } = await serverEnd(t, { clientTracking: false });
    wss.close();
    assert.ok(server.listening);
    socket.send("still here");
    assert.equal((await peer.frame()).payload.toString(), "still here");
  });
});

describe("attach", () => {
  test("makes a server whose connections go to the handler", async (t) => {
    const server = http.createServer();
    const port = await listen(t, server);
    const seen: unknown[] = [];
    const wss = attach(server, "/a", (socket, { path }) => seen.push(socket.readyState, path));
    assert.ok(wss instanceof WebSocketServer);
    attach(server, "/b", { clientTracking: false, handleProtocols: () => "x" }, (socket) => seen.push(socket.protocol));
    await rawClient(t, port, request("/a"));
    await rawClient(t, port, request("/b", ["Sec-WebSocket-Protocol: x"]));
    assert.deepEqual(seen, [1, "/a", "x"]);
    assert.ok(!("ws" in server));
  });

  test("needs a handler", () => {
    assert.throws(() => Reflect.apply(attach, undefined, [http.createServer(), "/", {}]), TypeError);
  });
});
