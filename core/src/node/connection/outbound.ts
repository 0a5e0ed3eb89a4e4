/**
 * The way out of a connection: one write a turn while the peer keeps up, and waiting in memory of its own, up to a
 * bound, when it does not. In: messages. Out: writes to a transport, and whether the peer keeps up. It knows nothing of
 * what is received, nor of handlers.
 */
import { Scratch } from "../../engine/bytes/scratch.ts";
import { Slab } from "../../engine/bytes/slab.ts";
import { ConnectionClosedError, LimitError, UsageError } from "../../engine/errors.ts";
import { RSV1 } from "../../engine/frames/frame-writer.ts";
import type { OutgoingFrame } from "../../engine/frames/frame.ts";
import type { MessageKind } from "../../engine/messages/message.ts";
import type { Protocol } from "../../engine/protocol/protocol.ts";
import type { Role } from "../../engine/protocol/protocol-kit.ts";
import type { Codec } from "../compression/codec.ts";
import type { Transport } from "../transport/transport.ts";
import type { Counters } from "./counters.ts";
import { FREE_BYTES, memoryBudget } from "./memory-budget.ts";
import { nodePlatform } from "./node-platform.ts";
import type { FragmentSink } from "./outgoing-queue.ts";
import { OutgoingQueue } from "./outgoing-queue.ts";
import type { PreparedMessage } from "./prepared-message.ts";
import type { CloseEvent, ConnectionSettings } from "./settings.ts";

/** Outgoing bytes of all connections whose peers keep up. */
export const sharedSlab: Slab = new Slab(nodePlatform, 65_536);
/** Where all connections copy large payloads to, one at a time. */
export const sharedScratch: Scratch = new Scratch(nodePlatform);
/** Block size of what waits for a peer that does not: a slab of its own, so that the others' blocks are not kept. */
const WAITING_SLAB_BYTES = 8_192;

/** What all connections of one kind share on the way out. */
export interface OutboundKind {
  readonly role: Role;
  readonly settings: ConnectionSettings;
  readonly counters: Counters;
}

/** Who decides when it is written. */
export interface OutboundHost {
  /** Something waits to be written at the end of this turn. */
  planTurn(): void;
  /** Write now, and do what follows. */
  finishTurn(): void;
  /** A message that was accepted could not be sent, by the application's fault. */
  sendFailed(error: unknown): void;
  /** Count in the process's budget what is held. */
  countHeld(): void;
  /** A message was not accepted, or will not be sent.
   * @param bytes about how many; undefined where nobody knows any more */
  dropped(reason: "closed" | "full", bytes: number | undefined): void;
}

export class Outbound implements FragmentSink {
  readonly #kind: OutboundKind;
  readonly #host: OutboundHost;
  readonly #protocol: Protocol;
  readonly #transport: Transport;
  readonly #codec: Codec | undefined;
  /** Whether the transport has bytes that the system has not taken; nothing more is given to it until then. */
  #blocked = false;
  /** Bytes given to the transport that are not known to be with the system. */
  #unsettledBytes = 0;
  #endSent = false;
  /** Whether `send` has returned false, so that `drain` is due. */
  #drainDue = false;
  #droppedMessages = 0;
  #lostMessages = 0;
  #ending: CloseEvent | undefined;
  /** Each made when it is first needed. */
  #queue: OutgoingQueue | undefined;
  #waiters: (() => void)[] | undefined;
  /** How often the transport was asked to call back, and has not yet. */
  #askedTransport = 0;
  /** Called back when what waits to be written is with the system. */
  #flushes: (() => void)[] | undefined;

