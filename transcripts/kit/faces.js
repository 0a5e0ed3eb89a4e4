/** The faces that have transcripts: which package each replaces, and where its scenarios and rows are. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** @typedef {import("./play.js").Scenario} Scenario */
/** A row of a face's contract: id, what it says, and its mark. `reason`: why no scenario has to show it.
 * @typedef {{ id: string, text: string, mark: "KEEP" | "FIX" | "FREE" | "DOC" | "OURS", reason?: string }} Row */
/** `original`: the package, where it can be had. `knownFaults`: what it throws where nobody can catch it.
 * @typedef {{ name: string, original?: string, knownFaults?: readonly import("./known-faults.js").Fault[] }} Face */

const folder = path.resolve(import.meta.dirname, "..");
const root = path.resolve(folder, "..");
const require = createRequire(path.join(root, "package.json"));

/** @type {readonly Face[]} */
export const FACES = [
  { name: "websocket-node", original: "websocket" },
  { name: "nodejs-websocket", original: "nodejs-websocket" },
  {
    name: "jadsonlucena-websocket",
    original: "@jadsonlucena/websocket",
    // After each end of a connection
    knownFaults: [{ name: "ReferenceError", message: "Not Found" }],
  },
  { name: "jellysocket" },
  { name: "jsh-ws" },
];

/** @param {string} name
 * @returns {Face} */
export function faceNamed(name) {
  const face = FACES.find((one) => one.name === name);
  if (face === undefined) throw new Error(`no face is called ${name}`);
  return face;
}

/** @param {Face} face
 * @returns {unknown} the module that the face replaces */
export function loadOriginal(face) {
  if (face.original === undefined) throw new Error(`the original of ${face.name} cannot be had`);
  return require(face.original);
}

/** @param {Face} face
 * @returns {unknown} the face, or the package that TRANSCRIPTS_OURS names (the original itself: are transcripts repeatable?) */
export function loadOurs(face) {
  return require(pathOfOurs(face));
}

/** @param {Face} face
 * @returns {string} the file that loadOurs loads */
export function pathOfOurs(face) {
  return require.resolve(process.env["TRANSCRIPTS_OURS"] || path.join(root, "faces", face.name));
}

/** @param {Face} face
 * @returns {Promise<{ topic: string, scenarios: readonly Scenario[] }[]>} */
export async function loadTopics(face) {
  const home = path.join(folder, face.name);
  const files = readdirSync(home).filter((file) => file.endsWith(".js") && !file.endsWith(".test.js"));
  const topics = [];
  for (const file of files.sort()) {
    const module = await import(pathToFileURL(path.join(home, file)).href);
    topics.push({ topic: file.slice(0, -".js".length), scenarios: module.default });
  }
  return topics;
}

/** @param {Face} face
 * @returns {readonly Row[]} */
export function loadRows(face) {
  return JSON.parse(readFileSync(path.join(folder, face.name, "rows.json"), "utf8"));
}
