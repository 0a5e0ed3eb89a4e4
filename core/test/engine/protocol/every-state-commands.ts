/**
 * Every command of an endpoint, and all that the outside tells it but bytes, for every-state.test.ts: each with what it must lead to in
 * any situation, as a rule over the situation's facts. In: a situation. Out: what changes; what is not named stays as it was.
 */
import { LimitError, ProtocolError, TransportError } from "../../../src/engine/errors.ts";
import type { OutgoingFrame } from "../../../src/engine/frames/frame.ts";
import type { TransportWish } from "../../../src/engine/protocol/protocol.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import type { State } from "../../../src/engine/protocol/state.ts";
import { hex, SAMPLE_KEY, shownEnding, utf8 } from "../engine-test-kit.ts";
import { finish, reversed } from "./fake-codec.ts";
import {
  CLOSE_MS,
  HEARTBEAT_MS,
  HEARTBEAT_TIMEOUT_MS,
  MESSAGE_MS,
  PHASES,
  type Situation,
  type Subject,
} from "./every-state-situations.ts";

/** What the outside sees. */
export interface Outcome {
  /** A UsageError, after which everything is as it was. */
  readonly throws?: true;
  /** What the call returned, where that tells something. */
  readonly answer?: unknown;
  readonly events: readonly string[];
  /** As first byte and payload. */
  readonly frames: readonly string[];
  readonly state: State;
  readonly wish: TransportWish;
  readonly due: number;
}

export interface Input {
  readonly name: string;
  /** Do it at a time. What it returns is `answer` where one is expected. */
  run(subject: Subject, nowMs: number): unknown;
  expect(situation: Situation, role: Role, nowMs: number): Partial<Outcome>;
}

const NEVER = Number.POSITIVE_INFINITY;
const MISTAKE: Partial<Outcome> = { throws: true };
const NOTHING: Partial<Outcome> = {};

export const isOpen = ({ phase }: Situation): boolean => phase === "open";
const isConnecting = ({ phase }: Situation): boolean => phase === "connecting";
const isClosed = ({ phase }: Situation): boolean => PHASES[phase].state === "closed";
/** Whether what the peer sends still means something. */
export const hears = ({ phase }: Situation): boolean => phase === "open" || phase === "closeSent";

/** An endpoint that was open, and fails for the peer's fault or a limit. One that has sent a Close frame sends no other one. */
export function failure(situation: Situation, code: string, closeFrame: string, nowMs: number): Partial<Outcome> {
  const events = [`failed ${code}`];
  if (!isOpen(situation)) return { events, wish: "end" };
  return { events, frames: [closeFrame], state: "closing", wish: "end", due: nowMs + CLOSE_MS };
}

/** Something that goes out while the connection is open, and is a mistake before and after that. */
function sending(name: string, run: (subject: Subject) => unknown, frame: string | undefined): Input {
  const frames = frame === undefined ? [] : [frame];
  return { name, run, expect: (situation) => (isOpen(situation) ? { frames } : MISTAKE) };
}

/** The same for a message, which has to wait for the one that is being sent. */
function message(name: string, run: (subject: Subject) => unknown, frame: string | undefined): Input {
  const { expect } = sending(name, run, frame);
  const judge: Input["expect"] = (situation, role, nowMs) =>
    situation.sending === undefined ? expect(situation, role, nowMs) : MISTAKE;
  return { name, run, expect: judge };
}

function mistake(name: string, run: (subject: Subject, nowMs: number) => unknown): Input {
  return { name, run, expect: () => MISTAKE };
}

function fragment(name: string, last: boolean, frame: string): Input {
  return {
    name,
    run: ({ protocol }) => protocol.sendFragment("b", last),
    expect: (situation) => (isOpen(situation) && situation.sending === "fragments" ? { frames: [frame] } : MISTAKE),
  };
}

function closing(situation: Situation, frame: string, nowMs: number): Partial<Outcome> {
  if (isConnecting(situation)) return MISTAKE;
  return isOpen(situation) ? { frames: [frame], state: "closing", due: nowMs + CLOSE_MS } : NOTHING;
}

