import { free, PROTOCOL, subclass, watchSocket, watchWs, wsClient, wsServer, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** A client of the face and the end of it at a `ws` server.
 * @param {Stage} stage
 * @param {import("ws").ServerOptions} [options]
 * @param {object} [clientOptions]
 * @returns {Promise<{ socket: any, end: import("ws").WebSocket, request: import("node:http").IncomingMessage }>} */
async function toWs(stage, options, clientOptions) {
  const { url, server } = await wsServer(stage, options);
  const met = stage.once(server, "connection");
  const socket = new (subclass(stage))(url, clientOptions);
  const connected = stage.once(socket, "connect");
  watchSocket(socket, stage.lane("client"), { hide: (error) => error });
  const [end, request] = await met;
  watchWs(end, stage.lane("ws"));
  await connected;
  return { socket, end, request };
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a client and a ws server: messages both ways, pings answered, an orderly end",
    rows: ["2.client-offers", "4.send", "5.message", "10.pings-answered", "6.send-none"],
    expected: [
      "client: connect",
      "client: _message Buffer<3: 010203>",
      "client: disconnect null",
      "ws: message Buffer<2: 0a0b> true",
      "ws: message Buffer<0: > true",
      "ws: pong Buffer<2: 6869>",
      'ws: close 1000 ""',
      'main: selected "proto-1"',
    ],
    async run(stage) {
      const { socket, end } = await toWs(stage);
      stage.say("selected", end.protocol);
      const heard = stage.once(socket, "_message");
      const pong = stage.once(end, "pong");
      socket._send(new Uint8Array([10, 11]))._send(new Uint8Array(0));
      end.send(new Uint8Array([1, 2, 3]));
      end.ping("hi");
      await Promise.all([heard, pong]);
      const closed = stage.once(end, "close");
      socket.disconnect();
      await closed;
    },
  },
  {
    name: "errors between a client and a ws server, both ways",
    rows: ["6.send-error", "6.received-4000", "6.received-other", "6.received-none"],
    expected: [
      "client: connect",
      'client: disconnect <Error: "mine">',
      'ws: close 4000 "mine"',
      'main: 4000 <Error 4000: "theirs">',
      'main: 1011 <Error 1011: "broken">',
      "main: 1001 null",
      "main: terminated {hasText: true, isError: true}",
    ],
    async run(stage) {
      const { socket, end } = await toWs(stage);
      const closed = stage.once(end, "close");
      socket.disconnect(new Error("mine"));
      await closed;
      for (const [code, reason] of /** @type {[number, string][]} */ ([
        [4000, "theirs"],
        [1011, "broken"],
        [1001, ""],
        [0, ""],
      ])) {
        const { url, server } = await wsServer(stage);
        server.on("connection", (one) => (code === 0 ? one.terminate() : one.close(code, reason)));
        const client = new (subclass(stage))(url);
        const [error] = await stage.once(client, "disconnect");
        stage.say(code === 0 ? "terminated" : String(code), code === 0 ? free(error) : error);
      }
    },
  },
  {
    name: "a text of a ws server ends the client with 1003",
    rows: ["5.text"],
    expected: ["main: disconnect {hasText: true, isError: true}", "main: ws got 1003"],
    async run(stage) {
      const { url, server } = await wsServer(stage);
      const met = stage.once(server, "connection");
      const client = new (subclass(stage))(url);
      const over = stage.once(client, "disconnect");
      const [end] = await met;
      const closed = stage.once(end, "close");
      end.send("text");
      stage.say("disconnect", ...(await over).map(free));
      stage.say("ws got", (await closed)[0]);
    },
  },
  {
    name: "a client and a ws server that compress",
    rows: ["11.compression", "3.options"],
    expected: [
      "client: connect",
      "client: _message Buffer<5000: sha1 cfeb0eb0d840>",
      "ws: message Buffer<5000: sha1 cfeb0eb0d840> true",
      'main: negotiated "permessage-deflate"',
    ],
    async run(stage) {
      const { socket, end } = await toWs(stage, { perMessageDeflate: { threshold: 0 } }, { perMessageDeflate: true });
      stage.say("negotiated", end.extensions);
      end.on("message", (data) => end.send(data));
      const heard = stage.once(socket, "_message");
      socket._send(Buffer.alloc(5000, "abc"));
      await heard;
    },
  },
  {
    name: "headers and origin arrive at a ws server",
    rows: ["3.options"],
    expected: ["client: connect", 'main: arrived "1" "https://example.org" "proto-1"'],
    async run(stage) {
      const options = { headers: { "X-Own": "1" }, origin: "https://example.org" };
      const { request } = await toWs(stage, {}, options);
      const { headers } = request;
      stage.say("arrived", headers["x-own"], headers.origin, headers["sec-websocket-protocol"]);
    },
  },
  {
    name: "a ws client and an application: messages both ways, errors both ways",
    rows: ["2.server-accepts", "4.send", "5.message", "6.send-error", "6.received-4000", "7.connection"],
    expected: [
      "server: _message Buffer<2: 0a0b>",
      'server: disconnect <Error 4000: "no more">',
      'main: selected "proto-1"',
      "ws: message Buffer<1: 01> true",
      'ws: close 4000 "no more"',
    ],
    async run(stage) {
      const { app, url, say } = await serve(stage);
      const met = new Promise((resolve) => app.once("connection", resolve));
      app.on("connection", (/** @type {any} */ socket) => watchSocket(socket, say));
      const client = await wsClient(stage, url);
      stage.say("selected", client.protocol);
      const socket = await met;
      const heard = stage.once(client, "message");
      const received = stage.once(socket, "_message");
      client.send(new Uint8Array([10, 11]));
      socket._send(new Uint8Array([1]));
      await Promise.all([heard, received]);
      const closed = stage.once(client, "close");
      client.close(4000, "no more");
      await closed;
    },
  },
  {
    name: "a ws client gets the error of an application, and 1003 for a text",
    rows: ["6.send-error", "5.text", "7.disconnect"],
    expected: ['ws: close 4000 "closing time"', "main: text 1003"],
    async run(stage) {
      const { app, url } = await serve(stage);
      const client = await wsClient(stage, url);
      const closed = stage.once(client, "close");
      app.disconnect(new Error("closing time"));
      await closed;
      app.unlock();
      const { WebSocket } = await import("ws");
      const other = new WebSocket(url, PROTOCOL);
      await stage.once(other, "open");
      const ended = stage.once(other, "close");
      other.send("text");
      stage.say("text", (await ended)[0]);
    },
  },
  {
    name: "a ws client without the subprotocol, or with a wrong one, is refused",
    rows: ["2.server-accepts"],
    expected: ['main: none "Unexpected server response: 400"', 'main: wrong "Unexpected server response: 400"'],
    async run(stage) {
      const { url } = await serve(stage);
      const { WebSocket } = await import("ws");
      for (const [what, protocols] of Object.entries({ none: [], wrong: ["wrong"] })) {
        const [error] = await stage.once(new WebSocket(url, protocols), "error");
        stage.say(what, error.message);
      }
    },
  },
];
