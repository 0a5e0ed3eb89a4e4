/**
 * One endpoint of one connection, from the opening handshake to the end. In: received bytes, commands, and the time.
 * Out: events one by one, bytes to send, when to be called again, and what to do with the transport. It does no I/O,
 * reads no clock and calls nobody back; no peer can make it throw.
 */
import { Output } from "../bytes/output.ts";
import type { Platform } from "../bytes/platform.ts";
import type { Slab } from "../bytes/slab.ts";
import type { ClosePair, WebSocketError } from "../errors.ts";
import { LimitError, ProtocolError, TransportError, UsageError } from "../errors.ts";
import { CLOSE_CODE, cutReason, isSendable, readClose, writeClose } from "../frames/close-code.ts";
import type { OutgoingFrame } from "../frames/frame.ts";
import { firstByte, RSV1 } from "../frames/frame-writer.ts";
import { OPCODE } from "../frames/opcode.ts";
import { Fragmenter } from "../messages/fragmenter.ts";
import type { MessageKind } from "../messages/message.ts";
import type { ProtocolEvent } from "./events.ts";
import type { DeflateJob, InflateJob, Job } from "./jobs.ts";
import { Keepalive } from "./keepalive.ts";
import { PongPace } from "./pong-pace.ts";
import type { ProtocolKit } from "./protocol-kit.ts";
import type { ControlEvent, Receiver } from "./receiver.ts";
import type { State, Trigger } from "./state.ts";
import { nextState } from "./state.ts";

/** Longest payload of a ping or pong in bytes (RFC 6455 §5.5). */
const MAX_CONTROL_BYTES = 125;
const NEVER = Number.POSITIVE_INFINITY;
/** For all connections without a heartbeat: whatever it is told, nothing is ever due. */
const SILENT = new Keepalive(NEVER, NEVER, 0);
/** How Node says that a text is longer than its strings may be; others throw a RangeError. */
const STRING_TOO_LONG = "ERR_STRING_TOO_LONG";

/** What the caller has to do with the transport once the output is written: nothing, say that no more will be written
 * (and go on reading until the peer ends too), or end both directions at once. */
export type TransportWish = "keep" | "end" | "destroy";

/** How a connection ended.
 * @see RFC 6455 §7.1.4–7.1.6 */
export interface Ending {
  /** From the first Close frame received; else the code with which this end failed the connection; else 1006. */
  readonly code: number;
  readonly reason: string;
  /** Whether both Close frames were exchanged. */
  readonly wasClean: boolean;
  readonly sent: ClosePair | undefined;
  readonly received: ClosePair | undefined;
  /** Why, when it was not a closing handshake. */
  readonly error: WebSocketError | undefined;
}

export class Protocol {
  readonly #kit: ProtocolKit;
  readonly #keepalive: Keepalive;
  /** Whether permessage-deflate was agreed on. */
  readonly #deflates: boolean;
  /** Lent by the kit: while bytes wait, or a frame or message is incomplete. */
  #receiver: Receiver | undefined;
  /** Lent by the kit: while something waits to be sent. */
  #output: Output | undefined;
  /** Where outgoing bytes go when it is not the kit's slab. */
  #ownSlab: Slab | undefined;
  #fragmenter: Fragmenter | undefined;
  /** The message that is being deflated. */
  #deflating: DeflateJob | undefined;

  #state: State = "connecting";
  #sent: ClosePair | undefined;
  #received: ClosePair | undefined;
  #error: WebSocketError | undefined;
  /** Frames that receivers given back have begun. */
  #frames = 0;
  /** A failure that `nextEvent` has not returned yet. */
  #unreported = false;
  /** Whether the Close frame that was sent says that this end failed the connection. */
  #failureSent = false;
  #wish: TransportWish = "keep";
  /** The time of what is read: when `receive` brought it, or when reading went on. */
  #nowMs: number;
  /** Since when this end does not read. */
  #heldSinceMs: number | undefined;
  #messageDeadlineMs = NEVER;
  #closeDeadlineMs = NEVER;
  #pendingPongs = 0;
  /** Undefined where each ping is answered. */
  readonly #pongPace: PongPace | undefined;
  /** The latest heartbeat's ping: its payload as a number, and when it was sent. */
  #beat = 0;
  #beatSentMs: number | undefined;
  #roundTripMs: number | undefined;

