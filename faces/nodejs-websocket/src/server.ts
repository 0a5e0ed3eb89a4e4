/**
 * The original's Server: a server of Node's that gives its handshakes to an endpoint of the core.
 * In: Node's options and the original's. Out: events, and connections that are open.
 */
import { EventEmitter } from "node:events";
import type { Server as NetServer, Socket } from "node:net";
import { createEndpoint, type HandshakeRequest, type PendingHandshake, type Refusal } from "polysocket";
import { Connection } from "./connection.ts";
import { connectionHandlers } from "./connection-handlers.ts";
import { lastOfEach } from "./header-fields.ts";
import { makeNodeServer } from "./node-server.ts";
import { coreOptions, type ServerOptions } from "./options.ts";
import { throwLater } from "./rethrow.ts";

type SelectProtocol = (connection: Connection, protocols: string[]) => unknown;

const CONNECTING = 0;
const HANDSHAKE_TIMEOUT_MS = 60_000;
const BAD_REQUEST: Refusal = { statusCode: 400 };
const WRONG_VERSION: Refusal = { statusCode: 426, headers: { Upgrade: "websocket", "Sec-WebSocket-Version": 13 } };
const FAILED: Refusal = { statusCode: 500 };

export class Server extends EventEmitter {
  readonly socket: NetServer;
  /** Those that are open, in the order of their handshakes. */
  connections: Connection[] = [];
  readonly #selectProtocol: SelectProtocol | undefined;

  /** Applications get theirs from `createServer`. */
  constructor(secure: boolean, options: ServerOptions, callback?: (connection: Connection) => void) {
    super();
    if (typeof callback === "function") this.on("connection", callback);
    this.#selectProtocol = selectionOf(options);
    const endpoint = createEndpoint<Connection>({
      ...connectionHandlers,
      ...coreOptions(options),
      open(core) {
        try {
          Connection.opened(core.data, core);
          announce(core.data);
        } catch (error) {
          throwLater(error);
        }
      },
      // Nobody thinks about a handshake here; so long a request may take
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      maxPendingHandshakes: Number.POSITIVE_INFINITY,
      // As many of one address, and as quickly, as the original takes
      maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
      handshakeRate: false,
    });
    this.socket = makeNodeServer({ ...options, secure }, endpoint, (pending, socket) => this.#decide(pending, socket));
    this.socket.on("close", () => this.emit("close"));
    this.socket.on("error", (error) => this.emit("error", error));
    this.socket.on("listening", () => this.emit("listening"));
  }

  /** Begin to accept connections.
   * @param callback added as a listener of `listening`, and taken away when it was called */
  listen(port: number, host?: string | (() => void), callback?: () => void): this {
    const [address, listener] = typeof host === "function" ? [undefined, host] : [host, callback];
    if (typeof listener === "function") this.once("listening", listener);
    this.socket.listen(port, address);
    return this;
  }

  /** Accept no more connections; those that are open go on.
   * @param callback called once, with the event `close` */
  close(callback?: () => void): void {
    if (typeof callback === "function") this.once("close", callback);
    this.socket.close();
  }

  #decide(pending: PendingHandshake<Connection>, socket: Socket): void {
    const { request, error } = pending;
    if (error !== undefined || request.version !== 13) {
      const isOther = error === undefined || error.code === "VERSION_UNSUPPORTED";
      pending.refuse(isOther ? WRONG_VERSION : BAD_REQUEST);
      return;
    }
    const connection = this.#connectionOf(request, socket);
    try {
      const subprotocol = this.#select(connection);
      // The application may have closed it while it chose
      if (connection.readyState === CONNECTING) pending.accept({ data: connection, subprotocol });
      else pending.refuse(BAD_REQUEST);
    } catch (failure) {
      if (pending.isOver) return;
      // Nobody waits for what selectProtocol throws, and it must not end the process
      process.emitWarning(failure instanceof Error ? failure : String(failure));
      pending.refuse(FAILED);
    }
  }

  #connectionOf(request: HandshakeRequest, socket: Socket): Connection {
    const protocols = [...request.subprotocols];
    const connection = new Connection({
      server: this,
      path: request.url,
      host: null,
      extraHeaders: null,
      protocols,
      socket,
    });
    connection.headers = lastOfEach(request.rawHeaders);
    // Over HTTP/2 the host is no field
    connection.headers["host"] ??= request.headers.host ?? "";
    connection.key = connection.headers["sec-websocket-key"] ?? null;
    return connection;
  }

  #select(connection: Connection): string | undefined {
    const { protocols } = connection;
    if (this.#selectProtocol === undefined || protocols.length === 0) return undefined;
    const chosen = this.#selectProtocol(connection, protocols);
    return chosen === undefined || chosen === null || chosen === "" ? undefined : String(chosen);
  }
}

function selectionOf(options: ServerOptions): SelectProtocol | undefined {
  const { selectProtocol, validProtocols } = options;
  if (selectProtocol) return (connection, protocols) => options.selectProtocol?.(connection, protocols);
  if (!validProtocols) return undefined;
  return (_connection, protocols) => protocols.find((protocol) => validProtocols.includes(protocol));
}

/** The server's event comes within the connection's own, before anybody else's listener. */
function announce(connection: Connection): void {
  const { server } = connection;
  server?.connections.push(connection);
  if (connection.listenerCount("connect") > 0) {
    connection.prependOnceListener("connect", () => server?.emit("connection", connection));
    connection.emit("connect");
  } else server?.emit("connection", connection);
}
