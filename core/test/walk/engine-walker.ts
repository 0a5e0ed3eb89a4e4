/**
 * One engine at the end of two pipes, with the least of a driver that it needs, and an application that does whatever chance says. It writes
 * down what was accepted for sending and what came, and judges nothing: engine-walk.ts does.
 */
import { LimitError, UsageError, type WebSocketError } from "../../src/engine/errors.ts";
import type { MessageKind } from "../../src/engine/messages/message.ts";
import type { ProtocolEvent } from "../../src/engine/protocol/events.ts";
import type { DeflateJob } from "../../src/engine/protocol/jobs.ts";
import { type Ending, Protocol } from "../../src/engine/protocol/protocol.ts";
import type { ProtocolKit, Role } from "../../src/engine/protocol/protocol-kit.ts";
import { type Chance, JUNK, joined, shownData, utf8 } from "../engine/engine-test-kit.ts";
import { deflated, finish, type HeldJob, reversed } from "../engine/protocol/fake-codec.ts";
import type { EnginePipe } from "./engine-pipe.ts";

const TEXTS: readonly [string, ...string[]] = ["a", "é", "€", "😀", "Hi there "];
const CLOSE_CODES: readonly [number, ...number[]] = [1000, 1001, 3000, 4999];

export class EngineWalker {
  readonly role: Role;
  readonly protocol: Protocol;
  /** Whole messages, in the order in which their last byte was given to the engine. */
  readonly sent: string[] = [];
  readonly received: string[] = [];
  readonly errors: WebSocketError[] = [];
  /** All that the engine gave out. */
  readonly output: Uint8Array[] = [];
  /** Whether its Close frame only answered the peer's. */
  hasAnswered = false;
  ending: Ending | undefined;
  /** Grows whenever anything goes on. */
  moves = 0;
  readonly #chance: Chance;
  readonly #incoming: EnginePipe;
  readonly #outgoing: EnginePipe;
  /** Taken from the engine, and not yet by the pipe. */
  #waiting: Uint8Array = new Uint8Array(0);
  #begun: { readonly kind: MessageKind; readonly pieces: Uint8Array[] } | undefined;
  #deflating: DeflateJob | undefined;
  #inflating: HeldJob | undefined;
  #isHeld = false;
  #hasEnd = false;
  #isEndSent = false;
  #count = 0;

  constructor(kit: ProtocolKit, chance: Chance, incoming: EnginePipe, outgoing: EnginePipe) {
    this.role = kit.role;
    this.protocol = new Protocol(kit, 0, true);
    this.#chance = chance;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    // What comes first may be there before the opening handshake is done.
    if (chance.below(2) === 0) this.open(0);
  }

  open(nowMs: number): void {
    if (this.protocol.state === "connecting") this.protocol.opened(nowMs);
  }

  // ---- the application

  /** Do anything; what the engine refuses was not done. */
  act(nowMs: number): void {
    const { below, of } = this.#chance;
    const { protocol } = this;
    const act = of<() => void>([
      () => this.#sendText(),
      () => this.#sendText(),
      () => this.#sendBytes(),
      () => this.#begin(),
      () => this.#writeOn(),
      () => this.#writeOn(),
      () => this.#deflate(),
      () => protocol.ping(this.#chance.bytes(below(5))),
      () => protocol.pong(new Uint8Array(below(5)), nowMs),
      () => this.#hold(true, nowMs),
      () => this.#hold(false, nowMs),
      () => this.work(),
    ]);
    this.#try(act);
  }

  /** End it in one of the ways there are. */
  leave(nowMs: number): void {
    const { of } = this.#chance;
    const { protocol } = this;
    const leave = of<() => void>([
      () => protocol.close(of(CLOSE_CODES), "bye", nowMs),
      () => protocol.close(undefined, "", nowMs),
      () => protocol.abandon(of(CLOSE_CODES), "", nowMs),
      () => protocol.fail(new LimitError("OUTBOUND_FULL", 1, 2), 1013, nowMs),
    ]);
    this.#try(leave);
  }

  /** Read without a pause, finish what was begun, and close. */
  hurry(nowMs: number): void {
    this.open(nowMs);
    this.#hold(false, nowMs);
    this.work();
    this.#try(() => this.protocol.close(1000, "", nowMs));
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }

  #sendText(): void {
    const text = this.#text();
    this.protocol.sendText(text);
    this.#accepted("text", utf8(text));
  }

  #sendBytes(): void {
    const bytes = utf8(this.#text());
    this.protocol.sendBytes("binary", bytes);
    this.#accepted("binary", bytes);
  }

