/** Frames in DATA, however they are cut. @see RFC 8441 §5, RFC 6455 §5, RFC 9113 §6.1 */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { FLAG, TYPE } from "../wire/http2-frames.js";
import { expect, Mismatch, NotOffered } from "../wire/mismatch.js";
import { frameOf, OPCODE, textFrame } from "../wire/tunnel.js";

/** @typedef {import("../play/play-case.js").PlayedCase} PlayedCase */
/** @typedef {import("../play/peer.js").Peer} Peer */

const ECHO = "the same back";
const TEXT = "Grüße — 世界";

/** @typedef {(readonly [octets: Buffer, form?: { padding?: number }])[]} Writes */

/** What is written to a WebSocket, and the texts that have to come back.
 * @type {(Pick<PlayedCase, "section" | "title" | "sent"> & { writes: Writes, texts: string[] })[]} */
const writings = [
  {
    ...{ section: "6455 §5.6", title: "a text", sent: "one text in one DATA frame" },
    ...{ writes: [[textFrame(TEXT)]], texts: [TEXT] },
  },
  {
    ...{ section: "6455 §5.6", title: "an empty text", sent: "a text without an octet, then another one" },
    ...{ writes: [[textFrame("")], [textFrame("x")]], texts: ["", "x"] },
  },
  {
    ...{ section: "8441 §5", title: "a frame cut anywhere", sent: "one text, each octet in a DATA frame of its own" },
    ...{ writes: cut(textFrame(TEXT), 1), texts: [TEXT] },
  },
  {
    ...{
      section: "8441 §5",
      title: "a frame cut inside its header and characters",
      sent: "a text of 300 octets in pieces of 3",
    },
    ...{ writes: cut(textFrame("é".repeat(150)), 3), texts: ["é".repeat(150)] },
  },
  {
    ...{ section: "8441 §5", title: "several frames in one DATA frame", sent: "three texts in one DATA frame" },
    ...{ writes: [[Buffer.concat(["1", "2", "3"].map(textFrame))]], texts: ["1", "2", "3"] },
  },
  {
    ...{ section: "8441 §5", title: "the end of one frame and the beginning of the next together" },
    ...{ sent: "ten texts in DATA frames of 7 octets" },
    ...{ writes: cut(Buffer.concat("0123456789".split("").map(textFrame)), 7), texts: "0123456789".split("") },
  },
  {
    ...{
      section: "9113 §6.1",
      title: "empty DATA frames",
      sent: "DATA frames without an octet before, inside and behind a text",
    },
    writes: emptyBetween(textFrame(TEXT)),
    texts: [TEXT],
  },
  {
    ...{ section: "9113 §6.1", title: "padding", sent: "a text in DATA frames with 0, 1 and 255 octets of padding" },
    writes: [0, 1, 255].map((padding) => [textFrame(`padded ${padding}`), { padding }]),
    texts: ["padded 0", "padded 1", "padded 255"],
  },
  {
    ...{
      section: "9113 §6.1",
      title: "padding and nothing else",
      sent: "a DATA frame of 100 octets of padding inside a text",
    },
    ...{ writes: paddingInside(textFrame(TEXT)), texts: [TEXT] },
  },
  {
    ...{
      section: "6455 §5.4",
      title: "fragments",
      sent: "a text in three fragments that cut characters, in three DATA frames",
    },
    ...{ writes: fragments(TEXT).map((one) => [one]), texts: [TEXT] },
  },
  {
    ...{ section: "6455 §5.4", title: "fragments in one DATA frame", sent: "the same in one DATA frame" },
    ...{ writes: [[Buffer.concat(fragments(TEXT))]], texts: [TEXT] },
  },
];