  /** @param deflates whether permessage-deflate was agreed on, so that messages may come compressed */
  constructor(kit: ProtocolKit, nowMs: number, deflates = false) {
    const { heartbeatIntervalMs, heartbeatTimeoutMs, pongIntervalMs = 0 } = kit.options;
    this.#kit = kit;
    this.#pongPace = pongIntervalMs === 0 ? undefined : new PongPace(pongIntervalMs);
    this.#nowMs = nowMs;
    this.#deflates = deflates;
    this.#keepalive =
      heartbeatIntervalMs === NEVER ? SILENT : new Keepalive(heartbeatIntervalMs, heartbeatTimeoutMs, nowMs);
  }

  get state(): State {
    return this.#state;
  }

  /** Whether messages may be sent: no Close frame was sent, received or is about to be. */
  get open(): boolean {
    return this.#state === "open";
  }

  /** Whether a message was begun, with `beginMessage` or `deflate`, and not ended. */
  get sendingMessage(): boolean {
    return this.#fragmenter?.active === true || this.#deflating !== undefined;
  }

  /** The opening handshake is done.
   * @param preface bytes that go out before the first frame: a server's response */
  opened(nowMs: number, preface?: Uint8Array): void {
    this.#move("opened");
    this.#nowMs = nowMs;
    this.#keepalive.received(nowMs);
    if (preface !== undefined) this.#out.append(preface);
  }

  // ---- received bytes

