import { compressionMemory } from "./compression-memory.ts";

/** The header of a stored block: no compression, not the last one; the length, and its complement (RFC 1951 §3.2.4). */
const HEADER_BYTES = 5;
/** A full history is moved to the front once in so many parts of itself. */
const SLACK_PART = 4;

const NOTHING: Uint8Array = new Uint8Array(0);

/** The last bytes that were inflated for a connection, which its peer may refer back to. They are all that has to be kept of an
 * inflater: fed to any other as a stored block, they make it go on from here. 4 KiB cost 0.3 µs a message so, 32 KiB 2 µs, while an
 * inflater for each connection costs 45 KiB each.
 * @see RFC 7692 §7.2.2, context takeover */
export class History {
  readonly #windowBytes: number;
  /** With room for a header in front of what is remembered. */
  #bytes: Uint8Array = NOTHING;
  #start = HEADER_BYTES;
  #end = HEADER_BYTES;

  /** @param windowBits 8 to 15: how far back the peer may refer */
  constructor(windowBits: number) {
    this.#windowBytes = 1 << windowBits;
  }

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** What is remembered: a view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** The same as a stored block of DEFLATE data: a view. */
  asStoredBlock(): Uint8Array {
    const at = this.#start - HEADER_BYTES;
    const length = this.#end - this.#start;
    const bytes = this.#bytes;
    bytes[at] = 0;
    bytes[at + 1] = length;
    bytes[at + 2] = length >>> 8;
    bytes[at + 3] = ~length;
    bytes[at + 4] = ~length >>> 8;
    return bytes.subarray(at, this.#end);
  }

  /** Remember what came next: the bytes from `start` to `end`, which are copied. */
  push(bytes: Uint8Array, start: number, end: number): void {
    const from = Math.max(start, end - this.#windowBytes);
    const length = end - from;
    if (length === 0) return;
    if (this.#end + length > this.#bytes.length) this.#makeRoom(length);
    this.#bytes.set(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end), this.#end);
    this.#end += length;
    this.#start = Math.max(this.#start, this.#end - this.#windowBytes);
  }

  /** Forget everything, and give the memory back. */
  clear(): void {
    compressionMemory.use(-this.#bytes.length);
    this.#bytes = NOTHING;
    this.#start = HEADER_BYTES;
    this.#end = HEADER_BYTES;
  }

  /** Room for `length` more, no more than a window of them. What can't be referred to any more is dropped. */
  #makeRoom(length: number): void {
    const window = this.#windowBytes;
    const kept = this.#bytes.subarray(Math.max(this.#start, this.#end + length - window), this.#end);
    const needed = HEADER_BYTES + kept.length + length;
    const largest = HEADER_BYTES + window + window / SLACK_PART;
    if (needed > this.#bytes.length || this.#bytes.length < largest) {
      // Doubled until it is full, so that whoever says little costs little
      const grown = new Uint8Array(Math.min(largest, Math.max(needed, 2 * this.#bytes.length)));
      compressionMemory.use(grown.length - this.#bytes.length);
      grown.set(kept, HEADER_BYTES);
      this.#bytes = grown;
    } else {
      this.#bytes.copyWithin(HEADER_BYTES, kept.byteOffset - this.#bytes.byteOffset, this.#end);
    }
    this.#start = HEADER_BYTES;
    this.#end = HEADER_BYTES + kept.length;
  }
}
