/**
 * One random walk of two connections over an unruly link, from the opening to the end of both, and what must be true of
 * it however it went. In: a seed's numbers, and what may happen. Out: nothing, or an error that says what was wrong.
 */
import assert from "node:assert/strict";
import { PROTOCOL_ERRORS } from "../../src/engine/errors.ts";
import { deadlines } from "../../src/node/connection/deadlines.ts";
import { memoryBudget } from "../../src/node/connection/memory-budget.ts";
import type { RateOptions } from "../../src/node/connection/rate.ts";
import type { CloseEvent, ConnectionOptions } from "../../src/node/connection/settings.ts";
import type { Chance } from "../engine/engine-test-kit.ts";
import type { FakeClock } from "../node/connection/fake-clock.ts";
import { type Agreed, randomAgreement, threadPoolRested } from "./compressing.ts";
import { closeFrameIn, messagesIn } from "./sent-messages.ts";
import type { Weather } from "./unruly-link.ts";
import { CUTS, UnrulyLink } from "./unruly-link.ts";
import type { Manner, Reading } from "./walker.ts";
import { keyOf, Walker } from "./walker.ts";

/** What may happen on a walk besides messages. */
export interface Terrain {
  /** How the walk ends before its time, if it does. */
  readonly hazards: readonly ("cut" | "terminate" | "fail" | "close")[];
  /** Whether connections may be told to hold little, so that messages are dropped or the connection fails. */
  readonly scarce: boolean;
  /** Whether messages may be compressed. */
  readonly compressed?: boolean;
  /** What becomes of a peer that sends more than it may, where it may not send what it likes. */
  readonly rated?: RateOptions["policy"];
  /** Whether the process has no memory left for its connections, so that each may hold little. */
  readonly full?: boolean;
}

/** Errors that say that somebody broke the rules: nobody does, wherever the link is cut. */
const NEVER_SEEN: ReadonlySet<string> = new Set(["HANDLER_FAILED", ...Object.keys(PROTOCOL_ERRORS)]);

/** Longer than any timeout of a connection that nobody holds up. */
const LONGEST_END_MS = 300_000;

export async function walk(chance: Chance, terrain: Terrain, clock: FakeClock): Promise<void> {
  const watched = deadlines.size;
  const held = memoryBudget.usedBytes;
  clock.fired = 0;
  const weather = randomWeather(chance);
  const link = new UnrulyLink(chance, weather);
  const agreed = terrain.compressed ? randomAgreement(chance) : undefined;
  const server = new Walker(chance, randomManner(chance, "server", weather, terrain, agreed), link.ends[0]);
  server.step();
  await clock.advance(chance.below(20));
  const client = new Walker(chance, randomManner(chance, "client", weather, terrain, agreed), link.ends[1]);
  const walkers = [server, client] as const;
  try {
    await wander(chance, terrain, clock, link, walkers);
    if (terrain.hazards.length === 0) await endInOrder(chance, clock, walkers);
    else await endAnyhow(chance, clock, walkers);
  } finally {
    // A walk that fails leaves nothing to the next one.
    for (const walker of walkers) walker.terminate();
    // Sources that were given up may still wait for their time.
    await clock.advance(1_000);
    if (terrain.compressed) await threadPoolRested();
  }
  for (const walker of walkers) judge(walker);
  judgeDelivery(server, client);
  judgeDelivery(client, server);
  judgeEndings(server, client);
  judgeTold(server, client);
  judgeTold(client, server);
  assert.equal(deadlines.size, watched, "deadlines are watched after the end");
  assert.equal(memoryBudget.usedBytes, held, "memory is counted after the end");
  // A timer that was set for them may ring once more, and sets no other one.
  await clock.advance(LONGEST_END_MS);
  assert.equal(clock.timers, 0, "timers are set after the end");
}

// ---- what happens

async function wander(
  chance: Chance,
  { hazards }: Terrain,
  clock: FakeClock,
  link: UnrulyLink,
  walkers: readonly [Walker, Walker],
): Promise<void> {
  const steps = 10 + chance.below(50);
  const [hazard] = hazards.length === 0 ? [] : [hazards[chance.below(hazards.length)]];
  const hazardAt = chance.below(steps);
  for (let step = 0; step < steps; step++) {
    const walker = chance.of(walkers);
    walker.step();
    if (hazard !== undefined && step >= hazardAt && chance.below(4) === 0) {
      if (hazard === "cut") link.cut(chance.of(CUTS));
      if (hazard === "terminate") walker.terminate();
      if (hazard === "fail") walker.fail();
      if (hazard === "close") walker.close();
    }
    // Mostly several things in one turn, or close to one another; at times a silence.
    await clock.advance(chance.of([0, 0, 0, 1, chance.below(20), chance.below(20), chance.below(500)]));
    if (hazard !== undefined && chance.below(100) === 0) await clock.advance(chance.below(40_000));
  }
}

