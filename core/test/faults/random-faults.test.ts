/**
 * Traffic both ways, and a fault at a random byte of it. What `send` accepted has been delivered, or its sender's close event says
 * that the end was not clean, or that the peer closed first: then nobody can know (RFC 6455 §1.4, §7.1.4).
 * In: a seed; FAULT_SEED and FAULTS in the environment are where to begin and how many. Out: what both ends were told.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Connection } from "../../src/node/index.ts";
import { type Chance, chanceFrom } from "../engine/engine-test-kit.ts";
import type { FaultLink } from "./fault-proxy.ts";
import { CARRIERS, type Carrier, type Play, Stage, type Witness } from "./stage.ts";

const DEFAULT_FAULTS = 25;
/** So short that an end that is told nothing finds out by itself, and long enough for a machine that is busy. */
const HEARTBEAT = { intervalMs: 150, timeoutMs: 150 };
/** A fault that takes longer is stuck, and its seed is told. */
const STUCK_MS = 30_000;
const LONGEST = 20_000;

const FAULTS: Readonly<Record<string, (link: FaultLink) => void>> = {
  nothing() {},
  reset: (link) => link.reset(),
  "reset of the client": (link) => link.reset("client"),
  "reset of the server": (link) => link.reset("server"),
  "half-open": (link) => link.goHalfOpen(),
  "half-open to the server": (link) => link.goHalfOpen("toServer"),
  "half-open to the client": (link) => link.goHalfOpen("toClient"),
  "stall for a turn": (link) => {
    link.stall();
    setImmediate(() => link.resume());
  },
  "end of both sockets": (link) => link.destroy(),
};

/** One end's messages, and what became of its flushes. */
interface Sent {
  readonly accepted: string[];
  readonly flushes: Promise<unknown>[];
}

function wait(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Faults that lose nothing. */
const HARMLESS: readonly string[] = ["nothing", "stall for a turn"];

/** Send numbered messages, in turns of their own, until there are enough or the connection takes no more; then perhaps close. */
async function talk(connection: Connection, chance: Chance, closes: boolean): Promise<Sent> {
  const sent: Sent = { accepted: [], flushes: [] };
  const count = chance.below(40);
  for (let index = 0; index < count; index++) {
    const message = `${index} ${"x".repeat(chance.below(LONGEST))}`;
    const before = connection.droppedMessages;
    connection.send(message);
    if (connection.droppedMessages === before) sent.accepted.push(message);
    if (chance.below(4) === 0) {
      sent.flushes.push(
        connection.flush().catch(({ code }: { code: string }) => assert.equal(code, "CONNECTION_CLOSED")),
      );
    }
    if (chance.below(2) === 0) await wait();
  }
  if (closes) connection.close(4000);
  return sent;
}

/** See what an end was told of what it sent.
 * @param isSure whether a clean end says that everything was delivered */
async function assertTold(sent: Sent, sender: Witness, receiver: Witness, isSure: boolean): Promise<void> {
  const { wasClean, received: closedByPeer } = await sender.closed;
  const { received } = receiver;
  assert.deepEqual(received, sent.accepted.slice(0, received.length), "once and in order");
  if (received.length < sent.accepted.length) {
    assert.equal(wasClean && isSure, false, "a clean end says that everything was delivered");
    assert.ok(!wasClean || closedByPeer?.code === 4000, "it is told");
  }
  await Promise.all(sent.flushes);
  assert.equal(sender.closes, 1);
}

async function playFault(carrier: Carrier, seed: number): Promise<string> {
  const chance = chanceFrom(seed);
  const name = chance.of(Object.keys(FAULTS) as [string, ...string[]]);
  const stage = await Stage.make(carrier, { both: { heartbeat: HEARTBEAT, closeTimeoutMs: 500, compression: false } });
  try {
    const play = await stage.open();
    trap(play, chance, name);
    const closer = chance.below(2);
    const [client, server] = await Promise.all([
      talk(play.client, chanceFrom(seed + 1), closer === 0),
      talk(play.server, chanceFrom(seed + 2), closer === 1),
    ]);
    const isHarmless = HARMLESS.includes(name);
    await assertTold(client, play.atClient, play.atServer, isHarmless || closer === 0);
    await assertTold(server, play.atServer, play.atClient, isHarmless || closer === 1);
    assert.equal(stage.server.connections.size, 0);
    const { wasClean } = await play.atClient.closed;
    return wasClean ? "clean" : "cut";
  } catch (error) {
    throw new Error(`FAULT_SEED=${seed} FAULTS=1 (${name}): ${String(error)}`, { cause: error });
  } finally {
    await stage.clear();
  }
}

/** Let the fault come at some byte of the traffic, or never where there are not so many. */
function trap({ link }: Play, chance: Chance, name: string): void {
  const lane = chance.of([link.toServer, link.toClient]);
  // Half of them early, where the traffic surely is
  const bytes = chance.below(chance.of([2_000, 20 * LONGEST]));
  lane.after(lane.passedBytes + bytes, () => FAULTS[name]?.(link));
}

async function stuck(seed: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, STUCK_MS).unref());
  throw new Error(`FAULT_SEED=${seed} FAULTS=1 is stuck`);
}

async function playFaults(t: TestContext, carrier: Carrier): Promise<void> {
  const { FAULT_SEED, FAULTS: count = DEFAULT_FAULTS } = process.env;
  const first = FAULT_SEED === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(FAULT_SEED);
  const ends: Record<string, number> = {};
  for (let seed = first; seed < first + Number(count); seed++) {
    const end = await Promise.race([playFault(carrier, seed), stuck(seed)]);
    ends[end] = (ends[end] ?? 0) + 1;
  }
  t.diagnostic(`FAULT_SEED=${first} FAULTS=${count}: ${JSON.stringify(ends)}`);
}

describe("traffic with a fault at a random byte", { timeout: 120_000 }, () => {
  for (const carrier of CARRIERS) {
    test(`over ${carrier}: what was accepted is delivered once and in order, or its sender is told`, async (t) => {
      await playFaults(t, carrier);
    });
  }
});
