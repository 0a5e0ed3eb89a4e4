/**
 * Header fields that speak of one HTTP/1.1 connection and have no place in HTTP/2.
 * In: fields. Out: whether one is such a field, and lists as HTTP/2 has them.
 */
import { trimBlanks } from "./header-grammar.ts";
import type { HeaderList } from "./header-list.ts";

const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** @param field its name in lower case
 * @see RFC 9113 §8.2.2 */
export function isConnectionField([name, value]: readonly [string, string]): boolean {
  return CONNECTION_FIELDS.has(name) || (name === "te" && value !== "trailers");
}

/** Fields as they are sent over HTTP/2: names in lower case, values without blanks around them, and nothing of one connection.
 * @see RFC 9113 §8.2.1 */
export function fieldsForHttp2(fields: HeaderList): (readonly [string, string])[] {
  return fields
    .map(([name, value]) => [name.toLowerCase(), trimBlanks(value, 0, value.length)] as const)
    .filter((field) => !isConnectionField(field));
}
