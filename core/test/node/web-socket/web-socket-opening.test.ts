import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { describe, test } from "node:test";
import { WebSocket } from "../../../src/node/web-socket/web-socket.ts";
import { RawServer, redirect, refusal, responseText, switching } from "../client/raw-server.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { domException, echo, FAILED, listen, nextTask, openRaw, serverFrame, serverText } from "./listening.ts";

describe("the constructor (WHATWG WebSockets, constructor steps)", () => {
  test("needs a URL, and ignores arguments that are too many", async (t) => {
    assert.throws(() => Reflect.construct(WebSocket, []), TypeError);
    const server = await echo(t);
    const socket: WebSocket = Reflect.construct(WebSocket, [server.url, [], "stray"]);
    await once(socket, "open");
    socket.close();
  });

  test("makes a string of the URL, whatever it is", (t) => {
    const urls = [
      new URL("ws://127.0.0.1:1/a"),
      { toString: () => "ws://127.0.0.1:1/a" },
      Object("ws://127.0.0.1:1/a"),
    ];
    for (const url of urls) assert.equal(listen(t, url).socket.url, "ws://127.0.0.1:1/a");
    assert.equal(listen(t, "ws://127.0.0.1:1/\ud800").socket.url, "ws://127.0.0.1:1/%EF%BF%BD");
    assert.throws(() => Reflect.construct(WebSocket, [Symbol("a")]), TypeError);
    // As a string that is a relative URL
    assert.throws(() => Reflect.construct(WebSocket, [undefined]), domException("SyntaxError"));
  });

  test("converts the URL, then the protocols, and looks at both only then", () => {
    const log: string[] = [];
    const url = { toString: () => `no URL ${log.push("url")}` };
    const protocol = { toString: () => `no token ${log.push("protocol")}` };
    assert.throws(() => Reflect.construct(WebSocket, [url, [protocol]]), domException("SyntaxError"));
    assert.deepEqual(log, ["url", "protocol"]);
  });

  test("throws a SyntaxError for a wrong URL or protocol, and dials nothing then", async (t) => {
    const server = await RawServer.listen(t);
    assert.throws(() => new WebSocket(server.url("/#")), domException("SyntaxError"));
    assert.throws(() => new WebSocket(server.url().replace("ws:", "ftp:")), domException("SyntaxError"));
    assert.throws(() => new WebSocket(server.url(), "a b"), domException("SyntaxError"));
    assert.throws(() => new WebSocket(server.url(), ["a", "a"]), domException("SyntaxError"));
    assert.throws(() => new WebSocket(server.url(), ""), domException("SyntaxError"));
    listen(t, server.url("/only"));
    assert.match((await (await server.next()).request()).line, /^GET \/only /);
    assert.equal(server.peers.length, 1);
  });

  test("returns a WebSocket that is CONNECTING, with everything at its beginning", (t) => {
    const { socket } = listen(t, "ws://127.0.0.1:1/", ["chat"]);
    assert.deepEqual(
      [socket.readyState, socket.bufferedAmount, socket.extensions, socket.protocol, socket.binaryType],
      [WebSocket.CONNECTING, 0, "", "", "blob"],
    );
    assert.deepEqual([socket.onopen, socket.onmessage, socket.onerror, socket.onclose], [null, null, null, null]);
  });

  test("accepts http: for ws:, and says ws: in url", async (t) => {
    const server = await echo(t);
    const { socket, journal } = listen(t, server.url.replace("ws:", "http:"));
    assert.equal(socket.url, new URL(server.url).href);
    assert.deepEqual(await journal.next(), ["open", 1]);
  });

  test("resolves a relative URL where there is a page", async (t) => {
    const server = await echo(t, { path: "/chat" });
    Reflect.set(globalThis, "location", { href: server.url.replace("ws:", "http:").replace("/chat", "/page#part") });
    t.after(() => Reflect.deleteProperty(globalThis, "location"));
    const { socket, journal } = listen(t, "chat?x");
    assert.equal(socket.url, `${server.url}?x`);
    assert.deepEqual(await journal.next(), ["open", 1]);
  });
});

