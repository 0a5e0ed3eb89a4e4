/**
 * What stands between a JellySocket and a connection of the core's, on both sides.
 * In: calls of the socket, and what the core says. Out: the socket's events; `disconnect` once, whatever happens.
 */
import type { EventEmitter } from "node:events";
import { type Connection, fitReason, type Handlers, OPCODE, type OutgoingFrame } from "polysocket";
import { ERROR_CODE, errorOfClose, errorOfCore, lostConnection, textReceived } from "./failure.ts";
import { throwLater } from "./throw-later.ts";

export type Core = Connection<Link>;

const PING: OutgoingFrame = {
  fin: true,
  rsv1: false,
  rsv2: false,
  rsv3: false,
  opcode: OPCODE.ping,
  maskingKey: "auto",
  payload: new Uint8Array(0),
};

/** Where a socket keeps its link: a map of all sockets costs a server more than the rest of them. */
const LINK: unique symbol = Symbol("link");

/** @returns undefined for what no constructor of JellySocket was called on */
export function linkOf(socket: object): Link | undefined {
  return (socket as { readonly [LINK]?: Link })[LINK];
}

export class Link {
  #socket: EventEmitter | undefined;
  #core: Core | undefined;
  #isOver = false;
  readonly #onOver: (socket: EventEmitter | undefined) => void;
  /** What had arrived at the last heartbeat; and in how many since then nothing more. */
  #bytesAtBeat = -1;
  #missedBeats = 0;

  /** @param onOver called once, before the listeners of `disconnect` */
  constructor(onOver: (socket: EventEmitter | undefined) => void) {
    this.#onOver = onOver;
  }

  /** Who emits the events from now on. */
  join(socket: EventEmitter): void {
    this.#socket = socket;
    Object.defineProperty(socket, LINK, { value: this });
  }

  /** The handshake is done. */
  opened(core: Core): void {
    if (this.#isOver) core.terminate();
    else this.#core = core;
  }

  get socket(): EventEmitter | undefined {
    return this.#socket;
  }

  /** Whether its end was told, or nobody is to hear of it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isConnected(): boolean {
    return this.#core !== undefined && !this.#isOver;
  }

  get bufferedBytes(): number {
    return this.#core === undefined || this.#isOver ? 0 : this.#core.bufferedBytes;
  }

  /** @throws Error before the handshake is done */
  send(data: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#core === undefined) throw new Error("the connection is not open yet; send when connect is emitted");
    this.#core.send(data);
  }

  /** Without effect when it is over. */
  disconnect(error: Error | null): void {
    if (this.#isOver) return;
    const reason = error === null ? "" : fitReason(String(error.message));
    this.#isOver = true;
    if (error === null) this.#core?.close();
    else this.#core?.close(ERROR_CODE, reason);
    this.#tell(error);
  }

  /** Without effect when it is over. */
  lost(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tell(error);
  }

  /** End it without an event: nobody knows of it. */
  abandon(): void {
    this.#isOver = true;
    this.#core?.fail(1011);
  }

  received(data: Uint8Array): void {
    if (!this.#isOver) this.#socket?.emit("_message", data);
  }

  textReceived(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#core?.fail(1003);
    this.#tell(textReceived());
  }

  /** A heartbeat is due.
   * @param most in how many heartbeats in a row nothing may arrive */
  beat(most: number): void {
    const core = this.#core;
    if (core === undefined || core.state !== "open") return;
    const bytes = core.socket?.bytesRead ?? 0;
    this.#missedBeats = bytes === this.#bytesAtBeat ? this.#missedBeats + 1 : 0;
    this.#bytesAtBeat = bytes;
    if (this.#missedBeats < most) {
      core.sendFrame(PING);
      return;
    }
    this.#isOver = true;
    core.terminate();
    this.#tell(lostConnection(`the other end was silent for ${most} heartbeats`));
  }

  #tell(error: Error | null): void {
    this.#onOver(this.#socket);
    this.#socket?.emit("disconnect", error);
  }
}

type LinkHandlers = Required<Pick<Handlers<Link>, "message" | "closing" | "error" | "close">>;

/** For the connections of all links: `data` is the link. */
export const linkHandlers: LinkHandlers = {
  message({ data: link }, message) {
    try {
      if (typeof message === "string") link.textReceived();
      else link.received(message);
    } catch (error) {
      throwLater(error);
    }
  },

  closing({ data: link }, close) {
    try {
      link.lost(errorOfClose(close));
    } catch (error) {
      throwLater(error);
    }
  },

  error({ data: link, state }, error) {
    if (state === "open") return;
    try {
      link.lost(errorOfCore(error));
    } catch (failure) {
      throwLater(failure);
    }
  },

  close({ data: link }) {
    if (link.isOver) return;
    try {
      link.lost(lostConnection());
    } catch (error) {
      throwLater(error);
    }
  },
};
