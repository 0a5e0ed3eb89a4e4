/**
 * What a program holds: JSH's WebSocket, a client's or a server's, over a connection of the core's.
 * In: the program's calls, and by `inside` what the core says. Out: events. It knows no handshake.
 */
import type { Connection } from "polysocket";
import type { AddedClientOptions } from "./added-options.ts";
import { dial } from "./client.ts";
import { Emitter } from "./emitter.ts";

type Core = Connection<WebSocket>;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const TEXT = 1;
const BINARY = 2;

/** In the place of a URL: the socket is a server's, and its handshake is being done. */
export class Accepted {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }
}

/** What handshakes and connections do to a socket, and programs cannot. */
interface Inside {
  /** The handshake is done; nothing is emitted.
   * @param clients the server's set, which it is in until its end */
  opened(socket: WebSocket, core: Core, clients?: Set<WebSocket> | null): void;
  /** Emit `open`, unless it was closed in the meantime. */
  tellOpen(socket: WebSocket): void;
  message(socket: WebSocket, message: string | Uint8Array): void;
  /** Whether its end was told. */
  isOver(socket: WebSocket): boolean;
  /** The handshake came to nothing. */
  failed(socket: WebSocket, error: Error): void;
  /** The connection's end, which was not ours: emits for the first call only.
   * @param error undefined where the peer ended it as one should */
  ended(socket: WebSocket, text: string, error?: Error): void;
}

export let inside: Inside;

export class WebSocket extends Emitter {
  static readonly CONNECTING: 0 = CONNECTING;
  static readonly OPEN: 1 = OPEN;
  static readonly CLOSING: 2 = CLOSING;
  static readonly CLOSED: 3 = CLOSED;
  static readonly TextMessage: 1 = TEXT;
  static readonly BinaryMessage: 2 = BINARY;

  readonly url: string;
  protocol = "";
  readyState: number = CONNECTING;
  #core: Core | undefined = undefined;
  /** Of the server that tracks it. */
  #clients: Set<WebSocket> | null = null;
  /** Gives a client's handshake up. */
  #giveUp: (() => void) | undefined = undefined;

  static {
    inside = {
      opened(socket, core, clients = null) {
        clients?.add(socket);
        socket.#clients = clients;
        socket.#core = core;
        socket.#giveUp = undefined;
        socket.protocol = core.subprotocol;
        socket.readyState = OPEN;
      },
      tellOpen(socket) {
        if (socket.readyState === OPEN) socket.emit("open");
      },
      message(socket, data) {
        if (socket.readyState !== OPEN) return;
        socket.emit("message", { type: typeof data === "string" ? TEXT : BINARY, data });
      },
      isOver: (socket) => socket.readyState === CLOSED,
      failed(socket, error) {
        if (socket.readyState !== CONNECTING) return;
        socket.readyState = CLOSED;
        socket.#giveUp = undefined;
        socket.emit("error", error);
      },
      ended(socket, text, error) {
        if (socket.readyState !== OPEN) return;
        socket.#leave();
        try {
          if (error !== undefined) socket.emit("error", error);
        } finally {
          socket.emit("close", { error: text });
        }
      },
    };
  }

  constructor(
    url: string | Accepted,
    protocols?: string | readonly unknown[] | null,
    options: AddedClientOptions = {},
  ) {
    super();
    if (url instanceof Accepted) {
      this.url = url.url;
      return;
    }
    if (typeof url !== "string") throw new TypeError(`URL must be a string, got ${typeof url}`);
    this.url = url;
    this.#giveUp = dial(this, readProtocols(protocols), options ?? {});
  }

  /** Where it cannot be sent an `error` is emitted within the call. */
  send(data: string | ArrayBuffer | ArrayBufferView): void {
    const core = this.#core;
    if (this.readyState !== OPEN || core === undefined) this.emit("error", new Error("websocket is not open"));
    else if (typeof data === "string" || isBytes(data)) core.send(data);
    else this.emit("error", new TypeError(`unsupported message type: ${data === null ? "null" : typeof data}`));
  }

  close(): void {
    if (this.readyState === CLOSED || this.readyState === CLOSING) return;
    this.readyState = CLOSING;
    this.#giveUp?.();
    this.#core?.close();
    this.#leave();
    this.emit("close");
  }

  #leave(): void {
    this.readyState = CLOSED;
    this.#giveUp = undefined;
    this.#core = undefined;
    this.#clients?.delete(this);
    this.#clients = null;
  }
}

function isBytes(data: unknown): data is ArrayBuffer | ArrayBufferView {
  return ArrayBuffer.isView(data) || data instanceof ArrayBuffer;
}

/** @throws TypeError for what is neither a string nor a list */
function readProtocols(given: unknown): string[] {
  if (given === undefined || given === null) return [];
  if (typeof given !== "string" && !Array.isArray(given)) {
    throw new TypeError("Protocols must be a string or an array of strings");
  }
  const names = [given].flat().filter((name) => typeof name === "string" && name !== "") as string[];
  // RFC 6455 §4.1: one that is offered twice would be no handshake
  return [...new Set(names)];
}
