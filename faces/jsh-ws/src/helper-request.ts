/**
 * The request as JSH shows it: a plain object, not an IncomingMessage.
 * In: the core's request. Out: an object that keeps nothing of Node's alive.
 */
import type { HandshakeRequest } from "polysocket";

/** One value, or all of a field that came several times. */
type FieldValues = string | string[];

export interface HelperRequest {
  readonly url: string;
  readonly requestUri: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Record<string, FieldValues>;
  readonly rawHeaders: string[];
  readonly httpVersion: string;
  readonly complete: true;
  readonly remoteAddress: string;
  readonly socket: { readonly remoteAddress: string };
  query(name: string): string;
  getHeader(name: string): string;
  hasHeader(name: string): boolean;
}

/** What has to be worked out is when it is first asked for: most programs ask for little of it. */
export function helperRequest(request: HandshakeRequest): HelperRequest {
  const { url, method, httpVersion } = request;
  const [rawHeaders, remoteAddress] = [[...request.rawHeaders], remoteAddressOf(request)];
  let fields: Map<string, string[]> | undefined;
  let headers: Record<string, FieldValues> | undefined;
  const mark = url.indexOf("?");
  const query = mark === -1 ? "" : url.slice(mark + 1);
  const allFields = (): Map<string, string[]> => {
    fields ??= fieldsOf(rawHeaders);
    return fields;
  };
  const getHeader = (name: string): string => allFields().get(String(name).toLowerCase())?.[0] ?? "";
  return {
    url,
    requestUri: url,
    method,
    path: decoded(request.path),
    get host() {
      return getHeader("host");
    },
    get headers() {
      headers ??= shown(allFields());
      return headers;
    },
    rawHeaders,
    httpVersion,
    complete: true,
    remoteAddress,
    socket: { remoteAddress },
    query: (name) => new URLSearchParams(query).get(String(name)) ?? "",
    getHeader,
    hasHeader: (name) => getHeader(name) !== "",
  };
}

function fieldsOf(rawHeaders: readonly string[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    const value = String(rawHeaders[i + 1]);
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return fields;
}

/** Whatever a peer calls its fields, each is a property of its own. */
function shown(fields: ReadonlyMap<string, string[]>): Record<string, FieldValues> {
  const entries = [...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : [...values]]);
  return Object.fromEntries(entries);
}

/** Address and port in one string. */
function remoteAddressOf({ remoteAddress, raw }: HandshakeRequest): string {
  if (remoteAddress === undefined) return "";
  // A socket that listens on IPv6 has IPv4 peers, too
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
  return `${address.includes(":") ? `[${address}]` : address}:${raw?.socket.remotePort ?? 0}`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
