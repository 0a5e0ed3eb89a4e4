/**
 * Frames as bytes (RFC 6455 §5.2), written and read by this suite itself: what the libraries under test do is not taken
 * for right. Allows what the RFC forbids, so that scenarios can break its rules.
 */
import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import { formatBytes } from "./format.js";

/** @typedef {{ fin: boolean, rsv: number, opcode: number, masked: boolean, payload: Buffer }} Frame */

/** What to write: everything but the payload has a default, a final frame without RSV bits.
 * `lengthForm`: bytes of the extended length (0, 2 or 8), `declaredLength`: what the header says instead of the truth.
 * @typedef {{
 *   opcode?: number, payload?: string | Uint8Array, fin?: boolean, rsv?: number, mask?: boolean,
 *   lengthForm?: 0 | 2 | 8, declaredLength?: number | bigint
 * }} FrameInput */

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const NAMES = new Map([
  [CONTINUATION, "continuation"],
  [TEXT, "text"],
  [BINARY, "binary"],
  [CLOSE, "close"],
  [PING, "ping"],
  [PONG, "pong"],
]);

/** @param {FrameInput} input
 * @returns {Buffer} */
export function encodeFrame(input) {
  const payload = Buffer.from(/** @type {Uint8Array} */ (input.payload ?? ""));
  const declared = BigInt(input.declaredLength ?? payload.length);
  const form = input.lengthForm ?? (declared < 126n ? 0 : declared < 65_536n ? 2 : 8);
  const head = Buffer.alloc(2 + form);
  head[0] = ((input.fin ?? true) ? 0x80 : 0) | ((input.rsv ?? 0) << 4) | (input.opcode ?? TEXT);
  const maskBit = input.mask === true ? 0x80 : 0;
  head[1] = maskBit | (form === 0 ? Number(declared) : form === 2 ? 126 : 127);
  if (form === 2) head.writeUInt16BE(Number(declared), 2);
  if (form === 8) head.writeBigUInt64BE(declared, 2);
  if (input.mask !== true) return Buffer.concat([head, payload]);
  const key = randomBytes(4);
  return Buffer.concat([head, key, masked(payload, key)]);
}

/** The payload of a Close frame.
 * @param {number} code
 * @param {string} [reason] */
export function closePayload(code, reason = "") {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return Buffer.concat([bytes, Buffer.from(reason)]);
}

/** Cuts received bytes into frames. */
export class FrameDecoder {
  #bytes = Buffer.alloc(0);
  /** Chunks that came since, joined only when a frame can be complete. @type {Buffer[]} */
  #chunks = [];
  #size = 0;
  #wanted = 2;

  /** @param {Buffer} chunk
   * @returns {Frame[]} the frames that are complete now */
  push(chunk) {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted) return [];
    this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks]);
    this.#chunks = [];
    const frames = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    this.#size = this.#bytes.length;
    return frames;
  }

  /** Bytes of a frame that is not complete. */
  get restLength() {
    return this.#size;
  }

  /** @returns {Frame | undefined} */
  #next() {
    const bytes = this.#bytes;
    this.#wanted = 2;
    if (bytes.length < 2) return undefined;
    const first = bytes.readUInt8(0);
    const second = bytes.readUInt8(1);
    const short = second & 0x7f;
    const form = short === 126 ? 2 : short === 127 ? 8 : 0;
    const isMasked = (second & 0x80) !== 0;
    const headLength = 2 + form + (isMasked ? 4 : 0);
    this.#wanted = headLength;
    if (bytes.length < headLength) return undefined;
    const length = form === 0 ? short : form === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    this.#wanted = headLength + length;
    if (bytes.length < headLength + length) return undefined;
    const body = bytes.subarray(headLength, headLength + length);
    const payload = isMasked ? masked(body, bytes.subarray(headLength - 4, headLength)) : Buffer.from(body);
    this.#bytes = bytes.subarray(headLength + length);
    return { fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, opcode: first & 15, masked: isMasked, payload };
  }
}

/** One line for the transcript: "fin text masked 5 "Hello"".
 * @param {Frame} frame */
export function describeFrame(frame) {
  const words = [frame.fin ? "fin" : "more", NAMES.get(frame.opcode) ?? `opcode-${frame.opcode}`];
  if (frame.rsv !== 0) words.push(`rsv=${frame.rsv}`);
  if (frame.masked) words.push("masked");
  words.push(String(frame.payload.length), ...payloadWords(frame));
  return words.join(" ");
}

/** @param {Frame} frame
 * @returns {string[]} */
function payloadWords({ opcode, payload }) {
  if (payload.length === 0) return [];
  if (opcode === CLOSE && payload.length >= 2) {
    const reason = payload.subarray(2);
    const code = String(payload.readUInt16BE(0));
    return reason.length === 0 ? [code] : [code, textOrHex(reason)];
  }
  return [opcode === BINARY ? formatBytes(payload) : textOrHex(payload)];
}

/** @param {Buffer} bytes */
function textOrHex(bytes) {
  return bytes.length <= 125 && isUtf8(bytes) ? JSON.stringify(bytes.toString()) : formatBytes(bytes);
}

/** @param {Buffer} payload
 * @param {Buffer} key */
function masked(payload, key) {
  const bytes = Buffer.from(payload);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = (bytes[index] ?? 0) ^ (key[index % 4] ?? 0);
  return bytes;
}
