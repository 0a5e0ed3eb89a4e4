import { describe, test } from "node:test";
import { chanceFrom } from "../engine/engine-test-kit.ts";
import { engineWalk } from "./engine-walk.ts";
import { takeWalks } from "./seeds.ts";

/** Walks for each test. */
const WALKS = 200;

describe("two engines over pipes that split, merge and hold up", () => {
  test("bring every message once and in order, and end in order", async (t) => {
    await takeWalks(t, WALKS, (seed) => engineWalk(chanceFrom(seed), false));
  });

  test("and that truncate, fall silent and break: nothing comes twice, nobody is stuck, losses are known", async (t) => {
    await takeWalks(t, WALKS, (seed) => engineWalk(chanceFrom(seed), true));
  });
});
