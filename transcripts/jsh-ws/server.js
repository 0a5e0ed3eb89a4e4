import { answerTo, bothEnds, finish, join, serve, serverEnd, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OK = "101 Switching Protocols";

/** @param {Stage} stage
 * @param {object} client
 * @returns {Promise<string>} */
async function statusOf(stage, client) {
  return (await answerTo(stage, client)).status;
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "connection: an open socket of the class and its request, among the clients, no message lost",
    rows: ["4.event-connection", "4.clients", "2.url-property", "2.ready-state"],
    expected: [
      'server: connection true 1 "/ws?token=x" "" true 1 "/ws?token=x" 2',
      "server: open 1",
      'server: message 1 "early" ["data", "type"]',
      'server: message 1 "late" ["data", "type"]',
    ],
    async run(stage) {
      const { wss, port, say } = await serve(stage, { path: "/ws" });
      wss.on("connection", (/** @type {any[]} */ ...values) => {
        const [socket, request] = values;
        const isOne = socket instanceof stage.library.WebSocket;
        const { readyState, url, protocol } = socket;
        say(
          "connection",
          isOne,
          readyState,
          url,
          protocol,
          wss.clients.has(socket),
          wss.clients.size,
          request.url,
          values.length,
        );
        watchSocket(socket, say);
      });
      // A masked frame with the key 0: what is masked is as it was.
      const early = Buffer.from("8185000000006561726c79", "hex");
      const { socket, peer } = await join(stage, { wss, port }, { path: "/ws?token=x", early });
      await stage.turns();
      const heard = stage.once(socket, "message");
      peer.send({ payload: "late" });
      await heard;
    },
  },
  {
    name: "clients: a socket leaves when it closes, whoever closes",
    rows: ["4.clients"],
    expected: ["main: joined 2", "main: closed by the peer 1", "main: closed here 0"],
    async run(stage) {
      const { wss, port } = await serve(stage);
      const one = await join(stage, { wss, port }, { tellFrames: false });
      const two = await join(stage, { wss, port }, { tellFrames: false });
      stage.say("joined", wss.clients.size);
      const over = stage.once(one.socket, "close");
      one.peer.sendClose(1000);
      await over;
      await stage.turns();
      stage.say("closed by the peer", wss.clients.size);
      two.socket.close();
      stage.say("closed here", wss.clients.size);
    },
  },
  {
    name: "a connection listener that throws: error on the server, the connection goes on",
    rows: ["4.event-error", "6.throwing"],
    expected: [
      'server: error <Error: "in the listener">',
      'server: message 1 "hello" ["data", "type"]',
      'raw client: got fin text 9 "got hello"',
    ],
    async run(stage) {
      const { wss, port, say } = await serve(stage);
      wss.on("error", (/** @type {unknown[]} */ ...values) => say("error", ...values));
      wss.on("connection", (/** @type {any} */ socket) => {
        socket.on("message", (/** @type {any} */ event) => {
          say("message", event.type, event.data, Object.keys(event).sort());
          socket.send(`got ${event.data}`);
        });
        throw new Error("in the listener");
      });
      const { peer } = await join(stage, { wss, port });
      peer.send({ payload: "hello" });
      await peer.frame();
    },
  },
  {
    name: "a connection listener that throws without an error listener: dropped",
    rows: ["4.event-error", "6.silent-error"],
    expected: ['raw client: got fin text 5 "hello"'],
    async run(stage) {
      const { wss, port } = await serve(stage);
      wss.on("connection", () => {
        throw new Error("nobody hears");
      });
      const { socket, peer } = await join(stage, { wss, port });
      socket.send("hello");
      await peer.frame();
    },
  },
  {
    name: "close: everything inside the call, the http server stays",
    rows: ["4.close", "4.event-close", "4.closed", "4.close-refuses"],
    expected: [
      "first: close 3",
      "second: close 3",
      "server: close [] true 0",
      "server: callback [] true 0",
      "server: returned true true 0 2",
      "first: got fin close 2 1000",
      "first: over",
      "second: got fin close 2 1000",
      "second: over",
      'main: a handshake after that "503 Service Unavailable"',
      'main: a plain request "404 Not Found" true',
    ],
    async run(stage) {
      const { wss, port, say, server } = await serve(stage);
      /** @type {{ socket: any, peer: import("../kit/raw-peer.js").RawPeer }[]} */
      const joined = [];
      let closed = 0;
      for (const lane of ["first", "second"]) {
        const one = await join(stage, { wss, port }, { lane });
        await stage.turns();
        watchSocket(one.socket, stage.lane(lane));
        one.socket.on("close", () => {
          closed += 1;
        });
        joined.push(one);
      }
      wss.on("connection", () => say("connection"));
      wss.on("close", (/** @type {unknown[]} */ ...values) => say("close", values, wss.closed, wss.clients.size));
      const returned = wss.close((/** @type {unknown[]} */ ...values) =>
        say("callback", values, wss.closed, wss.clients.size),
      );
      say("returned", returned === wss, wss.closed, wss.clients.size, closed);
      for (const { peer } of joined) {
        await peer.frame();
        await finish(stage, peer);
      }
      stage.say("a handshake after that", await statusOf(stage, { port }));
      const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
      stage.say("a plain request", await statusOf(stage, { port, request }), server.listening);
    },
  },
  {
    name: "close without a callback; clients that are not tracked stay",
    rows: ["4.close", "4.client-tracking"],
    expected: ["server: close", "main: returned true true null 1", 'raw client: got fin text 5 "still"'],
    async run(stage) {
      const { wss, socket, peer, say } = await serverEnd(stage, { options: { clientTracking: false }, watch: false });
      wss.on("close", (/** @type {unknown[]} */ ...values) => say("close", ...values));
      stage.say("returned", wss.close() === wss, wss.closed, wss.clients, socket.readyState);
      socket.send("still");
      await peer.frame();
    },
  },
  {
    name: "close of one server leaves the others of the http server, and asks nobody any more",
    rows: ["4.close", "4.close-refuses", "4.several"],
    expected: ['main: /a "503 Service Unavailable"', `main: /b "${OK}"`],
    async run(stage) {
      const { server, port } = await stage.http();
      const { WebSocketServer } = stage.library;
      const verifyClient = () => {
        stage.say("verifyClient was asked");
        return false;
      };
      const a = new WebSocketServer({ server, path: "/a", verifyClient });
      new WebSocketServer({ server, path: "/b" });
      a.close();
      for (const path of ["/a", "/b"]) stage.say(path, await statusOf(stage, { port, path }));
    },
  },
  {
    name: "both ends of the face: the server closes, the client hears of it",
    rows: ["4.close", "3.peer-close", "3.close"],
    expected: ["server: open 1", "server: close 3", "client: open 1", 'client: close "with an error text" 3'],
    async run(stage) {
      const { wss, atClient } = await bothEnds(stage);
      await stage.turns();
      const over = stage.once(atClient, "close");
      wss.close();
      await over;
      await stage.turns();
    },
  },
];
