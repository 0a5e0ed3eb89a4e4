/**
 * What a server answers over HTTP/2: the fields of its response.
 * In: the opening and what was decided. Out: a status and fields with lower-case names, in order, without pseudo-header
 * fields. Every value of a caller's is checked first.
 */
import { type Acceptance, checkAcceptance } from "./acceptance.ts";
import { deriveAcceptKey } from "./accept-key.ts";
import { fieldsForHttp2 } from "./connection-fields.ts";
import type { HeaderList } from "./header-list.ts";
import type { ConnectOpening } from "./http2-request.ts";
import { checkRefusal, type Refusal } from "./response.ts";

/** The fields that accept a handshake, with status 200. What speaks of an HTTP/1.1 connection is left out. Whoever has sent a
 * Sec-WebSocket-Key, as undici's client does, waits for the Accept that belongs to it.
 * @param sha1 the 20-byte digest of an ASCII text
 * @throws UsageError as `formatAcceptance`
 * @see RFC 8441 §5 */
export function acceptanceFields(
  opening: ConnectOpening,
  acceptance: Acceptance,
  sha1: (text: string) => Uint8Array,
): HeaderList {
  checkAcceptance(opening, acceptance);
  const { subprotocol, extensions, headers = [] } = acceptance;
  const fields: (readonly [string, string])[] = [];
  if (opening.key !== undefined) fields.push(["sec-websocket-accept", deriveAcceptKey(opening.key, sha1)]);
  if (subprotocol !== undefined) fields.push(["sec-websocket-protocol", subprotocol]);
  if (extensions !== undefined && extensions !== "") fields.push(["sec-websocket-extensions", extensions]);
  return [...fields, ...fieldsForHttp2(headers)];
}

/** The fields that refuse a handshake; the caller sends the body and ends the stream. Content-Length and what speaks of
 * an HTTP/1.1 connection is left out.
 * @throws UsageError where the status code is not a final one, where the status allows no body and there is one, or
 * where a header is malformed
 * @see RFC 9113 §8.2.2 */
export function refusalFields(refusal: Refusal): HeaderList {
  checkRefusal(refusal);
  return fieldsForHttp2(refusal.headers).filter(([name]) => name !== "content-length");
}