/** One closes while the other goes on reading: nothing may be lost but what the other sends too late. */
async function endInOrder(chance: Chance, clock: FakeClock, walkers: readonly [Walker, Walker]): Promise<void> {
  for (const walker of walkers) walker.hurry();
  if (chance.below(2) === 0) await comeToRest(clock, walkers);
  const [closing, other] = chance.below(2) === 0 ? walkers : [walkers[1], walkers[0]];
  closing.close();
  await ended(clock, walkers);
  assert.deepEqual([...closing.errors, ...other.errors], []);
  assert.ok(closing.closes[0]?.wasClean && other.closes[0]?.wasClean, "the end is clean");
  // What the closing one sent before it closed has arrived, all of it.
  assert.equal(closing.connection.droppedMessages, closing.refused, "messages sent before close were dropped");
  assert.deepEqual(other.received, keysOf(closing));
}

/** Everything is read, so that soon nothing waits and all that was promised has come. */
async function comeToRest(clock: FakeClock, walkers: readonly [Walker, Walker]): Promise<void> {
  const startMs = clock.nowMs;
  while (walkers.some(({ isBusy }) => isBusy) && clock.nowMs - startMs < LONGEST_END_MS)
    await passSecond(clock, walkers);
  for (const { connection, drainDue, manner, waiting } of walkers) {
    assert.equal(connection.state, "open");
    assert.equal(connection.bufferedBytes, 0, `bytes of the ${manner.role} wait although everything is read`);
    assert.equal(drainDue, false, `no drain followed for the ${manner.role}`);
    assert.deepEqual(waiting, [], `the ${manner.role} is left waiting although everything is read`);
  }
}

async function endAnyhow(chance: Chance, clock: FakeClock, walkers: readonly [Walker, Walker]): Promise<void> {
  for (const walker of chance.below(2) === 0 ? walkers : [walkers[1], walkers[0]]) {
    walker.hurry();
    walker.close();
    await clock.advance(chance.below(100));
  }
  await ended(clock, walkers);
}

/** Wait for the end of both, which comes by itself. */
async function ended(clock: FakeClock, walkers: readonly [Walker, Walker]): Promise<void> {
  const startMs = clock.nowMs;
  const isOver = ({ closes }: Walker): boolean => closes.length > 0;
  while (!walkers.every(isOver) && clock.nowMs - startMs < LONGEST_END_MS) await passSecond(clock, walkers);
  for (const { connection, closes, manner } of walkers) {
    assert.equal(closes.length, 1, `the ${manner.role} is stuck, ${connection.state}`);
  }
}

/** A second by the clock of the walk, and as much time as the thread pool needs by its own. */
async function passSecond(clock: FakeClock, [walker]: readonly [Walker, Walker]): Promise<void> {
  if (walker.manner.deflates !== undefined) await threadPoolRested();
  await clock.advance(1_000);
}

// ---- what must be true

function judge(walker: Walker): void {
  const { connection, link, closes, opens, ends, waiting, isOver } = walker;
  const { role } = walker.manner;
  assert.equal(connection.state, "closed");
  assert.deepEqual([opens, closes.length, ends], [1, 1, 1], `the ${role}'s open, close and end come once each`);
  assert.deepEqual(link.misuses, [], `the ${role} misuses its transport`);
  assert.deepEqual(waiting, [], `the ${role} is left waiting`);
  assert.ok(isOver, `the ${role}'s loop or closed is left waiting`);
  assert.equal(connection.bufferedBytes, 0);
  assert.deepEqual(
    walker.errors.filter((error) => NEVER_SEEN.has(error.slice(0, error.indexOf(":")))),
    [],
  );
  assert.equal(walker.counters.heldBytes, 0);
  judgeLosses(walker);
}

/** What was accepted is either with the system or told to be lost. */
function judgeLosses(walker: Walker): void {
  const { connection, closes, flushes, refused } = walker;
  const { role } = walker.manner;
  const accepted = keysOf(walker);
  const sentBytes = Buffer.concat(walker.link.outgoing.taken);
  const taken = messagesIn(sentBytes, walker.manner.deflates?.own);
  assertInOrder(
    taken.map(({ key }) => key),
    accepted,
    `what the ${role} sent`,
  );
  const lost = accepted.length - taken.length;
  const told = connection.droppedMessages - refused;
  const unsentBytes = closes[0]?.unsentBytes ?? 0;
  assert.ok(told <= lost, `the ${role} is told of ${told} dropped messages, ${lost} were lost`);
  const wasClean = closes[0]?.wasClean === true;
  if (wasClean)
    assert.ok(closeFrameIn(sentBytes), `the ${role}'s end is clean although its Close frame was never sent`);
  if (unsentBytes === 0 || wasClean)
    assert.equal(told, lost, `the ${role} lost ${lost} messages, and is told of ${told}`);
  for (const { acceptedBefore, takenBytes } of flushes) {
    const flushed = taken.filter(({ endBytes }) => endBytes <= takenBytes).length;
    assert.ok(flushed >= acceptedBefore, `the ${role}'s flush resolved at ${flushed} of ${acceptedBefore} messages`);
  }
}

