/** Read a Cookie header. Of two cookies with one name the first counts, which is the one with the longer path.
 * Quotes around a value are removed and percent-encoding is decoded; where that fails the value stays as it came.
 * A piece without "=" or without a name is left out.
 * @param header several fields joined by "; "
 * @returns a Map, so that any name is safe, `__proto__` too
 * @see RFC 6265 §4.2, §5.4 */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    if (name !== "" && !cookies.has(name)) cookies.set(name, decode(pair.slice(equals + 1).trim()));
  }
  return cookies;
}

function decode(value: string): string {
  const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  const text = quoted ? value.slice(1, -1) : value;
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
