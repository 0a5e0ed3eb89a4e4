/**
 * Where a redirect leads, and what may be taken there.
 * In: the URL that was dialed, the response. Out: the next URL to dial, or a HandshakeError. It dials nothing.
 */
import { HandshakeError, type HandshakeResponse, UsageError } from "../../engine/errors.ts";
import type { HeaderList } from "../../engine/handshake/header-list.ts";
import { isHost } from "../../engine/handshake/host.ts";
import { type ClientUrl, parseClientUrl } from "./client-url.ts";
import type { ConnectOptions } from "./connect-options.ts";

type Tls = NonNullable<ConnectOptions["tls"]>;

/** @see RFC 9110 §15.4 */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Headers that are meant for the origin that the application named. */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "cookie", "cookie2", "proxy-authorization", "host"]);

/** Whether a response asks to go elsewhere. */
export function isRedirect({ statusCode, headers }: HandshakeResponse): boolean {
  return REDIRECTS.has(statusCode) && headers["location"] !== undefined;
}

/** The URL that a redirect leads to.
 * @throws HandshakeError REDIRECT_INVALID; REDIRECT_INSECURE for one from TLS to no TLS, which would show to everybody on
 *   the way what the application meant to hide */
export function redirectTarget(from: ClientUrl, response: HandshakeResponse): ClientUrl {
  const target = resolveLocation(from, response);
  // A server elsewhere has no say in which of this machine's sockets are dialed
  if (target.socketPath !== undefined && target.origin !== from.origin) {
    throw new HandshakeError("REDIRECT_INVALID", "a Unix socket", { response });
  }
  if (from.secure && !target.secure) throw new HandshakeError("REDIRECT_INSECURE", undefined, { response });
  return target;
}

function resolveLocation(from: ClientUrl, response: HandshakeResponse): ClientUrl {
  const location = String(response.headers["location"]);
  try {
    const target = parseClientUrl(absolute(location, from));
    // The URL standard allows in hosts what a Host header does not
    if (!isHost(target.host)) throw new UsageError("the host cannot be sent");
    return target;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new HandshakeError("REDIRECT_INVALID", undefined, { response, cause: error });
  }
}

/** RFC 9110 §10.2.2: a Location may be relative to what was asked for, and may have a fragment, which is not sent. */
function absolute(location: string, from: ClientUrl): string | URL {
  // The URL standard resolves nothing against ws+unix:, so the path is resolved for itself
  const base = from.socketPath === undefined ? from.href : new URL(from.target, "ws://localhost").href;
  if (!URL.canParse(location, base)) return location;
  const url = new URL(location, base);
  url.hash = "";
  const isRelative = !URL.canParse(location) && !/^[/\\]{2}/.test(location);
  if (from.socketPath === undefined || !isRelative) return url;
  return `${from.origin}:${url.pathname}${url.search}`;
}

/** The headers that may go along to another origin. */
export function withoutCredentials(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !CREDENTIALS.has(name.toLowerCase()));
}

/** What tells who the client is, or whom it expects. A secure context holds whatever it was made of. */
const IDENTITY: ReadonlySet<string> = new Set([
  ...["cert", "key", "pfx", "passphrase", "secureContext", "session", "pskCallback"],
  ...["clientCertEngine", "privateKeyEngine", "privateKeyIdentifier", "servername", "checkServerIdentity"],
]);

/** The TLS options that may go along to another origin: not the client's certificate, nor a name that was expected. */
export function withoutIdentity(tls: Tls): Tls {
  return Object.fromEntries(Object.entries(tls).filter(([name]) => !IDENTITY.has(name)));
}
