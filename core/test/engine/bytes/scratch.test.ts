import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Scratch } from "../../../src/engine/bytes/scratch.ts";
import { portablePlatform } from "../engine-test-kit.ts";

const MIB = 1 << 20;

describe("memory for large outgoing bytes", () => {
  test("serves again when it was given back, for what is no larger", () => {
    const platform = portablePlatform();
    const scratch = new Scratch(platform);
    const first = scratch.take(1_000);
    scratch.reclaim(first);
    const second = scratch.take(600);
    assert.deepEqual([first.length, second.length, second.buffer === first.buffer], [1_000, 600, true]);
    scratch.reclaim(second);
    const third = scratch.take(1_000);
    assert.equal(third.buffer, first.buffer);
    assert.deepEqual(platform.sizes, [1_000]);
    scratch.reclaim(third);
    assert.notEqual(scratch.take(1_001).buffer, first.buffer);
    assert.deepEqual(platform.sizes, [1_000, 1_001]);
  });

  test("is never lent twice: what was not given back is somebody's", () => {
    const scratch = new Scratch(portablePlatform());
    const taken = Array.from({ length: 4 }, () => scratch.take(100));
    assert.equal(new Set(taken.map(({ buffer }) => buffer)).size, 4);
    // Of those only the latest is kept in mind
    for (const range of taken) scratch.reclaim(range);
    const again = scratch.take(100);
    assert.equal(again.buffer, taken[3]?.buffer);
    scratch.reclaim(again);
    scratch.reclaim(again);
    assert.notEqual(scratch.take(100).buffer, scratch.take(100).buffer);
  });

  test("passes over what it has not lent, views of what it has lent too", () => {
    const platform = portablePlatform();
    const scratch = new Scratch(platform);
    const lent = scratch.take(100);
    for (const other of [new Uint8Array(100), lent.subarray(0, 50), new Uint8Array(lent.buffer)])
      scratch.reclaim(other);
    assert.notEqual(scratch.take(100).buffer, lent.buffer);
  });

  test("what is larger than 4 MiB has memory of its own, and nothing else gives way to it", () => {
    const platform = portablePlatform();
    const scratch = new Scratch(platform);
    const kept = scratch.take(4 * MIB);
    scratch.reclaim(kept);
    const large = scratch.take(4 * MIB + 1);
    assert.notEqual(large.buffer, kept.buffer);
    scratch.reclaim(large);
    assert.equal(scratch.take(3 * MIB).buffer, kept.buffer);
  });

  test("what needs less than half of it gets memory of its own: a peer that does not read would hold back all", () => {
    const platform = portablePlatform();
    const scratch = new Scratch(platform);
    let held = 0;
    for (let i = 0; i < 10; i++) {
      scratch.reclaim(scratch.take(MIB));
      held += scratch.take(20_000).buffer.byteLength;
    }
    assert.equal(held, 10 * 20_000);
    scratch.reclaim(scratch.take(1_000));
    assert.equal(scratch.take(500).buffer.byteLength, 1_000);
    scratch.reclaim(scratch.take(1_000));
    assert.equal(scratch.take(499).buffer.byteLength, 499);
  });
});
