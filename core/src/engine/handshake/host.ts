/** What a registered name is made of, besides percent-encoded octets.
 * @see RFC 3986 §3.2.2 (unreserved, sub-delims) */
const NAME_CHARACTERS = new Set("-._~!$&'()*+,;=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
const HEX_DIGITS = new Set("0123456789abcdefABCDEF");
const LITERAL_CHARACTERS = new Set("0123456789abcdefABCDEF:.");
const DIGITS = new Set("0123456789");

/** Whether a text can be a Host header: a name, an IPv4 address or an IPv6 address in brackets, then perhaps a port
 * up to 65535. It looks at characters: that an address has the right number of groups is left to whoever dials it.
 * User information, paths and blanks never pass.
 * @see RFC 9110 §7.2; RFC 3986 §3.2.2, §3.2.3 */
export function isHost(text: string): boolean {
  const end = text.startsWith("[") ? literalEnd(text) : nameEnd(text);
  return end > 0 && isPort(text.slice(end));
}

/** 0 where the text does not begin with a bracketed address. */
function literalEnd(text: string): number {
  const end = runEnd(text, 1, LITERAL_CHARACTERS);
  return end > 1 && text[end] === "]" ? end + 1 : 0;
}

/** 0 where the text does not begin with a name, or where a percent sign lacks its two digits. */
function nameEnd(text: string): number {
  let at = runEnd(text, 0, NAME_CHARACTERS);
  while (text[at] === "%") {
    if (runEnd(text.slice(at + 1, at + 3), 0, HEX_DIGITS) !== 2) return 0;
    at = runEnd(text, at + 3, NAME_CHARACTERS);
  }
  return at;
}

/** RFC 3986 §3.2.3: the digits behind the colon may be missing. */
function isPort(text: string): boolean {
  if (text === "") return true;
  return text.startsWith(":") && runEnd(text, 1, DIGITS) === text.length && Number(text.slice(1)) <= 65_535;
}

function runEnd(text: string, start: number, characters: ReadonlySet<string>): number {
  let at = start;
  while (at < text.length && characters.has(text.charAt(at))) at += 1;
  return at;
}
