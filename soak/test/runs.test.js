import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Random } from "../lib/random.js";
import { Runs } from "../lib/runs.js";

/** @param {readonly number[]} numbers */
function runsOf(numbers) {
  const runs = new Runs();
  for (const number of numbers) runs.add(number);
  return runs;
}

describe("Runs", () => {
  test("tell a number that comes next, leaves a gap, comes late, comes again", () => {
    const runs = new Runs();
    assert.deepEqual(
      [0, 1, 4, 5, 2, 2, 4, 3].map((number) => runs.add(number)),
      ["next", "next", "later", "next", "late", "again", "again", "late"],
    );
    assert.equal(runs.size, 6);
    assert.equal(runs.highest, 5);
  });

  test("a first number above 0 leaves a gap", () => {
    assert.equal(new Runs().add(1), "later");
  });

  test("without others, and counts above a number, are those of plain sets", () => {
    const seed = Date.now();
    const random = new Random(seed);
    const makeSet = () => Array.from({ length: 60 }, (_, number) => number).filter(() => random.chance(0.7));
    for (let round = 0; round < 200; round += 1) {
      const [left, right] = [makeSet(), makeSet()];
      const [leftRuns, rightRuns] = [runsOf(left), runsOf(right)];
      const rest = left.filter((number) => !right.includes(number));
      const restRuns = leftRuns.without(rightRuns);
      const listed = restRuns.toJSON().flatMap(([first, last]) => {
        return Array.from({ length: last - first + 1 }, (_, index) => first + index);
      });
      assert.deepEqual(listed, rest, `seed ${seed}`);
      assert.equal(restRuns.countAbove(30), rest.filter((number) => number > 30).length, `seed ${seed}`);
    }
  });
});
