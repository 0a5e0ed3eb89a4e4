/**
 * What there is to be done: a run is some cases against one target in one role, at one version, with one cut.
 * In: the options of run.js. Out: runs, the longest first, so that no worker is left alone with one of them at the end.
 */
import { CUTS } from "../drive/cuts.js";
import { VERSIONS } from "../drive/opening-handshake.js";
import { idFilter, loadCases } from "../tester/cases.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/**
 * @typedef {object} Run
 * @property {"server" | "client" | "engine"} target
 * @property {"server" | "client"} role of the target
 * @property {8 | 13 | undefined} version undefined: both, since without an opening handshake they are the same
 * @property {Cut} cut
 * @property {"script" | "limits"} set
 * @property {readonly string[]} ids
 */
/** @typedef {{ target: string, version: string, cut: string, only: string | undefined }} Choice `all` chooses all */

/** @type {readonly ("server" | "client")[]} */
const ROLES = ["server", "client"];

/** @param {Choice} choice
 * @returns {Run[]} */
export function planRuns({ target, version, cut, only }) {
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
  return /** @type {const} */ (["limits", "script"]).flatMap((set) => {
    const ids = cases.filter((one) => one.set === set).map(({ id }) => id);
    if (ids.length === 0) return [];
    return ends.flatMap((end) => cuts.map((name) => ({ ...end, cut: name, set, ids })));
  });
}

/** What a run is called in reports.
 * @param {Run} run */
export function labelOf({ target, role, version, cut }) {
  return target === "engine" ? `engine as ${role}, versions 13 and 8, ${cut}` : `${target}, version ${version}, ${cut}`;
}
