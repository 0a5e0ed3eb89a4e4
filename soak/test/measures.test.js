import assert from "node:assert/strict";
import { test } from "node:test";
import { slopeOf } from "../lib/measures.js";

const MIB = 1 << 20;

test("slopeOf gives MiB per hour, whatever goes up and down around it", () => {
  const samples = Array.from({ length: 601 }, (_, second) => ({
    atMs: 5_000 + second * 1_000,
    rss: 100 * MIB + (second * 36 * MIB) / 3_600 + (second % 2 === 0 ? MIB : -MIB),
    heapUsed: 7 * MIB,
  }));
  assert.ok(Math.abs(slopeOf(samples, "rss") - 36) < 0.5);
  assert.equal(slopeOf(samples, "heapUsed"), 0);
});
