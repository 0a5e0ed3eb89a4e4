import type { TestContext } from "node:test";
import { deadlines } from "../../../src/node/connection/deadlines.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on: `performance.now`, `setTimeout` and `clearTimeout` are its own
 * until the test ends. To be made before anything that reads the time. */
export class FakeClock {
  nowMs = 1_000;
  readonly #timers = new Set<Timer>();
  /** Most timers that were set at the same time. */
  mostTimers = 0;
  /** Timers that have fired. */
  fired = 0;

  constructor(t: TestContext) {
    const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
    Object.defineProperty(performance, "now", { configurable: true, writable: true, value: () => this.nowMs });
    const set = (callback: () => void, delayMs: number): object => this.#set(callback, delayMs);
    const clear = (timer: Timer | undefined): void => {
      if (timer !== undefined && !this.#timers.delete(timer)) Reflect.apply(realClear, undefined, [timer]);
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
    // What is watched for a test before this one goes on by this clock, and then again by the real one.
    deadlines.watch({ dueMs: 0, heapIndex: -1, onDue() {} }, Number.NEGATIVE_INFINITY);
    this.#fireAll();
    t.after(() => {
      Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear });
      Reflect.deleteProperty(performance, "now");
      this.#fireAll();
    });
    this.mostTimers = 0;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Let time pass; timers fire at their own time. What they did that takes turns of the event loop is awaited. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (let next = this.#earliest(); next !== undefined && next.atMs <= endMs; next = this.#earliest()) {
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#timers.delete(next);
      this.fired += 1;
      if (this.fired > 100_000) throw new Error("timers without end");
      next.callback();
      await settledTurns();
    }
    this.nowMs = endMs;
    await settledTurns();
  }

  #fireAll(): void {
    const timers = [...this.#timers];
    this.#timers.clear();
    for (const { callback } of timers) callback();
  }

  #set(callback: () => void, delayMs: number): object {
    // As Node does with a delay that it cannot count.
    const waitMs = delayMs > 2 ** 31 - 1 ? 1 : delayMs;
    const timer = { atMs: this.nowMs + waitMs, callback, unref: () => timer };
    this.#timers.add(timer);
    this.mostTimers = Math.max(this.mostTimers, this.#timers.size);
    return timer;
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) if (earliest === undefined || timer.atMs < earliest.atMs) earliest = timer;
    return earliest;
  }
}

async function settledTurns(): Promise<void> {
  for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
}
