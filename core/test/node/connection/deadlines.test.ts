import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Timed } from "../../../src/node/connection/deadlines.ts";
import { deadlines } from "../../../src/node/connection/deadlines.ts";
import { FakeClock } from "./fake-clock.ts";
import { randomFrom } from "./random.ts";

const source = new URL("../../../src/node/connection/deadlines.ts", import.meta.url).href;

class Item implements Timed {
  dueMs: number = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  readonly name: string;
  readonly rung: string[];

  constructor(name: string, rung: string[]) {
    this.name = name;
    this.rung = rung;
  }

  onDue(nowMs: number): void {
    this.rung.push(`${this.name}@${nowMs}`);
  }
}

describe("deadlines", () => {
  test("ring each item once, in the order of their times and not of their asking", async (t) => {
    const clock = new FakeClock(t);
    const rung: string[] = [];
    for (const [name, dueMs] of [
      ["c", 1_030],
      ["a", 1_010],
      ["b", 1_020],
    ] as const) {
      deadlines.watch(new Item(name, rung), dueMs);
    }
    await clock.advance(15);
    assert.deepEqual(rung, ["a@1010"]);
    await clock.advance(100);
    assert.deepEqual(rung, ["a@1010", "b@1020", "c@1030"]);
    assert.equal(deadlines.size, 0);
    await clock.advance(1_000_000);
    assert.equal(rung.length, 3);
  });

  test("an item that is watched again rings only at the later time, or the earlier", async (t) => {
    const clock = new FakeClock(t);
    const rung: string[] = [];
    const later = new Item("later", rung);
    const earlier = new Item("earlier", rung);
    deadlines.watch(later, 1_010);
    deadlines.watch(later, 1_050);
    deadlines.watch(earlier, 1_050);
    deadlines.watch(earlier, 1_005);
    assert.equal(deadlines.size, 2);
    await clock.advance(1_000);
    assert.deepEqual(rung, ["earlier@1005", "later@1050"]);
  });

  test("Infinity means that the item is forgotten; forgetting twice does nothing", async (t) => {
    const clock = new FakeClock(t);
    const rung: string[] = [];
    const item = new Item("a", rung);
    deadlines.watch(item, Number.POSITIVE_INFINITY);
    assert.deepEqual([deadlines.size, clock.timers], [0, 0]);
    deadlines.watch(item, 1_010);
    deadlines.watch(item, Number.POSITIVE_INFINITY);
    deadlines.forget(item);
    assert.deepEqual([deadlines.size, item.heapIndex, item.dueMs], [0, -1, Number.POSITIVE_INFINITY]);
    await clock.advance(1_000);
    assert.deepEqual(rung, []);
  });

  test("an item may watch itself, or forget another, while it rings", async (t) => {
    const clock = new FakeClock(t);
    const rung: string[] = [];
    const victim = new Item("victim", rung);
    const item: Timed = {
      dueMs: Number.POSITIVE_INFINITY,
      heapIndex: -1,
      onDue(nowMs: number): void {
        rung.push(`item@${nowMs}`);
        deadlines.forget(victim);
        if (nowMs < 1_030) deadlines.watch(item, nowMs + 10);
      },
    };
    deadlines.watch(item, 1_010);
    deadlines.watch(victim, 1_010);
    await clock.advance(1_000);
    assert.deepEqual(rung, ["item@1010", "item@1020", "item@1030"]);
    assert.equal(deadlines.size, 0);
  });

  test("one timer serves any number of items", async (t) => {
    const clock = new FakeClock(t);
    const rung: string[] = [];
    for (let i = 0; i < 1_000; i++) deadlines.watch(new Item(String(i), rung), 1_000 + ((i * 7_919) % 1_000) + 1);
    assert.equal(clock.timers, 1);
    await clock.advance(2_000);
    assert.equal(rung.length, 1_000);
    assert.equal(clock.mostTimers, 1);
    assert.equal(clock.timers, 0);
  });

  test("a time beyond what setTimeout takes is waited for in parts", async (t) => {
    const clock = new FakeClock(t);
    const rung: string[] = [];
    const farMs = 1_000 + 3 * 2 ** 31;
    deadlines.watch(new Item("far", rung), farMs);
    await clock.advance(3 * 2 ** 31 - 1);
    assert.ok(clock.fired < 10, `${clock.fired} timers`);
    assert.deepEqual(rung, []);
    await clock.advance(1);
    assert.deepEqual(rung, [`far@${farMs}`]);
  });

  test("a time that has passed rings soon, not at once", async (t) => {
    const clock = new FakeClock(t);
    const rung: string[] = [];
    deadlines.watch(new Item("past", rung), 5);
    assert.deepEqual(rung, []);
    await clock.advance(1);
    assert.deepEqual(rung, ["past@1001"]);
  });

  test("do what a list that is searched from end to end does", async (t) => {
    const random = randomFrom(t);
    const clock = new FakeClock(t);
    const rung: string[] = [];
    const expected: string[] = [];
    const items = Array.from({ length: 60 }, (_, i) => new Item(String(i), rung));
    const model = new Map<Item, number>();
    for (let step = 0; step < 4_000; step++) {
      const item = items[random.below(items.length)] as Item;
      const choice = random.below(10);
      if (choice < 5) {
        const dueMs = clock.nowMs + 1 + random.below(500);
        deadlines.watch(item, dueMs);
        model.set(item, dueMs);
      } else if (choice < 8) {
        deadlines.forget(item);
        model.delete(item);
      } else if (choice === 8) {
        deadlines.watch(item, Number.POSITIVE_INFINITY);
        model.delete(item);
      } else if (step % 2 === 0) {
        const endMs = clock.nowMs + random.below(60);
        for (const [due, dueMs] of [...model].sort((a, b) => a[1] - b[1])) {
          if (dueMs > endMs) continue;
          model.delete(due);
          expected.push(`${due.name}@${dueMs}`);
        }
        await clock.advance(endMs - clock.nowMs);
      }
      assert.equal(deadlines.size, model.size);
      assert.ok(clock.timers <= 1, "more than one timer");
    }
    // Items of the same time may ring in any order.
    assert.deepEqual(sortedByTime(rung), sortedByTime(expected));
    assert.deepEqual(rung.map(timeOf), expected.map(timeOf));
    assert.ok(expected.length > 100, `only ${expected.length} rang`);
    for (const item of items) deadlines.forget(item);
    assert.equal(deadlines.size, 0);
    await clock.advance(1_000);
    assert.equal(clock.timers, 0);
  });

  test("do not keep the process alive", () => {
    const code = `
      const { deadlines } = await import(${JSON.stringify(source)});
      deadlines.watch({ dueMs: Infinity, heapIndex: -1, onDue() {} }, performance.now() + 3_600_000);`;
    const child = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", code], {
      cwd: fileURLToPath(new URL("../../../..", import.meta.url)),
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(child.status, 0, child.stderr);
  });
});

function timeOf(entry: string): string {
  return entry.split("@")[1] ?? "";
}

function sortedByTime(entries: string[]): string[] {
  return [...entries].sort((a, b) => Number(timeOf(a)) - Number(timeOf(b)) || a.localeCompare(b));
}
