/**
 * Header fields as values, and the grammar that the handshake's fields share.
 * In: the names and values of an HTTP message, or of a caller. Out: lookups, lists of tokens, or a UsageError.
 * Knows no field by its name. Every reader here is linear in the length of its text (CVE-2021-32640).
 */
import { UsageError } from "../errors.ts";
import { blanksEnd, isBlank, tokenEnd } from "../extensions/offer-grammar.ts";

const NO_VALUES: readonly string[] = [];

/** The fields of one HTTP message, in order, found by lower-case name. Any name is safe, `__proto__` too.
 * @see RFC 9110 §5 */
export class HeaderFields {
  readonly #inOrder: (readonly [string, string])[] = [];
  readonly #byName = new Map<string, string[]>();

  /** Copy a flat list: name, value, name, value … as Node's `rawHeaders` has it.
   * A name without a value and a pair with a hole are left out: Node cuts the list where it is too long
   * (CVE-2024-37890). Blanks around a value are not part of it. */
  static fromRaw(raw: readonly string[]): HeaderFields {
    const fields = new HeaderFields();
    for (let index = 0; index < raw.length; index += 2) {
      const name = raw[index];
      const value = raw[index + 1];
      if (typeof name === "string" && typeof value === "string") fields.#add(name, value);
    }
    return fields;
  }

  /** The value of a field, several joined by ", "; undefined where there is none (RFC 9110 §5.3).
   * @param name in lower case */
  get(name: string): string | undefined {
    return this.#byName.get(name)?.join(", ");
  }

  /** The values of all fields with this name, in order.
   * @param name in lower case */
  all(name: string): readonly string[] {
    return this.#byName.get(name) ?? NO_VALUES;
  }

  /** Whether there is a field with this name, even an empty one.
   * @param name in lower case */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Every field as it came, its name in lower case. */
  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.#inOrder.values();
  }

  #add(givenName: string, givenValue: string): void {
    // Only ASCII is folded: the Kelvin sign's lower case is k, and "Sec-WebSoc\u212Aet-Key" is not the key
    const name = isToken(givenName) ? givenName.toLowerCase() : givenName;
    const value = trimBlanks(givenValue, 0, givenValue.length);
    this.#inOrder.push([name, value]);
    const values = this.#byName.get(name);
    if (values === undefined) this.#byName.set(name, [value]);
    else values.push(value);
  }
}

/** Whether a text is a token: one or more of the characters that names in HTTP are made of.
 * @see RFC 9110 §5.6.2 */
export function isToken(text: string): boolean {
  return text.length > 0 && tokenEnd(text, 0) === text.length;
}

/** Read a comma-separated list of tokens; empty elements and blanks around commas are skipped.
 * @returns at least one token, duplicates kept; undefined where there is none, or something that is no token
 * @see RFC 9110 §5.6.1 */
export function parseTokenList(value: string): readonly string[] | undefined {
  const tokens: string[] = [];
  let at = skipCommas(value, 0);
  while (at < value.length) {
    const end = tokenEnd(value, at);
    if (end === at) return undefined;
    tokens.push(value.slice(at, end));
    const next = blanksEnd(value, end);
    if (next < value.length && value[next] !== ",") return undefined;
    at = skipCommas(value, next);
  }
  return tokens.length === 0 ? undefined : tokens;
}

function skipCommas(value: string, start: number): number {
  let at = blanksEnd(value, start);
  while (value[at] === ",") at = blanksEnd(value, at + 1);
  return at;
}

/** Whether a comma-separated list has a token among its elements, in any case of ASCII letters.
 * Other elements may be anything, as in `Upgrade: HTTP/2.0, websocket`.
 * @param value undefined, for a field that is not there, contains nothing
 * @see RFC 9110 §7.6.1, §7.8 */
export function listIncludes(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  for (let start = 0; start <= value.length; ) {
    const comma = value.indexOf(",", start);
    const end = comma === -1 ? value.length : comma;
    if (equalsToken(trimBlanks(value, start, end), token)) return true;
    start = end + 1;
  }
  return false;
}

/** Whether a text is this token in any case of ASCII letters; no other letter is folded. */
export function equalsToken(text: string, token: string): boolean {
  return text.length === token.length && isToken(text) && text.toLowerCase() === token.toLowerCase();
}

/** A part of a text without the blanks around it.
 * @see RFC 9110 §5.5 */
export function trimBlanks(text: string, start: number, end: number): string {
  let from = start;
  while (from < end && isBlank(text.charCodeAt(from))) from += 1;
  let to = end;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/** Check a header's name that a caller supplied.
 * @param what how the error calls it, as in "a header's name"
 * @throws UsageError unless it is a token */
export function checkHeaderName(name: string, what: string): void {
  checkIsString(name, what);
  if (isToken(name)) return;
  const stop = tokenEnd(name, 0);
  const seen = name === "" ? "empty" : `${JSON.stringify(name.slice(0, 40))} with ${characterAt(name, stop)}`;
  throw new UsageError(`${what} is ${seen}; give a token of RFC 9110: letters, digits and hyphens are safe`);
}

/** Check a header's value that a caller supplied. It may be empty; it is latin1, one byte a character.
 * @param what how the error calls it, as in "the value of X-Room"; the value itself is never shown
 * @throws UsageError for control characters but tabs, and for characters above U+00FF
 * @see RFC 9110 §5.5 */
export function checkHeaderValue(value: string, what: string): void {
  checkIsString(value, what);
  for (let index = 0; index < value.length; index += 1) {
    if (isFieldCharacter(value.charCodeAt(index))) continue;
    throw new UsageError(`${what} has ${characterAt(value, index)}; give latin1 text without control characters`);
  }
}

function isFieldCharacter(code: number): boolean {
  // Above U+00FF only a low byte would be sent: U+010D U+010A would arrive as CR LF
  return (code >= 0x20 && code !== 0x7f && code <= 0xff) || code === 0x09;
}

function characterAt(text: string, index: number): string {
  return `U+${text.charCodeAt(index).toString(16).toUpperCase().padStart(4, "0")} at index ${index}`;
}

function checkIsString(text: unknown, what: string): void {
  if (typeof text !== "string") throw new UsageError(`${what} is of type ${typeof text}; give a string`);
}