function closeBy(name: string, code: number | undefined, frame: string): Input {
  return {
    name,
    run: ({ protocol }, nowMs) => protocol.close(code, "", nowMs),
    expect: (situation, _role, nowMs) => closing(situation, frame, nowMs),
  };
}

/** A frame as the role has to send it. */
function byHand(role: Role, opcode: number, payload: string): OutgoingFrame {
  const maskingKey = role === "client" ? SAMPLE_KEY : undefined;
  return { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode, maskingKey, payload: hex(payload) };
}

/** Closing by hand does what `close` does, and is a mistake where no frame may be sent. */
const CLOSE_BY_HAND: Input = {
  name: "sendFrame of a Close frame",
  run: ({ protocol, role }, nowMs) => protocol.sendFrame(byHand(role, 8, "03 e9"), nowMs),
  expect: (situation, _role, nowMs) => (isOpen(situation) ? closing(situation, "88 03 e9", nowMs) : MISTAKE),
};

const PONG: Input = {
  name: "pong",
  run: ({ protocol }, nowMs) => protocol.pong(hex("70"), nowMs),
  expect(situation, _role, nowMs) {
    if (!isOpen(situation)) return MISTAKE;
    if (situation.pongs !== "full") return { frames: ["8a 70"] };
    const failed = failure(situation, "TOO_MANY_PENDING_PONGS", "88 03 f0", nowMs);
    return { ...failed, frames: ["8a 70", "88 03 f0"] };
  },
};

const FAIL: Input = {
  name: "fail with a close code",
  run: ({ protocol }, nowMs) => protocol.fail(new LimitError("OUTBOUND_FULL", 1, 2), 1013, nowMs),
  expect(situation, _role, nowMs) {
    if (situation.hasError || isClosed(situation)) return NOTHING;
    const failed = failure(situation, "OUTBOUND_FULL", "88 03 f5", nowMs);
    // Nobody can be told yet, so this is the end.
    if (isConnecting(situation)) return { ...failed, state: "closed", due: nowMs + CLOSE_MS };
    return situation.phase === "timedOut" ? { events: ["failed OUTBOUND_FULL"] } : failed;
  },
};

const FAIL_SILENTLY: Input = {
  name: "fail without a close code",
  run: ({ protocol }, nowMs) => protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, nowMs),
  expect(situation) {
    if (situation.hasError || isClosed(situation)) return NOTHING;
    return { events: ["failed HEARTBEAT_TIMEOUT"], state: "closed", wish: "destroy", due: NEVER };
  },
};

const ABANDON: Input = {
  name: "abandon",
  run: ({ protocol }, nowMs) => protocol.abandon(4001, "", nowMs),
  expect(situation, _role, nowMs) {
    if (isConnecting(situation)) return MISTAKE;
    if (isOpen(situation)) return { ...closing(situation, "88 0f a1", nowMs), wish: "end" };
    return isClosed(situation) || situation.phase === "timedOut" ? NOTHING : { wish: "end" };
  },
};

const OPENED: Input = {
  name: "opened",
  run: ({ protocol }, nowMs) => protocol.opened(nowMs),
  expect(situation, _role, nowMs) {
    if (!isConnecting(situation)) return MISTAKE;
    const events = situation.receiving === "early" ? ['message text "Hi"'] : [];
    return { events, state: "open", due: nowMs + HEARTBEAT_MS };
  },
};

// ---- jobs

function deflate(subject: Subject): void {
  subject.deflating = subject.protocol.deflate("text", "Hi");
}

/** What an endpoint has to do with a job that is another one's, or none's. */
const STRANGE_JOB = { type: "deflate", kind: "text", data: "Hi" } as const;
const STRANGE_INFLATE = { type: "inflate", bytes: hex("69 48"), start: 0, end: 2, maxBytes: 10 } as const;

const DEFLATED: Input = {
  name: "finishJob of what is deflated",
  run: ({ protocol, deflating }) => finish(protocol, deflating ?? STRANGE_JOB, reversed(utf8("Hi"))),
  expect: (situation) =>
    isOpen(situation) && situation.sending === "deflate" ? { answer: true, frames: ["c1 69 48"] } : { answer: false },
};

