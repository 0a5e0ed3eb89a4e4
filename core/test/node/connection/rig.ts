import type * as net from "node:net";
import { WebSocketError } from "../../../src/engine/errors.ts";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { ConnectionFactory } from "../../../src/node/connection/connection.ts";
import { type Counters, makeCounters } from "../../../src/node/connection/counters.ts";
import type { CloseEvent, ConnectionOptions, Handlers } from "../../../src/node/connection/settings.ts";
import { resolveSettings } from "../../../src/node/connection/settings.ts";
import { MemoryTransport } from "../../../src/node/transport/memory-transport.ts";
import type { Transport, TransportSink } from "../../../src/node/transport/transport.ts";
import type { SeenFrame } from "./frames.ts";
import { BINARY, CLOSE, FrameParser, frame, PING, PONG, TEXT } from "./frames.ts";
import { Journal } from "./journal.ts";

/** Stands for the response of an opening handshake. */
export const PREFACE = "101\r\n\r\n";

/** What a peer sees: a text as a string, a binary message as a Buffer, else a word and what belongs to it. */
export type Seen = string | Buffer | readonly [word: string, ...detail: unknown[]];

export interface RigOptions extends ConnectionOptions {
  /** Bytes that the link takes before the connection has to wait for its peer. */
  readonly capacity?: number;
  readonly head?: Uint8Array;
  readonly request?: unknown;
  /** Whether the peer answers pings and Close frames, and ends when the connection does. Default true. */
  readonly polite?: boolean;
}

/** A connection whose peer is a script, over a link in memory. */
export interface Rig {
  readonly connection: Connection<string>;
  readonly peer: Peer;
  /** What the connection did with its transport. */
  readonly transport: WatchedTransport;
  readonly counters: Counters;
  readonly ended: Connection<string>[];
}

const made = new Set<Connection<string>>();

/** End the connections that earlier tests left open, for tests that count what all connections together do. */
export async function endAll(): Promise<void> {
  for (const connection of made) connection.terminate();
  made.clear();
  await settled();
}

/** Heartbeats are off unless they are asked for, so that no test waits for time by mistake. */
export function rig(handlers: Handlers<string> = {}, options: RigOptions = {}): Rig {
  const { capacity, head = new Uint8Array(0), request, polite = true, ...connectionOptions } = options;
  const [near, far] = MemoryTransport.pair(capacity);
  const transport = new WatchedTransport(near);
  const peer = new Peer(far, polite);
  const counters = makeCounters();
  const ended: Connection<string>[] = [];
  const factory = new ConnectionFactory<string>({
    role: "server",
    settings: resolveSettings({ heartbeat: false, ...connectionOptions }, "server"),
    handlers,
    counters,
    onEnded: (connection) => ended.push(connection),
  });
  const connection = factory.open(
    {
      transport,
      info: { httpVersion: "1.1", path: "/rig", remoteAddress: "192.0.2.1", subprotocol: "sub", extensions: "" },
      data: "data",
      preface: Buffer.from(PREFACE),
      head,
      request,
      learnsBy: "handler",
    },
    () => {},
  );
  made.add(connection);
  return { connection, peer, transport, counters, ended };
}

/** Handlers that write down all calls, and the journal that they write to. */
export function recorder(...names: (keyof Handlers)[]): { handlers: Handlers<string>; journal: Journal<unknown[]> } {
  const journal = new Journal<unknown[]>();
  const wanted = names.length > 0 ? names : (["open", "message", "drain", "ping", "pong", "close", "error"] as const);
  const handlers: Record<string, (connection: unknown, ...values: unknown[]) => void> = {};
  for (const name of wanted) handlers[name] = (_connection, ...values) => journal.add([name, ...values]);
  return { handlers, journal };
}

/** The words of a recorder's entries: which handlers were called. */
export function wordsOf(entries: readonly unknown[][]): unknown[] {
  return entries.map(([word]) => word);
}

/** The error that an entry of a recorder is about. */
export function errorIn(entry: readonly unknown[] | undefined): WebSocketError {
  const error = entry?.[1];
  if (!(error instanceof WebSocketError)) throw new Error(`no error but ${String(entry?.[0])}`);
  return error;
}

/** The close event that an entry of a recorder is about. */
export function eventIn(entry: readonly unknown[] | undefined): CloseEvent {
  if (entry?.[0] !== "close") throw new Error(`no close but ${String(entry?.[0])}`);
  return entry[1] as CloseEvent;
}

