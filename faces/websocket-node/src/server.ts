/**
 * The original's server: it listens to the http servers that it is mounted on, and keeps what is undecided and what is open.
 * In: options. Out: events, requests and connections.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { prepare } from "polysocket";
import { WebSocketConnection } from "./connection.ts";
import { endpointFor } from "./endpoints.ts";
import { Entrance, type Handshake } from "./http-entrance.ts";
import { resolveServerConfig, type GivenServerConfig, type ServerConfig } from "./options.ts";
import { WebSocketRequest } from "./request.ts";
import type { HandshakeFault } from "./request-faults.ts";

const { sendUTF, sendBytes } = WebSocketConnection.prototype;

export class WebSocketServer extends EventEmitter {
  /** undefined before `mount`. */
  config: ServerConfig | undefined = undefined;
  /** Those that are open, in the order of acceptance. */
  connections: WebSocketConnection[] = [];
  /** Those that are undecided. */
  pendingRequests: WebSocketRequest[] = [];
  #entrance: Entrance | undefined;

  /** @param config mounts it at once */
  constructor(config?: GivenServerConfig) {
    super();
    if (config) this.mount(config);
  }

  /** @throws Error without httpServer */
  mount(config: GivenServerConfig): void {
    const resolved = resolveServerConfig(config);
    this.config = resolved;
    this.#entrance = new Entrance(resolved.httpServer, endpointFor(resolved), {
      onUpgrade: (request, socket, head) => this.handleUpgrade(request, socket, head),
      onHttp2: (handshake) => this.#ask(handshake),
    });
  }

  /** Take no more handshakes; what is open goes on. */
  unmount(): void {
    if (this.#entrance === undefined) throw new TypeError("The server is not mounted.");
    this.#entrance.close();
  }

  /** Close all that is open, and refuse what is undecided. */
  closeAllConnections(): void {
    for (const connection of [...this.connections]) connection.close();
    for (const request of [...this.pendingRequests]) process.nextTick(refuse, request);
  }

  /** Unmount, and close all connections. The http server goes on. */
  shutDown(): void {
    this.unmount();
    this.closeAllConnections();
  }

  broadcast(data: Buffer | { toString(): string }): void {
    if (Buffer.isBuffer(data)) this.broadcastBytes(data);
    else if (typeof data.toString === "function") this.broadcastUTF(data);
  }

  broadcastUTF(data: { toString(): string }): void {
    const { connections } = this;
    if (connections.length === 0) return;
    const text = String(data.toString());
    const prepared = prepare(text);
    for (const connection of [...connections]) {
      // A program may have put a function of its own there
      if (connection.sendUTF === sendUTF) WebSocketConnection.sendPrepared(connection, prepared);
      else connection.sendUTF(data);
    }
  }

  /** @throws Error for what is no Buffer */
  broadcastBytes(data: Buffer): void {
    const { connections } = this;
    const prepared = Buffer.isBuffer(data) && connections.length > 0 ? prepare(data) : undefined;
    for (const connection of [...connections]) {
      if (connection.sendBytes === sendBytes && prepared !== undefined) {
        WebSocketConnection.sendPrepared(connection, prepared);
      } else connection.sendBytes(data);
    }
  }

  /** Answer a handshake; the arguments of 'upgrade'. A socket that another server has taken is left to it.
   * @param head without it, what came together with the request is lost */
  handleUpgrade(httpRequest: IncomingMessage, socket: Socket, head?: Buffer): void {
    const { config } = this;
    if (config === undefined) throw new TypeError("The server is not mounted.");
    const pending = endpointFor(config).takeUpgrade(httpRequest, socket, head ?? Buffer.alloc(0));
    if (pending !== undefined) this.#ask({ pending, socket, httpRequest });
  }

  handleRequestAccepted(connection: WebSocketConnection): void {
    this.connections.push(connection);
    this.emit("connect", connection);
  }

  handleConnectionClose(connection: WebSocketConnection, code: number, description: string | undefined): void {
    remove(this.connections, connection);
    this.emit("close", connection, code, description);
  }

  handleRequestResolved(request: WebSocketRequest): void {
    remove(this.pendingRequests, request);
  }

  #ask({ pending, socket, httpRequest }: Handshake): void {
    const { config } = this;
    if (config === undefined) return;
    const request = new WebSocketRequest(socket, httpRequest, config, { owner: this, pending });
    try {
      request.readHandshake();
      // Accepted at once, it could only throw here, in the middle of the http server
      if (config.autoAcceptConnections && pending.error !== undefined) throw pending.error;
    } catch (error) {
      this.#refuse(request, error as HandshakeFault);
      return;
    }
    this.pendingRequests.push(request);
    this.#decide(request, config);
    if (!pending.isOver) WebSocketRequest.whenGone(request, () => this.handleRequestResolved(request));
  }

  #decide(request: WebSocketRequest, { autoAcceptConnections }: ServerConfig): void {
    if (autoAcceptConnections) request.accept(request.requestedProtocols?.[0], request.origin);
    else if (this.listenerCount("request") > 0) this.emit("request", request);
    else request.reject(404, "No handler is configured to accept the connection.");
  }

  #refuse(request: WebSocketRequest, fault: HandshakeFault): void {
    request.reject(fault.httpCode ?? 400, fault.message, fault.headers);
    this.emit("upgradeError", fault);
  }
}

function refuse(request: WebSocketRequest): void {
  // It may have been decided in the meantime
  if (!WebSocketRequest.isDecided(request)) request.reject(503);
}

function remove<T>(list: T[], member: T): void {
  const place = list.indexOf(member);
  if (place !== -1) list.splice(place, 1);
}
