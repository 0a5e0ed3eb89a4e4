/** Compressed messages as an attacker makes them (RFC 7692). */
import { constants, deflateRawSync } from "node:zlib";
import { frame, opcode } from "./frames.js";

const MIB = 1 << 20;
/** What the sender of a message leaves away (§7.2.1). */
const TAIL_BYTES = 4;

/** Whole blocks of about 1,040 bytes that become 1 MiB of zeros. */
const EXPLOSIVE = deflateRawSync(Buffer.alloc(MIB), { finishFlush: constants.Z_FULL_FLUSH, level: 9 });

/** A block that ends the data, and has nothing in it (RFC 1951 §3.2.3). */
export const EMPTY_FINAL = Buffer.from([0x03, 0x00]);
/** A stored block with nothing in it (§3.2.4). */
export const EMPTY_STORED = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);
/** An empty message (RFC 7692 §7.2.3.6). */
export const EMPTY_MESSAGE = Buffer.from([0x00]);
/** Three bytes repeated from where nothing was sent yet, by fixed codes (RFC 1951 §3.2.6). */
export const BEFORE_THE_BEGINNING = Buffer.from([0x02, 0x02, 0x00, 0x00]);

/** The payload of a message with such content.
 * @param {string | Uint8Array} content */
export function deflated(content) {
  return deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL_BYTES);
}

/** A payload that becomes so many MiB of zeros, a thousand times as much as it is.
 * @param {number} mebibytes */
export function bomb(mebibytes) {
  return Buffer.alloc(EXPLOSIVE.length * mebibytes, EXPLOSIVE).subarray(0, -TAIL_BYTES);
}

/** A compressed message in one frame.
 * @param {Uint8Array} payload */
export const deflatedFrame = (payload) => frame({ rsv1: true, opcode: opcode.binary, payload });

/** A compressed message in frames of so many bytes each; `fin: false` leaves it without an end.
 * @param {Buffer} payload
 * @param {number} bytesEach
 * @param {{ fin?: boolean }} [options] */
export function deflatedFrames(payload, bytesEach, { fin = true } = {}) {
  const frames = [];
  for (let from = 0; from < payload.length; from += bytesEach) {
    const isFirst = from === 0;
    const isLast = from + bytesEach >= payload.length;
    const part = payload.subarray(from, from + bytesEach);
    const kind = isFirst ? opcode.binary : opcode.continuation;
    frames.push(frame({ fin: fin && isLast, rsv1: isFirst, opcode: kind, payload: part }));
  }
  return Buffer.concat(frames);
}

/** Bytes that cannot be compressed.
 * @param {number} length
 * @param {() => number} rng */
export function noise(length, rng) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = rng() * 256;
  return bytes;
}
