import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { spread } from "../../../src/node/server/spread.ts";
import { FakeClock } from "../connection/fake-clock.ts";

describe("spreading", () => {
  test("comes to the first now, to the last when the time is over, and evenly to those between", async (t) => {
    const clock = new FakeClock(t);
    const done: number[] = [];
    spread([0, 1, 2, 3, 4], 1_000, (one) => done.push(one));
    assert.deepEqual(done, [0]);
    for (const count of [1, 2, 3, 4]) {
      await clock.advance(249);
      assert.equal(done.length, count);
      await clock.advance(1);
      assert.equal(done.length, count + 1);
    }
    assert.deepEqual(done, [0, 1, 2, 3, 4]);
  });

  test("takes many in portions, with no more timers than one for each 10 ms", async (t) => {
    const clock = new FakeClock(t);
    const done = new Set<number>();
    const all = Array.from({ length: 10_000 }, (_, index) => index);
    spread(all, 100, (one) => done.add(one));
    await clock.advance(50);
    assert.ok(done.size >= 4_000 && done.size <= 6_000, `${done.size} after half of the time`);
    await clock.advance(60);
    assert.equal(done.size, 10_000);
    assert.ok(clock.fired <= 12, `${clock.fired} timers`);
  });

  test("over more than setTimeout takes comes to nobody before the time", async (t) => {
    const clock = new FakeClock(t);
    const done: string[] = [];
    const stop = spread(["a", "b"], 2 ** 40, (one) => done.push(one));
    const { fired } = clock;
    await clock.advance(60_000);
    assert.deepEqual([done, clock.fired - fired <= 1], [["a"], true]);
    stop();
  });

  test("stops when it is told to", async (t) => {
    const clock = new FakeClock(t);
    const done: string[] = [];
    const stop = spread(["a", "b"], 100, (one) => done.push(one));
    stop();
    await clock.advance(1_000);
    assert.deepEqual(done, ["a"]);
  });

  test("over no time, or of one or none, is done at once", () => {
    const done: string[] = [];
    for (const [all, ms] of [
      [["a", "b"], 0],
      [["c"], 1_000],
      [[], 1_000],
    ] as const)
      spread(all, ms, (one) => done.push(one));
    assert.deepEqual(done, ["a", "b", "c"]);
  });
});
