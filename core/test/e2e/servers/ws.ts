import { type WebSocket, WebSocketServer } from "ws";
import { adaptSocket } from "../adapters/ws.ts";
import { listenHttp, seenRequest, writeAtOnce } from "./http-listener.ts";
import { NO_LIMIT_BYTES, type SeenRequest, type ServerPeer, type ServerSocket } from "./server-peer.ts";
import { serverSocket } from "./server-socket.ts";

/** The package `ws`, ready for permessage-deflate. */
export const wsServer: ServerPeer = {
  name: "ws",
  abilities: ["sendsEmptyClose", "tellsEmptyClose", "echoesCode", "refusalBody", "compression"],
  async listen(options = {}) {
    const { refusal, greeting, subprotocols = [], maxMessageBytes = NO_LIMIT_BYTES } = options;
    const listener = await listenHttp(options);
    const library = new WebSocketServer({
      noServer: true,
      perMessageDeflate: true,
      maxPayload: maxMessageBytes,
      handleProtocols: (offered) => subprotocols.find((subprotocol) => offered.has(subprotocol)) ?? false,
      verifyClient: (_info, answer) => {
        if (refusal === undefined) answer(true);
        else answer(false, refusal.statusCode, refusal.body, refusal.headers);
      },
    });
    listener.server.on("upgrade", (request, socket, head) => {
      writeAtOnce(socket);
      library.handleUpgrade(request, socket, head, (opened) => {
        if (greeting !== undefined) opened.send(greeting);
        listener.accepted(adapt(opened, seenRequest(request)));
      });
    });
    return listener.running;
  },
};

function adapt(socket: WebSocket, request: SeenRequest): ServerSocket {
  socket.on("error", () => undefined);
  const { protocol: subprotocol } = socket;
  return serverSocket(adaptSocket(socket), { request, subprotocol, terminate: () => socket.terminate() });
}
