/**
 * One WebSocket's way to the network: the opening handshake, then the connection.
 * In: where to, then messages and the wish to close. Out: what the standard calls feedback from the protocol, each piece in
 * a task of its own and in order. It knows no events, and leaves `readyState` to the WebSocket.
 */
import { UsageError } from "../../engine/errors.ts";
import { CLOSE_CODE } from "../../engine/frames/close-code.ts";
import { ClientHandshake } from "../client/client-handshake.ts";
import { type ClientSettings, resolveClientSettings } from "../client/client-settings.ts";
import type { ConnectOptions } from "../client/connect-options.ts";
import type { Connection } from "../connection/connection.ts";
import { holdTurn, releaseTurn } from "../connection/turn.ts";
import { hasBadPort } from "./bad-port.ts";
import { BufferedAmount } from "./buffered-amount.ts";
import { payloadBytes } from "./sent-data.ts";

/** How a connection ended, in the RFC's words (RFC 6455 §7.1.4–7.1.6). */
export interface LinkEnding {
  readonly wasClean: boolean;
  readonly code: number;
  readonly reason: string;
}

/** Who is told what happens; each call is a task. */
export interface Feedback {
  opened(subprotocol: string, extensions: string): void;
  /** @param data text, or bytes that are nobody else's */
  received(data: string | Uint8Array): void;
  /** Once, and nothing after it. */
  closed(ending: LinkEnding): void;
}

/** Handlers that all links share; the connection's data is its link. */
const handlers = {
  open: (connection) => connection.data.opened(connection),
  message: (connection, data) => connection.data.received(data),
  close: (connection, { wasClean, received, unsentBytes }) => {
    connection.data.closed({ wasClean, ...(received ?? NOTHING_RECEIVED) }, unsentBytes);
  },
  // The standard tells scripts no more than that there was an error, which is not being clean
  error() {},
} satisfies ConnectOptions<Link>;

/** Close code and reason where no Close frame came (RFC 6455 §7.1.5). */
const NOTHING_RECEIVED = { code: CLOSE_CODE.abnormalClosure, reason: "" } as const;

/** The class has no options; what its users expect are a browser's limits, not a server's (docs/whatwg.md). */
const settings: ClientSettings<Link> = resolveClientSettings<Link>({
  handshakeTimeoutMs: 60_000,
  limits: { maxMessageBytes: 128 << 20, maxFragments: 1 << 20, messageTimeoutMs: Number.POSITIVE_INFINITY },
  backpressure: { maxBufferedBytes: 256 << 20 },
});

export class Link {
  readonly #feedback: Feedback;
  readonly #wantsSubprotocol: boolean;
  readonly #buffered = new BufferedAmount();
  readonly #handshake: ClientHandshake<Link> | undefined;
  #connection: Connection<Link> | undefined;
  /** Tasks that are queued or run now. */
  #tasks = 0;
  #isSealed = false;

  /** Begins to dial. Whatever is wrong with it is told as the end of a connection that never was. */
  constructor(url: URL, subprotocols: readonly string[], feedback: Feedback) {
    this.#feedback = feedback;
    this.#wantsSubprotocol = subprotocols.length > 0;
    this.#handshake = hasBadPort(url) ? undefined : this.#prepare(url, subprotocols);
    if (this.#handshake === undefined) this.#fail();
    else this.#handshake.start();
  }

  /** Whether a closing handshake has begun and all that was received before it has been handed over. */
  get isClosing(): boolean {
    return this.#tasks === 0 && this.#connection?.state === "closing";
  }

  /** Payload that was given to `send` and is not with the system, as of the beginning of this task. */
  get bufferedAmount(): number {
    return this.#buffered.bytes;
  }

  /** Send a message while that is possible; later it is only counted. Bytes may be changed at once. */
  send(data: string | Uint8Array | Blob): void {
    const bytes = payloadBytes(data);
    if (this.#isSealed || !this.#trySend(data)) this.#buffered.lost(bytes);
    else if (this.#connection !== undefined) this.#buffered.given(this.#connection, bytes, data instanceof Blob);
  }

  /** Begin the closing handshake after what was sent; before there is a connection, give it up.
   * @param code undefined for a Close frame without one, or 1000 where there is a reason */
  close(code: number | undefined, reason: string): void {
    this.#isSealed = true;
    if (this.#connection === undefined) this.#handshake?.cancel(undefined);
    else this.#connection.close(code ?? (reason === "" ? null : CLOSE_CODE.normal), reason);
  }

  // ---- what the connection says

  opened(connection: Connection<Link>): void {
    // The standard's handshake is stricter here than the RFC's: who asked for subprotocols has to get one of them
    if (this.#wantsSubprotocol && connection.subprotocol === "") connection.terminate();
    else this.#queue(Link.#tellOpened, connection);
  }

  received(data: string | Uint8Array): void {
    this.#queue(Link.#tellReceived, data);
  }

  closed(ending: LinkEnding, unsentBytes: number): void {
    this.#buffered.ended(unsentBytes);
    this.#queue(Link.#tellClosed, ending);
  }

  // ---- inside

  #prepare(url: URL, subprotocols: readonly string[]): ClientHandshake<Link> | undefined {
    const outcome = {
      opened: (connection: Connection<Link>): void => {
        this.#connection = connection;
      },
      failed: () => this.#fail(),
    };
    try {
      const own = { ...settings, subprotocols, handlers: { ...handlers, data: this } };
      return new ClientHandshake(url, own, outcome);
    } catch (error) {
      // A host or user information that the URL standard takes and HTTP does not
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  }

  #fail(): void {
    this.#queue(Link.#tellClosed, { wasClean: false, ...NOTHING_RECEIVED });
  }

  #trySend(data: string | Uint8Array | Blob): boolean {
    const connection = this.#connection;
    if (connection === undefined || connection.state !== "open") return false;
    connection.send(data);
    if (connection.state === "open") return true;
    // More waits than may: that the connection is closing shows in the next task
    this.#tasks += 1;
    setImmediate(Link.#finish, this);
    return false;
  }

  /** One immediate for each task, so that promise reactions of one run before the next. All that are queued by now run in
   * this round of the event loop, and what they send leaves in one write. */
  #queue<T>(task: (feedback: Feedback, value: T) => void, value: T): void {
    this.#tasks += 1;
    holdTurn();
    setImmediate(Link.#run<T>, this, task, value);
  }

  static #run<T>(link: Link, task: (feedback: Feedback, value: T) => void, value: T): void {
    try {
      task(link.#feedback, value);
    } finally {
      releaseTurn();
    }
    if (link.#connection?.state === "open") link.#tasks -= 1;
    // What has happened since shows in the next task, not to this one's promise reactions
    else setImmediate(Link.#finish, link);
  }

  static #finish(link: Link): void {
    link.#tasks -= 1;
  }

  static #tellOpened(feedback: Feedback, { subprotocol, extensions }: Connection<Link>): void {
    feedback.opened(subprotocol, extensions);
  }

  static #tellReceived(feedback: Feedback, data: string | Uint8Array): void {
    feedback.received(data);
  }

  static #tellClosed(feedback: Feedback, ending: LinkEnding): void {
    feedback.closed(ending);
  }
}
