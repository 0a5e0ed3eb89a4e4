/**
 * The options of a client, checked and ready for use.
 * In: what the application wrote. Out: settings without a default left open, or a UsageError that says what to write.
 */
import * as http from "node:http";
import { UsageError } from "../../engine/errors.ts";
import { type HeaderList, readHeaders } from "../../engine/handshake/header-list.ts";
import type { ProtocolKit } from "../../engine/protocol/protocol-kit.ts";
import { makeKit } from "../connection/connection.ts";
import { checkFunctions, checkNames, positive, wholeNumber } from "../connection/option-checks.ts";
import type { ConnectionOptions, ConnectionSettings, Handlers } from "../connection/settings.ts";
import { CONNECTION_NAMES, HANDLER_NAMES, resolveSettings } from "../connection/settings.ts";
import type { ConnectOptions } from "./connect-options.ts";
import type { Http2Choice } from "./dial.ts";

/** What one call of `connect` asked for. */
export interface ClientSettings<Data> {
  readonly connection: ConnectionSettings;
  readonly kit: ProtocolKit;
  /** The options themselves, so that `this` of a handler is theirs. */
  readonly handlers: ConnectOptions<Data>;
  readonly subprotocols: readonly string[];
  readonly headers: HeaderList;
  readonly origin: string | undefined;
  readonly version: 13 | 8;
  readonly agentFor: (href: string) => http.Agent | undefined;
  readonly tls: NonNullable<ConnectOptions["tls"]>;
  readonly tcp: NonNullable<ConnectOptions["tcp"]>;
  readonly requiresSubprotocol: boolean;
  /** Undefined for Node's own. */
  readonly maxHeadBytes: number | undefined;
  readonly http2: Http2Choice;
  readonly handshakeTimeoutMs: number;
  readonly mostRedirects: number;
  readonly signal: AbortSignal | undefined;
}

type ClientOwn = Exclude<keyof ConnectOptions, keyof ConnectionOptions | keyof Handlers>;

const CLIENT_NAMES: Record<ClientOwn, true> = {
  data: true,
  subprotocols: true,
  headers: true,
  origin: true,
  version: true,
  agent: true,
  tls: true,
  tcp: true,
  requireSubprotocol: true,
  maxHeadBytes: true,
  http2: true,
  handshakeTimeoutMs: true,
  followRedirects: true,
  signal: true,
  reconnect: true,
};

/** The names of all options of `connect` that are no handlers. */
export const CLIENT_OPTION_NAMES: readonly string[] = [...CONNECTION_NAMES, ...Object.keys(CLIENT_NAMES)];

const ALL_NAMES = [...HANDLER_NAMES, ...CLIENT_OPTION_NAMES];

const MOST_HEAD_BYTES = 2 ** 31 - 1;

/** What `followRedirects: true` stands for. */
const MOST_REDIRECTS = 10;

/** Connections that leave every option at its default share their spare parts. */
const defaultSettings: ConnectionSettings = resolveSettings({}, "client");
const defaultKit: ProtocolKit = makeKit("client", defaultSettings);

/** Check a client's options and fill in the defaults. The values that go into headers are checked when those are made.
 * @throws UsageError for an unknown name or a wrong value */
export function resolveClientSettings<Data>(options: ConnectOptions<Data>): ClientSettings<Data> {
  checkNames(options, "the options of connect", ALL_NAMES);
  checkFunctions(options, "", HANDLER_NAMES);
  const isDefault = CONNECTION_NAMES.every((name) => Reflect.get(options, name) === undefined);
  const connection = isDefault ? defaultSettings : resolveSettings(options, "client");
  return {
    connection,
    kit: isDefault ? defaultKit : makeKit("client", connection),
    handlers: options,
    subprotocols: readSubprotocols(options.subprotocols),
    headers: readHeaders(options.headers),
    origin: options.origin,
    version: options.version === undefined ? 13 : options.version,
    agentFor: resolveAgent(options.agent),
    tls: readTls(options.tls),
    tcp: readTcp(options),
    maxHeadBytes: readHeadBytes(options.maxHeadBytes),
    requiresSubprotocol: readFlag("requireSubprotocol", options.requireSubprotocol),
    http2: readHttp2(options),
    handshakeTimeoutMs: positive("handshakeTimeoutMs", options.handshakeTimeoutMs, 10_000),
    mostRedirects: readRedirects(options.followRedirects),
    signal: readSignal(options.signal),
  };
}

