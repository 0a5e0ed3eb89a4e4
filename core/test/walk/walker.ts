/**
 * An application at one end of a link, which does with its connection whatever chance says, and writes down what it
 * asked for and what it was told. It judges nothing: walk.ts does.
 */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import type { MessageKind } from "../../src/engine/messages/message.ts";
import type { Role } from "../../src/engine/protocol/protocol-kit.ts";
import type { Connection, Sendable } from "../../src/node/connection/connection.ts";
import { ConnectionFactory } from "../../src/node/connection/connection.ts";
import { type Counters, makeCounters } from "../../src/node/connection/counters.ts";
import type { MessageWriter } from "../../src/node/connection/message-writer.ts";
import { PreparedMessage, prepare } from "../../src/node/connection/prepared-message.ts";
import type { CloseEvent, ConnectionOptions, Handlers } from "../../src/node/connection/settings.ts";
import { resolveSettings } from "../../src/node/connection/settings.ts";
import type { Chance } from "../engine/engine-test-kit.ts";
import type { Deflates } from "./compressing.ts";
import type { LinkEnd } from "./unruly-link.ts";

/** How an application takes its messages. */
export type Reading = "handler" | "fragments" | "loop";

export interface Manner {
  readonly role: Role;
  readonly reading: Reading;
  /** Longest time that it spends on a message, for "loop"; and that it pauses by itself, for the others. */
  readonly slowMs: number;
  /** Longest message. */
  readonly mostBytes: number;
  readonly options: ConnectionOptions;
  /** Undefined where no compression was agreed on. */
  readonly deflates: Deflates | undefined;
}

/** One message that was given to `send` or written piece by piece. */
export interface SentMessage {
  readonly kind: MessageKind;
  pieces: (string | Uint8Array)[];
  /** False when `send` said at once that it is dropped. */
  readonly accepted: boolean;
}

/** What was known when a flush was asked for, and when it resolved. */
export interface Flush {
  readonly acceptedBefore: number;
  readonly takenBytes: number;
}

type Given = Sendable | PreparedMessage;

interface OpenMessage {
  readonly writer: MessageWriter;
  readonly message: SentMessage;
  /** What is left to be written. */
  readonly rest: (string | Uint8Array)[];
}

const PATTERN = Buffer.from("0123456789 äöü €uro 😀 the quick brown fox ");
const CLOSE_CODES = [1000, 1001, 1011, 3000, 3999, 4000, 4999] as const;

export class Walker {
  readonly connection: Connection<undefined>;
  readonly link: LinkEnd;
  readonly counters: Counters = makeCounters();
  readonly sent: SentMessage[] = [];
  readonly received: string[] = [];
  readonly flushes: Flush[] = [];
  readonly closes: CloseEvent[] = [];
  readonly errors: string[] = [];
  opens = 0;
  ends = 0;
  drains = 0;
  /** Whether `send` has said that too much is waiting, and no drain has followed. */
  drainDue = false;
  /** How many messages were dropped at once, by the word of `send`. */
  refused = 0;
  /** Whether messages may have been dropped that had arrived: by closing without taking what still comes. */
  mayPassOver = false;
  /** Whether it was the first to end the connection, as far as it knew. */
  hasLeft = false;
  readonly #promised = new Set<{ readonly what: string }>();
  readonly #chance: Chance;
  readonly #manner: Manner;
  /** What lasts as long as the connection: the loop that reads it, and `closed`. */
  #lasting = 0;
  #hurried = false;
  #paused = false;
  /** Whether close was called. */
  #wantsEnd = false;
  #open: OpenMessage[] = [];
  #fragments: Uint8Array[] = [];
  #count = 0;

  constructor(chance: Chance, manner: Manner, link: LinkEnd) {
    this.#chance = chance;
    this.#manner = manner;
    this.link = link;
    const { role, options, deflates } = manner;
    const { counters } = this;
    const factory = new ConnectionFactory<undefined>({
      role,
      settings: resolveSettings(options, role),
      handlers: this.#handlers(),
      counters,
      onEnded: () => {
        this.ends += 1;
      },
    });
    const start = {
      transport: link,
      info: { httpVersion: "1.1", path: "/", remoteAddress: undefined, subprotocol: "", extensions: "" },
      data: undefined,
      deflate: deflates?.scheme,
      preface: new Uint8Array(0),
      head: link.incoming.takeHead(chance.below(200)),
      request: undefined,
      learnsBy: role === "client" ? ("promise" as const) : ("handler" as const),
    };
    this.connection = factory.open(start, () => {});
    if (manner.reading === "loop") this.#last(this.#loop());
    this.#last(this.connection.closed);
  }

  /** Everything that was sent and not dropped at once. */
  get accepted(): SentMessage[] {
    return this.sent.filter((message) => message.accepted);
  }

