import { serve, watchSocket, watchWs, wsClient, wsServer } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** A client of the face and the end of it at a `ws` server.
 * @param {Stage} stage
 * @param {import("ws").ServerOptions} [options]
 * @param {unknown} [protocols]
 * @returns {Promise<{ socket: any, end: import("ws").WebSocket, request: import("node:http").IncomingMessage }>} */
async function toWs(stage, options, protocols) {
  const { url, server } = await wsServer(stage, options);
  const met = stage.once(server, "connection");
  const socket = new stage.library.WebSocket(url, protocols);
  const opened = stage.once(socket, "open");
  watchSocket(socket, stage.lane("client"));
  const [end, request] = await met;
  watchWs(end, stage.lane("ws"));
  await opened;
  return { socket, end, request };
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a client and a ws server: text and bytes both ways, pings answered, an orderly end",
    rows: ["2.send", "2.send-bytes", "3.message", "7.pings", "7.closing-handshake", "7.no-extensions"],
    expected: [
      "client: open 1",
      'client: message 1 "hello" ["data", "type"]',
      'client: message 2 Buffer<2: 0102> ["data", "type"]',
      "client: close 3",
      'ws: message "grüße" false',
      "ws: message Buffer<2: ff00> true",
      "ws: pong Buffer<2: 6869>",
      'ws: close 1000 ""',
      'main: extensions "" "one"',
    ],
    async run(stage) {
      const { socket, end } = await toWs(stage, { perMessageDeflate: true }, ["one", "two"]);
      stage.say("extensions", end.extensions, end.protocol);
      const pong = stage.once(end, "pong");
      const heard = new Promise((resolve) => {
        socket.on("message", (/** @type {any} */ event) => event.type === 2 && resolve(undefined));
      });
      socket.send("grüße");
      socket.send(new Uint8Array([255, 0]));
      end.send("hello");
      end.send(Buffer.from([1, 2]));
      end.ping("hi");
      await Promise.all([heard, pong]);
      const closed = stage.once(end, "close");
      socket.close();
      await closed;
      await stage.turns();
    },
  },
  {
    name: "a ws server ends the client: in order, with an error code, without a close frame",
    rows: ["3.peer-close", "3.peer-fault", "3.close-once"],
    expected: [
      ...["open 1", 'close "with an error text" 3'].map((line) => `1000: ${line}`),
      ...["open 1", "error", 'close "with an error text" 3'].map((line) => `1011: ${line}`),
      ...["open 1", "error", 'close "with an error text" 3'].map((line) => `terminated: ${line}`),
    ],
    async run(stage) {
      const { url, server } = await wsServer(stage);
      /** @type {Record<string, (end: import("ws").WebSocket) => void>} */
      const ends = {
        1000: (end) => end.close(1000, "done"),
        1011: (end) => end.close(1011, "broken"),
        terminated: (end) => end.terminate(),
      };
      for (const [what, leave] of Object.entries(ends)) {
        const met = stage.once(server, "connection");
        const socket = new stage.library.WebSocket(url);
        const say = stage.lane(what);
        const opened = stage.once(socket, "open");
        const over = stage.once(socket, "close");
        socket.on("open", () => say("open", socket.readyState));
        socket.on("error", () => say("error"));
        socket.on("close", (/** @type {any} */ event) => {
          say("close", typeof event?.error === "string" ? "with an error text" : event, socket.readyState);
        });
        const [end] = await met;
        await opened;
        leave(end);
        await over;
        await stage.turns();
      }
    },
  },
  {
    name: "a ws server that refuses",
    rows: ["3.bad-handshake", "3.failed"],
    expected: ['client: error <Error: "websocket: bad handshake"> 3'],
    async run(stage) {
      const { url } = await wsServer(stage, { verifyClient: () => false });
      const socket = new stage.library.WebSocket(url);
      const failed = stage.once(socket, "error");
      watchSocket(socket, stage.lane("client"), { hide: (error) => error });
      await failed;
      await stage.turns();
    },
  },
  {
    name: "what a ws server sees of the request",
    rows: ["2.request"],
    expected: ['main: asked undefined undefined "a, b" "13"', "client: open 1"],
    async run(stage) {
      const { request } = await toWs(stage, {}, ["a", "b"]);
      const { headers } = request;
      const { origin } = headers;
      const extensions = headers["sec-websocket-extensions"];
      stage.say("asked", origin, extensions, headers["sec-websocket-protocol"], headers["sec-websocket-version"]);
    },
  },
  {
    name: "a ws client and a server of the face: text and bytes both ways, pings answered, the client leaves",
    rows: ["4.event-connection", "2.send", "3.message", "7.pings", "7.no-extensions", "3.peer-close"],
    expected: [
      "server: open 1",
      'server: message 1 "grüße" ["data", "type"]',
      'server: message 2 Buffer<2: ff00> ["data", "type"]',
      'server: close "with an error text" 3',
      'ws: message "hello" false',
      "ws: message Buffer<2: 0102> true",
      "ws: pong Buffer<2: 6869>",
      'ws: close 1000 ""',
      'main: extensions "" ""',
    ],
    async run(stage) {
      const { wss, url, say } = await serve(stage);
      const met = new Promise((resolve) => wss.once("connection", resolve));
      wss.on("connection", (/** @type {any} */ socket) => watchSocket(socket, say));
      const client = await wsClient(stage, url);
      const socket = await met;
      stage.say("extensions", client.extensions, client.protocol);
      const pong = stage.once(client, "pong");
      const heard = new Promise((resolve) => {
        socket.on("message", (/** @type {any} */ event) => event.type === 2 && resolve(undefined));
      });
      client.send("grüße");
      client.send(Buffer.from([255, 0]));
      socket.send("hello");
      socket.send(Buffer.from([1, 2]));
      client.ping("hi");
      await Promise.all([heard, pong]);
      const closed = stage.once(client, "close");
      client.close(1000);
      await closed;
      await stage.turns();
    },
  },
  {
    name: "a ws client whose protocol is selected, and one whose server closes",
    rows: ["4.handle-protocols", "4.close", "7.closing-handshake"],
    expected: ['main: selected "b"', 'ws: close 1000 ""'],
    async run(stage) {
      const { wss, url } = await serve(stage, { handleProtocols: (/** @type {string[]} */ list) => list[1] });
      const client = await wsClient(stage, url, ["a", "b"]);
      stage.say("selected", client.protocol);
      const closed = stage.once(client, "close");
      wss.close();
      await closed;
    },
  },
];
