import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { backoffMs } from "../../src/reconnect/backoff.ts";
import { chancesOf } from "./world.ts";

describe("backoff with full jitter", () => {
  test("the bound doubles with each failure, from 500 ms to 30 s", () => {
    const bounds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 500, 5_000].map((failures) => backoffMs({}, failures, 1));
    assert.deepEqual(bounds, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test("the bounds are the options'", () => {
    const options = { minDelayMs: 10, maxDelayMs: 35 };
    assert.deepEqual(
      [1, 2, 3, 4].map((failures) => backoffMs(options, failures, 1)),
      [10, 20, 35, 35],
    );
  });

  test("the waits are spread over all of it, evenly", (t) => {
    const seed = Date.now();
    t.diagnostic(`seed ${seed}`);
    const random = chancesOf(seed);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 10_000; i++) {
      const waitMs = backoffMs({}, 3, random());
      assert.ok(waitMs >= 0 && waitMs < 2_000, `${waitMs} ms`);
      const tenth = Math.floor(waitMs / 200);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 1,000 each are expected, with a deviation of 30
    for (const count of tenths) assert.ok(count > 800 && count < 1_200, String(tenths));
  });
});
