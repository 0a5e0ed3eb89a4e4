/**
 * Every situation × every input: what each leads to, that nothing but a UsageError is thrown, and that no way leads into a state that neither
 * the time nor the end of the transport leads out of.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../../src/engine/errors.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import { framesFrom, outputOf, ROLES, toRole } from "../engine-test-kit.ts";
import { COMMANDS, type Input, type Outcome } from "./every-state-commands.ts";
import { FRAMES } from "./every-state-frames.ts";
import { PHASES, SITUATIONS, type Situation, type Subject, subjectIn } from "./every-state-situations.ts";

/** How long after the situation has come the input comes. */
const LATER_MS = 50;
/** A ping, a waiting pong, a message's time, the peer given up, the end. */
const MOST_TICKS = 5;
const NEVER = Number.POSITIVE_INFINITY;

const INPUTS = [...COMMANDS, ...FRAMES];

/** What the outside sees after an input. */
function outcomeOf(situation: Situation, input: Input, subject: Subject): Outcome {
  const { protocol } = subject;
  let fault: { throws?: true } = {};
  let answer: unknown;
  try {
    answer = input.run(subject, (situation.nowMs ?? 0) + LATER_MS);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    fault = { throws: true };
  }
  return {
    ...fault,
    answer,
    events: [...subject.events, ...subject.take()],
    frames: framesFrom(subject.role, outputOf(protocol)),
    state: protocol.state,
    wish: protocol.transportWish,
    due: protocol.nextDeadlineMs,
  };
}

/** What it must be: as before, but for what the input's rule says. */
function expectedOf(situation: Situation, input: Input, subject: Subject): Outcome {
  const { state, transportWish: wish, nextDeadlineMs: due } = subject.protocol;
  const change = input.expect(situation, subject.role, (situation.nowMs ?? 0) + LATER_MS);
  const { events = [], ...rest } = change;
  const told = situation.pending === undefined ? events : [situation.pending, ...events];
  return { answer: undefined, frames: [], state, wish, due, ...rest, events: told };
}

/** An endpoint that something has happened to in a situation. */
function afterInput(situation: Situation, input: Input, role: Role): Subject {
  const subject = subjectIn(situation, role);
  outcomeOf(situation, input, subject);
  return subject;
}

/** Let the time pass that it asks for, until it asks for none. */
function passTime(subject: Subject, startMs: number): void {
  const { protocol } = subject;
  protocol.hold(false, startMs);
  let nowMs = startMs;
  for (let ticks = 0; protocol.nextDeadlineMs !== NEVER; ticks++) {
    assert.ok(ticks < MOST_TICKS, `after ${ticks} ticks it is ${protocol.state}, due at ${protocol.nextDeadlineMs}`);
    nowMs = Math.max(nowMs, protocol.nextDeadlineMs);
    protocol.tick(nowMs);
    assert.ok(protocol.nextDeadlineMs > nowMs, "what was due is due still after its tick");
    subject.take();
  }
}

/** It is over: whatever is tried leads to nothing, and nothing is due. */
function judgeEnd(subject: Subject): void {
  const { protocol, role } = subject;
  protocol.ended();
  const left = subject.take();
  assert.ok(left.length <= 1 && left.every((event) => event.startsWith("failed")), left.join());
  outputOf(protocol);
  protocol.tick(1e9);
  assert.deepEqual(subject.receive(toRole(role, "81 01  61", "89 00", "88 00", "83 00"), 1e9), []);
  assert.equal(subject.finishInflating(), false);
  protocol.close(1000, "", 1e9);
  protocol.receiveEnd(1e9);
  assert.deepEqual(subject.take(), []);
  assert.deepEqual(
    [outputOf(protocol).length, protocol.state, protocol.transportWish, protocol.nextDeadlineMs, protocol.hasUnread],
    [0, "closed", "destroy", NEVER, false],
  );
}

/** For each input, and with its name where something is wrong. */
function forEachInput(check: (input: Input) => void): void {
  for (const input of INPUTS) {
    try {
      check(input);
    } catch (error) {
      if (error instanceof Error) error.message = `${input.name}: ${error.message}`;
      throw error;
    }
  }
}

describe("the table of situations and inputs", () => {
  test("has every phase, and each row once", (context) => {
    assert.deepEqual(new Set(SITUATIONS.map(({ phase }) => phase)), new Set(Object.keys(PHASES)));
    for (const rows of [SITUATIONS, INPUTS]) assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    context.diagnostic(`${SITUATIONS.length} situations × ${INPUTS.length} inputs × ${ROLES.length} roles`);
  });
});

for (const role of ROLES) {
  describe(`a ${role} in every situation (RFC 6455 §4.1, §5, §7)`, () => {
    for (const situation of SITUATIONS) {
      const startMs = (situation.nowMs ?? 0) + LATER_MS;

      test(`${situation.name}: every command, frame and time leads to what it must`, () => {
        forEachInput((input) => {
          const subject = subjectIn(situation, role);
          const expected = expectedOf(situation, input, subject);
          assert.deepEqual(outcomeOf(situation, input, subject), expected);
        });
      });

      test(`${situation.name}: whatever comes, the time that passes ends it`, () => {
        forEachInput((input) => {
          const subject = afterInput(situation, input, role);
          passTime(subject, startMs);
          const { state, transportWish } = subject.protocol;
          // Whoever waits for the opening handshake has a deadline of their own.
          if (state !== "connecting") assert.equal(transportWish, "destroy");
          judgeEnd(subject);
        });
      });

      test(`${situation.name}: whatever comes, the end of the peer's bytes ends it in time`, () => {
        forEachInput((input) => {
          const subject = afterInput(situation, input, role);
          subject.protocol.receiveEnd(startMs);
          subject.take();
          passTime(subject, startMs);
          assert.equal(subject.protocol.transportWish, "destroy");
          judgeEnd(subject);
        });
      });

      test(`${situation.name}: whatever comes, nothing is left to be done when the transport is gone`, () => {
        forEachInput((input) => judgeEnd(afterInput(situation, input, role)));
      });
    }
  });
}