/** @type {PlayedCase[]} */
const played = [
  {
    ...{ id: "6455-5.6.1", section: "6455 §5.6", title: "binary" },
    ...{ sent: "all 256 octets as a binary message", expected: ECHO },
    async play(peer) {
      const tunnel = await peer.open();
      const octets = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await tunnel.write(frameOf(OPCODE.binary, octets));
      const { opcode, payload } = await tunnel.message();
      expect(opcode === OPCODE.binary && payload.equals(octets), `opcode ${opcode}, ${payload.length} octets`);
    },
  },
  {
    ...{ id: "6455-5.5.2.1", section: "6455 §5.5.2", title: "ping" },
    ...{ sent: "a ping with a payload", expected: "a pong with the same payload" },
    play: async (peer) => pong(await peer.open(), frameOf(OPCODE.ping, "are you there"), "are you there"),
  },
  {
    ...{ id: "6455-5.5.2.2", section: "6455 §5.5.2", title: "ping between fragments" },
    ...{ sent: "a ping between two fragments", expected: "a pong, then the message" },
    async play(peer) {
      const tunnel = await peer.open();
      await tunnel.write(frameOf(OPCODE.text, "one ", { fin: false }));
      await pong(tunnel, frameOf(OPCODE.ping, "now"), "now");
      await tunnel.write(frameOf(OPCODE.continuation, "two"));
      await tunnel.expectText("one two");
    },
  },
  {
    ...{ id: "6455-5.5.3.1", section: "6455 §5.5.3", title: "a pong that nobody asked for" },
    ...{ sent: "a pong, then a text", expected: "the text back" },
    async play(peer) {
      const tunnel = await peer.open();
      await tunnel.write(frameOf(OPCODE.pong, "unasked"));
      await tunnel.echo("hello");
    },
  },
  {
    ...{ id: "7692-7.2.1", section: "7692 §7.2", title: "a compressed message" },
    ...{ sent: "a text of 2,000 octets, compressed, where permessage-deflate is agreed on", expected: ECHO },
    play: playCompressed,
  },
  {
    ...{ id: "9113-5.5.1", section: "9113 §5.5", title: "an unknown type of frame is ignored" },
    ...{ sent: "a frame of type 0xfa on stream 0, while a WebSocket is open", expected: "an echo afterwards" },
    async play(peer) {
      const tunnel = await peer.open();
      tunnel.connection.send(0xfa, 0, 0, Buffer.from("?"));
      await tunnel.echo("hello");
    },
  },
  {
    ...{ id: "9113-6.3.1", section: "9113 §6.3", title: "PRIORITY on the stream of a WebSocket" },
    ...{ sent: "PRIORITY, while a WebSocket is open", expected: "an echo afterwards" },
    async play(peer) {
      const tunnel = await peer.open();
      tunnel.connection.send(TYPE.priority, 0, tunnel.stream.id, Buffer.from([0, 0, 0, 0, 15]));
      await tunnel.echo("hello");
    },
  },
  {
    ...{ id: "9113-6.1.R1", section: "9113 §6.1", title: "padding longer than its frame" },
    ...{ sent: "DATA of 4 octets with a padding of 200", expected: "a connection error; others are still served" },
    async play(peer) {
      const { connection, stream } = await peer.open();
      connection.send(TYPE.data, FLAG.padded, stream.id, Buffer.from([200, 0, 0, 0]));
      await connection.until("a connection error", () => connection.failed);
      await peer.expectAlive();
    },
  },
];

/** @type {PlayedCase[]} */
export const dataCases = [
  ...writings.map(({ writes, texts, ...one }, index) => ({
    ...one,
    id: `8441-5.D${index + 1}`,
    expected: ECHO,
    play: (/** @type {Peer} */ peer) => playWriting(peer, writes, texts),
  })),
  ...played,
];

/** @param {Peer} peer
 * @param {Writes} writes
 * @param {string[]} texts */
async function playWriting(peer, writes, texts) {
  const tunnel = await peer.open();
  for (const [octets, form] of writes) await tunnel.write(octets, form);
  for (const text of texts) await tunnel.expectText(text);
}

/** @param {Peer} peer */
async function playCompressed(peer) {
  const tunnel = await peer.open(undefined, {
    add: [["sec-websocket-extensions", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"]],
  });
  if (tunnel.stream.valueOf("sec-websocket-extensions") === undefined) throw new NotOffered("no permessage-deflate");
  const text = "compress me ".repeat(166);
  // RFC 7692 §7.2.3.4: a DEFLATE stream that has ended gets an octet of zeros, and nothing is cut off
  const compressed = Buffer.concat([deflateRawSync(text), Buffer.from([0])]);
  await tunnel.write(frameOf(OPCODE.text, compressed, { rsv: 4 }));
  const { rsv, payload } = await tunnel.message();
  const back = rsv === 4 ? inflated(payload) : payload;
  expect(back.toString() === text, `a message of ${back.length} octets with RSV ${rsv}`);
}

/** @param {Buffer} payload
 * @see RFC 7692 §7.2.2 */
function inflated(payload) {
  try {
    const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
    return inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw new Mismatch(`a message that cannot be inflated: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {import("../wire/tunnel.js").Tunnel} tunnel
 * @param {Buffer} ping
 * @param {string} wanted */
async function pong(tunnel, ping, wanted) {
  await tunnel.write(ping);
  const { opcode, payload } = await tunnel.frame("a pong");
  expect(opcode === OPCODE.pong && payload.toString() === wanted, `opcode ${opcode} with "${payload}"`);
}

/** @param {Buffer} octets
 * @param {number} length
 * @returns {[octets: Buffer][]} */
function cut(octets, length) {
  return Array.from({ length: Math.ceil(octets.length / length) }, (_, index) => [
    octets.subarray(index * length, (index + 1) * length),
  ]);
}

/** @param {Buffer} frame
 * @returns {Writes} */
function emptyBetween(frame) {
  return [
    [Buffer.alloc(0)],
    ...cut(frame, 9)
      .flatMap(([piece]) => [piece, Buffer.alloc(0)])
      .map(alone),
  ];
}

/** @param {Buffer} octets
 * @returns {[octets: Buffer]} */
function alone(octets) {
  return [octets];
}

/** @param {Buffer} frame
 * @returns {Writes} */
function paddingInside(frame) {
  return [[frame.subarray(0, 5)], [Buffer.alloc(0), { padding: 100 }], [frame.subarray(5)]];
}

/** @param {string} text of 4 octets or more */
function fragments(text) {
  const octets = Buffer.from(text);
  return [
    frameOf(OPCODE.text, octets.subarray(0, 3), { fin: false }),
    frameOf(OPCODE.continuation, octets.subarray(3, octets.length - 1), { fin: false }),
    frameOf(OPCODE.continuation, octets.subarray(octets.length - 1)),
  ];
}
