import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { client, w3cwebsocket } from "../src/index.ts";
import type { W3CEvent } from "../src/w3c-events.ts";
import { accepted, dial, listen, plain, rawServer, serve, SWITCHING, watch } from "./ends.ts";
import net from "node:net";

/** Why a client's attempt failed. */
async function failure(url: string | URL | object, ...args: unknown[]): Promise<Error> {
  const dialer = new client();
  dialer.on("connect", () => assert.fail("it is connected"));
  const failed = once(dialer, "connectFailed");
  Reflect.apply(dialer.connect, dialer, [url, ...args]);
  return (await failed)[0];
}

describe("a client's handshake", () => {
  test("a list in the Connection field is taken", async (t) => {
    const url = await rawServer(t, SWITCHING.replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"));
    const { connection } = await dial(url);
    assert.equal(connection.connected, true);
    connection.drop();
  });

  test("a protocol or an extension that was not asked for is refused", async (t) => {
    for (const field of ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate"]) {
      const url = await rawServer(t, SWITCHING.replace("\r\n\r\n", `\r\n${field}\r\n\r\n`));
      assert.match((await failure(url)).message, /not offered/);
    }
  });

  test("after an answer that is no 101 the socket is closed, whether or not the server keeps it", async (t) => {
    const ended = new Promise((resolve) => {
      const answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnever";
      void rawServer(t, answer, (raw) => void raw.ended.then(resolve)).then(async (url) => {
        assert.match((await failure(url)).message, /^Server responded with a non-101 status: 404 Not Found\n/);
      });
    });
    await ended;
  });

  test("httpResponse gets Node's response, whose body can be read", async (t) => {
    const url = await rawServer(t, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello");
    const dialer = new client();
    dialer.on("connectFailed", () => assert.fail("connectFailed, too"));
    const body = new Promise((resolve) => {
      dialer.on("httpResponse", (response, same) => {
        assert.equal(same, dialer);
        assert.deepEqual([response.statusCode, response.headers["x-a"]], [401, "b"]);
        response.on("data", (chunk: Buffer) => resolve(String(chunk)));
      });
    });
    dialer.connect(url);
    assert.equal(await body, "hello");
  });

  test("a URL object keeps its path, and an IPv6 host its brackets", async (t) => {
    const listener = net.createServer();
    const port = await listen(t, listener);
    const head = once(listener, "connection").then(([socket]) => watch(socket).until("\r\n\r\n"));
    const dialer = new client();
    dialer.on("connectFailed", () => {});
    dialer.connect(new URL(`ws://127.0.0.1:${port}/some/path?q=1#hash`));
    assert.match(String(await head), /^GET \/some\/path\?q=1 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
    dialer.abort();
    const six = net.createServer();
    six.listen(0, "::1");
    await once(six, "listening");
    t.after(() => six.close());
    const second = once(six, "connection").then(([socket]) => watch(socket).until("\r\n\r\n"));
    const { port: port6 } = six.address() as net.AddressInfo;
    dialer.connect(`ws://[::1]:${port6}/`);
    assert.match(String(await second), new RegExp(`\r\nHost: \\[::1\\]:${port6}\r\n`));
    dialer.abort();
  });

  test("the caller's objects are not changed", () => {
    const config = { tlsOptions: { rejectUnauthorized: false }, assembleFragments: false };
    const made = new client(config);
    assert.deepEqual(config, { tlsOptions: { rejectUnauthorized: false }, assembleFragments: false });
    assert.equal(made.config.tlsOptions["rejectUnauthorized"], false);
  });

  test("a second attempt does not have the protocol of the first", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true });
    const { dialer, connection } = await dial(url, {}, "chat");
    assert.equal(dialer.protocol, "chat");
    connection.drop();
    const connected = once(dialer, "connect");
    dialer.connect(url);
    const [second] = await connected;
    assert.equal(second.protocol, undefined);
    assert.equal(dialer.protocol, undefined);
    second.drop();
    ws.closeAllConnections();
  });

  test("abort ends an attempt with connectFailed", async (t) => {
    const listener = net.createServer();
    const url = `ws://127.0.0.1:${await listen(t, listener)}/`;
    const dialer = new client();
    const failed = once(dialer, "connectFailed");
    dialer.connect(url);
    await once(listener, "connection");
    dialer.abort();
    assert.equal((await failed)[0].code, "ECONNRESET");
  });
});

describe("W3CWebSocket", () => {
  test("protocol and extensions are texts from the beginning", async (t) => {
    const { url } = await serve(t, { autoAcceptConnections: true });
    const socket = new w3cwebsocket(url);
    assert.deepEqual([socket.protocol, socket.extensions], ["", ""]);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    assert.deepEqual([socket.protocol, socket.extensions], ["", ""]);
    socket.close();
  });

  test("an empty text is a message", async (t) => {
    const url = await rawServer(t, SWITCHING, (raw) => raw.socket.write(plain(1)));
    const socket = new w3cwebsocket(url);
    const data = await new Promise((resolve) => {
      socket.onmessage = (event) => resolve(event["data"]);
    });
    assert.equal(data, "");
    socket.close();
  });

  test("a DataView is sent as its bytes", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true });
    const message = accepted(ws).then((connection) => once(connection, "message"));
    const socket = new w3cwebsocket(url);
    socket.onopen = () => socket.send(new DataView(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2));
    assert.deepEqual((await message)[0].binaryData, Buffer.from([1, 2]));
    socket.close();
  });

  test("an illegal code throws, and it stays open", async (t) => {
    const { url } = await serve(t, { autoAcceptConnections: true });
    const socket = new w3cwebsocket(url);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    assert.throws(() => socket.close(2000), /Close code 2000 is not valid\./);
    assert.equal(socket.readyState, w3cwebsocket.OPEN);
    socket.close();
  });

  test("a close other than 1000 is clean, a lost connection is not", async (t) => {
    for (const [end, clean] of [
      [plain(8, Buffer.from([0x03, 0xe9])), true],
      [Buffer.alloc(0), false],
    ] as const) {
      const url = await rawServer(t, SWITCHING, (raw) => raw.socket.end(end));
      const socket = new w3cwebsocket(url);
      const event = await new Promise<W3CEvent>((resolve) => {
        socket.onclose = resolve;
      });
      assert.equal(event["wasClean"], clean);
    }
  });

  test("the caller's configuration is not changed", async (t) => {
    const { url } = await serve(t, { autoAcceptConnections: true });
    const config = Object.freeze({ assembleFragments: false });
    const socket = new w3cwebsocket(url, undefined, undefined, undefined, undefined, config);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    socket.close();
  });
});