function readSubprotocols(subprotocols: unknown = []): readonly string[] {
  if (Array.isArray(subprotocols)) return [...subprotocols];
  throw new UsageError(`subprotocols is ${String(subprotocols)}; give a list such as ["v2.chat", "v1.chat"]`);
}

function resolveAgent(agent: ConnectOptions["agent"]): (href: string) => http.Agent | undefined {
  if (agent === undefined) return () => undefined;
  if (!isAgent(agent) && typeof agent === "function") {
    return (href) => {
      const chosen: http.Agent | undefined = agent(new URL(href));
      if (chosen !== undefined) checkAgent(chosen, "what the agent function returned");
      return chosen;
    };
  }
  checkAgent(agent, "agent");
  return () => agent;
}

/** Node asks no more of an agent than this. */
function isAgent(agent: unknown): agent is http.Agent {
  if (agent instanceof http.Agent) return true;
  return typeof agent === "object" && agent !== null && "addRequest" in agent && typeof agent.addRequest === "function";
}

function checkAgent(agent: unknown, what: string): asserts agent is http.Agent {
  if (isAgent(agent)) return;
  const isDispatcher = typeof agent === "object" && agent !== null && "dispatch" in agent;
  const seen = isDispatcher ? "a dispatcher of undici" : `of type ${agent === null ? "null" : typeof agent}`;
  throw new UsageError(`${what} is ${seen}; give an http.Agent or https.Agent, or a function that returns one`);
}

function readTls(tls: unknown = {}): NonNullable<ConnectOptions["tls"]> {
  if (typeof tls === "object" && tls !== null) return tls;
  throw new UsageError(`tls is of type ${tls === null ? "null" : typeof tls}; give an object of tls.connect's options`);
}

function readTcp({
  tcp = {},
  http2 = false,
}: Pick<ConnectOptions, "tcp" | "http2">): NonNullable<ConnectOptions["tcp"]> {
  if (typeof tcp !== "object" || tcp === null) {
    throw new UsageError(
      `tcp is of type ${tcp === null ? "null" : typeof tcp}; give an object of net.connect's options`,
    );
  }
  // Whoever shares a connection cannot say how its socket is made
  if (http2 === false || Object.keys(tcp).length === 0) return tcp;
  throw new UsageError("both http2 and tcp are given; leave one out");
}

/** Node's HTTP parser counts in 32 bits. */
function readHeadBytes(bytes: number | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  return Math.min(wholeNumber("maxHeadBytes", bytes, MOST_HEAD_BYTES), MOST_HEAD_BYTES);
}

function readFlag(name: string, flag: unknown = false): boolean {
  if (typeof flag === "boolean") return flag;
  throw new UsageError(`${name} is of type ${flag === null ? "null" : typeof flag}; give true or false`);
}

function readHttp2({ http2 = false, agent }: Pick<ConnectOptions, "http2" | "agent">): Http2Choice {
  const isSession = typeof http2 === "object" && http2 !== null && "request" in http2 && "remoteSettings" in http2;
  if (!isSession && typeof http2 !== "boolean" && http2 !== "auto") {
    throw new UsageError(`http2 is ${describeChoice(http2)}; give true, false, "auto", or what http2.connect returns`);
  }
  if (http2 === false || agent === undefined) return http2;
  throw new UsageError(
    "both http2 and agent are given; an agent speaks HTTP/1.1: leave it out, or give a session as http2",
  );
}

function describeChoice(http2: unknown): string {
  return typeof http2 === "string" ? JSON.stringify(http2) : http2 === null ? "null" : `of type ${typeof http2}`;
}

function readRedirects(followRedirects: unknown = false): number {
  if (followRedirects === false) return 0;
  if (followRedirects === true) return MOST_REDIRECTS;
  if (Number.isSafeInteger(followRedirects) && Number(followRedirects) >= 0) return Number(followRedirects);
  throw new UsageError(`followRedirects is ${String(followRedirects)}; give true, false, or how many at most`);
}

function readSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new UsageError(`signal is of type ${signal === null ? "null" : typeof signal}; give an AbortSignal`);
}
