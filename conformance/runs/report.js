/**
 * What is printed. In: outcomes as they come. Out: a line for each failed case, then a table with a row for each target,
 * role, version and cut, and last the count.
 */
import { loadCases } from "../tester/cases.js";
import { labelOf } from "./plan.js";

/** @typedef {import("./plan.js").Run} Run */
/** @typedef {import("./worker.js").Outcome} Outcome */
/** @typedef {{ label: string, script: number[], limits: number[] }} Row [passed, all] of each set */

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
    const row = this.#rows.get(label) ?? { label, script: [0, 0], limits: [0, 0] };
    const [before = 0, all = 0] = row[run.set];
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
    const labels = new Set(runs.map(labelOf));
    const rows = [...labels].flatMap((label) => this.#rows.get(label) ?? []);
    const width = Math.max(...rows.map(({ label }) => label.length), 0);
    this.#print(`\n${"passed of all".padEnd(width)}  ${"cases".padStart(9)}  ${"limits".padStart(9)}`);
    for (const { label, script, limits } of rows) {
      this.#print(`${label.padEnd(width)}  ${countOf(script)}  ${countOf(limits)}`);
    }
    const note =
      this.#informational > 0
        ? `; ${this.#informational} of all informational: these fail only for a breach or a standstill`
        : "";
    this.#print(`\n${about}${note}`);
    this.#print(`${this.passed} passed, ${this.failed} failed`);
  }
}

/** @param {number[]} counts */
function countOf([passed = 0, all = 0]) {
  return (all === 0 ? "-" : `${passed}/${all}`).padStart(9);
}
