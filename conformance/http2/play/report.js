/** What is printed of results. */

/** @typedef {import("./play-case.js").Result} Result */

const VERDICT = { passed: "ok  ", failed: "FAIL", known: "know", "not offered": "n/o " };

/** A line for a result, and for one that did not pass what was sent, expected and seen.
 * @param {Result} result */
export function describeResult({ id, section, title, result, sent, expected, seen, ms }) {
  const line = `${VERDICT[result]} ${id.padEnd(13)} ${title} (RFC ${section})`;
  if (result === "passed") return `${line}, ${ms} ms`;
  if (result === "not offered" || result === "known") return `${line}: ${seen}`;
  return [line, `     sent:     ${sent}`, `     expected: ${expected}`, `     seen:     ${seen}`].join("\n");
}

/** @param {readonly Result[]} results */
export function countsOf(results) {
  const count = (/** @type {Result["result"]} */ wanted) => results.filter(({ result }) => result === wanted).length;
  const known = count("known") > 0 ? ` and ${count("known")} known` : "";
  return `${count("passed")} passed, ${count("failed")} failed${known}, ${count("not offered")} not offered`;
}
