import type { Platform } from "./platform.ts";

/** The least that is allocated for a payload that is not there yet. */
const FIRST_BYTES = 4_096;
/** A peer has to send one byte for so many that are allocated for it. Not 16: with the frame's header before it, a first read of
 * 64 KiB has a little less than a sixteenth of a message of 1 MiB. */
const GROWTH = 17;

/** Bytes that arrive in pieces, joined in one array that never grows far ahead of what has arrived. */
export class PayloadBuffer {
  #bytes: Uint8Array | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that it holds. */
  get capacity(): number {
    return this.#bytes?.length ?? 0;
  }

  /** Copy a piece to the end.
   * @param expected how many bytes the buffer is announced to hold in the end; a guide, not trusted
   * @param final whether no more will be announced */
  push(platform: Platform, source: Uint8Array, start: number, end: number, expected: number, final: boolean): void {
    const length = this.#length + end - start;
    if (this.#bytes === undefined || this.#bytes.length < length) this.#grow(platform, length, expected, final);
    this.#bytes?.set(source.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** The joined bytes, which belong to the caller, and an empty buffer again. */
  take(platform: Platform): Uint8Array {
    const bytes = this.#bytes ?? platform.allocate(0);
    const length = this.#length;
    this.clear();
    if (bytes.length === length) return bytes;
    // A view of a much larger array would keep all of it alive for as long as the application keeps the message.
    if (bytes.length > 2 * length) return platform.copy(bytes, 0, length);
    return bytes.subarray(0, length);
  }

  clear(): void {
    this.#bytes = undefined;
    this.#length = 0;
  }

  #grow(platform: Platform, length: number, expected: number, final: boolean): void {
    const affordable = Math.max(length, FIRST_BYTES, length * GROWTH);
    const announced = Math.max(length, Math.min(expected, affordable));
    // Where more fragments may follow, doubling keeps the copying linear in what has arrived.
    const grown = platform.allocate(final ? announced : Math.max(announced, 2 * (this.#bytes?.length ?? 0)));
    if (this.#bytes !== undefined) grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
