import type { Socket } from "node:net";

/** The address at the other end of a socket. The socket would keep the answer in an object of some 400 bytes, for ever;
 * it is asked once, so the object is dropped (a field that is not public: where there is none, nothing is dropped). */
export function peerAddress(socket: Socket): string | undefined {
  const address = socket.remoteAddress;
  dropPeerName(socket);
  return address;
}

/** The address and the port at the other end, which are the same for a TLS socket and the one below it; undefined where there are
 * none any more. */
export function peerName(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket;
  dropPeerName(socket);
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}

function dropPeerName(socket: Socket): void {
  if (Reflect.has(socket, "_peername")) Reflect.set(socket, "_peername", undefined);
}
