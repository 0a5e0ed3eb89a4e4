/**
 * What is printed. In: outcomes as they come. Out: a line for each failed case, then a table with a row for each target,
 * role, carrier, version and cut, and last the count.
 */
import { loadCases } from "../tester/cases.js";
import { labelOf } from "./plan.js";

/** @typedef {import("./plan.js").Run} Run */
/** @typedef {import("./worker.js").Outcome} Outcome */
/** [passed, all] of each set. @typedef {Record<import("./plan.js").CaseSet, [number, number]>} Row */

export class Report {
  passed = 0;
  failed = 0;
  #informational = 0;
  #cases = new Map(loadCases().map((one) => [one.id, one]));
  /** @type {Map<string, Row>} */ #rows = new Map();
  #verbose;
  #print;

  /** @param {boolean} verbose whether passed cases get a line too
   * @param {(line: string) => void} print */
  constructor(verbose, print) {
    this.#verbose = verbose;
    this.#print = print;
  }

  /** @param {Run} run
   * @param {Outcome} outcome */
  add(run, { id, wrong, ms }) {
    const label = labelOf(run);
    const passed = wrong.length === 0;
    const row = this.#rows.get(label) ?? { script: [0, 0], limits: [0, 0], deflate: [0, 0] };
    const [before, all] = row[run.set];
    this.#rows.set(label, { ...row, [run.set]: [before + Number(passed), all + 1] });
    const one = this.#cases.get(id);
    const informational = one?.set === "script" && one.informational === true;
    if (passed) this.passed++;
    else this.failed++;
    if (informational) this.#informational++;
    if (passed && !this.#verbose) return;
    const verdict = passed ? "ok  " : "FAIL";
    const why = passed
      ? `${one?.title}${informational ? " [informational]" : ""}, ${Math.round(ms)} ms`
      : wrong.join("; ");
    this.#print(`${verdict} ${id.padEnd(7)} ${label}: ${why}`);
  }

  /** @param {readonly Run[]} runs in the order of the table
   * @param {string} about duration and the like */
  finish(runs, about) {
    const labels = [...new Set(runs.map(labelOf))].filter((label) => this.#rows.has(label));
    const width = Math.max(...labels.map(({ length }) => length), 0);
    const line = (/** @type {string} */ first, /** @type {string[]} */ cells) =>
      this.#print([first.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join("  "));
    this.#print("");
    line("passed of all", ["cases", "limits", "deflate"]);
    for (const label of labels) {
      const row = this.#rows.get(label);
      line(label, [countOf(row?.script), countOf(row?.limits), countOf(row?.deflate)]);
    }
    const note =
      this.#informational > 0
        ? `; ${this.#informational} of all informational: these fail only for a breach or a standstill`
        : "";
    this.#print(`\n${about}${note}`);
    this.#print(`${this.passed} passed, ${this.failed} failed`);
  }
}

/** @param {[number, number] | undefined} counts */
function countOf([passed, all] = [0, 0]) {
  return all === 0 ? "-" : `${passed}/${all}`;
}
