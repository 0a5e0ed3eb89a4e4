/**
 * Joins one `Protocol` to one `Transport`, the timer and the application's handlers. In: what the transport and the
 * application say. Out: calls of handlers, and at most one write a turn. It knows no ports, routes or handshakes.
 */
import type { Socket } from "node:net";
import { isPromise } from "node:util/types";
import type { WebSocketError } from "../../engine/errors.ts";
import { ConnectionClosedError, HandlerError } from "../../engine/errors.ts";
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
import { Inbox } from "./inbox.ts";
import { nodePlatform } from "./node-platform.ts";
import type { OutboundHost } from "./outbound.ts";
import { Outbound } from "./outbound.ts";
import { PendingPings } from "./pending-pings.ts";
import type { CloseEvent, Handlers } from "./settings.ts";
import type { Waiter, Writer } from "./turn.ts";
import { afterReactions, afterTurns, holdTurn, releaseTurn, writeAtEndOfTurn } from "./turn.ts";

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
/** What holds events back even when the connection is closing. */
const HOLDS_ALWAYS = UNANNOUNCED | INFLATING | APART;

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
  /** Each made when it is first needed. */
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
    if (inbox.wanted) this.#release(UNASKED);
    else this.#tellHold();
    return message;
  }

  /** A reader asks for no more. */
  stopTaking(reader: object): void {
    this.#inbox?.leave(reader);
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

  onBytes(bytes: Uint8Array, length: number): void {
    this.#kind.counters.bytesReceived += length;
    this.#protocol.receive(bytes, length, performance.now());
    if (!this.#taking) this.#stopReading();
    if (this.#pumping || !this.#taking) this.#protocol.retain();
    else this.#pump();
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
    this.#release(UNANNOUNCED);
    this.#takeRest();
    const ending = this.#protocol.ended(error);
    this.#takeFailure();
    // A Close frame that never left was not exchanged.
    const wasClean = ending.wasClean && this.#outbound.unwrittenBytes === 0;
    this.#end({ ...ending, wasClean, unsentBytes: this.#outbound.unsentBytes });
  }

  // ---- what the time says

  onDue(nowMs: number): void {
    this.#protocol.tick(nowMs);
    this.#pump();
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
      // Whoever has closed while paused wants the peer's Close frame, but not what comes before it.
      if ((this.#held & PAUSED) !== 0) this.#passedOver = true;
      if (!this.#passedOver || event.type === "failed" || event.type === "close") this.#deliver(event);
      if (this.#kind.settings.delivery === "apart" && protocol.hasUnread) this.#setApart();
    }
    if (!this.#taking) protocol.retain();
    else if (this.#endArrived) protocol.receiveEnd(performance.now());
    this.#pumping = false;
    const goesOn = this.#answersLater || (this.#held & APART) !== 0;
    if (goesOn && protocol.outputBytes > 0) this.planTurn();
    else this.finishTurn();
    this.#answersLater = false;
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
  }

  jobDone(): void {
    if (this.#ending !== undefined) return;
    this.#held &= ~INFLATING;
    this.#tellHold();
    if (!this.#taking && !this.#protocol.failurePending) return;
    this.#readOn();
    this.#pump();
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
    if (handlers.message === undefined) {
      if (this.handsOver) return;
      // Whoever has closed, and asks for no message, wants none.
      if (!this.#protocol.open && this.#inbox?.wanted !== true) return;
      const inbox = this.#openInbox();
      inbox.put(data);
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
    if (this.#kind.handlers.error === undefined) process.emitWarning(error);
    if (this.#protocol.open) this.#beginClose(CLOSE_CODE.internalError, "");
  }

  #beginClose(code: number | undefined, reason: string): void {
    this.#protocol.close(code, reason, performance.now());
    // Whoever closes wants the peer's Close frame, and may have stopped reading before it.
    this.#readOn();
    if (this.#held !== 0) this.#pump();
    else this.planTurn();
  }

  #report(error: WebSocketError): void {
    const { handlers, counters } = this.#kind;
    counters.errors.set(error.code, (counters.errors.get(error.code) ?? 0) + 1);
    if (handlers.error === undefined) return;
    try {
      const result = handlers.error(this.#connection, error);
      if (isPromise(result)) result.catch(warn);
    } catch (failure) {
      warn(failure);
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
    this.#tellHold();
    if (this.#held !== 0) return;
    this.#readOn();
    this.#pump();
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
    if ((this.#held & (PAUSED | INFLATING)) !== 0) return true;
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
    const wish = this.#protocol.transportWish;
    if (wish === "destroy") {
      this.#transport.destroy();
      return;
    }
    if (wish === "end") {
      this.#outbound.end();
      // The peer's FIN has to be seen, whether or not the application reads.
      this.#readOn();
    }
    const dueMs = this.#protocol.nextDeadlineMs;
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
    this.#pings?.rejectAll(new ConnectionClosedError("ping", ending));
    this.#inbox?.finish();
    onEnded(this.#connection);
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

function warn(failure: unknown): void {
  process.emitWarning(failure instanceof Error ? failure : handlerError("error", failure));
}
