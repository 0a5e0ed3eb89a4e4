/**
 * Joins one `Protocol` to one `Transport`, the timer and the application's handlers. In: what the transport and the
 * application say. Out: calls of handlers, and at most one write a turn. It knows no ports, routes or handshakes.
 */
import type { Socket } from "node:net";
import { isPromise } from "node:util/types";
import type { WebSocketError } from "../../engine/errors.ts";
import { ConnectionClosedError, HandlerError, LimitError } from "../../engine/errors.ts";
import { CLOSE_CODE, writeClose } from "../../engine/frames/close-code.ts";
import type { OutgoingFrame } from "../../engine/frames/frame.ts";
import type { MessageKind } from "../../engine/messages/message.ts";
import type { ProtocolEvent } from "../../engine/protocol/events.ts";
import type { InflateJob } from "../../engine/protocol/jobs.ts";
import type { Protocol } from "../../engine/protocol/protocol.ts";
import type { State } from "../../engine/protocol/state.ts";
import { Codec, type JobWaiter } from "../compression/codec.ts";
import type { Transport, TransportSink } from "../transport/transport.ts";
import type { Connection, ConnectionKind, ConnectionStart } from "./connection.ts";
import type { Timed } from "./deadlines.ts";
import { deadlines } from "./deadlines.ts";
import { closeChannel, dropChannel, errorChannel, messageChannel, openChannel } from "./diagnostics.ts";
import { Inbox } from "./inbox.ts";
import { FREE_BYTES, memoryBudget } from "./memory-budget.ts";
import { nodePlatform } from "./node-platform.ts";
import type { OutboundHost } from "./outbound.ts";
import { Outbound } from "./outbound.ts";
import { PendingPings } from "./pending-pings.ts";
import { RateMeter } from "./rate.ts";
import type { CloseEvent, Handlers } from "./settings.ts";
import type { Waiter, Writer } from "./turn.ts";
import { afterReactions, afterTurns, holdTurn, releaseTurn, writeAtEndOfTurn } from "./turn.ts";
import { warn } from "./warnings.ts";

/** After so many pongs they are written, to learn whether the peer reads them. */
const PONGS_BEFORE_WRITE = 256;
/** A TLS socket says only a turn or two later that the system took what it was given. */
const TURNS_TO_SETTLE = 4;

/** Why events are not taken from the protocol at present; several may hold. */
const PAUSED = 1;
/** A message was handed to `for await`, and nobody has asked for the next one. */
const UNASKED = 2;
/** Many pongs were written, and it is not known yet whether the system took them. */
const UNSETTLED = 4;
/** Whoever dialed has not heard yet that the connection is open. */
const UNANNOUNCED = 8;
/** A message is being inflated in another thread. */
const INFLATING = 16;
/** What the event before has led to is not done yet. */
const APART = 32;
/** The peer has sent more than it may in a time. */
const RATED = 64;
/** This end has closed, and a reader is behind with what came before. */
const CROWDED = 128;
/** Much was done for this connection: it is the others' turn. */
const SHARED = 256;
/** What holds events back even when the connection is closing. */
const HOLDS_ALWAYS = UNANNOUNCED | INFLATING | APART | CROWDED | SHARED;

/** So many bytes are inflated for one connection, then it is the others' turn: about a millisecond. */
const WORK_PER_TURN = 1 << 20;
/** What each compressed message costs besides, in the same unit. */
const INFLATING_COST = 4_096;
/** Frames that are read for one connection in a turn: 64 KiB can hold 9,000 of them, and the system gives out 32 such reads. */
export const FRAMES_AT_ONCE = 512;
const FRAME_COST: number = WORK_PER_TURN / FRAMES_AT_ONCE;
/** Bytes that may wait for a reader whose end has closed; then the peer waits, with its Close frame. */
const MOST_AFTER_CLOSE = 1 << 20;

type Delivered = Exclude<ProtocolEvent, InflateJob>;

