/**
 * What an opening handshake says in whatever HTTP version it came by, and the fields that all versions share.
 * In: header fields. Out: values, or a HandshakeError to answer with. Knows no Upgrade and no pseudo-header field.
 */
import { HandshakeError } from "../errors.ts";
import { type ExtensionOffer, parseExtensions } from "../extensions/offer-grammar.ts";
import { describeSeen } from "./describe-seen.ts";
import { type HeaderFields, parseTokenList } from "./header-grammar.ts";

/** The protocol's versions: 13 is RFC 6455; 8 is HyBi 08 to 12, which differ in the name of the origin's header. */
export type Version = 13 | 8;

/** A valid opening handshake, in values. */
export interface Opening {
  readonly version: Version;
  /** As it was sent: a name or address, perhaps with a port. */
  readonly host: string;
  /** Undefined where the client gave none, as those outside browsers do; never empty. */
  readonly origin: string | undefined;
  /** Distinct tokens, the client's preference first. */
  readonly subprotocols: readonly string[];
  /** In order, as offered; an extension may come several times with different parameters. */
  readonly extensions: readonly ExtensionOffer[];
}

/** @throws HandshakeError VERSION_INVALID, VERSION_UNSUPPORTED */
export function readVersion(headers: HeaderFields): Version {
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

/** @throws HandshakeError BODY_UNEXPECTED */
export function checkNoBody(headers: HeaderFields): void {
  // A body's bytes would be taken for frames, or the other way round, by whoever reads the stream after us
  if (headers.has("transfer-encoding")) throw new HandshakeError("BODY_UNEXPECTED", "seen Transfer-Encoding");
  const lengths = headers.all("content-length");
  if (lengths.some((length) => length !== "0")) {
    throw new HandshakeError("BODY_UNEXPECTED", `Content-Length ${describeSeen(lengths)}`);
  }
}

/** @throws HandshakeError ORIGIN_INVALID */
export function readOrigin(headers: HeaderFields, version: Version): string | undefined {
  // HyBi 08 to 12 renamed the header; clients exist that say version 8 and send today's
  const old = version === 8 && headers.has("sec-websocket-origin");
  const values = headers.all(old ? "sec-websocket-origin" : "origin");
  // An empty origin would pass for an absent one in careless policies
  if (values.length > 1 || values[0] === "") throw new HandshakeError("ORIGIN_INVALID", describeSeen(values));
  return values[0];
}

/** @throws HandshakeError SUBPROTOCOL_INVALID */
export function readSubprotocols(headers: HeaderFields): readonly string[] {
  const value = headers.get("sec-websocket-protocol");
  if (value === undefined) return [];
  const subprotocols = parseTokenList(value);
  // §4.1: the elements must be distinct
  if (subprotocols === undefined || new Set(subprotocols).size !== subprotocols.length) {
    throw new HandshakeError("SUBPROTOCOL_INVALID", describeSeen(headers.all("sec-websocket-protocol")));
  }
  return subprotocols;
}

/** @throws HandshakeError EXTENSIONS_INVALID */
export function readExtensions(headers: HeaderFields): readonly ExtensionOffer[] {
  const value = headers.get("sec-websocket-extensions");
  if (value === undefined) return [];
  const extensions = parseExtensions(value);
  if (extensions !== undefined) return extensions;
  throw new HandshakeError("EXTENSIONS_INVALID", describeSeen(headers.all("sec-websocket-extensions")));
}

/** The one value; undefined where there are none or several. */
export function single(values: readonly string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined;
}
