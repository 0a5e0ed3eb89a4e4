import type { PeerSocket } from "../peers/peer.ts";

/** What a library's connection does in the same way at a client and at a server. */
export interface SocketOfEitherEnd extends Omit<PeerSocket, "subprotocol" | "send" | "close"> {
  /** @param sent called once the message is with the system */
  send(message: string | Uint8Array, sent?: () => void): void;
  close(code?: number, reason?: string): void;
}
