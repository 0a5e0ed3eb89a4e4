/**
 * Lists a project's own sources and reads them, one after the other.
 * In: a folder. Out: path and text of each; what was left out, and why. Symbolic links are not followed, and neither
 * installed packages, built files nor the repository's own folder are entered.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { Failure, printable } from "./failure.js";
import { readText } from "./read-json.js";

/** @typedef {{ file: string, reason: string }} LeftOut a file or folder, below the project's */

const EXTENSION = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const NOT_ENTERED = new Set(["node_modules", "dist", ".git"]);
const MAX_SOURCE_BYTES = 2 << 20;

/** @param {string} folder
 * @param {LeftOut[]} leftOut grows
 * @returns {Generator<{ file: string, text: string }>} in the order of their paths, with `/` in them */
export function* readSources(folder, leftOut) {
  for (const file of listSources(folder, leftOut)) {
    try {
      const text = readText(path.join(folder, file), MAX_SOURCE_BYTES);
      if (text !== undefined) yield { file, text };
      else leftOut.push({ file, reason: "cannot be found under that name" });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const reason = error.message.slice(printable(path.join(folder, file)).length + 2);
      leftOut.push({ file, reason });
    }
  }
}

/** @param {string} folder
 * @param {LeftOut[]} leftOut
 * @returns {string[]} */
function listSources(folder, leftOut) {
  /** @type {string[]} */
  const files = [];
  const waiting = [""];
  for (let base = waiting.pop(); base !== undefined; base = waiting.pop()) {
    for (const entry of entriesOf(folder, base, leftOut)) {
      const name = base === "" ? entry.name : `${base}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!NOT_ENTERED.has(entry.name)) waiting.push(name);
      } else if (EXTENSION.test(entry.name)) {
        if (entry.isFile()) files.push(name);
        else leftOut.push({ file: name, reason: entry.isSymbolicLink() ? "a symbolic link" : "no regular file" });
      } else if (entry.isSymbolicLink() && !NOT_ENTERED.has(entry.name)) {
        leftOut.push({ file: name, reason: "a symbolic link" });
      }
    }
  }
  return files.sort();
}

/** @param {string} folder
 * @param {string} base
 * @param {LeftOut[]} leftOut */
function entriesOf(folder, base, leftOut) {
  try {
    return readdirSync(path.join(folder, base), { withFileTypes: true });
  } catch (error) {
    const code = error instanceof Error ? String(Reflect.get(error, "code")) : "";
    leftOut.push({ file: base === "" ? "." : base, reason: `cannot be read (${code})` });
    return [];
  }
}
