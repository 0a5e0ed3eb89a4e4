/**
 * JSH's WebSocketServer: one path of somebody's http server.
 * In: options, handshakes by `entrance`. Out: sockets and events.
 */
import * as http from "node:http";
import * as https from "node:https";
import { type Connection, createEndpoint, type HandshakeRequest, type PendingHandshake } from "polysocket";
import { connectionOptions } from "./added-options.ts";
import { connectionHandlers } from "./connection-handlers.ts";
import { judge, judgeForm, type Verdict } from "./verdict.ts";
import { Emitter } from "./emitter.ts";
import { type HttpServer, occupy } from "./entrance.ts";
import { helperRequest } from "./helper-request.ts";
import { pathOf, requestedPath, type WebSocketServerOptions } from "./server-options.ts";
import { shield } from "./shield.ts";
import { Accepted, inside, WebSocket } from "./web-socket.ts";

const CLOSED: Verdict = { kind: "refuse", refusal: { statusCode: 503, body: "the WebSocketServer is closed" } };

export class WebSocketServer extends Emitter {
  readonly options: WebSocketServerOptions;
  readonly server: HttpServer;
  readonly path: string;
  readonly clients: Set<WebSocket> | null;
  closed = false;

  constructor(options: WebSocketServerOptions = {}) {
    super();
    if (typeof options !== "object" || options === null) {
      throw new TypeError("WebSocketServer options must be an object");
    }
    const { server } = options;
    if (!isHttpServer(server)) {
      throw new TypeError("WebSocketServer requires an http.Server instance");
    }
    this.options = options;
    this.server = server;
    this.path = pathOf(options);
    this.clients = options.clientTracking === false ? null : new Set();
    const endpoint = createEndpoint<WebSocket>({
      ...connectionOptions(options),
      ...connectionHandlers,
      open: (core, request) => this.#opened(core, request),
      // As many of one address, and as quickly, as the original takes
      maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
      handshakeRate: false,
    });
    const decide = (handshake: PendingHandshake<WebSocket>): void => this.#decide(handshake);
    occupy(server, requestedPath(this.path), { endpoint, isClosed: () => this.closed, decide });
  }

  /** Take no more handshakes, and close the tracked clients. The http server goes on.
   * @param callback called before this returns */
  close(callback?: () => void): this {
    if (!this.closed) {
      this.closed = true;
      // Each takes itself out of the set
      for (const client of [...(this.clients ?? [])]) client.close();
      this.emit("close");
    }
    if (typeof callback === "function") callback();
    return this;
  }

  #decide(handshake: PendingHandshake<WebSocket>): void {
    const verdict = this.#judge(handshake);
    if (verdict.kind === "accept") this.#accept(handshake, verdict.subprotocol);
    else {
      const { refusal, error } = verdict;
      handshake.refuse(refusal);
      if (error !== undefined) shield(() => this.emit("error", error));
    }
  }

  #accept(handshake: PendingHandshake<WebSocket>, subprotocol: string): void {
    try {
      handshake.accept({ subprotocol, data: new WebSocket(new Accepted(handshake.request.url)) });
    } catch {
      // The peer has left, or its socket is none of node:net
      handshake.refuse();
    }
  }

  #judge({ request, error }: PendingHandshake<WebSocket>): Verdict {
    if (this.closed) return CLOSED;
    const verdict = judgeForm(request, error) ?? judge(this.options, request);
    // The program may have closed it meanwhile
    return this.closed ? CLOSED : verdict;
  }

  #opened(core: Connection<WebSocket>, request: HandshakeRequest): void {
    const { data: socket } = core;
    const { clients } = this;
    inside.opened(socket, core, clients);
    shield(() => this.emit("connection", socket, helperRequest(request)));
    shield(() => inside.tellOpen(socket));
  }
}

function isHttpServer(value: unknown): value is HttpServer {
  return value instanceof http.Server || value instanceof https.Server;
}
