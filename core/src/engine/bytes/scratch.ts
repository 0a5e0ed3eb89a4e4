import type { Platform } from "./platform.ts";

/** Larger payloads get memory of their own: what is kept has to stay small. */
const MOST_BYTES = 4 << 20;

/** So many times as much as it needs may a range hold back, whose peer does not read it: it may be one of many. */
const MOST_EXCESS = 2;

/** Memory for large outgoing bytes, that serves again when they were sent: fresh memory costs the system more than all that is
 * written to it. One range is kept in mind; of several that are out at a time the latest. */
export class Scratch {
  readonly #platform: Platform;
  /** The whole of what nobody uses. */
  #free: Uint8Array | undefined;
  /** The range that is in use, and the whole that it is of. */
  #lent: Uint8Array | undefined;
  #whole: Uint8Array | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** An array of exactly `size` bytes with any content; the caller overwrites all of it. */
  take(size: number): Uint8Array {
    if (size > MOST_BYTES) return this.#platform.allocate(size);
    const free = this.#free;
    const fits = free !== undefined && free.length >= size && free.length <= MOST_EXCESS * size;
    const whole = fits ? free : this.#platform.allocate(size);
    const range = whole.length === size ? whole : whole.subarray(0, size);
    this.#free = undefined;
    this.#whole = whole;
    this.#lent = range;
    return range;
  }

  /** What `take` gave is needed no more; other arrays are passed over. */
  reclaim(bytes: Uint8Array): void {
    if (bytes !== this.#lent) return;
    this.#free = this.#whole;
    this.#lent = undefined;
    this.#whole = undefined;
  }
}
