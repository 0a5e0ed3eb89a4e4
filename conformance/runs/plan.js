/**
 * What there is to be done: a run is some cases against one target in one role, at one version, with one cut.
 * In: the options of run.js. Out: runs, the longer ones first, so that no worker is left alone with one of them at the end.
 */
import { CUTS } from "../drive/cuts.js";
import { VERSIONS } from "../drive/opening-handshake.js";
import { idFilter, loadCases } from "../tester/cases.js";
import { TERMS } from "./face-terms.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("../tester/cases.js").Case["set"]} CaseSet */
/**
 * @typedef {object} Run
 * @property {"server" | "client" | "engine"} target
 * @property {"server" | "client"} role of the target
 * @property {Carrier | undefined} carrier undefined: none, for an engine
 * @property {8 | 13 | undefined} version undefined: both, since without an opening handshake they are the same
 * @property {Face | undefined} face undefined: polysocket itself
 * @property {Cut} cut
 * @property {CaseSet} set
 * @property {readonly string[]} ids
 */
/** @typedef {Pick<Run, "target" | "role" | "carrier" | "version" | "face">} End */
/** What carries the octets: a socket after an upgrade, or a stream of HTTP/2 after an extended CONNECT.
 * @typedef {"http1" | "http2"} Carrier */
/** @typedef {import("./face-terms.js").Face} Face */
/** @typedef {{ target: string, carrier: string, version: string, face: string, cut: string, set: string, only: string | undefined }} Choice
 *   `all` chooses all; `face` "none": polysocket itself */

/** @type {readonly ("server" | "client")[]} */
const ROLES = ["server", "client"];
/** @type {readonly Carrier[]} */
const CARRIERS = ["http1", "http2"];
/** @type {readonly Face[]} */
export const FACES = ["websocket", "nodejs-websocket", "jadsonlucena-websocket", "jellysocket", "jsh-ws"];
/** Frames are read by the same code whatever carries them, and whatever face is over it, so only this is played there: each case at random cuts,
 * which have many DATA frames, and those of one connection mixed with others'. Over it a version is but another number in a
 * field. @type {Record<8 | 13, Record<CaseSet, readonly Cut[]>>} */
const FEWER = {
  13: { script: CUTS, limits: ["random"], deflate: ["random"] },
  8: { script: ["random"], limits: [], deflate: [] },
};
/** Those that are soon played last. @type {readonly CaseSet[]} */
const SETS = ["limits", "deflate", "script"];

/** @param {Choice} choice
 * @returns {Run[]} */
export function planRuns({ target, carrier, version, face, cut, set, only }) {
  const selected = only === undefined ? () => true : idFilter(only);
  const cases = loadCases().filter(({ id }) => selected(id));
  const cuts = CUTS.filter((name) => cut === "all" || cut === name);
  const versions = VERSIONS.filter((number) => version === "all" || version === String(number));
  const carriers = CARRIERS.filter((name) => carrier === "all" || carrier === name);
  const faces = face === "none" ? [undefined] : FACES.filter((name) => face === "all" || face === name);
  /** @type {End[]} */
  const ends = [];
  for (const role of ROLES) {
    if (target !== "all" && target !== role) continue;
    for (const by of carriers) {
      for (const one of versions) {
        for (const what of faces) ends.push({ target: role, role, carrier: by, version: one, face: what });
      }
    }
  }
  if (face === "none" && (target === "all" || target === "engine")) {
    for (const role of ROLES)
      ends.push({ target: "engine", role, carrier: undefined, version: undefined, face: undefined });
  }
  return SETS.filter((name) => set === "all" || set === name).flatMap((name) => {
    return ends.flatMap((end) => {
      const plays = (end.face && TERMS[end.face].plays) ?? (() => true);
      const ids = cases.filter((one) => one.set === name && plays(one)).map(({ id }) => id);
      if (ids.length === 0) return [];
      return cuts.filter((one) => isPlayed(end, name, one)).map((one) => ({ ...end, cut: one, set: name, ids }));
    });
  });
}

/** @param {End} end
 * @param {CaseSet} set
 * @param {Cut} cut */
function isPlayed({ target, carrier, version = 13, face }, set, cut) {
  if (face !== undefined && !isOffered(face, target, carrier, version)) return false;
  if (face !== undefined && TERMS[face].needs?.(set, target, carrier) === false) return false;
  if (carrier === "http2" || face !== undefined) return FEWER[version][set].includes(cut);
  // Single octets are for whoever reads frames, which the other sets see to; 128 KiB of them take long
  return set !== "deflate" || cut !== "bytes";
}

/** What the old API has no way to ask for is not played.
 * @param {Face} face
 * @param {Run["target"]} target
 * @param {Carrier | undefined} carrier
 * @param {8 | 13} version */
function isOffered(face, target, carrier, version) {
  const { targets, versions, goesOver } = TERMS[face];
  return targets.includes(target) && versions.includes(version) && goesOver(target, carrier);
}

/** What a run is called in reports.
 * @param {Run} run */
export function labelOf({ target, role, carrier, version, face, cut }) {
  if (face !== undefined) return `${face}'s ${target} over ${carrier}, version ${version}, ${cut}`;
  if (target === "engine") return `engine as ${role}, versions 13 and 8, ${cut}`;
  return `${target} over ${carrier}, version ${version}, ${cut}`;
}
