/**
 * What there is to be done: a run is some cases against one target in one role, at one version, with one cut.
 * In: the options of run.js. Out: runs, the longer ones first, so that no worker is left alone with one of them at the end.
 */
import { CUTS } from "../drive/cuts.js";
import { VERSIONS } from "../drive/opening-handshake.js";
import { idFilter, loadCases } from "../tester/cases.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("../tester/cases.js").Case["set"]} CaseSet */
/**
 * @typedef {object} Run
 * @property {"server" | "client" | "engine"} target
 * @property {"server" | "client"} role of the target
 * @property {8 | 13 | undefined} version undefined: both, since without an opening handshake they are the same
 * @property {Cut} cut
 * @property {CaseSet} set
 * @property {readonly string[]} ids
 */
/** @typedef {{ target: string, version: string, cut: string, set: string, only: string | undefined }} Choice `all` chooses
 *   all */

/** @type {readonly ("server" | "client")[]} */
const ROLES = ["server", "client"];
/** Those that are soon played last. @type {readonly CaseSet[]} */
const SETS = ["limits", "deflate", "script"];

/** @param {Choice} choice
 * @returns {Run[]} */
export function planRuns({ target, version, cut, set, only }) {
  const selected = only === undefined ? () => true : idFilter(only);
  const cases = loadCases().filter(({ id }) => selected(id));
  const cuts = CUTS.filter((name) => cut === "all" || cut === name);
  const versions = VERSIONS.filter((number) => version === "all" || version === String(number));
  /** @type {Pick<Run, "target" | "role" | "version">[]} */
  const ends = [];
  for (const role of ROLES) {
    if (target !== "all" && target !== role) continue;
    for (const one of versions) ends.push({ target: role, role, version: one });
  }
  if (target === "all" || target === "engine") {
    for (const role of ROLES) ends.push({ target: "engine", role, version: undefined });
  }
  return SETS.filter((name) => set === "all" || set === name).flatMap((name) => {
    const ids = cases.filter((one) => one.set === name).map(({ id }) => id);
    if (ids.length === 0) return [];
    // Single octets are for whoever reads frames, which the other sets see to; 128 KiB of them take long
    const own = cuts.filter((one) => name !== "deflate" || one !== "bytes");
    return ends.flatMap((end) => own.map((one) => ({ ...end, cut: one, set: name, ids })));
  });
}

/** What a run is called in reports.
 * @param {Run} run */
export function labelOf({ target, role, version, cut }) {
  return target === "engine" ? `engine as ${role}, versions 13 and 8, ${cut}` : `${target}, version ${version}, ${cut}`;
}
