/** Figures out of samples. */

/** @typedef {import("./server-vitals.js").Sample} Sample */

const MIB = 1 << 20;
const HOUR_MS = 3_600_000;

/** How fast memory grows, by least squares.
 * @param {readonly Sample[]} samples two or more
 * @param {"rss" | "heapUsed"} which
 * @returns {number} MiB per hour */
export function slopeOf(samples, which) {
  const meanAt = meanOf(samples.map(({ atMs }) => atMs));
  const meanBytes = meanOf(samples.map((sample) => sample[which]));
  let above = 0;
  let below = 0;
  for (const sample of samples) {
    above += (sample.atMs - meanAt) * (sample[which] - meanBytes);
    below += (sample.atMs - meanAt) ** 2;
  }
  return ((above / below) * HOUR_MS) / MIB;
}

/** @param {readonly number[]} values */
function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @param {number} bytes
 * @returns {string} such as "12.3 MiB" */
export function mib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
