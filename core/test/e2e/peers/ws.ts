import type { IncomingMessage } from "node:http";
import { type ClientOptions, WebSocket } from "ws";
import { adaptSocket } from "../adapters/ws.ts";
import { type ConnectOptions, type Peer, type PeerSocket, Refused } from "./peer.ts";

/** The package `ws`, which offers permessage-deflate in every handshake.
 * @param more options of the package's own */
export function wsPeer(version: 13 | 8 = 13, more: ClientOptions = {}): Peer {
  return {
    name: "ws",
    version,
    abilities: ["emptyClose", "ping", "fragments", "pause", "statusCode", "body", "compression"],
    async connect(url, { subprotocols = [], origin }: ConnectOptions = {}) {
      const options = { ...more, protocolVersion: version, ...(origin === undefined ? {} : { origin }) };
      const socket = new WebSocket(url, [...subprotocols], options);
      const adapter = adapt(socket);
      await opened(socket);
      return adapter;
    },
  };
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.on("error", (error) => reject(new Refused(error.message)));
    socket.once("unexpected-response", (_request, response) => readRefusal(response).then(reject, reject));
  });
}

async function readRefusal(response: IncomingMessage): Promise<Refused> {
  const body = Buffer.concat(await response.toArray()).toString();
  return new Refused("unexpected response", response.statusCode, body);
}

function adapt(socket: WebSocket): PeerSocket {
  return {
    ...adaptSocket(socket),
    // Known only once it is open
    get subprotocol() {
      return socket.protocol;
    },
  };
}
