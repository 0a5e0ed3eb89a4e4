import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryMeasure } from "../lib/memory-measure.js";
import { median } from "../lib/statistics.js";

const { read, format } = memoryMeasure.columns["and a pause"];

test("what was not measured is a dash, however many rounds there were", () => {
  for (const rounds of [1, 2, 3]) {
    const results = Array.from({ length: rounds }, () => ({ figure: 1 }));
    assert.equal(format(median(results.map(read))), "–");
  }
  assert.equal(format(median([{ released: 12.6 }].map(read))), "13");
});
