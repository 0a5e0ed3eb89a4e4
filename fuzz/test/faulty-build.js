import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A place in the build, and what stands there instead.
 * @typedef {{ file: string, from: string, to: string }} Fault */

const build = path.join(import.meta.dirname, "../../core/dist/cjs");

/** Copy the build, with a fault.
 * @param {string} folder where the copy goes
 * @param {Fault} fault
 * @returns {string} the copy's folder */
export function copyWithFault(folder, { file, from, to }) {
  const copy = path.join(folder, "build");
  cpSync(build, copy, { recursive: true, filter: (name) => !name.endsWith(".map") && !name.endsWith(".d.ts") });
  const place = path.join(copy, file);
  const text = readFileSync(place, "utf8");
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(place, text.replace(from, to));
  return copy;
}
