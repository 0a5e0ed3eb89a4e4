/** Whatever the schemes of WebSockets are written as. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);

/** The URL record of a WebSocket, its scheme ws: or wss:. A relative URL is resolved where there is something to resolve
 * it against: the `location` of a page, as a browser or jsdom has it.
 * @throws DOMException SyntaxError for what is no URL, has another scheme than ws:, wss:, http: and https:, or has a
 *   fragment, even an empty one
 * @see https://websockets.spec.whatwg.org/#dom-websocket-websocket steps 1–7 */
export function parseSocketUrl(given: string): URL {
  const url = parse(given);
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) {
    throw syntaxError(`the URL's scheme is ${url.protocol}; give a ws:, wss:, http: or https: URL`);
  }
  url.protocol = scheme;
  // `hash` is "" for an empty fragment and for none
  if (url.href.includes("#")) throw syntaxError("the URL has a fragment; leave out # and what follows");
  return url;
}

function parse(given: string): URL {
  const base = baseUrl();
  try {
    return new URL(given, base);
  } catch {
    const relative =
      base === undefined ? "an absolute URL: there is no page to resolve a relative one against" : "a URL";
    throw syntaxError(`the URL cannot be parsed; give ${relative}`);
  }
}

/** The API base URL. */
function baseUrl(): string | undefined {
  const location: unknown = Reflect.get(globalThis, "location");
  if (typeof location !== "object" || location === null || !("href" in location)) return undefined;
  return typeof location.href === "string" && URL.canParse(location.href) ? location.href : undefined;
}

function syntaxError(message: string): DOMException {
  return new DOMException(message, "SyntaxError");
}
