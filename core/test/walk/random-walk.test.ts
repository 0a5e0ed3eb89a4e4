import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { before, describe, test } from "node:test";
import { memoryBudget } from "../../src/node/connection/memory-budget.ts";
import { chanceFrom } from "../engine/engine-test-kit.ts";
import { FakeClock } from "../node/connection/fake-clock.ts";
import { takeWalks } from "./seeds.ts";
import type { Terrain } from "./walk.ts";
import { walk } from "./walk.ts";

/** Walks for each terrain. */
const WALKS = 8;
/** The same where messages are compressed. What other threads do comes when it comes: a seed gives the same walk but for that. */
const COMPRESSED_WALKS = 5;

const ANYTHING = ["cut", "terminate", "fail", "close"] as const;

const TERRAINS: readonly (readonly [what: string, terrain: Terrain])[] = [
  ["all that was sent before an orderly close arrives, once and in order", { hazards: [], scarce: false }],
  ["wherever they close, messages come once and in order, and both ends agree", { hazards: ["close"], scarce: false }],
  ["wherever one fails, messages come once and in order, and both ends agree", { hazards: ["fail"], scarce: false }],
  ["wherever one terminates, nothing is stuck, and losses are told", { hazards: ["terminate"], scarce: false }],
  ["wherever the link is cut, nothing is stuck, and losses are told", { hazards: ["cut"], scarce: false }],
  ["with little room for what waits, nothing is stuck, and losses are told", { hazards: ANYTHING, scarce: true }],
  ["with no memory left, nothing is stuck, and losses are told", { hazards: ANYTHING, scarce: false, full: true }],
  ["who sends too quickly is slowed, and nothing is lost", { hazards: [], scarce: false, rated: "slow" }],
  ["who sends too quickly loses what is counted", { hazards: ["close"], scarce: false, rated: "drop" }],
  [
    "who sends too quickly is failed, and losses are told",
    { hazards: ["close", "cut"], scarce: false, rated: "close" },
  ],
  ["who is slowed is not stuck wherever it ends", { hazards: ANYTHING, scarce: true, rated: "slow" }],
];

const COMPRESSED_TERRAINS: typeof TERRAINS = [
  ["all that was sent before an orderly close arrives", { hazards: [], scarce: false }],
  ["nothing is stuck, and losses are told", { hazards: ANYTHING, scarce: false }],
  ["the same is true with little room", { hazards: ANYTHING, scarce: true }],
  ["the same is true of who is slowed", { hazards: ANYTHING, scarce: false, rated: "slow" }],
];

/** On Node 24 and later tsx is still connecting to its own process when the first test begins. */
before(async () => {
  while (process.getActiveResourcesInfo().includes("ConnectWrap"))
    await new Promise((resolve) => setImmediate(resolve));
});

async function explore(t: TestContext, terrain: Terrain): Promise<void> {
  const clock = new FakeClock(t);
  const { limitBytes } = memoryBudget;
  t.after(() => {
    memoryBudget.limitBytes = limitBytes;
  });
  if (terrain.full === true) memoryBudget.limitBytes = 0;
  const resources = lastingResources();
  await takeWalks(t, terrain.compressed === true ? COMPRESSED_WALKS : WALKS, (seed) =>
    walk(chanceFrom(seed), terrain, clock),
  );
  assert.deepEqual(lastingResources(), resources, "what keeps the process alive");
}

/** What keeps the process alive, but for what the test runner is just reading or writing. */
function lastingResources(): string[] {
  const passing = /Req|WriteWrap/;
  return process
    .getActiveResourcesInfo()
    .filter((name) => !passing.test(name))
    .sort();
}

describe("two connections over a link that delays, splits, merges, truncates and is cut", () => {
  for (const [what, terrain] of TERRAINS) {
    test(what, (t) => explore(t, terrain));
  }

  for (const [what, terrain] of COMPRESSED_TERRAINS) {
    test(`with messages that are compressed, some of them by other threads, ${what}`, (t) =>
      explore(t, { ...terrain, compressed: true }));
  }
});
