/**
 * Where handshakes come in: what this package listens to on somebody else's server, which it never listens with, closes or
 * answers plain requests of. In: the server's events. Out: handshakes to decide on.
 */
import type { Server as HttpServer, IncomingMessage } from "node:http";
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Endpoint, PendingHandshake } from "polysocket";

/** A server of `http`, `https` or `http2`. */
export type NodeServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

/** Listen. What another endpoint on the same server has taken is left to it.
 * @param decide called in the turn of the event */
export function listenTo<Data>(
  server: NodeServer,
  endpoint: Endpoint<Data>,
  decide: (handshake: PendingHandshake<Data>) => void,
): void {
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const handshake = endpoint.takeUpgrade(request, socket, head);
    if (handshake !== undefined) decide(handshake);
  });
  if (!("updateSettings" in server)) return;
  // RFC 8441 §3; sessions that exist already do not learn of it
  server.updateSettings({ enableConnectProtocol: true });
  // Before Node's own listener, which makes of each stream a request
  server.prependListener(
    "stream",
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]) => {
      if (headers[":protocol"] !== "websocket") return;
      const handshake = endpoint.takeStream(stream, headers, flags, rawHeaders);
      if (handshake !== undefined) decide(handshake);
    },
  );
  server.on("connect", (request: Http2ServerRequest, response: Http2ServerResponse) =>
    answerConnect(server, request, response),
  );
}

/** Node answers every CONNECT with 405 unless somebody listens, also those that were accepted a moment ago. As soon as somebody
 * does, those that nobody wants have to be answered here. */
function answerConnect(
  server: Http2Server | Http2SecureServer,
  { stream, headers }: Http2ServerRequest,
  response: Http2ServerResponse,
): void {
  if (stream.headersSent || stream.destroyed || stream.closed) return;
  // Somebody else's, who may answer later
  if (server.listenerCount("connect") > 1) return;
  if (headers[":protocol"] !== undefined && server.listenerCount("stream") > 2) return;
  response.statusCode = 405;
  response.end();
}
