/** The client: URIs, options of the `ws` module, and all that can go wrong before `connect`. */
import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { describe, test } from "node:test";
import JellySocket from "@polysocket/jellysocket";
import { WebSocketServer } from "ws";
import { dialing, disconnected, listen, messageOf, Plain, portOf, record, serve, turns } from "./ends.ts";
import { testCertificate } from "./test-certificate.ts";

describe("arguments", () => {
  test("another URI is a TypeError at once", () => {
    const wrong = [
      undefined,
      null,
      5,
      {},
      "",
      "/chat",
      "localhost",
      "http://127.0.0.1",
      "ws://127.0.0.1/#",
      "ws://127.0.0.1/#a",
      "ws://",
    ];
    for (const uri of wrong) assert.throws(() => new Plain(uri as string), TypeError, String(uri));
    assert.throws(() => new Plain(new URL("ws://127.0.0.1") as unknown as string), TypeError);
  });

  test("options that are no object are a TypeError, null is none", () => {
    for (const options of [5, "text", true, () => {}]) {
      assert.throws(() => new Plain("ws://127.0.0.1:1", options as JellySocket.ClientOptions), TypeError);
    }
    new Plain("ws://127.0.0.1:1", null).disconnect();
  });

  test("options that cannot be used are the Error of `disconnect`", async () => {
    const wrong: object[] = [
      { maxPayload: -1 },
      { headers: { "Sec-WebSocket-Key": "x" } },
      { origin: "a\nb" },
      { agent: 5 },
    ];
    for (const options of wrong) {
      const client = new Plain("ws://127.0.0.1:1", options);
      const seen = record(client, "connect", "disconnect");
      assert.ok((await disconnected(client)) instanceof Error);
      assert.equal(seen.length, 1);
    }
  });
});