describe("the opening handshake (WHATWG WebSockets, opening handshake; RFC 6455 §4.1)", () => {
  test("asks with what is needed, offers compression, and tells nothing of a page or cookies", async (t) => {
    const server = await RawServer.listen(t);
    listen(t, server.url("/chat?room=1"));
    const request = await (await server.next()).request();
    assert.equal(request.line, "GET /chat?room=1 HTTP/1.1");
    const names = request.fields.map(([name]) => name.toLowerCase()).sort();
    assert.deepEqual(names, [
      ...["connection", "host", "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version", "upgrade"],
    ]);
    assert.deepEqual(request.all("sec-websocket-extensions"), ["permessage-deflate; client_max_window_bits"]);
    assert.deepEqual(request.all("sec-websocket-version"), ["13"]);
  });

  test("offers the protocols in the order given", async (t) => {
    const server = await RawServer.listen(t);
    listen(t, server.url(), ["v2.chat", "v1.chat"]);
    const request = await (await server.next()).request();
    assert.deepEqual(request.all("sec-websocket-protocol"), ["v2.chat, v1.chat"]);
  });

  test("sends the URL's user information as HTTP's, and keeps it in url", async (t) => {
    const server = await RawServer.listen(t);
    const url = server.url().replace("ws://", "ws://user:pa%20ss@");
    const { socket } = listen(t, url);
    const request = await (await server.next()).request();
    assert.deepEqual(request.all("authorization"), [`Basic ${Buffer.from("user:pa ss").toString("base64")}`]);
    assert.equal(socket.url, url);
  });

  test("open comes in a task of its own, with the state and the protocol that were agreed on", async (t) => {
    const server = await echo(t, { subprotocols: ["v1.chat"] });
    const { socket } = listen(t, server.url, ["v2.chat", "v1.chat"]);
    const [event] = await once(socket, "open");
    assert.equal(Object.getPrototypeOf(event), Event.prototype);
    assert.deepEqual([event.bubbles, event.cancelable, event.target], [false, false, socket]);
    const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert.deepEqual([socket.readyState, socket.protocol, socket.extensions], [1, "v1.chat", agreed]);
  });

  test("extensions is what the server accepted, and empty where it declined", async (t) => {
    for (const [headers, extensions] of [
      [{}, ""],
      [{ "Sec-WebSocket-Extensions": "permessage-deflate" }, "permessage-deflate"],
    ] as const) {
      const server = await RawServer.listen(t, { script: (peer) => peer.accept(headers) });
      const { socket, journal } = listen(t, server.url());
      assert.deepEqual(await journal.next(), ["open", 1]);
      assert.equal(socket.extensions, extensions);
    }
  });

  test("listeners that are added in the constructor's task miss nothing", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept({}, serverText("early")) });
    const { socket } = listen(t, server.url());
    await Promise.resolve();
    const seen: string[] = [];
    socket.onopen = () => seen.push("open");
    socket.onmessage = ({ data }) => seen.push(data);
    await once(socket, "message");
    assert.deepEqual(seen, ["open", "early"]);
  });

  test("messages that come with the response come after open, in tasks of their own", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept({}, serverText("a"), serverText("b")) });
    const { journal, socket } = listen(t, server.url());
    socket.addEventListener("open", () => queueMicrotask(() => journal.add(["reaction", socket.readyState])));
    assert.deepEqual(await journal.take(4), [
      ["open", 1],
      ["reaction", 1],
      ["message", 1, "a"],
      ["message", 1, "b"],
    ]);
  });

  test("a connection that the server closes with its response opens, and closes", async (t) => {
    const early = [serverText("a"), serverFrame(8, Buffer.from([0x0f, 0xa0]))];
    const server = await RawServer.listen(t, {
      async script(peer) {
        await peer.accept({}, ...early);
        peer.end();
      },
    });
    const { journal } = listen(t, server.url());
    assert.deepEqual(await journal.take(3), [
      ["open", 1],
      ["message", 1, "a"],
      ["close", 3, [4000, "", true]],
    ]);
  });

  test("who asked for protocols and gets none has no connection", async (t) => {
    const server = await RawServer.listen(t);
    const { socket, journal } = listen(t, server.url(), "chat");
    const peer = await server.next();
    await peer.accept({}, serverText("early"));
    assert.deepEqual(await journal.take(2), FAILED);
    assert.equal(socket.protocol, "");
    await peer.gone;
    assert.deepEqual(peer.frames, []);
  });

  test("a protocol that was not asked for, or two of them, fail the connection", async (t) => {
    for (const value of ["other", "CHAT", "chat, other", ""]) {
      const server = await RawServer.listen(t, { script: (peer) => peer.accept({ "Sec-WebSocket-Protocol": value }) });
      assert.deepEqual(await listen(t, server.url(), ["chat", "other2"]).journal.take(2), FAILED, value);
    }
    const unasked = await RawServer.listen(t, { script: (peer) => peer.accept({ "Sec-WebSocket-Protocol": "chat" }) });
    assert.deepEqual(await listen(t, unasked.url()).journal.take(2), FAILED);
  });

  test("an extension that was not offered fails the connection", async (t) => {
    for (const extensions of ["permessage-other", "permessage-deflate, x-other", "permessage-deflate; x-other"]) {
      const headers = { "Sec-WebSocket-Extensions": extensions };
      const server = await RawServer.listen(t, { script: (peer) => peer.accept(headers) });
      assert.deepEqual(await listen(t, server.url()).journal.take(2), FAILED, extensions);
    }
  });
});

