/** Choose the first of the server's subprotocols that the client offered, names compared exactly.
 * @param offered as the client sent them; their order does not matter
 * @param supported the server's, most wanted first
 * @returns undefined where they have none in common
 * @see RFC 6455 §4.2.2 */
export function selectSubprotocol(offered: readonly string[], supported: readonly string[]): string | undefined {
  const names = new Set(offered);
  return supported.find((name) => names.has(name));
}
