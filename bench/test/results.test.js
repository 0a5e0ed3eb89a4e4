import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { writeResults } from "../lib/results.js";

const scenario = (name) => ({ group: "memory", name, judged: [], rounds: [{ ours: {} }] });
const ALL = ["one", "two", ...Array.from({ length: 20 }, (_, i) => `a-scenario-of-the-long-list-${i}`)].map(scenario);
const ABOUT = { date: "2026-01-02T03:04:05Z", machine: "a machine", versions: {} };

describe("writeResults", () => {
  let folder;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bench-results-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const filesOf = async (results) => {
    await writeResults(folder, ABOUT, results, ALL);
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  };

  test("names a file after the group when all of it was measured", async () => {
    assert.deepEqual(await filesOf(ALL), ["memory.json"]);
    const { scenarios, machine } = JSON.parse(readFileSync(join(folder, "memory.json"), "utf8"));
    assert.equal(machine, "a machine");
    assert.deepEqual(
      scenarios.map(({ name }) => name),
      ALL.map(({ name }) => name),
    );
  });

  test("names it after the scenarios when some were", async () => {
    assert.deepEqual(await filesOf(ALL.slice(0, 2)), ["one+two.json"]);
  });

  test("has a name that a file can have when many were", async () => {
    assert.deepEqual(await filesOf(ALL.slice(1)), ["some-of-memory.json"]);
  });
});
