import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { readBuffer } from "../../../src/node/transport/read-memory.ts";
import { randomFrom } from "./random.ts";
import { runAgain } from "./run-again.ts";

const WITHOUT_RAW = "POLYSOCKET_TEST_WITHOUT_RAW_CONVERSIONS";
const texts = [
  "",
  "a",
  "plain",
  "ä",
  "€uro",
  "\u{1f600}",
  "\ufeffbom",
  "nul\0nul",
  "x".repeat(1_000),
  "é".repeat(1_000),
  "x".repeat(5_000),
  `${"x".repeat(5_000)}é`,
  "x".repeat(1_100_000),
  `é${"x".repeat(1_100_000)}`,
];

describe("Node's primitives", () => {
  for (const text of texts) {
    test(`texts of ${text.length} units from ${JSON.stringify(text.slice(0, 5))} survive the way there and back`, () => {
      const bytes = Buffer.from(text);
      const target = nodePlatform.allocate(bytes.length + 20);
      assert.equal(nodePlatform.utf8Length(text), bytes.length);
      assert.equal(nodePlatform.writeUtf8(text, target, 7), bytes.length);
      assert.equal(Buffer.from(target.buffer, target.byteOffset + 7, bytes.length).equals(bytes), true);
      assert.equal(nodePlatform.isUtf8(target, 7, 7 + bytes.length), true);
      assert.equal(nodePlatform.decodeUtf8(target, 7, 7 + bytes.length), text);
      if (/^[\0-\x7f]*$/.test(text)) assert.equal(nodePlatform.decodeAscii(target, 7, 7 + bytes.length), text);
    });
  }

  test("an unpaired surrogate counts and is written as U+FFFD", () => {
    for (const text of ["\ud800", "a\udc00b", "\ud800\ud800"]) {
      const target = nodePlatform.allocate(20);
      const length = nodePlatform.writeUtf8(text, target, 0);
      assert.equal(length, nodePlatform.utf8Length(text));
      assert.equal(Buffer.from(target.subarray(0, length)).toString(), text.replace(/[\ud800-\udfff]/g, "\ufffd"));
    }
  });

  test("isUtf8 looks at the range alone", () => {
    const bytes = Buffer.from([0xff, 0x61, 0xc3, 0xa4, 0xff]);
    assert.deepEqual(
      [
        [0, 5],
        [1, 4],
        [1, 3],
        [2, 4],
        [2, 2],
      ].map(([start = 0, end = 0]) => nodePlatform.isUtf8(bytes, start, end)),
      [false, true, false, true, true],
    );
  });

  test("isUtf8 takes views that begin anywhere in their buffer, shared ones too", () => {
    for (const buffer of [new ArrayBuffer(8), new SharedArrayBuffer(8)]) {
      const bytes = new Uint8Array(buffer, 3, 4);
      bytes.set([0x61, 0xc3, 0xa4, 0x62]);
      assert.deepEqual([nodePlatform.isUtf8(bytes, 0, 4), nodePlatform.isUtf8(bytes, 0, 2)], [true, false]);
    }
  });

  test("allocate gives exactly the size, also none and much", () => {
    for (const size of [0, 1, 4_095, 4_096, 8_192, 100_000]) assert.equal(nodePlatform.allocate(size).length, size);
  });

  test("copies are of their own, from any view, whatever their size", (t) => {
    const random = randomFrom(t);
    for (let round = 0; round < 300; round++) {
      const size = random.pick([0, 1, 15, 16, 17, 100, 5_000]);
      const whole = Buffer.alloc(size + 50);
      for (let i = 0; i < whole.length; i++) whole[i] = random.below(256);
      const offset = random.below(20);
      const start = random.below(20);
      const source = new Uint8Array(whole.buffer, whole.byteOffset + offset, size + start);
      const expected = Buffer.from(source.subarray(start, start + size));
      const copy = nodePlatform.copy(source, start, start + size);
      source.fill(0xaa);
      assert.equal(Buffer.isBuffer(copy) && copy.equals(expected), true);
    }
  });

  test("copies are of their own, from the buffer that sockets are read into too", () => {
    const source = readBuffer();
    for (let i = 0; i < 100; i++) source[i] = i;
    const copy = nodePlatform.copy(source, 7, 57);
    source.fill(0xaa, 0, 100);
    assert.deepEqual(
      [...copy],
      Array.from({ length: 50 }, (_, index) => index + 7),
    );
  });

  test("masking keys are 32-bit integers that do not repeat", () => {
    const keys = new Set<number>();
    for (let i = 0; i < 5_000; i++) keys.add(nodePlatform.maskingKey());
    assert.ok(keys.size > 4_990, `${keys.size} different keys`);
    for (const key of keys) assert.equal(key | 0, key);
    assert.ok([...keys].some((key) => key < 0) && [...keys].some((key) => key > 0));
  });

  test("random bytes have the size that is asked for", () => {
    assert.equal(nodePlatform.randomBytes(16).length, 16);
    assert.notDeepEqual(nodePlatform.randomBytes(16), nodePlatform.randomBytes(16));
  });

  test("sha1 is SHA-1", () => {
    assert.equal(Buffer.from(nodePlatform.sha1("abc")).toString("hex"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  });

  test("all of this holds without Buffer's undocumented conversions", {
    skip: process.env[WITHOUT_RAW] === "1",
  }, () => {
    // Node's own code needs them too, so they are hidden from our module alone.
    const hide = `
      for (const name of ["utf8Slice", "latin1Slice", "utf8Write"]) {
        const { value } = Object.getOwnPropertyDescriptor(Buffer.prototype, name);
        Object.defineProperty(Buffer.prototype, name, {
          get: () => (new Error().stack.split("\\n")[2].includes("node-platform.ts") ? undefined : value),
        });
      }`;
    runAgain(import.meta.url, { [WITHOUT_RAW]: "1" }, ["--import", `data:text/javascript,${encodeURIComponent(hide)}`]);
  });
});
