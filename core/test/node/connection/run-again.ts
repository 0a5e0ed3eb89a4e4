import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Run a test file once more in a process of its own, and fail if anything in it fails.
 * @param file the test file's `import.meta.url`; it must skip, in that process, the one test that calls this
 * @param skipped how many it skips, where there are others that make no sense there */
export function runAgain(
  file: string,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
  skipped: number = 1,
): void {
  // The runner's own variable would make the child report to it.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawnSync(process.execPath, ["--import", "tsx", ...flags, "--test-reporter=tap", fileURLToPath(file)], {
    env: { ...inherited, ...env },
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.equal(child.status, 0, child.stdout + child.stderr);
  assert.match(child.stdout, /^# fail 0$/m);
  assert.match(child.stdout, new RegExp(`^# skipped ${skipped}$`, "m"));
}
