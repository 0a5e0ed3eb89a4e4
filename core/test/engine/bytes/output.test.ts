import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Output } from "../../../src/engine/bytes/output.ts";
import { Slab } from "../../../src/engine/bytes/slab.ts";
import { chanceOf, hex, joined, portablePlatform, toHex } from "../engine-test-kit.ts";

function outputOver(size: number): { output: Output; slab: Slab } {
  const slab = new Slab(portablePlatform(), size);
  return { output: new Output(slab), slab };
}

function write(output: Output, bytes: Uint8Array): void {
  const at = output.reserve(bytes.length);
  output.target.set(bytes, at);
  output.commit(at + bytes.length);
}

function taken(output: Output): string[] {
  const waiting = output.byteLength;
  const chunks = output.take();
  assert.equal(
    chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    waiting,
  );
  assert.equal(output.byteLength, 0);
  return chunks.map(toHex);
}

describe("the bytes that wait to be sent", () => {
  test("are none at first", () => {
    assert.deepEqual(taken(outputOver(8).output), []);
  });

  test("stand in one array when they were written one after the other", () => {
    const { output } = outputOver(8);
    write(output, hex("01 02"));
    write(output, hex("03"));
    assert.equal(output.byteLength, 3);
    assert.deepEqual(taken(output), ["01 02 03"]);
  });

  test("are empty once they were taken, and go on behind them", () => {
    const { output } = outputOver(8);
    write(output, hex("01 02"));
    const [first] = output.take();
    write(output, hex("03"));
    assert.deepEqual(taken(output), ["03"]);
    assert.equal(toHex(first ?? hex("")), "01 02");
  });

  test("are not changed by room that was reserved and not used", () => {
    const { output } = outputOver(8);
    write(output, hex("01"));
    output.target.fill(0xff, output.reserve(6));
    assert.equal(output.byteLength, 1);
    write(output, hex("02"));
    assert.deepEqual(taken(output), ["01 02"]);
    output.reserve(4);
    assert.deepEqual(taken(output), []);
  });

  test("contain an array that was appended as it is, not a copy, in its place", () => {
    const { output } = outputOver(8);
    const large = hex("aa bb");
    write(output, hex("01"));
    output.append(large);
    write(output, hex("02"));
    assert.equal(output.byteLength, 4);
    const chunks = output.take();
    assert.deepEqual(chunks.map(toHex), ["01", "aa bb", "02"]);
    assert.equal(chunks[1], large);
  });

  test("go on in a new block when one is full", () => {
    const { output } = outputOver(4);
    write(output, hex("01 02 03"));
    write(output, hex("04 05"));
    write(output, hex("06"));
    assert.deepEqual(taken(output), ["01 02 03", "04 05 06"]);
  });

  test("are each output's own when several share a slab and write in turn", () => {
    const { output: one, slab } = outputOver(32);
    const other = new Output(slab);
    write(one, hex("01"));
    write(other, hex("a1"));
    write(one, hex("02"));
    write(one, hex("03"));
    write(other, hex("a2"));
    assert.deepEqual(taken(one), ["01", "02 03"]);
    write(one, hex("04"));
    assert.deepEqual(taken(other), ["a1", "a2"]);
    assert.deepEqual(taken(one), ["04"]);
  });

  test("go into the slab that the output was made with", () => {
    const { output, slab } = outputOver(32);
    write(output, hex("01"));
    assert.equal(output.usesSlab(slab), true);
    assert.equal(output.usesSlab(new Slab(portablePlatform(), 32)), false);
    assert.equal(output.take()[0]?.buffer, slab.bytes?.buffer);
  });

  test("keep no block alive once they were taken", () => {
    const { output } = outputOver(8);
    write(output, hex("01"));
    output.take();
    assert.equal(output.target.buffer.byteLength, 0);
  });

  test("are right when the slab is given a range back and another output writes there", () => {
    const { output: one, slab } = outputOver(8);
    const other = new Output(slab);
    write(one, hex("01 02"));
    for (const chunk of one.take()) slab.reclaim(chunk);
    write(other, hex("a1"));
    write(one, hex("03"));
    write(other, hex("a2"));
    assert.deepEqual(taken(one), ["03"]);
    assert.deepEqual(taken(other), ["a1", "a2"]);
  });

  test("are what was written, for random writers, blocks, appendings and takings", (context) => {
    const chance = chanceOf(context);
    for (let round = 0; round < 300; round++) {
      const slab = new Slab(portablePlatform(), 1 + chance.below(40));
      const writers = [0, 1, 2].map(() => ({ output: new Output(slab), expected: [] as Uint8Array[] }));
      for (let step = 0; step < 60; step++) {
        const { output, expected } = chance.of([writers[0], writers[1], writers[2]]) ?? assert.fail();
        const bytes = chance.bytes(chance.below(12));
        const action = chance.below(8);
        if (action < 5) write(output, bytes);
        else if (action < 6) output.append(bytes);
        else {
          const chunks = output.take();
          assert.equal(toHex(joined(chunks)), toHex(joined(expected.splice(0))));
          for (const chunk of chunks.reverse()) slab.reclaim(chunk);
          continue;
        }
        expected.push(bytes);
        assert.equal(output.byteLength, joined(expected).length);
      }
      for (const { output, expected } of writers) assert.equal(toHex(joined(output.take())), toHex(joined(expected)));
    }
  });
});
