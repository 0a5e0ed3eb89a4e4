import type { IncomingHttpHeaders } from "node:http";

const SEPARATORS = new Set('()<>@,;:\\"/[]?={} \t');

/** The first character that a subprotocol's name may not have, if there is one.
 * @see RFC 6455 §4.1; RFC 2616 §2.2, token */
export function illegalCharacterIn(name: string): string | undefined {
  return Array.from(name).find((character) => !/^[\x21-\x7e]$/.test(character) || SEPARATORS.has(character));
}

/** The names that a client offers, in its own spelling and order. */
export function subprotocolsIn(headers: IncomingHttpHeaders): string[] {
  const field = headers["sec-websocket-protocol"];
  return field === undefined ? [] : field.split(/, */);
}
