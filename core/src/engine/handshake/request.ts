/**
 * What a server reads: a client's opening handshake.
 * In: the method, version and fields of an HTTP/1.1 request. Out: an Opening, or a HandshakeError to answer with.
 * Knows no path, no application and no policy: whether the origin is welcome is decided elsewhere.
 */
import { HandshakeError } from "../errors.ts";
import { type ExtensionOffer, parseExtensions } from "../extensions/offer-grammar.ts";
import { isValidKey } from "./accept-key.ts";
import { describeSeen } from "./describe-seen.ts";
import { type HeaderFields, listIncludes, parseTokenList } from "./header-grammar.ts";
import { isHost } from "./host.ts";

/** The protocol's versions: 13 is RFC 6455; 8 is HyBi 08 to 12, which differ in the name of the origin's header. */
export type Version = 13 | 8;

/** The parts of an HTTP/1.1 request that the handshake depends on. */
export interface OpeningRequest {
  readonly method: string;
  /** Without its name, as in "1.1". */
  readonly httpVersion: string;
  readonly headers: HeaderFields;
}

/** A valid opening handshake, in values. */
export interface Opening {
  readonly version: Version;
  /** As it was sent: base64 of 16 bytes. */
  readonly key: string;
  /** As it was sent: a name or address, perhaps with a port. */
  readonly host: string;
  /** Undefined where the client gave none, as those outside browsers do; never empty. */
  readonly origin: string | undefined;
  /** Distinct tokens, the client's preference first. */
  readonly subprotocols: readonly string[];
  /** In order, as offered; an extension may come several times with different parameters. */
  readonly extensions: readonly ExtensionOffer[];
}

/** Read a client's opening handshake. The first fault decides; the order of the checks is that of the list below.
 * @throws HandshakeError METHOD_NOT_GET, HTTP_VERSION_TOO_LOW, HOST_INVALID, UPGRADE_INVALID, CONNECTION_INVALID,
 * VERSION_INVALID, VERSION_UNSUPPORTED, KEY_INVALID, BODY_UNEXPECTED, ORIGIN_INVALID, SUBPROTOCOL_INVALID,
 * EXTENSIONS_INVALID
 * @see RFC 6455 §4.2.1 */
export function readRequest(request: OpeningRequest): Opening {
  const { headers } = request;
  checkRequestLine(request);
  const host = readHost(headers);
  checkUpgrade(headers);
  const version = readVersion(headers);
  const key = readKey(headers);
  checkNoBody(headers);
  const origin = readOrigin(headers, version);
  const subprotocols = readSubprotocols(headers);
  return { version, key, host, origin, subprotocols, extensions: readExtensions(headers) };
}

/** The headers that HTTP demands with a refusal's status.
 * @see RFC 9110 §15.5.6 (405), §15.5.22 (426); RFC 6455 §4.4 */
export function refusalHeaders(error: HandshakeError): readonly (readonly [string, string])[] {
  if (error.statusCode === 405) return [["Allow", "GET"]];
  if (error.statusCode !== 426) return [];
  return [
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13, 8"],
  ];
}

function checkRequestLine({ method, httpVersion }: OpeningRequest): void {
  if (method !== "GET") throw new HandshakeError("METHOD_NOT_GET", describeSeen([method]));
  // RFC 9112 §2.3: one digit each; anything above 1.1 is ours to read
  if (!/^(?:1\.[1-9]|[2-9]\.[0-9])$/.test(httpVersion)) {
    throw new HandshakeError("HTTP_VERSION_TOO_LOW", describeSeen([httpVersion]));
  }
}

function readHost(headers: HeaderFields): string {
  // RFC 9110 §7.2: more than one Host, or an invalid one, must be answered with 400
  const host = single(headers.all("host"));
  if (host === undefined || !isHost(host)) throw new HandshakeError("HOST_INVALID", describeSeen(headers.all("host")));
  return host;
}

function checkUpgrade(headers: HeaderFields): void {
  if (!listIncludes(headers.get("upgrade"), "websocket")) {
    throw new HandshakeError("UPGRADE_INVALID", describeSeen(headers.all("upgrade")));
  }
  if (!listIncludes(headers.get("connection"), "upgrade")) {
    throw new HandshakeError("CONNECTION_INVALID", describeSeen(headers.all("connection")));
  }
}

function readVersion(headers: HeaderFields): Version {
  const values = headers.all("sec-websocket-version");
  const text = single(values);
  // §4.3: 0 to 255, no sign and no leading zero
  if (text === undefined || !/^(?:0|[1-9][0-9]{0,2})$/.test(text) || Number(text) > 255) {
    throw new HandshakeError("VERSION_INVALID", describeSeen(values));
  }
  const version = Number(text);
  if (version === 13 || version === 8) return version;
  throw new HandshakeError("VERSION_UNSUPPORTED", `seen ${version}`);
}

function readKey(headers: HeaderFields): string {
  const key = single(headers.all("sec-websocket-key"));
  if (key === undefined || !isValidKey(key)) {
    throw new HandshakeError("KEY_INVALID", describeSeen(headers.all("sec-websocket-key")));
  }
  return key;
}

function checkNoBody(headers: HeaderFields): void {
  // A body's bytes would be taken for frames, or the other way round, by whoever reads the stream after us
  if (headers.has("transfer-encoding")) throw new HandshakeError("BODY_UNEXPECTED", "seen Transfer-Encoding");
  const lengths = headers.all("content-length");
  if (lengths.some((length) => length !== "0")) {
    throw new HandshakeError("BODY_UNEXPECTED", `Content-Length ${describeSeen(lengths)}`);
  }
}

function readOrigin(headers: HeaderFields, version: Version): string | undefined {
  // HyBi 08 to 12 renamed the header; clients exist that say version 8 and send today's
  const old = version === 8 && headers.has("sec-websocket-origin");
  const values = headers.all(old ? "sec-websocket-origin" : "origin");
  // An empty origin would pass for an absent one in careless policies
  if (values.length > 1 || values[0] === "") throw new HandshakeError("ORIGIN_INVALID", describeSeen(values));
  return values[0];
}

function readSubprotocols(headers: HeaderFields): readonly string[] {
  const value = headers.get("sec-websocket-protocol");
  if (value === undefined) return [];
  const subprotocols = parseTokenList(value);
  // §4.1: the elements must be distinct
  if (subprotocols === undefined || new Set(subprotocols).size !== subprotocols.length) {
    throw new HandshakeError("SUBPROTOCOL_INVALID", describeSeen(headers.all("sec-websocket-protocol")));
  }
  return subprotocols;
}

function readExtensions(headers: HeaderFields): readonly ExtensionOffer[] {
  const value = headers.get("sec-websocket-extensions");
  if (value === undefined) return [];
  const extensions = parseExtensions(value);
  if (extensions !== undefined) return extensions;
  throw new HandshakeError("EXTENSIONS_INVALID", describeSeen(headers.all("sec-websocket-extensions")));
}

function single(values: readonly string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined;
}
