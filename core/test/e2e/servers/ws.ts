import { once } from "node:events";
import { type WebSocket, WebSocketServer } from "ws";
import { Mailbox } from "../mailbox.ts";
import type { Ended } from "../peers/peer.ts";
import { listenHttp, seenRequest, writeAtOnce } from "./http-listener.ts";
import { NO_LIMIT_BYTES, type SeenRequest, type ServerPeer, type ServerSocket } from "./server-peer.ts";

/** The package `ws`, ready for permessage-deflate. */
export const wsServer: ServerPeer = {
  name: "ws",
  abilities: ["sendsEmptyClose", "tellsEmptyClose", "echoesCode", "refusalBody"],
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
  const messages = new Mailbox<string | Buffer>();
  const closed = new Promise<Ended>((resolve) => {
    socket.once("close", (code, reason) => {
      messages.end(`closed with ${code}`);
      resolve({ code, reason: reason.toString() });
    });
  });
  let unsent = 0;
  socket.on("error", () => undefined);
  socket.on("message", (data: Buffer, isBinary) => messages.put(isBinary ? data : data.toString()));
  return {
    request,
    closed,
    subprotocol: socket.protocol,
    get unsent() {
      return unsent;
    },
    send(message) {
      unsent += 1;
      socket.send(message, () => {
        unsent -= 1;
      });
    },
    receive: () => messages.take(),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    async ping(payload) {
      socket.ping(payload);
      const [pong] = await once(socket, "pong");
      return pong.toString();
    },
    sendFragments(parts) {
      parts.forEach((part, index) => {
        if (index > 0) socket.ping(`before ${index}`);
        socket.send(part, { fin: index === parts.length - 1 });
      });
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
