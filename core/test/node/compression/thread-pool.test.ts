import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MOST_AT_ONCE, type PoolTask, runOnThreadPool, takeBack } from "../../../src/node/compression/thread-pool.ts";
import { runAgain } from "../connection/run-again.ts";

const { UV_THREADPOOL_SIZE } = process.env;
const FULL = Array.from({ length: MOST_AT_ONCE }, (_, i) => i);

/** Tasks that note that they have begun and wait until they are told to end. */
class Tasks {
  readonly begun: number[] = [];
  readonly #tasks = new Map<number, PoolTask>();
  readonly #ends = new Map<number, () => void>();

  add(...numbers: number[]): void {
    for (const number of numbers) {
      const task: PoolTask = (done) => {
        this.begun.push(number);
        this.#ends.set(number, done);
      };
      this.#tasks.set(number, task);
      runOnThreadPool(task);
    }
  }

  takeBack(...numbers: number[]): void {
    for (const number of numbers) takeBack(this.#tasks.get(number) ?? assert.fail());
  }

  end(number: number): void {
    this.#ends.get(number)?.();
  }

  endAll(): void {
    for (const number of this.begun) this.end(number);
  }
}

describe("large jobs and the process's thread pool", () => {
  test("all threads but one are used, and where there is one only, that one", () => {
    const threads = Number(UV_THREADPOOL_SIZE ?? 4);
    assert.equal(MOST_AT_ONCE, Math.max(1, threads - 1));
  });

  test("so many tasks begin at once, and the others in their order as soon as one ends", () => {
    const tasks = new Tasks();
    tasks.add(...FULL, 100, 101, 102);
    assert.deepEqual(tasks.begun, FULL);
    tasks.end(MOST_AT_ONCE - 1);
    assert.deepEqual(tasks.begun, [...FULL, 100]);
    // Whoever comes now is behind those that wait
    tasks.add(103);
    tasks.end(100);
    tasks.end(0);
    const rest = MOST_AT_ONCE === 1 ? [100, 101] : [100, 101, 102];
    assert.deepEqual(tasks.begun, [...FULL, ...rest]);
    tasks.endAll();
    assert.deepEqual(tasks.begun, [...FULL, 100, 101, 102, 103]);
  });

  test("a task that ends twice makes room once", () => {
    const tasks = new Tasks();
    tasks.add(...FULL, 100, 101, 102);
    tasks.end(0);
    tasks.end(0);
    assert.deepEqual(tasks.begun, [...FULL, 100]);
    tasks.endAll();
    assert.deepEqual(tasks.begun, [...FULL, 100, 101, 102]);
    // Neither more nor fewer than before
    const next = new Tasks();
    next.add(...FULL, 100);
    assert.deepEqual(next.begun, FULL);
    next.endAll();
  });

  test("a task that is taken back never begins, and makes room for nobody; one that has begun goes on", () => {
    const tasks = new Tasks();
    tasks.add(...FULL, 100, 101, 102);
    tasks.takeBack(0, 100, 102);
    assert.deepEqual(tasks.begun, FULL);
    tasks.end(0);
    assert.deepEqual(tasks.begun, [...FULL, 101]);
    tasks.endAll();
    assert.deepEqual(tasks.begun, [...FULL, 101]);
    const next = new Tasks();
    next.add(...FULL, 100);
    assert.deepEqual(next.begun, FULL);
    next.endAll();
  });

  test("a task may end at once, and begin others", () => {
    const order: string[] = [];
    runOnThreadPool((done) => {
      order.push("outer");
      runOnThreadPool((innerDone) => {
        order.push("inner");
        innerDone();
      });
      done();
    });
    assert.deepEqual(order, ["outer", "inner"]);
    const tasks = new Tasks();
    tasks.add(...FULL, 100);
    assert.deepEqual(tasks.begun, FULL);
    tasks.endAll();
  });

  test("with other numbers of threads", { skip: UV_THREADPOOL_SIZE !== undefined }, () => {
    for (const threads of ["1", "2", "8"]) runAgain(import.meta.url, { UV_THREADPOOL_SIZE: threads });
  });
});
