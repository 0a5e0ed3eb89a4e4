import { once } from "node:events";
import type { WebSocket } from "ws";
import { Mailbox } from "../mailbox.ts";
import type { Ended } from "../peers/peer.ts";
import type { SocketOfEitherEnd } from "./socket-of-either-end.ts";

/** A socket of the package `ws`, which may be opening still. */
export function adaptSocket(socket: WebSocket): SocketOfEitherEnd {
  const messages = new Mailbox<string | Buffer>();
  const closed = new Promise<Ended>((resolve) => {
    socket.once("close", (code, reason) => {
      messages.end(`closed with ${code}`);
      resolve({ code, reason: reason.toString() });
    });
  });
  socket.on("message", (data: Buffer, isBinary) => messages.put(isBinary ? data : data.toString()));
  return {
    closed,
    send: (message, sent) => socket.send(message, sent),
    receive: () => messages.take(),
    close: (code, reason) => socket.close(code, reason),
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
