import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BufferedAmount, type Outlet } from "../../../src/node/web-socket/buffered-amount.ts";
import { nextTask } from "./listening.ts";

/** A connection that takes what it is told to take. */
class FakeOutlet implements Outlet {
  bufferedBytes = 0;
  flushes: { done(): void; lost(): void }[] = [];

  flush(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.flushes.push({ done: resolve, lost: () => reject(new Error("lost")) }),
    );
  }
}

function setUp(): { amount: BufferedAmount; outlet: FakeOutlet } {
  return { amount: new BufferedAmount(), outlet: new FakeOutlet() };
}

describe("the bytes that bufferedAmount tells of", () => {
  test("grow at once, stay for the task and its promise reactions, and are gone in a later one", async () => {
    const { amount, outlet } = setUp();
    assert.equal(amount.bytes, 0);
    amount.given(outlet, 5, false);
    amount.given(outlet, 7, false);
    assert.equal(amount.bytes, 12);
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(amount.bytes, 12);
    await nextTask();
    assert.equal(amount.bytes, 0);
    assert.equal(outlet.flushes.length, 0);
  });

  test("stay while the connection has bytes, which is asked once, whatever is sent meanwhile", async () => {
    const { amount, outlet } = setUp();
    outlet.bufferedBytes = 11;
    amount.given(outlet, 5, false);
    await nextTask();
    amount.given(outlet, 7, false);
    await nextTask();
    assert.deepEqual([amount.bytes, outlet.flushes.length], [12, 1]);
    outlet.flushes[0]?.done();
    await Promise.resolve();
    assert.equal(amount.bytes, 7, "what was sent before it was asked is with the system");
    await nextTask();
    assert.deepEqual([amount.bytes, outlet.flushes.length], [7, 2]);
    outlet.flushes[1]?.done();
    await nextTask();
    assert.equal(amount.bytes, 0);
  });

  test("of a Blob stay until it has been read and sent, though the connection has no bytes yet", async () => {
    const { amount, outlet } = setUp();
    amount.given(outlet, 100, true);
    amount.given(outlet, 1, false);
    await nextTask();
    assert.deepEqual([amount.bytes, outlet.flushes.length], [101, 1]);
    outlet.flushes[0]?.done();
    await nextTask();
    assert.equal(amount.bytes, 0);
    amount.given(outlet, 3, false);
    await nextTask();
    assert.deepEqual([amount.bytes, outlet.flushes.length], [0, 1]);
  });

  test("that are lost are never taken back", async () => {
    const { amount, outlet } = setUp();
    amount.lost(3);
    amount.given(outlet, 5, false);
    await nextTask();
    assert.equal(amount.bytes, 3);
    amount.ended(0);
    amount.lost(4);
    assert.equal(amount.bytes, 7);
  });

  test("stay when the connection ends with bytes unsent", async () => {
    const { amount, outlet } = setUp();
    outlet.bufferedBytes = 9;
    amount.given(outlet, 5, false);
    await nextTask();
    outlet.bufferedBytes = 0;
    amount.ended(9);
    outlet.flushes[0]?.lost();
    await nextTask();
    assert.equal(amount.bytes, 5);
  });

  test("are gone when the connection ends with everything sent, before anybody looked", async () => {
    const { amount, outlet } = setUp();
    amount.given(outlet, 5, false);
    amount.ended(0);
    assert.equal(amount.bytes, 0);
    await nextTask();
    assert.equal(amount.bytes, 0);
  });

  test("of a Blob stay when the connection ends before it was sent, of which its unsent bytes say nothing", async () => {
    const { amount, outlet } = setUp();
    amount.given(outlet, 100, true);
    await nextTask();
    amount.ended(0);
    outlet.flushes[0]?.done();
    await nextTask();
    assert.equal(amount.bytes, 100);
  });

  test("of many sockets are looked at in the same task", async () => {
    const all = Array.from({ length: 100 }, setUp);
    for (const { amount, outlet } of all) amount.given(outlet, 1, false);
    await nextTask();
    assert.deepEqual(new Set(all.map(({ amount }) => amount.bytes)), new Set([0]));
  });
});
