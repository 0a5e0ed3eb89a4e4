/**
 * The options of a server, checked and ready for use.
 * In: what the application wrote. Out: settings without a default left open, or a UsageError that says what to write.
 * Nothing is changed in the application's objects; handler objects are used as they are, so that `this` is theirs.
 */
import { UsageError } from "../../engine/errors.ts";
import { isToken } from "../../engine/handshake/header-grammar.ts";
import { selectSubprotocol } from "../../engine/handshake/subprotocol.ts";
import { processBytes } from "../connection/memory-budget.ts";
import { checkFunctions, checkNames, positive, wholeNumber } from "../connection/option-checks.ts";
import type { ConnectionOptions, ConnectionSettings } from "../connection/settings.ts";
import { CONNECTION_NAMES, HANDLER_NAMES, resolveSettings } from "../connection/settings.ts";
import { type AddressLimit, resolveAddressLimit } from "./address-limit.ts";
import type { Rules, SubprotocolChoice } from "./decision.ts";
import type { EndpointOptions, RouteHandlers } from "./options.ts";
import { compileOrigins } from "./origin.ts";
import { type Route, Routes } from "./routes.ts";
import type { Http2Limits } from "./session-guard.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

/** One object for a server's whole life. */
export interface ServerSettings<Data> {
  readonly connection: ConnectionSettings;
  readonly routes: Routes<Data>;
  readonly proxies: TrustedProxies;
  readonly handshakeTimeoutMs: number;
  readonly maxPendingHandshakes: number;
  readonly maxConnections: number;
  /** The server's own count; undefined where nothing is limited. */
  readonly addresses: AddressLimit | undefined;
  readonly http2: Http2Limits;
  /** The same for the connection of a proxy that is trusted. */
  readonly http2OfProxies: Http2Limits;
  /** The options themselves, for handlers that belong to no route. */
  readonly handlers: Pick<EndpointOptions<Data>, "upgradeError">;
}

type ServerOwn = Exclude<keyof EndpointOptions, keyof ConnectionOptions | keyof RouteHandlers>;

const SERVER_NAMES: Record<ServerOwn, true> = {
  path: true,
  routes: true,
  subprotocols: true,
  origins: true,
  trustProxy: true,
  handshakeTimeoutMs: true,
  maxPendingHandshakes: true,
  maxConnections: true,
  maxConnectionsPerAddress: true,
  handshakeRate: true,
  ipv6PrefixBits: true,
  http2Limits: true,
  upgradeError: true,
};

const ROUTE_NAMES = [...HANDLER_NAMES, "upgrade"];
const FUNCTION_NAMES = [...ROUTE_NAMES, "upgradeError", "request"];
const ALL_NAMES = [...ROUTE_NAMES, ...CONNECTION_NAMES, ...Object.keys(SERVER_NAMES)];

/** What a connection is reckoned to need, with what the application keeps for it. */
const BYTES_EACH = 16_384;

/** Check a server's options and fill in the defaults.
 * @param caller the function that was called, for the errors' text
 * @param more names of options that only this caller has
 * @throws UsageError for an unknown name or a wrong value */
export function resolveServerSettings<Data>(
  options: EndpointOptions<Data>,
  caller: string,
  more: readonly string[] = [],
): ServerSettings<Data> {
  checkNames(options, `the options of ${caller}`, [...ALL_NAMES, ...more]);
  checkFunctions(options, "", FUNCTION_NAMES);
  const http2 = resolveHttp2Limits(options.http2Limits);
  const isSame = !options.trustProxy || options.http2Limits?.maxOpeningsPerSecond !== undefined;
  return {
    connection: resolveSettings(options, "server"),
    routes: resolveRoutes(options),
    proxies: new TrustedProxies(options.trustProxy),
    handshakeTimeoutMs: positive("handshakeTimeoutMs", options.handshakeTimeoutMs, 10_000),
    maxPendingHandshakes: positive("maxPendingHandshakes", options.maxPendingHandshakes, 1_000),
    maxConnections: wholeNumber("maxConnections", options.maxConnections, defaultConnections()),
    addresses: resolveAddressLimit(options),
    http2,
    http2OfProxies: isSame ? http2 : { ...http2, maxOpeningsPerSecond: Number.POSITIVE_INFINITY },
    handlers: options,
  };
}

