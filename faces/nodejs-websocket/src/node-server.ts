/**
 * Node's server under a Server: of node:net, of node:tls, or with HTTP/2 beside HTTP/1.1.
 * In: Node's options. Out: handshakes. Whatever else is asked for is answered with 400, and what is no HTTP, too.
 */
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import type { Server as NetServer, Socket } from "node:net";
import * as tls from "node:tls";
import type { Endpoint, PendingHandshake } from "polysocket";
import type { Connection } from "./connection.ts";
import type { ServerOptions } from "./options.ts";
import { maxBufferLength } from "./shared-limits.ts";

type Pending = PendingHandshake<Connection>;
type Stream = http2.ServerHttp2Stream;

/** Decides on a handshake that came by this socket. */
export type Decide = (pending: Pending, socket: Socket) => void;

const BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\n\r\n";

/** Make the server; it does not listen yet. */
export function makeNodeServer(options: ServerOptions, endpoint: Endpoint<Connection>, decide: Decide): NetServer {
  const { secure = false, http2: withHttp2 = false } = options;
  if (withHttp2 && !secure) throw new TypeError("the option http2 needs secure: true, with key and cert");
  if (withHttp2) return makeHttp2Server(options, endpoint, decide);
  const onSocket = (socket: Socket): void => {
    endpoint.takeSocket(socket, (pending) => decide(pending, socket), maxBufferLength());
  };
  return secure
    ? tls.createServer(options).on("secureConnection", onSocket)
    : net.createServer(options).on("connection", onSocket);
}

/** Whoever speaks HTTP/2 needs Node's HTTP servers, the one for HTTP/1.1 too. */
function makeHttp2Server(options: ServerOptions, endpoint: Endpoint<Connection>, decide: Decide): NetServer {
  const { settings } = options as http2.SecureServerOptions;
  const server = http2.createSecureServer({
    ...(options as http2.SecureServerOptions),
    allowHTTP1: true,
    settings: { ...settings, enableConnectProtocol: true },
  });
  server.on("upgrade", (request: http.IncomingMessage, socket: Socket, head: Buffer) => {
    const pending = endpoint.takeUpgrade(request, socket, head);
    if (pending !== undefined) decide(pending, socket);
  });
  server.on("request", (_request, response) => {
    // An application may listen to 'request' of the server's socket, and answers then
    if (server.listenerCount("request") === 1) refuse(response);
  });
  server.on("clientError", refuseUnreadable);
  listenToStreams(server, endpoint, decide);
  return server;
}

/** WebSocket over HTTP/2 (RFC 8441): a stream each, which Node would make a request of. */
function listenToStreams(server: http2.Http2SecureServer, endpoint: Endpoint<Connection>, decide: Decide): void {
  const onStream = (stream: Stream, headers: http2.IncomingHttpHeaders, flags: number, raw: string[]): void => {
    const socket = stream.session?.socket;
    const pending = endpoint.takeStream(stream, headers, flags, raw);
    if (pending !== undefined && socket !== undefined) decide(pending, socket);
  };
  server.prependListener("stream", onStream);
  // Node tells of every CONNECT, those over too that were taken a moment ago
  server.on("connect", (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
    if (!request.stream.headersSent && !request.stream.destroyed) refuse(response);
  });
  // What is wrong with a session ends it, and concerns nobody else
  server.on("sessionError", () => {});
}

/** Of a request that is no handshake. */
function refuse(response: http.ServerResponse | http2.Http2ServerResponse): void {
  response.statusCode = 400;
  if (response instanceof http.ServerResponse) response.shouldKeepAlive = false;
  response.end();
}

/** What is no HTTP; and whatever befalls a socket before its handshake is done, which concerns nobody. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.writable && error.code?.startsWith("HPE_") === true) socket.write(BAD_REQUEST);
  socket.destroySoon();
}
