/** What a case can end with but for success: something else was seen, or the peer does not do what the case is about. */

/** Something else was seen than what must come; the message says what. */
export class Mismatch extends Error {}

/** The peer does not offer what the case is about; the message says what. */
export class NotOffered extends Error {}

/** @param {unknown} condition
 * @param {string} seen
 * @returns {asserts condition} */
export function expect(condition, seen) {
  if (!condition) throw new Mismatch(seen);
}
