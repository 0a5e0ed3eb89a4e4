/**
 * A link in memory that behaves as badly as a network may: it delays, splits, merges, fills up and is cut. In: bytes of
 * two connections, and a weather. Out: the same bytes, in order, as long as nothing was cut. Its time is that of
 * `setTimeout`. It writes down what its user did that no transport has to bear.
 */
import type { Transport, TransportSink } from "../../src/node/transport/transport.ts";
import type { Chance } from "../engine/engine-test-kit.ts";

/** How a link is. */
export interface Weather {
  /** Longest time between two pieces. */
  readonly delayMs: number;
  /** Longest piece that arrives at once. */
  readonly pieceBytes: number;
  /** What the two systems hold for one direction; more waits with the sender. */
  readonly capacityBytes: number;
  /** Whether the system says only in a later turn that it took what it was given, as with TLS. */
  readonly late: boolean;
}

/** How a link is cut: both ends are reset, or one; one or both directions fall silent; somebody in between ends both, or truncates
 * both or one: what is under way is lost from some byte on, inside a frame as a rule, and the end comes behind the rest. */
export type Cut = "reset" | "half reset" | "silence" | "half silence" | "end" | "truncation" | "half truncation";

export const CUTS: readonly [Cut, ...Cut[]] = [
  "reset",
  "half reset",
  "silence",
  "half silence",
  "end",
  "truncation",
  "half truncation",
];

/** What was read is overwritten with it, as the next read of a socket would. */
const OVERWRITTEN = 0xdd;
const MOST_AT_ONCE = 65_536;

export class UnrulyLink {
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly #chance: Chance;

  constructor(chance: Chance, weather: Weather) {
    const lanes = [new Lane(chance, weather), new Lane(chance, weather)] as const;
    this.#chance = chance;
    this.ends = [new LinkEnd(chance, lanes[0], lanes[1]), new LinkEnd(chance, lanes[1], lanes[0])];
    for (const [index, lane] of lanes.entries()) {
      lane.sender = this.ends[index];
      lane.receiver = this.ends[1 - index];
    }
  }

  cut(how: Cut): void {
    const [one, other] = this.#chance.below(2) === 0 ? this.ends : [this.ends[1], this.ends[0]];
    // Of half a cut one direction knows nothing.
    const lanes = how.startsWith("half") ? [other.incoming] : [one.incoming, other.incoming];
    for (const lane of lanes) {
      if (how.endsWith("reset")) lane.reset(new Error("cut"));
      else if (how.endsWith("silence")) lane.silence();
      else if (how.endsWith("truncation")) lane.truncate();
      else lane.endForced();
    }
  }
}

/** One direction of a link. */
class Lane {
  sender: LinkEnd | undefined;
  receiver: LinkEnd | undefined;
  /** A copy of all that the system took, which is what the sender may call sent. */
  readonly taken: Buffer[] = [];
  takenBytes = 0;
  /** A copy of all that arrived. */
  readonly arrived: Buffer[] = [];
  writtenBytes = 0;
  /** Given by the sender and not taken: not copied, so that whoever changes it too early is seen. */
  readonly #given: Uint8Array[] = [];
  readonly #underway: Buffer[] = [];
  #underwayBytes = 0;
  readonly #flushes: { readonly atBytes: number; readonly callback: () => void }[] = [];
  #waitsForDrain = false;
  #ended = false;
  #endDelivered = false;
  #silent = false;
  #failure: Error | undefined;
  /** Whether the receiver is gone, so that what arrives is answered with a reset. */
  #refused = false;
  #arrivalPlanned = false;
  #takingPlanned = false;
  readonly #chance: Chance;
  readonly #weather: Weather;

  constructor(chance: Chance, weather: Weather) {
    this.#chance = chance;
    this.#weather = weather;
  }

  get givenBytes(): number {
    return this.writtenBytes - this.takenBytes;
  }

  get underwayBytes(): number {
    return this.#underwayBytes;
  }

  /** Whether the sender has ended and the system has all it was given. */
  get finished(): boolean {
    return this.#ended && this.#given.length === 0;
  }

  get endDelivered(): boolean {
    return this.#endDelivered;
  }