/** A message that is not sent after all makes way for the next one. */
const DROPPED: Input = {
  name: "dropJob, then sendText",
  run({ protocol, deflating }) {
    protocol.dropJob(deflating ?? STRANGE_JOB);
    protocol.sendText("a");
  },
  expect: (situation) => (isOpen(situation) && situation.sending !== "fragments" ? { frames: ["81 61"] } : MISTAKE),
};

const INFLATED: Input = {
  name: "finishJob of what is inflated",
  run: ({ protocol, inflating }) => finish(protocol, inflating?.job ?? STRANGE_INFLATE, utf8("Hi")),
  expect: (situation) =>
    hears(situation) && situation.receiving === "job"
      ? { answer: true, events: ['message text "Hi"'] }
      : { answer: false },
};

const INFLATED_BADLY: Input = {
  name: "finishJob with a text that is no UTF-8",
  run: ({ protocol, inflating }) => finish(protocol, inflating?.job ?? STRANGE_INFLATE, hex("ff")),
  // Where the job comes from what was received last, that is the time of the failure.
  expect: (situation) =>
    hears(situation) && situation.receiving === "job"
      ? { answer: true, ...failure(situation, "BAD_UTF8", "88 03 ef", situation.nowMs ?? 0) }
      : { answer: false },
};

const INFLATING_FAILED: Input = {
  name: "failJob",
  run: ({ protocol, inflating }, nowMs) =>
    protocol.failJob(inflating?.job ?? STRANGE_INFLATE, new ProtocolError("BAD_DEFLATE"), nowMs),
  expect: (situation, _role, nowMs) =>
    hears(situation) && situation.receiving === "job" ? failure(situation, "BAD_DEFLATE", "88 03 ef", nowMs) : NOTHING,
};

// ---- the transport and the time

const RECEIVE_END: Input = {
  name: "receiveEnd",
  run: ({ protocol }, nowMs) => protocol.receiveEnd(nowMs),
  expect(situation, _role, nowMs) {
    const { wish, due } = PHASES[situation.phase];
    if (wish === "destroy") return { state: "closed" };
    // What is left of the closing handshake's time is what the peer has.
    const begun = PHASES[situation.phase].state === "closing" || isClosed(situation);
    return { state: "closed", wish: "end", due: begun ? due : nowMs + CLOSE_MS };
  },
};

const ENDED: Input = {
  name: "ended",
  run: ({ protocol }) => shownEnding(protocol.ended()),
  expect: ({ ending }) => ({ answer: ending, state: "closed", wish: "destroy", due: NEVER }),
};

const ENDED_BY_ERROR: Input = {
  name: "ended by an error",
  run: ({ protocol }) => shownEnding(protocol.ended(new Error("reset"))),
  expect(situation) {
    // After the peer's Close frame, or another error, it tells nothing new.
    const isNews = situation.hasError === undefined && !situation.ending.includes("received");
    const answer = isNews ? `${situation.ending}, TRANSPORT_FAILED` : situation.ending;
    const events = isNews ? ["failed TRANSPORT_FAILED"] : [];
    return { answer, events, state: "closed", wish: "destroy", due: NEVER };
  },
};

const TICK_EARLY: Input = {
  name: "tick, before anything is due",
  run: ({ protocol }) => protocol.tick(Math.min(protocol.nextDeadlineMs - 1, 1e9)),
  expect: () => NOTHING,
};

const TICK: Input = {
  name: "tick, when something is due",
  run: ({ protocol }) => protocol.tick(Math.min(protocol.nextDeadlineMs, 1e9)),
  expect(situation) {
    const { phase, held, nowMs = 0, due = PHASES[phase].due } = situation;
    if (due === NEVER) return NOTHING;
    if (phase === "closeSent" || phase === "abandoned")
      return { events: ["failed CLOSE_TIMEOUT"], wish: "destroy", due: NEVER };
    if (!isOpen(situation)) return { wish: "destroy", due: NEVER };
    if (nowMs > 0) return { events: ["failed HEARTBEAT_TIMEOUT"], state: "closed", wish: "destroy", due: NEVER };
    if (due === MESSAGE_MS) return failure(situation, "MESSAGE_TIMEOUT", "88 03 f0", due);
    if (situation.pongs === "waiting") return { frames: ["8a 32"], due: HEARTBEAT_MS };
    // Who does not read cannot say that the peer is silent.
    return { frames: ["89"], due: due + (held ? HEARTBEAT_MS : HEARTBEAT_TIMEOUT_MS) };
  },
};

