import { ownString } from "./own-string.ts";

/** Where a request wants to go. */
export interface RequestTarget {
  /** As it was sent, percent-encoding and doubled slashes kept; always begins with "/". */
  readonly path: string;
  /** What follows the question mark; "" where there is none. */
  readonly query: string;
}

/** Read a request's target: an absolute path, or an absolute http(s) URI that names the same host as the Host header.
 * Nothing is decoded, resolved or normalised, so that what was checked is what the application sees.
 * @param host the Host header
 * @returns undefined for any other form, such as "*", and for characters that no target may have
 * @see RFC 9112 §3.2; RFC 6455 §4.1 */
export function parseTarget(target: string, host: string | undefined): RequestTarget | undefined {
  if (!/^[\x21\x22\x24-\x7e]+$/.test(target)) return undefined;
  if (target.startsWith("/")) return splitQuery(target);
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
  const [, authority, rest = ""] = absolute ?? [];
  // RFC 9112 §3.2.2 lets the URI overrule Host; two names for one server are what request smuggling is made of
  if (authority === undefined || authority.toLowerCase() !== host?.toLowerCase()) return undefined;
  return splitQuery(rest.startsWith("/") ? rest : `/${rest}`);
}

function splitQuery(text: string): RequestTarget {
  const mark = text.indexOf("?");
  if (mark === -1) return { path: text, query: "" };
  return { path: ownString(text.slice(0, mark)), query: text.slice(mark + 1) };
}
