import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CompressionMemory, compressionMemory } from "../../../src/node/compression/compression-memory.ts";

describe("the memory that compression takes", () => {
  test("is bounded by 128 MiB unless told otherwise, and nothing at first", () => {
    assert.equal(compressionMemory.limitBytes, 134_217_728);
    assert.deepEqual([compressionMemory.usedBytes, compressionMemory.reservedBytes], [0, 0]);
  });

  test("any number of bytes from 0 on may be the limit", () => {
    const memory = new CompressionMemory();
    for (const bytes of [0, 1, 1.5, 1e12, Number.POSITIVE_INFINITY]) {
      memory.limitBytes = bytes;
      assert.equal(memory.limitBytes, bytes);
    }
  });

  test("what is no such number is refused by its name, and changes nothing", () => {
    const memory = new CompressionMemory();
    memory.limitBytes = 5;
    for (const bytes of [-1, Number.NaN, "5", null, undefined, 5n, {}]) {
      assert.throws(() => Reflect.set(memory, "limitBytes", bytes), {
        name: "UsageError",
        message: `limitBytes is ${String(bytes)}; give a number of bytes from 0 on, or Infinity`,
      });
      assert.equal(memory.limitBytes, 5);
    }
  });

  test("what is used and what is reserved are added up and taken away", () => {
    const memory = new CompressionMemory();
    memory.use(100);
    memory.use(20);
    memory.use(-100);
    memory.reserve(7);
    memory.reserve(5);
    memory.reserve(-7);
    assert.deepEqual([memory.usedBytes, memory.reservedBytes], [20, 5]);
  });

  test("half of the limit may be reserved, and what is reserved is not there for zlib's states", () => {
    const memory = new CompressionMemory();
    memory.limitBytes = 1_000;
    assert.deepEqual([memory.hasRoomFor(500), memory.hasRoomFor(501)], [true, false]);
    memory.reserve(400);
    assert.deepEqual([memory.hasRoomFor(100), memory.hasRoomFor(101)], [true, false]);
    assert.equal(memory.roomForStates, 600);
    // What is used is another matter
    memory.use(1_000);
    assert.deepEqual([memory.hasRoomFor(100), memory.roomForStates], [true, 600]);
  });

  test("there is always room for nothing, and with a limit of Infinity for everything", () => {
    const memory = new CompressionMemory();
    memory.limitBytes = 0;
    assert.deepEqual([memory.hasRoomFor(0), memory.hasRoomFor(1)], [true, false]);
    memory.limitBytes = Number.POSITIVE_INFINITY;
    memory.reserve(1e15);
    assert.deepEqual([memory.hasRoomFor(1e15), memory.roomForStates], [true, Number.POSITIVE_INFINITY]);
  });
});
