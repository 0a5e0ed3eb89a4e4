import type { EventEmitter } from "node:events";
import * as http from "node:http";
import type {
  Http2SecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import * as https from "node:https";
import { type AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";
import { UsageError } from "../../engine/errors.ts";
import { warn } from "../connection/warnings.ts";
import type { ConnectionSet } from "./connection-set.ts";
import { createHttp2Base, type PlainListener } from "./http2-base.ts";
import { enter, isExtendedConnect } from "./http2-entrance.ts";
import { mostSockets } from "./open-files.ts";
import type { CloseOptions, ServeOptions } from "./options.ts";
import { answerPlainRequest } from "./plain-request.ts";
import { type Foundation, type Publisher, ServerCore } from "./server-core.ts";
import { resolveServerSettings } from "./server-settings.ts";
import type { ServerStats } from "./server-stats.ts";
import { formatServerUrl } from "./server-url.ts";
import { isTaken, takeOnce } from "./taken-sockets.ts";
import { Http1Channel } from "./upgrade-http1.ts";
import { WaitingSockets } from "./waiting-sockets.ts";

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

/** Serve WebSocket on an http server of its own: https where `tls` is given, and HTTP/2 on the same port where `http2` is.
 * @returns the server, once it listens
 * @throws UsageError for wrong options; Node's own error where it cannot listen, such as EADDRINUSE */
export async function serve<Data = undefined>(options: ServeOptions<Data>): Promise<Server<Data>> {
  const core = new ServerCore(resolveServerSettings(options, "serve", ["port", "host", "tls", "http2", "request"]));
  const { port = 0, host, tls } = options;
  checkAddress(port, host);
  checkHttp2(options);
  const waiting = new WaitingSockets(core.settings.maxPendingHandshakes, tls !== undefined, () =>
    core.count("REQUEST_CUT_OFF"),
  );
  const { server: base, sessions } = createHttpServer(core, options, waiting);
  base.on("connection", (socket: Socket) => waiting.add(socket));
  const most = mostSockets();
  if (most !== Number.POSITIVE_INFINITY) base.maxConnections = most;
  base.on("drop", () => core.count("TOO_MANY_SOCKETS"));
  base.on("upgrade", (incoming: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    if (socket instanceof Socket) waiting.delete(socket);
    const channel = new Http1Channel(incoming, socket, head);
    channel.take();
    core.receive(channel);
  });
  if (sessions !== undefined) acceptConnects(core, base);
  const foundation = new HttpFoundation(base, sessions);
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

/** What listens. */
interface Base {
  readonly server: http.Server | Http2SecureServer;
  /** The HTTP/2 connections; undefined where there can be none. */
  readonly sessions?: ReadonlySet<ServerHttp2Session>;
}

function createHttpServer<Data>(core: ServerCore<Data>, options: ServeOptions<Data>, waiting: WaitingSockets): Base {
  const { handshakeTimeoutMs, routes, http2: limits } = core.settings;
  // 0 is how Node writes "never"; without the interval it looks only every 30 s who took too long
  const timeoutMs = handshakeTimeoutMs === Number.POSITIVE_INFINITY ? 0 : handshakeTimeoutMs;
  const connectionsCheckingInterval = Math.min(Math.max(timeoutMs / 4, 100), 30_000);
  const asked = (socket: Socket): void => waiting.delete(socket);
  const listener: PlainListener = (request, response) => {
    if (request instanceof http.IncomingMessage) asked(request.socket);
    if (options.request === undefined) answerPlainRequest(routes, request, response);
    else options.request(request, response);
  };
  const { tls } = options;
  if (tls !== undefined && options.http2 === true) {
    return createHttp2Base(
      { tls, maxStreams: limits.maxStreams, timeoutMs, connectionsCheckingInterval, asked },
      listener,
    );
  }
  const times = { headersTimeout: timeoutMs, requestTimeout: timeoutMs, connectionsCheckingInterval };
  if (tls === undefined) return { server: http.createServer(times, listener) };
  return { server: https.createServer({ handshakeTimeout: timeoutMs || 120_000, ...times, ...tls }, listener) };
}

function acceptConnects<Data>(core: ServerCore<Data>, base: EventEmitter): void {
  base.prependListener("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags, rawHeaders) => {
    if (!isExtendedConnect(headers)) return;
    takeOnce(stream);
    const channel = enter(core, stream, headers, rawHeaders);
    if (channel !== undefined) core.receive(channel);
  });
  base.on("connect", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    if (isTaken(request.stream)) return;
    response.statusCode = 405;
    response.end();
  });
}

function checkHttp2({ http2, tls }: Pick<ServeOptions, "http2" | "tls">): void {
  if (http2 !== undefined && typeof http2 !== "boolean") {
    throw new UsageError(`http2 is ${String(http2)}; give true or false, and its limits as http2Limits`);
  }
  if (http2 !== true || tls !== undefined) return;
  throw new UsageError("http2 is true without tls; give tls, or attach to what http2.createServer returns");
}

/** Node would take a text for the name of a pipe. */
function checkAddress(port: unknown, host: unknown): void {
  if (typeof port !== "number") throw new UsageError(`port is of type ${typeof port}; give a number from 0 to 65535`);
  if (host !== undefined && typeof host !== "string") {
    throw new UsageError(`host is of type ${typeof host}; give a name or an address`);
  }
}

function listen(base: Base["server"], port: number, host: string | undefined): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    base.once("error", reject);
    base.listen(port, host, () => {
      base.off("error", reject);
      // A server that listens fails only for one client at a time, as when there are no file descriptors left
      base.on("error", (error) => warn("SERVER_FAILED", error));
      resolve(base.address() as AddressInfo);
    });
  });
}

/** How the http server under `serve` comes to its end. */
class HttpFoundation implements Foundation {
  readonly #base: Base["server"];
  readonly #sessions: Iterable<ServerHttp2Session>;
  readonly #closed: Promise<void>;
  /** With TLS: a client that stalls in its handshake is known to nobody else. */
  readonly #sockets = new Set<Socket>();

  constructor(base: Base["server"], sessions: Iterable<ServerHttp2Session> = []) {
    this.#base = base;
    this.#sessions = sessions;
    this.#closed = new Promise((resolve) => base.once("close", resolve));
    if (!(base instanceof TlsServer)) return;
    const sockets = this.#sockets;
    const forget = function (this: Socket): void {
      sockets.delete(this);
    };
    base.on("connection", (socket: Socket) => sockets.add(socket.once("close", forget)));
  }

  stop(): void {
    this.#base.close();
    // GOAWAY: no more streams; those that there are go on
    for (const session of this.#sessions) session.close();
  }

  destroy(): void {
    if ("closeAllConnections" in this.#base) this.#base.closeAllConnections();
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  finish(): Promise<void> {
    if ("closeIdleConnections" in this.#base) this.#base.closeIdleConnections();
    return this.#closed;
  }
}
