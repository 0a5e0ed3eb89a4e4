/** Whether an answer's time grows with the length of a text, or faster. In: times. Out: what to measure next, and a verdict. */

/** The lengths that are compared: what HTTP servers take as one header, in steps. */
export const LENGTHS = /** @type {const} */ ([1000, 2000, 4000, 8000, 15_000]);
const [, , MIDDLE, , LONGEST] = LENGTHS;

/** What the longest text may take more than a harmless one that is as long; and the spread of that one's times besides. */
const MOST_MS = 5;
/** Below this, and the spread, the growth of a time is the growth of noise. */
const CERTAIN_MS = 1;
/** How much faster than its text a time may grow. A square would be 3.75 times. */
const MOST_RATIO = 2;
/** Nothing is held against a text that was measured less often: machines are slow now and then, by chance. */
const FEWEST = 6;
/** A server that thinks so long is not measured often, and no machine is so slow three times by chance. */
const OBVIOUS = { ms: 500, count: 3 };
/** Whoever was measured so often has been seen enough. */
const ENOUGH = 40;

/** In milliseconds, by the text's length. @typedef {ReadonlyMap<number, number>} Times */
/**
 * The least times that were seen, for one text.
 * @typedef {object} Series
 * @property {string} shape
 * @property {Map<number, number>} least
 * @property {Map<number, number>} harmless of harmless texts that were measured beside it, as often
 * @property {number} count how often each length was measured
 */
/**
 * @typedef {object} Growth
 * @property {string} shape
 * @property {number} count
 * @property {number} excessMs what the longest text took more than a harmless one that is as long
 * @property {number | undefined} ratio how much faster than the text its time grew; undefined where it is too short to tell
 * @property {"linear" | "faster" | "unknown"} verdict
 */

export class Linearity {
  /** @type {Series[]} */
  #series;
  /** Of the longest harmless text, in order. @type {number[]} */
  #harmless = [];

  /** @param {readonly string[]} shapes */
  constructor(shapes) {
    this.#series = shapes.map((shape) => ({ shape, least: new Map(), harmless: new Map(), count: 0 }));
  }

  /** Whether something is known of each text. */
  get isDecided() {
    return this.#series.every((one) => this.#growthOf(one).verdict !== "unknown");
  }

  /** The text that is worth the next measurement: first each of them once, then the one that seems slowest. A least time can
   * only shrink, so that one which was slow by chance gives way to the next. */
  next() {
    const unseen = this.#series.find(({ count }) => count === 0);
    const open = this.#series.filter(({ count }) => count < ENOUGH);
    const [worst] = open.toSorted((a, b) => excess(b, LONGEST) - excess(a, LONGEST));
    return unseen?.shape ?? worst?.shape ?? this.#series[0]?.shape ?? "";
  }

  /** @param {string} shape
   * @param {Times} times of all lengths
   * @param {Times} harmless those of harmless texts, measured beside them */
  add(shape, times, harmless) {
    const series = this.#series.find((one) => one.shape === shape);
    if (series === undefined) throw new Error(`nobody asked for ${shape}`);
    keepLeast(series.least, times);
    keepLeast(series.harmless, harmless);
    series.count += 1;
    this.#harmless.push(harmless.get(LONGEST) ?? 0);
    this.#harmless.sort((a, b) => a - b);
  }

  /** All of them, the slowest first. */
  growths() {
    return this.#series.map((one) => this.#growthOf(one)).toSorted((a, b) => b.excessMs - a.excessMs);
  }

  /** @param {Series} series
   * @returns {Growth} */
  #growthOf(series) {
    const { shape, count } = series;
    const excessMs = excess(series, LONGEST);
    const spread = this.#spread();
    if (count > 0 && excessMs < CERTAIN_MS + spread)
      return { shape, count, excessMs, ratio: undefined, verdict: "linear" };
    const ratio = excessMs / Math.max(excess(series, MIDDLE), 0.1) / (LONGEST / MIDDLE);
    if (count < (excessMs > OBVIOUS.ms ? OBVIOUS.count : FEWEST))
      return { shape, count, excessMs, ratio, verdict: "unknown" };
    const isLinear = excessMs <= MOST_MS + spread && ratio <= MOST_RATIO;
    return { shape, count, excessMs, ratio, verdict: isLinear ? "linear" : "faster" };
  }

  /** How much later than the first the harmless answers come, half of them: 0.2 ms on a machine that has time. */
  #spread() {
    const [first = 0] = this.#harmless;
    return (this.#harmless[this.#harmless.length >> 1] ?? 0) - first;
  }
}

/** @param {Map<number, number>} least
 * @param {Times} times */
function keepLeast(least, times) {
  for (const [length, ms] of times) least.set(length, Math.min(ms, least.get(length) ?? Number.POSITIVE_INFINITY));
}

/** @param {Series} series
 * @param {number} length */
function excess({ least, harmless }, length) {
  return Math.max((least.get(length) ?? 0) - (harmless.get(length) ?? 0), 0);
}

/** "commas: +0.31 ms for 15,000 characters, the least of 40", and how it grew.
 * @param {Growth} growth */
export function describeGrowth({ shape, excessMs, ratio, count, verdict }) {
  const how = ratio === undefined ? "" : `, growing ${ratio.toFixed(1)} times as fast as the text`;
  const doubt = verdict === "unknown" ? ", too seldom to tell" : "";
  const length = LONGEST.toLocaleString("en");
  return `${shape}: +${excessMs.toFixed(2)} ms for ${length} characters, the least of ${count}${how}${doubt}`;
}
