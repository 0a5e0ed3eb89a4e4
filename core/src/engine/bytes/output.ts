import type { Slab } from "./slab.ts";

const EMPTY: Uint8Array = new Uint8Array(0);

/** The bytes that wait to be sent on one connection: small ones side by side in a slab, large ones as they are. */
export class Output {
  readonly #slab: Slab;
  /** The range of the slab that is still growing. */
  #bytes: Uint8Array = EMPTY;
  #start = 0;
  #end = 0;
  #sealed: Uint8Array[] | undefined;
  #sealedLength = 0;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  /** Whether small bytes go to this slab. */
  usesSlab(slab: Slab): boolean {
    return this.#slab === slab;
  }

  /** Bytes waiting. */
  get byteLength(): number {
    return this.#sealedLength + this.#end - this.#start;
  }

  /** Make room at the end, to be written in `target` from the returned offset on and then committed. */
  reserve(size: number): number {
    const at = this.#slab.reserve(size);
    const bytes = this.#slab.bytes ?? EMPTY;
    if (bytes !== this.#bytes || at !== this.#end) {
      this.#seal();
      this.#bytes = bytes;
      this.#start = at;
      this.#end = at;
    }
    return at;
  }

  /** The array that the reserved room is in. */
  get target(): Uint8Array {
    return this.#bytes;
  }

  /** Everything up to `end` was written. */
  commit(end: number): void {
    this.#end = end;
    this.#slab.commit(end);
  }

  /** Add an array without copying it; it may not change until it is sent. */
  append(bytes: Uint8Array): void {
    this.#seal();
    this.#sealed ??= [];
    this.#sealed.push(bytes);
    this.#sealedLength += bytes.length;
  }

  /** All waiting bytes in order, and an empty output.
   * @returns arrays that may not be changed until they are sent */
  take(): Uint8Array[] {
    this.#seal();
    const taken = this.#sealed ?? [];
    this.#sealed = undefined;
    this.#sealedLength = 0;
    // An idle connection may not keep a whole block of the slab alive.
    this.#bytes = EMPTY;
    this.#start = 0;
    this.#end = 0;
    return taken;
  }

  #seal(): void {
    if (this.#end === this.#start) return;
    const range = this.#bytes.subarray(this.#start, this.#end);
    // Most writes are one range: a literal has room for just that, the first push onto an empty array makes room for 17
    if (this.#sealed === undefined) this.#sealed = [range];
    else this.#sealed.push(range);
    this.#sealedLength += this.#end - this.#start;
    this.#start = this.#end;
  }
}
