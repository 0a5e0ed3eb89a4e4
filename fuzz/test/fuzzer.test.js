import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { readReport } from "../report.js";
import { copyWithFault } from "./faulty-build.js";

const worker = path.join(import.meta.dirname, "../worker.js");
/** Enough to find the fault with this seed, and no more than a few seconds. */
const RUNS = "20000";
const SEED = "7";

describe("the fuzzer", () => {
  test("finds a planted fault, beginning with nothing, and writes down what shows it", (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), "polysocket-fuzz-"));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const build = copyWithFault(folder, {
      file: "engine/frames/frame-reader.js",
      from: "if (first < 0x80)",
      to: "if (false)",
    });
    const { status, report } = fuzz(folder, build);
    assert.equal(status, 77);
    assert.match(report.violation ?? "", /Violation: ours: .*CONTROL_FRAGMENTED|ours: .* ws: /);
    assert.equal(readdirSync(folder).filter((name) => name.startsWith("found-crash-")).length, 1);
    assert.equal(path.dirname(report.file ?? ""), folder);
    assert.ok(report.runs > 0 && report.edges > 50 && report.features >= report.edges, JSON.stringify(report));
  });
});

/** @param {string} folder
 * @param {string} build */
function fuzz(folder, build) {
  const limits = ["--target", "differential", "--runs", RUNS, "--seconds", "60", "--seed", SEED];
  const { status, stderr } = spawnSync(
    process.execPath,
    [worker, ...limits, "--findings", path.join(folder, "found-")],
    {
      env: { ...process.env, FUZZ_BUILD: build },
      encoding: "utf8",
      timeout: 90_000,
    },
  );
  return { status, report: readReport(stderr) };
}
