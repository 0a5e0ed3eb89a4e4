import assert from "node:assert/strict";
import { totalmem } from "node:os";
import { describe, type TestContext, test } from "node:test";
import { MemoryBudget, memoryBudget } from "../../../src/node/connection/memory-budget.ts";
import { BINARY, frame, text } from "./frames.ts";
import { errorIn, eventIn, recorder, rig, settled, wordsOf } from "./rig.ts";

const KIB = 1_024;

/** Leave so much room in the process's budget, for one test. */
function leaveRoom(t: TestContext, bytes: number): void {
  const { limitBytes } = memoryBudget;
  memoryBudget.limitBytes = memoryBudget.usedBytes + bytes;
  t.after(() => {
    memoryBudget.limitBytes = limitBytes;
  });
}

/** The first frame of a message that is never finished. */
function beginning(bytes: number): Buffer {
  return frame(BINARY, Buffer.alloc(bytes), { fin: false });
}

describe("the memory budget of the process", () => {
  test("counts what is not complete, for the process and for the server, until it is or the connection ends", async () => {
    const before = memoryBudget.usedBytes;
    const [one, two] = [rig({ message() {} }), rig({ message() {} })];
    one.peer.send(beginning(200 * KIB));
    two.peer.send(beginning(100 * KIB));
    await settled();
    const held = memoryBudget.usedBytes - before;
    assert.ok(held >= 300 * KIB && held < 1_100 * KIB, `${held} bytes are held`);
    assert.equal(one.counters.heldBytes + two.counters.heldBytes, held);
    one.peer.send(frame(0, ""));
    await settled();
    assert.equal(one.counters.heldBytes, 0);
    two.connection.terminate();
    await settled();
    assert.equal(memoryBudget.usedBytes, before);
  });

  test("counts what a slow peer has not read, and what an application has not asked for", async () => {
    const before = memoryBudget.usedBytes;
    const slow = rig({}, { capacity: 1 });
    slow.peer.pause();
    slow.connection.send(Buffer.alloc(40 * KIB));
    slow.connection.send(Buffer.alloc(40 * KIB));
    await settled();
    assert.ok(slow.counters.heldBytes >= 80 * KIB && slow.counters.heldBytes < 90 * KIB, `${slow.counters.heldBytes}`);
    const unread = rig();
    unread.peer.send(...Array.from({ length: 10 }, () => text("x".repeat(KIB))));
    await settled();
    assert.ok(unread.counters.heldBytes >= 9 * KIB, `${unread.counters.heldBytes}`);
    for (const { connection } of [slow, unread]) connection.terminate();
    await settled();
    assert.equal(memoryBudget.usedBytes, before);
  });

  test("counts a message that waits for a loop, until it is taken", async () => {
    const before = memoryBudget.usedBytes;
    const { connection, peer } = rig();
    peer.send(frame(BINARY, Buffer.alloc(500 * KIB)));
    await settled();
    assert.ok(memoryBudget.usedBytes - before >= 500 * KIB, `${memoryBudget.usedBytes - before} are held`);
    await connection[Symbol.asyncIterator]().next();
    assert.equal(memoryBudget.usedBytes, before);
    connection.terminate();
  });

  test("counts nothing of a connection that has ended, whatever is done with it", async () => {
    const before = memoryBudget.usedBytes;
    const { connection, peer, counters } = rig({}, { capacity: 1 });
    peer.pause();
    for (let i = 0; i < 3; i++) connection.send(Buffer.alloc(40 * KIB));
    connection.terminate();
    await settled();
    connection.resume();
    await settled();
    assert.deepEqual([memoryBudget.usedBytes, counters.heldBytes], [before, 0]);
  });

  test("above it who holds much and wants more is failed with 1013; who holds little goes on", async (t) => {
    leaveRoom(t, 100 * KIB);
    const [greedy, modest] = [recorder("message", "error", "close"), recorder("message", "error", "close")];
    const { peer, counters } = rig(greedy.handlers);
    const other = rig(modest.handlers);
    other.peer.send(text("a", { fin: false }));
    peer.send(beginning(200 * KIB));
    await settled();
    const error = errorIn(greedy.journal.all.find(([word]) => word === "error"));
    assert.equal(error.code, "MEMORY_FULL");
    assert.match(error.message, /memoryBudget\.limitBytes is \d+, seen \d+$/);
    assert.equal(eventIn(greedy.journal.all.at(-1)).code, 1013);
    assert.deepEqual([counters.errors.get("MEMORY_FULL"), counters.heldBytes], [1, 0]);
    other.peer.send(frame(0, "b"), text("c"));
    await settled();
    assert.deepEqual(
      modest.journal.all.map(([, data]) => data),
      ["ab", "c"],
    );
  });

  test("while it is full, messages in one frame that come whole are taken, of any size", async (t) => {
    leaveRoom(t, 0);
    const hog = rig({ message() {} });
    hog.peer.send(beginning(30 * KIB));
    const { handlers, journal } = recorder("message", "error");
    const { peer } = rig(handlers);
    for (let i = 0; i < 5; i++) peer.send(frame(BINARY, Buffer.alloc(60 * KIB)));
    await settled();
    assert.deepEqual(wordsOf(journal.all), new Array(5).fill("message"));
    hog.connection.terminate();
  });

  test("what is sent to a slow peer above it closes the connection, or is dropped where the policy says so", async (t) => {
    leaveRoom(t, 100 * KIB);
    for (const policy of ["close", "drop"] as const) {
      const { handlers, journal } = recorder("error", "close");
      const { connection, peer } = rig(handlers, { capacity: 1, backpressure: { policy } });
      peer.pause();
      const accepted = Array.from({ length: 4 }, () => {
        const before = connection.droppedMessages;
        connection.send(Buffer.alloc(60 * KIB));
        return connection.droppedMessages === before;
      });
      await settled();
      assert.ok(accepted[0] && !accepted.at(-1), `${policy}: ${accepted}`);
      assert.equal(connection.state, policy === "close" ? "closing" : "open");
      if (policy === "close") assert.equal(errorIn(journal.all[0]).code, "MEMORY_FULL");
      else assert.deepEqual(journal.all, []);
      connection.terminate();
      await settled();
    }
  });

  test("is a quarter of what the process may have, not less than 32 MiB, unless it is set", () => {
    const budget = new MemoryBudget();
    assert.ok(budget.limitBytes >= 32 << 20 && budget.limitBytes <= Math.max(32 << 20, totalmem() / 4));
    assert.equal(budget.hasRoomFor(0), true);
    budget.limitBytes = 10;
    budget.change(11);
    assert.equal(budget.hasRoomFor(0), false);
    budget.change(-1);
    assert.equal(budget.hasRoomFor(0), true);
    for (const wrong of [-1, Number.NaN, "10"]) {
      assert.throws(() => Reflect.set(budget, "limitBytes", wrong), { code: "USAGE", message: /^limitBytes is / });
    }
  });
});