  /** Whether the end of what was sent is the next thing to arrive. */
  get #endArriving(): boolean {
    return this.finished && this.#underwayBytes === 0 && !this.#endDelivered;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) {
      this.#given.push(chunk);
      this.writtenBytes += chunk.length;
    }
    if (this.#weather.late) this.#planTaking();
    else this.#take();
    if (this.#given.length === 0) return true;
    this.#waitsForDrain = true;
    return false;
  }

  flushed(callback: () => void): void {
    this.#flushes.push({ atBytes: this.writtenBytes, callback });
    this.#planTaking();
  }

  end(): void {
    this.#ended = true;
    this.#planTaking();
  }

  /** The sender is gone: what it gave and the system did not take is lost. */
  abandon(): void {
    this.#given.length = 0;
    this.#flushes.length = 0;
    this.#ended = true;
    this.#plan();
  }

  /** Nobody reads any more. */
  refuse(): void {
    this.#refused = true;
    this.#underway.length = 0;
    this.#underwayBytes = 0;
  }

  /** The receiver is told that the connection is lost; of what is under way a part may still come. */
  reset(error: Error): void {
    this.#failure ??= error;
    this.#drop(this.#chance.below(this.#underwayBytes + 1));
    this.#plan();
  }

  /** Of what is under way a part still comes, and then the end. */
  truncate(): void {
    this.#drop(this.#chance.below(this.#underwayBytes + 1));
    this.endForced();
    // What waits with the sender goes to nobody.
    this.#planTaking();
  }

  endForced(): void {
    this.#refused = true;
    this.#ended = true;
    this.#plan();
  }

  /** What is under way never arrives; the sender's system holds what it can. */
  silence(): void {
    this.#silent = true;
  }

  /** What has arrived before anybody reads: at most so many bytes. */
  takeHead(most: number): Buffer {
    const head = this.#next(most);
    this.arrived.push(Buffer.from(head));
    if (this.#given.length > 0) this.#planTaking();
    return head;
  }

  /** Something may have become possible: the receiver reads, or the sender has written. */
  wake(): void {
    this.#plan();
  }

  #drop(keepBytes: number): void {
    const kept = this.#next(keepBytes);
    this.#underway.length = 0;
    this.#underwayBytes = 0;
    if (kept.length === 0) return;
    this.#underway.push(kept);
    this.#underwayBytes = kept.length;
  }

  // ---- the sender's system

  #planTaking(): void {
    if (this.#takingPlanned) return;
    this.#takingPlanned = true;
    setTimeout(() => {
      this.#takingPlanned = false;
      this.#take();
      this.#tellTaken();
    }, 0);
  }

  #take(): void {
    while (this.#given.length > 0) {
      const [first = new Uint8Array(0)] = this.#given;
      const room = this.#refused ? first.length : this.#weather.capacityBytes - this.#underwayBytes;
      if (room <= 0 && first.length > 0) break;
      this.#takePiece(Buffer.from(first.subarray(0, room)));
      if (room >= first.length) this.#given.shift();
      else this.#given[0] = first.subarray(room);
    }
    this.#plan();
  }

  #takePiece(piece: Buffer): void {
    this.taken.push(piece);
    this.takenBytes += piece.length;
    if (piece.length === 0 || this.#failure !== undefined) return;
    if (this.#refused) {
      this.sender?.incoming.reset(new Error("nobody is there"));
      return;
    }
    this.#underway.push(piece);
    this.#underwayBytes += piece.length;
  }

  #tellTaken(): void {
    while (this.#flushes[0] !== undefined && this.#flushes[0].atBytes <= this.takenBytes) {
      this.#flushes.shift()?.callback();
    }
    if (this.#given.length > 0) return;
    if (this.#waitsForDrain) {
      this.#waitsForDrain = false;
      this.sender?.drained();
    }
    this.sender?.closeIfDone();
  }

  // ---- the way, and the receiver's system

  #plan(): void {
    if (this.#arrivalPlanned || this.#silent || this.receiver === undefined) return;
    const failing = this.#failure !== undefined && this.#underwayBytes === 0;
    if (this.#underwayBytes === 0 && !failing && !this.#endArriving) return;
    // A system that is not asked to read or write does not tell of a reset.
    if (!this.receiver.reading && !(failing && this.receiver.writing)) return;
    this.#arrivalPlanned = true;
    setTimeout(() => this.#arrive(), this.#chance.below(this.#weather.delayMs + 1));
  }

  #arrive(): void {
    this.#arrivalPlanned = false;
    const { receiver } = this;
    if (receiver === undefined || this.#silent) return;
    if (this.#underwayBytes > 0 && receiver.reading) {
      const piece = this.#next(1 + this.#chance.below(Math.min(this.#weather.pieceBytes, MOST_AT_ONCE)));
      this.arrived.push(piece);
      receiver.deliver(piece);
      if (this.#given.length > 0) this.#planTaking();
    } else if (this.#failure !== undefined && this.#underwayBytes === 0) {
      receiver.failed(this.#failure);
    } else if (this.#endArriving && receiver.reading) {
      this.#endDelivered = true;
      receiver.ended();
    }
    this.#plan();
  }

  #next(most: number): Buffer {
    const pieces: Buffer[] = [];
    let length = 0;
    while (length < most && this.#underway.length > 0) {
      const [piece = Buffer.alloc(0)] = this.#underway;
      const used = piece.subarray(0, most - length);
      pieces.push(used);
      length += used.length;
      if (used.length === piece.length) this.#underway.shift();
      else this.#underway[0] = piece.subarray(used.length);
    }
    this.#underwayBytes -= length;
    return Buffer.concat(pieces);
  }
}

/** One end of an `UnrulyLink`. */
export class LinkEnd implements Transport {
  readonly socket = undefined;
  readonly outgoing: Lane;
  readonly incoming: Lane;
  /** What the connection did that no transport has to bear. */
  readonly misuses: string[] = [];
  readonly #chance: Chance;
  #sink: TransportSink | undefined;
  #paused = false;
  #ending = false;
  /** Whether `destroy` was called, or the connection is lost. */
  #gone = false;
  #closed = false;
  static readonly #lent = Buffer.alloc(MOST_AT_ONCE);

  constructor(chance: Chance, outgoing: Lane, incoming: Lane) {
    this.#chance = chance;
    this.outgoing = outgoing;
    this.incoming = incoming;
  }

  // ---- Transport

  start(sink: TransportSink): boolean {
    if (this.#sink !== undefined) this.misuses.push("started twice");
    this.#sink = sink;
    this.incoming.wake();
    return false;
  }

  get bufferedBytes(): number {
    return this.outgoing.givenBytes;
  }

  get backlog(): number {
    return this.bufferedBytes;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#sink === undefined) this.misuses.push("written to before the start");
    if (this.#ending) this.misuses.push("written to after its end");
    if (this.#gone || this.#ending) return false;
    const taken = this.outgoing.write(chunks);
    this.incoming.wake();
    return taken;
  }

  flushed(callback: () => void): void {
    if (!this.#gone && !this.#ending) this.outgoing.flushed(callback);
  }

  end(): void {
    if (this.#gone || this.#ending) return;
    this.#ending = true;
    this.outgoing.end();
  }

  destroy(): void {
    if (this.#gone) return;
    this.#gone = true;
    // A system that has to throw away what nobody read says so with a reset.
    const resets = this.incoming.underwayBytes > 0 || this.#chance.below(2) === 0;
    this.incoming.refuse();
    this.outgoing.abandon();
    if (resets) this.outgoing.reset(new Error("the other end was destroyed"));
    setTimeout(() => this.#close(undefined), 0);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.incoming.wake();
  }

  // ---- for the lanes

  get reading(): boolean {
    return this.#sink !== undefined && !this.#paused && !this.#gone;
  }

  get writing(): boolean {
    return !this.#gone && this.outgoing.givenBytes > 0;
  }

  deliver(bytes: Buffer): void {
    const lent = LinkEnd.#lent;
    lent.set(bytes);
    this.#sink?.onBytes(lent, bytes.length);
    lent.fill(OVERWRITTEN, 0, bytes.length);
  }

  ended(): void {
    this.#sink?.onEnd();
    this.closeIfDone();
  }

  failed(error: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.outgoing.abandon();
    this.#close(error);
  }

  drained(): void {
    if (!this.#gone) this.#sink?.onDrain();
  }

  /** Both directions have ended. */
  closeIfDone(): void {
    if (this.#gone || !this.#ending || !this.incoming.endDelivered || !this.outgoing.finished) return;
    this.#gone = true;
    setTimeout(() => this.#close(undefined), 0);
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sink?.onClose(error);
  }
}
