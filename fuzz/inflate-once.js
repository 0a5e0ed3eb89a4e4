import { inflateRawSync } from "node:zlib";

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** Inflate one message by zlib alone, without what came before.
 * @param {Uint8Array} bytes as they came, so without the 00 00 ff ff
 * @param {number} maxBytes
 * @returns {Buffer | "too big" | "bad"}
 * @see RFC 7692 §7.2.2 */
export function inflateOnce(bytes, maxBytes) {
  try {
    const maxOutputLength = Math.min(maxBytes, 1 << 26);
    return inflateRawSync(Buffer.concat([bytes, TAIL]), { maxOutputLength, finishFlush: 2 });
  } catch (error) {
    return error instanceof RangeError ? "too big" : "bad";
  }
}
