/**
 * Every situation that an endpoint can be in, for every-state.test.ts: how to get there, and what is then true of it. In: a role.
 * Out: an endpoint with nothing left to say or to write.
 */
import assert from "node:assert/strict";
import { LimitError, TransportError } from "../../../src/engine/errors.ts";
import type { DeflateJob } from "../../../src/engine/protocol/jobs.ts";
import { Protocol, type TransportWish } from "../../../src/engine/protocol/protocol.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import type { State } from "../../../src/engine/protocol/state.ts";
import { hex, JUNK, joined, kitOf, outputOf, shown, toRole } from "../engine-test-kit.ts";
import { finish, type HeldJob, receiveUpToJob, reversed } from "./fake-codec.ts";

export const HEARTBEAT_MS = 1_000;
export const HEARTBEAT_TIMEOUT_MS = 300;
export const MESSAGE_MS = 400;
export const CLOSE_MS = 5_000;
const PONG_MS = 100;
const MOST_PONGS = 2;

const NEVER = Number.POSITIVE_INFINITY;
const HI = 'message text "Hi"';

/** What an endpoint has come to; each phase is a row of `PHASES`. */
export type Phase = keyof typeof PHASES;

/** What the outside sees of a phase: the state, what becomes of the transport, and until when. Each began at time 0. */
export const PHASES = {
  connecting: { state: "connecting", wish: "keep", due: NEVER },
  open: { state: "open", wish: "keep", due: HEARTBEAT_MS },
  closeSent: { state: "closing", wish: "keep", due: CLOSE_MS },
  /** Both Close frames were exchanged. A client leaves the end to the server (RFC 6455 §7.1.1). */
  closeDone: { state: "closing", wish: "end of server", due: CLOSE_MS },
  /** A Close frame has told the peer of its fault. */
  failed: { state: "closing", wish: "end", due: CLOSE_MS },
  abandoned: { state: "closing", wish: "end", due: CLOSE_MS },
  /** The peer sends no more. */
  peerEnded: { state: "closed", wish: "end", due: CLOSE_MS },
  /** It was failed before it was open. */
  failedEarly: { state: "closed", wish: "end", due: CLOSE_MS },
  /** The peer does not answer any more. */
  givenUp: { state: "closed", wish: "destroy", due: NEVER },
  /** The closing handshake took too long. */
  timedOut: { state: "closing", wish: "destroy", due: NEVER },
  ended: { state: "closed", wish: "destroy", due: NEVER },
} as const;

export interface Situation {
  readonly name: string;
  readonly phase: Phase;
  /** What is under way to the peer. */
  readonly sending?: "fragments" | "deflate";
  /** What is under way from it: half of a header or of a frame, a message between two fragments, one that is being inflated, or
   * one that came before the opening handshake was done. */
  readonly receiving?: "header" | "frame" | "fragments" | "job" | "early";
  readonly held?: true;
  /** The next pong has to wait, or would be one too many. */
  readonly pongs?: "waiting" | "full";
  /** Whether an error is known already, so that no other one is told. */
  readonly hasError?: true;
  /** The event that is next in any case. */
  readonly pending?: string;
  /** Where it is not its phase's. */
  readonly due?: number;
  /** The time at which it has been entered. */
  readonly nowMs?: number;
  /** How it ends when the transport goes now. */
  readonly ending: string;
  enter(subject: Subject): void;
}

/** An endpoint, and what belongs to it on the outside. */
export class Subject {
  readonly role: Role;
  readonly protocol: Protocol;
  deflating: DeflateJob | undefined;
  inflating: HeldJob | undefined;
  /** What came half. */
  half: "header" | "frame" | undefined;
  readonly events: string[] = [];

  constructor(role: Role) {
    this.role = role;
    const options = {
      limits: { messageTimeoutMs: MESSAGE_MS, maxPendingPongs: MOST_PONGS, maxMessageBytes: 100_000 },
      heartbeatIntervalMs: HEARTBEAT_MS,
      heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
      heartbeatPayload: "empty",
      closeTimeoutMs: CLOSE_MS,
      pongIntervalMs: PONG_MS,
    } as const;
    this.protocol = new Protocol(kitOf(role, options), 0, true);
  }

  /** Receive bytes that are only lent, and take what comes of them. */
  receive(bytes: Uint8Array, nowMs: number): string[] {
    const lent = joined([hex("dd"), bytes, hex("dd dd")]).subarray(1);
    this.protocol.receive(lent, bytes.length, nowMs);
    const events = this.take();
    this.protocol.retain();
    lent.fill(JUNK);
    return events;
  }

