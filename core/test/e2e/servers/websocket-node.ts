import websocket, { type Connection } from "websocket";
import { adaptConnection } from "../adapters/websocket-node.ts";
import { listenHttp, seenRequest, writeAtOnce } from "./http-listener.ts";
import { NO_LIMIT_BYTES, type SeenRequest, type ServerPeer, type ServerSocket } from "./server-peer.ts";
import { serverSocket } from "./server-socket.ts";

/** The package `websocket`, WebSocket-Node. It fragments by itself whatever has more than 16 KiB, and answers every
 * Close frame with 1000. */
export const websocketNodeServer: ServerPeer = {
  name: "websocket",
  abilities: [],
  async listen(options = {}) {
    const { refusal, greeting, subprotocols = [], maxMessageBytes = NO_LIMIT_BYTES } = options;
    const listener = await listenHttp(options);
    listener.server.on("upgrade", (_request, socket) => writeAtOnce(socket));
    const library = new websocket.server({
      httpServer: listener.server,
      autoAcceptConnections: false,
      maxReceivedFrameSize: maxMessageBytes,
      maxReceivedMessageSize: maxMessageBytes,
    });
    library.on("request", (request) => {
      if (refusal !== undefined) {
        request.reject(refusal.statusCode, "", refusal.headers);
        return;
      }
      const subprotocol = subprotocols.find((wanted) => request.requestedProtocols.includes(wanted));
      const connection = request.accept(subprotocol, request.origin);
      if (greeting !== undefined) connection.sendUTF(greeting);
      listener.accepted(adapt(connection, seenRequest(request.httpRequest)));
    });
    return listener.running;
  },
};

function adapt(connection: Connection, request: SeenRequest): ServerSocket {
  const subprotocol = connection.protocol ?? "";
  const terminate = (): unknown => connection.socket.destroy();
  return serverSocket(adaptConnection(connection), { request, subprotocol, terminate });
}
