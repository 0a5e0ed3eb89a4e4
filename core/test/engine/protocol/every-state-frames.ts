/**
 * Every kind of frame that a peer may send, valid and invalid, for every-state.test.ts: each with what it must lead to in any situation.
 * What was half received is completed first. In: a situation. Out: what changes.
 */
import assert from "node:assert/strict";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import { frameBytes, framesTo, hex, joined, SAMPLE_KEY, toRole } from "../engine-test-kit.ts";
import { failure, hears, type Input, isOpen, type Outcome } from "./every-state-commands.ts";
import {
  CLOSE_MS,
  eventsOfRest,
  HEARTBEAT_MS,
  MESSAGE_MS,
  restOf,
  type Situation,
  type Subject,
} from "./every-state-situations.ts";

/** What a frame leads to where it is heard. */
type Effect = (situation: Situation, role: Role, nowMs: number) => Partial<Outcome>;

/** @param bytes as the peer of a role sends them */
function received(name: string, bytes: (role: Role) => Uint8Array, effect: Effect): Input {
  return {
    name: `a received ${name}`,
    run: (subject, nowMs) => receive(subject, bytes(subject.role), nowMs),
    expect(situation, role, nowMs) {
      const { receiving, phase } = situation;
      // Before the opening handshake is done it waits for that.
      const heard: Situation = phase === "connecting" ? { ...situation, phase: "open", due: HEARTBEAT_MS } : situation;
      if (!hears(heard)) return {};
      const { events = [], ...rest } = effect(heard, role, nowMs);
      const after: Partial<Outcome> = { ...rest, events: [...eventsOfRest(situation), ...events] };
      if (!isOpen(heard)) return after;
      const message = receiving === "fragments" && !situation.held ? MESSAGE_MS : Number.POSITIVE_INFINITY;
      const pong = situation.pongs === "waiting" ? (situation.due ?? 0) : Number.POSITIVE_INFINITY;
      // The peer is alive.
      return { state: "open", due: Math.min(nowMs + HEARTBEAT_MS, message, pong), ...after };
    },
  };
}

/** Complete what is half there, receive the bytes, and do what has kept them back. */
function receive(subject: Subject, bytes: Uint8Array, nowMs: number): void {
  const { protocol, events } = subject;
  events.push(...subject.receive(restOf(subject), nowMs), ...subject.receive(bytes, nowMs));
  if (subject.inflating !== undefined) {
    assert.deepEqual(events, [], "what comes behind a job waits for it");
    subject.finishInflating();
  }
  if (protocol.state !== "connecting") return;
  assert.deepEqual(events, [], "what comes before the opening handshake is done waits for it");
  protocol.opened(nowMs);
}

const plain =
  (...frames: readonly string[]) =>
  (role: Role): Uint8Array =>
    toRole(role, ...frames);

/** A frame that begins a message, which may not be where another one is under way (RFC 6455 §5.4). */
const beginning =
  (effect: Effect): Effect =>
  (situation, role, nowMs) =>
    situation.receiving === "fragments"
      ? failure(situation, "CONTINUATION_EXPECTED", "88 03 ea", nowMs)
      : effect(situation, role, nowMs);

/** One that needs a message to go on with. */
const continuing =
  (effect: Effect): Effect =>
  (situation, role, nowMs) =>
    situation.receiving === "fragments"
      ? effect(situation, role, nowMs)
      : failure(situation, "CONTINUATION_UNEXPECTED", "88 03 ea", nowMs);

const telling =
  (...events: readonly string[]): Effect =>
  () => ({ events });

/** A message has begun, and has its time. */
const begun: Effect = (situation, _role, nowMs) => {
  if (!isOpen(situation)) return {};
  return { due: Math.min(situation.held ? nowMs + HEARTBEAT_MS : nowMs + MESSAGE_MS, pongDue(situation)) };
};

/** The message is complete, and has no time any more. */
const complete: Effect = (situation, _role, nowMs) => {
  const events = ['message text "Hi"'];
  return isOpen(situation) ? { events, due: nowMs + HEARTBEAT_MS } : { events };
};

const pongDue = ({ pongs, due = 0 }: Situation): number => (pongs === "waiting" ? due : Number.POSITIVE_INFINITY);

const ping: Effect = (situation, _role, nowMs) => {
  const events = ["ping 70"];
  if (!isOpen(situation) || situation.pongs === "waiting") return { events };
  if (situation.pongs === "full") return failure(situation, "TOO_MANY_PENDING_PONGS", "88 03 f0", nowMs);
  return { events, frames: ["8a 70"] };
};

const close =
  (event: string, answer: string): Effect =>
  (situation, role, nowMs) => {
    const events = [event];
    const end = role === "server" ? ({ wish: "end" } as const) : {};
    if (!isOpen(situation)) return { events, ...end };
    return { events, frames: [answer], state: "closing", due: nowMs + CLOSE_MS, ...end };
  };

/** What is wrong in any case, by its header alone or by its payload. */
function wrong(what: string, bytes: (role: Role) => Uint8Array, code: string, closeFrame = "88 03 ea"): Input {
  return received(what, bytes, (situation, _role, nowMs) => failure(situation, code, closeFrame, nowMs));
}

