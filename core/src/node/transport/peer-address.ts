import type { Socket } from "node:net";

/** The address at the other end of a socket. The socket would keep the answer in an object of some 400 bytes, for ever;
 * it is asked once, so the object is dropped (a field that is not public: where there is none, nothing is dropped). */
export function peerAddress(socket: Socket): string | undefined {
  const address = socket.remoteAddress;
  if (Reflect.has(socket, "_peername")) Reflect.set(socket, "_peername", undefined);
  return address;
}
