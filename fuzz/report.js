/** What libFuzzer said at its end.
 * @typedef {{
 *   runs: number, perSecond: number, edges: number, features: number, peakMib: number,
 *   violation: string | undefined, file: string | undefined,
 * }} Report `violation`: what was found; `file`: the input that shows it */

/** Read what libFuzzer prints.
 * @param {string} text
 * @returns {Report} */
export function readReport(text) {
  const coverage = [...text.matchAll(/ cov: (\d+) ft: (\d+) /g)].at(-1);
  return {
    runs: statistic(text, "number_of_executed_units"),
    perSecond: statistic(text, "average_exec_per_sec"),
    edges: Number(coverage?.[1] ?? 0),
    features: Number(coverage?.[2] ?? 0),
    peakMib: statistic(text, "peak_rss_mb"),
    violation: /Uncaught Exception: (.*)/.exec(text)?.[1] ?? /ERROR: libFuzzer: (.*)/.exec(text)?.[1],
    file: /Test unit written to (.*)/.exec(text)?.[1],
  };
}

/** @param {string} text
 * @param {string} name */
function statistic(text, name) {
  return Number(new RegExp(`^stat::${name}: +(\\d+)`, "m").exec(text)?.[1] ?? 0);
}
