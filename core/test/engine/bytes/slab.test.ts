import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Slab } from "../../../src/engine/bytes/slab.ts";
import { hex, portablePlatform, toHex } from "../engine-test-kit.ts";

function write(slab: Slab, bytes: Uint8Array): Uint8Array {
  const at = slab.reserve(bytes.length);
  slab.bytes?.set(bytes, at);
  slab.commit(at + bytes.length);
  const range = slab.bytes?.subarray(at, at + bytes.length);
  assert.ok(range !== undefined);
  return range;
}

describe("a slab of memory for small outgoing bytes", () => {
  test("allocates nothing before it is written to", () => {
    const platform = portablePlatform();
    const slab = new Slab(platform, 64);
    assert.equal(slab.bytes, undefined);
    assert.deepEqual(platform.sizes, []);
  });

  test("puts what is committed side by side", () => {
    const slab = new Slab(portablePlatform(), 8);
    write(slab, hex("01 02 03"));
    write(slab, hex("04 05"));
    assert.equal(toHex(slab.bytes?.subarray(0, 5) ?? hex("")), "01 02 03 04 05");
    assert.equal(slab.reserve(3), 5);
  });

  test("gives the same room again when nothing was committed", () => {
    const slab = new Slab(portablePlatform(), 8);
    assert.equal(slab.reserve(4), 0);
    assert.equal(slab.reserve(6), 0);
  });

  test("takes back what was reserved and not used", () => {
    const slab = new Slab(portablePlatform(), 8);
    slab.commit(slab.reserve(8) + 2);
    assert.equal(slab.reserve(6), 2);
  });

  test("begins another block when the room ends, and leaves the old one as it is", () => {
    const platform = portablePlatform();
    const slab = new Slab(platform, 8);
    const first = write(slab, hex("01 02 03 04 05"));
    const second = write(slab, hex("06 07 08 09"));
    assert.equal(toHex(first), "01 02 03 04 05");
    assert.equal(toHex(second), "06 07 08 09");
    assert.notEqual(first.buffer, second.buffer);
    assert.deepEqual(platform.sizes, [8, 8]);
  });

  test("fills a block to its last byte", () => {
    const platform = portablePlatform();
    const slab = new Slab(platform, 8);
    write(slab, hex("01 02 03 04"));
    write(slab, hex("05 06 07 08"));
    assert.deepEqual(platform.sizes, [8]);
  });

  test("makes a block as large as what is asked for", () => {
    const platform = portablePlatform();
    const slab = new Slab(platform, 8);
    assert.equal(slab.reserve(20), 0);
    assert.deepEqual(platform.sizes, [20]);
  });

  test("uses a range again that was the last one and is given back", () => {
    const slab = new Slab(portablePlatform(), 8);
    write(slab, hex("01 02"));
    slab.reclaim(write(slab, hex("03 04 05")));
    assert.equal(slab.reserve(6), 2);
  });

  test("gets everything back when the ranges come from the last to the first", () => {
    const slab = new Slab(portablePlatform(), 8);
    const ranges = [hex("01"), hex("02 03"), hex("04 05 06")].map((bytes) => write(slab, bytes));
    const block = slab.bytes;
    for (const range of ranges.reverse()) slab.reclaim(range);
    assert.equal(slab.reserve(8), 0);
    assert.equal(slab.bytes, block);
  });

  test("keeps a range that another one stands behind", () => {
    const slab = new Slab(portablePlatform(), 8);
    const first = write(slab, hex("01 02"));
    const second = write(slab, hex("03"));
    slab.reclaim(first);
    assert.equal(slab.reserve(5), 3);
    assert.equal(toHex(second), "03");
  });

  test("ignores a range of an older block, of other memory, and before it has any", () => {
    const slab = new Slab(portablePlatform(), 4);
    slab.reclaim(hex("01"));
    assert.equal(slab.bytes, undefined);
    const old = write(slab, hex("01 02 03 04"));
    write(slab, hex("05"));
    slab.reclaim(old);
    slab.reclaim(hex("05"));
    assert.equal(slab.reserve(3), 1);
  });

  test("ignores an empty range", () => {
    const slab = new Slab(portablePlatform(), 4);
    const written = write(slab, hex("01 02"));
    slab.reclaim(written.subarray(2));
    slab.reclaim(written.subarray(0, 0));
    assert.equal(slab.reserve(2), 2);
  });

  test("ignores a range that lies before the block in memory that both share, as small arrays of Node's pool do", () => {
    const pool = new Uint8Array(64);
    const slab = new Slab({ ...portablePlatform(), allocate: (size) => pool.subarray(16, 16 + size) }, 16);
    slab.reserve(1);
    slab.reclaim(pool.subarray(0, 16));
    assert.equal(slab.reserve(4), 0);
  });
});
