import { CLOSE, closePayload } from "../kit/frames.js";
import { join, leave, serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/frames.js").FrameInput} FrameInput */

const OPEN = 'server: open "<id 1>"';
const NORMAL = 'server: close "<id 1>" {code: 1000, message: "Close Normal"}';
const LOST = 'server: close "<id 1>" {code: 1006, message: "Closed Abnormally"}';

/** Close frames of the peer, and what the event says.
 * @type {[string, string | Buffer, number, string][]} */
const BY_PEER = [
  ["1000 and a reason", closePayload(1000, "bye"), 1000, "Close Normal"],
  ["no code", "", 1000, "Close Normal"],
  ["1001 and a reason", closePayload(1001, "going away"), 1001, "going away"],
  ["1001 alone", closePayload(1001), 1001, ""],
  ["1003 and a reason", closePayload(1003, "theirs"), 1003, "Unacceptable Data Type"],
  ["1009", closePayload(1009, "theirs"), 1009, "Message Too Big"],
  ["1011", closePayload(1011), 1011, "Unexpected Condition"],
  ["an own code", closePayload(4321, "grüße ☃"), 4321, "grüße ☃"],
];

/** Write the code of the Close frame that the library sends, and answer it if it is an answer to nothing.
 * @param {Stage} stage
 * @param {import("../kit/raw-peer.js").RawPeer} peer */
async function tellClose(stage, peer) {
  const frame = await peer.frame();
  const payload = frame?.payload ?? Buffer.alloc(0);
  const code = payload.length < 2 ? "no code" : payload.readUInt16BE(0);
  stage.say(frame?.opcode === CLOSE ? `Close frame with ${code}` : "no Close frame");
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...[
    { what: "1000", code: 1000 },
    { what: "no code", code: undefined },
  ].map(({ what, code }) => ({
    name: `the event for a Close frame of the peer with ${what}`,
    rows: ["3.peer-1000", "3.close-shape"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.peer.sendClose(code);
      stage.say("arguments", (await closed).length);
      await place.peer.over();
      place.peer.end();
      await stage.turns();
      stage.say("clients", place.ws.clients);
    },
  })),
  ...BY_PEER.map(([what, payload, code, message]) => ({
    name: `the peer closes: ${what}`,
    rows: ["3.peer-1000", "3.peer-other", "8.closing-handshake", "3.close-once", "3.clients-in-close"],
    expected: [
      OPEN,
      `server: close "<id 1>" {code: ${code}, message: ${JSON.stringify(message)}}`,
      "server: clients []",
      `main: Close frame with ${payload === "" ? "no code" : code}`,
      "main: the server has ended",
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { watch: ["message", "error"] }, UNHEARD);
      place.ws.on("close", () => place.say("clients", place.ws.clients));
      place.peer.send({ opcode: CLOSE, payload });
      await tellClose(stage, place.peer);
      await place.peer.over();
      stage.say("the server has ended");
      place.peer.end();
      await stage.turns();
    },
  })),
  {
    name: "what comes before the peer's Close frame is delivered, what comes after it is not",
    rows: ["8.after-close", "3.peer-1000"],
    expected: [OPEN, 'server: message "<id 1>" "before"', NORMAL, "main: Close frame with 1000"],
    async run(stage) {
      const place = await serverEnd(stage, { watch: ["message", "error"] }, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.peer.send(
        { payload: "before" },
        { opcode: CLOSE, payload: closePayload(1000) },
        { payload: "after" },
        { rsv: 7, opcode: 15, payload: "rubbish" },
      );
      await tellClose(stage, place.peer);
      await closed;
      await place.peer.over();
      place.peer.end();
      await stage.turns();
    },
  },
  {
    name: "what close returns, and that the ID is gone at once",
    rows: ["6.close", "6.not-found"],
    async run(stage) {
      const { ws, id } = await serverEnd(stage, { watch: [] }, UNHEARD);
      // Whether and when the event comes differs
      ws.removeAllListeners("close");
      stage.attempt("close", () => ws.close(id));
      stage.say("clients", ws.clients);
      stage.attempt("close again", () => ws.close(id));
      stage.attempt("send", () => ws.send(id, "too late"));
      stage.attempt("readyState", () => ws.readyState(id));
    },
  },
  {
    name: "what was sent before close arrives",
    rows: ["6.close"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage, { watch: [] }, UNHEARD);
      ws.removeAllListeners("close");
      ws.send(id, "one");
      ws.send(id, Buffer.alloc(200_000, 1));
      ws.send(id, "three");
      ws.close(id);
      for (const frame of await peer.frames(3)) stage.say("got", frame?.opcode, frame?.payload);
    },
  },
  {
    name: "the program closes: handshake, event and end",
    rows: ["3.own-close", "3.close-once", "6.close-frame", "8.closing-handshake", "3.clients-in-close"],
    expected: [
      OPEN,
      "main: close returns true",
      NORMAL,
      "server: clients []",
      "main: Close frame with 1000",
      "main: over",
    ],
    async run(stage) {
      const place = await serverEnd(stage, { watch: ["message", "error"] }, UNHEARD);
      place.ws.on("close", () => place.say("clients", place.ws.clients));
      const closed = stage.once(place.ws, "close");
      stage.attempt("close", () => place.ws.close(place.id));
      await tellClose(stage, place.peer);
      place.peer.sendClose(1000);
      await closed;
      await place.peer.over();
      stage.say("over");
      place.peer.end();
      await stage.turns();
    },
  },
  {
    name: "close within the listeners of open and of messages",
    rows: ["3.own-close", "3.close-once", "6.close"],
    expected: [
      OPEN,
      "server: close in open true []",
      NORMAL,
      'server: open "<id 2>"',
      'server: message "<id 2>" "one"',
      "server: close in message true []",
      'server: close "<id 2>" {code: 1000, message: "Close Normal"}',
      "main: Close frame with 1000",
      "main: Close frame with 1000",
    ],
    async run(stage) {
      const place = await serve(stage);
      place.ws.once("open", (/** @type {string} */ id) =>
        place.say("close in open", place.ws.close(id), place.ws.clients),
      );
      place.ws.once("message", (/** @type {string} */ id) =>
        place.say("close in message", place.ws.close(id), place.ws.clients),
      );
      for (const round of [1, 2]) {
        const { peer } = await join(stage, place, UNHEARD);
        const closed = stage.once(place.ws, "close");
        if (round === 2) peer.send({ payload: "one" }, { payload: "two" });
        await tellClose(stage, peer);
        peer.sendClose(1000);
        await closed;
        await peer.over();
      }
    },
  },
  {
    name: "the peer hangs up without a Close frame",
    rows: ["3.lost", "11.half-open", "8.close-codes-sent", "3.clients-in-close"],
    expected: [OPEN, LOST, "server: clients []", "main: no Close frame", 'server: open "<id 2>"'],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 }, watch: ["message", "error"] });
      const { peer } = await join(stage, place, UNHEARD);
      place.ws.on("close", () => place.say("clients", place.ws.clients));
      const closed = stage.once(place.ws, "close");
      peer.end();
      await closed;
      await peer.over();
      stage.say((await peer.frame()) === undefined ? "no Close frame" : "a frame");
      await join(stage, place, UNHEARD);
    },
  },
  {
    name: "the peer resets the connection: error, then close",
    rows: ["3.error", "3.lost"],
    expected: [OPEN, 'server: error "<id 1>" "ECONNRESET"', LOST, "main: two arguments, an Error true true"],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.ws.on("error", (/** @type {any[]} */ ...values) => {
        place.say("error", values[0], values[1].code);
        stage.say("two arguments, an Error", values.length === 2, values[1] instanceof Error);
      });
      place.peer.reset();
      await closed;
      await stage.turns();
    },
  },
  {
    name: "the peer resets the connection, and nobody listens to error",
    rows: ["3.error-unheard", "3.lost"],
    expected: [OPEN, LOST, 'server: open "<id 2>"'],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.peer.reset();
      await closed;
      await join(stage, place, UNHEARD);
    },
  },
  {
    name: "each of many clients has one close event",
    rows: ["3.close-once", "2.clients"],
    async run(stage) {
      const place = await serve(stage);
      const peers = [];
      for (let count = 0; count < 4; count += 1) peers.push((await join(stage, place, UNHEARD)).peer);
      for (const peer of [...peers.slice(2), ...peers.slice(0, 2)]) {
        await leave(stage, place, peer);
        await stage.turns();
        stage.say("clients", place.ws.clients);
      }
    },
  },
  {
    name: "a listener's rejected promise is reported by error, with the client",
    rows: ["3.rejection"],
    expected: [OPEN, 'server: error "<id 1>" <Error: "in open">', 'server: error "<id 1>" <Error: "in message">'],
    async run(stage) {
      const place = await serve(stage, { watch: ["error"] });
      place.ws.on("open", async () => {
        throw new Error("in open");
      });
      place.ws.on("message", async () => {
        throw new Error("in message");
      });
      const failed = stage.once(place.ws, "error");
      const { peer } = await join(stage, place, UNHEARD);
      await failed;
      const again = stage.once(place.ws, "error");
      peer.send({ payload: "x" });
      await again;
    },
  },
];