  /** All events that there are; a job is done at once. */
  take(): string[] {
    const events: string[] = [];
    for (let event = this.protocol.nextEvent(); event !== undefined; event = this.protocol.nextEvent()) {
      if (event.type !== "inflate") events.push(shown(event));
      else finish(this.protocol, event, reversed(event.bytes.slice(event.start, event.end)));
    }
    return events;
  }

  /** Do the job that is open. */
  finishInflating(): boolean {
    const held = this.inflating;
    return held !== undefined && finish(this.protocol, held.job, reversed(held.input));
  }
}

export function wishOf(phase: Phase, role: Role): TransportWish {
  const { wish } = PHASES[phase];
  if (wish === "end of server") return role === "server" ? "end" : "keep";
  return wish;
}

/** An endpoint in a situation. What is said of the situation is true of it. */
export function subjectIn(situation: Situation, role: Role): Subject {
  const subject = new Subject(role);
  situation.enter(subject);
  outputOf(subject.protocol);
  const { protocol } = subject;
  const { state, due } = PHASES[situation.phase];
  const expected: [State, TransportWish, number] = [state, wishOf(situation.phase, role), situation.due ?? due];
  assert.deepEqual([protocol.state, protocol.transportWish, protocol.nextDeadlineMs], expected, situation.name);
  return subject;
}

// ---- ways

function open({ protocol }: Subject): void {
  protocol.opened(0);
}

/** Half of "Hi": in the middle of its header, or of its payload. */
function receiveHalf(subject: Subject, half: "header" | "frame"): void {
  const bytes = toRole(subject.role, "81 02  48 69");
  subject.half = half;
  assert.deepEqual(subject.receive(bytes.slice(0, half === "header" ? 1 : -1), 0), []);
}

/** What is missing of what came half. */
export function restOf({ role, half }: Subject): Uint8Array {
  if (half === undefined) return hex("");
  return toRole(role, "81 02  48 69").slice(half === "header" ? 1 : -1);
}

function receiveFragment(subject: Subject): void {
  assert.deepEqual(subject.receive(toRole(subject.role, "01 01  48"), 0), []);
}

function receiveJob(subject: Subject): void {
  subject.inflating = receiveUpToJob(subject.protocol, toRole(subject.role, "c1 02  69 48")).held;
  assert.ok(subject.inflating !== undefined);
}

function beginFragments({ protocol }: Subject): void {
  protocol.beginMessage("text");
  protocol.sendFragment("a", false);
}

function deflate(subject: Subject): void {
  subject.deflating = subject.protocol.deflate("text", "Hi");
}

function hold({ protocol }: Subject): void {
  protocol.hold(true, 0);
}

function pingTwice(subject: Subject): void {
  assert.deepEqual(subject.receive(toRole(subject.role, "89 01  31", "89 01  32"), 0), ["ping 31", "ping 32"]);
}

function fillPongs({ protocol }: Subject): void {
  for (let i = 0; i < MOST_PONGS; i++) protocol.pong(hex(""));
}

function sendBeat({ protocol }: Subject): void {
  protocol.tick(HEARTBEAT_MS);
}

function close({ protocol }: Subject): void {
  protocol.close(1000, "", 0);
}

function receiveClose(subject: Subject): void {
  assert.deepEqual(subject.receive(toRole(subject.role, "88 02  03 e8"), 0), ['close 1000 ""']);
}

function receiveEnd({ protocol }: Subject): void {
  protocol.receiveEnd(0);
}

function failFor(subject: Subject): void {
  assert.deepEqual(subject.receive(toRole(subject.role, "83 00"), 0), ["failed OPCODE_RESERVED"]);
}

function failUntold({ protocol }: Subject): void {
  protocol.fail(new LimitError("OUTBOUND_FULL", 1, 2), 1013, 0);
}

function giveUp(subject: Subject): void {
  subject.protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, 0);
  assert.deepEqual(subject.take(), ["failed HEARTBEAT_TIMEOUT"]);
}

function abandon({ protocol }: Subject): void {
  protocol.abandon(4001, "", 0);
}

function timeOut({ protocol }: Subject): void {
  protocol.tick(CLOSE_MS);
}

function end({ protocol }: Subject): void {
  protocol.ended();
}

