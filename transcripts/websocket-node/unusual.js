import { bothEnds, clientEnd, closeFrom, serve, serverEnd, watchConnection } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/** Handshakes that RFC 6455 §4.1 and RFC 9112 allow.
 * @type {[string, string[]][]} */
const HANDSHAKES = [
  [
    "names in lower case",
    [
      "GET / HTTP/1.1",
      "host: a",
      "upgrade: websocket",
      "connection: upgrade",
      KEY.toLowerCase().replace(/:.*/, ": dGhlIHNhbXBsZSBub25jZQ=="),
      "sec-websocket-version: 13",
    ],
  ],
  [
    "values in other cases",
    ["GET / HTTP/1.1", "Host: a", "Upgrade: WebSocket", "Connection: UPGRADE", KEY, "Sec-WebSocket-Version: 13"],
  ],
  [
    "a list in Connection",
    [
      "GET / HTTP/1.1",
      "Host: a",
      "Upgrade: websocket",
      "Connection: keep-alive, Upgrade",
      KEY,
      "Sec-WebSocket-Version: 13",
    ],
  ],
  [
    "blanks around values",
    [
      "GET / HTTP/1.1",
      "Host:   a  ",
      "Upgrade:websocket",
      "Connection:\tUpgrade ",
      `${KEY}  `,
      "Sec-WebSocket-Version:   13 ",
    ],
  ],
  [
    "an absolute target",
    [
      "GET http://a/b?c HTTP/1.1",
      "Host: a",
      "Upgrade: websocket",
      "Connection: Upgrade",
      KEY,
      "Sec-WebSocket-Version: 13",
    ],
  ],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...HANDSHAKES.map(([what, lines]) => ({
    name: `a handshake with ${what}`,
    rows: ["unusual.handshake", "4.host-key-version", "4.resource"],
    /** @param {Stage} stage */
    async run(stage) {
      const { ws, port } = await serve(stage);
      ws.on("request", (request) => {
        stage.say("request", request.resource, request.host, request.key, request.webSocketVersion);
        request.accept();
      });
      const peer = await stage.rawClient({ port, request: `${lines.join("\r\n")}\r\n\r\n` });
      stage.say("head", await peer.head());
    },
  })),
  {
    name: "a handshake that arrives in pieces",
    rows: ["unusual.handshake"],
    async run(stage) {
      const { port } = await serve(stage, { autoAcceptConnections: true });
      const lines = [
        "GET / HTTP/1.1",
        "Host: a",
        "Upgrade: websocket",
        "Connection: Upgrade",
        KEY,
        "Sec-WebSocket-Version: 13",
      ];
      const text = `${lines.join("\r\n")}\r\n\r\n`;
      const peer = await stage.rawClient({ port, request: text.slice(0, 20) });
      for (let at = 20; at < text.length; at += 40) {
        await stage.turns(2);
        peer.write(text.slice(at, at + 40));
      }
      stage.say("head", await peer.head());
    },
  },
  {
    name: "an answer that arrives in pieces, its names in lower case",
    rows: ["unusual.answer", "5.connection-case"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const client = new stage.library.client();
      client.on("connectFailed", (error) => stage.say("connectFailed", error));
      const connected = stage.once(client, "connect");
      client.connect(raw.url);
      const peer = await raw.next();
      peer.write("HTTP/1.1 101 Whatever\r\nupgrade:WEBSOCKET\r\n");
      await stage.turns();
      await peer.answer({ Upgrade: undefined, Connection: "upgrade", "X-More": "1" }, "X-First: 1");
      const [connection] = await connected;
      stage.say("connected", connection.connected, client.response.statusCode, client.response.headers["x-more"]);
    },
  },
  {
    name: "empty fragments, and a message of many one-byte fragments",
    rows: ["unusual.frames", "7.fragments"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      const last = new Promise((resolve) => {
        connection.on("message", (message) => message.utf8Data === "grüße" && resolve(undefined));
      });
      peer.send({ payload: "", fin: false }, { opcode: 0, fin: false }, { opcode: 0 });
      const bytes = [...Buffer.from("grüße")].map((byte) => Buffer.from([byte]));
      peer.send({ payload: "", fin: false }, ...bytes.map((payload) => ({ opcode: 0, payload, fin: false })), {
        opcode: 0,
      });
      await last;
    },
  },
  {
    name: "many messages in flight are answered in order",
    rows: ["unusual.load", "7.order", "8.callback"],
    async run(stage) {
      const { atServer, atClient, sayClient } = await bothEnds(stage, { watch: false });
      atServer.on("message", (message) => atServer.sendUTF(message.utf8Data));
      const answers = [];
      const all = new Promise((resolve) => {
        atClient.on("message", (message) => {
          answers.push(Number(message.utf8Data));
          if (answers.length === 500) resolve(undefined);
        });
      });
      for (let count = 0; count < 500; count += 1) atClient.sendUTF(String(count));
      await all;
      sayClient(
        "in order",
        answers.every((answer, index) => answer === index),
      );
    },
  },
  {
    name: "a large message in fragments of default size, both ways",
    rows: ["unusual.load", "8.fragmentation", "2.server-defaults"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      atServer.on("message", (message) => atServer.sendBytes(message.binaryData));
      const answered = stage.once(atClient, "message");
      atClient.sendBytes(Buffer.alloc(1_048_576, 9));
      await answered;
    },
  },
  {
    name: "text of other planes, and a byte order mark",
    rows: ["unusual.frames", "8.send-utf"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      for (const text of ["\ufeffmark", "😀𝒳", "\u0000", "\r\n", "\u2028"]) {
        const message = stage.once(atServer, "message");
        atClient.sendUTF(text);
        await message;
      }
    },
  },
  {
    name: "pausing inside a message listener holds later bytes back",
    rows: ["8.pause"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      const first = stage.once(connection, "message");
      connection.once("message", () => connection.pause());
      peer.send({ payload: "first" });
      await first;
      peer.send({ payload: "second" });
      await stage.turns(20);
      say("paused");
      const second = stage.once(connection, "message");
      connection.resume();
      await second;
    },
  },
  {
    name: "sending inside the connect listeners of both sides",
    rows: ["4.accept-at-once", "5.connect-then-data"],
    async run(stage) {
      const { ws, url } = await serve(stage, { autoAcceptConnections: true });
      ws.on("connect", (connection) => {
        watchConnection(stage, connection, stage.lane("server"));
        connection.sendUTF("from the server");
      });
      const client = new stage.library.client();
      const both = new Promise((resolve) => {
        ws.on("connect", (there) => there.on("message", resolve));
      });
      const got = new Promise((resolve) => {
        client.on("connect", (connection) => {
          watchConnection(stage, connection, stage.lane("client"));
          connection.on("message", resolve);
          connection.sendUTF("from the client");
        });
      });
      client.connect(url);
      await Promise.all([both, got]);
    },
  },
  {
    name: "messages that arrive after one's own close",
    rows: ["9.during-traffic"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage);
      connection.close(1000, "own");
      await peer.frame();
      const closed = stage.once(connection, "close");
      peer.send({ payload: "on its way" }, { opcode: 9, payload: "ping" });
      closeFrom(peer, 1000);
      peer.end();
      await closed;
    },
  },
];
