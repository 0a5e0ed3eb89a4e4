import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judgeAims, median, ratiosOf } from "../lib/statistics.js";

const roundsOf = (...rounds) =>
  rounds.map(([ours, theirs]) => ({
    ours: { figure: ours, p99: 10 * ours },
    theirs: { figure: theirs, p99: 4 * theirs },
  }));

describe("median", () => {
  test("is the middle by size, not by place or by text", () => {
    assert.equal(median([100, 9, 10]), 10);
  });

  test("of an even number lies between the two in the middle", () => {
    assert.equal(median([4, 1, 8, 2]), 3);
  });

  test("leaves its argument as it was", () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe("ratiosOf", () => {
  test("compares within each round", () => {
    assert.deepEqual(ratiosOf(roundsOf([1, 2], [6, 3]), "ours", "theirs"), [0.5, 2]);
  });

  test("compares the field it is told", () => {
    assert.deepEqual(ratiosOf(roundsOf([1, 2]), "ours", "theirs", "p99"), [1.25]);
  });

  test("has nothing for rounds where one of them, or the field, is missing", () => {
    const rounds = [{ ours: { figure: 1 } }, { theirs: { figure: 1 } }, ...roundsOf([1, 0], [1, 4])];
    assert.deepEqual(ratiosOf(rounds, "ours", "theirs"), [0.25]);
    assert.deepEqual(ratiosOf(rounds, "ours", "theirs", "p50"), []);
  });
});

describe("judgeAims", () => {
  const judge = (aims, ...rounds) => judgeAims(aims, roundsOf(...rounds), "ours");

  test("judges the median of the ratios, which is not the ratio of the medians", () => {
    const aims = [{ against: "theirs", atMost: 0.6 }];
    assert.deepEqual(judge(aims, [10, 40], [1, 2], [30, 31]), [{ ...aims[0], ratio: 0.5, met: true }]);
  });

  test("is met by what is exactly allowed, and missed by more", () => {
    const aim = { against: "theirs", atMost: 0.5 };
    assert.equal(judge([aim], [1, 2])[0].met, true);
    assert.equal(judge([aim], [1.01, 2])[0].met, false);
  });

  test("judges another field where the aim is of one", () => {
    const aims = [{ against: "theirs", atMost: 1, of: "p99", note: "noise" }];
    assert.deepEqual(judge(aims, [1, 2]), [{ ...aims[0], ratio: 1.25, met: false }]);
  });

  test("leaves out the aims whose peer was not measured", () => {
    const aims = ["absent", "theirs"].map((against) => ({ against, atMost: 1 }));
    assert.deepEqual(
      judge(aims, [1, 1]).map(({ against }) => against),
      ["theirs"],
    );
  });
});
