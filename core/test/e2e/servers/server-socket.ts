import type { SocketOfEitherEnd } from "../adapters/socket-of-either-end.ts";
import type { ServerSocket } from "./server-peer.ts";

/** A server's connection, whose unsent messages are counted.
 * @param more what only a server has */
export function serverSocket(
  socket: SocketOfEitherEnd,
  more: Pick<ServerSocket, "request" | "subprotocol" | "terminate">,
): ServerSocket {
  let unsent = 0;
  const sent = (): void => {
    unsent -= 1;
  };
  return {
    ...socket,
    ...more,
    get unsent() {
      return unsent;
    },
    send(message) {
      unsent += 1;
      socket.send(message, sent);
    },
  };
}
