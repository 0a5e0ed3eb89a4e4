import type { WebSocket } from "undici";
import { Mailbox } from "../mailbox.ts";
import { type Ended, notOffered, type Peer, type PeerSocket, Refused } from "./peer.ts";

/** As much of the class as is needed here: undici and Node have the same one, in types of their own. */
export type WebSocketClass = new (
  url: string,
  how: { readonly protocols: string[]; readonly headers: Readonly<Record<string, string>> },
) => WebSocket;

/** A WebSocket of the web platform's API, in Node: undici's own, or the one that Node made of it. */
export function undiciPeer(name: string, Socket: WebSocketClass): Peer {
  return {
    name,
    version: 13,
    abilities: ["emptyClose", "compression"],
    async connect(url, { subprotocols = [], origin } = {}) {
      const headers = origin === undefined ? {} : { Origin: origin };
      const socket = new Socket(url, { protocols: [...subprotocols], headers });
      const adapter = adapt(socket);
      await new Promise<unknown>((resolve, reject) => {
        socket.addEventListener("open", resolve);
        socket.addEventListener("error", ({ message }) => reject(new Refused(message)));
      });
      return adapter;
    },
  };
}

function adapt(socket: WebSocket): PeerSocket {
  const messages = new Mailbox<string | Buffer>();
  const closed = new Promise<Ended>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => {
      messages.end(`closed with ${code}`);
      resolve({ code, reason });
    });
  });
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => {
    messages.put(typeof data === "string" ? data : Buffer.from(data));
  });
  return {
    closed,
    get subprotocol() {
      return socket.protocol;
    },
    send: (message) => socket.send(message),
    receive: () => messages.take(),
    close: (code, reason) => socket.close(code, reason),
    ping: notOffered,
    sendFragments: notOffered,
    pause: notOffered,
    resume: notOffered,
  };
}