/** What is wrong where a message may begin. */
function wrongMessage(what: string, bytes: (role: Role) => Uint8Array, code: string, closeFrame: string): Input {
  return received(
    what,
    bytes,
    beginning((situation, _role, nowMs) => failure(situation, code, closeFrame, nowMs)),
  );
}

/** A header without its payload. */
const header =
  (text: string) =>
  (role: Role): Uint8Array => {
    const bytes = hex(text);
    if (role === "client") return bytes;
    bytes[1] = (bytes[1] ?? 0) | 0x80;
    return joined([bytes, hex("00 00 00 00")]);
  };

export const FRAMES: readonly Input[] = [
  received("nothing", () => hex(""), telling()),
  received("text", plain("81 01  61"), beginning(telling('message text "a"'))),
  received("empty text", plain("81 00"), beginning(telling('message text ""'))),
  received("compressed text", plain("c1 02  69 48"), beginning(telling('message text "Hi"'))),
  received("binary message", plain("82 01  ff"), beginning(telling("message binary ff"))),
  received("message in two fragments", plain("01 01  48", "80 01  69"), beginning(telling('message text "Hi"'))),
  received("first fragment", plain("01 01  48"), beginning(begun)),
  received("fragment in the middle", plain("00 01  69"), continuing(telling())),
  received("last fragment", plain("80 01  69"), continuing(complete)),
  received("half of a header", (role) => toRole(role, "81 01  61").slice(0, 1), telling()),
  received("half of a frame", (role) => toRole(role, "81 02  61 62").slice(0, -1), beginning(begun)),
  received("half of a ping", (role) => toRole(role, "89 02  61 62").slice(0, -1), telling()),
  received("ping", plain("89 01  70"), ping),
  received("pong", plain("8a 01  70"), telling("pong 70")),
  received("Close frame", plain("88 02  03 e8"), close('close 1000 ""', "88 03 e8")),
  received("Close frame with a reason", plain("88 03  0f a1 62"), close('close 4001 "b"', "88 0f a1 62")),
  received("Close frame without a code", plain("88 00"), close('close 1005 ""', "88")),
  received("text behind a Close frame", plain("88 02  03 e8", "81 01  61"), close('close 1000 ""', "88 03 e8")),
  received("fault behind a Close frame", plain("88 02  03 e8", "83 00"), close('close 1000 ""', "88 03 e8")),
  wrong("frame with a reserved opcode", plain("83 00"), "OPCODE_RESERVED"),
  wrong("control frame with a reserved opcode", plain("8b 00"), "OPCODE_RESERVED"),
  wrong("frame with RSV2", plain("a1 00"), "RSV_UNEXPECTED"),
  wrong("frame with RSV3", plain("92 00"), "RSV_UNEXPECTED"),
  wrong("ping with RSV1", plain("c9 00"), "RSV_UNEXPECTED"),
  wrong("continuation with RSV1", plain("c0 00"), "RSV_UNEXPECTED"),
  wrong("ping in fragments", plain("09 00"), "CONTROL_FRAGMENTED"),
  wrong("Close frame in fragments", plain("08 00"), "CONTROL_FRAGMENTED"),
  wrong("ping of 126 bytes", header("89 7e  00 7e"), "CONTROL_TOO_LONG"),
  received(
    "frame that is masked by a server, or not masked by a client",
    (role) => frameBytes({ opcode: 1, payload: "a", key: role === "client" ? SAMPLE_KEY : undefined }),
    (situation, role, nowMs) =>
      failure(situation, role === "server" ? "MASK_MISSING" : "MASK_UNEXPECTED", "88 03 ea", nowMs),
  ),
  wrong("length of 16 bits that fits in 7", header("81 7e  00 7d"), "LENGTH_NOT_MINIMAL"),
  wrong("length of 64 bits that fits in 16", header("81 7f  00 00 00 00 00 00 ff ff"), "LENGTH_NOT_MINIMAL"),
  wrong("length above 2^53", header("82 7f  00 20 00 00 00 00 00 00"), "LENGTH_TOO_LARGE", "88 03 f1"),
  wrongMessage("message that is too big", header("82 7f  00 00 00 00 00 01 86 a1"), "MESSAGE_TOO_BIG", "88 03 f1"),
  wrongMessage("text that is no UTF-8", plain("81 01  ff"), "BAD_UTF8", "88 03 ef"),
  wrongMessage("text that ends inside a character", plain("81 01  c3"), "BAD_UTF8", "88 03 ef"),
  wrong("Close frame of 1 byte", plain("88 01  03"), "CLOSE_TOO_SHORT"),
  wrong("Close frame with 1005", plain("88 02  03 ed"), "CLOSE_CODE_INVALID"),
  wrong("Close frame with 999", plain("88 02  03 e7"), "CLOSE_CODE_INVALID"),
  wrong("Close frame whose reason is no UTF-8", plain("88 03  03 e8 ff"), "CLOSE_REASON_BAD_UTF8", "88 03 ef"),
  received(
    "text before a fault",
    (role) => framesTo(role, { opcode: 1, payload: "a" }, { opcode: 3 }),
    beginning((situation, _role, nowMs) => {
      const failed = failure(situation, "OPCODE_RESERVED", "88 03 ea", nowMs);
      return { ...failed, events: ['message text "a"', ...(failed.events ?? [])] };
    }),
  ),
];
