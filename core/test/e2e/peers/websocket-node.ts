import websocket from "websocket";
import { adaptConnection } from "../adapters/websocket-node.ts";
import { type Peer, Refused } from "./peer.ts";

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
        client.once("connect", (connection) => {
          resolve({ ...adaptConnection(connection), subprotocol: connection.protocol ?? "" });
        });
        client.once("connectFailed", (error) => {
          const [, statusCode] = /non-101 status: (\d{3})/.exec(error.message) ?? [];
          reject(new Refused(error.message, statusCode === undefined ? undefined : Number(statusCode)));
        });
        client.connect(url, [...subprotocols], origin);
      });
    },
  };
}
