/**
 * Where handshakes come in: the listeners on Node's http servers, those of HTTP/2 too.
 * In: servers. Out: handshakes. What is not WebSocket is left to whoever else listens.
 */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Endpoint, PendingHandshake } from "polysocket";
import type { WebSocketConnection } from "./connection.ts";
import { Http2Request } from "./http2-request.ts";
import type { HttpServer } from "./options.ts";

/** One handshake, however it came. */
export interface Handshake {
  readonly pending: PendingHandshake<WebSocketConnection>;
  readonly socket: Socket;
  readonly httpRequest: IncomingMessage | Http2Request;
}

/** Who decides. */
export interface Receiver {
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  onHttp2(handshake: Handshake): void;
}

/** Streams that became WebSockets; Node makes requests of them all the same. */
const taken = new WeakSet<ServerHttp2Stream>();

export class Entrance {
  readonly #servers: readonly HttpServer[];
  readonly #endpoint: Endpoint<WebSocketConnection>;
  readonly #receiver: Receiver;

  constructor(servers: readonly HttpServer[], endpoint: Endpoint<WebSocketConnection>, receiver: Receiver) {
    this.#servers = servers;
    this.#endpoint = endpoint;
    this.#receiver = receiver;
    for (const server of servers) this.#listen(server);
  }

  close(): void {
    for (const server of this.#servers) {
      server.removeListener("upgrade", this.#onUpgrade);
      server.removeListener("stream", this.#onStream);
      server.removeListener("connect", onConnect);
    }
  }

  #listen(server: HttpServer): void {
    server.on("upgrade", this.#onUpgrade);
    if (!("updateSettings" in server)) return;
    // RFC 8441 §3
    server.updateSettings({ enableConnectProtocol: true });
    // Before Node's own listener, which makes of each stream a request
    server.prependListener("stream", this.#onStream);
    server.on("connect", onConnect);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    this.#receiver.onUpgrade(request, socket, head);
  };

  readonly #onStream = (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    rawHeaders: string[],
  ): void => {
    const socket = stream.session?.socket;
    if (headers[":protocol"] !== "websocket" || socket === undefined) return;
    taken.add(stream);
    const pending = this.#endpoint.takeStream(stream, headers, flags, rawHeaders);
    if (pending === undefined) return;
    this.#receiver.onHttp2({ pending, socket, httpRequest: new Http2Request(stream, socket, headers, rawHeaders) });
  };
}

/** Node answers CONNECT with 405 unless somebody listens; what is not ours still has to be answered. */
function onConnect(this: HttpServer, request: Http2ServerRequest, response: Http2ServerResponse): void {
  const isOurs = taken.has(request.stream) || response.headersSent || request.stream.destroyed;
  if (isOurs || this.listeners("connect").some((listener) => listener !== onConnect)) return;
  response.statusCode = 405;
  response.end();
}
