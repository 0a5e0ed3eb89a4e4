/** Bytes from before: `distance` back, so many. */
export interface Copy {
  readonly length: number;
  readonly distance: number;
}

const END_OF_BLOCK = 256;
const SHORTEST_COPY = 3;
/** Above it a length has extra bits, which nothing here needs. */
const LONGEST_COPY = 10;
const FIRST_LENGTH_SYMBOL = 257;

/** DEFLATE data made by hand, for what zlib would not write.
 * @see RFC 1951 §3.2 */
export class DeflateBits {
  readonly #bits: number[] = [];

  /** A block without compression (§3.2.4). */
  stored(bytes: Uint8Array | string, last = false): this {
    const content = Buffer.from(bytes);
    this.#push(last ? 1 : 0, 1)
      .#push(0, 2)
      .#align();
    this.#push(content.length, 16).#push(~content.length & 0xffff, 16);
    for (const byte of content) this.#push(byte, 8);
    return this;
  }

  /** A block with the fixed codes (§3.2.6). */
  fixed(parts: readonly (string | Uint8Array | Copy)[], last = false): this {
    this.#push(last ? 1 : 0, 1).#push(1, 2);
    for (const part of parts) {
      if (typeof part === "string" || part instanceof Uint8Array)
        for (const byte of Buffer.from(part)) this.#symbol(byte);
      else this.#copy(part);
    }
    this.#symbol(END_OF_BLOCK);
    return this;
  }

  /** The end of a message: an empty stored block, of which the receiver adds 00 00 ff ff (RFC 7692 §7.2.1). */
  end(): this {
    return this.#push(0, 3).#align();
  }

  /** What there is, filled up to a whole byte. */
  get bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    for (const [i, bit] of this.#bits.entries()) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (bit << (i & 7));
    return bytes;
  }

  #copy({ length, distance }: Copy): void {
    if (length < SHORTEST_COPY || length > LONGEST_COPY) throw new Error(`no copies of ${length} bytes`);
    this.#symbol(FIRST_LENGTH_SYMBOL + length - SHORTEST_COPY);
    let code = 0;
    while (code < 29 && firstDistance(code + 1) <= distance) code += 1;
    this.#code(code, 5).#push(distance - firstDistance(code), extraBits(code));
  }

  #symbol(symbol: number): this {
    if (symbol < 144) return this.#code(0x30 + symbol, 8);
    if (symbol < 256) return this.#code(0x190 + symbol - 144, 9);
    return symbol < 280 ? this.#code(symbol - 256, 7) : this.#code(0xc0 + symbol - 280, 8);
  }

  /** A code begins with its highest bit, everything else with its lowest (§3.1.1). */
  #code(code: number, length: number): this {
    for (let i = length - 1; i >= 0; i--) this.#bits.push((code >> i) & 1);
    return this;
  }

  #push(value: number, length: number): this {
    for (let i = 0; i < length; i++) this.#bits.push((value >> i) & 1);
    return this;
  }

  #align(): this {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
    return this;
  }
}

/** §3.2.5: two codes for each number of extra bits, from the fifth code on. */
function extraBits(code: number): number {
  return code < 4 ? 0 : (code >> 1) - 1;
}

function firstDistance(code: number): number {
  return code < 4 ? code + 1 : ((2 + (code & 1)) << extraBits(code)) + 1;
}