  /** @param codec undefined where no compression was agreed on */
  constructor(
    kind: OutboundKind,
    protocol: Protocol,
    transport: Transport,
    codec: Codec | undefined,
    host: OutboundHost,
  ) {
    this.#kind = kind;
    this.#codec = codec;
    this.#host = host;
    this.#protocol = protocol;
    this.#transport = transport;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Bytes accepted for sending that the system has not taken. */
  get bufferedBytes(): number {
    return this.#protocol.outputBytes + this.#transport.bufferedBytes + (this.#queue?.bytes ?? 0);
  }

  /** What the system has not taken, as `Transport.backlog`. */
  get backlog(): number {
    return this.#protocol.outputBytes + this.#transport.backlog;
  }

  /** Bytes of memory that are held because the peer is slow, or a message before them is. */
  get heldBytes(): number {
    const queued = this.#queue?.memoryBytes ?? 0;
    return this.#blocked ? this.#protocol.outputBytes + this.#transport.bufferedBytes + queued : queued;
  }

  /** Of those, what the protocol has made into frames: for a transport that has ended. */
  get unwrittenBytes(): number {
    return this.#protocol.outputBytes + this.#unsettledBytes;
  }

  /** The same for a transport that has ended and cannot be asked any more: at most so many were not sent. */
  get unsentBytes(): number {
    return this.#protocol.outputBytes + this.#unsettledBytes + (this.#queue?.bytes ?? 0);
  }

  /** Messages that were accepted and will not be sent; no byte of them need be in `unsentBytes`. */
  get lostMessages(): number {
    return this.#lostMessages;
  }

  get droppedMessages(): number {
    return this.#droppedMessages;
  }

  // ---- messages

  /** @returns whether the peer keeps up; see `Connection.send` */
  sendText(text: string, compress: boolean | undefined): boolean {
    if (this.busy) return this.#queueText(text, compress);
    if (!this.#accepts(text.length)) return false;
    if (this.#codec?.scheme.wants(text, "text", compress)) return this.#sendDeflated(this.#codec, "text", text);
    this.#protocol.sendText(text);
    return this.#accepted();
  }

  /** @returns whether the peer keeps up; see `Connection.send` */
  sendBytes(kind: MessageKind, bytes: Uint8Array, compress: boolean | undefined): boolean {
    if (this.busy) return this.#queueBytes(kind, bytes, compress);
    if (!this.#accepts(bytes.length)) return false;
    if (this.#codec?.scheme.wants(bytes, kind, compress)) return this.#sendDeflated(this.#codec, kind, bytes);
    this.#protocol.sendBytes(kind, bytes);
    return this.#accepted();
  }

  /** @returns whether the peer keeps up; see `Connection.sendFrame` */
  sendFrame(frame: OutgoingFrame, nowMs: number): boolean {
    // A message may have begun with the frames before it, so that dropping this one would break it
    if (this.#blocked && this.#protocol.open && !this.#fits(frame.payload.length, "close")) return false;
    this.#protocol.sendFrame(frame, nowMs);
    this.#host.planTurn();
    return this.#keepsUp();
  }

  /** @returns whether the peer keeps up; see `Connection.send` */
  sendPrepared(message: PreparedMessage): boolean {
    // A client masks each frame anew, and a long message has several
    const { role, settings } = this.#kind;
    const isOneFrame = role === "server" && message.payload.length <= settings.fragmentBytes;
    if (!isOneFrame) return this.sendBytes(message.kind, message.payload, message.compress);
    if (this.busy) return this.#enqueue(message.payload.length, () => () => this.#putPrepared(message));
    if (!this.#accepts(message.payload.length)) return false;
    const sent = this.#putPrepared(message);
    return sent === undefined ? this.#accepted() : this.#follow(message.payload.length, sent);
  }

  /** Send what takes several turns; everything sent after it waits for it.
   * @param discard the message will not be sent, or not to its end */
  sendLong(send: () => Promise<void>, discard: () => void): false {
    const run = (): void | Promise<void> => {
      if (this.#protocol.open) return send();
      discard();
      this.#lose();
    };
    if (this.#queue?.sealed === true || !this.#protocol.open) {
      discard();
      return this.#drop("closed");
    }
    this.#openQueue().push({ isMessage: true, bytes: 0, run, cancel: discard });
    this.#drainDue = true;
    return false;
  }

  /** Whether a message is on its way piece by piece, so that what comes next has to wait. */
  get busy(): boolean {
    return this.#queue?.busy === true;
  }

  /** Do something when what is on its way has been sent, and accept nothing after it. Only the first counts. */
  seal(run: () => void): void {
    if (this.#queue?.sealed === false) this.#queue.seal({ isMessage: false, bytes: 0, run });
  }

  /** Calls back when all that was sent so far is with the system; never when the transport ends first.
   * @param lost called when the connection ends before a message that was sent before */
  flush(done: () => void, lost: () => void): void {
    const run = (): void => {
      if (this.#lostMessages > 0) {
        lost();
        return;
      }
      this.#flushed(done);
      this.#host.planTurn();
    };
    if (this.busy) this.#openQueue().push({ isMessage: false, bytes: 0, run, cancel: lost });
    else run();
  }

  /** Whether it has to be told that all was sent, after `send` had returned false. Asked once. */
  takeDrain(): boolean {
    if (!this.#drainDue || this.#blocked || this.busy) return false;
    this.#drainDue = false;
    return this.#protocol.open;
  }

  // ---- FragmentSink: a message that is sent piece by piece

  beginMessage(kind: MessageKind): void {
    this.#protocol.beginMessage(kind);
  }

  sendFragment(data: string | Uint8Array, last: boolean): boolean {
    if (!this.#protocol.open) {
      if (this.#queue?.settle() === true) this.#lose();
      return false;
    }
    // A message that has begun cannot be dropped, so the connection is closed whatever the policy says.
    if (this.#blocked && !this.#fits(data.length, "close")) {
      if (this.#queue?.settle() === true) this.#lose();
      return false;
    }
    this.#protocol.sendFragment(data, last);
    if (last) {
      this.#queue?.settle();
      this.#kind.counters.messagesSent += 1;
    }
    this.#host.planTurn();
    this.#writeAboveMark();
    return this.bufferedBytes <= this.#kind.settings.highWaterMarkBytes;
  }

  keepWaiting(bytes: number): boolean {
    if (!this.#protocol.open) return false;
    if (bytes > 0 && !this.#fits(bytes, "close")) return false;
    this.#queue?.keep(bytes);
    return true;
  }

  async writable(): Promise<void> {
    if (!this.#protocol.open) throw new ConnectionClosedError("send", this.#ending ?? {});
    await this.#untilWritable();
    if (!this.#protocol.open) throw new ConnectionClosedError("send", this.#ending ?? {});
  }

  failed(error: unknown): void {
    if (this.#queue?.settle() !== true) return;
    this.#lose();
    if (this.#protocol.open) this.#host.sendFailed(error);
  }

  // ---- writing

  /** Write what the protocol has to send, unless the transport is still busy with what it was given before. */
  write(): void {
    const bytes = this.#protocol.outputBytes;
    if (bytes === 0 || this.#blocked) return;
    this.#kind.counters.bytesSent += bytes;
    const chunks = this.#protocol.takeOutput();
    const isTaken = this.#transport.write(chunks);
    if (isTaken) {
      for (let i = chunks.length - 1; i >= 0; i--) {
        const chunk = chunks[i];
        if (chunk === undefined) continue;
        sharedSlab.reclaim(chunk);
        sharedScratch.reclaim(chunk);
      }
      this.#protocol.outputTaken();
    } else {
      this.#blocked = true;
      this.#unsettledBytes = bytes;
      this.#protocol.useSlab(new Slab(nodePlatform, WAITING_SLAB_BYTES));
    }
    if (this.#flushes !== undefined) this.#tellFlushed(isTaken);
  }

  /** Call back when all that the protocol has to send now is with the system; never when the transport ends first. */
  #flushed(callback: () => void): void {
    if (this.#protocol.outputBytes > 0) {
      this.#flushes ??= [];
      this.#flushes.push(callback);
    } else this.#callFlushed([callback], !this.#blocked);
  }

  /** The transport has given everything to the system. */
  drained(): void {
    this.#blocked = false;
    this.#unsettledBytes = 0;
    this.#protocol.useSlab(undefined);
    this.#protocol.outputTaken();
    this.#wake();
  }

  /** The connection has ended: what waits will not be sent. */
  abandon(ending: CloseEvent): void {
    this.#ending = ending;
    for (let lost = this.#queue?.clear() ?? 0; lost > 0; lost--) this.#lose();
    this.#wake();
  }

  /** Let those go on who wait in `untilWritable`. */
  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = undefined;
    for (const resolve of waiters ?? []) resolve();
  }

  /** Resolves when the transport has taken everything, or the connection has ended. */
  #untilWritable(): Promise<void> {
    if (!this.#blocked) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  /** Write what is left, then say that no more will be written. Once is enough. */
  end(): void {
    if (this.#endSent) return;
    this.#endSent = true;
    const rest = this.#protocol.outputBytes;
    const isTaken = rest === 0 ? !this.#blocked : this.#transport.write(this.#protocol.takeOutput());
    if (rest > 0 && !isTaken) this.#unsettledBytes += rest;
    if (this.#flushes !== undefined) this.#tellFlushed(isTaken);
    this.#transport.end();
  }

  /** The transport has been given everything.
   * @param isTaken whether it has given all of that to the system */
  #tellFlushed(isTaken: boolean): void {
    const callbacks = this.#flushes ?? [];
    this.#flushes = undefined;
    this.#callFlushed(callbacks, isTaken);
  }

  /** All in a later turn, so that they are called in the order in which they were given. */
  #callFlushed(callbacks: readonly (() => void)[], isTaken: boolean): void {
    if (isTaken && this.#askedTransport === 0) {
      callInTurn(callbacks);
      return;
    }
    this.#askedTransport += 1;
    this.#transport.flushed(() => {
      this.#askedTransport -= 1;
      callInTurn(callbacks);
    });
  }

  // ---- limits

  #accepts(bytes: number): boolean {
    if (!this.#protocol.open) return this.#drop("closed", bytes);
    if (!this.#blocked) return true;
    return this.#fits(bytes, this.#kind.settings.overflow) || this.#drop("full", bytes);
  }

  /** Whether so much more may wait; if not, the connection is closed where the policy is to. */
  #fits(bytes: number, policy: "close" | "drop"): boolean {
    const { maxBufferedBytes } = this.#kind.settings;
    const written = this.#protocol.outputBytes + this.#transport.bufferedBytes;
    const buffered = written + (this.#queue?.memoryBytes ?? 0) + bytes;
    const isWithin = buffered <= maxBufferedBytes;
    // What was sent in this turn is not counted yet
    this.#host.countHeld();
    if (isWithin && (buffered <= FREE_BYTES || memoryBudget.hasRoomFor(bytes))) return true;
    if (policy === "close") {
      const error = isWithin
        ? new LimitError("MEMORY_FULL", memoryBudget.limitBytes, memoryBudget.usedBytes)
        : new LimitError("OUTBOUND_FULL", maxBufferedBytes, buffered);
      this.#protocol.fail(error, error.closeCode, performance.now());
      this.#host.planTurn();
    }
    this.#drainDue = true;
    return false;
  }

  #accepted(): boolean {
    this.#kind.counters.messagesSent += 1;
    this.#host.planTurn();
    return this.#keepsUp();
  }

  #keepsUp(): boolean {
    if (this.#writeAboveMark()) return true;
    const { highWaterMarkBytes } = this.#kind.settings;
    if (this.#protocol.outputBytes + this.#transport.bufferedBytes <= highWaterMarkBytes) return true;
    this.#drainDue = true;
    return false;
  }

  /** So much for one turn: above the high-water mark it is written at once, to learn whether the peer keeps up.
   * @returns whether the peer keeps up, as far as is known, and it was not so much */
  #writeAboveMark(): boolean {
    if (this.#blocked) return false;
    if (this.#protocol.outputBytes <= this.#kind.settings.highWaterMarkBytes) return true;
    this.write();
    return false;
  }

  /** A message that was accepted will not be sent. */
  #lose(): false {
    this.#lostMessages += 1;
    return this.#drop("closed");
  }

  #drop(reason: "closed" | "full", bytes?: number): false {
    this.#droppedMessages += 1;
    this.#kind.counters.messagesDropped += 1;
    this.#host.dropped(reason, bytes);
    return false;
  }

  // ---- compressed messages

  #sendDeflated(codec: Codec, kind: MessageKind, data: string | Uint8Array): boolean {
    const sent = this.#deflate(codec, kind, data);
    return sent === undefined ? this.#accepted() : this.#follow(data.length, sent);
  }

  /** @returns as `#put` */
  #deflate(codec: Codec, kind: MessageKind, data: string | Uint8Array): Promise<boolean> | undefined {
    const job = this.#protocol.deflate(kind, data);
    try {
      const sent = codec.deflate(job, this.#protocol);
      sent?.catch(() => this.#protocol.dropJob(job));
      return sent;
    } catch (error) {
      // Memory has run out
      this.#protocol.dropJob(job);
      throw error;
    }
  }

  /** @returns undefined when it was given to the protocol; else whether it could be, later */
  #put(kind: MessageKind, data: string | Uint8Array, compress: boolean | undefined): Promise<boolean> | undefined {
    if (this.#codec?.scheme.wants(data, kind, compress)) return this.#deflate(this.#codec, kind, data);
    if (typeof data === "string") this.#protocol.sendText(data);
    else this.#protocol.sendBytes(kind, data);
    return undefined;
  }

  /** @returns as `#put` */
  #putPrepared(message: PreparedMessage): Promise<boolean> | undefined {
    const frame = message.frameFor(this.#codec?.scheme);
    if (frame instanceof Promise) return frame.then((encoded) => this.#protocol.open && this.#putEncoded(encoded));
    this.#putEncoded(frame);
    return undefined;
  }

  #putEncoded(frame: Uint8Array): true {
    this.#protocol.sendEncoded(frame);
    if (((frame[0] ?? 0) & RSV1) !== 0) this.#codec?.forgetOwn();
    return true;
  }

  /** What is sent next has to wait for a message that another thread works on. */
  #follow(bytes: number, sent: Promise<boolean>): false {
    this.#openQueue().push({ isMessage: true, bytes, run: () => this.#settle(sent) });
    this.#drainDue = true;
    return false;
  }

  async #settle(sent: Promise<boolean>): Promise<void> {
    let wasSent: boolean;
    try {
      wasSent = await sent;
    } catch (error) {
      // After the connection's end the message is counted as lost already
      if (this.#queue?.settle() === true) throw error;
      return;
    }
    if (this.#queue?.settle() !== true) return;
    if (wasSent) this.#accepted();
    else this.#lose();
  }

  // ---- waiting for a message that is on its way

  #openQueue(): OutgoingQueue {
    this.#queue ??= new OutgoingQueue(
      () => this.#host.finishTurn(),
      (error) => {
        this.#lose();
        this.#host.sendFailed(error);
      },
    );
    return this.#queue;
  }

  // Apart from `sendText` and `sendBytes`, which would otherwise make room for what a closure needs with every message.
  #queueText(text: string, compress: boolean | undefined): false {
    return this.#enqueue(text.length, () => () => this.#put("text", text, compress));
  }

  #queueBytes(kind: MessageKind, bytes: Uint8Array, compress: boolean | undefined): false {
    // The caller's mistake is told at once.
    if (kind === "text" && !nodePlatform.isUtf8(bytes, 0, bytes.length)) {
      throw new UsageError("the bytes given for a text message are not UTF-8; send them as binary");
    }
    return this.#enqueue(bytes.length, () => {
      // Who knows how long it waits: the caller may use the array for something else meanwhile.
      const kept = nodePlatform.copy(bytes, 0, bytes.length);
      return () => this.#put(kind, kept, compress);
    });
  }

  /** Send a message when what is on its way has been sent. It waits in memory, and so counts as what a slow peer does
   * not read.
   * @param keep called once it is known that the message may wait, for what sends it */
  #enqueue(bytes: number, keep: () => () => Promise<boolean> | undefined): false {
    if (this.#queue?.sealed === true || !this.#protocol.open) return this.#drop("closed", bytes);
    if (!this.#fits(bytes, this.#kind.settings.overflow)) return this.#drop("full", bytes);
    const send = keep();
    const run = (): void | Promise<void> => {
      if (!this.#protocol.open) {
        this.#lose();
        return;
      }
      const sent = send();
      if (sent !== undefined) return this.#settle(sent);
      this.#accepted();
    };
    this.#openQueue().push({ isMessage: true, bytes, run });
    this.#drainDue = true;
    return false;
  }
}

/** Each by itself: one that throws takes none of the others along. */
function callInTurn(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) process.nextTick(callback);
}
