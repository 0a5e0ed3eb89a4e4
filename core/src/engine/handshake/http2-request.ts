/**
 * What a server reads: a client's opening handshake over HTTP/2, an extended CONNECT.
 * In: the fields of the request, pseudo-header fields among them. Out: an Opening, or a HandshakeError to answer with.
 * Knows no stream; that the fields are well-formed HTTP/2 is the business of whoever decodes them.
 */
import { HandshakeError } from "../errors.ts";
import { isValidKey } from "./accept-key.ts";
import { isConnectionField } from "./connection-fields.ts";
import { describeSeen } from "./describe-seen.ts";
import type { HeaderFields } from "./header-grammar.ts";
import { isHost } from "./host.ts";
import { type Opening, readExtensions, readOrigin, readSubprotocols, readVersion, single } from "./opening.ts";

/** An extended CONNECT request. */
export interface ConnectRequest {
  /** Pseudo-header fields too, under their names with the colon. */
  readonly headers: HeaderFields;
  /** Whether the request's HEADERS frame ended the stream. */
  readonly endStream: boolean;
}

/** A valid opening handshake over HTTP/2, in values. */
export interface ConnectOpening extends Opening {
  /** A Sec-WebSocket-Key that nobody should have sent; undefined where there is none that is valid. */
  readonly key: string | undefined;
}

/** Read a client's opening handshake over HTTP/2. The first fault decides; the order of the checks is that of the list
 * below. Sec-WebSocket-Key is no fault, valid or not: RFC 8441 §5 has its processing superseded by `:protocol`.
 * @throws HandshakeError METHOD_NOT_CONNECT, PROTOCOL_UNKNOWN, SCHEME_INVALID, HOST_INVALID, STREAM_ENDED,
 * CONNECTION_FIELD, VERSION_INVALID, VERSION_UNSUPPORTED (with 400: HTTP/2 has no 426), BODY_UNEXPECTED, ORIGIN_INVALID,
 * SUBPROTOCOL_INVALID, EXTENSIONS_INVALID
 * @see RFC 8441 §4, §5; RFC 9113 §8.2.2, §8.3.1 */
export function readConnect({ headers, endStream }: ConnectRequest): ConnectOpening {
  checkPseudoFields(headers);
  const host = readAuthority(headers);
  if (endStream) throw new HandshakeError("STREAM_ENDED");
  checkNoConnectionFields(headers);
  const version = readVersionOver2(headers);
  if (headers.has("content-length")) {
    // Of no tunnel's length, and what counts octets takes the first frame for too many (RFC 9110 §9.3.6)
    throw new HandshakeError("BODY_UNEXPECTED", `Content-Length ${describeSeen(headers.all("content-length"))}`);
  }
  const origin = readOrigin(headers, version);
  const subprotocols = readSubprotocols(headers);
  const extensions = readExtensions(headers);
  const key = single(headers.all("sec-websocket-key"));
  return {
    version,
    host,
    origin,
    subprotocols,
    extensions,
    key: key !== undefined && isValidKey(key) ? key : undefined,
  };
}

function checkPseudoFields(headers: HeaderFields): void {
  const methods = headers.all(":method");
  if (single(methods) !== "CONNECT") throw new HandshakeError("METHOD_NOT_CONNECT", describeSeen(methods));
  const protocols = headers.all(":protocol");
  if (single(protocols) !== "websocket") throw new HandshakeError("PROTOCOL_UNKNOWN", describeSeen(protocols));
  // A proxy that ends TLS may pass https on over a connection without
  const schemes = headers.all(":scheme");
  const scheme = single(schemes);
  if (scheme !== "https" && scheme !== "http") throw new HandshakeError("SCHEME_INVALID", describeSeen(schemes));
}

function readAuthority(headers: HeaderFields): string {
  const authorities = headers.all(":authority");
  const hosts = headers.all("host");
  const authority = single(authorities) ?? (authorities.length === 0 ? single(hosts) : undefined);
  if (authority === undefined || !isHost(authority)) {
    // In HTTP/2 :authority stands for Host, and Host may do so where it is missing
    throw new HandshakeError(
      "HOST_INVALID",
      `:authority, ${describeSeen(authorities.length === 0 ? hosts : authorities)}`,
    );
  }
  // RFC 9113 §8.3.1: a Host that names another one than :authority makes the request malformed
  if (hosts.some((host) => host.toLowerCase() !== authority.toLowerCase())) {
    throw new HandshakeError("HOST_INVALID", "Host and :authority differ");
  }
  return authority;
}

function checkNoConnectionFields(headers: HeaderFields): void {
  for (const field of headers) {
    if (isConnectionField(field)) throw new HandshakeError("CONNECTION_FIELD", describeSeen([field[0]]));
  }
}

function readVersionOver2(headers: HeaderFields): Opening["version"] {
  try {
    return readVersion(headers);
  } catch (error) {
    if (!(error instanceof HandshakeError) || error.code !== "VERSION_UNSUPPORTED") throw error;
    // RFC 9110 §15.5.22: 426 has to come with Upgrade, which HTTP/2 does not know
    throw new HandshakeError("VERSION_UNSUPPORTED", describeSeen(headers.all("sec-websocket-version")), {
      statusCode: 400,
    });
  }
}
