/**
 * Reads choices out of the bytes that a fuzzer makes, from the front: the same bytes are the same choices for ever, so that
 * what is in the corpus stays what it is. Whoever reads past the end gets zeros.
 */
export class Input {
  #at = 0;
  /** @type {Uint8Array} */ #bytes;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    // A Buffer's `slice` would be a view
    this.#bytes = new Uint8Array(bytes);
  }

  get ended() {
    return this.#at >= this.#bytes.length;
  }

  byte() {
    const byte = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }

  /** One of the list, by the byte's remainder.
   * @template T
   * @param {readonly [T, ...T[]]} list
   * @returns {T} */
  of(list) {
    return list[this.byte() % list.length] ?? list[0];
  }

  /** The next bytes, as many as there are: a copy.
   * @param {number} length */
  bytes(length) {
    const bytes = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  /** All bytes that are left: a copy. */
  rest() {
    return this.bytes(this.#bytes.length);
  }
}

/** Cut bytes into pieces of pseudo-random lengths; each has memory of its own.
 * @param {Uint8Array} bytes
 * @param {number} seed 0 to 255
 * @returns {Uint8Array[]} */
export function cut(bytes, seed) {
  const longest = 1 << (seed & 7);
  let state = (seed + 1) * 0x9e3779b1;
  /** @type {Uint8Array[]} */
  const pieces = [];
  for (let at = 0; at < bytes.length; ) {
    state = (Math.imul(state, 0x915f77f5) + 1) | 0;
    const length = 1 + ((state >>> 16) % longest);
    pieces.push(new Uint8Array(bytes.subarray(at, at + length)));
    at += length;
  }
  return pieces;
}

/** @param {Uint8Array} bytes
 * @returns {Uint8Array[]} */
export function byteByByte(bytes) {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}
