/** Repeatable randomness: the same seed gives the same masking keys, payloads and cuts again. */

/** @typedef {(sides: number) => number} Dice a whole number from 0 to sides - 1; sides at most 2^32 */

/** @param {number} seed any 32-bit number; 0 counts as 1
 * @returns {Dice} Marsaglia's xorshift32 */
export function dice(seed) {
  let state = seed | 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

/** A seed made of words, so that each case has its own and gets it in every selection of cases (FNV-1a).
 * @param {...(string | number)} words */
export function seedOf(...words) {
  let hash = 0x811c9dc5;
  for (const octet of Buffer.from(words.join(" "))) hash = Math.imul(hash ^ octet, 0x01000193);
  return hash >>> 0;
}
