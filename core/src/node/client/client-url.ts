import { UsageError } from "../../engine/errors.ts";

/** Where a client dials, read from a URL. */
export interface ClientUrl {
  /** Normalised: ws:, wss: or ws+unix:, without user information. */
  readonly href: string;
  /** Scheme, host and port, or the path of the Unix socket; equal for URLs that share credentials. */
  readonly origin: string;
  /** Whether TLS is spoken. */
  readonly secure: boolean;
  /** A name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The Unix socket to dial instead of host and port. */
  readonly socketPath: string | undefined;
  /** Path and query, as the request has them. */
  readonly target: string;
  /** The Host header. */
  readonly host: string;
  /** The Authorization header that the URL's user information stands for. */
  readonly authorization: string | undefined;
}

const SCHEMES: ReadonlyMap<string, string> = new Map([
  ["ws:", "ws:"],
  ["wss:", "wss:"],
  ["http:", "ws:"],
  ["https:", "wss:"],
]);

/** Read the URL of a WebSocket server.
 * @param given ws:, wss:, http: (as ws:), https: (as wss:), or `ws+unix:/path/of/socket:/path?query`, where the
 *   socket's path may be relative, and a colon or a percent sign in it is percent-encoded
 * @throws UsageError for anything else, for relative URLs and for URLs with a fragment
 * @see RFC 6455 §3 */
export function parseClientUrl(given: string | URL): ClientUrl {
  const url = parse(given);
  if (url.hash !== "" || url.href.endsWith("#")) {
    throw new UsageError("the URL has a fragment, which a WebSocket URL may not have; leave out # and what follows");
  }
  if (url.protocol === "ws+unix:") return unixUrl(url);
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) {
    throw new UsageError(`the URL's scheme is ${url.protocol}; give a ws:, wss:, http:, https: or ws+unix: URL`);
  }
  const secure = scheme === "wss:";
  const target = `${url.pathname}${url.search}`;
  return {
    href: `${scheme}//${url.host}${target}`,
    origin: `${scheme}//${url.host}`,
    secure,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    socketPath: undefined,
    target,
    host: url.host,
    authorization: authorizationOf(url),
  };
}

function parse(given: string | URL): URL {
  if (typeof given !== "string" && !(given instanceof URL)) {
    throw new UsageError(`the URL is of type ${given === null ? "null" : typeof given}; give a string or a URL`);
  }
  try {
    return new URL(given);
  } catch {
    throw new UsageError("the URL cannot be parsed; give an absolute one, such as ws://127.0.0.1:8080/chat");
  }
}

function unixUrl(url: URL): ClientUrl {
  if (url.host !== "") {
    throw new UsageError("a ws+unix: URL has no host; write ws+unix:/path/of/socket:/path, or three slashes");
  }
  const colon = url.pathname.indexOf(":");
  const encoded = colon === -1 ? url.pathname : url.pathname.slice(0, colon);
  const path = colon === -1 ? "/" : url.pathname.slice(colon + 1);
  if (encoded === "") throw new UsageError("the ws+unix: URL names no socket; write ws+unix:/path/of/socket:/path");
  if (!path.startsWith("/")) {
    throw new UsageError("what follows the colon of a ws+unix: URL is the request's path; begin it with a slash");
  }
  const target = `${path}${url.search}`;
  return {
    href: `ws+unix:${encoded}:${target}`,
    origin: `ws+unix:${encoded}`,
    secure: false,
    hostname: "localhost",
    port: 80,
    socketPath: decode(encoded, "the path of the ws+unix: URL's socket"),
    target,
    host: "localhost",
    authorization: undefined,
  };
}

/** @see RFC 7617 §2 */
function authorizationOf(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const user = decode(url.username, "the URL's user name");
  // A colon would move the border between the two
  if (user.includes(":")) throw new UsageError("the URL's user name has a colon, which RFC 7617 does not allow");
  return `Basic ${Buffer.from(`${user}:${decode(url.password, "the URL's password")}`).toString("base64")}`;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`${what} has a percent sign that begins no UTF-8; write it as %25`);
  }
}
