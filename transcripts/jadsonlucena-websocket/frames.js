import { BINARY, CLOSE, closePayload, CONTINUATION, encodeFrame, PING, PONG, TEXT } from "../kit/frames.js";
import { format } from "../kit/format.js";
import { join, message, messages, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/frames.js").FrameInput} FrameInput */

const OPEN = 'server: open "<id 1>"';

/** Frames that the original refuses as well.
 * @type {[string, FrameInput[]][]} */
const BAD = [
  ["unmasked text", [{ payload: "x", mask: false }]],
  ["an unmasked ping", [{ opcode: PING, mask: false }]],
  ...[3, 7, 11, 15].map(
    (opcode) => /** @type {[string, FrameInput[]]} */ ([`opcode ${opcode}`, [{ opcode, payload: "x" }]]),
  ),
  ["a ping of 126 bytes", [{ opcode: PING, payload: "x".repeat(126) }]],
  ["a pong of 200 bytes", [{ opcode: PONG, payload: "x".repeat(200) }]],
];

/** Frames that only RFC 6455 refuses.
 * @type {[string, FrameInput[]][]} */
const UNNOTICED = [
  ...[4, 2, 1].map((rsv) => /** @type {[string, FrameInput[]]} */ ([`RSV bits ${rsv}`, [{ rsv, payload: "x" }]])),
  ["a ping with RSV1", [{ opcode: PING, rsv: 4 }]],
  ["a fragmented ping", [{ opcode: PING, fin: false }]],
  ["a continuation without a start", [{ opcode: CONTINUATION, payload: "x" }]],
  ["text inside a fragmented message", [{ payload: "x", fin: false }, { payload: "y" }]],
  [
    "binary inside a fragmented message",
    [
      { payload: "x", fin: false },
      { opcode: BINARY, payload: "y" },
    ],
  ],
  ["text that is no UTF-8", [{ payload: Buffer.from([0xc3, 0x28]) }]],
  ["a surrogate as UTF-8", [{ payload: Buffer.from([0xed, 0xa0, 0x80]) }]],
  ["text that ends in a character", [{ payload: Buffer.from([0xe2, 0x98]) }]],
  [
    "fragmented text that is no UTF-8",
    [
      { payload: Buffer.from([0xe2]), fin: false },
      { opcode: CONTINUATION, payload: "x" },
    ],
  ],
  ["a Close frame of one byte", [{ opcode: CLOSE, payload: "x" }]],
  ["a Close frame with 1005", [{ opcode: CLOSE, payload: closePayload(1005) }]],
  ["a Close frame of 126 bytes", [{ opcode: CLOSE, payload: closePayload(1000, "x".repeat(124)) }]],
  [
    "a Close frame whose reason is no UTF-8",
    [{ opcode: CLOSE, payload: Buffer.concat([closePayload(1000), Buffer.from([0xff])]) }],
  ],
];

/** Messages in fragments.
 * @type {[string, FrameInput[]][]} */
const FRAGMENTED = [
  [
    "two",
    [
      { opcode: BINARY, payload: "he", fin: false },
      { opcode: CONTINUATION, payload: "llo" },
    ],
  ],
  [
    "with empty ones",
    [
      { opcode: BINARY, fin: false },
      { opcode: CONTINUATION, payload: "x", fin: false },
      { opcode: CONTINUATION, fin: false },
      { opcode: CONTINUATION },
    ],
  ],
  [
    "with a pong between",
    [
      { opcode: BINARY, payload: "he", fin: false },
      { opcode: PONG, payload: "between" },
      { opcode: CONTINUATION, payload: "llo" },
    ],
  ],
];

const TEXT_AND_BYTES = [
  { payload: "grüße ☃" },
  { opcode: PONG, payload: "pong" },
  { opcode: BINARY, payload: "x".repeat(126) },
  { payload: "ü", fin: false },
  { opcode: CONTINUATION, payload: "ber" },
  { payload: "" },
];
const HEARD = [
  OPEN,
  'server: message "<id 1>" "grüße ☃"',
  `server: message "<id 1>" ${format(Buffer.from("x".repeat(126)))}`,
  'server: message "<id 1>" "über"',
  'server: message "<id 1>" ""',
];

/** The bytes of frames.
 * @param {readonly FrameInput[]} inputs */
const bytesOf = (inputs) => Buffer.concat(inputs.map((input) => encodeFrame({ mask: true, ...input })));

/** Write bytes, and see that they have been read alone.
 * @param {Stage} stage
 * @param {Awaited<ReturnType<typeof serverEnd>>} place
 * @param {Buffer} bytes */
async function writePiece(stage, { ws, id, peer }, bytes) {
  const whole = ws.bytesRead(id) + bytes.length;
  peer.write(bytes);
  while (ws.clients.includes(id) && ws.bytesRead(id) < whole) await stage.turns(1);
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...BAD.map(([what, inputs]) => ({
    name: `the event for a bad frame: ${what}`,
    rows: ["3.bad-frame", "3.close-shape"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.peer.send(...inputs);
      await closed;
      await place.peer.over();
    },
  })),
  ...[...BAD, ...UNNOTICED].map(([what, inputs]) => ({
    name: `a bad frame ends the connection, also on the wire: ${what}`,
    rows: [
      "3.bad-frame",
      "3.bad-sequence",
      "8.close-codes-sent",
      "3.close-once",
      "3.clients-in-close",
      "9.not-offered",
    ],
    expected: [
      OPEN,
      'server: message "<id 1>" "before"',
      'server: close "<id 1>" {code: 1003, message: "Unacceptable Data Type"}',
      "server: clients []",
      "main: Close frame with 1003",
      'server: open "<id 2>"',
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { watch: ["message"] }, UNHEARD);
      place.ws.on("close", () => place.say("clients", place.ws.clients));
      place.peer.send({ payload: "before" }, ...inputs, { payload: "after" });
      const frame = await place.peer.frame();
      stage.say(frame?.opcode === CLOSE ? `Close frame with ${frame.payload.readUInt16BE(0)}` : "no Close frame");
      await place.peer.over();
      await stage.turns();
      await join(stage, place, UNHEARD);
    },
  })),
  ...FRAGMENTED.map(([what, inputs]) => ({
    name: `a binary message in fragments: ${what}`,
    rows: ["8.fragments", "3.message"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage);
      const heard = message(stage, place);
      place.peer.send(...inputs);
      await heard;
    },
  })),
  ...["utf8", "hex"].map((encoding) => ({
    name: `a fragmented text is a string, in ${encoding}`,
    rows: ["3.fragmented-text", "6.received-encoding"],
    expected: [
      OPEN,
      `server: message "<id 1>" ${JSON.stringify(Buffer.from("grüße ☃").toString(/** @type {any} */ (encoding)))}`,
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { options: { encoding } });
      const heard = message(stage, place);
      const bytes = Buffer.from("grüße ☃");
      place.peer.send(
        { opcode: TEXT, payload: bytes.subarray(0, 3), fin: false },
        { opcode: CONTINUATION, payload: bytes.subarray(3, 10), fin: false },
        { opcode: CONTINUATION, payload: bytes.subarray(10) },
      );
      await heard;
    },
  })),
  {
    name: "a ping between fragments is answered",
    rows: ["8.fragments", "7.pings-of-peer", "3.fragmented-text"],
    expected: [OPEN, 'client: got fin pong 7 "between"', 'server: message "<id 1>" "hello"'],
    async run(stage) {
      const place = await serverEnd(stage);
      const heard = message(stage, place);
      place.peer.send({ payload: "he", fin: false }, { opcode: PING, payload: "between" });
      await place.peer.frame();
      place.peer.send({ opcode: CONTINUATION, payload: "llo" });
      await heard;
    },
  },
  {
    name: "several messages in one segment",
    rows: ["8.shared-segment", "3.message"],
    async run(stage) {
      const place = await serverEnd(stage);
      const heard = messages(place, 5);
      place.peer.send(
        { payload: "one" },
        { opcode: BINARY, payload: "two" },
        { payload: "" },
        { payload: "four".repeat(100) },
        { payload: "five" },
      );
      await heard;
    },
  },
  {
    name: "frames that come byte by byte",
    rows: ["8.cut", "3.fragmented-text"],
    expected: HEARD,
    async run(stage) {
      const place = await serverEnd(stage);
      place.peer.socket.setNoDelay(true);
      const heard = messages(place, 4);
      for (const byte of bytesOf(TEXT_AND_BYTES)) await writePiece(stage, place, Buffer.from([byte]));
      await heard;
    },
  },
  {
    name: "frames that are cut in two, at each place",
    rows: ["8.cut"],
    expected: [OPEN, "main: heard at each cut true"],
    async run(stage) {
      const inputs = [{ payload: "one" }, { opcode: BINARY, payload: "x".repeat(126) }, { payload: "" }];
      const place = await serverEnd(stage, { watch: [] });
      place.peer.socket.setNoDelay(true);
      let isRight = true;
      const { length } = bytesOf(inputs);
      for (let cut = 1; cut < length; cut += 1) {
        const bytes = bytesOf(inputs);
        /** @type {number[]} */
        const lengths = [];
        place.ws.on("message", (/** @type {string} */ _id, /** @type {any} */ data) => lengths.push(data.length));
        const heard = messages(place, 3);
        await writePiece(stage, place, bytes.subarray(0, cut));
        place.peer.write(bytes.subarray(cut));
        await heard;
        place.ws.removeAllListeners("message");
        isRight &&= lengths.join() === "3,126,0";
      }
      stage.say("heard at each cut", isRight);
    },
  },
];
