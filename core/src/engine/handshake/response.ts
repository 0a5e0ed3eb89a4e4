/**
 * What a server writes: the head of its answer to an opening handshake.
 * In: the opening and what was decided. Out: a text of latin1 characters, one byte each, that ends in a blank line.
 * Knows no socket, and nothing of the bytes that follow; every value of a caller's is checked before it is written.
 */
import { UsageError } from "../errors.ts";
import { type Acceptance, checkAcceptance } from "./acceptance.ts";
import { deriveAcceptKey } from "./accept-key.ts";
import { checkCallerHeader } from "./caller-headers.ts";
import { checkHeaderValue } from "./header-grammar.ts";
import type { Http1Opening } from "./request.ts";

/** What a server answers when it refuses. */
export interface Refusal {
  /** 200 to 599. */
  readonly statusCode: number;
  /** The standard one where undefined. */
  readonly reasonPhrase?: string | undefined;
  /** Without those that frame the message: Connection, Content-Length and Transfer-Encoding are left out. */
  readonly headers: readonly (readonly [string, string])[];
  /** Bytes of the body that the caller sends behind the head. */
  readonly bodyLength: number;
}

/** Write the head that accepts a handshake.
 * @param sha1 the 20-byte digest of an ASCII text
 * @throws UsageError where the subprotocol or an extension was not offered or is malformed, or where one of the headers
 * is malformed or the handshake's own. Sec-WebSocket-Origin is allowed: servers of version 8 repeat the origin in it.
 * @see RFC 6455 §4.2.2 */
export function formatAcceptance(
  opening: Http1Opening,
  acceptance: Acceptance,
  sha1: (text: string) => Uint8Array,
): string {
  const { subprotocol, extensions, headers = [] } = acceptance;
  checkAcceptance(opening, acceptance);
  let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  head += formatField("Sec-WebSocket-Accept", deriveAcceptKey(opening.key, sha1));
  if (subprotocol !== undefined) head += formatField("Sec-WebSocket-Protocol", subprotocol);
  if (extensions !== undefined && extensions !== "") head += formatField("Sec-WebSocket-Extensions", extensions);
  for (const [name, value] of headers) head += formatField(name, value);
  return `${head}\r\n`;
}

/** Write the head that refuses a handshake and ends the connection. The caller sends the body and closes.
 * @throws UsageError where the status code is not a final one, where the status allows no body and there is one, or
 * where the reason phrase or a header is malformed
 * @see RFC 9112 §4; RFC 6455 §4.2.2 */
export function formatRefusal(refusal: Refusal): string {
  const { statusCode, reasonPhrase = REASON_PHRASES.get(statusCode) ?? "", headers, bodyLength } = refusal;
  checkRefusal(refusal);
  checkHeaderValue(reasonPhrase, "the reason phrase");
  const kept = headers.filter(([name]) => !FRAMING_NAMES.has(name.toLowerCase()));
  // RFC 9110 §7.8: who sends Upgrade, as a 426 must, names it in Connection
  const upgrades = kept.some(([name]) => name.toLowerCase() === "upgrade");
  let head = `HTTP/1.1 ${statusCode} ${reasonPhrase}\r\nConnection: ${upgrades ? "close, Upgrade" : "close"}\r\n`;
  if (!BODILESS.has(statusCode)) head += formatField("Content-Length", String(bodyLength));
  for (const [name, value] of kept) head += formatField(name, value);
  return `${head}\r\n`;
}

/** @throws UsageError as `formatRefusal`, but for the reason phrase */
export function checkRefusal({ statusCode, headers, bodyLength }: Refusal): void {
  checkStatus(statusCode, bodyLength);
  for (const [name, value] of headers) checkCallerHeader(name, value);
}

function checkStatus(statusCode: number, bodyLength: number): void {
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    throw new UsageError(`the status code is ${String(statusCode)}; refuse with a whole number from 200 to 599`);
  }
  if (!Number.isSafeInteger(bodyLength) || bodyLength < 0) {
    throw new UsageError(`bodyLength is ${String(bodyLength)}; give the body's number of bytes`);
  }
  if (bodyLength > 0 && BODILESS.has(statusCode)) {
    throw new UsageError(`status ${statusCode} has no body, and bodyLength is ${bodyLength}; send another status or 0`);
  }
}

function formatField(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}

const FRAMING_NAMES: ReadonlySet<string> = new Set(["connection", "content-length", "transfer-encoding"]);

/** RFC 9110 §8.6: no Content-Length with 204; with 304 it would be another response's. */
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

/** @see RFC 9110 §15, RFC 6585 */
const REASON_PHRASES: ReadonlyMap<number, string> = new Map([
  [200, "OK"],
  [204, "No Content"],
  [301, "Moved Permanently"],
  [302, "Found"],
  [303, "See Other"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [402, "Payment Required"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [406, "Not Acceptable"],
  [407, "Proxy Authentication Required"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [410, "Gone"],
  [411, "Length Required"],
  [412, "Precondition Failed"],
  [413, "Content Too Large"],
  [414, "URI Too Long"],
  [417, "Expectation Failed"],
  [421, "Misdirected Request"],
  [422, "Unprocessable Content"],
  [426, "Upgrade Required"],
  [428, "Precondition Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [451, "Unavailable For Legal Reasons"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [505, "HTTP Version Not Supported"],
]);