/** As many as there are so many KiB of what the process may have: 32,768 in 512 MiB. */
function defaultConnections(): number {
  return Math.max(1_024, Math.floor(processBytes() / BYTES_EACH));
}

function resolveHttp2Limits(limits: EndpointOptions["http2Limits"] = {}): Http2Limits {
  if (typeof limits !== "object" || limits === null) {
    throw new UsageError(`http2Limits is ${String(limits)}; give { maxStreams, maxOpeningsPerSecond }`);
  }
  checkNames(limits, "http2Limits", ["maxStreams", "maxOpeningsPerSecond"]);
  return {
    maxStreams: positive("http2Limits.maxStreams", limits.maxStreams, 100),
    maxOpeningsPerSecond: positive("http2Limits.maxOpeningsPerSecond", limits.maxOpeningsPerSecond, 100),
  };
}

function resolveRoutes<Data>(options: EndpointOptions<Data>): Routes<Data> {
  const { path, routes } = options;
  const shared = {
    isOriginAllowed: compileOrigins(options.origins),
    chooseSubprotocol: resolveSubprotocols(options.subprotocols),
  };
  if (routes === undefined) {
    const route = { handlers: options, rules: { ...shared, upgrade: bindUpgrade(options) } };
    return path === undefined ? new Routes(new Map(), route) : new Routes(new Map([[checkString(path), route]]));
  }
  checkRoutes(options);
  const table = new Map<string, Route<Data>>();
  for (const [at, handlers] of Object.entries(routes)) {
    checkRoute(at, handlers);
    table.set(at, { handlers, rules: { ...shared, upgrade: bindUpgrade(handlers) ?? bindUpgrade(options) } });
  }
  return new Routes(table);
}

/** Called as a method, so that it finds its object; undefined where there is none. */
function bindUpgrade<Data>(handlers: RouteHandlers<Data>): Rules<Data>["upgrade"] {
  return handlers.upgrade === undefined ? undefined : (request) => handlers.upgrade?.(request);
}

function checkRoutes<Data>(options: EndpointOptions<Data>): void {
  const { path, routes } = options;
  if (typeof routes !== "object" || routes === null || Object.keys(routes).length === 0) {
    throw new UsageError(`routes is ${String(routes)}; give an object such as { "/chat": { message() {} } }`);
  }
  if (path !== undefined) throw new UsageError("both path and routes are given; put the path into routes");
  const stray = HANDLER_NAMES.find((name) => Reflect.get(options, name) !== undefined);
  if (stray !== undefined) throw new UsageError(`${stray} stands beside routes; put it into the handlers of a route`);
}

function checkRoute(path: string, handlers: unknown): void {
  if (typeof handlers !== "object" || handlers === null) {
    throw new UsageError(`routes[${JSON.stringify(path)}] is ${String(handlers)}; give an object with handlers`);
  }
  const prototype: unknown = Object.getPrototypeOf(handlers);
  // An object of the application's own class may keep there whatever it likes
  if (prototype === Object.prototype || prototype === null) {
    checkNames(handlers, `routes[${JSON.stringify(path)}]`, ROUTE_NAMES);
  }
  checkFunctions(handlers, `routes[${JSON.stringify(path)}].`, FUNCTION_NAMES);
}

function resolveSubprotocols(option: EndpointOptions["subprotocols"] = []): SubprotocolChoice {
  if (typeof option === "function") return option;
  if (!Array.isArray(option)) throw new UsageError(`subprotocols is ${String(option)}; give a list or a function`);
  const wrong: unknown = option.find((name) => typeof name !== "string" || !isToken(name));
  if (wrong !== undefined) {
    throw new UsageError(`subprotocols has ${JSON.stringify(wrong)}; give tokens: letters, digits, hyphens and dots`);
  }
  const supported = [...option];
  return (offered) => selectSubprotocol(offered, supported);
}

function checkString(path: unknown): string {
  if (typeof path === "string") return path;
  throw new UsageError(`path is of type ${typeof path}; give a string such as "/chat"`);
}
