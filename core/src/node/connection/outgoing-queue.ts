import type { Readable } from "node:stream";
import { UsageError } from "../../engine/errors.ts";
import type { MessageKind } from "../../engine/messages/message.ts";

/** What a streamed message is written to. */
export interface FragmentSink {
  beginMessage(kind: MessageKind): void;
  /** @returns false when more is waiting than the high-water mark, or the connection is not open and the message lost */
  sendFragment(data: string | Uint8Array, last: boolean): boolean;
  /** Resolves when more may be written; rejects when the connection is not open any more. */
  writable(): Promise<void>;
  /** Count bytes of the message that wait for its turn, or, below 0, wait no longer.
   * @returns false when that is more than may wait, or the connection is not open */
  keepWaiting(bytes: number): boolean;
  /** The source failed in the middle: the message can neither be finished nor taken back. */
  failed(error: unknown): void;
}

/** Something that is done in its turn. */
export interface Outgoing {
  /** Whether it is a message; other things have no bytes and are not counted. */
  readonly isMessage: boolean;
  /** Bytes that are kept for it while it waits. */
  readonly bytes: number;
  run(): void | Promise<void>;
  /** The connection has ended: it will not be run, or what it waits for will not come. */
  cancel?(): void;
}

/** What something costs that waits, besides its bytes; so that many small messages are not mistaken for little. */
const OVERHEAD_BYTES = 128;

/** What is sent while a message is on its way fragment by fragment: it waits its turn, so that order is kept. */
export class OutgoingQueue {
  readonly #waiting: Outgoing[] = [];
  readonly #onIdle: () => void;
  readonly #onFailure: (error: unknown) => void;
  #running: Outgoing | undefined;
  /** Whether it is known what became of the message that is on its way. */
  #settled = false;
  #sealed = false;
  #cleared = false;
  #bytes = 0;

  /** @param onIdle called when everything queued was sent
   * @param onFailure called when something could not be sent; the next one's turn follows */
  constructor(onIdle: () => void, onFailure: (error: unknown) => void) {
    this.#onIdle = onIdle;
    this.#onFailure = onFailure;
  }

  /** Whether something is on its way, so that what comes next must be queued. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Bytes of the messages that wait, and of the one that is on its way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** About what the waiting messages occupy. */
  get memoryBytes(): number {
    return this.#bytes + this.#waiting.length * OVERHEAD_BYTES;
  }

  /** Whether nothing may be sent after what is queued. */
  get sealed(): boolean {
    return this.#sealed;
  }

  /** Count bytes of something that waits, besides those that it was pushed with. */
  keep(bytes: number): void {
    this.#bytes += bytes;
  }

  push(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    this.#bytes += outgoing.bytes;
    if (this.#running === undefined) void this.#run();
  }

  /** Push the last one. */
  seal(outgoing: Outgoing): void {
    this.#sealed = true;
    this.push(outgoing);
  }

  /** The message on its way was sent to its end, or never will be.
   * @returns whether that is news */
  settle(): boolean {
    const isNews = !this.#settled;
    this.#settled = true;
    return isNews;
  }

  /** The connection has ended: cancel what is on its way and what waits.
   * @returns how many messages that were */
  clear(): number {
    const lost = this.#waiting.splice(0);
    if (this.#running !== undefined && this.settle()) lost.push(this.#running);
    this.#bytes = 0;
    this.#cleared = true;
    for (const outgoing of lost) outgoing.cancel?.();
    return lost.filter((outgoing) => outgoing.isMessage).length;
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#running = next;
      this.#settled = false;
      try {
        const sent = next.run();
        if (sent !== undefined) await sent;
      } catch (error) {
        this.#onFailure(error);
      }
      if (!this.#cleared) this.#bytes -= next.bytes;
    }
    this.#running = undefined;
    this.#onIdle();
  }
}

/** Send what a stream or a Blob yields as one message, a fragment for each chunk, no faster than the peer reads.
 * @param kind undefined: text if the first chunk is a string */
export async function sendStream(
  source: Readable | Blob,
  kind: MessageKind | undefined,
  sink: FragmentSink,
): Promise<void> {
  const chunks: AsyncIterable<unknown> = source instanceof Blob ? source.stream() : source;
  let begun: MessageKind | undefined;
  try {
    for await (const chunk of chunks) {
      const isText: boolean = (begun ?? kind ?? (typeof chunk === "string" ? "text" : "binary")) === "text";
      const data = fragmentOf(chunk, isText);
      if (begun === undefined) {
        begun = isText ? "text" : "binary";
        sink.beginMessage(begun);
      }
      sink.sendFragment(data, false);
      await sink.writable();
    }
    if (begun === undefined) sink.beginMessage(kind ?? "binary");
    sink.sendFragment((begun ?? kind) === "text" ? "" : new Uint8Array(0), true);
  } catch (error) {
    sink.failed(error);
  }
}

/** A source may fail while it waits for its turn, when nobody reads it yet; it is asked why when its turn comes. */
export function guardSource(source: Readable | Blob): void {
  if (!(source instanceof Blob) && typeof source.on === "function") source.on("error", ignore);
}

/** End a source that will not be sent, or not to its end, so that what it holds open is closed. */
export function discardSource(source: Readable | Blob): void {
  if (!(source instanceof Blob) && typeof source.destroy === "function") source.destroy();
}

function ignore(): void {}

function fragmentOf(chunk: unknown, isText: boolean): string | Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return isText ? chunk : Buffer.from(chunk);
  throw new UsageError(`the stream gave a ${typeof chunk}; a message is made of strings or Uint8Arrays`);
}
