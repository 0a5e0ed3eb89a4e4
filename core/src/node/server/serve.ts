import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { UsageError } from "../../engine/errors.ts";
import type { ConnectionSet } from "./connection-set.ts";
import type { CloseOptions, ServeOptions } from "./options.ts";
import { answerPlainRequest } from "./plain-request.ts";
import { type Foundation, type Publisher, ServerCore } from "./server-core.ts";
import { resolveServerSettings } from "./server-settings.ts";
import type { ServerStats } from "./server-stats.ts";
import { formatServerUrl } from "./server-url.ts";
import { Http1Channel } from "./upgrade-http1.ts";

/** A WebSocket server that listens by itself. */
export interface Server<Data = undefined> extends Publisher {
  /** Where a client on the same machine reaches it, such as "ws://127.0.0.1:8080/chat"; the path is there if there is
   * only one. */
  readonly url: string;
  readonly connections: ConnectionSet<Data>;
  stats(): ServerStats;
  /** Refuse new clients, close all connections, and stop listening. A second call gets the first one's promise.
   * @returns resolves when every connection and the http server are gone
   * @throws UsageError for values that cannot be sent */
  close(options?: CloseOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serve WebSocket on an http server of its own, https where `tls` is given.
 * @returns the server, once it listens
 * @throws UsageError for wrong options; Node's own error where it cannot listen, such as EADDRINUSE */
export async function serve<Data = undefined>(options: ServeOptions<Data>): Promise<Server<Data>> {
  const core = new ServerCore(resolveServerSettings(options, "serve", ["port", "host", "tls", "request"]));
  const { port = 0, host, tls } = options;
  checkAddress(port, host);
  const base = createHttpServer(core, options);
  base.on("upgrade", (incoming, socket, head) => {
    const channel = new Http1Channel(incoming, socket, head);
    channel.take();
    core.receive(channel);
  });
  const foundation = new HttpFoundation(base);
  const address = await listen(base, port, host);
  const url = formatServerUrl(tls !== undefined, address, host, core.settings.routes.paths);
  const close = (how?: CloseOptions): Promise<void> => core.close(how, foundation);
  return {
    url,
    connections: core.connections,
    publish: (topic, message, how) => core.publish(topic, message, how),
    subscriberCount: (topic) => core.subscriberCount(topic),
    stats: () => core.stats(),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function createHttpServer<Data>(core: ServerCore<Data>, options: ServeOptions<Data>): http.Server {
  const { handshakeTimeoutMs, routes } = core.settings;
  // 0 is how Node writes "never"; without the interval it looks only every 30 s who took too long
  const timeout = handshakeTimeoutMs === Number.POSITIVE_INFINITY ? 0 : handshakeTimeoutMs;
  const connectionsCheckingInterval = Math.min(Math.max(timeout / 4, 100), 30_000);
  const limits = { headersTimeout: timeout, requestTimeout: timeout, connectionsCheckingInterval };
  const listener: http.RequestListener = (request, response) => {
    if (options.request === undefined) answerPlainRequest(routes, request, response);
    else options.request(request, response);
  };
  if (options.tls === undefined) return http.createServer(limits, listener);
  return https.createServer({ handshakeTimeout: timeout || 120_000, ...limits, ...options.tls }, listener);
}

/** Node would take a text for the name of a pipe. */
function checkAddress(port: unknown, host: unknown): void {
  if (typeof port !== "number") throw new UsageError(`port is of type ${typeof port}; give a number from 0 to 65535`);
  if (host !== undefined && typeof host !== "string") {
    throw new UsageError(`host is of type ${typeof host}; give a name or an address`);
  }
}

function listen(base: http.Server, port: number, host: string | undefined): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    base.once("error", reject);
    base.listen(port, host, () => {
      base.off("error", reject);
      // A server that listens fails only for one client at a time, as when there are no file descriptors left
      base.on("error", (error) => process.emitWarning(error));
      resolve(base.address() as AddressInfo);
    });
  });
}

/** How the http server under `serve` comes to its end. */
class HttpFoundation implements Foundation {
  readonly #base: http.Server;
  readonly #closed: Promise<void>;
  /** A client that stalls in the TLS handshake is known to nobody else. */
  readonly #sockets = new Set<Socket>();

  constructor(base: http.Server) {
    this.#base = base;
    this.#closed = new Promise((resolve) => base.once("close", resolve));
    if (!(base instanceof https.Server)) return;
    const sockets = this.#sockets;
    const forget = function (this: Socket): void {
      sockets.delete(this);
    };
    base.on("connection", (socket: Socket) => sockets.add(socket.once("close", forget)));
  }

  stop(): void {
    this.#base.close();
  }

  destroy(): void {
    this.#base.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }

  finish(): Promise<void> {
    this.#base.closeIdleConnections();
    return this.#closed;
  }
}
