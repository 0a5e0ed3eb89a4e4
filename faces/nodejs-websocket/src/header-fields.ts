/** Header fields as the original showed them: names in lower case, the last one of a name wins.
 * @param raw name, value, name, value …, without the pseudo-header fields of HTTP/2 */
export function lastOfEach(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i];
    const value = raw[i + 1];
    if (name !== undefined && value !== undefined && !name.startsWith(":")) headers[name.toLowerCase()] = value;
  }
  return headers;
}
