import type { Random } from "../connection/random.ts";

const WORDS = ["order", "price", "größer", "時間", "🏳️‍🌈", "id", "true", "12.50", "user", "\n"];
/** How much of what was said is remembered to be repeated; more than the largest window. */
const REMEMBERED_BYTES = 65_536;
/** Less than that is not worth quoting. */
const LEAST_TO_QUOTE_BYTES = 64;

/** Messages of every kind that matters to a compressor, many of which repeat what was said before, from near and far. */
export class RandomMessages {
  readonly #random: Random;
  #said: Buffer = Buffer.alloc(0);

  constructor(random: Random) {
    this.#random = random;
  }

  /** As often a few bytes as many.
   * @param most bytes, or up to three times as many of text
   * @param least bytes */
  next(most: number, least = 0): Buffer {
    const message = this.#make(Math.max(least, this.#length(most)));
    this.#said = Buffer.from(Buffer.concat([this.#said, message]).subarray(-REMEMBERED_BYTES));
    return message;
  }

  #length(most: number): number {
    const { pick, below } = this.#random;
    return Math.min(most, pick([0, 1, 2, below(64), below(1_024), below(8_192), below(32_768), below(most + 1)]));
  }

  #make(length: number): Buffer {
    switch (this.#random.below(5)) {
      case 0:
        return this.noise(length);
      case 1:
        return Buffer.alloc(length, this.#random.below(256));
      case 2:
        return this.#quotation(length);
      case 3:
        return this.text(length);
      default:
        return Buffer.concat([this.#quotation(length >> 1), this.noise(length & 63), this.text(length >> 1)]);
    }
  }

  /** What cannot be compressed. */
  noise(length: number): Buffer {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.#random.below(2 ** 32);
    return Buffer.from(words.buffer, 0, length);
  }

  /** UTF-8 of about so many bytes. */
  text(length: number): Buffer {
    let text = "";
    while (text.length < length) text += this.#random.pick(WORDS);
    return Buffer.from(text);
  }

  #quotation(length: number): Buffer {
    if (this.#said.length < LEAST_TO_QUOTE_BYTES) return this.noise(length);
    const pieces: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const start = this.#random.below(this.#said.length);
      const piece = this.#said.subarray(start, start + Math.min(left, 1 + this.#random.below(2_000)));
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }
}
