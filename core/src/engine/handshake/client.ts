/**
 * The client's side of the opening handshake, both ways.
 * In: what the application wants, then the server's answer. Out: the request's headers, then what was agreed on.
 * Knows no URL, no socket and no redirect: who dials decides about those before asking here.
 */
import { HandshakeError, type HandshakeErrorCode, type HandshakeResponse, UsageError } from "../errors.ts";
import { type ExtensionOffer, parseExtensions } from "../extensions/offer-grammar.ts";
import { deriveAcceptKey, isValidKey } from "./accept-key.ts";
import { checkCallerHeader, checkCallerSubprotocol, isOwnHeader, readCallerExtensions } from "./caller-headers.ts";
import { fieldsForHttp2, isConnectionField } from "./connection-fields.ts";
import { describeSeen } from "./describe-seen.ts";
import { checkHeaderValue, equalsToken, type HeaderFields, isToken, listIncludes } from "./header-grammar.ts";
import { isHost } from "./host.ts";
import type { Version } from "./opening.ts";

/** What a client asks for. */
export interface ClientOpening {
  /** The server's name or address, with its port unless it is the scheme's default. */
  readonly host: string;
  /** Base64 of 16 bytes that no one can predict, new for each connection (RFC 6455 §4.1). */
  readonly key: string;
  readonly version: Version;
  /** Not empty; undefined sends none. */
  readonly origin?: string | undefined;
  /** Distinct tokens, most wanted first. */
  readonly subprotocols?: readonly string[];
  /** Whether the server has to select one of them. */
  readonly requiresSubprotocol?: boolean;
  /** The value of Sec-WebSocket-Extensions; empty or undefined offers none. */
  readonly extensions?: string | undefined;
  /** The application's own, sent in this order after ours; a Host among them replaces ours. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** What both sides agreed on. */
export interface Agreement {
  readonly subprotocol: string | undefined;
  /** In the server's order; whether their parameters are acceptable is for each extension to say. */
  readonly extensions: readonly ExtensionOffer[];
}

/** The headers of a client's opening handshake, Host first.
 * @returns a new list, each value latin1
 * @throws UsageError where a value is malformed or would break a line, where a subprotocol is offered twice, or where
 * one of the application's headers is the handshake's own
 * @see RFC 6455 §4.1 */
export function requestHeaders(opening: ClientOpening): (readonly [string, string])[] {
  checkOpening(opening);
  return [
    ["Host", takeHost(opening)],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", opening.key],
    ...sharedFields(opening),
  ];
}

/** The fields that are the same in every HTTP version. */
function sharedFields(opening: ClientOpening): (readonly [string, string])[] {
  const { version, origin, subprotocols = [], extensions = "", headers = [] } = opening;
  const fields: (readonly [string, string])[] = [["Sec-WebSocket-Version", String(version)]];
  // HyBi 08 to 12 renamed the header
  if (origin !== undefined) fields.push([version === 8 ? "Sec-WebSocket-Origin" : "Origin", origin]);
  if (subprotocols.length > 0) fields.push(["Sec-WebSocket-Protocol", subprotocols.join(", ")]);
  if (extensions !== "") fields.push(["Sec-WebSocket-Extensions", extensions]);
  for (const field of headers) if (!isNamed("host", field)) fields.push(field);
  return fields;
}

/** The pseudo-header fields and fields of a client's extended CONNECT, names in lower case. A Host of the application's is
 * the `:authority`; the key is not sent.
 * @param scheme without the colon; "https" for wss:
 * @param path and query
 * @throws UsageError as `requestHeaders`
 * @see RFC 8441 §4, §5 */
export function connectFields(
  opening: ClientOpening,
  { scheme, path }: { readonly scheme: "http" | "https"; readonly path: string },
): (readonly [string, string])[] {
  checkOpening(opening);
  return [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    [":scheme", scheme],
    [":authority", takeHost(opening)],
    [":path", path],
    ...fieldsForHttp2(sharedFields(opening)),
  ];
}

function checkOpening({ key, version, origin, subprotocols = [], extensions, headers = [] }: ClientOpening): void {
  if (!isValidKey(key)) throw new UsageError("the key is malformed; give the base64 of 16 random bytes");
  if (version !== 13 && version !== 8) throw new UsageError(`the version is ${String(version)}; give 13 or 8`);
  if (origin !== undefined) checkHeaderValue(origin, "the origin");
  if (origin === "") throw new UsageError("the origin is empty; leave it out or give one");
  checkSubprotocols(subprotocols);
  readCallerExtensions(extensions);
  for (const [name, value] of headers) checkAddedHeader(name, value);
}

function checkSubprotocols(subprotocols: readonly string[]): void {
  const seen = new Set<string>();
  for (const subprotocol of subprotocols) {
    checkCallerSubprotocol(subprotocol);
    // §4.1: the elements must be distinct
    if (seen.has(subprotocol)) throw new UsageError(`the subprotocol ${subprotocol} is offered twice; offer it once`);
    seen.add(subprotocol);
  }
}

function checkAddedHeader(name: string, value: string): void {
  checkCallerHeader(name, value);
  if (!isOwnHeader(name) && name.toLowerCase() !== "origin") return;
  throw new UsageError(`the header ${name} belongs to the handshake; leave it out, or use the option it has`);
}

function takeHost({ host, headers = [] }: ClientOpening): string {
  const overrides = headers.filter((field) => isNamed("host", field));
  if (overrides.length > 1) throw new UsageError(`${overrides.length} Host headers are given; give one at most`);
  const value = overrides[0]?.[1] ?? host;
  if (isHost(value)) return value;
  throw new UsageError(`the host, ${value.length} characters, is malformed; give a name or an address, perhaps :port`);
}

function isNamed(lowerName: string, [name]: readonly [string, string]): boolean {
  return name.toLowerCase() === lowerName;
}

/** A server's answer, as its HTTP version hands it over. */
export interface ClientResponse {
  readonly statusCode: number;
  readonly headers: HeaderFields;
  /** What errors carry. */
  readonly received?: HandshakeResponse | undefined;
}

/** Check a server's answer to a client's opening handshake.
 * @param opening as it was given to `requestHeaders`
 * @param sha1 the 20-byte digest of an ASCII text
 * @param offeredExtensions what `opening.extensions` says, parsed
 * @throws HandshakeError with the answer's status code: STATUS_NOT_101, UPGRADE_INVALID, CONNECTION_INVALID,
 * ACCEPT_MISMATCH, EXTENSIONS_INVALID, EXTENSION_NOT_OFFERED, SUBPROTOCOL_INVALID, SUBPROTOCOL_NOT_OFFERED,
 * SUBPROTOCOL_MISSING
 * @see RFC 6455 §4.1, the list of what a client must validate */
export function checkResponse(
  response: ClientResponse,
  opening: ClientOpening,
  sha1: (text: string) => Uint8Array,
  offeredExtensions: readonly ExtensionOffer[],
): Agreement {
  const { statusCode, headers, received } = response;
  if (statusCode !== 101) {
    throw new HandshakeError("STATUS_NOT_101", `seen ${statusCode}`, { statusCode, response: received });
  }
  const fail: Fail = (code, seen) => {
    throw new HandshakeError(code, describeSeen(seen), { statusCode, response: received });
  };
  checkUpgrade(headers, fail);
  const accepts = headers.all("sec-websocket-accept");
  if (accepts.length !== 1 || accepts[0] !== deriveAcceptKey(opening.key, sha1)) fail("ACCEPT_MISMATCH", accepts);
  const extensions = readExtensions(headers, offeredExtensions, fail);
  return { subprotocol: readSubprotocol(headers, opening, fail), extensions };
}

/** Says what is wrong with an answer. */
type Fail = (code: HandshakeErrorCode, seen: readonly string[]) => never;

/** Check a server's answer to an extended CONNECT.
 * @param endStream whether the response's HEADERS frame ended the stream
 * @throws HandshakeError with the answer's status code: STATUS_NOT_2XX, STREAM_ENDED, CONNECTION_FIELD,
 * EXTENSIONS_INVALID, EXTENSION_NOT_OFFERED, SUBPROTOCOL_INVALID, SUBPROTOCOL_NOT_OFFERED
 * @see RFC 8441 §5 */
export function checkConnectResponse(
  response: ClientResponse,
  endStream: boolean,
  opening: ClientOpening,
  offeredExtensions: readonly ExtensionOffer[],
): Agreement {
  const { statusCode, headers, received } = response;
  if (statusCode < 200 || statusCode > 299) {
    throw new HandshakeError("STATUS_NOT_2XX", `seen ${statusCode}`, { statusCode, response: received });
  }
  const fail: Fail = (code, seen) => {
    throw new HandshakeError(code, describeSeen(seen), { statusCode, response: received });
  };
  if (endStream) throw new HandshakeError("STREAM_ENDED", undefined, { statusCode, response: received });
  for (const field of headers) if (isConnectionField(field)) fail("CONNECTION_FIELD", [field[0]]);
  const extensions = readExtensions(headers, offeredExtensions, fail);
  return { subprotocol: readSubprotocol(headers, opening, fail), extensions };
}

function checkUpgrade(headers: HeaderFields, fail: Fail): void {
  // In an answer the only value is websocket; in a request it may be one of several
  if (!equalsToken(headers.get("upgrade") ?? "", "websocket")) fail("UPGRADE_INVALID", headers.all("upgrade"));
  if (!listIncludes(headers.get("connection"), "upgrade")) fail("CONNECTION_INVALID", headers.all("connection"));
}

function readExtensions(
  headers: HeaderFields,
  offered: readonly ExtensionOffer[],
  fail: Fail,
): readonly ExtensionOffer[] {
  const value = headers.get("sec-websocket-extensions");
  if (value === undefined) return [];
  const extensions = parseExtensions(value);
  if (extensions === undefined) return fail("EXTENSIONS_INVALID", headers.all("sec-websocket-extensions"));
  const names = new Set(offered.map((offer) => offer.name));
  for (const { name } of extensions) if (!names.has(name)) fail("EXTENSION_NOT_OFFERED", [name]);
  return extensions;
}

function readSubprotocol(headers: HeaderFields, opening: ClientOpening, fail: Fail): string | undefined {
  const { subprotocols: offered = [], requiresSubprotocol = false } = opening;
  const values = headers.all("sec-websocket-protocol");
  const [subprotocol] = values;
  if (subprotocol === undefined) {
    return requiresSubprotocol && offered.length > 0 ? fail("SUBPROTOCOL_MISSING", []) : undefined;
  }
  // §11.3.4: at most once in an answer, and one element
  if (values.length > 1 || !isToken(subprotocol)) return fail("SUBPROTOCOL_INVALID", values);
  return offered.includes(subprotocol) ? subprotocol : fail("SUBPROTOCOL_NOT_OFFERED", values);
}
