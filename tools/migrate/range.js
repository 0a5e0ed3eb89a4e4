/** Whether a version is within a range of package.json, for versions without a prerelease part (the faces have none). */

/** @typedef {[number, number, number]} Version */

const PART = String.raw`(?:0|[1-9]\d{0,14}|[xX*])`;
const PARTIAL = new RegExp(String.raw`^[v=\s]*(${PART})(?:\.(${PART}))?(?:\.(${PART}))?(-[\w.-]+)?(?:\+[\w.-]+)?$`);

/** @param {string} version three numbers
 * @param {string} range
 * @returns {boolean | undefined} undefined: the range is none (a tag, an address) */
export function satisfies(version, range) {
  const numbers = versionOf(version);
  if (numbers === undefined || range.length > 1000) return undefined;
  const results = range.split("||").map((part) => within(numbers, part.trim()));
  return results.includes(undefined) ? undefined : results.includes(true);
}

/** @param {string} text
 * @returns {Version | undefined} */
function versionOf(text) {
  const match = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** @param {Version} version
 * @param {string} part between `||`
 * @returns {boolean | undefined} */
function within(version, part) {
  const hyphen = /^(\S+) +- +(\S+)$/.exec(part);
  if (hyphen !== null) return both(matches(version, ">=", hyphen[1] ?? ""), matches(version, "<=", hyphen[2] ?? ""));
  const comparators = part.replaceAll(/([<>=~^]) +/g, "$1").split(/ +/);
  return comparators
    .map((comparator) => {
      const [, operator = "", rest = ""] = /^(>=|<=|>|<|=|\^|~>?)?(.*)$/.exec(comparator) ?? [];
      return matches(version, operator, rest);
    })
    .reduce(both, true);
}

/** @param {boolean | undefined} a
 * @param {boolean | undefined} b */
function both(a, b) {
  return a === undefined || b === undefined ? undefined : a && b;
}

/** @param {Version} version
 * @param {string} operator
 * @param {string} text a version, or a part of one
 * @returns {boolean | undefined} */
function matches(version, operator, text) {
  const match = PARTIAL.exec(text === "" && operator === "" ? "*" : text);
  if (match === null) return undefined;
  const given = [match[1], match[2], match[3]].map((part) => (/^\d/.test(part ?? "") ? Number(part) : undefined));
  const length = given.includes(undefined) ? given.indexOf(undefined) : 3;
  /** @type {Version} */
  const low = [0, 0, 0];
  for (let i = 0; i < length; i++) low[i] = given[i] ?? 0;
  const order = compare(version, low);
  // Prereleases come before their version, so a version without one is above both.
  const from = order >= 0;
  // A part of a version stands for all that begin with it.
  const after = compare(version, next(low, length)) >= 0;
  if (operator === ">=") return from;
  if (operator === ">") return match[4] !== undefined ? from : length === 3 ? order > 0 : after && length > 0;
  if (operator === "<") return order < 0;
  if (operator === "<=") return length === 3 ? order < 0 || (order === 0 && match[4] === undefined) : !after;
  if (operator === "^") return from && compare(version, next(low, caretLength(low, length))) < 0;
  if (operator.startsWith("~")) return from && compare(version, next(low, Math.min(length, 2))) < 0;
  return match[4] === undefined && from && !after;
}

/** How many numbers must stay for `^`: those up to the first that is not 0.
 * @param {Version} low
 * @param {number} length */
function caretLength(low, length) {
  const first = low.findIndex((number) => number > 0);
  return Math.min(length, first < 0 ? 3 : first + 1);
}

/** The first version after all that begin with the same numbers.
 * @param {Version} low
 * @param {number} length
 * @returns {Version} */
function next(low, length) {
  if (length === 0) return [Number.POSITIVE_INFINITY, 0, 0];
  const [major, minor, patch] = low;
  return length === 1 ? [major + 1, 0, 0] : length === 2 ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

/** @param {Version} a
 * @param {Version} b */
function compare(a, b) {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
