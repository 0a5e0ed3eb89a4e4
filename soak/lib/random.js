/** Random numbers that a seed repeats. Two calls with the same words give the same number, in whichever process. */

/** A 32-bit number of some words: FNV-1a over their text, then mixed.
 * @param {...(string | number)} words
 * @returns {number} */
export function hashOf(...words) {
  let hash = 0x811c9dc5;
  for (const character of words.join("/")) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return mix(hash);
}

/** @param {number} value
 * @returns {number} */
function mix(value) {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

export class Random {
  #state;

  /** @param {...(string | number)} words */
  constructor(...words) {
    this.#state = hashOf(...words);
  }

  /** @returns {number} from 0 to 2^32 - 1 */
  next() {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return mix(this.#state);
  }

  /** @param {number} end
   * @returns {number} a whole number from 0 to end - 1 */
  below(end) {
    return Math.floor((this.next() / 0x1_0000_0000) * end);
  }

  /** @param {number} probability from 0 to 1 */
  chance(probability) {
    return this.next() < probability * 0x1_0000_0000;
  }

  /** @template T
   * @param {readonly T[]} choices at least one
   * @returns {T} */
  pick(choices) {
    return /** @type {T} */ (choices[this.below(choices.length)]);
  }

  /** One of the names, each as often as its share says.
   * @template {string} Name
   * @param {Readonly<Record<Name, number>>} shares
   * @returns {Name} */
  share(shares) {
    const entries = /** @type {[Name, number][]} */ (Object.entries(shares));
    let left = (this.next() / 0x1_0000_0000) * entries.reduce((sum, [, share]) => sum + share, 0);
    for (const [name, share] of entries) {
      left -= share;
      if (left < 0) return name;
    }
    return /** @type {[Name, number]} */ (entries[0])[0];
  }
}
