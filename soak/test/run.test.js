import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const program = path.join(import.meta.dirname, "..", "run.js");

test("a soak of three seconds ends by itself and loses nothing", { timeout: 120_000 }, async () => {
  const args = [program, "--seconds", "3", "--connections", "20"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  assert.match(stdout, /lost 0, duplicated 0, corrupted 0, out of order 0/);
  const [, sent = "0"] = /messages +([\d,]+) sent/.exec(stdout) ?? [];
  assert.ok(Number(sent.replace(/,/g, "")) > 0, stdout);
});
