import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PayloadBuffer } from "../../../src/engine/bytes/payload-buffer.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { chanceOf, forEachSplit, pattern, portablePlatform, toHex } from "../engine-test-kit.ts";

const PLATFORMS = [
  ["portable code", portablePlatform()],
  ["Node's platform", nodePlatform],
] as const;
/** What may be allocated for the first bytes of a payload. */
const FIRST = 4_096;

for (const [name, platform] of PLATFORMS) {
  describe(`a payload that arrives in pieces, with ${name}`, () => {
    test("either role joins the pieces of a frame, however it is cut", () => {
      const payload = pattern(150);
      forEachSplit(payload, (pieces) => {
        const buffer = new PayloadBuffer();
        for (const piece of pieces) buffer.push(platform, piece, 0, piece.length, payload.length, true);
        assert.equal(buffer.length, payload.length);
        assert.equal(toHex(buffer.take(platform)), toHex(payload));
      });
    });

    test("either role takes only the range that it is told, and copies it", () => {
      const buffer = new PayloadBuffer();
      const source = pattern(10);
      buffer.push(platform, source, 2, 5, 6, false);
      source.fill(0xff);
      buffer.push(platform, pattern(10), 7, 10, 6, true);
      assert.equal(toHex(buffer.take(platform)), "02 03 04 07 08 09");
    });

    test("either role has an empty buffer again once the bytes were taken, which are then the taker's", () => {
      const buffer = new PayloadBuffer();
      buffer.push(platform, pattern(8), 0, 8, 8, true);
      const first = buffer.take(platform);
      assert.equal(buffer.length, 0);
      buffer.push(platform, Uint8Array.of(9, 9), 0, 2, 2, true);
      assert.equal(toHex(buffer.take(platform)), "09 09");
      assert.equal(toHex(first), toHex(pattern(8)));
      assert.equal(toHex(buffer.take(platform)), "");
    });

    test("either role forgets everything when the buffer is cleared", () => {
      const buffer = new PayloadBuffer();
      buffer.push(platform, pattern(8), 0, 8, 100, false);
      buffer.clear();
      assert.equal(buffer.length, 0);
      assert.equal(buffer.take(platform).length, 0);
    });

    test("either role joins more bytes than were announced, and fewer", () => {
      for (const expected of [0, 1, 5, 4_097, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
        for (const final of [true, false]) {
          const buffer = new PayloadBuffer();
          for (let at = 0; at < 5_000; at += 500) buffer.push(platform, pattern(5_000), at, at + 500, expected, final);
          assert.deepEqual(Uint8Array.from(buffer.take(platform)), pattern(5_000), `expected ${expected}`);
        }
      }
    });

    test("either role hands over an array that keeps at most twice its bytes alive, whatever was announced", () => {
      // Larger than what Node's pool takes in, which is shared with others.
      for (const expected of [100_000, 199_999, 200_000, 200_001, 250_000, 1 << 20]) {
        const buffer = new PayloadBuffer();
        buffer.push(platform, pattern(100_000), 0, 100_000, expected, true);
        const taken = buffer.take(platform);
        assert.equal(Buffer.compare(taken, pattern(100_000)), 0);
        const kept = taken.buffer.byteLength;
        assert.ok(kept <= 200_000, `${kept} bytes are kept for 100000 of ${expected}`);
      }
    });

    test("either role hands over an array that was made for just the payload without copying it again", () => {
      const counting = { ...platform, copy: (): Uint8Array => assert.fail("copied") };
      const buffer = new PayloadBuffer();
      buffer.push(counting, pattern(6_000), 0, 1_000, 6_000, true);
      buffer.push(counting, pattern(6_000), 1_000, 6_000, 6_000, true);
      assert.equal(Buffer.compare(buffer.take(counting), pattern(6_000)), 0);
    });
  });
}

describe("what a peer can make an endpoint allocate (RFC 6455 §10.4)", () => {
  test("either role allocates once for a frame that arrives whole, or whose first piece is a sixteenth of it", () => {
    for (const first of [16_000, 1_000]) {
      const platform = portablePlatform();
      const buffer = new PayloadBuffer();
      buffer.push(platform, pattern(16_000), 0, first, 16_000, true);
      buffer.push(platform, pattern(16_000), first, 16_000, 16_000, true);
      assert.deepEqual(platform.sizes, [16_000]);
    }
  });

  test("either role allocates no more than a small frame announces", () => {
    const platform = portablePlatform();
    const buffer = new PayloadBuffer();
    buffer.push(platform, pattern(1), 0, 1, 125, true);
    assert.deepEqual(platform.sizes, [125]);
  });

  test("a message of 1 MiB is allocated once when its first read fills 64 KiB, header and all", () => {
    const platform = portablePlatform();
    const buffer = new PayloadBuffer();
    const first = 65_536 - 14;
    buffer.push(platform, new Uint8Array(first), 0, first, 1 << 20, true);
    buffer.push(platform, new Uint8Array(1 << 20), first, 1 << 20, 1 << 20, true);
    assert.deepEqual(platform.sizes, [1 << 20]);
  });

  test("either role allocates at most 17 times what arrived of a final frame, or 4 KiB, whatever it announces", (context) => {
    const chance = chanceOf(context);
    for (const announced of [5_000, 1 << 20, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
      for (const most of [1, 10, 1_000, 70_000]) {
        const platform = portablePlatform();
        const buffer = new PayloadBuffer();
        const target = Math.min(announced, 400_000, most * 3_000);
        while (buffer.length < target) {
          const size = Math.min(1 + chance.below(most), target - buffer.length);
          buffer.push(platform, new Uint8Array(size), 0, size, announced, true);
          const largest = Math.max(0, ...platform.sizes);
          assert.ok(largest <= Math.max(FIRST, 17 * buffer.length, buffer.length), `${largest} for ${buffer.length}`);
          assert.ok(largest <= announced, `${largest} for ${announced} announced`);
          platform.sizes.length = 0;
        }
      }
    }
  });

  test("either role allocates at most twice what arrived of whole fragments", (context) => {
    const chance = chanceOf(context);
    for (const most of [1, 7, 300, 20_000]) {
      const platform = portablePlatform();
      const buffer = new PayloadBuffer();
      for (let round = 0; round < 2_000; round++) {
        const size = 1 + chance.below(most);
        const arrived = buffer.length + size;
        buffer.push(platform, new Uint8Array(size), 0, size, arrived, false);
        for (const allocated of platform.sizes.splice(0))
          assert.ok(allocated <= 2 * arrived, `${allocated} for ${arrived}`);
      }
    }
  });

  test("either role copies a message of a million one-byte fragments only a few times over", () => {
    const sizes: number[] = [];
    const platform = {
      ...portablePlatform(),
      allocate(size: number) {
        sizes.push(size);
        return new Uint8Array(size);
      },
    };
    const buffer = new PayloadBuffer();
    const byte = Uint8Array.of(7);
    for (let i = 1; i <= 1_000_000; i++) buffer.push(platform, byte, 0, 1, i, false);
    const allocated = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(allocated <= 4_200_000, `${allocated} bytes for a million`);
    assert.ok(sizes.length < 30, `${sizes.length} allocations`);
  });
});