describe("a connection that fails (WHATWG WebSockets, feedback from the protocol)", () => {
  test("tells error, then close with 1006, and not why: whatever the server answers", async (t) => {
    const answers = {
      "not found": refusal(404),
      "a redirect, which is not followed": redirect("/other"),
      "needs authentication": refusal(401, { "WWW-Authenticate": "Basic" }),
      "an ordinary page": refusal(200, {}, "page"),
      "a wrong key": switching("AAAAAAAAAAAAAAAAAAAAAA=="),
      "101 without headers": responseText(101),
      "not HTTP": "SSH-2.0-server\r\n\r\n",
    };
    for (const [name, answer] of Object.entries(answers)) {
      const server = await RawServer.listen(t, {
        async script(peer) {
          await peer.answer(answer);
          peer.end();
        },
      });
      const { socket, journal } = listen(t, server.url());
      assert.deepEqual(await journal.take(2), FAILED, name);
      assert.equal(socket.readyState, WebSocket.CLOSED);
      assert.equal(server.peers.length, 1, name);
    }
  });

  test("tells the same where nobody listens, and where the server just goes", async (t) => {
    const gone = net.createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const address = gone.address();
    await new Promise((resolve) => gone.close(resolve));
    const port = typeof address === "object" && address !== null ? address.port : 0;
    assert.deepEqual(await listen(t, `ws://127.0.0.1:${port}/`).journal.take(2), FAILED);
    for (const leave of ["end", "reset"] as const) {
      const server = await RawServer.listen(t, { script: (peer) => peer.request().then(() => peer[leave]()) });
      assert.deepEqual(await listen(t, server.url()).journal.take(2), FAILED, leave);
    }
  });

  test("tells the same for a certificate that nobody vouches for", async (t) => {
    const server = await echo(t, { tls: testCertificate });
    assert.deepEqual(await listen(t, server.url).journal.take(2), FAILED);
  });

  test("tells the same for a port of other services, without dialing it", async (t) => {
    const connect = t.mock.method(net.Socket.prototype, "connect");
    for (const port of [1, 22, 6667]) {
      assert.deepEqual(await listen(t, `ws://127.0.0.1:${port}/`).journal.take(2), FAILED);
    }
    assert.equal(connect.mock.callCount(), 0);
  });

  test("tells the same for user information that cannot be sent", async (t) => {
    for (const user of ["%ff", "a%3ab"]) {
      assert.deepEqual(await listen(t, `ws://${user}@127.0.0.1:8080/`).journal.take(2), FAILED, user);
    }
  });

  test("tells the same when the handshake takes more than a minute", async (t) => {
    const server = await RawServer.listen(t);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { journal } = listen(t, server.url());
    const peer = await server.next();
    await peer.request();
    t.mock.timers.tick(59_999);
    await nextTask();
    assert.deepEqual(journal.all, []);
    t.mock.timers.tick(1);
    assert.deepEqual(await journal.take(2), FAILED);
    await peer.gone;
  });

  test("tells nothing in the task of the constructor", async (t) => {
    const { journal } = listen(t, "ws://127.0.0.1:1/");
    await Promise.resolve();
    assert.deepEqual(journal.all, []);
    assert.deepEqual(await journal.take(2), FAILED);
  });

  test("tells nothing more after close, and has no protocol and no extensions", async (t) => {
    const { socket, journal } = listen(t, "ws://127.0.0.1:1/", "chat");
    await journal.take(2);
    await nextTask();
    assert.deepEqual(journal.rest(), []);
    assert.deepEqual([socket.protocol, socket.extensions], ["", ""]);
  });

  test("error is an Event that tells nothing", async (t) => {
    const { socket } = listen(t, "ws://127.0.0.1:1/");
    const [event] = await once(socket, "error");
    assert.equal(Object.getPrototypeOf(event), Event.prototype);
    assert.deepEqual([event.bubbles, event.cancelable, event.target], [false, false, socket]);
  });

  test("an open connection is not affected by what fails elsewhere", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    await listen(t, "ws://127.0.0.1:1/").journal.take(2);
    peer.write(serverText("still here"));
    assert.deepEqual(await journal.next(), ["message", 1, "still here"]);
    assert.equal(socket.readyState, 1);
  });
});
