/**
 * The grammar of an opening handshake's fields, written as patterns straight from the RFCs: what the engine's hand-written
 * readers, which look at each character once, are compared with. The patterns are for short texts.
 */

const TOKEN_CHARACTER = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const BLANKS = "[ \\t]*";
const TOKEN = new RegExp(`^${TOKEN_CHARACTER}+$`);
/** RFC 6455 §9.1 */
const QUOTED = `"(?:${TOKEN_CHARACTER}|\\\\${TOKEN_CHARACTER})+"`;
const PARAMETER = `${TOKEN_CHARACTER}+(?:${BLANKS}=${BLANKS}(?:${TOKEN_CHARACTER}+|${QUOTED}))?`;
const EXTENSION = new RegExp(`^${TOKEN_CHARACTER}+(?:${BLANKS};${BLANKS}${PARAMETER})*$`);
/** RFC 3986 §3.2.2 */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[-._~!$&'()*+,;=0-9A-Za-z]|%[0-9A-Fa-f]{2})+)(?::(\d*))?$/;
/** RFC 6455 §4.1: base64 of 16 bytes */
const KEY = /^[0-9A-Za-z+/]{22}==$/;

/** @param {string} text */
export function isPlainToken(text) {
  return TOKEN.test(text);
}

/** @param {string} text */
export function isPlainHost(text) {
  const match = HOST.exec(text);
  return match !== null && Number(match[1] ?? 0) <= 65_535;
}

/** @param {string} text */
export function isPlainKey(text) {
  return KEY.test(text);
}

/** The elements of a list, without the empty ones.
 * @param {readonly string[]} values of all fields of one name
 * @see RFC 9110 §5.6.1 */
export function elementsOf(values) {
  return values
    .join(",")
    .split(",")
    .map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((element) => element !== "");
}

/** @param {readonly string[]} values
 * @param {string} token in lower case */
export function namesToken(values, token) {
  return elementsOf(values).some((element) => element.toLowerCase() === token && TOKEN.test(element));
}

/** The names of extensions in a header, which may be absent.
 * @param {readonly string[]} values
 * @returns {string[] | undefined} undefined where the grammar is broken */
export function extensionNames(values) {
  if (values.length === 0) return [];
  const elements = elementsOf(values);
  if (elements.length === 0 || !elements.every((element) => EXTENSION.test(element))) return undefined;
  return elements.map((element) => /^[^; \t]+/.exec(element)?.[0] ?? "");
}

/** Subprotocols in a request, which may be absent.
 * @param {readonly string[]} values
 * @returns {string[] | undefined} undefined where they are not a list of distinct tokens */
export function subprotocolNames(values) {
  if (values.length === 0) return [];
  const names = elementsOf(values);
  const isValid = names.length > 0 && names.every(isPlainToken) && new Set(names).size === names.length;
  return isValid ? names : undefined;
}
