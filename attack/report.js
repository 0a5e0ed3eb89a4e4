/** Results as lines for a terminal. */

/** @typedef {import("./runner.js").Result} Result */

/** One attack's outcome in one line, and a line for each thing that the server is blamed for.
 * @param {Result} result */
export function describeResult(result) {
  const verdict = result.survived ? "survived" : "FAILED  ";
  const number = String(result.number).padStart(3);
  const lines = [`${number}  ${verdict}  ${result.name}`, `       ${figuresOf(result)}`, `       ${result.seen}`];
  return [...lines.filter((line) => line.trim() !== ""), ...result.problems.map((text) => `     ! ${text}`)].join("\n");
}

/** @param {Result} result */
function figuresOf({ before, during, memory }) {
  if (during === undefined) return "";
  const times = `legitimate clients p50 ${msOf(during.p50Ms)}, p99 ${msOf(during.p99Ms)} (before: ${msOf(before?.p99Ms)}), max ${msOf(during.maxMs)}`;
  const handshakes = `${during.handshakes} handshakes, max ${msOf(during.handshakeMaxMs)}`;
  return `${times}; ${handshakes}; ${memoryOf(memory)}`;
}

/** Before, at the peak, and after.
 * @param {Result["memory"]} memory */
export function memoryOf({ beforeBytes, peakBytes, afterBytes }) {
  if (beforeBytes === undefined) return "memory unknown";
  return `${mibOf(beforeBytes)} → ${mibOf(peakBytes)} → ${mibOf(afterBytes)} MiB`;
}

/** @param {number | undefined} bytes */
const mibOf = (bytes) => (bytes === undefined ? "–" : String(Math.round(bytes / 2 ** 20)));

/** @param {number | undefined} ms */
export function msOf(ms) {
  if (ms === undefined) return "–";
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** @param {readonly Result[]} results */
export function countsOf(results) {
  const peak = Math.max(0, ...results.map(({ memory }) => memory.peakBytes ?? 0));
  const survived = results.filter((result) => result.survived).length;
  return `${survived} of ${results.length} survived${peak > 0 ? `, ${mibOf(peak)} MiB at the most` : ""}`;
}
