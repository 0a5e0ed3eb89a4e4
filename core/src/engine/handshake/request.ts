/**
 * What a server reads: a client's opening handshake.
 * In: the method, version and fields of an HTTP/1.1 request. Out: an Opening, or a HandshakeError to answer with.
 * Knows no path, no application and no policy: whether the origin is welcome is decided elsewhere.
 */
import { HandshakeError } from "../errors.ts";
import { isValidKey } from "./accept-key.ts";
import { describeSeen } from "./describe-seen.ts";
import { type HeaderFields, listIncludes } from "./header-grammar.ts";
import { isHost } from "./host.ts";
import {
  checkNoBody,
  type Opening,
  readExtensions,
  readOrigin,
  readSubprotocols,
  readVersion,
  single,
} from "./opening.ts";

/** The parts of an HTTP/1.1 request that the handshake depends on. */
export interface OpeningRequest {
  readonly method: string;
  /** Without its name, as in "1.1". */
  readonly httpVersion: string;
  readonly headers: HeaderFields;
}

/** A valid opening handshake over HTTP/1.1, in values. */
export interface Http1Opening extends Opening {
  /** As it was sent: base64 of 16 bytes. */
  readonly key: string;
}

/** Read a client's opening handshake. The first fault decides; the order of the checks is that of the list below.
 * @throws HandshakeError METHOD_NOT_GET, HTTP_VERSION_TOO_LOW, HOST_INVALID, UPGRADE_INVALID, CONNECTION_INVALID,
 * VERSION_INVALID, VERSION_UNSUPPORTED, KEY_INVALID, BODY_UNEXPECTED, ORIGIN_INVALID, SUBPROTOCOL_INVALID,
 * EXTENSIONS_INVALID
 * @see RFC 6455 §4.2.1 */
export function readRequest(request: OpeningRequest): Http1Opening {
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

/** The headers that HTTP demands with a refusal's status. HTTP/2 has no Upgrade; whoever answers there leaves it out.
 * @see RFC 9110 §15.5.6 (405), §15.5.22 (426); RFC 6455 §4.4 */
export function refusalHeaders(error: HandshakeError): readonly (readonly [string, string])[] {
  if (error.statusCode === 405) return [["Allow", "GET"]];
  if (error.code !== "VERSION_UNSUPPORTED") return [];
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

function readKey(headers: HeaderFields): string {
  const key = single(headers.all("sec-websocket-key"));
  if (key === undefined || !isValidKey(key)) {
    throw new HandshakeError("KEY_INVALID", describeSeen(headers.all("sec-websocket-key")));
  }
  return key;
}
