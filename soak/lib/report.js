/** What a soak prints. */
import { mib, slopeOf } from "./measures.js";

/** @typedef {import("./ledger.js").Ledger} Ledger */
/** @typedef {import("./server-vitals.js").Sample} Sample */
/** @typedef {{ p50: number, p99: number, max: number }} Delay */
/** @typedef {{ heap: number, sample: Sample, delay: Delay, published: number, miscounted: number, stillOpen: number,
 *   heldBytes: number, slowed: number, errors: Record<string, number>[] }} Closed */
/** @typedef {{ seconds: number, ledger: Ledger, heapAtStart: number, samples: Sample[], warm: Sample[], closed: Closed,
 *   pings: { sent: number, answered: number } }} Results */

/** Below it a slope says nothing. */
const SLOPE_FROM_SECONDS = 180;

/** @param {number} elapsedMs
 * @param {Ledger} ledger
 * @param {Sample} sample
 * @param {Delay} delay
 * @returns {string} */
export function progressLine(elapsedMs, ledger, sample, delay) {
  return [
    `${Math.round(elapsedMs / 1_000)} s: ${count(ledger.closed)} connections, ${count(ledger.received)} messages in ended ones`,
    faultsOf(ledger),
    `RSS ${mib(sample.rss)}, event loop p99 ${delay.p99.toFixed(1)} ms`,
  ].join("; ");
}

/** @param {Results} results
 * @returns {string} */
export function summary({ seconds, ledger, heapAtStart, samples, warm, closed, pings }) {
  const { delay } = closed;
  const rows = [
    [
      "connections",
      `${count(ledger.opened)} opened, ${count(ledger.closed)} closed, ${count(ledger.notOpened)} given up while opening`,
    ],
    ["  by client", listOf(ledger.ways)],
    ["  by ending", listOf(ledger.fates)],
    [
      "messages",
      `${count(ledger.sent)} sent, ${count(ledger.received)} received (${mib(ledger.sentBytes)}, ${mib(ledger.receivedBytes)})`,
    ],
    ["  told", `${count(ledger.refused)} not accepted, ${count(ledger.cutOff)} in flight when a connection broke`],
    ["  published", `${count(closed.published)}, of which ${count(closed.miscounted)} miscounted`],
    ["pings", `${count(pings.sent)} sent, ${count(pings.answered)} answered`],
    ["faults", faultsOf(ledger)],
    ["  unexpected ends", listOf(ledger.unexpected) || "0"],
    ["  left behind", `${closed.stillOpen} connections, ${closed.heldBytes} held bytes`],
    [
      "server",
      `event loop late by p50 ${delay.p50.toFixed(1)} ms, p99 ${delay.p99.toFixed(1)} ms, max ${delay.max.toFixed(1)} ms`,
    ],
    [
      "  its errors",
      `${closed.errors.map((errors) => listOf(errors) || "none").join("; over TLS ")}; slowed ${closed.slowed} times`,
    ],
    ["  heap after GC", `${mib(heapAtStart)} at the start, ${mib(closed.heap)} at the end`],
    ["  RSS", `${rssOf(samples, warm, closed.sample)}${slopes(seconds, warm)}`],
  ];
  return rows.map(([name, value]) => `${name?.padEnd(18)}${value}`).join("\n");
}

/** @param {Sample[]} samples
 * @param {Sample[]} warm
 * @param {Sample} last */
function rssOf(samples, warm, last) {
  const at = (/** @type {Sample | undefined} */ sample) => (sample === undefined ? "?" : mib(sample.rss));
  return `${at(samples[0])} at the start, ${at(warm[0])} after warm-up, ${at(warm.at(-1))} under load, ${at(last)} at the end`;
}

/** @param {number} seconds
 * @param {Sample[]} warm */
function slopes(seconds, warm) {
  if (seconds < SLOPE_FROM_SECONDS || warm.length < 2) return "";
  return `; slope ${slopeOf(warm, "rss").toFixed(1)} MiB/h over ${warm.length} samples`;
}

/** @param {Ledger} ledger
 * @returns {string} */
function faultsOf({ lost, duplicated, corrupted, outOfOrder }) {
  return `lost ${lost}, duplicated ${duplicated}, corrupted ${corrupted}, out of order ${outOfOrder}`;
}

/** @param {Readonly<Record<string, number>>} counts
 * @returns {string} */
function listOf(counts) {
  const names = Object.keys(counts).sort();
  return names.map((name) => `${name} ${count(counts[name] ?? 0)}`).join(", ");
}

/** @param {number} value */
function count(value) {
  return value.toLocaleString("en");
}