/** The other end of the link: it speaks raw frames. */
export class Peer implements TransportSink {
  readonly seen: Journal<Seen> = new Journal();
  /** Every frame, with those of `seen`. */
  readonly frames: SeenFrame[] = [];
  /** Bytes that arrived, without the preface. */
  bytes = 0;
  readonly #transport: Transport;
  readonly #polite: boolean;
  readonly #parser = new FrameParser();
  #preface = PREFACE.length;
  #fragments: SeenFrame[] = [];

  constructor(transport: Transport, polite: boolean) {
    this.#transport = transport;
    this.#polite = polite;
    transport.start(this);
  }

  /** Send bytes in one piece. */
  send(...pieces: Uint8Array[]): void {
    this.#transport.write([Buffer.concat(pieces)]);
  }

  end(): void {
    this.#transport.end();
  }

  /** Lose the connection, so that the other end sees an error. */
  reset(): void {
    this.#transport.destroy();
  }

  /** Stop and go on reading. */
  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  onBytes(bytes: Uint8Array, length: number): void {
    const skipped = Math.min(this.#preface, length);
    this.#preface -= skipped;
    this.bytes += length - skipped;
    for (const seen of this.#parser.push(bytes.subarray(skipped, length))) this.#frame(seen);
  }

  onDrain(): void {}

  onEnd(): void {
    this.seen.add(["end"]);
    if (this.#polite) this.#transport.end();
  }

  onClose(error: Error | undefined): void {
    this.seen.add(error === undefined ? ["gone"] : ["gone", error]);
  }

  #frame(seen: SeenFrame): void {
    this.frames.push(seen);
    switch (seen.opcode) {
      case CLOSE: {
        const { payload } = seen;
        this.seen.add(["close", payload.length > 1 ? payload.readUInt16BE(0) : 1005, payload.toString("utf8", 2)]);
        if (this.#polite) this.send(frame(CLOSE, payload));
        return;
      }
      case PING:
        this.seen.add(["ping", seen.payload]);
        if (this.#polite) this.send(frame(PONG, seen.payload));
        return;
      case PONG:
        this.seen.add(["pong", seen.payload]);
        return;
      default:
        this.#data(seen);
    }
  }

  #data(seen: SeenFrame): void {
    this.#fragments.push(seen);
    if (!seen.fin) return;
    const payload = Buffer.concat(this.#fragments.map((fragment) => fragment.payload));
    const opcode = this.#fragments[0]?.opcode;
    this.#fragments = [];
    if (opcode === TEXT) this.seen.add(payload.toString());
    else this.seen.add(opcode === BINARY ? payload : ["frame", opcode, payload]);
  }
}

/** A transport that writes down what is asked of it. */
export class WatchedTransport implements Transport {
  /** A copy of the bytes of each write. */
  readonly writes: Buffer[] = [];
  /** How many arrays each write had. */
  readonly chunks: number[] = [];
  /** "pause", "resume", "end" and "destroy", in order. */
  readonly calls: string[] = [];
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get socket(): net.Socket | undefined {
    return this.#inner.socket;
  }

  start(sink: TransportSink): boolean {
    return this.#inner.start(new LendingSink(sink));
  }

  write(chunks: readonly Uint8Array[]): boolean {
    this.writes.push(Buffer.concat(chunks));
    this.chunks.push(chunks.length);
    return this.#inner.write(chunks);
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes;
  }

  get backlog(): number {
    return this.#inner.backlog;
  }

  flushed(callback: () => void): void {
    this.#inner.flushed(callback);
  }

  end(): void {
    this.calls.push("end");
    this.#inner.end();
  }

  destroy(): void {
    this.calls.push("destroy");
    this.#inner.destroy();
  }

  pause(): void {
    this.calls.push("pause");
    this.#inner.pause();
  }

  resume(): void {
    this.calls.push("resume");
    this.#inner.resume();
  }
}

/** Hands bytes on in one array for all, which is overwritten when the call returns, as reads from sockets are. */
class LendingSink implements TransportSink {
  static readonly #array = Buffer.alloc(65_536);
  readonly #sink: TransportSink;

  constructor(sink: TransportSink) {
    this.#sink = sink;
  }

  onBytes(bytes: Uint8Array, length: number): void {
    const array = LendingSink.#array;
    for (let at = 0; at < length; at += array.length) {
      const piece = bytes.subarray(at, Math.min(length, at + array.length));
      array.set(piece);
      this.#sink.onBytes(array, piece.length);
      array.fill(0xdd);
    }
  }

  onDrain(): void {
    this.#sink.onDrain();
  }

  onEnd(): void {
    this.#sink.onEnd();
  }

  onClose(error: Error | undefined): void {
    this.#sink.onClose(error);
  }
}

/** Wait until everything that is on its way over links in memory has arrived. */
export async function settled(turns = 6): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
