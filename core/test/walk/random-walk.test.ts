import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import { chanceFrom } from "../engine/engine-test-kit.ts";
import { FakeClock } from "../node/connection/fake-clock.ts";
import type { Terrain } from "./walk.ts";
import { walk } from "./walk.ts";

/** Walks for each terrain; WALKS in the environment asks for others. */
const DEFAULT_WALKS = 50;
/** The same where messages are compressed. What other threads do comes when it comes: a seed gives the same walk but for that. */
const DEFAULT_COMPRESSED_WALKS = 20;

/** Take many walks, each with a seed of its own. The first seed is printed, and that of a walk that fails: WALK_SEED
 * in the environment is where to begin. */
async function takeWalks(t: TestContext, terrain: Terrain): Promise<void> {
  const { WALK_SEED, WALKS } = process.env;
  const first = WALK_SEED === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(WALK_SEED);
  const count = Number(WALKS ?? (terrain.compressed ? DEFAULT_COMPRESSED_WALKS : DEFAULT_WALKS));
  t.diagnostic(`WALK_SEED=${first} WALKS=${count}`);
  const clock = new FakeClock(t);
  for (let seed = first; seed < first + count; seed++) {
    try {
      await walk(chanceFrom(seed), terrain, clock);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`WALK_SEED=${seed} WALKS=1: ${text}`, { cause: error });
    }
  }
}

describe("two connections over a link that delays, splits, merges and is cut", () => {
  test("all that was sent before an orderly close arrives, once and in order", async (t) => {
    await takeWalks(t, { hazards: [], scarce: false, compressed: false });
  });

  test("wherever they close, messages come once and in order, and both ends agree", async (t) => {
    await takeWalks(t, { hazards: ["close"], scarce: false, compressed: false });
  });

  test("wherever one terminates, nothing is stuck, and losses are told", async (t) => {
    await takeWalks(t, { hazards: ["terminate"], scarce: false, compressed: false });
  });

  test("wherever the link is cut, nothing is stuck, and losses are told", async (t) => {
    await takeWalks(t, { hazards: ["cut"], scarce: false, compressed: false });
  });

  test("with little room for what waits, nothing is stuck, and losses are told", async (t) => {
    await takeWalks(t, { hazards: ["cut", "terminate", "close"], scarce: true, compressed: false });
  });

  for (const [what, terrain] of [
    ["all that was sent before an orderly close arrives", { hazards: [], scarce: false }],
    ["nothing is stuck, and losses are told", { hazards: ["cut", "terminate", "close"], scarce: false }],
    ["the same is true with little room", { hazards: ["cut", "terminate", "close"], scarce: true }],
  ] as const) {
    test(`with messages that are compressed, some of them by other threads, ${what}`, async (t) => {
      await takeWalks(t, { ...terrain, compressed: true });
    });
  }
});
