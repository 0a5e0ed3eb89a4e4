/**
 * Chooses, of all inputs that are known, a few that together reach as much as possible, and writes them into the corpus.
 * It is a target that runs another one: the fuzzer calls it once for each known input and then stops (`worker.js --runs 0`).
 * In: the target's name in KEEP_TARGET. Out: the files of `corpus/<target>`, written at the end of the process.
 */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { loadTarget } from "./targets.js";

/** @typedef {{ bytes: Buffer, features: Set<number> }} Known */

/** So many files at most, and fewer than 300 altogether. */
const MOST_FILES = 70;
const MOST_OF_OTHERS = 25;
/** Branches are numbered from 0; there are fewer than these. */
const HIGHEST_EDGE = 16_384;
/** A feature is a branch's number times 9, and how often it was taken (0 to 7 for 1 to 128 and more), or that it was. */
const EDGE = 8;
/** To reach a branch is worth more than to reach others more often. */
const WORTH_OF_EDGE = 1_000;
const target = process.env["KEEP_TARGET"] ?? "";
const run = await loadTarget(target);
/** How often each branch was taken since the fuzzer has last set all to 0. @type {Uint8Array} */
const counters = Reflect.get(Reflect.get(globalThis, "Fuzzer").coverageTracker, "coverageMap");
/** @type {Known[]} */
const all = [];

/** @param {Buffer} bytes */
export function fuzz(bytes) {
  run(bytes);
  /** @type {Set<number>} */
  const features = new Set();
  for (let edge = 0; edge < HIGHEST_EDGE; edge++) {
    const count = counters[edge] ?? 0;
    if (count === 0) continue;
    features.add(edge * 9 + EDGE);
    // As libFuzzer does: that a branch was taken once, twice, four times … are different things
    features.add(edge * 9 + (31 - Math.clz32(count)));
  }
  all.push({ bytes: Buffer.from(bytes), features });
}

process.once("exit", () => {
  const folder = path.join(import.meta.dirname, "corpus", target);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const kept = choose();
  for (const { bytes } of kept) {
    writeFileSync(path.join(folder, createHash("sha256").update(bytes).digest("hex").slice(0, 16)), bytes);
  }
  console.error(
    `${target}: kept ${kept.length} of ${all.length}, ${kept.reduce((sum, { bytes }) => sum + bytes.length, 0)} bytes`,
  );
});

/** Always the one that adds most, the shorter one of equals.
 * @returns {Known[]} */
function choose() {
  const left = all.toSorted((a, b) => a.bytes.length - b.bytes.length);
  /** @type {Known[]} */
  const kept = [];
  /** @type {Set<number>} */
  const reached = new Set();
  const most = ["engine", "differential", "handshake"].includes(target) ? MOST_FILES : MOST_OF_OTHERS;
  while (kept.length < most) {
    let best = { gain: 0, index: -1 };
    for (const [index, { features }] of left.entries()) {
      let gain = 0;
      for (const feature of features) if (!reached.has(feature)) gain += feature % 9 === EDGE ? WORTH_OF_EDGE : 1;
      if (gain > best.gain) best = { gain, index };
    }
    const [chosen] = best.index === -1 ? [] : left.splice(best.index, 1);
    if (chosen === undefined) break;
    kept.push(chosen);
    for (const feature of chosen.features) reached.add(feature);
  }
  return kept;
}
