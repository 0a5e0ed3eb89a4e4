import type { Socket } from "node:net";
import { peerName } from "../transport/peer-address.ts";

/** Clients of an HTTP server that have not asked for anything yet, or ask slowly. Of too many the one that waits longest is cut off:
 * who asks at once gets in while a crowd of slow ones is there.
 * In: sockets as they are accepted, and those that have asked; with TLS that is another object for the same peer. */
export class WaitingSockets {
  readonly #max: number;
  readonly #onCutOff: () => void;
  /** The one that waits longest first. */
  readonly #waiting = new Set<Socket>();
  /** With TLS: by their peers' addresses and ports. */
  readonly #byPeer: Map<string, Socket> | undefined;
  readonly #names = new WeakMap<Socket, string>();
  /** One for all. */
  readonly #onClose: (this: Socket) => void;

  constructor(max: number, hasTls: boolean, onCutOff: () => void) {
    this.#max = max;
    this.#onCutOff = onCutOff;
    this.#byPeer = hasTls ? new Map() : undefined;
    const forget = (socket: Socket): void => this.#forget(socket);
    this.#onClose = function (this: Socket): void {
      forget(this);
    };
  }

  /** One was accepted. */
  add(socket: Socket): void {
    if (this.#byPeer !== undefined) {
      const name = peerName(socket);
      // It has left already
      if (name === undefined) return;
      this.#byPeer.set(name, socket);
      this.#names.set(socket, name);
    }
    this.#waiting.add(socket);
    socket.on("close", this.#onClose);
    if (this.#waiting.size <= this.#max) return;
    const [longest] = this.#waiting;
    if (longest === undefined) return;
    this.#forget(longest);
    longest.destroy();
    this.#onCutOff();
  }

  /** One has asked for something. */
  delete(socket: Socket): void {
    if (this.#byPeer === undefined) {
      this.#forget(socket);
      return;
    }
    const name = peerName(socket);
    const accepted = name === undefined ? undefined : this.#byPeer.get(name);
    if (accepted !== undefined) this.#forget(accepted);
  }

  #forget(socket: Socket): void {
    if (!this.#waiting.delete(socket)) return;
    socket.off("close", this.#onClose);
    const name = this.#names.get(socket);
    // Another one may have come from there before this one's end was told
    if (name !== undefined && this.#byPeer?.get(name) === socket) this.#byPeer.delete(name);
  }
}
