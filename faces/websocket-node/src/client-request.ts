/**
 * What `connect` of a client asks for, in the core's options.
 * In: the original's arguments. Out: options of `polysocket`'s connect.
 */
import type { OutgoingHttpHeaders, RequestOptions } from "node:http";
import type { ConnectOptions } from "polysocket";
import { headerFields, headerValue } from "./header-text.ts";
import { type ClientConfig, coreOptions } from "./options.ts";
import { illegalCharacterIn } from "./subprotocol-names.ts";

type Fields = [string, string][];

export interface ClientRequest {
  readonly config: ClientConfig;
  readonly protocols: readonly string[];
  readonly origin: string | undefined;
  readonly secure: boolean;
  readonly headers: OutgoingHttpHeaders | null | undefined;
  readonly options: RequestOptions | null | undefined;
}

/** Of the request options, those that say where to and what; they are the library's. */
const NOT_OF_THE_SOCKET = new Set([
  ...["agent", "auth", "createConnection", "defaultPort", "headers", "host", "hostname", "method", "path", "port"],
  ...["protocol", "setHost", "signal", "socketPath", "timeout"],
]);
const OWN_FIELD = /^(?:upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** @throws Error in the original's words for a name that none may have */
export function readProtocols(given: string | readonly string[] | null | undefined): string[] {
  const protocols = typeof given === "string" ? (given === "" ? [] : [given]) : [...(given ?? [])];
  for (const protocol of protocols) {
    const illegal = illegalCharacterIn(protocol);
    if (illegal !== undefined) throw new Error(`Protocol list contains invalid character "${illegal}"`);
  }
  return protocols;
}

export function connectOptions(request: ClientRequest): ConnectOptions<undefined> {
  const { config, protocols, secure, options } = request;
  const socketOptions = pick(options);
  const path = options?.socketPath;
  const { origin, headers } = fieldsOf(request);
  return {
    ...coreOptions(config),
    subprotocols: protocols,
    requireSubprotocol: protocols.length > 0,
    headers,
    origin,
    version: config.webSocketVersion === 8 ? 8 : 13,
    // Node takes the path of a Unix socket there, too
    tcp: { ...socketOptions, ...(path ? { path } : {}) } as NonNullable<ConnectOptions["tcp"]>,
    tls: secure ? { ...pick(config.tlsOptions), ...socketOptions } : {},
    handshakeTimeoutMs: Number.POSITIVE_INFINITY,
  };
}

/** The program's own fields, the later ones over the earlier; and the origin, which the core has an option for. */
function fieldsOf({ config, secure, headers, options, origin }: ClientRequest): {
  headers: Fields;
  origin: string | undefined;
} {
  const byName = new Map<string, string[][]>();
  const add = (given: object | null | undefined): void => {
    for (const [name, value] of Object.entries(given ?? {})) {
      const values = Array.isArray(value) ? value : [value];
      const fields = values.filter((one) => one !== undefined).flatMap((one) => headerFields({ [name]: one }));
      byName.set(name.toLowerCase(), fields);
    }
  };
  if (secure) add(config.tlsOptions["headers"] as object | undefined);
  if (options?.auth) add({ Authorization: `Basic ${Buffer.from(options.auth).toString("base64")}` });
  add(headers);
  const given = byName.get("origin")?.[0]?.[1];
  byName.delete("origin");
  const own = origin ? headerValue(origin) : given;
  const fields = [...byName].flatMap(([name, list]) => (OWN_FIELD.test(name) ? [] : (list as Fields)));
  return { headers: fields, origin: own || undefined };
}

function pick(options: object | null | undefined): Record<string, unknown> {
  const own = Object.entries(options ?? {}).filter(([name]) => !NOT_OF_THE_SOCKET.has(name));
  return Object.fromEntries(own);
}
