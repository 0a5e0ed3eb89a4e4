/** Header fields as the original showed them: names in lower case, the last one of a name wins.
 * @param raw name, value, name, value …, without the pseudo-header fields of HTTP/2 */
export function lastOfEach(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i];
    const value = raw[i + 1];
    if (name !== undefined && value !== undefined && !name.startsWith(":")) headers[name.toLowerCase()] = asUtf8(value);
  }
  return headers;
}

/** What goes over the wire for a value: the original wrote UTF-8, where HTTP knows bytes, one for each character. */
export function asBytes(value: string): string {
  return Buffer.from(value).toString("latin1");
}

function asUtf8(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is ASCII is the same in both
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString();
}