/** Each message once, whole, in order; and all that arrived where the peer ended in order. */
function judgeDelivery(from: Walker, to: Walker): void {
  const what = `what the ${from.manner.role} sent and the ${to.manner.role} got`;
  assertInOrder(to.received, keysOf(from), what);
  const { messagesRefused } = to.counters;
  if (messagesRefused > 0) assert.ok(to.errors.some((error) => error.startsWith("RATE_EXCEEDED")));
  const [event] = to.closes;
  const endedInOrder = event?.wasClean === true || (event?.error === undefined && to.link.incoming.endDelivered);
  if (!endedInOrder || to.mayPassOver) return;
  const arrived = messagesIn(Buffer.concat(to.link.incoming.arrived), from.manner.deflates?.own).map(({ key }) => key);
  if (messagesRefused > 0) assert.equal(to.received.length + messagesRefused, arrived.length, what);
  else assert.deepEqual(to.received, arrived, what);
}

/** Who has closed in order, and was answered, knows what came of every message. */
function judgeTold(from: Walker, to: Walker): void {
  const [event] = from.closes;
  if (event?.wasClean !== true || to.hasLeft || to.mayPassOver || to.closes[0]?.error !== undefined) return;
  const lost = from.accepted.length - to.received.length - to.counters.messagesRefused;
  const told = from.connection.droppedMessages - from.refused;
  assert.equal(told, lost, `the ${from.manner.role} has lost ${lost} messages although its end was clean`);
}

/** Both ends tell the same story. */
function judgeEndings(server: Walker, client: Walker): void {
  const [ours, theirs]: readonly (CloseEvent | undefined)[] = [server.closes[0], client.closes[0]];
  if (ours?.received !== undefined) assert.deepEqual(ours.received, theirs?.sent);
  if (theirs?.received !== undefined) assert.deepEqual(theirs.received, ours?.sent);
  for (const event of [ours, theirs]) if (event?.wasClean === true) assert.equal(event.code, event.received?.code);
}

function keysOf(walker: Walker): string[] {
  return walker.accepted.map(({ kind, pieces }) => keyOf(kind, pieces));
}

function assertInOrder(part: readonly string[], whole: readonly string[], what: string): void {
  let at = 0;
  for (const [index, key] of part.entries()) {
    const found = whole.indexOf(key, at);
    assert.ok(found >= 0, `${what}: message ${index}, ${JSON.stringify(key.slice(0, 60))}, is not one that comes now`);
    at = found + 1;
  }
}

// ---- chance

function randomWeather({ below, of }: Chance): Weather {
  const pieceBytes = of([1, 7, 100, 1_000, 100_000]);
  const capacityBytes = of([1, 50, 1_000, 30_000, 1_000_000]);
  // A message that comes drop by drop has to be there before its time is up.
  const delayMs = Math.min(pieceBytes, capacityBytes) < 50 ? of([0, 1, 10]) : of([0, 1, 20, 200]);
  return { delayMs, pieceBytes, capacityBytes, late: below(4) === 0 };
}

function randomManner(
  chance: Chance,
  role: Manner["role"],
  weather: Weather,
  terrain: Terrain,
  agreed: Agreed | undefined,
): Manner {
  const { of } = chance;
  const mostBytes = Math.min(terrain.full ? 200_000 : 70_000, 50 * Math.min(weather.pieceBytes, weather.capacityBytes));
  const reading = terrain.rated === "drop" ? "handler" : of<Reading>(["handler", "handler", "fragments", "loop"]);
  const backpressure = {
    highWaterMarkBytes: of([1, 1_000, 65_536]),
    ...(terrain.scarce ? { maxBufferedBytes: of([100, 5_000, 100_000]), policy: of(["close", "drop"] as const) } : {}),
  };
  const reception = reading === "fragments" ? reading : "messages";
  // Where nothing is to go wrong no slowness may be too much.
  const patient = terrain.hazards.length === 0;
  const options: ConnectionOptions = {
    reception,
    backpressure,
    closeTimeoutMs: patient ? Number.POSITIVE_INFINITY : of([100, 5_000]),
    heartbeat: { intervalMs: of([300, 30_000]), timeoutMs: patient ? Number.POSITIVE_INFINITY : of([200, 10_000]) },
    ...(terrain.rated === undefined ? {} : { rate: randomRate(chance, terrain.rated) }),
    limits: { messageTimeoutMs: patient ? Number.POSITIVE_INFINITY : 60_000 },
  };
  return { role, reading, slowMs: of([0, 5, 100]), mostBytes, options, deflates: agreed?.[role] };
}

function randomRate({ of }: Chance, policy: RateOptions["policy"]): RateOptions {
  return {
    messagesPerSecond: of([20, 200, 100_000]),
    bytesPerSecond: of([50_000, 500_000, Number.POSITIVE_INFINITY]),
    burstMs: of([50, 1_000]),
    policy,
  };
}
