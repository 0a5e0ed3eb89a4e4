import type { TcpNetConnectOpts } from "node:net";
import type { ServerOptions as HttpsServerOptions } from "node:https";
import type { ConnectionOptions as TlsConnectOptions } from "node:tls";
import type { ConnectionOptions } from "polysocket";
import type { Connection } from "./connection.ts";
import { limits } from "./shared-limits.ts";

/** What the original did not have; each is off unless it is given. */
export interface AddedOptions {
  /** As the option of polysocket: true, or how messages are compressed (permessage-deflate). */
  readonly compression?: ConnectionOptions["compression"];
  /** As the option of polysocket: how much may wait for a slow peer, and what happens then. */
  readonly backpressure?: ConnectionOptions["backpressure"];
}

/** The original's options of `createServer`, all others go to Node's server. */
export interface ServerOptions extends HttpsServerOptions, AddedOptions {
  readonly secure?: boolean;
  readonly validProtocols?: readonly string[];
  readonly selectProtocol?: (connection: Connection, protocols: string[]) => string | undefined;
  /** With `secure`: HTTP/2 as well, on the same port. */
  readonly http2?: boolean;
}

/** The original's options of `connect`, all others go to `net.connect` or `tls.connect`. */
export interface ConnectOptions extends Omit<TlsConnectOptions, "port" | "host">, AddedOptions {
  readonly extraHeaders?: Record<string, string>;
  readonly protocols?: readonly string[];
}

export type SocketOptions = TcpNetConnectOpts & TlsConnectOptions;

/** What connections of the core are told, on either side. */
export function coreOptions({ compression, backpressure }: AddedOptions): ConnectionOptions {
  return {
    reception: "binary-fragments",
    limits,
    heartbeat: false,
    compression: compression ?? false,
    // The original kept whatever a slow peer did not read
    backpressure: { maxBufferedBytes: Number.POSITIVE_INFINITY, ...backpressure },
  };
}
