/**
 * Which web pages may connect. A browser sends its cookies along with a page's handshake, whatever page that is, and
 * tells only by the Origin header.
 * In: the option `origins`. Out: a rule for the origins that a handshake names. Clients outside browsers name none.
 */
import { UsageError } from "../../engine/errors.ts";
import type { HandshakeRequest } from "./handshake-request.ts";

/** Whose pages may connect: those of the same host and port; anybody's; those in a list; or what a function says.
 * A string in the list is one origin ("https://example.com"), a RegExp must match an origin from end to end.
 * @see RFC 6455 §10.2 */
export type OriginPolicy =
  | "same-origin"
  | "any"
  | readonly (string | RegExp)[]
  | ((origin: string, request: HandshakeRequest) => boolean | Promise<boolean>);

/** Whether an origin is allowed: true or false, or a promise of one. Anything else is the application's mistake. */
export type OriginRule = (origin: string, request: HandshakeRequest) => unknown;

/** Turn the option into a rule.
 * @throws UsageError for anything that is no policy, and for strings that are no origin */
export function compileOrigins(policy: OriginPolicy = "same-origin"): OriginRule {
  if (policy === "any") return () => true;
  if (policy === "same-origin") return (origin, request) => isSameOrigin(origin, request.host, request.secure);
  if (typeof policy === "function") return policy;
  if (Array.isArray(policy)) return compileList(policy);
  throw new UsageError(
    `origins is ${String(policy)}; give "same-origin", "any", a list such as ["https://example.com"], or a function`,
  );
}

/** Whether a page of this origin was served by the host that the request names.
 * @param origin as the browser sent it; only http and https origins can be the same
 * @param host of the request; without a port it has the default port of the *origin's* scheme, because behind a proxy
 * that ends TLS the request's own scheme says nothing
 * @param secure whether the request is known to have come through TLS, which an http page's would not
 * @see RFC 6454 §5 */
export function isSameOrigin(origin: string, host: string, secure: boolean): boolean {
  const theirs = parseOrigin(origin);
  if (theirs === undefined || (secure && theirs.protocol !== "https:")) return false;
  return parseOrigin(`${theirs.protocol}//${host}`)?.host === theirs.host;
}

/** The grammar is checked first: the URL parser repairs what a browser would never send, such as `http:\\host`. */
function parseOrigin(text: string): URL | undefined {
  if (!/^https?:\/\/[^\s/?#@\\]+$/i.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function compileList(list: readonly unknown[]): OriginRule {
  const origins = new Set<string>();
  const patterns: RegExp[] = [];
  for (const entry of list) {
    if (entry instanceof RegExp) patterns.push(wholeMatch(entry));
    else origins.add(checkOrigin(entry));
  }
  return (origin) => origins.has(normalise(origin)) || patterns.some((pattern) => pattern.test(origin));
}

/** /example\.com/ is not to let https://example.com.evil.test in; without g and y a test has no memory. */
function wholeMatch(pattern: RegExp): RegExp {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gmy]/g, ""));
}

function checkOrigin(entry: unknown): string {
  // "null" is what sandboxed frames and files send; other schemes are those of extensions and packaged applications
  if (typeof entry === "string" && (entry === "null" || /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]*$/i.test(entry))) {
    return normalise(entry);
  }
  throw new UsageError(
    `origins has ${JSON.stringify(entry)}; give a scheme, a host and perhaps a port, as in "https://example.com"`,
  );
}

function normalise(origin: string): string {
  return parseOrigin(origin)?.origin ?? origin;
}
