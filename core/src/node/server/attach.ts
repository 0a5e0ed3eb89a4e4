import * as http from "node:http";
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import * as https from "node:https";
import { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";
import { UsageError } from "../../engine/errors.ts";
import type { ConnectionSet } from "./connection-set.ts";
import type { HandshakeChannel } from "./handshake-channel.ts";
import { enter, type Http2Host, isExtendedConnect } from "./http2-entrance.ts";
import type { AttachOptions, CloseOptions } from "./options.ts";
import { parseTarget } from "./request-target.ts";
import { overlap, type ServedPaths } from "./routes.ts";
import { type Foundation, type Publisher, ServerCore } from "./server-core.ts";
import { resolveServerSettings } from "./server-settings.ts";
import type { ServerStats } from "./server-stats.ts";
import { formatServerUrl } from "./server-url.ts";
import { isTaken, takeOnce } from "./taken-sockets.ts";
import { Http1Channel } from "./upgrade-http1.ts";

/** A server of Node's that can share its port, with or without TLS. One of HTTP/2 is also asked for upgrades over HTTP/1.1
 * where it has `allowHTTP1`. */
export type HttpServer = http.Server | https.Server | Http2SecureServer | Http2Server;

/** A WebSocket server on somebody else's http server. */
export interface Attachment<Data = undefined> extends Publisher {
  /** Where a client on the same machine reaches it; undefined while the http server does not listen on a port. */
  readonly url: string | undefined;
  readonly connections: ConnectionSet<Data>;
  stats(): ServerStats;
  /** Refuse new handshakes, close all connections and let go of the http server, which goes on.
   * A second call gets the first one's promise.
   * @returns resolves when every connection is gone
   * @throws UsageError for values that cannot be sent */
  close(options?: CloseOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serve WebSocket on an existing http server, beside its requests and beside others that listen to 'upgrade', or over
 * HTTP/2 to 'stream' or 'connect'. What is asked for at other paths is left to those others; where there are none it is
 * answered with 404. An HTTP/2 server tells from its next connection on that it takes WebSocket (RFC 8441 §3).
 * @throws UsageError for wrong options, something that is no http server, and a path that is attached already */
export function attach<Data = undefined>(server: HttpServer, options: AttachOptions<Data>): Attachment<Data> {
  checkServer(server);
  const core = new ServerCore(resolveServerSettings(options, "attach"));
  const junction = Junction.of(server);
  junction.add(core);
  const foundation: Foundation = {
    stop() {},
    destroy() {},
    finish: () => junction.remove(core),
  };
  const close = (how?: CloseOptions): Promise<void> => core.close(how, foundation);
  return {
    get url() {
      const address = server.address();
      if (address === null || typeof address === "string") return undefined;
      return formatServerUrl(server instanceof TlsServer, address, undefined, core.settings.routes.paths);
    },
    connections: core.connections,
    publish: (topic, message, how) => core.publish(topic, message, how),
    subscriberCount: (topic) => core.subscriberCount(topic),
    stats: () => core.stats(),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

/** What an attachment is to the others on its server. */
interface Attached extends Http2Host {
  receive(channel: HandshakeChannel): void;
  readonly settings: Http2Host["settings"] & { readonly routes: ServedPaths };
  readonly isClosing: boolean;
}

const junctions = new WeakMap<HttpServer, Junction>();

/** All attachments of one http server, behind one listener. */
class Junction {
  readonly #server: HttpServer;
  readonly #attached: Attached[] = [];

  static of(server: HttpServer): Junction {
    const junction = junctions.get(server) ?? new Junction(server);
    junctions.set(server, junction);
    return junction;
  }

  constructor(server: HttpServer) {
    this.#server = server;
  }

  add(core: Attached): void {
    const { routes } = core.settings;
    for (const other of this.#attached) {
      const path = other.isClosing ? undefined : overlap(routes, other.settings.routes);
      if (path === undefined) continue;
      throw new UsageError(`the path ${path} of this http server is attached already; close that one, or take another`);
    }
    if (this.#attached.length === 0) this.#listen();
    this.#attached.push(core);
  }

  #listen(): void {
    const server = this.#server;
    server.on("upgrade", this.#onUpgrade);
    if (!isHttp2(server)) return;
    server.updateSettings({ enableConnectProtocol: true });
    // Before Node's own listener, which makes of each stream a request
    server.prependListener("stream", this.#onStream);
    server.on("connect", this.#onConnect);
  }

  remove(core: Attached): undefined {
    this.#attached.splice(this.#attached.indexOf(core), 1);
    if (this.#attached.length > 0) return undefined;
    this.#server.off("upgrade", this.#onUpgrade);
    this.#server.off("stream", this.#onStream);
    this.#server.off("connect", this.#onConnect);
  }

  readonly #onUpgrade = (incoming: http.IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Somebody who listened first has handed it to an endpoint
    if (isTaken(socket)) return;
    const channel = new Http1Channel(incoming, socket, head);
    const isAlone = this.#server.listenerCount("upgrade") === 1;
    const core = this.#find(channel.source.target?.path) ?? this.#lastResort(isAlone);
    if (core === undefined) return;
    takeOnce(socket);
    channel.take();
    core.receive(channel);
  };

  readonly #onStream = (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    _flags: number,
    rawHeaders: readonly string[],
  ): void => {
    if (!isExtendedConnect(headers) || isTaken(stream)) return;
    const path = parseTarget(headers[":path"] ?? "", undefined)?.path;
    const server = this.#server;
    // One of the listeners is Node's own where there is one to 'request'
    const streamListeners = server.listenerCount("stream") - Math.sign(server.listenerCount("request"));
    const isAlone = streamListeners === 1 && server.listenerCount("connect") === 1;
    const isOurs = headers[":protocol"] === "websocket";
    const core = (isOurs ? this.#find(path) : undefined) ?? this.#lastResort(isAlone);
    if (core === undefined) return;
    takeOnce(stream);
    const channel = enter(core, stream, headers, rawHeaders);
    if (channel !== undefined) core.receive(channel);
  };

  /** Node answers CONNECT with 405 unless somebody listens; what is not ours still has to be answered. */
  readonly #onConnect = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (isTaken(request.stream) || this.#server.listenerCount("connect") > 1) return;
    if (isExtendedConnect(request.headers) && this.#server.listenerCount("stream") > 2) return;
    response.statusCode = 405;
    response.end();
  };

  /** A closing one answers only where no other does; one for all paths only where none is for this. */
  #find(path: string | undefined): Attached | undefined {
    if (path === undefined) return undefined;
    const matching = this.#attached.filter(({ settings }) => settings.routes.serves(path));
    const open = matching.filter(({ isClosing }) => !isClosing);
    return open.find(({ settings }) => settings.routes.paths.length > 0) ?? open[0] ?? matching[0];
  }

  /** Whoever refuses what nobody serves, so that the client need not wait for ever. */
  #lastResort(isAlone: boolean): Attached | undefined {
    return isAlone ? this.#attached[0] : undefined;
  }
}

function isHttp2(server: HttpServer): server is Http2SecureServer | Http2Server {
  return "updateSettings" in server;
}

function checkServer(server: unknown): void {
  if (server instanceof http.Server || server instanceof https.Server) return;
  if (server instanceof NetServer && "updateSettings" in server) return;
  const seen = typeof server === "function" ? "a function" : server === null ? "null" : `of type ${typeof server}`;
  throw new UsageError(
    `attach was given something ${seen} that is no http server; give what http.createServer or app.listen returns`,
  );
}
