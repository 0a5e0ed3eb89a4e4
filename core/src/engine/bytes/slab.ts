import type { Platform } from "./platform.ts";

/** A block of memory that small outgoing bytes are written to one after the other, and a new block when it is full.
 * Several outputs may share one: each remembers which range is its own. */
export class Slab {
  readonly #platform: Platform;
  readonly #size: number;
  #bytes: Uint8Array | undefined;
  #used = 0;

  constructor(platform: Platform, size: number) {
    this.#platform = platform;
    this.#size = size;
  }

  /** Make room and return where it begins in the array that `bytes` then gives. */
  reserve(size: number): number {
    if (this.#bytes === undefined || this.#used + size > this.#bytes.length) {
      this.#bytes = this.#platform.allocate(Math.max(size, this.#size));
      this.#used = 0;
    }
    return this.#used;
  }

  /** The present block. Only what was reserved may be written to. */
  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  /** Everything before `end` is in use. */
  commit(end: number): void {
    this.#used = end;
  }

  /** Give back a range that is needed no more; it serves again if it is the last one that was committed. */
  reclaim(range: Uint8Array): void {
    const bytes = this.#bytes;
    if (bytes === undefined || range.buffer !== bytes.buffer) return;
    const start = range.byteOffset - bytes.byteOffset;
    // Small blocks may share their memory with arrays that lie before them.
    if (start >= 0 && start + range.length === this.#used) this.#used = start;
  }
}
