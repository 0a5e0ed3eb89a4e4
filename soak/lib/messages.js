/**
 * What the messages of a soak are. Each belongs to a stream (one sender's messages to one receiver, or to a topic) and has a number
 * in it. What kind it is of and how long follows from the seed, the stream and the number, so that the receiver knows what is to come.
 * From HEADER_BYTES on it begins with `kind stream number length checksum`, as text, so that whatever arrives tells what it was
 * meant to be; a shorter one is compared with what its number asks for.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { hashOf, Random } from "./random.js";

/** @typedef {"text" | "binary"} Kind */
/** @typedef {{ readonly kind: Kind, readonly length: number }} Plan */
/** What an identified message says of itself.
 * @typedef {{ readonly stream: string, readonly number: number }} Identity */

/** Of the names of streams: a letter and 8 hexadecimal digits. */
const STREAM_LENGTH = 9;
/** One character for the kind, the stream, and 8 hexadecimal digits each for number, length and checksum. */
export const HEADER_BYTES = 1 + STREAM_LENGTH + 3 * 8;
const CHECKED_BYTES = HEADER_BYTES - 8;
export const MAX_BYTES = 1 << 20;

/** Around the places where a frame's length is written otherwise, where compression begins, where buffers end. */
const EDGES = [
  ...[0, 1, 2, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, 124, 125, 126, 127, 128, 1_023, 1_024, 1_025, 4_095],
  ...[4_096, 4_097, 16_383, 16_384, 16_385, 65_534, 65_535, 65_536, 65_537],
];
const LARGE = [131_072, 262_144, 524_288, MAX_BYTES - 1, MAX_BYTES];

/** @param {"u" | "d" | "t" | "p"} letter up and down: a client's and the server's messages of one connection; a topic's;
 *   those prepared for many
 * @param {number} number
 * @returns {string} */
export function streamName(letter, number) {
  return letter + number.toString(16).padStart(STREAM_LENGTH - 1, "0");
}

/** Whether messages may be too short for a header: only where nothing else could be meant.
 * @param {string} stream */
function mayBeShort(stream) {
  return stream.startsWith("u") || stream.startsWith("d");
}

/** @param {number} seed
 * @param {string} stream
 * @param {number} number
 * @returns {Plan} */
export function planOf(seed, stream, number) {
  const random = new Random(seed, stream, number);
  const kind = random.chance(0.5) ? "text" : "binary";
  const length = planLength(random);
  if (mayBeShort(stream)) return { kind, length };
  // What is published waits for the slowest reader, as often as there are subscribers
  return { kind, length: Math.max(HEADER_BYTES, length > 65_537 ? length >> 5 : length) };
}

/** @param {Random} random
 * @returns {number} */
function planLength(random) {
  switch (random.share({ small: 60, edge: 25, any: 14, large: 1 })) {
    case "small":
      return random.below(256);
    case "edge":
      return random.pick(EDGES);
    case "any":
      return Math.floor(2 ** (6 + (10 * random.below(1_000)) / 1_000));
    case "large":
      return random.pick(LARGE);
  }
}

/** @param {number} seed
 * @param {string} stream
 * @param {number} number
 * @param {Plan} [plan]
 * @returns {Buffer} the message's bytes, its own */
export function makeMessage(seed, stream, number, { kind, length } = planOf(seed, stream, number)) {
  if (length < HEADER_BYTES) return shortMessage(seed, stream, number, length);
  const bytes = Buffer.allocUnsafe(length);
  const fields = [number, length].map((field) => field.toString(16).padStart(8, "0"));
  bytes.write((kind === "text" ? "T" : "B") + stream + fields.join(""), 0, "latin1");
  fillBody(bytes, kind, hashOf(seed, stream, number, "body"));
  bytes.write(checksumOf(bytes), CHECKED_BYTES, "latin1");
  return bytes;
}

/** @param {number} seed
 * @param {string} stream
 * @param {number} number
 * @param {number} length below HEADER_BYTES
 * @returns {Buffer} */
export function shortMessage(seed, stream, number, length) {
  const digits = createHash("sha1").update(`${seed}/${stream}/${number}`).digest("hex");
  return Buffer.from(digits.slice(0, length), "latin1");
}

/** @param {Kind} kind as which it arrived
 * @param {Buffer} bytes HEADER_BYTES or more
 * @returns {Identity | undefined} undefined where anything is not as it was sent */
export function identify(kind, bytes) {
  const header = bytes.toString("latin1", 0, HEADER_BYTES);
  if (header[0] !== (kind === "text" ? "T" : "B")) return undefined;
  const fields = header.slice(1 + STREAM_LENGTH);
  if (Number.parseInt(fields.slice(8, 16), 16) !== bytes.length) return undefined;
  if (fields.slice(16) !== checksumOf(bytes)) return undefined;
  return { stream: header.slice(1, 1 + STREAM_LENGTH), number: Number.parseInt(fields.slice(0, 8), 16) };
}

/** @param {Buffer} bytes
 * @returns {string} */
function checksumOf(bytes) {
  const body = crc32(bytes.subarray(HEADER_BYTES), crc32(bytes.subarray(0, CHECKED_BYTES)));
  return body.toString(16).padStart(8, "0");
}

/** What bodies are cut out of: text that compresses, with characters of one to four bytes, and noise that does not. */
const pool = { text: makeText(), binary: makeNoise() };

/** @param {Buffer} bytes
 * @param {Kind} kind
 * @param {number} choice */
function fillBody(bytes, kind, choice) {
  const length = bytes.length - HEADER_BYTES;
  // Every other binary message compresses as well
  const source = kind === "binary" && choice % 2 === 0 ? pool.binary : pool.text;
  let start = choice % (source.length - length);
  if (kind === "text") start = characterAt(source, start);
  const end = kind === "text" ? characterAt(source, start + length) : start + length;
  source.copy(bytes, HEADER_BYTES, start, end);
  bytes.fill("x", HEADER_BYTES + end - start);
}

/** @param {Buffer} text
 * @param {number} at
 * @returns {number} where the character begins that has this byte */
function characterAt(text, at) {
  let start = at;
  while (start > 0 && start < text.length && ((text[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
}

/** @returns {Buffer} */
function makeText() {
  const random = new Random("text");
  const words = [
    "the ",
    "soak ",
    "größe ",
    "μήνυμα ",
    "メッセージ ",
    '{"id":',
    "🚰 ",
    "0",
    ",",
    "\u{1f469}\u200d\u{1f680}",
  ];
  const parts = [];
  for (let bytes = 0; bytes < 2 * MAX_BYTES; ) {
    const part = random.chance(0.3) ? random.next().toString(36) : random.pick(words);
    parts.push(part);
    bytes += Buffer.byteLength(part);
  }
  return Buffer.from(parts.join(""));
}

/** @returns {Buffer} */
function makeNoise() {
  const random = new Random("noise");
  const noise = Buffer.allocUnsafe(2 * MAX_BYTES);
  for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE(random.next(), at);
  return noise;
}