const HOLD: Input = {
  name: "hold",
  run: ({ protocol }, nowMs) => protocol.hold(true, nowMs),
  expect: ({ phase, pongs, nowMs = 0 }) =>
    phase === "open" && pongs !== "waiting" ? { due: nowMs + HEARTBEAT_MS } : NOTHING,
};

/** What was held has the time again that it had lost. */
const HOLD_NO_MORE: Input = {
  name: "hold no more",
  run: ({ protocol }, nowMs) => protocol.hold(false, nowMs),
  expect({ phase, held, receiving }, _role, nowMs) {
    if (phase !== "open" || !held) return NOTHING;
    return { due: nowMs + (receiving === "fragments" ? MESSAGE_MS : HEARTBEAT_MS) };
  },
};

export const COMMANDS: readonly Input[] = [
  OPENED,
  message("sendText", ({ protocol }) => protocol.sendText("a"), "81 61"),
  message("sendBytes", ({ protocol }) => protocol.sendBytes("binary", hex("ff")), "82 ff"),
  mistake("sendBytes of a text that is no UTF-8", ({ protocol }) => protocol.sendBytes("text", hex("ff"))),
  {
    name: "sendEncoded",
    run: ({ protocol }) => protocol.sendEncoded(hex("81 01 61")),
    expect: (situation, role) =>
      isOpen(situation) && situation.sending === undefined && role === "server" ? { frames: ["81 61"] } : MISTAKE,
  },
  message("beginMessage", ({ protocol }) => protocol.beginMessage("text"), undefined),
  fragment("sendFragment", false, "00 62"),
  fragment("sendFragment, the last", true, "80 62"),
  mistake("sendFragment of bytes that are no UTF-8", ({ protocol }) => protocol.sendFragment(hex("ff"), true)),
  message("deflate", deflate, undefined),
  sending("sendFrame", ({ protocol, role }) => protocol.sendFrame(byHand(role, 3, "62"), 0), "83 62"),
  mistake("sendFrame with an opcode of 5 bits", ({ protocol, role }) => protocol.sendFrame(byHand(role, 16, ""), 0)),
  CLOSE_BY_HAND,
  sending("ping", ({ protocol }) => protocol.ping(hex("70")), "89 70"),
  mistake("ping of 126 bytes", ({ protocol }) => protocol.ping(new Uint8Array(126))),
  PONG,
  mistake("pong of 126 bytes", ({ protocol }, nowMs) => protocol.pong(new Uint8Array(126), nowMs)),
  closeBy("close", 1000, "88 03 e8"),
  closeBy("close without a code", undefined, "88"),
  mistake("close with 1005", ({ protocol }, nowMs) => protocol.close(1005, "", nowMs)),
  mistake("close with a long reason", ({ protocol }, nowMs) => protocol.close(1000, "x".repeat(124), nowMs)),
  FAIL,
  FAIL_SILENTLY,
  ABANDON,
  mistake("abandon with 1006", ({ protocol }, nowMs) => protocol.abandon(1006, "", nowMs)),
  DEFLATED,
  DROPPED,
  INFLATED,
  INFLATED_BADLY,
  INFLATING_FAILED,
  RECEIVE_END,
  ENDED,
  ENDED_BY_ERROR,
  TICK_EARLY,
  TICK,
  HOLD,
  HOLD_NO_MORE,
  { name: "retain", run: ({ protocol }) => protocol.retain(), expect: () => NOTHING },
  { name: "outputTaken", run: ({ protocol }) => protocol.outputTaken(), expect: () => NOTHING },
];
