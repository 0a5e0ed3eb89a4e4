/**
 * The original's options, with its defaults, and what they are in the core's.
 * In: what a program wrote; nothing in it is checked but the keepalive's numbers, as ever. Out: options of `polysocket`.
 */
import type { Server as Http1Server } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import { getDefaultHighWaterMark } from "node:stream";
import type { CompressionOptions, ConnectionOptions, Http2Limits } from "polysocket";
import { failureReason } from "./errors.ts";

/** What both sides have; `connection.config`. */
export interface CommonConfig {
  maxReceivedFrameSize: number;
  maxReceivedMessageSize: number;
  fragmentOutgoingMessages: boolean;
  fragmentationThreshold: number;
  assembleFragments: boolean;
  disableNagleAlgorithm: boolean;
  closeTimeout: number;
  keepalive?: boolean;
  keepaliveInterval?: number;
  dropConnectionOnKeepaliveTimeout?: boolean;
  keepaliveGracePeriod?: number;
  useNativeKeepalive?: boolean;
  /** Not the original's: permessage-deflate (RFC 7692) where the peer wants it. Default false. */
  compression?: boolean | CompressionOptions;
  /** Not the original's: bounds for what waits for a slow peer. Default: none, as ever. */
  backpressure?: NonNullable<ConnectionOptions["backpressure"]>;
}

/** What a server can be mounted on. */
export type HttpServer = Http1Server | HttpsServer | Http2Server | Http2SecureServer;

/** A server's options, complete. */
export interface ServerConfig extends CommonConfig {
  httpServer: HttpServer[];
  autoAcceptConnections: boolean;
  ignoreXForwardedFor: boolean;
  parseCookies: boolean;
  parseExtensions: boolean;
  /** Not the original's: what one HTTP/2 connection may ask for. */
  http2Limits?: Partial<Http2Limits>;
}

/** A server's options as a program writes them. */
export interface GivenServerConfig extends Partial<Omit<ServerConfig, "httpServer">> {
  httpServer: HttpServer | HttpServer[];
}

/** A client's options, complete. */
export interface ClientConfig extends CommonConfig {
  webSocketVersion: number;
  tlsOptions: Record<string, unknown>;
}

/** A client's options as a program writes them. */
export interface GivenClientConfig extends Partial<ClientConfig> {
  /** The older name of `webSocketVersion`. */
  websocketVersion?: number;
}

const COMMON = {
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 16_384,
  assembleFragments: true,
  disableNagleAlgorithm: true,
  closeTimeout: 5_000,
};

const SERVER_DEFAULTS = {
  ...COMMON,
  maxReceivedFrameSize: 65_536,
  maxReceivedMessageSize: 1_048_576,
  keepalive: true,
  keepaliveInterval: 20_000,
  dropConnectionOnKeepaliveTimeout: true,
  keepaliveGracePeriod: 10_000,
  useNativeKeepalive: false,
  autoAcceptConnections: false,
  ignoreXForwardedFor: false,
  parseCookies: true,
  parseExtensions: true,
};

const CLIENT_DEFAULTS = {
  ...COMMON,
  maxReceivedFrameSize: 1_048_576,
  maxReceivedMessageSize: 8_388_608,
  webSocketVersion: 13,
};

/** Fill in the defaults; the program's object stays as it is.
 * @throws Error without httpServer */
export function resolveServerConfig(given: GivenServerConfig | undefined): ServerConfig {
  const { httpServer } = given ?? {};
  if (!httpServer) throw new Error("You must specify an httpServer on which to mount the WebSocket server.");
  return { ...SERVER_DEFAULTS, ...given, httpServer: Array.isArray(httpServer) ? [...httpServer] : [httpServer] };
}

/** Fill in the defaults; the program's object stays as it is.
 * @throws Error for another version than 8 and 13 */
export function resolveClientConfig({ websocketVersion, ...given }: GivenClientConfig): ClientConfig {
  const older = websocketVersion === undefined ? {} : { webSocketVersion: websocketVersion };
  const config = { ...CLIENT_DEFAULTS, ...older, ...given, tlsOptions: given.tlsOptions ?? {} };
  if (config.webSocketVersion === 8 || config.webSocketVersion === 13) return config;
  throw new Error("Requested webSocketVersion is not supported. Allowed values are 8 and 13.");
}

/** @throws Error in the original's words when keepalive is on and its numbers are none */
export function checkKeepalive(config: CommonConfig): void {
  if (!config.keepalive || config.useNativeKeepalive) return;
  if (typeof config.keepaliveInterval !== "number") {
    throw new Error("keepaliveInterval must be specified and numeric if keepalive is true.");
  }
  if (config.dropConnectionOnKeepaliveTimeout && typeof config.keepaliveGracePeriod !== "number") {
    throw new Error("keepaliveGracePeriod  must be specified and numeric if dropConnectionOnKeepaliveTimeout is true.");
  }
}

/** A connection's options for the core. What the original does not limit is not limited. */
export function coreOptions(config: CommonConfig): ConnectionOptions {
  const none = Number.POSITIVE_INFINITY;
  return {
    limits: {
      maxFrameBytes: atLeastOne(config.maxReceivedFrameSize),
      maxAssembledBytes: atLeastOne(config.maxReceivedMessageSize),
      maxMessageBytes: none,
      maxFragments: none,
      messageTimeoutMs: none,
    },
    heartbeat: heartbeatOf(config),
    closeTimeoutMs: atLeastOne(config.closeTimeout),
    reception: config.assembleFragments ? "messages" : "frames",
    fragmentBytes: config.fragmentOutgoingMessages ? atLeastOne(config.fragmentationThreshold) : none,
    failureReason,
    // Programs count on it that promises of one message have run before the next one comes
    delivery: "apart",
    automaticPong: false,
    // Frames are handed over as they are
    compression: config.assembleFragments ? (config.compression ?? false) : false,
    backpressure: {
      highWaterMarkBytes: getDefaultHighWaterMark(false),
      maxBufferedBytes: none,
      ...config.backpressure,
    },
  };
}

function heartbeatOf(config: CommonConfig): NonNullable<ConnectionOptions["heartbeat"]> {
  const { keepalive, useNativeKeepalive, keepaliveInterval, keepaliveGracePeriod } = config;
  if (!keepalive || useNativeKeepalive || typeof keepaliveInterval !== "number") return false;
  const drops = config.dropConnectionOnKeepaliveTimeout && typeof keepaliveGracePeriod === "number";
  return {
    intervalMs: atLeastOne(keepaliveInterval),
    timeoutMs: drops ? atLeastOne(keepaliveGracePeriod) : Number.POSITIVE_INFINITY,
    payload: "empty",
  };
}

/** The core wants positive numbers; the original took what JavaScript makes of it. */
function atLeastOne(value: unknown): number {
  const number = Math.floor(Number(value));
  return Number.isNaN(number) ? Number.POSITIVE_INFINITY : Math.max(1, number);
}
