import { createEndpoint, type Endpoint } from "polysocket";
import { WebSocketConnection } from "./connection.ts";
import { connectionHandlers } from "./connection-handlers.ts";
import { type CommonConfig, coreOptions, type ServerConfig } from "./options.ts";

const endpoints = new WeakMap<CommonConfig, Endpoint<WebSocketConnection>>();

/** The core's endpoint for a server's options, as they were when it was first asked for. */
export function endpointFor(config: CommonConfig): Endpoint<WebSocketConnection> {
  const known = endpoints.get(config);
  if (known !== undefined) return known;
  const endpoint = createEndpoint<WebSocketConnection>({
    ...connectionHandlers,
    ...coreOptions(config),
    open: (core) => WebSocketConnection.opened(core.data, core),
    handshakeTimeoutMs: Number.POSITIVE_INFINITY,
    maxPendingHandshakes: Number.POSITIVE_INFINITY,
    // As many of one address, and as quickly, as the original takes
    maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
    handshakeRate: false,
    http2Limits: (config as Partial<ServerConfig>).http2Limits,
  });
  endpoints.set(config, endpoint);
  return endpoint;
}
