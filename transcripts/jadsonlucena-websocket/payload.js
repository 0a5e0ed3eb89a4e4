import { BINARY, CLOSE, CONTINUATION, PONG } from "../kit/frames.js";
import { message, messages, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/frames.js").FrameInput} FrameInput */

const OPEN = 'server: open "<id 1>"';
const TOO_BIG = 'server: close "<id 1>" {code: 1009, message: "Message Too Big"}';

/** Messages that are larger than ten bytes.
 * @type {[string, FrameInput[]][]} */
const LARGE = [
  ["text", [{ payload: "x".repeat(11) }]],
  ["binary", [{ opcode: BINARY, payload: "x".repeat(11) }]],
  ["a long one", [{ opcode: BINARY, payload: "x".repeat(70_000) }]],
  [
    "fragments",
    [
      { opcode: BINARY, payload: "x".repeat(6), fin: false },
      { opcode: CONTINUATION, payload: "x".repeat(5) },
    ],
  ],
];

/** Headers of frames whose payload never comes.
 * @type {[string, FrameInput[]][]} */
const ANNOUNCED = [
  ["eleven bytes", [{ declaredLength: 11 }]],
  ["half a million", [{ opcode: BINARY, declaredLength: 500_000 }]],
  ["more than can be counted", [{ opcode: BINARY, declaredLength: 2n ** 62n }]],
  [
    "a last fragment",
    [
      { opcode: BINARY, payload: "x".repeat(6), fin: false },
      { opcode: CONTINUATION, declaredLength: 5 },
    ],
  ],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...LARGE.map(([what, inputs]) => ({
    name: `the event for more than maxPayload: ${what}`,
    rows: ["3.too-big", "8.max-payload-total"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { options: { maxPayload: 10 } }, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.peer.send(...inputs);
      await closed;
    },
  })),
  ...ANNOUNCED.map(([what, inputs]) => ({
    name: `more than maxPayload is refused before it has come: ${what}`,
    rows: ["8.max-payload-announced", "8.close-codes-sent", "3.too-big", "8.cut"],
    expected: [OPEN, TOO_BIG, "main: Close frame with 1009"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { options: { maxPayload: 10 } }, UNHEARD);
      place.peer.send(...inputs);
      const frame = await place.peer.frame();
      stage.say(frame?.opcode === CLOSE ? `Close frame with ${frame.payload.readUInt16BE(0)}` : "no Close frame");
      await place.peer.over();
      await stage.turns();
    },
  })),
  {
    name: "exactly maxPayload is allowed, in one frame and in fragments",
    rows: ["8.max-payload-total"],
    async run(stage) {
      const place = await serverEnd(stage, { options: { maxPayload: 10 } });
      const heard = messages(place, 3);
      place.peer.send(
        { payload: "x".repeat(10) },
        { opcode: BINARY, payload: "x".repeat(10) },
        { opcode: BINARY, payload: "x".repeat(6), fin: false },
        { opcode: CONTINUATION, payload: "x".repeat(4) },
      );
      await heard;
    },
  },
  {
    name: "control frames do not count",
    rows: ["8.max-payload-total"],
    expected: [OPEN, 'server: message "<id 1>" "fits"', 'server: message "<id 1>" Buffer<10: 78787878787878787878>'],
    async run(stage) {
      const place = await serverEnd(stage, { options: { maxPayload: 10 } });
      const heard = messages(place, 2);
      place.peer.send(
        { opcode: PONG, payload: "x".repeat(100) },
        { payload: "fits" },
        { opcode: BINARY, payload: "x".repeat(6), fin: false },
        { opcode: PONG, payload: "x".repeat(100) },
        { opcode: CONTINUATION, payload: "x".repeat(4) },
      );
      await heard;
    },
  },
  {
    name: "another maxPayload holds at once for clients that are there",
    rows: ["2.live", "3.too-big"],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      for (const most of [20, 30]) {
        place.ws.maxPayload = most;
        const heard = message(stage, place);
        place.peer.send({ payload: "x".repeat(most) });
        await heard;
      }
      place.ws.maxPayload = 5;
      const closed = stage.once(place.ws, "close");
      place.peer.send({ payload: "too long" });
      await closed;
    },
  },
  {
    name: "the default of maxPayload",
    rows: ["2.defaults", "8.max-payload-announced"],
    expected: [OPEN, TOO_BIG],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.peer.send({ opcode: BINARY, declaredLength: 131_072 * 20 + 1 });
      await closed;
    },
  },
  ...[0, -1].map((maxPayload) => ({
    name: `a maxPayload of ${maxPayload} is none`,
    rows: ["8.max-payload-none"],
    // The original copies what it has at each segment
    timeLimitMs: 20_000,
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { options: { maxPayload } }, UNHEARD);
      const heard = message(stage, place);
      place.peer.send({ opcode: BINARY, payload: Buffer.alloc(2_700_000, 5) });
      await heard;
    },
  })),
  {
    name: "sent messages are not limited by maxPayload",
    rows: ["6.send", "8.max-payload-total"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage, { options: { maxPayload: 10 } });
      ws.send(id, "x".repeat(1000));
      await peer.frame();
    },
  },
];
