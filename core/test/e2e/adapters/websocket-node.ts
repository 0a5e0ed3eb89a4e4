import { once } from "node:events";
import websocket, { type Connection, type Frame } from "websocket";
import { Mailbox } from "../mailbox.ts";
import type { Ended } from "../peers/peer.ts";
import type { SocketOfEitherEnd } from "./socket-of-either-end.ts";

/** A connection of the package `websocket`. */
export function adaptConnection(connection: Connection): SocketOfEitherEnd {
  const messages = new Mailbox<string | Buffer>();
  const closed = new Promise<Ended>((resolve) => {
    connection.once("close", (code, reason) => {
      messages.end(`closed with ${code}`);
      resolve({ code, reason });
    });
  });
  connection.on("error", () => undefined);
  connection.on("message", (message) => {
    messages.put(message.type === "utf8" ? message.utf8Data : message.binaryData);
  });
  return {
    closed,
    send(message, sent) {
      if (typeof message === "string") connection.sendUTF(message, sent);
      else connection.sendBytes(Buffer.from(message), sent);
    },
    receive: () => messages.take(),
    close: (code, reason) => connection.close(code, reason),
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

/** The connection itself decides whether the frame is masked. */
function makeFrame(connection: Connection, text: string, isFirst: boolean, isLast: boolean): Frame {
  const { maskBytes, frameHeader, config } = connection;
  const frame = new websocket.frame(maskBytes, frameHeader, config);
  frame.opcode = isFirst ? 1 : 0;
  frame.fin = isLast;
  frame.binaryPayload = Buffer.from(text);
  return frame;
}
