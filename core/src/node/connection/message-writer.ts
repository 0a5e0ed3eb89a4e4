import { UsageError } from "../../engine/errors.ts";
import type { MessageKind } from "../../engine/messages/message.ts";
import type { FragmentSink } from "./outgoing-queue.ts";

type Piece = string | Uint8Array;

/** One message that is sent fragment by fragment, as `Connection.beginMessage` gives it. Pings, pongs and Close frames
 * may go between its fragments; messages that are sent meanwhile wait until it has ended.
 * @see RFC 6455 §5.4 */
export class MessageWriter {
  readonly #kind: MessageKind;
  readonly #sink: FragmentSink;
  /** What was written while the messages before it were still on their way. */
  #early: { readonly piece: Piece; readonly last: boolean }[] = [];
  #running = false;
  #ended = false;
  #lost = false;
  /** Those who wait: the queue for the end, writers for their turn. */
  #onEnd: (() => void) | undefined;
  #onTurn: (() => void)[] = [];

  constructor(kind: MessageKind, sink: FragmentSink) {
    this.#kind = kind;
    this.#sink = sink;
  }

  /** Send the next fragment, as one frame.
   * @param piece a string in a text message only; bytes may not be changed before they are sent
   * @returns false when more is waiting than the high-water mark: see `writable`. Also false when the connection is not
   *   open: the message then counts as dropped
   * @throws UsageError after `end`, or for a piece that does not fit the message's kind */
  write(piece: Piece): boolean {
    return this.#put(piece, false);
  }

  /** Send the last fragment; without an argument it is empty.
   * @throws UsageError as `write` */
  end(piece: Piece = this.#kind === "text" ? "" : new Uint8Array(0)): boolean {
    const keepsUp = this.#put(piece, true);
    this.#ended = true;
    this.#onEnd?.();
    return keepsUp;
  }

  /** Resolves when all that was written is with the system, so that more may be written.
   * @returns rejects with ConnectionClosedError when the connection is not open any more; the promise may be dropped */
  writable(): Promise<void> {
    const ready = this.#turn().then(() => this.#sink.writable());
    ready.catch(() => {});
    return ready;
  }

  /** Its turn has come.
   * @returns resolves when the message has ended, or the connection has */
  run(): Promise<void> {
    this.#running = true;
    for (const resolve of this.#onTurn.splice(0)) resolve();
    this.#sink.beginMessage(this.#kind);
    for (const { piece, last } of this.#early.splice(0)) {
      this.#sink.keepWaiting(-piece.length);
      this.#sink.sendFragment(piece, last);
    }
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnd = resolve;
    });
  }

  /** The message will not be sent, or not to its end. */
  abandon(): void {
    this.#lost = true;
    this.#early = [];
    for (const resolve of this.#onTurn.splice(0)) resolve();
    this.#onEnd?.();
  }

  #put(piece: Piece, last: boolean): boolean {
    if (this.#ended) throw new UsageError("the message has ended; begin another one");
    if (typeof piece === "string" && this.#kind === "binary") {
      throw new UsageError("this is a binary message: give bytes, not a string");
    }
    if (typeof piece !== "string" && !(piece instanceof Uint8Array)) {
      throw new UsageError(`a piece of a message is a string or a Uint8Array, not ${typeof piece}`);
    }
    if (this.#lost) return false;
    if (this.#running) return this.#sink.sendFragment(piece, last);
    if (this.#sink.keepWaiting(piece.length)) this.#early.push({ piece, last });
    return false;
  }

  #turn(): Promise<void> {
    if (this.#running || this.#lost) return Promise.resolve();
    return new Promise((resolve) => this.#onTurn.push(resolve));
  }
}
