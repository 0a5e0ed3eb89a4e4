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
 * @property {Carrier | undefined} carrier undefined: none, for an engine
 * @property {8 | 13 | undefined} version undefined: both, since without an opening handshake they are the same
 * @property {Cut} cut
 * @property {CaseSet} set
 * @property {readonly string[]} ids
 */
/** What carries the octets: a socket after an upgrade, or a stream of HTTP/2 after an extended CONNECT.
 * @typedef {"http1" | "http2"} Carrier */
/** @typedef {{ target: string, carrier: string, version: string, cut: string, set: string, only: string | undefined }} Choice `all` chooses
 *   all */

/** @type {readonly ("server" | "client")[]} */
const ROLES = ["server", "client"];
/** @type {readonly Carrier[]} */
const CARRIERS = ["http1", "http2"];
/** Frames are read by the same code whatever carries them, so over HTTP/2 only this is played: each case at random cuts,
 * which have many DATA frames, and those of one connection mixed with others'. Over it a version is but another number in a
 * field. @type {Record<8 | 13, Record<CaseSet, readonly Cut[]>>} */
const OVER_HTTP2 = {
  13: { script: CUTS, limits: ["random"], deflate: ["random"] },
  8: { script: ["random"], limits: [], deflate: [] },
};
/** Those that are soon played last. @type {readonly CaseSet[]} */
const SETS = ["limits", "deflate", "script"];

/** @param {Choice} choice
 * @returns {Run[]} */
export function planRuns({ target, carrier, version, cut, set, only }) {
  const selected = only === undefined ? () => true : idFilter(only);
  const cases = loadCases().filter(({ id }) => selected(id));
  const cuts = CUTS.filter((name) => cut === "all" || cut === name);
  const versions = VERSIONS.filter((number) => version === "all" || version === String(number));
  const carriers = CARRIERS.filter((name) => carrier === "all" || carrier === name);
  /** @type {Pick<Run, "target" | "role" | "carrier" | "version">[]} */
  const ends = [];
  for (const role of ROLES) {
    if (target !== "all" && target !== role) continue;
    for (const by of carriers) {
      for (const one of versions) ends.push({ target: role, role, carrier: by, version: one });
    }
  }
  if (target === "all" || target === "engine") {
    for (const role of ROLES) ends.push({ target: "engine", role, carrier: undefined, version: undefined });
  }
  return SETS.filter((name) => set === "all" || set === name).flatMap((name) => {
    const ids = cases.filter((one) => one.set === name).map(({ id }) => id);
    if (ids.length === 0) return [];
    return ends.flatMap((end) =>
      cuts.filter((one) => isPlayed(end, name, one)).map((one) => ({ ...end, cut: one, set: name, ids })),
    );
  });
}

/** @param {Pick<Run, "carrier" | "version">} end
 * @param {CaseSet} set
 * @param {Cut} cut */
function isPlayed({ carrier, version = 13 }, set, cut) {
  if (carrier === "http2") return OVER_HTTP2[version][set].includes(cut);
  // Single octets are for whoever reads frames, which the other sets see to; 128 KiB of them take long
  return set !== "deflate" || cut !== "bytes";
}

/** What a run is called in reports.
 * @param {Run} run */
export function labelOf({ target, role, carrier, version, cut }) {
  if (target === "engine") return `engine as ${role}, versions 13 and 8, ${cut}`;
  return `${target} over ${carrier}, version ${version}, ${cut}`;
}