  get manner(): Manner {
    return this.#manner;
  }

  /** What was promised and has not come. */
  get waiting(): string[] {
    return [...this.#promised].map(({ what }) => what);
  }

  /** Whether anything is on its way out. */
  get isBusy(): boolean {
    return this.connection.bufferedBytes > 0 || this.drainDue || this.#promised.size > 0;
  }

  /** Whether nobody reads any more, and `closed` has resolved. */
  get isOver(): boolean {
    return this.#lasting === 0;
  }

  // ---- at random

  step(): void {
    const { below, of } = this.#chance;
    const act = of<() => void>([
      () => this.#sendWhole(this.#size()),
      () => this.#sendWhole(this.#size()),
      () => this.#sendMany(2 + below(30)),
      () => this.#sendStream(),
      () => this.#begin(),
      () => this.#writeOn(),
      () => this.#writeOn(),
      () => this.#ping(),
      () => this.connection.pong("nobody asked"),
      () => this.#pause(),
      () => this.#resume(),
      () => this.#resume(),
      () => this.#flush(),
    ]);
    act();
  }

  /** Begin the closing handshake, with any code. */
  close(): void {
    this.#wantsEnd = true;
    this.#leave();
    if (this.connection.state === "open" && (this.#paused || this.#manner.reading === "loop")) this.mayPassOver = true;
    if (this.#chance.below(8) === 0) this.connection.close(null);
    else this.connection.close(this.#chance.of(CLOSE_CODES), "bye".repeat(this.#chance.below(3)));
  }

  /** With a Close frame, and deaf to what still comes. */
  fail(): void {
    this.#leave();
    this.mayPassOver = true;
    this.connection.fail(this.#chance.of(CLOSE_CODES), "enough");
  }

  terminate(): void {
    this.#leave();
    if (this.closes.length === 0) this.mayPassOver = true;
    this.connection.terminate();
  }

  #leave(): void {
    if (this.connection.state === "open") this.hasLeft = true;
  }

  /** From now on read without delay, and finish what was begun. */
  hurry(): void {
    this.#hurried = true;
    this.#resume();
    while (this.#open.length > 0) this.#writeOn();
  }

  // ---- sending

  #size(): number {
    const { below, of } = this.#chance;
    const { mostBytes } = this.#manner;
    const size = of([0, 1, below(10), below(126), 125, 126, below(1_000), below(mostBytes + 1), mostBytes]);
    return Math.min(size, mostBytes);
  }

  /** A text as a string; bytes as one of the types that `send` takes. */
  #sendWhole(size: number): void {
    if (this.#chance.below(2) === 0) {
      const text = this.#text(size);
      this.#send("text", [text], this.#chance.below(4) === 0 ? prepare(text) : text);
      return;
    }
    const bytes = this.#bytes(size);
    const copy = new Uint8Array(bytes);
    this.#send("binary", [bytes], this.#chance.of<Given>([bytes, copy, new DataView(copy.buffer), prepare(copy)]));
  }

  #sendMany(count: number): void {
    for (let i = 0; i < count; i++) this.#sendWhole(this.#chance.below(20));
  }

  #sendStream(): void {
    const { below, of } = this.#chance;
    const kind = of<MessageKind>(["text", "binary"]);
    const pieces = this.#pieces(kind, below(6));
    const slowly = below(2) === 0;
    const source = async function* (): AsyncGenerator<string | Uint8Array> {
      for (const piece of pieces) {
        if (slowly) await delay(below(50));
        yield piece;
      }
    };
    this.#send(kind, pieces, Readable.from(source()), kind);
  }

  #send(kind: MessageKind, pieces: (string | Uint8Array)[], given: Given, asked?: MessageKind): void {
    const { connection } = this;
    const before = connection.droppedMessages;
    // What was prepared has it all
    const compress =
      given instanceof PreparedMessage ? undefined : this.#chance.of([undefined, undefined, true, false]);
    const keepsUp = connection.send(given, { kind: asked, compress });
    const accepted = connection.droppedMessages === before;
    this.#sentOne({ kind, pieces, accepted }, keepsUp);
  }

  #sentOne(message: SentMessage, keepsUp: boolean): void {
    this.sent.push(message);
    if (!message.accepted) this.refused += 1;
    else if (!keepsUp) this.drainDue = true;
  }

  #begin(): void {
    if (this.#open.length > 3) return;
    const kind = this.#chance.of<MessageKind>(["text", "binary"]);
    const pieces = this.#pieces(kind, 1 + this.#chance.below(6));
    const before = this.connection.droppedMessages;
    const writer = this.connection.beginMessage(kind);
    const message = { kind, pieces, accepted: this.connection.droppedMessages === before };
    this.#sentOne(message, false);
    this.#open.push({ writer, message, rest: [...pieces] });
  }

