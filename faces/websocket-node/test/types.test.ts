import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";

const typescript = path.dirname(createRequire(__filename).resolve("typescript/package.json"));

/** What the compiler complains of. */
function compile(project: string): string {
  const file = path.join(__dirname, "types", project);
  const { stdout, stderr } = spawnSync(process.execPath, [path.join(typescript, "bin/tsc"), "-p", file]);
  return String(stdout) + String(stderr);
}

describe("types", () => {
  test("programs written for @types/websocket compile with those", () => {
    assert.equal(compile("community.json"), "");
  });

  test("the same programs compile with ours, and so does what those lack", () => {
    assert.equal(compile("tsconfig.json"), "");
  });
});
