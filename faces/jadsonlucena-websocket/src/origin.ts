/** A scheme and an authority, with nothing behind: what browsers send. The URL parser would repair other things. */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^\s/?#@\\]+)$/i;

/** Whether a page of this origin may connect: one of the server's own host, whatever its scheme, or one that is in the list.
 * @param origin undefined where the client names none; then "*" alone lets it in
 * @param host the host that the request asks for, perhaps with a port
 * @param allowed origins, compared exactly; "*" for any
 * @see RFC 6455 §10.2 */
export function isOriginAllowed(origin: string | undefined, host: string, allowed: readonly string[]): boolean {
  if (allowed.includes("*")) return true;
  return origin !== undefined && (allowed.includes(origin) || isOwnHost(origin, host));
}

function isOwnHost(origin: string, host: string): boolean {
  const [, scheme = "", authority] = ORIGIN.exec(origin) ?? [];
  if (authority === undefined) return false;
  if (authority === host) return true;
  // Without a port each has the default one of the page's scheme: behind a proxy that ends TLS the request's own says nothing
  const base = /^(?:https|wss)$/i.test(scheme) ? "https" : "http";
  const own = hostOf(base, host);
  return own !== undefined && hostOf(base, authority) === own;
}

/** In lower case, without the scheme's default port. */
function hostOf(scheme: string, authority: string): string | undefined {
  try {
    return new URL(`${scheme}://${authority}`).host;
  } catch {
    return undefined;
  }
}
