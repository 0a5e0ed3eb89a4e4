import { acceptOf } from "../kit/handshake.js";
import { bufferAtMost, clientEnd, dial } from "./acts/ends.js";

/** @typedef {import("../kit/handshake.js").Fields} Fields */
/** @typedef {import("../kit/stage.js").Stage} Stage */

const SWITCH = "HTTP/1.1 101 Switching Protocols";

/** What the server answers, wrongly: status line, fields instead of the right ones, options of the client.
 * @type {{ what: string, row: string, answers: [string, Fields, object?][] }[]} */
const WRONG = [
  {
    what: "another first line",
    row: "9.answer-first-line",
    answers: [
      ["HTTP/1.1 200 OK", {}],
      ["HTTP/1.1 404 Not Found", {}],
      ["HTTP/1.1 302 Found", { Location: "ws://127.0.0.1/" }],
      ["HTTP/1.1 1010 x", {}],
    ],
  },
  {
    what: "a missing field",
    row: "9.answer-missing",
    answers: [
      [SWITCH, { Upgrade: undefined, "X-Own": "filling" }],
      [SWITCH, { Connection: undefined, "X-Own": "filling" }],
      [SWITCH, { "Sec-WebSocket-Accept": undefined, "X-Own": "filling" }],
    ],
  },
  {
    what: "another Upgrade or Connection",
    row: "9.answer-upgrade",
    answers: [
      [SWITCH, { Upgrade: "h2c" }],
      [SWITCH, { Connection: "close" }],
      [SWITCH, { Connection: "keep-alive, x" }],
    ],
  },
  {
    what: "no protocol, though some were asked for",
    row: "9.answer-none-negotiated",
    answers: [
      [SWITCH, {}, { protocols: ["a", "b"] }],
      [SWITCH, { "Sec-WebSocket-Protocol": "c" }, { protocols: ["a", "b"] }],
      [SWITCH, { "Sec-WebSocket-Protocol": "A" }, { protocols: ["a", "b"] }],
    ],
  },
  {
    what: "a protocol that was not asked for",
    row: "9.answer-unexpected-protocol",
    answers: [[SWITCH, { "Sec-WebSocket-Protocol": "a" }]],
  },
  {
    what: "a wrong accept value",
    row: "9.answer-hash",
    answers: [
      [SWITCH, { "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }],
      [SWITCH, { "Sec-WebSocket-Accept": "x" }],
    ],
  },
  {
    what: "several faults: the first of the order is told",
    row: "9.answer-order",
    answers: [
      ["HTTP/1.1 200 OK", { Upgrade: undefined, "Sec-WebSocket-Accept": "x", "X-Own": "filling" }],
      [SWITCH, { Upgrade: undefined, Connection: "close", "X-Own": "filling" }],
      [SWITCH, { Upgrade: "x", "Sec-WebSocket-Protocol": "a", "Sec-WebSocket-Accept": "x" }],
      [SWITCH, { "Sec-WebSocket-Protocol": "a", "Sec-WebSocket-Accept": "x" }],
      [SWITCH, { "Sec-WebSocket-Accept": "x" }, { protocols: ["a"] }],
    ],
  },
];

/** @param {Stage} stage
 * @param {object} options
 * @param {(peer: import("../kit/raw-peer.js").RawPeer) => unknown} answer */
async function fail(stage, options, answer) {
  const { connection, peer } = await dial(stage, { options });
  const closed = stage.once(connection, "close");
  await answer(peer);
  await closed;
  await peer.over();
  peer.end();
  await stage.turns();
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...WRONG.map(({ what, row, answers }) => ({
    name: `a wrong answer: ${what}`,
    rows: [row, "8.order", "9.answer-ends"],
    /** @param {Stage} stage */
    async run(stage) {
      for (const [statusLine, fields, options = {}] of answers) {
        await fail(stage, options, (peer) => peer.answer(fields, statusLine));
      }
    },
  })),
  {
    name: "a wrong answer: too few lines",
    rows: ["9.answer-too-short", "8.order", "9.answer-ends"],
    async run(stage) {
      for (const text of [`${SWITCH}\r\n\r\n`, `${SWITCH}\r\nUpgrade: websocket\r\n\r\n`]) {
        await fail(stage, {}, (peer) => peer.write(text));
      }
    },
  },
  {
    name: "a wrong answer: it does not end",
    rows: ["9.answer-too-big", "8.order", "9.answer-ends"],
    async run(stage) {
      bufferAtMost(stage, 500);
      await fail(stage, {}, (peer) => peer.write(`${SWITCH}\r\nX-Long: ${"x".repeat(500)}`));
    },
  },
  {
    name: "the server hangs up instead of answering",
    rows: ["7.lost", "8.order"],
    async run(stage) {
      for (const text of ["", "HTTP/1.1 101 Swi"]) {
        const { connection, peer, say } = await dial(stage, { watch: false });
        stage.watch(connection, say, "connect", "close");
        const closed = stage.once(connection, "close");
        if (text !== "") peer.write(text);
        peer.end();
        await closed;
      }
    },
  },
  {
    name: "good answers: any case, lists, other fields and reason phrases",
    rows: ["9.good-response", "4.headers"],
    async run(stage) {
      /** @type {[string, Fields][]} */
      const answers = [
        ["HTTP/1.1 101 Switching Protocols", { Upgrade: "WebSocket", Connection: "upgrade" }],
        ["HTTP/1.1 101 Fine", { Connection: "keep-alive, Upgrade", Server: "raw", "X-Own": "mine" }],
        ["HTTP/1.1 101 ", {}],
      ];
      for (const [statusLine, fields] of answers) {
        const { connection, peer, say } = await dial(stage);
        const connected = stage.once(connection, "connect");
        await peer.answer(fields, statusLine);
        await connected;
        say("headers", connection.headers);
      }
    },
  },
  {
    name: "an answer with fields of many kibibytes is a good one",
    rows: ["9.good-response", "9.answer-too-big"],
    async run(stage) {
      for (const size of [20_000, 200_000]) {
        const { connection, peer, say } = await dial(stage);
        const connected = stage.once(connection, "connect");
        await peer.answer({ "X-Own": "v".repeat(size) });
        await connected;
        say("header", connection.headers["x-own"].length);
      }
    },
  },
  {
    name: "an answer in single bytes, the first frame behind it",
    rows: ["9.good-response", "9.early-frames"],
    async run(stage) {
      const { connection, peer } = await dial(stage);
      const text = stage.once(connection, "text");
      const lines = [SWITCH, "Upgrade: websocket", "Connection: Upgrade"];
      peer.socket.setNoDelay(true);
      for (const byte of `${lines.join("\r\n")}\r\n`) {
        peer.write(byte);
        await stage.turns(1);
      }
      // The last line, with the accept value, comes in one piece.
      peer.write(`Sec-WebSocket-Accept: ${acceptOf(connection.key)}\r\n\r\n`);
      peer.send({ payload: "first" });
      await text;
    },
  },
  {
    name: "the handshake works with a server that agrees",
    rows: ["9.good-response", "8.connect"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage);
      say("state", connection.readyState);
      connection.sendText("hello");
      await peer.frame();
    },
  },
];