  #begin(): void {
    const kind = this.#chance.of<MessageKind>(["text", "binary"]);
    this.protocol.beginMessage(kind);
    this.#begun = { kind, pieces: [] };
  }

  #writeOn(): void {
    const piece = utf8(this.#text());
    const last = this.#chance.below(3) === 0;
    this.protocol.sendFragment(piece, last);
    this.#begun?.pieces.push(piece);
    if (last && this.#begun !== undefined) this.#accepted(this.#begun.kind, joined(this.#begun.pieces));
  }

  #deflate(): void {
    this.#deflating = this.protocol.deflate("text", this.#text());
  }

  #hold(held: boolean, nowMs: number): void {
    this.#isHeld = held;
    this.protocol.hold(held, nowMs);
    this.take();
  }

  #accepted(kind: MessageKind, bytes: Uint8Array): void {
    this.sent.push(`${kind} ${shownData(bytes)}`);
  }

  /** Another one each time. */
  #text(): string {
    this.#count += 1;
    const { below, of } = this.#chance;
    return `${this.role} ${this.#count} ${of(TEXTS).repeat(of([0, 1, 10, below(60)]))}`;
  }

  // ---- the codec

  /** Do the jobs that there are. */
  work(): void {
    const deflating = this.#deflating;
    this.#deflating = undefined;
    if (deflating !== undefined && finish(this.protocol, deflating, deflated(deflating))) {
      this.#accepted(deflating.kind, utf8(String(deflating.data)));
    }
    const inflating = this.#inflating;
    this.#inflating = undefined;
    if (inflating !== undefined && finish(this.protocol, inflating.job, reversed(inflating.input))) this.moves += 1;
    this.take();
  }

  // ---- the driver

  /** Whether it reads: what arrives meanwhile waits in the pipe. */
  get #isReading(): boolean {
    return this.ending === undefined && !this.#isHeld && this.#inflating === undefined;
  }

  /** Let arrive what may. */
  arrive(mostBytes: number, nowMs: number): void {
    if (!this.#isReading) return;
    const piece = this.#hasEnd && this.#incoming.broken !== "reset" ? undefined : this.#incoming.pull(mostBytes);
    if (piece === undefined) return;
    this.moves += 1;
    if (piece === "reset") this.#finish(new Error("reset"));
    else if (piece === "end") {
      this.#hasEnd = true;
      this.protocol.receiveEnd(nowMs);
      this.take();
    } else {
      this.protocol.receive(piece, piece.length, nowMs);
      this.take();
      piece.fill(JUNK);
    }
  }

  /** Take the events that the application wants, and keep the rest. */
  take(): void {
    const { protocol } = this;
    while (!this.#isHeld && this.#inflating === undefined) {
      const wasOpen = protocol.open;
      const event = protocol.nextEvent();
      if (event === undefined) break;
      this.#note(event, wasOpen);
    }
    protocol.retain();
  }

  #note(event: ProtocolEvent, wasOpen: boolean): void {
    switch (event.type) {
      case "message":
        this.received.push(
          `${event.kind} ${shownData(typeof event.data === "string" ? utf8(event.data) : event.data)}`,
        );
        break;
      case "inflate":
        this.#inflating = { job: event, input: event.bytes.slice(event.start, event.end) };
        break;
      case "close":
        this.hasAnswered = wasOpen;
        break;
      case "failed":
        this.errors.push(event.error);
        break;
      default:
    }
  }

  /** Let the time do what is due, write what there is, and do with the transport what the engine wishes. */
  keepUp(nowMs: number): void {
    if (this.ending !== undefined) return;
    const { protocol } = this;
    if (protocol.nextDeadlineMs <= nowMs) {
      this.moves += 1;
      protocol.tick(nowMs);
    }
    if (!this.#isHeld) this.take();
    this.#write();
    if (protocol.transportWish === "destroy") this.#leaveTransport();
    else if (protocol.transportWish === "end" && this.#waiting.length === 0 && !this.#isEndSent) {
      this.#isEndSent = true;
      this.moves += 1;
      this.#outgoing.end();
    }
    if (this.#isEndSent && this.#hasEnd) this.#finish(undefined);
  }

  #write(): void {
    const output = this.protocol.takeOutput().map((bytes) => bytes.slice());
    this.output.push(...output);
    this.#waiting = joined([this.#waiting, ...output]);
    const taken = this.#outgoing.push(this.#waiting);
    this.#waiting = this.#waiting.slice(taken);
    if (this.#waiting.length === 0) this.protocol.outputTaken();
    if (taken === 0) return;
    this.moves += 1;
    // Somebody who is not there any more answers with a reset.
    if (this.#outgoing.broken === "truncated") this.#incoming.break("reset");
  }

  #leaveTransport(): void {
    this.#outgoing.break(this.#chance.of(["reset", "truncated"]));
    this.#incoming.break("reset");
    this.#finish(undefined);
  }

  #finish(error: Error | undefined): void {
    this.moves += 1;
    this.ending ??= this.protocol.ended(error);
    // Who waits for a job hears of the end all the same.
    this.#isHeld = false;
    this.#inflating = undefined;
    this.take();
    this.#outgoing.end();
  }
}
