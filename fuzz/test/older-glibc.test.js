import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";
import { forOlderGlibc } from "../native/older-glibc.js";

const folder = path.dirname(createRequire(import.meta.url).resolve("@jazzer.js/fuzzer/package.json"));
const original = readFileSync(path.join(folder, "prebuilds/fuzzer-linux-x64.node"));

describe("the fuzzer's binary for an older C library", () => {
  const copy = forOlderGlibc(original);

  test("asks for older functions instead of those that may be missing", () => {
    for (const name of ["__isoc23_strtol", "__isoc23_strtoul", "_ZSt21ios_base_library_initv"]) {
      assert.ok(original.includes(`\0${name}\0`), `the original does not ask for ${name} any more`);
      assert.ok(!copy.includes(`\0${name}\0`), name);
    }
    for (const name of ["strtol", "strtoul", "getpid"]) assert.ok(copy.includes(`\0${name}\0`), name);
  });

  test("differs in no more than those names, their versions' numbers, and the marks of two versions", () => {
    assert.equal(copy.length, original.length);
    const changed = original.reduce((count, byte, index) => count + (byte === copy[index] ? 0 : 1), 0);
    assert.ok(changed > 0 && changed < 80, `${changed} bytes`);
  });

  test("can be made of nothing but such a binary", () => {
    assert.throws(() => forOlderGlibc(Buffer.from("MZ and something else")), /not a little-endian 64-bit ELF/);
  });
});
