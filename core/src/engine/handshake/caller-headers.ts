/**
 * What an application adds to a handshake of ours, on either side.
 * In: names and values that it supplied. Out: nothing, or a UsageError before a byte is sent (CVE-2026-1527).
 */
import { UsageError } from "../errors.ts";
import { type ExtensionOffer, parseExtensions } from "../extensions/offer-grammar.ts";
import { checkHeaderName, checkHeaderValue } from "./header-grammar.ts";

/** The fields that decide how a handshake is understood and where it ends; all of Sec-WebSocket-* is one more. */
const OWN_NAMES: ReadonlySet<string> = new Set(["upgrade", "connection", "content-length", "transfer-encoding"]);

/** Whether a header is the handshake's own, which a caller may not set.
 * @param name in any case */
export function isOwnHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return OWN_NAMES.has(lower) || lower.startsWith("sec-websocket-");
}

/** Check the name and the value of a header that a caller supplied.
 * @throws UsageError where one would break the message's lines, or could not be sent as it is */
export function checkCallerHeader(name: string, value: string): void {
  checkHeaderName(name, "a header's name");
  checkHeaderValue(value, `the value of ${name}`);
}

/** Check a subprotocol that a caller supplied.
 * @throws UsageError unless it is a token */
export function checkCallerSubprotocol(subprotocol: string): void {
  checkHeaderName(subprotocol, "the subprotocol");
}

/** Read the extensions that a caller supplied as text; empty and undefined mean none.
 * @throws UsageError where the text does not follow RFC 6455 §9.1 */
export function readCallerExtensions(extensions: string | undefined): readonly ExtensionOffer[] {
  if (extensions === undefined || extensions === "") return [];
  checkHeaderValue(extensions, "the value of Sec-WebSocket-Extensions");
  const offers = parseExtensions(extensions);
  if (offers !== undefined) return offers;
  throw new UsageError(
    `the value of Sec-WebSocket-Extensions, ${extensions.length} characters, is malformed; write name; parameter=value`,
  );
}