describe("options", () => {
  test("headers, origin and auth are sent, and the one subprotocol", async (context) => {
    const { peer } = await dialing(context, {
      headers: { Cookie: "a=b", "X-Two": ["1", "2"], host: "example.org:8080" },
      origin: "https://example.org",
      auth: "user:secret",
    });
    const lines = await peer.head();
    for (const line of [
      "Host: example.org:8080",
      "Origin: https://example.org",
      "Cookie: a=b",
      "X-Two: 1",
      "X-Two: 2",
      `Authorization: Basic ${Buffer.from("user:secret").toString("base64")}`,
      "Sec-WebSocket-Protocol: plain-1.0",
      "Sec-WebSocket-Version: 13",
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.ok(!lines.some((line) => line.startsWith("Sec-WebSocket-Extensions")));
  });

  test("Origin may be one of the headers; perMessageDeflate is offered", async (context) => {
    const { peer } = await dialing(context, { headers: { ORIGIN: "https://a.example" }, perMessageDeflate: true });
    const lines = await peer.head();
    assert.ok(lines.includes("Origin: https://a.example"));
    assert.ok(lines.some((line) => line.startsWith("Sec-WebSocket-Extensions: permessage-deflate")));
  });

  test("messages are compressed where both ends want it", async (context) => {
    const deflate = { threshold: 10, zlibDeflateOptions: { level: 9 }, clientMaxWindowBits: true };
    const { app, url, sockets } = await serve(context, { perMessageDeflate: deflate });
    app.on("connection", (socket) => socket.on("_message", (data) => socket._send(data)));
    const client = new Plain(url, { perMessageDeflate: deflate });
    const got = messageOf(client);
    client.once("connect", () => client._send(Buffer.alloc(100_000, "a")));
    assert.equal((await got).length, 100_000);
    const [socket] = sockets;
    assert.ok(socket !== undefined && socket.bytesRead < 10_000 && socket.bytesWritten < 10_000);
  });

  test("an agent makes the socket", async (context) => {
    const { url } = await serve(context);
    const agent = new http.Agent();
    const made = context.mock.method(agent, "createConnection");
    await once(new Plain(url, { agent }), "connect");
    assert.equal(made.mock.callCount(), 1);
    await once(new Plain(url, { agent: false }), "connect");
    assert.equal(made.mock.callCount(), 1);
  });

  test("options of net.connect hold, those that would lead elsewhere do not", async (context) => {
    const { url, server } = await serve(context);
    const accepted = once(server, "connection");
    const options = {
      localAddress: "127.0.0.2",
      host: "192.0.2.1",
      port: 1,
      path: "/tmp/nothing",
      socketPath: "/tmp/nothing",
    };
    await once(new Plain(url, options), "connect");
    const [socket] = await accepted;
    assert.equal(socket.remoteAddress, "127.0.0.2");
  });

  test("handshakeTimeout ends a handshake that is not answered", async (context) => {
    const server = net.createServer((socket) => socket.on("error", () => {}));
    context.after(() => server.close());
    const client = new Plain(`ws://127.0.0.1:${await listen(server)}`, { handshakeTimeout: 20 });
    assert.equal((await disconnected(client))?.code, "HANDSHAKE_TIMEOUT");
  });

  test("maxPayload limits what is received, on both sides; 0 lifts the limit", async (context) => {
    const { app, url } = await serve(context, { maxPayload: 0 });
    app.on("connection", (socket) => socket.on("_message", (data) => socket._send(data)));
    const big = Buffer.alloc(3 << 20);
    const free = new Plain(url, { maxPayload: 0 });
    free.once("connect", () => free._send(big));
    assert.equal((await messageOf(free)).length, big.length);
    const bounded = new Plain(url, { maxPayload: 1000 });
    bounded.once("connect", () => bounded._send(Buffer.alloc(1001)));
    assert.equal((await disconnected(bounded))?.code, "MESSAGE_TOO_BIG");
  });

  test("redirects are followed where that is wanted", async (context) => {
    const { url } = await serve(context);
    const server = http.createServer();
    context.after(() => server.close());
    server.on("upgrade", (_req, socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: ${url}\r\n\r\n`));
    const port = await listen(server);
    assert.equal((await disconnected(new Plain(`ws://127.0.0.1:${port}`)))?.code, "STATUS_NOT_101");
    await once(new Plain(`ws://127.0.0.1:${port}`, { followRedirects: true, maxRedirects: 1 }), "connect");
  });
});

describe("TLS", () => {
  test("a self-signed server is an Error without rejectUnauthorized: false, and one that `ca` knows is none", async (context) => {
    const server = https.createServer(testCertificate);
    context.after(() => server.close());
    const app = new JellySocket.Application(server, Plain);
    app.on("connection", (socket) => socket._send(Buffer.from("secret")));
    const url = `wss://localhost:${await listen(server)}`;
    const seen = new Plain(url, { family: 4 });
    assert.equal((await disconnected(seen))?.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
    for (const options of [{ ca: testCertificate.cert }, { rejectUnauthorized: false }]) {
      const client = new Plain(url, { ...options, family: 4 });
      assert.equal(String(await messageOf(client)), "secret");
      client.disconnect();
    }
  });
});

describe("failures", () => {
  test("a server that is not there: one `disconnect` with Node's error, not in the constructor's turn", async () => {
    const client = new Plain("ws://127.0.0.1:1");
    const seen = record(client, "connect", "disconnect", "error");
    assert.deepEqual(seen, []);
    const error = await disconnected(client);
    assert.deepEqual([error?.code, error?.message !== ""], ["ECONNREFUSED", true]);
    await turns();
    assert.equal(seen.length, 1);
  });

  test("a name that is not known, and several addresses that all refuse", async () => {
    const unknown = new Plain("ws://name.invalid");
    assert.match(String((await disconnected(unknown))?.code), /^(ENOTFOUND|EAI_AGAIN)$/);
    const lookup = ((_name: string, _options: object, done: (error: null, list: object[]) => void) =>
      done(null, [
        { address: "127.0.0.1", family: 4 },
        { address: "127.0.0.2", family: 4 },
      ])) as unknown as NonNullable<JellySocket.ClientOptions["lookup"]>;
    const both = new Plain("ws://two.example:1", { lookup });
    const error = await disconnected(both);
    assert.deepEqual([error?.code, error?.message !== ""], ["ECONNREFUSED", true]);
  });

  test("a status, a wrong accept value, and an end without an answer", async (context) => {
    const acts: readonly [string, string][] = [
      ["HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "STATUS_NOT_101"],
      ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "STATUS_NOT_101"],
      ["SSH-2.0-OpenSSH\r\n", "RESPONSE_INVALID"],
    ];
    for (const [answer, code] of acts) {
      const { client, peer } = await dialing(context);
      await peer.head();
      peer.socket.end(answer);
      assert.equal((await disconnected(client))?.code, code);
    }
    const { client, peer } = await dialing(context);
    const told = disconnected(client);
    await peer.answer("plain-1.0", "another key");
    assert.equal((await told)?.code, "ACCEPT_MISMATCH");
    const left = await dialing(context);
    left.peer.socket.destroy();
    assert.ok((await disconnected(left.client)) instanceof Error);
  });

  test("a server that selects no subprotocol, or another one", async (context) => {
    for (const [choice, code] of [
      [undefined, "SUBPROTOCOL_MISSING"],
      ["other", "SUBPROTOCOL_NOT_OFFERED"],
    ] as const) {
      const { client, peer } = await dialing(context);
      const seen = record(client, "connect");
      const told = disconnected(client);
      await peer.answer(choice);
      assert.equal((await told)?.code, code);
      assert.deepEqual(seen, []);
    }
  });

  test("what a listener throws is an uncaught exception, and not the connection's affair", async (context) => {
    const { app, url } = await serve(context);
    app.on("connection", (socket) => socket._send(Buffer.from("go on")));
    const thrown: unknown[] = [];
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => thrown.push(error));
    context.after(() => {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    });
    const client = new Plain(url);
    const error = new Error("listener");
    client.on("connect", () => {
      throw error;
    });
    await messageOf(client);
    assert.deepEqual([thrown, client.connected], [[error], true]);
  });
});

describe("against ws", () => {
  test("messages, fragments and sizes go both ways, and ws's close code is the error's", async (context) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: 1 << 26, perMessageDeflate: true });
    await once(server, "listening");
    context.after(() => server.close());
    server.on("connection", (peer) => {
      peer.on("message", (data: Buffer) => {
        peer.send(data.subarray(0, 5), { fin: false });
        peer.send(data.subarray(5), { fin: true });
        if (data.length === 0) peer.close(4321, "enough");
      });
    });
    const client = new Plain(`ws://127.0.0.1:${portOf(Reflect.get(server, "_server"))}`, { perMessageDeflate: true });
    const told = disconnected(client);
    await once(client, "connect");
    for (const size of [1, 125, 126, 65_535, 65_536, 500_000]) {
      const got = messageOf(client);
      client._send(Buffer.alloc(size, size));
      assert.ok((await got).equals(Buffer.alloc(size, size)), String(size));
    }
    client._send(Buffer.alloc(0));
    const error = await told;
    assert.deepEqual([error?.message, error?.code], ["enough", 4321]);
  });
});
