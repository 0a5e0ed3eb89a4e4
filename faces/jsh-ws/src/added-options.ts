/**
 * Options that JSH does not have, each as polysocket's of the same name.
 * In: what a program gives. Out: options for the core's servers and clients, with the defaults of this package.
 */
import type { ConnectionOptions, ConnectOptions } from "polysocket";

export type AddedOptions = Pick<ConnectionOptions, "backpressure" | "compression" | "heartbeat" | "limits">;

export type AddedClientOptions = AddedOptions &
  Pick<ConnectOptions, "agent" | "handshakeTimeoutMs" | "headers" | "tls">;

/** JSH has no limit; this is far above what its programs send. */
const LARGEST_MESSAGE_BYTES = 16 << 20;
/** JSH waits within `send` until the peer has read; without waiting there has to be an end to what is kept for it. */
const MOST_BUFFERED_BYTES = 64 << 20;

export function connectionOptions(given: AddedOptions): ConnectionOptions {
  const { backpressure, compression = false, heartbeat = false, limits } = given;
  return {
    compression,
    heartbeat,
    limits: { maxMessageBytes: LARGEST_MESSAGE_BYTES, messageTimeoutMs: Number.POSITIVE_INFINITY, ...limits },
    backpressure: { maxBufferedBytes: MOST_BUFFERED_BYTES, ...backpressure },
  };
}

export function clientOptions(given: AddedClientOptions): ConnectOptions<never> {
  const { agent, handshakeTimeoutMs, headers, tls } = given;
  return { ...connectionOptions(given), agent, handshakeTimeoutMs, headers, tls };
}