export class Driver<Data> implements TransportSink, Timed, Writer, Waiter, OutboundHost, JobWaiter {
  dueMs: number = Number.POSITIVE_INFINITY;
  heapIndex = -1;

  readonly #kind: ConnectionKind<Data>;
  readonly #protocol: Protocol;
  readonly #transport: Transport;
  readonly #outbound: Outbound;
  /** Undefined where no compression was agreed on. */
  readonly #codec: Codec | undefined;
  readonly #connection: Connection<Data>;

  #held = 0;
  #reading = true;
  /** Whether something was passed over, so that what follows would have a hole before it. */
  #passedOver = false;
  /** The peer's FIN, which takes effect after what came before it. */
  #endArrived = false;
  /** Whether events are being handed over, at whose end everything is written anyway. */
  #pumping = false;
  #turnPlanned = false;
  /** Whether a handler goes on later in this turn, so that what it sends then can leave together with what is there. */
  #answersLater = false;
  #ending: CloseEvent | undefined;
  /** What was still to be sent when the Close frame was queued behind it, or when it was looked at since. */
  #backlog = 0;
  /** What was done since others had their turn, in bytes inflated. */
  #work = 0;
  /** Bytes that are counted in the process's budget. */
  #heldBytes = 0;
  /** Each made when it is first needed. */
  #meter: RateMeter | undefined;
  #inbox: Inbox | undefined;
  #pings: PendingPings | undefined;
  #endListeners: Set<(ending: CloseEvent) => void> | undefined;

  constructor(
    kind: ConnectionKind<Data>,
    protocol: Protocol,
    { transport, deflate }: ConnectionStart<Data>,
    connection: Connection<Data>,
  ) {
    this.#kind = kind;
    this.#protocol = protocol;
    this.#transport = transport;
    this.#codec = deflate === undefined ? undefined : new Codec(deflate);
    this.#outbound = new Outbound(kind, protocol, transport, this.#codec, this);
    this.#connection = connection;
  }

