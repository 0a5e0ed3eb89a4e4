/**
 * Writes inputs to begin with into a folder for each target: the conformance cases' frames as an endpoint of either role receives
 * them, requests, and compressed messages. `run.js --keep` takes those into the corpus that reach something.
 * In: the folder. Out: files.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { deflateRawSync } from "node:zlib";

/** @typedef {string | { repeat: string, length: number }} Payload hex */
/** @typedef {{ op: string, fin?: boolean, rsv?: number, opcode?: number, length?: number, payload?: Payload }} Step */

const MOST_BYTES = 500;
const KEYS = [0, 0x37fa213d];
const SYNC_FLUSH = 2;
const EMPTY = Buffer.alloc(0);
/** What the target "handshake" reads: its number, how many choices come first, and how many fields there are.
 * @type {readonly (readonly [number, number, number])[]} */
const HANDSHAKES = [
  [0, 2, 8],
  [1, 4, 5],
  [2, 1, 8],
  [3, 9, 4],
];

/** @param {string} folder */
export function writeSeeds(folder) {
  const cases = path.join(import.meta.dirname, "../conformance/data/cases.json");
  /** @type {{ cases: { id: string, steps: Step[] }[] }} */
  const data = JSON.parse(readFileSync(cases, "utf8"));
  for (const { id, steps } of data.cases) {
    for (const [index, key] of [undefined, ...KEYS].entries()) {
      const stream = Buffer.concat(steps.map((step) => bytesOf(step, key)));
      if (stream.length > MOST_BYTES) continue;
      const role = key === undefined ? 1 : 0;
      const reception = (id.length + index) % 4;
      write(folder, "engine", `${id}-${index}`, [role | (reception << 1), 0, 0, index * 50], stream);
      write(folder, "differential", `${id}-${index}`, [role], stream);
    }
  }
  writeHandshakes(folder);
  writeCompressed(folder);
}

/** @param {Step} step
 * @param {number | undefined} key
 * @returns {Buffer} */
function bytesOf({ op, fin = true, rsv = 0, opcode = 1, length, payload }, key) {
  const bytes = payloadOf(payload);
  if (op === "data") return bytes;
  if (op !== "frame" && op !== "begin") return Buffer.alloc(0);
  const size = length ?? bytes.length;
  const maskBit = key === undefined ? 0 : 0x80;
  const header = size < 126 ? Buffer.alloc(2) : size < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] = maskBit | (size < 126 ? size : size < 65_536 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(size, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(size), 2);
  if (key === undefined) return Buffer.concat([header, bytes]);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(key);
  return Buffer.concat([header, octets, bytes.map((byte, index) => byte ^ (octets[index % 4] ?? 0))]);
}

/** @param {Payload} [payload] */
function payloadOf(payload = "") {
  if (typeof payload === "string") return Buffer.from(payload, "hex");
  const unit = Buffer.from(payload.repeat, "hex");
  return Buffer.alloc(Math.min(payload.length, MOST_BYTES + 1), unit);
}

/** @param {string} folder */
function writeHandshakes(folder) {
  const fields = ["Host: example.com", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
  const head = ["GET /chat HTTP/1.1", ...fields, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "rest"].join(
    "\r\n",
  );
  for (const seed of [0, 3, 5]) write(folder, "head", `request-${seed}`, [0, seed], Buffer.from(head));
  write(folder, "head", "bound", [1, 0], Buffer.from(`GET / HTTP/1.1\r\nA: ${"b".repeat(21)}\r\n\r\n`));
  write(folder, "head", "folded", [0, 1], Buffer.from("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"));
  for (const [kind, before, fields] of HANDSHAKES) writeFates(folder, kind, before, fields);
  for (const unit of ["a", ", ", "a;", "a=", '"\\a', "a,b", " ", "\t", "a: b\r\n", "x; y=z, "]) {
    write(folder, "linear", Buffer.from(unit).toString("hex"), [], Buffer.from(unit));
  }
}

/** Fields that are all right but one, with each fate that `field-maker` knows, and each odd field beside them.
 * @param {string} folder
 * @param {number} kind
 * @param {number} before how many choices stand before the fields
 * @param {number} count of fields */
function writeFates(folder, kind, before, count) {
  const right = Array.from({ length: before + count }, () => 0);
  for (let odd = 0; odd < 8; odd++)
    write(folder, "handshake", `${kind}-odd-${odd}`, [kind, ...right, 0, 128 + odd], EMPTY);
  for (let at = before; at < before + count; at++) {
    for (let fate = 0; fate < 10; fate++) {
      const rest = [...right.slice(0, at), 180 + fate, 1 + (at % 3), 2, 0x2c, 0x61];
      write(folder, "handshake", `${kind}-${at}-${fate}`, [kind, ...rest], EMPTY);
    }
  }
}

/** @param {string} folder */
function writeCompressed(folder) {
  const text = Buffer.from("a text, a text again, and once more a text");
  const flushed = deflateRawSync(text, { finishFlush: SYNC_FLUSH }).subarray(0, -4);
  const ended = deflateRawSync(text);
  const stored = deflateRawSync(text, { level: 0 });
  const bomb = deflateRawSync(Buffer.alloc(90_000), { finishFlush: SYNC_FLUSH }).subarray(0, -4);
  const referring = deflateRawSync(text, { dictionary: text, finishFlush: SYNC_FLUSH }).subarray(0, -4);
  const messages = [
    [flushed, referring],
    [ended, referring],
    [stored],
    [bomb],
    [Buffer.concat([ended, ended]), flushed],
    [text],
  ];
  for (const [index, list] of messages.entries()) {
    const stream = Buffer.concat(list.flatMap((message) => [Buffer.of(message.length), message]));
    for (const flags of [0, 3, 4, 8, 11]) write(folder, "inflate", `${index}-${flags}`, [flags, index % 4, 7], stream);
    const frames = Buffer.concat(list.flatMap((message) => [Buffer.of(0xc1, message.length), message]));
    if (list.some((message) => message.length > 125)) continue;
    write(folder, "engine", `deflate-${index}`, [17, 0, 0, 7], frames);
    write(folder, "differential", `deflate-${index}`, [3], frames);
  }
}

/** @param {string} folder
 * @param {string} target
 * @param {string} name
 * @param {readonly number[]} choices
 * @param {Buffer} rest */
function write(folder, target, name, choices, rest) {
  const place = path.join(folder, target);
  mkdirSync(place, { recursive: true });
  writeFileSync(path.join(place, `seed-${name}`), Buffer.concat([Buffer.from(choices), rest]));
}
