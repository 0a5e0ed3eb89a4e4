import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { maskBytes } from "../../../src/engine/bytes/mask.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { chanceOf, hex, maskedCopy, pattern, SAMPLE_KEY, toHex } from "../engine-test-kit.ts";

const NOT_ASCII = 0x80808080 | 0;
const KEYS = [SAMPLE_KEY, 0, -1, 0x80000001 | 0, 0x000000ff];
const MASKERS = [
  ["maskBytes", maskBytes],
  ["Node's platform", nodePlatform.mask],
] as const;

/** A view in the middle of a buffer of its own, with bytes around it that nobody may touch. */
function viewAt(byteOffset: number, bytes: Uint8Array, after: number): { all: Uint8Array; view: Uint8Array } {
  const all = new Uint8Array(byteOffset + bytes.length + after).fill(0x5a);
  const view = all.subarray(byteOffset, byteOffset + bytes.length);
  view.set(bytes);
  return { all, view };
}

for (const [name, mask] of MASKERS) {
  describe(`masking with ${name} (RFC 6455 §5.3)`, () => {
    test("either role masks the RFC's sample", () => {
      const bytes = hex("48 65 6c 6c 6f"); // "Hello"
      mask(bytes, 0, bytes.length, SAMPLE_KEY, 0);
      assert.equal(toHex(bytes), "7f 9f 4d 51 58");
    });

    test("either role gets what the octet formula gives, for all alignments, lengths 0 to 80 and phases", () => {
      for (let offset = 0; offset < 8; offset++) {
        for (let length = 0; length <= 80; length++) {
          for (let phase = 0; phase < 4; phase++) {
            for (const key of KEYS) checkRange({ offset, start: 0, length, phase, key });
          }
        }
      }
    });

    test("either role masks a range inside a view, and nothing around it", () => {
      for (let offset = 0; offset < 4; offset++) {
        for (let start = 0; start < 8; start++) {
          for (const length of [0, 1, 3, 23, 24, 25, 31, 64]) {
            checkRange({ offset, start, length, phase: start, key: SAMPLE_KEY });
          }
        }
      }
    });

    function checkRange(range: { offset: number; start: number; length: number; phase: number; key: number }): void {
      const { offset, start, length, phase, key } = range;
      const end = start + length;
      const original = pattern(end + 3);
      // No byte behind the view where it ends with the buffer: the last word of a buffer may be incomplete.
      const { all, view } = viewAt(offset, original, length % 2);
      const seen = mask(view, start, end, key, phase);
      const masked = maskedCopy(original.subarray(start, end), key, phase);
      const what = JSON.stringify(range);
      assert.deepEqual(view.subarray(start, end), masked, what);
      assert.deepEqual(view.subarray(0, start), original.subarray(0, start), what);
      assert.deepEqual(view.subarray(end), original.subarray(end), what);
      assert.ok(all.subarray(0, offset).every((byte) => byte === 0x5a) && all.at(-1) !== 0, what);
      const ascii = masked.every((byte) => byte < 0x80);
      if ((seen & NOT_ASCII) === 0) assert.ok(ascii, `${what}: bytes above 0x7f were overlooked`);
    }

    test("either role goes on at any phase, however far into the payload", () => {
      for (const phase of [5, 126, 65_537, 2 ** 31 + 2, 2 ** 32 + 3, 2 ** 53 - 1]) {
        const bytes = pattern(40);
        mask(bytes, 0, 40, SAMPLE_KEY, phase);
        assert.deepEqual(bytes, maskedCopy(pattern(40), SAMPLE_KEY, phase % 4));
      }
    });

    test("either role masks in two steps as in one, wherever the range is cut", () => {
      const whole = maskedCopy(pattern(77), SAMPLE_KEY);
      for (let cut = 0; cut <= 77; cut++) {
        const bytes = pattern(77);
        mask(bytes, 0, cut, SAMPLE_KEY, 0);
        mask(bytes, cut, 77, SAMPLE_KEY, cut);
        assert.deepEqual(bytes, whole, `cut at ${cut}`);
      }
    });

    test("either role gets the original back by masking twice", () => {
      const bytes = pattern(1_000);
      mask(bytes, 3, 990, -559_038_737, 2);
      mask(bytes, 3, 990, -559_038_737, 2);
      assert.deepEqual(bytes, pattern(1_000));
    });

    test("a server is told of a single byte above 0x7f, wherever in the range it is", () => {
      for (let length = 1; length <= 80; length++) {
        for (let at = 0; at < length; at++) {
          for (let offset = 0; offset < 4; offset++) {
            const { view } = viewAt(offset, maskedCopy(new Uint8Array(length).fill(0x7f), SAMPLE_KEY), 1);
            view[at] = (view[at] ?? 0) ^ 0x80;
            const seen = mask(view, 0, length, SAMPLE_KEY, 0);
            assert.notEqual(seen & NOT_ASCII, 0, `length ${length}, byte ${at}, offset ${offset}`);
          }
        }
      }
    });

    test("a server is told that a range is ASCII when it is, and so saves the check for UTF-8", () => {
      for (let length = 0; length <= 80; length++) {
        const { view } = viewAt(length % 5, maskedCopy(new Uint8Array(length).fill(0x7f), SAMPLE_KEY, 1), 0);
        assert.equal(mask(view, 0, length, SAMPLE_KEY, 1) & NOT_ASCII, 0, `length ${length}`);
      }
    });

    test("either role masks in buffers that take turns, small ones and large ones", () => {
      const sizes = [4_096, 4_096, 1 << 17, (1 << 17) + 4, (1 << 17) + 7];
      const arrays = sizes.map((size) => pattern(size));
      for (let round = 0; round < 3; round++) {
        for (const array of arrays) mask(array, 1, array.length, SAMPLE_KEY, 0);
      }
      arrays.forEach((array, i) => {
        const expected = pattern(sizes[i] ?? 0);
        expected.set(maskedCopy(expected.subarray(1), SAMPLE_KEY), 1);
        assert.deepEqual(array, expected, `array ${i}`);
      });
    });

    test("either role masks memory that is shared", () => {
      const bytes = new Uint8Array(new SharedArrayBuffer(67)).subarray(1);
      bytes.set(pattern(66));
      mask(bytes, 0, 66, SAMPLE_KEY, 0);
      assert.equal(toHex(bytes), toHex(maskedCopy(pattern(66), SAMPLE_KEY)));
    });

    test("either role gets what the octet formula gives for random ranges and keys", (context) => {
      const chance = chanceOf(context);
      for (let round = 0; round < 2_000; round++) {
        const original = chance.bytes(chance.below(300));
        const start = chance.below(original.length + 1);
        const end = start + chance.below(original.length - start + 1);
        const key = chance.below(2 ** 32) | 0;
        const phase = chance.below(1_000);
        const { view } = viewAt(chance.below(9), original, chance.below(4));
        mask(view, start, end, key, phase);
        const expected = original.slice();
        expected.set(maskedCopy(original.subarray(start, end), key, phase), start);
        assert.deepEqual(view, expected);
      }
    });
  });
}
