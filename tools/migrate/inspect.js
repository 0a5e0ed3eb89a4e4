/**
 * Looks at a project: who depends on the replaced libraries, what of them its sources use, which lines change that.
 * In: its folder. Out: an account, which is also what `--json` prints. Changes nothing.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { findDependents, SECTIONS } from "./dependents.js";
import { Failure, printable } from "./failure.js";
import { usesIn } from "./follow.js";
import { rangesIn, readPackages } from "./packages.js";
import { planFor } from "./plan.js";
import { readJson } from "./read-json.js";
import { readSources } from "./source-files.js";

/**
 * @typedef {import("./knowledge.js").Use} Use
 * @typedef {import("./replacements.js").Replacement} Replacement
 * @typedef {{ file: string, line: number }} Spot
 *
 * @typedef {object} UsedPart
 * @property {Use["what"]} what
 * @property {string} on the kind of object, or the table of options
 * @property {string} name
 * @property {boolean} isKnown whether the original's surface has it
 * @property {string | undefined} difference on purpose
 * @property {Spot[]} spots
 *
 * @typedef {object} LibraryAccount
 * @property {string} original
 * @property {string} face
 * @property {string} version the face's
 * @property {import("./dependents.js").Dependents} dependents
 * @property {UsedPart[]} uses
 * @property {(Spot & { what: string })[]} notFollowed
 * @property {import("./plan.js").Plan} plan
 *
 * @typedef {object} Account
 * @property {string} folder
 * @property {string | undefined} name
 * @property {string | undefined} version
 * @property {string[]} read
 * @property {number} sources how many were read
 * @property {import("./source-files.js").LeftOut[]} leftOut
 * @property {string[]} problems
 * @property {LibraryAccount[]} libraries those that are depended on, or used
 * @property {string[]} absent the other ones
 */

const MAX_MANIFEST_BYTES = 4 << 20;

/** @param {string} folder
 * @param {readonly Replacement[]} replacements
 * @returns {{ account: Account, manifestText: string }}
 * @throws Failure */
export function inspect(folder, replacements) {
  const manifest = readJson(path.join(folder, "package.json"), MAX_MANIFEST_BYTES);
  if (manifest === undefined)
    throw new Failure(`${printable(folder)}: expected a project's folder, seen no package.json`);
  const { name, version } = manifest.value;
  const packages = readPackages(folder);
  const managers = managersIn(folder);
  const parts = replacements.map((replacement) => {
    const dependents = findDependents(manifest.value, packages.all, replacement);
    return { replacement, dependents, plan: planFor(manifest.value, replacement, dependents, managers) };
  });
  /** @type {Map<string, Replacement>} */
  const names = new Map();
  for (const { replacement, dependents } of parts) {
    for (const installed of [replacement.original, ...dependents.own.map((line) => line.name)])
      names.set(installed, replacement);
    if (replacement.builtIn !== undefined && isMissing(replacement.builtIn, manifest.value, packages.all))
      names.set(replacement.builtIn, replacement);
  }
  const sources = readUses(folder, names);
  const libraries = parts.map(({ replacement, dependents, plan }) => {
    const uses = usedParts(sources.found, replacement);
    if (uses.length > 0 && dependents.own.length === 0) plan.advice.push(howToList(replacement));
    const notFollowed = sources.found.flatMap(({ file, unseen }) =>
      unseen.filter((one) => one.replacement === replacement).map(({ line, what }) => ({ file, line, what })),
    );
    const { original, face, version: faceVersion } = replacement;
    return { original, face, version: faceVersion, dependents, uses, notFollowed, plan };
  });
  const isPresent = (/** @type {LibraryAccount | undefined} */ one) =>
    one !== undefined &&
    one.uses.length + one.dependents.own.length + one.dependents.others.length + one.dependents.installed.length > 0;
  const account = {
    folder,
    name: typeof name === "string" ? name : undefined,
    version: typeof version === "string" ? version : undefined,
    read: ["package.json", ...packages.sources],
    sources: sources.count,
    leftOut: sources.leftOut,
    problems: packages.problems,
    libraries: libraries.filter(isPresent),
    absent: parts
      .filter(({ replacement }, i) => replacement.builtIn === undefined && !isPresent(libraries[i]))
      .map(({ replacement }) => replacement.original),
  };
  return { account, manifestText: manifest.text };
}

/** Whether a program that requires the name would find no package: then it is written for where the module is built in.
 * @param {string} name
 * @param {Record<string, unknown>} manifest
 * @param {import("./packages.js").Packages["all"]} packages */
function isMissing(name, manifest, packages) {
  return !packages.has(`node_modules/${name}`) && !SECTIONS.some((section) => rangesIn(manifest[section]).has(name));
}

/** @param {Replacement} replacement */
function howToList({ original, builtIn, alias }) {
  if (builtIn === undefined)
    return `the sources use ${original}, but package.json does not list it: list it, then run this again`;
  const line = `"dependencies": { "${builtIn}": "${alias}" }`;
  return `the sources use ${builtIn}, but package.json does not list it: if they were written for ${original}, ${line} gives them that; npm's ${builtIn} is another library, which nothing here replaces`;
}

/** @param {string} folder
 * @returns {import("./plan.js").Managers} */
function managersIn(folder) {
  const has = (/** @type {string} */ name) => existsSync(path.join(folder, name));
  return {
    npm: has("package-lock.json") || has("npm-shrinkwrap.json"),
    yarn: has("yarn.lock"),
    pnpm: has("pnpm-lock.yaml"),
  };
}

/** @typedef {{ file: string, uses: Use[], unseen: import("./knowledge.js").Unseen[], assigned: Set<string> }} Found */

/** @param {string} folder
 * @param {Map<string, Replacement>} names */
function readUses(folder, names) {
  /** @type {Found[]} */
  const found = [];
  /** @type {import("./source-files.js").LeftOut[]} */
  const leftOut = [];
  let count = 0;
  for (const { file, text } of readSources(folder, leftOut)) {
    count++;
    try {
      const known = usesIn(file, text, names);
      if (known !== undefined) found.push({ file, uses: known.uses, unseen: known.unseen, assigned: known.assigned });
    } catch (error) {
      // A file that no parser takes is no reason to say nothing of the others.
      if (error instanceof RangeError) leftOut.push({ file, reason: "nested too deeply" });
      else if (error instanceof SyntaxError) leftOut.push({ file, reason: `cannot be parsed: ${error.message}` });
      else throw error;
    }
  }
  return { found, leftOut, count };
}

/** @type {Use["what"][]} */
const ORDER = ["import", "export", "type", "option", "static", "member", "event"];

/** @param {Found[]} found
 * @param {Replacement} replacement
 * @returns {UsedPart[]} */
function usedParts(found, replacement) {
  const assigned = new Set(found.flatMap((one) => [...one.assigned]));
  /** @type {Map<string, UsedPart>} */
  const parts = new Map();
  for (const { file, uses } of found) {
    for (const { replacement: of, what, on, name, line, entry } of uses) {
      // What a program has put there itself is its own.
      if (of !== replacement || (entry === undefined && assigned.has(`${on} ${name}`))) continue;
      const key = [what, on, name].join(" ");
      const part = parts.get(key) ?? {
        what,
        on,
        name,
        isKnown: entry !== undefined,
        difference: entry?.note,
        spots: [],
      };
      part.spots.push({ file, line });
      parts.set(key, part);
    }
  }
  const rank = (/** @type {UsedPart} */ { what, on, name }) => `${ORDER.indexOf(what)} ${on} ${name}`;
  for (const { spots } of parts.values())
    spots.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  return [...parts.values()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
