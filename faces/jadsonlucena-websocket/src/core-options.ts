import type { EndpointOptions, Limits } from "polysocket";
import { failureCode } from "./close-event.ts";
import type { AddedOptions } from "./options.ts";

/** How long a peer's pings wait at most: one that pings in a loop gets so many answers and no more (RFC 6455 §5.5.3). */
const PONG_INTERVAL_MS = 100;

/** An HTTP/2 connection may have more WebSockets than the core's 100, since `limitByIP` counts them anyway. */
const MOST_STREAMS = 1_000;

/** How the connections of an instance behave, its handlers apart.
 * @param limitByIP most connections of an address, asked at each handshake */
export function coreOptions<Data>(
  limits: Limits,
  limitByIP: (address: string) => number,
  { backpressure, compression = true }: AddedOptions,
): EndpointOptions<Data> {
  return {
    limits,
    maxConnectionsPerAddress: limitByIP,
    failureCode,
    pongIntervalMs: PONG_INTERVAL_MS,
    // The pings of `pingDelay` take its place
    heartbeat: false,
    compression,
    // The original kept whatever a slow peer did not read
    backpressure: { maxBufferedBytes: Number.POSITIVE_INFINITY, ...backpressure },
    // Decided by hand, and before these would be asked
    origins: "any",
    http2Limits: { maxStreams: MOST_STREAMS },
    // A refusal is the peer's affair; the original told nobody
    upgradeError() {},
  };
}
