/** How the server's process is: memory, and how late its event loop is. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {{ atMs: number, rss: number, heapUsed: number }} Sample */

const delay = monitorEventLoopDelay({ resolution: 10 });

export function startVitals() {
  delay.enable();
}

/** @returns {Sample} */
export function takeSample() {
  const { rss, heapUsed } = process.memoryUsage();
  return { atMs: performance.now(), rss, heapUsed };
}

/** In ms, since `startVitals`; how late a timer of 10 ms was. */
export function loopDelay() {
  const late = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - 10);
  return { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) };
}

/** What is reachable, in bytes; needs --expose-gc.
 * @returns {Promise<number>} */
export async function heapAfterGc() {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error("start the server with --expose-gc");
  // What finalizers and closed handles let go of is free in the next round
  for (let round = 0; round < 3; round += 1) {
    collect();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}
