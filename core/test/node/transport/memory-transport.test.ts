import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryTransport } from "../../../src/node/transport/memory-transport.ts";
import { RecordingSink } from "./recording-sink.ts";
import { turns } from "./sockets.ts";

interface End {
  readonly transport: MemoryTransport;
  readonly sink: RecordingSink;
}

function started(capacity?: number): [End, End] {
  const pair = MemoryTransport.pair(capacity).map((transport) => ({ transport, sink: new RecordingSink() }));
  const [one, other] = pair;
  if (one === undefined || other === undefined) throw new Error("a pair has two ends");
  for (const { transport, sink } of pair) transport.start(sink);
  return [one, other];
}

function bytes(text: string): Uint8Array[] {
  return [Buffer.from(text)];
}

describe("a pair in memory", () => {
  test("carries bytes both ways, in order, in a later turn", async () => {
    const [one, other] = started();
    assert.equal(one.transport.write([Buffer.from("a"), new Uint8Array([98])]), true);
    one.transport.write(bytes("c"));
    other.transport.write(bytes("back"));
    assert.equal(other.sink.length, 0);
    assert.equal(String(await other.sink.bytes(3)), "abc");
    assert.equal(String(await one.sink.bytes(4)), "back");
  });

  test("copies: what was written may be used again at once, whatever kind of array it is", async () => {
    const [one, other] = started();
    for (const chunk of [Buffer.from("aaa"), new Uint8Array([98, 98, 98]), Buffer.alloc(10).fill("c").subarray(3, 6)]) {
      one.transport.write([chunk]);
      chunk.fill(120);
    }
    assert.equal(String(await other.sink.bytes(9)), "aaabbbccc");
  });

  test("keeps what was written before the other end started", async () => {
    const [one, other] = MemoryTransport.pair();
    const sink = new RecordingSink();
    one.start(new RecordingSink());
    one.write(bytes("early"));
    one.end();
    await turns();
    other.start(sink);
    assert.equal(String(await sink.bytes(5)), "early");
    assert.equal(await sink.events.next(), "end");
  });

  test("pause holds everything back until resume, the end too", async () => {
    const [one, other] = started();
    other.transport.pause();
    one.transport.write(bytes("a"));
    one.transport.end();
    await turns();
    assert.deepEqual([other.sink.length, other.sink.events.all], [0, []]);
    other.transport.resume();
    assert.equal(String(await other.sink.bytes(1)), "a");
    assert.equal(await other.sink.events.next(), "end");
  });

  test("pause while bytes are handed over: they are the last", async () => {
    const [one, other] = started();
    other.sink.onPiece = () => other.transport.pause();
    for (const text of ["a", "b", "c"]) one.transport.write(bytes(text));
    await turns();
    assert.equal(String(other.sink.received), "a");
    other.transport.resume();
    await turns();
    assert.equal(String(other.sink.received), "ab");
  });

  test("above its capacity write says false, and drain comes once when the other end has read", async () => {
    const [one, other] = started(3);
    other.transport.pause();
    assert.equal(one.transport.write(bytes("abc")), true);
    assert.equal(one.transport.write(bytes("de")), false);
    assert.equal(one.transport.write(bytes("f")), false);
    assert.equal(one.transport.bufferedBytes, 3);
    await turns();
    assert.deepEqual(one.sink.events.all, []);
    other.transport.resume();
    assert.equal(await one.sink.events.next(), "drain");
    assert.equal(one.transport.bufferedBytes, 0);
    await turns();
    assert.deepEqual(one.sink.events.rest(), []);
  });

  test("flushed calls back once the link has taken what was written", async () => {
    const [one, other] = started(3);
    const order: string[] = [];
    await new Promise<void>((resolve) => one.transport.flushed(resolve));
    other.transport.pause();
    one.transport.write(bytes("abcdef"));
    one.transport.flushed(() => order.push("flushed"));
    await turns();
    assert.deepEqual(order, []);
    other.transport.resume();
    await turns();
    assert.deepEqual(order, ["flushed"]);
  });

  test("each end ends for itself; when both have, both are gone without an error", async () => {
    const [one, other] = started();
    one.transport.end();
    assert.equal(await other.sink.events.next(), "end");
    assert.equal(one.transport.write(bytes("no")), false);
    other.transport.write(bytes("yes"));
    assert.equal(String(await one.sink.bytes(3)), "yes");
    assert.deepEqual([one.sink.events.all, other.sink.events.rest()], [[], []]);
    other.transport.end();
    assert.equal(await one.sink.events.next(), "end");
    assert.deepEqual(await one.sink.events.next(), ["close", undefined]);
    assert.deepEqual(await other.sink.events.next(), ["close", undefined]);
  });

  test("destroy drops what is underway, and the other end gets an error", async () => {
    const [one, other] = started();
    one.transport.write(bytes("lost"));
    one.transport.flushed(() => assert.fail("was not flushed"));
    one.transport.destroy();
    one.transport.destroy();
    assert.deepEqual(one.sink.events.all, [], "in a later turn");
    assert.deepEqual(await one.sink.events.next(), ["close", undefined]);
    const [word, error] = (await other.sink.events.next()) as ["close", Error];
    assert.deepEqual([word, error instanceof Error], ["close", true]);
    assert.equal(other.transport.write(bytes("a")), false);
    one.transport.flushed(() => assert.fail("was not flushed"));
    await turns();
    assert.deepEqual([other.sink.length, one.sink.events.rest(), other.sink.events.rest()], [0, [], []]);
  });
});
