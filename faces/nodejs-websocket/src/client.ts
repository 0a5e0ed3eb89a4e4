/**
 * The client's side: a socket of Node's, made from the application's options, that the core opens a WebSocket on.
 * In: the original's URL and options. Out: a Connection at once, and its events.
 */
import * as http from "node:http";
import * as net from "node:net";
import * as tls from "node:tls";
import { type ConnectOptions as CoreOptions, connect as coreConnect } from "polysocket";
import { type ClientUrl, readClientUrl } from "./client-url.ts";
import { Connection } from "./connection.ts";
import { connectionHandlers } from "./connection-handlers.ts";
import { connectFailure, tooBig } from "./errors.ts";
import { readExtraHeaders } from "./extra-headers.ts";
import { lastOfEach } from "./header-fields.ts";
import { type ConnectOptions, coreOptions } from "./options.ts";
import { throwLater } from "./rethrow.ts";
import { maxBufferLength, mostHeaderBytes } from "./shared-limits.ts";

const CONNECTING = 0;
const CLOSED = 3;

/** Dial a server.
 * @returns at once; the handshake is done with the event `connect`
 * @throws Error for a URL that is not ws: or wss:; what Node throws for options that it cannot use */
export function connectTo(url: string | URL, options: ConnectOptions): Connection {
  const target = readClientUrl(url);
  const protocols = [...(options.protocols ?? [])];
  const { extraHeaders } = options;
  const socket = dial(target, options);
  const connection = new Connection({
    server: null,
    path: target.path,
    host: target.hostname,
    extraHeaders,
    protocols,
    socket,
  });
  coreConnect(target.href, {
    ...connectionHandlers,
    ...coreOptions(options),
    ...readExtraHeaders(extraHeaders, protocols),
    requireSubprotocol: protocols.length > 0,
    agent: new SocketAgent(socket, connection),
    maxHeadBytes: mostHeaderBytes(),
    handshakeTimeoutMs: Number.POSITIVE_INFINITY,
    data: connection,
    open: opened,
  }).catch((reason: unknown) => failed(connection, reason));
  return connection;
}

const opened: NonNullable<CoreOptions<Connection>["open"]> = (core, response) => {
  const { data: connection } = core;
  // Closed by the application while the server's answer was on its way
  if (connection.readyState !== CONNECTING) {
    core.terminate();
    return;
  }
  try {
    Connection.opened(connection, core);
    connection.headers = lastOfEach(response.rawHeaders);
    connection.emit("connect");
  } catch (error) {
    throwLater(error);
  }
};

function failed(connection: Connection, reason: unknown): void {
  // Where the core would not even begin it is nobody's
  connection.socket.destroy();
  if (connection.readyState === CLOSED) return;
  const { error, isSocketError } = connectFailure(reason, connection.protocols);
  try {
    if (error !== undefined && isSocketError) Connection.socketError(connection, error);
    else if (error !== undefined) connection.emit("error", error);
  } catch (thrown) {
    throwLater(thrown);
  }
  try {
    Connection.ended(connection);
  } catch (thrown) {
    throwLater(thrown);
  }
}

/** The socket is there at once, so that the application can have it before the handshake. */
function dial({ secure, hostname: host, port }: ClientUrl, options: ConnectOptions): net.Socket {
  if (!secure) return net.connect({ ...options, host, port });
  // RFC 6066 §3: an address is no server name
  const servername = net.isIP(host) === 0 ? host : "";
  return tls.connect({ servername, ALPNProtocols: ["http/1.1"], ...options, host, port });
}

/** Gives one request the socket that was made for it, and has an eye on the answer until it is complete. */
class SocketAgent extends http.Agent {
  readonly #socket: net.Socket;
  readonly #connection: Connection;

  constructor(socket: net.Socket, connection: Connection) {
    super();
    // Node compares it with the URL's; the socket speaks TLS already where that is wanted
    Object.assign(this, { protocol: socket instanceof tls.TLSSocket ? "https:" : "http:" });
    this.#socket = socket;
    this.#connection = connection;
  }

  addRequest(request: http.ClientRequest): void {
    const socket = this.#socket;
    const key = request.getHeader("Sec-WebSocket-Key");
    const tellKey = (): void => {
      this.#connection.key = String(key);
    };
    if (socket.connecting) socket.once("connect", tellKey);
    else tellKey();
    const onData = (): void => {
      if (socket.bytesRead > maxBufferLength()) socket.destroy(tooBig());
    };
    // Fields above Node's 2,000 would be left out silently; all their bytes have a limit together
    request.maxHeadersCount = 0;
    // Behind Node's own listener, which knows first whether the answer is complete
    request.once("socket", () => socket.on("data", onData));
    request.once("upgrade", () => socket.off("data", onData));
    request.once("response", () => {
      socket.off("data", onData);
      // An answer that opens nothing is final: nobody reads what follows it
      socket.destroySoon();
    });
    request.onSocket(socket);
  }
}
