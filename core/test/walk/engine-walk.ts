/**
 * One random walk of two engines over two pipes that split, merge, hold up, truncate and break: no thread, no timer, so that a seed
 * gives the same walk each time. In: chance. Out: nothing, or an error that says what was wrong.
 */
import assert from "node:assert/strict";
import { ProtocolError } from "../../src/engine/errors.ts";
import type { Role } from "../../src/engine/protocol/protocol-kit.ts";
import { type Chance, framesFrom, joined, kitOf } from "../engine/engine-test-kit.ts";
import { BREAKS, EnginePipe } from "./engine-pipe.ts";
import { EngineWalker } from "./engine-walker.ts";

const NEVER = Number.POSITIVE_INFINITY;
/** A walk that goes on so long goes nowhere. */
const MOST_ROUNDS = 20_000;

/** @param breaks whether the way between the two may break */
export function engineWalk(chance: Chance, breaks: boolean): void {
  const { below, of } = chance;
  const pipes = [pipeOf(chance), pipeOf(chance)] as const;
  const walkers = [
    new EngineWalker(randomKit(chance, "server", breaks), chance, pipes[0], pipes[1]),
    new EngineWalker(randomKit(chance, "client", breaks), chance, pipes[1], pipes[0]),
  ] as const;
  const pieceBytes = of([1, 5, 50, 10_000]);
  let nowMs = 0;
  const leaveAt = below(160);
  for (let step = below(150); step > 0; step--) {
    nowMs += of([0, 0, 1, below(30), breaks ? below(300) : 0]);
    const walker = of(walkers);
    if (below(8) === 0) walker.open(nowMs);
    if (below(2) === 0) walker.act(nowMs);
    if (breaks && step === leaveAt) walker.leave(nowMs);
    if (breaks && below(200) === 0) of(pipes).break(of(BREAKS));
    of(walkers).arrive(pieceBytes, nowMs);
    for (const each of walkers) each.keepUp(nowMs);
  }
  end(walkers, of([true, false]), pieceBytes, nowMs);
  for (const walker of walkers) judge(walker);
  const [server, client] = walkers;
  judgeDelivery(server, client);
  judgeDelivery(client, server);
  if (!breaks)
    assert.ok(server.ending?.wasClean && client.ending?.wasClean, "nothing went wrong, and the end is not clean");
}

/** Both close; whatever moves, moves, and where nothing does the time passes. */
function end(
  walkers: readonly [EngineWalker, EngineWalker],
  isServerFirst: boolean,
  pieceBytes: number,
  startMs: number,
): void {
  let nowMs = startMs;
  const [first, second] = isServerFirst ? walkers : [walkers[1], walkers[0]];
  first.open(nowMs);
  second.open(nowMs);
  first.hurry(nowMs);
  let hasHurried = false;
  for (let round = 0; walkers.some(({ ending }) => ending === undefined); round++) {
    assert.ok(round < MOST_ROUNDS, "it never ends");
    const moves = movesOf(walkers);
    for (const walker of walkers) {
      walker.keepUp(nowMs);
      walker.arrive(pieceBytes, nowMs);
      walker.work();
    }
    if (movesOf(walkers) > moves) continue;
    if (!hasHurried) {
      hasHurried = true;
      second.hurry(nowMs);
      continue;
    }
    const dueMs = Math.min(...walkers.map((walker) => dueOf(walker)));
    assert.notEqual(dueMs, NEVER, `stuck: ${walkers.map(({ role, protocol }) => `${role} ${protocol.state}`).join()}`);
    nowMs = Math.max(nowMs, dueMs);
  }
}

function movesOf([one, other]: readonly [EngineWalker, EngineWalker]): number {
  return one.moves + other.moves;
}

function dueOf({ ending, protocol }: EngineWalker): number {
  return ending === undefined ? protocol.nextDeadlineMs : NEVER;
}

// ---- what must be true

function judge({ protocol, role, errors, ending, output }: EngineWalker): void {
  const { state, transportWish, nextDeadlineMs, hasUnread, failurePending } = protocol;
  assert.deepEqual(
    [state, transportWish, nextDeadlineMs, hasUnread, failurePending],
    ["closed", "destroy", NEVER, false, false],
    `the ${role}'s end`,
  );
  assert.deepEqual(
    errors,
    ending?.error === undefined ? [] : [ending.error],
    `the ${role} is told of its failure once`,
  );
  // Nothing follows a Close frame (RFC 6455 §5.5.1).
  const frames = framesFrom(role, joined(output));
  const close = frames.findIndex((frame) => frame.startsWith("88"));
  assert.ok(
    close === -1 || close === frames.length - 1,
    `the ${role} sends ${frames[close + 1]} after its Close frame`,
  );
  assert.ok(
    !(ending?.error instanceof ProtocolError),
    `the ${role} says its peer was wrong: ${ending?.error?.message}`,
  );
}

/** Everything comes once, in order and whole, and where something is lost the sender knows it. */
function judgeDelivery(from: EngineWalker, to: EngineWalker): void {
  const what = `what the ${from.role} sent and the ${to.role} got`;
  assert.deepEqual(to.received, from.sent.slice(0, to.received.length), what);
  const hasHeardClose = to.ending?.received !== undefined;
  if (hasHeardClose) assert.deepEqual(to.ending?.received, from.ending?.sent, `the Close frame of the ${from.role}`);
  // Who was answered knows that all has arrived; who answered can only know that it was sent (RFC 6455 §7.1.4).
  const isAnswered = from.ending?.wasClean === true && to.hasAnswered;
  if (hasHeardClose || isAnswered) assert.deepEqual(to.received, from.sent, what);
}

// ---- chance

function pipeOf(chance: Chance): EnginePipe {
  return new EnginePipe(chance, chance.of([1, 30, 1_000, 1_000_000]));
}

function randomKit({ of }: Chance, role: Role, breaks: boolean): ReturnType<typeof kitOf> {
  return kitOf(role, {
    limits: { messageTimeoutMs: breaks ? of([NEVER, 500]) : NEVER, maxPendingPongs: breaks ? of([3, 1_000]) : 1_000 },
    textAs: of(["string", "bytes"]),
    heartbeatIntervalMs: of([NEVER, 40, 400]),
    heartbeatTimeoutMs: breaks ? of([NEVER, 100]) : NEVER,
    closeTimeoutMs: breaks ? of([100, 5_000]) : 1e9,
    pongIntervalMs: of([0, 50]),
    fragmentBytes: of([NEVER, 7]),
  });
}
