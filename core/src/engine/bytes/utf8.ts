import type { Platform } from "./platform.ts";

/** Checks a text that arrives in pieces, and finds the first bad byte in the piece that brings it.
 * @see RFC 6455 §8.1; RFC 3629 §4 for the ranges */
export class Utf8Validator {
  /** Continuation bytes that the last character still needs; `#low` and `#high` bound the next one. */
  #missing = 0;
  #low = 0x80;
  #high = 0xbf;

  /** Check the next piece.
   * @returns false as soon as no continuation could make the text UTF-8; the validator is then used up */
  push(platform: Platform, bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (this.#missing > 0 && at < end) {
      if (!this.#step(bytes[at] ?? 0)) return false;
      at += 1;
    }
    if (at === end) return true;
    const cut = lastBoundary(bytes, at, end);
    if (cut > at && !platform.isUtf8(bytes, at, cut)) return false;
    for (let i = cut; i < end; i++) {
      if (!this.#step(bytes[i] ?? 0)) return false;
    }
    return true;
  }

  /** Whether the text may end here, that is, not inside a character. */
  get complete(): boolean {
    return this.#missing === 0;
  }

  /** Another validator at the same place of the same text, to try a piece that may be refused. */
  copy(): Utf8Validator {
    const copy = new Utf8Validator();
    copy.#missing = this.#missing;
    copy.#low = this.#low;
    copy.#high = this.#high;
    return copy;
  }

  /** Begin a new text. */
  reset(): void {
    this.#missing = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }

  #step(byte: number): boolean {
    if (this.#missing > 0) {
      if (byte < this.#low || byte > this.#high) return false;
      this.#missing -= 1;
      this.#low = 0x80;
      this.#high = 0xbf;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#missing = sequenceLength(byte) - 1;
    // The second byte is narrower after these four: no overlong forms, no surrogates, nothing above U+10FFFF.
    if (byte === 0xe0) this.#low = 0xa0;
    else if (byte === 0xed) this.#high = 0x9f;
    else if (byte === 0xf0) this.#low = 0x90;
    else if (byte === 0xf4) this.#high = 0x8f;
    return true;
  }
}

/** Where the range ends when a character that is cut off at its end is left out. */
function lastBoundary(bytes: Uint8Array, start: number, end: number): number {
  const earliest = Math.max(start, end - 3);
  for (let i = end - 1; i >= earliest; i--) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return sequenceLength(byte) > end - i ? i : end;
  }
  return end;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
