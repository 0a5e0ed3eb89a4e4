import { once } from "node:events";
import websocket, { type Connection, type Frame } from "websocket";
import { Mailbox } from "../mailbox.ts";
import type { Ended } from "../peers/peer.ts";
import { listenHttp, seenRequest, writeAtOnce } from "./http-listener.ts";
import { NO_LIMIT_BYTES, type SeenRequest, type ServerPeer, type ServerSocket } from "./server-peer.ts";

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
  const messages = new Mailbox<string | Buffer>();
  const closed = new Promise<Ended>((resolve) => {
    connection.once("close", (code, reason) => {
      messages.end(`closed with ${code}`);
      resolve({ code, reason });
    });
  });
  let unsent = 0;
  const sent = (): void => {
    unsent -= 1;
  };
  connection.on("error", () => undefined);
  connection.on("message", (message) => {
    messages.put(message.type === "utf8" ? message.utf8Data : message.binaryData);
  });
  return {
    request,
    closed,
    subprotocol: connection.protocol ?? "",
    get unsent() {
      return unsent;
    },
    send(message) {
      unsent += 1;
      if (typeof message === "string") connection.sendUTF(message, sent);
      else connection.sendBytes(Buffer.from(message), sent);
    },
    receive: () => messages.take(),
    close: (code, reason) => connection.close(code, reason),
    terminate: () => connection.socket.destroy(),
    async ping(payload) {
      connection.ping(payload);
      const [pong] = await once(connection, "pong");
      return pong.toString();
    },
    sendFragments(parts) {
      parts.forEach((part, index) => {
        if (index > 0) connection.ping(`before ${index}`);
        connection.sendFrame(makeFrame(connection, part, index === 0, index === parts.length - 1));
      });
    },
    pause: () => connection.pause(),
    resume: () => connection.resume(),
  };
}

function makeFrame(connection: Connection, text: string, isFirst: boolean, isLast: boolean): Frame {
  const { maskBytes, frameHeader, config } = connection;
  const frame = new websocket.frame(maskBytes, frameHeader, config);
  frame.opcode = isFirst ? 1 : 0;
  frame.fin = isLast;
  frame.binaryPayload = Buffer.from(text);
  return frame;
}