  /** Take received bytes, at 0 … length - 1. They are lent until `nextEvent` has returned undefined and no job
   * waits, or `retain` is called, and may be overwritten. */
  receive(bytes: Uint8Array, length: number, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#keepalive.received(nowMs);
    if (!this.#listening) return;
    this.#receiver ??= this.#kit.takeReceiver(this.#deflates ? RSV1 : 0);
    this.#receiver.feed(bytes, length);
  }

  /** The next thing that happened, or undefined when nothing is left, or a job has to be done first. A frame takes effect
   * when it is returned: what the caller sends before the next call goes out before the answer to the next frame. */
  nextEvent(): ProtocolEvent | undefined {
    try {
      for (let receiver = this.#receiver; receiver !== undefined; receiver = this.#receiver) {
        // Frames that came with the opening handshake wait until it is done.
        if (this.#state === "connecting") {
          receiver.retain();
          break;
        }
        const event = receiver.next();
        if (event === undefined) {
          this.#allRead(receiver);
          break;
        }
        if (event.type !== "control") {
          // The next message has its own time.
          if (!receiver.inMessage) this.#messageDeadlineMs = NEVER;
          return event;
        }
        const happened = this.#control(event);
        if (happened !== undefined) return happened;
      }
    } catch (error) {
      this.#failFor(error);
    }
    if (!this.#unreported || this.#error === undefined) return undefined;
    this.#unreported = false;
    return { type: "failed", error: this.#error };
  }

  /** A job is done: its result is at `start` to `end` of the bytes, which are lent for this call.
   * @returns false when it has become useless, because the connection has ended or was failed */
  finishJob(job: Job, bytes: Uint8Array, start: number, end: number): boolean {
    if (job.type === "deflate") return this.#sendDeflated(job, bytes, start, end);
    const receiver = this.#receiver;
    if (receiver?.job !== job) return false;
    try {
      receiver.finishJob(bytes, start, end);
    } catch (error) {
      this.#failFor(error);
    }
    return true;
  }

  /** What came compressed cannot be inflated, or is more than it may be: the peer's fault. */
  failJob(job: InflateJob, error: ProtocolError | LimitError, nowMs: number): void {
    if (this.#receiver?.job === job) this.#failWith(error, nowMs);
  }

  /** A message cannot be deflated: it is not sent, and others may be. */
  dropJob(job: DeflateJob): void {
    if (this.#deflating === job) this.#deflating = undefined;
  }

  /** Whether `nextEvent` has a failure to tell, even to a caller that has stopped taking messages. */
  get failurePending(): boolean {
    return this.#unreported;
  }

  /** Whether received bytes wait for `nextEvent`. */
  get hasUnread(): boolean {
    return this.#receiver?.hasUnread === true;
  }

  /** Bytes of memory that hold what was received and is not complete, or was not asked for. */
  get heldBytes(): number {
    return this.#receiver?.heldBytes ?? 0;
  }

  /** How many frames were begun, control frames too, since this was called last. */
  takeFrameCount(): number {
    const frames = this.#frames + (this.#receiver?.takeFrameCount() ?? 0);
    this.#frames = 0;
    return frames;
  }

  /** Keep a copy of the received bytes that `nextEvent` has not come to. */
  retain(): void {
    this.#receiver?.retain();
  }

  /** Say that reading stops or goes on: silence then says nothing about the peer, and its message is not late. */
  hold(held: boolean, nowMs: number): void {
    this.#keepalive.hold(held, nowMs);
    if (held) {
      this.#heldSinceMs ??= nowMs;
    } else if (this.#heldSinceMs !== undefined) {
      this.#messageDeadlineMs += nowMs - this.#heldSinceMs;
      this.#heldSinceMs = undefined;
      this.#nowMs = nowMs;
      // A pong that lay unread does not tell how long the peer took.
      this.#beatSentMs = undefined;
    }
  }

  /** The peer will send no more (TCP FIN). Without a Close frame before it this is no closing handshake but a lost
   * connection (§7.1.5, 1006): what was accepted for sending still goes out, nothing more is accepted. */
  receiveEnd(nowMs: number): void {
    if (this.#state !== "closed") this.#move("ended");
    if (this.#closeDeadlineMs === NEVER) this.#closeDeadlineMs = nowMs + this.#kit.options.closeTimeoutMs;
    this.#stopListening();
    this.#wishFor("end");
  }

  /** The transport is gone; `nextEvent` has nothing more after this.
   * @param cause the system's error, if there was one */
  ended(cause?: unknown): Ending {
    if (cause !== undefined && this.#error === undefined && this.#received === undefined) {
      const seen = cause instanceof Error ? cause.message : String(cause);
      this.#error = new TransportError("TRANSPORT_FAILED", seen, { cause });
      this.#unreported = true;
    }
    if (this.#state !== "closed") this.#move("ended");
    this.#wish = "destroy";
    this.#stopListening();
    return this.#ending();
  }

  // ---- commands

  /** Send a text message.
   * @throws UsageError when the connection is not open, or a message is being sent in fragments */
  sendText(text: string): void {
    this.#checkOpen("send");
    this.#checkIdle();
    this.#kit.sender.sendText(this.#out, text);
  }

  /** Send a message of bytes, which may not be changed before they are sent.
   * @throws UsageError as `sendText`, and for "text" when the bytes are not UTF-8 */
  sendBytes(kind: MessageKind, bytes: Uint8Array): void {
    this.#checkOpen("send");
    this.#checkIdle();
    this.#checkMessage(kind, bytes);
    this.#kit.sender.sendBytes(this.#out, firstByte(true, 0, kind === "text" ? OPCODE.text : OPCODE.binary), bytes);
  }

  /** Begin a message that is sent compressed. It goes out with `finishJob`; control frames may go before it.
   * @returns what has to be done first
   * @throws UsageError as `sendBytes`, and where permessage-deflate was not agreed on
   * @see RFC 7692 §6.1 */
  deflate(kind: MessageKind, data: string | Uint8Array): DeflateJob {
    this.#checkOpen("deflate");
    this.#checkIdle();
    if (!this.#deflates) throw new UsageError("permessage-deflate was not agreed on; send the message as it is");
    if (typeof data !== "string") this.#checkMessage(kind, data);
    this.#deflating = { type: "deflate", kind, data };
    return this.#deflating;
  }

  /** Send a message that `encodeFrame` made, which is not changed any more; a server's only, because a client masks.
   * @throws UsageError as `sendText` */
  sendEncoded(frame: Uint8Array): void {
    this.#checkOpen("send");
    this.#checkIdle();
    if (this.#kit.role === "client") throw new UsageError("a client masks each frame; send the message itself");
    this.#out.append(frame);
  }

  /** Begin a message that is sent fragment by fragment. Control frames may go between.
   * @throws UsageError as `sendText`
   * @see RFC 6455 §5.4 */
  beginMessage(kind: MessageKind): void {
    this.#checkOpen("beginMessage");
    if (this.#deflating !== undefined) throw new UsageError("a message is being deflated; finish its job first");
    this.#fragmenter ??= new Fragmenter();
    this.#fragmenter.begin(kind);
  }

  /** Send the next fragment of the message that was begun.
   * @throws UsageError when there is none, or the data does not fit its kind */
  sendFragment(data: string | Uint8Array, last: boolean): void {
    this.#checkOpen("sendFragment");
    const fragmenter = this.#fragmenter;
    if (fragmenter === undefined) throw new UsageError("no message was begun; call beginMessage first");
    if (typeof data !== "string") checkBytes("sendFragment", data);
    const bytes = fragmenter.encode(this.#kit.platform, data, last);
    this.#sendFrame(last, fragmenter.next(last), bytes);
  }

  /** Send a frame exactly as it is, right or wrong. A Close frame begins the closing handshake.
   * @throws UsageError when the connection is not open, or a field cannot be encoded */
  sendFrame(frame: OutgoingFrame, nowMs: number): void {
    this.#checkOpen("sendFrame");
    if (!(Number.isInteger(frame.opcode) && frame.opcode >= 0 && frame.opcode <= 15)) {
      throw new UsageError(`the opcode is ${String(frame.opcode)}; give a whole number from 0 to 15`);
    }
    checkBytes("sendFrame", frame.payload);
    this.#kit.sender.sendRaw(this.#out, frame);
    if (frame.opcode === OPCODE.close) this.#closeSent(pairIn(this.#kit.platform, frame.payload), nowMs);
  }

  /** Send a ping; the payload comes back in the pong.
   * @throws UsageError when the connection is not open, or the payload is longer than 125 bytes
   * @see RFC 6455 §5.5.2 */
  ping(payload: Uint8Array): void {
    this.#sendPingOrPong("ping", OPCODE.ping, payload);
  }

  /** Send a pong nobody asked for, or, without `automaticPong`, the answer to a ping. It counts as an automatic one: too many
   * that are not read fail the connection.
   * @param nowMs default: when something was received last
   * @throws UsageError as `ping`
   * @see RFC 6455 §5.5.3 */
  pong(payload: Uint8Array, nowMs: number = this.#nowMs): void {
    this.#sendPingOrPong("pong", OPCODE.pong, payload);
    this.#pendingPongs += 1;
    const error = this.#pongError();
    if (error !== undefined) this.#failWith(error, nowMs);
  }

  /** The peer still takes what was sent before the Close frame: its time begins anew. */
  prolongClose(nowMs: number): void {
    if (this.#closeDeadlineMs !== NEVER) this.#closeDeadlineMs = nowMs + this.#kit.options.closeTimeoutMs;
  }

  /** Begin the closing handshake; without effect when it has begun.
   * @param code undefined for a Close frame without one
   * @throws UsageError for a code that may not be sent or a reason over 123 bytes, and before the connection is open
   * @see RFC 6455 §7.1.2 */
  close(code: number | undefined, reason: string, nowMs: number): void {
    const payload = writeClose(this.#kit.platform, code, reason);
    if (this.#state === "connecting") throw new UsageError("close: the connection is not open yet");
    if (this.#state !== "open") return;
    this.#sendFrame(true, OPCODE.close, payload);
    this.#closeSent({ code: code ?? CLOSE_CODE.noStatusReceived, reason }, nowMs);
  }

  /** Fail the connection: a Close frame with the code, then the end, whatever the peer does.
   * @param closeCode undefined for no Close frame, when the peer cannot be reached any more
   * @see RFC 6455 §7.1.7 */
  fail(error: WebSocketError, closeCode: number | undefined, nowMs: number): void {
    if (this.#state === "closed" || this.#error !== undefined) return;
    this.#error = error;
    this.#unreported = true;
    this.#stopListening();
    if (this.#state === "open" && closeCode !== undefined) {
      const pair = { code: this.#codeOf(error, closeCode), reason: this.#reasonOf(error) };
      this.#sendFrame(true, OPCODE.close, writeClose(this.#kit.platform, pair.code, pair.reason));
      this.#closeSent(pair, nowMs);
      this.#failureSent = true;
    } else if (this.#state !== "closing" || closeCode === undefined) {
      // No Close frame can be sent: nothing more is accepted.
      this.#move("ended");
      this.#closeDeadlineMs = nowMs + this.#kit.options.closeTimeoutMs;
    }
    this.#wishFor(closeCode === undefined ? "destroy" : "end");
  }

  /** End it with a Close frame and without waiting for the peer's, whatever is under way; without effect when it has ended.
   * @throws UsageError as `close`
   * @see RFC 6455 §7.1.7 */
  abandon(code: number, reason: string, nowMs: number): void {
    if (code === undefined)
      throw new UsageError("fail: no close code is given; give 1000–1003, 1007–1014 or 3000–4999");
    const payload = writeClose(this.#kit.platform, code, reason);
    if (this.#state === "connecting") throw new UsageError("fail: the connection is not open yet");
    if (this.#state === "closed") return;
    this.#stopListening();
    if (this.#state === "open") {
      this.#sendFrame(true, OPCODE.close, payload);
      this.#closeSent({ code, reason }, nowMs);
      this.#failureSent = true;
    }
    this.#wishFor("end");
  }

  // ---- bytes to send

  /** Bytes that wait to be taken. */
  get outputBytes(): number {
    return this.#output?.byteLength ?? 0;
  }

  /** All bytes to send, in order; not to be changed until they are sent. */
  takeOutput(): Uint8Array[] {
    const output = this.#output;
    if (output === undefined) return [];
    const taken = output.take();
    this.#output = undefined;
    this.#kit.giveOutput(output);
    return taken;
  }

  /** Put small outgoing bytes into another slab than the kit's from now on, or no longer. */
  useSlab(slab: Slab | undefined): void {
    this.#ownSlab = slab;
  }

  /** The transport has taken everything: pongs that waited for the peer to read wait no longer. */
  outputTaken(): void {
    this.#pendingPongs = 0;
  }

  /** What to do with the transport once the output is written. */
  get transportWish(): TransportWish {
    return this.#wish;
  }

  /** How many automatic pongs the transport has not taken. */
  get pendingPongs(): number {
    return this.#pendingPongs;
  }

  /** Whether it was ended because the peer was silent for too long. */
  get isSilent(): boolean {
    const code = this.#error?.code;
    return code === "HEARTBEAT_TIMEOUT" || code === "CLOSE_TIMEOUT";
  }

  // ---- time

  /** When `tick` has to be called; Infinity for never. */
  get nextDeadlineMs(): number {
    if (this.#wish === "destroy") return NEVER;
    if (this.#closeDeadlineMs !== NEVER) return this.#closeDeadlineMs;
    const message = this.#heldSinceMs === undefined ? this.#messageDeadlineMs : NEVER;
    if (this.#state !== "open") return message;
    return Math.min(this.#keepalive.deadlineMs, message, this.#pongPace?.deadlineMs ?? NEVER);
  }

  /** How long the peer took to answer the latest ping of the heartbeat that it answered. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Do what the time demands: send a ping or a pong that had to wait, give up the peer, a message or the closing handshake. */
  tick(nowMs: number): void {
    if (this.#wish === "destroy") return;
    if (nowMs >= this.#closeDeadlineMs) {
      this.#closeDeadlineMs = NEVER;
      this.#stopListening();
      if (this.#state === "closing" && !this.#handshakeDone)
        this.#error ??= this.#report(new TransportError("CLOSE_TIMEOUT"));
      this.#wishFor("destroy");
      return;
    }
    // Once it is closing, that is what it is given up for
    const isLate = nowMs >= this.#messageDeadlineMs && this.#heldSinceMs === undefined;
    if (isLate && this.#closeDeadlineMs === NEVER) {
      this.#messageDeadlineMs = NEVER;
      const { messageTimeoutMs } = this.#kit.options.limits;
      this.#failWith(new LimitError("MESSAGE_TIMEOUT", messageTimeoutMs, messageTimeoutMs), nowMs);
      return;
    }
    if (this.#state !== "open") return;
    const pong = this.#pongPace?.due(nowMs);
    const error = pong === undefined ? undefined : this.#answer(pong);
    if (error !== undefined) {
      this.#failWith(error, nowMs);
      return;
    }
    const due = this.#keepalive.due(nowMs);
    if (due === "ping") this.#sendBeat(nowMs);
    if (due === "giveUp") this.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, nowMs);
  }

  // ---- inside

  /** Whether received bytes still mean something: not after a Close frame (§5.5.1) or a failure (§7.1.7). */
  get #listening(): boolean {
    return (
      this.#wish === "keep" && this.#received === undefined && this.#error === undefined && this.#state !== "closed"
    );
  }

  /** Where outgoing bytes go. */
  get #out(): Output {
    if (this.#output === undefined) {
      this.#output = this.#ownSlab === undefined ? this.#kit.takeOutput() : new Output(this.#ownSlab);
    }
    return this.#output;
  }

  get #handshakeDone(): boolean {
    return this.#sent !== undefined && this.#received !== undefined;
  }

  #control(event: ControlEvent): ProtocolEvent | undefined {
    switch (event.opcode) {
      case OPCODE.ping:
        this.#answerPing(event.payload);
        return { type: "ping", data: event.payload };
      case OPCODE.pong:
        this.#pongReceived(event.payload);
        return { type: "pong", data: event.payload };
      default:
        return this.#closeReceived(readClose(this.#kit.platform, event.payload));
    }
  }

  /** A ping of the heartbeat. Its payload tells its pong from the application's, and an old one's from this one's. */
  #sendBeat(nowMs: number): void {
    if (this.#kit.options.heartbeatPayload === "empty") {
      this.#beatSentMs = nowMs;
      this.#sendFrame(true, OPCODE.ping, this.#kit.platform.allocate(0));
      return;
    }
    const beat = this.#kit.platform.maskingKey();
    this.#beat = beat;
    this.#beatSentMs = nowMs;
    const payload = this.#kit.platform.allocate(4);
    for (let i = 0; i < 4; i++) payload[i] = (beat >>> (i << 3)) & 0xff;
    this.#sendFrame(true, OPCODE.ping, payload);
  }

  #pongReceived(payload: Uint8Array): void {
    const length = this.#kit.options.heartbeatPayload === "empty" ? 0 : 4;
    if (this.#beatSentMs === undefined || payload.length !== length) return;
    for (let i = 0; i < length; i++) if (payload[i] !== ((this.#beat >>> (i << 3)) & 0xff)) return;
    this.#roundTripMs = this.#nowMs - this.#beatSentMs;
    this.#beatSentMs = undefined;
  }

  #answerPing(payload: Uint8Array): void {
    // §5.5.2: a pong is due unless a Close frame was received; after having sent one, nothing may follow (§5.5.1).
    if (!this.#kit.options.automaticPong || this.#state !== "open") return;
    if (this.#pongPace?.holdsBack(payload, this.#nowMs) === true) return;
    const error = this.#answer(payload);
    if (error !== undefined) throw error;
  }

  /** @returns why the connection has to be failed instead */
  #answer(payload: Uint8Array): LimitError | undefined {
    this.#pendingPongs += 1;
    const error = this.#pongError();
    if (error === undefined) this.#sendFrame(true, OPCODE.pong, payload);
    return error;
  }

  #pongError(): LimitError | undefined {
    const { maxPendingPongs } = this.#kit.options.limits;
    if (this.#pendingPongs <= maxPendingPongs) return undefined;
    return new LimitError("TOO_MANY_PENDING_PONGS", maxPendingPongs, this.#pendingPongs);
  }

  #closeReceived(pair: ClosePair): ProtocolEvent {
    this.#received = pair;
    this.#stopListening();
    this.#move("closeReceived");
    if (this.#sent === undefined) {
      // §5.5.1: the answer says what was received, and so nothing for an empty Close frame.
      const code = pair.code === CLOSE_CODE.noStatusReceived ? undefined : pair.code;
      this.#sendFrame(true, OPCODE.close, writeClose(this.#kit.platform, code, pair.reason));
      this.#closeSent(pair, this.#nowMs);
    }
    // §7.1.1: the server ends the transport first, so that it and not the client holds TIME_WAIT; a client waits.
    if (this.#kit.role === "server") this.#wishFor("end");
    return { type: "close", code: pair.code, reason: pair.reason };
  }

  #closeSent(pair: ClosePair, nowMs: number): void {
    this.#sent = pair;
    this.#closeDeadlineMs = nowMs + this.#kit.options.closeTimeoutMs;
    this.#move("closeSent");
  }

  #sendFrame(fin: boolean, opcode: number, payload: Uint8Array): void {
    this.#kit.sender.sendFrame(this.#out, firstByte(fin, 0, opcode), payload);
  }

  /** An incomplete message may stay so only for a time; between two messages the receiver serves others. */
  #allRead(receiver: Receiver): void {
    if (receiver.idle) {
      this.#frames += receiver.takeFrameCount();
      this.#kit.giveReceiver(receiver);
      this.#receiver = undefined;
    }
    if (!receiver.inMessage) this.#messageDeadlineMs = NEVER;
    else if (this.#messageDeadlineMs === NEVER) {
      this.#messageDeadlineMs = this.#nowMs + this.#kit.options.limits.messageTimeoutMs;
    }
  }

  /** Nothing that was or will be received means anything any more. */
  #stopListening(): void {
    this.#receiver = undefined;
    this.#messageDeadlineMs = NEVER;
  }

  #failFor(error: unknown): void {
    if (error instanceof ProtocolError || error instanceof LimitError) {
      this.#failWith(error, this.#nowMs);
    } else if (isOutOfRoom(error)) {
      // §7.4.1: 1009 is also for what is too big to process.
      const { maxMessageBytes } = this.#kit.options.limits;
      const announced = this.#receiver?.announcedBytes ?? 0;
      this.#failWith(new LimitError("MESSAGE_TOO_BIG", maxMessageBytes, announced), this.#nowMs);
    } else {
      throw error;
    }
  }

  #failWith(error: ProtocolError | LimitError, nowMs: number): void {
    this.fail(error, error.closeCode, nowMs);
  }

  /** The code with which the application wants to be failed. */
  #codeOf(error: WebSocketError, closeCode: number): number {
    const { failureCode } = this.#kit.options;
    if (failureCode === undefined || !(error instanceof ProtocolError || error instanceof LimitError)) return closeCode;
    const code = failureCode(error);
    return isSendable(code) ? code : closeCode;
  }

  /** What the application wants to be said of a failure. */
  #reasonOf(error: WebSocketError): string {
    const { failureReason } = this.#kit.options;
    if (failureReason === undefined || !(error instanceof ProtocolError || error instanceof LimitError)) return "";
    return cutReason(this.#kit.platform, failureReason(error));
  }

  #report(error: WebSocketError): WebSocketError {
    this.#unreported = true;
    return error;
  }

  #sendDeflated(job: DeflateJob, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#deflating !== job) return false;
    this.#deflating = undefined;
    if (this.#state !== "open") return false;
    const opcode = job.kind === "text" ? OPCODE.text : OPCODE.binary;
    this.#kit.sender.sendLent(this.#out, firstByte(true, RSV1, opcode), bytes, start, end);
    return true;
  }

  #sendPingOrPong(what: string, opcode: number, payload: Uint8Array): void {
    this.#checkOpen(what);
    checkBytes(what, payload);
    if (payload.length > MAX_CONTROL_BYTES) {
      throw new UsageError(`${what}: the payload has ${payload.length} bytes; give at most ${MAX_CONTROL_BYTES}`);
    }
    this.#sendFrame(true, opcode, payload);
  }

  #checkOpen(what: string): void {
    if (this.#state !== "open") throw new UsageError(`${what}: the connection is ${this.#state}, not open`);
  }

  #checkIdle(): void {
    if (this.#fragmenter?.active === true) {
      throw new UsageError("a message is being sent in fragments; end it before the next one");
    }
    if (this.#deflating !== undefined) throw new UsageError("a message is being deflated; finish its job first");
  }

  #checkMessage(kind: MessageKind, bytes: Uint8Array): void {
    checkBytes("send", bytes);
    if (kind === "text" && !this.#kit.platform.isUtf8(bytes, 0, bytes.length)) {
      throw new UsageError("the bytes given for a text message are not UTF-8; send them as binary");
    }
  }

  #wishFor(wish: "end" | "destroy"): void {
    if (this.#wish !== "destroy") this.#wish = wish;
  }

  #move(trigger: Trigger): void {
    const state = nextState(this.#state, trigger);
    if (state === undefined) throw new UsageError(`${trigger} cannot happen to a connection that is ${this.#state}`);
    this.#state = state;
  }

  #ending(): Ending {
    const sent = this.#sent;
    const received = this.#received;
    const told = received ?? (this.#failureSent ? sent : undefined);
    return {
      code: told?.code ?? CLOSE_CODE.abnormalClosure,
      reason: told?.reason ?? "",
      wasClean: this.#handshakeDone && this.#error === undefined,
      sent,
      received,
      error: this.#error,
    };
  }
}

/** Plain JavaScript may give anything; what has no length in bytes would break the framing. */
function checkBytes(what: string, bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array))
    throw new UsageError(`${what}: the payload is ${typeof bytes}; give a Uint8Array`);
}

/** What a Close frame made by the caller says. */
function pairIn(platform: Platform, payload: Uint8Array): ClosePair {
  if (payload.length < 2) return { code: CLOSE_CODE.noStatusReceived, reason: "" };
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  const readable = platform.isUtf8(payload, 2, payload.length);
  return { code, reason: readable ? platform.decodeUtf8(payload, 2, payload.length) : "" };
}

/** Whether the platform said that it has no memory, or no string, of the size that a message needs. */
function isOutOfRoom(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && "code" in error && error.code === STRING_TOO_LONG);
}