  /** The next piece of the message that was begun first. */
  #writeOn(): void {
    const [open] = this.#open;
    if (open === undefined) return;
    const piece = open.rest.shift();
    if (piece === undefined || (open.rest.length === 0 && this.#chance.below(2) === 0)) {
      open.writer.end(piece);
      this.#open.shift();
      return;
    }
    open.writer.write(piece);
    if (this.#chance.below(3) === 0) this.#track("writable", open.writer.writable());
  }

  #ping(): void {
    this.#track("a ping", this.connection.ping());
  }

  #flush(): void {
    const acceptedBefore = this.accepted.length;
    const flushed = this.connection.flush().then(() => {
      this.flushes.push({ acceptedBefore, takenBytes: this.link.outgoing.takenBytes });
    });
    this.#track("flush", flushed);
  }

  /** Content that differs from message to message. */
  #bytes(size: number): Buffer {
    this.#count += 1;
    const bytes = Buffer.alloc(size, PATTERN);
    // Little of it can be compressed
    if (this.#chance.below(4) === 0) bytes.write(Buffer.from(this.#chance.bytes(size >> 1)).toString("hex"));
    bytes.write(`${this.#manner.role} ${this.#count}`);
    return bytes;
  }

  #text(size: number): string {
    return this.#bytes(size).toString();
  }

  /** A message's content cut anywhere, inside characters too: a text as strings or as bytes. */
  #pieces(kind: MessageKind, count: number): (string | Uint8Array)[] {
    const { below } = this.#chance;
    const whole = kind === "text" && below(2) === 0 ? this.#text(this.#size()) : this.#utf8(this.#size());
    const cuts = Array.from({ length: count }, () => below(whole.length + 1)).sort((a, b) => a - b);
    const edges = [0, ...cuts, whole.length];
    return edges.slice(1).map((end, index) => whole.slice(edges[index], end));
  }

  #utf8(size: number): Uint8Array {
    return Uint8Array.from(Buffer.from(this.#text(size)));
  }

  // ---- receiving

  #handlers(): Handlers<undefined> {
    const { reading } = this.#manner;
    const handlers: Handlers<undefined> = {
      open: () => {
        this.opens += 1;
      },
      drain: (connection) => {
        this.drains += 1;
        this.drainDue = false;
        assert.equal(connection.bufferedBytes, 0, "drain is told while bytes wait");
      },
      close: (_connection, event) => this.closes.push(event),
      error: (_connection, error) => this.errors.push(`${error.code}: ${error.message}`),
    };
    if (reading === "handler") {
      handlers.message = (_connection, message, kind) => {
        this.received.push(keyOf(kind, [message]));
        this.#dawdle();
      };
    } else if (reading === "fragments") {
      handlers.fragment = (_connection, { kind, data, first, last }) => {
        assert.equal(first, this.#fragments.length === 0, "first says whether it is the first fragment");
        this.#fragments.push(data);
        if (last) this.received.push(keyOf(kind, this.#fragments.splice(0)));
      };
    }
    return handlers;
  }

  #pause(): void {
    this.#paused = true;
    // A close that waits for a streamed message has not begun, but what comes before the pause ends is not wanted
    if (this.#wantsEnd || this.connection.state !== "open") this.mayPassOver = true;
    this.connection.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.connection.resume();
  }

  /** Pauses as an application does that is busy with a message. */
  #dawdle(): void {
    if (this.#hurried || this.#chance.below(20) > 0) return;
    this.#pause();
    setTimeout(() => this.#resume(), this.#chance.below(this.#manner.slowMs + 1));
  }

  async #loop(): Promise<void> {
    for await (const message of this.connection) {
      this.received.push(keyOf(typeof message === "string" ? "text" : "binary", [message]));
      if (!this.#hurried) await delay(this.#chance.below(this.#manner.slowMs + 1));
    }
  }

  /** Note a promise that may be kept or broken, but not forgotten. */
  #track(what: string, promise: Promise<unknown>): void {
    const entry = { what };
    this.#promised.add(entry);
    const settled = (): boolean => this.#promised.delete(entry);
    promise.then(settled, settled);
  }

  #last(promise: Promise<unknown>): void {
    this.#lasting += 1;
    void promise.then(() => {
      this.#lasting -= 1;
    });
  }
}

/** A message as a string that is the same only for the same message. */
export function keyOf(kind: MessageKind, pieces: readonly (string | Uint8Array)[]): string {
  const isText = pieces.length > 0 && pieces.every((piece) => typeof piece === "string");
  const bytes = isText ? Buffer.from(pieces.join("")) : Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
  return `${kind} ${bytes.toString("latin1")}`;
}

/** Wait by the clock of the walk. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
