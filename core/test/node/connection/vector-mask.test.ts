import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { compileVectorMask } from "../../../src/node/connection/vector-mask.ts";
import { isReadBuffer, readBuffer, readMemory } from "../../../src/node/transport/read-memory.ts";
import { maskedCopy, pattern, SAMPLE_KEY } from "../../engine/engine-test-kit.ts";
import { runAgain } from "./run-again.ts";

const WITHOUT = "POLYSOCKET_TEST_WITHOUT_WEBASSEMBLY";
const withoutIt = process.env[WITHOUT] === "1";
const KEYS = [SAMPLE_KEY, 0, -1, 0x80000001 | 0, 0x000000ff];

/** Unmask a range of the read buffer, and compare it and what is around it with the octet formula (RFC 6455 §5.3). */
function check(start: number, length: number, key: number, phase: number): void {
  const buffer = readBuffer();
  const from = Math.max(0, start - 20);
  const around = pattern(length + 60).subarray(0, buffer.length - from);
  buffer.set(around, from);
  const seen = nodePlatform.mask(buffer, start, start + length, key, phase);
  const masked = maskedCopy(around.subarray(start - from, start - from + length), key, phase);
  const expected = around.slice();
  expected.set(masked, start - from);
  const what = `${length} bytes from ${start}, key ${key}, phase ${phase}`;
  assert.deepEqual(new Uint8Array(buffer.subarray(from, from + around.length)), expected, what);
  if ((seen & 0x80808080) === 0)
    assert.ok(
      masked.every((byte) => byte < 0x80),
      what,
    );
}

describe("unmasking in the buffer that sockets are read into", () => {
  test("there is one buffer, and vectors where there is WebAssembly", () => {
    assert.equal(readBuffer(), readBuffer());
    assert.equal(readBuffer().length, 65_536);
    assert.deepEqual([isReadBuffer(readBuffer()), isReadBuffer(Buffer.from(readBuffer()))], [true, false]);
    assert.deepEqual([readMemory() === undefined, compileVectorMask() === undefined], [withoutIt, withoutIt]);
  });

  test("a server gets what the octet formula gives, for all alignments, lengths 0 to 90 and phases", () => {
    for (let start = 0; start < 17; start++) {
      for (let length = 0; length <= 90; length++) {
        for (let phase = 0; phase < 4; phase++) check(start, length, KEYS[(start + length) % KEYS.length] ?? 0, phase);
      }
    }
  });

  test("a server gets the same at the end of the buffer, and for all of it", () => {
    const { length } = readBuffer();
    for (let size = 0; size <= 90; size++) check(length - size, size, SAMPLE_KEY, size);
    for (const key of KEYS) check(0, length, key, 3);
  });

  test("bytes above 0x7f are seen wherever they are, and none where there is none", () => {
    const buffer = readBuffer();
    const mask = (at: number | undefined): number => {
      buffer.fill(0x61, 0, 100);
      if (at !== undefined) buffer[at] = 0xc3;
      nodePlatform.mask(buffer, 6, 70, SAMPLE_KEY, 1);
      return nodePlatform.mask(buffer, 6, 70, SAMPLE_KEY, 1) & 0x80808080;
    };
    for (const outside of [undefined, 5, 70]) assert.equal(mask(outside), 0);
    for (let at = 6; at < 70; at++) assert.notEqual(mask(at), 0, `at ${at}`);
  });

  test("all of this holds without WebAssembly", { skip: withoutIt }, () => {
    // The loader of the tests needs it too, so it is hidden from our modules alone.
    const hide = `
      const { value } = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly");
      Object.defineProperty(globalThis, "WebAssembly", {
        get: () => (/(read-memory|vector-mask)[.]ts/.test(new Error().stack) ? undefined : value),
      });`;
    runAgain(import.meta.url, { [WITHOUT]: "1" }, ["--import", `data:text/javascript,${encodeURIComponent(hide)}`]);
  });
});
