import { once } from "node:events";
import websocket, { type Connection, type Frame } from "websocket";
import { Mailbox } from "../mailbox.ts";
import { type Ended, type Peer, type PeerSocket, Refused } from "./peer.ts";

/** The package `websocket`, WebSocket-Node. It fragments by itself whatever has more than 16 KiB. */
export function websocketNodePeer(version: 13 | 8): Peer {
  return {
    name: "websocket",
    version,
    abilities: ["ping", "fragments", "pause", "statusCode"],
    connect(url, { subprotocols = [], origin } = {}) {
      const client = new websocket.client({
        webSocketVersion: version,
        maxReceivedFrameSize: 16 << 20,
        maxReceivedMessageSize: 16 << 20,
      });
      return new Promise((resolve, reject) => {
        client.once("connect", (connection) => resolve(adapt(connection)));
        client.once("connectFailed", (error) => {
          const [, statusCode] = /non-101 status: (\d{3})/.exec(error.message) ?? [];
          reject(new Refused(error.message, statusCode === undefined ? undefined : Number(statusCode)));
        });
        client.connect(url, [...subprotocols], origin);
      });
    },
  };
}

function adapt(connection: Connection): PeerSocket {
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
    subprotocol: connection.protocol ?? "",
    send(message) {
      if (typeof message === "string") connection.sendUTF(message);
      else connection.sendBytes(Buffer.from(message));
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

function makeFrame(connection: Connection, text: string, isFirst: boolean, isLast: boolean): Frame {
  const { maskBytes, frameHeader, config } = connection;
  const frame = new websocket.frame(maskBytes, frameHeader, config);
  frame.opcode = isFirst ? 1 : 0;
  frame.fin = isLast;
  frame.mask = true;
  frame.binaryPayload = Buffer.from(text);
  return frame;
}