  /** The opening handshake is done: say so to the peer and to the application, then read. */
  start({ preface, head, request, learnsBy }: ConnectionStart<Data>): void {
    const { open } = this.#kind.handlers;
    this.#pumping = true;
    this.#protocol.opened(performance.now(), preface);
    if (head.length > 0) this.onBytes(head, head.length);
    const comesLater = this.#transport.start(this);
    if (openChannel.hasSubscribers) openChannel.publish({ connection: this.#connection, request });
    if (open !== undefined) this.#call("open", open, request);
    this.#pumping = false;
    // Most handshakes that are accepted by hand need no turn for it: nothing has come, and what comes has one of its own
    const isEarly = !comesLater || this.#protocol.hasUnread;
    if (learnsBy === "promise" || (learnsBy === "return" && isEarly)) this.#announce();
    this.#pump();
  }

  /** A client's application learns of the opening by a promise, a server's that decides by hand when its call returns, and
   * the peer may have spoken already: what they do then comes before the first message. */
  #announce(): void {
    this.#hold(UNANNOUNCED);
    setImmediate(() => this.#release(UNANNOUNCED));
  }

  // ---- what the application asks

  get state(): State {
    return this.#protocol.state;
  }

  get roundTripMs(): number | undefined {
    return this.#protocol.roundTripMs;
  }

  get bufferedBytes(): number {
    return this.#ending === undefined ? this.#outbound.bufferedBytes : 0;
  }

  /** Where everything goes that is sent. */
  get outbound(): Outbound {
    return this.#outbound;
  }

  /** Whether a handler takes what arrives, so that nothing waits for `for await`. */
  get handsOver(): boolean {
    const { handlers, settings } = this.#kind;
    return handlers.message !== undefined || settings.reception !== "messages";
  }

  get socket(): Socket | undefined {
    return this.#transport.socket;
  }

  sendFrame(frame: OutgoingFrame): boolean {
    const keepsUp = this.#outbound.sendFrame(frame, performance.now());
    // A Close frame: its sender wants the peer's
    if (!this.#protocol.open) this.#readOn();
    return keepsUp;
  }

  ping(payload: Uint8Array, timeoutMs: number): Promise<number> {
    this.#pings ??= this.#makePings();
    if (!this.#protocol.open) return this.#pings.refuse(new ConnectionClosedError("ping", this.#ending ?? {}));
    this.#protocol.ping(payload);
    this.planTurn();
    return this.#pings.add(payload, performance.now(), timeoutMs);
  }

  #makePings(): PendingPings {
    const pings = new PendingPings();
    pings.hold(this.#isHeld, performance.now());
    return pings;
  }

  pong(payload: Uint8Array): void {
    if (!this.#protocol.open) return;
    this.#protocol.pong(payload, performance.now());
    this.planTurn();
  }

  close(code: number | undefined, reason: string): void {
    // The caller's mistake is told at once, even when the frame has to wait for a message that is on its way.
    writeClose(nodePlatform, code, reason);
    if (this.#outbound.busy) this.#outbound.seal(() => this.#beginClose(code, reason));
    else this.#beginClose(code, reason);
  }

  fail(code: number, reason: string): void {
    this.#protocol.abandon(code, reason, performance.now());
    this.#readOn();
    this.planTurn();
  }

  terminate(): void {
    if (this.#ending !== undefined) return;
    this.#protocol.ended();
    this.#transport.destroy();
  }

  pause(): void {
    this.#hold(PAUSED);
  }

  resume(): void {
    this.#release(PAUSED);
  }

  /** The next message for `for await`. */
  takeMessage(reader: object): Promise<IteratorResult<string | Uint8Array, undefined>> {
    const inbox = this.#openInbox();
    const message = inbox.take(reader);
    this.countHeld();
    if (inbox.waitingBytes <= MOST_AFTER_CLOSE) this.#release(CROWDED);
    if (inbox.wanted) this.#release(UNASKED);
    else this.#tellHold();
    return message;
  }

  /** A reader asks for no more. */
  stopTaking(reader: object): void {
    this.#inbox?.leave(reader);
    if (this.#inbox?.hasReader === false) this.#release(CROWDED);
  }

  get ending(): CloseEvent | undefined {
    return this.#ending;
  }

  /** Call back at the end.
   * @returns to forget about it */
  onceEnded(listener: (ending: CloseEvent) => void): () => void {
    this.#endListeners ??= new Set();
    this.#endListeners.add(listener);
    return () => this.#endListeners?.delete(listener);
  }

  // ---- what the transport says

  onBytes(bytes: Uint8Array, length: number, isLast = false): void {
    const nowMs = performance.now();
    this.#kind.counters.bytesReceived += length;
    this.#protocol.receive(bytes, length, nowMs);
    const { rate } = this.#kind.settings;
    if (rate !== undefined) {
      this.#meter ??= new RateMeter(rate);
      this.#meter.addBytes(length, nowMs);
    }
    if (!this.#taking) this.#stopReading();
    if (this.#pumping || !this.#taking) {
      this.#protocol.retain();
      this.#limitHeld();
    } else this.#pump();
    if (isLast) this.#work = 0;
    // Or there would be another read to keep
    if ((this.#held & SHARED) !== 0 && this.#protocol.hasUnread) this.#stopReading();
  }

  onDrain(): void {
    this.#outbound.drained();
    this.finishTurn();
  }

  onEnd(): void {
    this.#endArrived = true;
    this.#pump();
  }

  onClose(error: Error | undefined): void {
    if (this.#ending !== undefined) return;
    // What is left is handed over at once
    do this.#release(UNANNOUNCED | RATED | SHARED | APART);
    while ((this.#held & (SHARED | APART)) !== 0);
    this.#takeRest();
    const ending = this.#protocol.ended(error);
    this.#takeFailure();
    // A Close frame that never left was not exchanged.
    const wasClean = ending.wasClean && this.#outbound.unwrittenBytes === 0;
    this.#end({ ...ending, wasClean, unsentBytes: this.#outbound.unsentBytes });
  }

  // ---- what the time says

  onDue(nowMs: number): void {
    if (this.#meter !== undefined) this.#keepRate(this.#meter, nowMs);
    if (this.#backlog > 0 && nowMs >= this.#protocol.nextDeadlineMs && this.#takesMore()) {
      this.#protocol.prolongClose(nowMs);
    }
    this.#protocol.tick(nowMs);
    this.#pump();
  }

  /** Whether the peer has read much since this was asked last: what was accepted before a Close frame is not to be lost to a peer
   * that reads, and one that reads a byte now and then is not to be waited for. */
  #takesMore(): boolean {
    const backlog = this.#outbound.backlog;
    const taken = this.#backlog - backlog;
    this.#backlog = backlog;
    return taken >= Math.min(this.#kind.settings.highWaterMarkBytes, taken + backlog);
  }

  endTurn(): void {
    this.#turnPlanned = false;
    if (this.#protocol.failurePending) this.#pump();
    else this.finishTurn();
  }

  // ---- events

  /** Whether events are taken from the protocol: not while the application is behind, but always once it is closing,
   * to come to the peer's Close frame. */
  get #taking(): boolean {
    return this.#held === 0 || (!this.#protocol.open && (this.#held & HOLDS_ALWAYS) === 0);
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const protocol = this.#protocol;
    while (this.#taking || protocol.failurePending) {
      const event = protocol.nextEvent();
      if (event === undefined) break;
      if (event.type === "inflate") {
        this.#inflate(event);
        continue;
      }
      const meter = this.#meter;
      if (meter?.policy === "drop" && meter.addFrames(this.#takeFrameCount()) && event.type === "message") {
        this.#refuseMessage(meter, event.data);
        continue;
      }
      // Whoever has closed while paused wants the peer's Close frame, but not what comes before it.
      if ((this.#held & PAUSED) !== 0) this.#passedOver = true;
      if (!this.#passedOver || event.type === "failed" || event.type === "close") this.#deliver(event);
      if (this.#kind.settings.delivery === "apart" && protocol.hasUnread) this.#setApart();
    }
    const frames = this.#takeFrameCount();
    if (!this.#taking) protocol.retain();
    else if (this.#endArrived) protocol.receiveEnd(performance.now());
    if (this.#meter !== undefined) this.#limitRate(this.#meter, frames);
    this.#pumping = false;
    const goesOn = this.#answersLater || (this.#held & APART) !== 0;
    if (goesOn && protocol.outputBytes > 0) this.planTurn();
    else this.finishTurn();
    this.#answersLater = false;
  }

  // ---- what the peer may send in a time

  /** After each read: what is too much of it is at most a read's worth. */
  #limitRate(meter: RateMeter, frames: number): void {
    if (!meter.addFrames(frames) || !this.#protocol.open) return;
    if (meter.policy === "close") {
      const { error } = meter;
      this.#protocol.fail(error, error.closeCode, performance.now());
      this.#takeFailure();
    } else if (meter.policy === "slow" && (this.#held & RATED) === 0) {
      this.#kind.counters.slowed += 1;
      this.#hold(RATED);
      this.#protocol.retain();
    }
  }

  /** The time has come to read a peer again that was too quick; of one that is silent nothing is kept. */
  #keepRate(meter: RateMeter, nowMs: number): void {
    meter.addBytes(0, nowMs);
    if (nowMs >= meter.resumeMs) this.#release(RATED);
    if (meter.isForgotten(nowMs)) this.#meter = undefined;
  }

  /** A message that came too quickly is handed over to nobody; of several in a row the first is told. */
  #refuseMessage(meter: RateMeter, data: string | Uint8Array): void {
    const { counters } = this.#kind;
    counters.messagesReceived += 1;
    counters.messagesRefused += 1;
    this.dropped("rate", data.length);
    if (meter.isTold) return;
    meter.isTold = true;
    this.#report(meter.error);
  }

  // ---- what it costs

  /** Count in the process's budget what this connection holds.
   * @returns how much more that is than before */
  countHeld(): number {
    // What is left of it is nobody's any more
    if (this.#ending !== undefined) return 0;
    const held = this.#protocol.heldBytes + this.#outbound.heldBytes + (this.#inbox?.waitingBytes ?? 0);
    const more = held - this.#heldBytes;
    if (more === 0) return 0;
    this.#heldBytes = held;
    this.#kind.counters.heldBytes += more;
    memoryBudget.change(more);
    return more;
  }

  /** Fail the connection where it holds more than before, and much, and all together too much. */
  #limitHeld(): void {
    if (this.countHeld() <= 0 || this.#heldBytes <= FREE_BYTES) return;
    if (memoryBudget.hasRoomFor(0) || !this.#protocol.open) return;
    const error = new LimitError("MEMORY_FULL", memoryBudget.limitBytes, memoryBudget.usedBytes);
    this.#protocol.fail(error, error.closeCode, performance.now());
    this.planTurn();
  }

  dropped(reason: "closed" | "full" | "rate", bytes: number | undefined): void {
    if (dropChannel.hasSubscribers) dropChannel.publish({ connection: this.#connection, reason, bytes });
  }

  /** The next event comes apart from this one, but what both lead to is written together. */
  #setApart(): void {
    if ((this.#held & APART) !== 0) return;
    this.#held |= APART;
    holdTurn();
    afterReactions(this);
  }

  afterReactions(): void {
    this.#release(APART);
    releaseTurn();
  }

  #inflate(job: InflateJob): void {
    if (this.#codec?.inflate(job, this.#protocol, this) === false) this.#hold(INFLATING);
    else this.#countInflated();
  }

  /** What is inflated counts as received, not what came of it over the wire. */
  #countInflated(): void {
    const inflated = this.#codec?.takeInflatedBytes() ?? 0;
    this.#meter?.addMore(inflated);
    this.#share(inflated + INFLATING_COST);
  }

  #takeFrameCount(): number {
    const frames = this.#protocol.takeFrameCount();
    this.#share(frames * FRAME_COST);
    return frames;
  }

  /** Something was done for this connection: after a while the others come first, and it goes on in the next turn. */
  #share(work: number): void {
    this.#work += work;
    if (this.#work < WORK_PER_TURN || (this.#held & SHARED) !== 0) return;
    this.#held |= SHARED;
    setImmediate(() => this.#release(SHARED));
  }

  jobDone(): void {
    if (this.#ending !== undefined) return;
    this.#countInflated();
    this.#held &= ~INFLATING;
    this.#tellHold();
    if (this.#taking || this.#protocol.failurePending) this.#goOn();
  }

  #deliver(event: Delivered): void {
    const { handlers, counters } = this.#kind;
    switch (event.type) {
      case "message":
        counters.messagesReceived += 1;
        this.#deliverMessage(event.data, event.kind);
        return;
      case "fragment":
        if (event.last) counters.messagesReceived += 1;
        if (handlers.fragment !== undefined) this.#call("fragment", handlers.fragment, event);
        return;
      case "frame":
        if (handlers.frame !== undefined) this.#call("frame", handlers.frame, event.frame);
        return;
      case "ping":
        if (this.#protocol.pendingPongs >= PONGS_BEFORE_WRITE) this.#settlePongs();
        if (handlers.ping !== undefined) this.#call("ping", handlers.ping, event.data);
        return;
      case "pong":
        this.#pings?.pong(event.data, performance.now());
        if (handlers.pong !== undefined) this.#call("pong", handlers.pong, event.data);
        return;
      case "close":
        if (handlers.closing !== undefined) this.#call("closing", handlers.closing, event);
        return;
      case "failed":
        this.#report(event.error);
        return;
      default:
        event satisfies never;
    }
  }

  #settlePongs(): void {
    this.#outbound.write();
    if (this.#protocol.pendingPongs % PONGS_BEFORE_WRITE !== 0 || !this.#outbound.blocked) return;
    this.#hold(UNSETTLED);
    afterTurns(TURNS_TO_SETTLE, () => this.#release(UNSETTLED));
  }

  #deliverMessage(data: string | Uint8Array, kind: MessageKind): void {
    const { handlers } = this.#kind;
    if (messageChannel.hasSubscribers) this.#tellMessage(data, kind);
    if (handlers.message === undefined) {
      if (this.handsOver) return;
      // Whoever has closed, and asks for no message, wants none
      if (!this.#protocol.open && this.#inbox?.hasReader !== true) return;
      const inbox = this.#openInbox();
      inbox.put(data);
      // The peer's Close frame is wanted, but a reader can only ask for one message at a time: some may wait for it
      if (!this.#protocol.open && inbox.waitingBytes > MOST_AFTER_CLOSE) this.#hold(CROWDED);
      if (!inbox.wanted) this.#hold(UNASKED);
      return;
    }
    try {
      const result = handlers.message(this.#connection, data, kind);
      if (result !== undefined) this.#watch("message", result);
    } catch (error) {
      this.#handlerFailed("message", error);
    }
  }

  #tellMessage(data: string | Uint8Array, kind: MessageKind): void {
    messageChannel.publish({ connection: this.#connection, direction: "received", kind, data });
  }

  #call<T>(
    name: string,
    handler: (this: Handlers<Data>, connection: Connection<Data>, value: T) => unknown,
    value: T,
  ): void {
    try {
      const result = handler.call(this.#kind.handlers, this.#connection, value);
      if (result !== undefined) this.#watch(name, result);
    } catch (error) {
      this.#handlerFailed(name, error);
    }
  }

  /** An async handler's promise: its failure is the handler's. */
  #watch(name: string, result: unknown): void {
    if (!isPromise(result)) return;
    if (this.#pumping) this.#answersLater = true;
    result.catch((error: unknown) => this.#handlerFailed(name, error));
  }

  sendFailed(error: unknown): void {
    this.#handlerFailed("send", error);
  }

  #handlerFailed(name: string, cause: unknown): void {
    // What a handler waits for when its connection closes (a ping's answer) fails without anybody's fault.
    if (!this.#protocol.open && cause instanceof ConnectionClosedError) return;
    const error = handlerError(name, cause);
    this.#report(error);
    if (this.#kind.handlers.error === undefined) warn(error.code, error);
    if (this.#protocol.open) this.#beginClose(CLOSE_CODE.internalError, "");
  }

  #beginClose(code: number | undefined, reason: string): void {
    if (this.#outbound.blocked) this.#backlog = this.#outbound.backlog;
    this.#protocol.close(code, reason, performance.now());
    // Whoever closes wants the peer's Close frame, and may have stopped reading before it.
    this.#readOn();
    if (this.#held !== 0) this.#pump();
    else this.planTurn();
  }

  #report(error: WebSocketError): void {
    const { handlers, counters } = this.#kind;
    counters.errors.set(error.code, (counters.errors.get(error.code) ?? 0) + 1);
    if (errorChannel.hasSubscribers) errorChannel.publish({ connection: this.#connection, error });
    if (handlers.error === undefined) return;
    try {
      const result = handlers.error(this.#connection, error);
      if (isPromise(result)) result.catch(warnOf);
    } catch (failure) {
      warnOf(failure);
    }
  }

  // ---- reading

  #openInbox(): Inbox {
    if (this.#inbox === undefined) {
      this.#inbox = new Inbox();
      if (this.#ending !== undefined) this.#inbox.finish();
    }
    return this.#inbox;
  }

  #hold(reason: number): void {
    this.#held |= reason;
    this.#tellHold();
  }

  #release(reason: number): void {
    if ((this.#held & reason) === 0) return;
    this.#held &= ~reason;
    if ((reason & SHARED) !== 0) this.#work = 0;
    this.#tellHold();
    if (this.#taking) this.#goOn();
  }

  /** First what was kept: the peer waits until all of it is taken, or it could send more each time. */
  #goOn(): void {
    this.#pump();
    if (this.#taking) this.#readOn();
  }

  /** Silence is nobody's fault while the application does not read; but where nobody has ever asked for messages, and
   * there is no handler, the connection may not stay for ever with nobody at it. */
  #tellHold(): void {
    const nowMs = performance.now();
    const held = this.#isHeld;
    this.#protocol.hold(held, nowMs);
    this.#pings?.hold(held, nowMs);
  }

  get #isHeld(): boolean {
    if ((this.#held & (PAUSED | INFLATING | RATED)) !== 0) return true;
    return (this.#held & UNASKED) !== 0 && this.#inbox?.asked === true;
  }

  /** Only when more arrives than is taken: an application that is quick enough never stops the transport. */
  #stopReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#transport.pause();
  }

  #readOn(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#transport.resume();
  }

  // ---- the turn

  /** Something has to be written at the end of this turn. */
  planTurn(): void {
    if (this.#pumping || this.#turnPlanned) return;
    this.#turnPlanned = true;
    writeAtEndOfTurn(this);
  }

  /** Write what there is, and do what follows from the protocol's state. */
  finishTurn(): void {
    this.#outbound.write();
    this.#limitHeld();
    const wish = this.#protocol.transportWish;
    if (wish === "destroy") {
      this.#transport.destroy(this.#protocol.isSilent);
      return;
    }
    if (wish === "end") {
      this.#outbound.end();
      // The peer's FIN has to be seen, whether or not the application reads.
      this.#readOn();
    }
    const resumeMs = (this.#held & RATED) === 0 ? Number.POSITIVE_INFINITY : (this.#meter?.resumeMs ?? 0);
    const dueMs = Math.min(this.#protocol.nextDeadlineMs, resumeMs);
    if (dueMs < this.dueMs) deadlines.watch(this, dueMs);
    const { drain } = this.#kind.handlers;
    if (this.#outbound.takeDrain() && drain !== undefined) this.#call("drain", drain, undefined);
  }

  // ---- the end

  /** What arrived before the end still belongs to a reader who is slower than the network. */
  #takeRest(): void {
    if (this.#inbox?.asked !== true) return;
    for (let event = this.#protocol.nextEvent(); event !== undefined; event = this.#protocol.nextEvent()) {
      if (event.type === "inflate") this.#codec?.inflate(event, this.#protocol);
      else this.#deliver(event);
    }
  }

  #takeFailure(): void {
    if (!this.#protocol.failurePending) return;
    const event = this.#protocol.nextEvent();
    if (event !== undefined && event.type !== "inflate") this.#deliver(event);
  }

  #end(ending: CloseEvent): void {
    const { handlers, onEnded } = this.#kind;
    this.#ending = ending;
    deadlines.forget(this);
    this.#codec?.close();
    this.#outbound.abandon(ending);
    memoryBudget.change(-this.#heldBytes);
    this.#kind.counters.heldBytes -= this.#heldBytes;
    this.#heldBytes = 0;
    this.#pings?.rejectAll(new ConnectionClosedError("ping", ending));
    this.#inbox?.finish();
    onEnded(this.#connection);
    if (closeChannel.hasSubscribers) closeChannel.publish({ connection: this.#connection, event: ending });
    if (handlers.close !== undefined) this.#call("close", handlers.close, ending);
    for (const listener of this.#endListeners ?? []) listener(ending);
    this.#endListeners = undefined;
  }
}

/** The error for what a handler threw, which can be anything, even something that cannot be made a string. */
function handlerError(name: string, cause: unknown): HandlerError {
  try {
    return new HandlerError(name, cause);
  } catch {
    return new HandlerError(name, new Error("what was thrown has no text", { cause }));
  }
}

function warnOf(failure: unknown): void {
  warn("HANDLER_FAILED", failure instanceof Error ? failure : handlerError("error", failure));
}
