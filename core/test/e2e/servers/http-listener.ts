import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Mailbox } from "../mailbox.ts";
import type { ListenOptions, RunningServer, SeenRequest, ServerSocket } from "./server-peer.ts";

/** What a library's adapter is built on: an http server that listens, and nobody who takes its upgrades yet. */
export interface HttpListener {
  readonly server: http.Server;
  readonly running: RunningServer;
  /** For the library: here is the next connection. */
  accepted(socket: ServerSocket): void;
}

/** Listen where the options say, with TLS if they have it. */
export async function listenHttp(options: ListenOptions): Promise<HttpListener> {
  const { host = "127.0.0.1", socketPath, tls, clientAuthority } = options;
  const asked = clientAuthority === undefined ? {} : { requestCert: true, ca: clientAuthority };
  const server = tls === undefined ? http.createServer() : https.createServer({ ...tls, ...asked });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // A client that breaks off a TLS handshake is the client's own concern
  server.on("tlsClientError", () => undefined);
  const connections = new Mailbox<ServerSocket>();
  if (socketPath === undefined) server.listen(0, host);
  else server.listen(socketPath);
  await once(server, "listening");
  return {
    server,
    accepted: (socket) => connections.put(socket),
    running: {
      url: urlOf(server, options),
      accept: () => connections.take(),
      async stop() {
        connections.end("the server has stopped");
        server.close();
        for (const socket of sockets) socket.destroy();
        await once(server, "close");
      },
    },
  };
}

/** Hold back what is written in this turn, so that a response and a message behind it leave in one write. */
export function writeAtOnce(socket: Duplex): void {
  socket.cork();
  process.nextTick(() => socket.uncork());
}

/** Without a path. */
function urlOf(server: http.Server, { host = "127.0.0.1", tls, socketPath }: ListenOptions): string {
  if (socketPath !== undefined) return unixUrl(socketPath);
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen at a port");
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls === undefined ? "ws" : "wss"}://${name}:${address.port}`;
}

/** The URL of a server at a Unix socket, without the request's path. */
export function unixUrl(socketPath: string): string {
  return `ws+unix:${socketPath.split("/").map(encodeURIComponent).join("/")}:`;
}

/** What Node tells about a request. */
export function seenRequest(request: http.IncomingMessage): SeenRequest {
  const headers: Record<string, string> = {};
  for (const [name, values = []] of Object.entries(request.headersDistinct)) headers[name] = values.join(", ");
  return { target: request.url ?? "", headers, remoteAddress: request.socket.remoteAddress ?? "" };
}
