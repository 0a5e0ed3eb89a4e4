/** What ends the command with a line for its user: what was seen, and what was expected. */
export class Failure extends Error {}

/** A text that says no more to a terminal than its characters: names come from strangers' files.
 * @param {string} text
 * @param {number} [longest] */
export function printable(text, longest = 300) {
  const cut = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
  // Controls could clear the screen, and marks of direction could reorder what is read.
  return cut.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** @param {unknown} value from JSON
 * @returns {value is Record<string, unknown>} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a value of JSON is, for a sentence.
 * @param {unknown} value */
export function kindOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