function endFor(subject: Subject): void {
  subject.protocol.ended(new Error("reset"));
  assert.deepEqual(subject.take(), ["failed TRANSPORT_FAILED"]);
}

function told(...events: readonly string[]): (subject: Subject) => void {
  return (subject) => assert.deepEqual(subject.take(), events);
}

function by(...ways: readonly ((subject: Subject) => void)[]): (subject: Subject) => void {
  return (subject) => {
    for (const way of ways) way(subject);
  };
}

// ---- the situations

const GONE = '1006 "" unclean';
const CLOSE_SENT = `${GONE}, sent 1000 ""`;
const CLEAN = '1000 "" clean, sent 1000 "", received 1000 ""';
const REFUSED = '1002 "" unclean, sent 1002 "", OPCODE_RESERVED';
const FULL = '1013 "" unclean, sent 1013 "", OUTBOUND_FULL';

export const SITUATIONS: readonly Situation[] = [
  { name: "connecting", phase: "connecting", ending: GONE, enter: by() },
  {
    name: "connecting, with a message that came early",
    phase: "connecting",
    receiving: "early",
    ending: GONE,
    enter: (subject) => assert.deepEqual(subject.receive(toRole(subject.role, "81 02  48 69"), 0), []),
  },
  { name: "open", phase: "open", ending: GONE, enter: open },
  {
    name: "open, half a header received",
    phase: "open",
    receiving: "header",
    ending: GONE,
    enter: by(open, (subject) => receiveHalf(subject, "header")),
  },
  {
    name: "open, half a frame received",
    phase: "open",
    receiving: "frame",
    due: MESSAGE_MS,
    ending: GONE,
    enter: by(open, (subject) => receiveHalf(subject, "frame")),
  },
  {
    name: "open, half a message received",
    phase: "open",
    receiving: "fragments",
    due: MESSAGE_MS,
    ending: GONE,
    enter: by(open, receiveFragment),
  },
  { name: "open, inflating", phase: "open", receiving: "job", ending: GONE, enter: by(open, receiveJob) },
  {
    name: "open, sending fragments",
    phase: "open",
    sending: "fragments",
    ending: GONE,
    enter: by(open, beginFragments),
  },
  { name: "open, deflating", phase: "open", sending: "deflate", ending: GONE, enter: by(open, deflate) },
  {
    name: "open, deflating and inflating",
    phase: "open",
    sending: "deflate",
    receiving: "job",
    ending: GONE,
    enter: by(open, deflate, receiveJob),
  },
  { name: "open, held", phase: "open", held: true, ending: GONE, enter: by(open, hold) },
  {
    name: "open, held, half a message received",
    phase: "open",
    receiving: "fragments",
    held: true,
    ending: GONE,
    enter: by(open, receiveFragment, hold),
  },
  {
    name: "open, a pong waiting",
    phase: "open",
    pongs: "waiting",
    due: PONG_MS,
    ending: GONE,
    enter: by(open, pingTwice),
  },
  { name: "open, all pongs pending", phase: "open", pongs: "full", ending: GONE, enter: by(open, fillPongs) },
  {
    name: "open, its ping unanswered",
    phase: "open",
    nowMs: HEARTBEAT_MS,
    due: HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS,
    ending: GONE,
    enter: by(open, sendBeat),
  },
  { name: "Close sent", phase: "closeSent", ending: CLOSE_SENT, enter: by(open, close) },
  {
    name: "Close sent, half a header received",
    phase: "closeSent",
    receiving: "header",
    ending: CLOSE_SENT,
    enter: by(open, (subject) => receiveHalf(subject, "header"), close),
  },
  {
    name: "Close sent, half a frame received",
    phase: "closeSent",
    receiving: "frame",
    ending: CLOSE_SENT,
    enter: by(open, close, (subject) => receiveHalf(subject, "frame")),
  },
  {
    name: "Close sent, half a message received",
    phase: "closeSent",
    receiving: "fragments",
    ending: CLOSE_SENT,
    enter: by(open, receiveFragment, close),
  },
  {
    name: "Close sent, inflating",
    phase: "closeSent",
    receiving: "job",
    ending: CLOSE_SENT,
    enter: by(open, receiveJob, close),
  },
  {
    name: "Close sent between fragments",
    phase: "closeSent",
    sending: "fragments",
    ending: CLOSE_SENT,
    enter: by(open, beginFragments, close),
  },
  {
    name: "Close sent, deflating",
    phase: "closeSent",
    sending: "deflate",
    ending: CLOSE_SENT,
    enter: by(open, deflate, close),
  },
  {
    name: "Close sent, a pong waiting",
    phase: "closeSent",
    pongs: "waiting",
    ending: CLOSE_SENT,
    enter: by(open, pingTwice, close),
  },
  { name: "Close sent, held", phase: "closeSent", held: true, ending: CLOSE_SENT, enter: by(open, hold, close) },
  { name: "Close received", phase: "closeDone", ending: CLEAN, enter: by(open, receiveClose) },
  { name: "Close sent, then received", phase: "closeDone", ending: CLEAN, enter: by(open, close, receiveClose) },
  {
    name: "Close received between fragments",
    phase: "closeDone",
    sending: "fragments",
    ending: CLEAN,
    enter: by(open, beginFragments, receiveClose),
  },
  {
    name: "Close received, deflating",
    phase: "closeDone",
    sending: "deflate",
    ending: CLEAN,
    enter: by(open, deflate, receiveClose),
  },
  { name: "failed", phase: "failed", hasError: true, ending: REFUSED, enter: by(open, failFor) },
  {
    name: "failed, not told yet",
    phase: "failed",
    hasError: true,
    pending: "failed OUTBOUND_FULL",
    ending: FULL,
    enter: by(open, failUntold),
  },
  {
    name: "failed, inflating",
    phase: "failed",
    hasError: true,
    receiving: "job",
    ending: FULL,
    enter: by(open, receiveJob, failUntold, told("failed OUTBOUND_FULL")),
  },
  {
    name: "failed, deflating",
    phase: "failed",
    hasError: true,
    sending: "deflate",
    ending: REFUSED,
    enter: by(open, deflate, failFor),
  },
  {
    name: "failed before it was open",
    phase: "failedEarly",
    hasError: true,
    pending: "failed OUTBOUND_FULL",
    ending: `${GONE}, OUTBOUND_FULL`,
    enter: failUntold,
  },
  { name: "abandoned", phase: "abandoned", ending: '4001 "" unclean, sent 4001 ""', enter: by(open, abandon) },
  {
    name: "abandoned, inflating",
    phase: "abandoned",
    receiving: "job",
    ending: '4001 "" unclean, sent 4001 ""',
    enter: by(open, receiveJob, abandon),
  },
  { name: "the peer has ended", phase: "peerEnded", ending: GONE, enter: by(open, receiveEnd) },
  { name: "the peer has ended early", phase: "peerEnded", ending: GONE, enter: receiveEnd },
  {
    name: "the peer has ended, inflating",
    phase: "peerEnded",
    receiving: "job",
    ending: GONE,
    enter: by(open, receiveJob, receiveEnd),
  },
  {
    name: "the peer has ended, deflating",
    phase: "peerEnded",
    sending: "deflate",
    ending: GONE,
    enter: by(open, deflate, receiveEnd),
  },
  {
    name: "the peer has ended after Close",
    phase: "peerEnded",
    ending: CLEAN,
    enter: by(open, receiveClose, receiveEnd),
  },
  {
    name: "the peer has ended instead of its Close",
    phase: "peerEnded",
    ending: CLOSE_SENT,
    enter: by(open, close, receiveEnd),
  },
  {
    name: "given up",
    phase: "givenUp",
    hasError: true,
    ending: `${GONE}, HEARTBEAT_TIMEOUT`,
    enter: by(open, giveUp),
  },
  {
    name: "Close sent, timed out",
    phase: "timedOut",
    hasError: true,
    ending: `${CLOSE_SENT}, CLOSE_TIMEOUT`,
    enter: by(open, close, timeOut, told("failed CLOSE_TIMEOUT")),
  },
  { name: "Close received, timed out", phase: "timedOut", ending: CLEAN, enter: by(open, receiveClose, timeOut) },
  { name: "ended", phase: "ended", ending: GONE, enter: by(open, end) },
  { name: "ended in order", phase: "ended", ending: CLEAN, enter: by(open, receiveClose, end) },
  { name: "ended early", phase: "ended", ending: GONE, enter: end },
  {
    name: "ended by an error",
    phase: "ended",
    hasError: true,
    ending: `${GONE}, TRANSPORT_FAILED`,
    enter: by(open, endFor),
  },
];

/** What comes first of what was half received, once the rest is there. */
export function eventsOfRest({ receiving }: Situation): string[] {
  return receiving === undefined || receiving === "fragments" ? [] : [HI];
}
