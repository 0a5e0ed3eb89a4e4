/**
 * Lists the packages of a project: what its lock file says, and what its node_modules have.
 * In: a project's folder. Out: packages by location (`node_modules/a/node_modules/b`), and what could not be read.
 * Knows lock files of npm 1 to 3 and the folders of npm, yarn (node-modules) and pnpm; symbolic links are not followed.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { Failure, isObject, printable } from "./failure.js";
import { readJson } from "./read-json.js";

/**
 * @typedef {object} Package
 * @property {string} location below the project, with `/`; "" for itself
 * @property {string} name under which it is installed
 * @property {string} realName its own, which differs where it is installed under an alias
 * @property {string | undefined} version
 * @property {Map<string, string>} needs what it depends on: name → range
 * @property {Set<string>} peers those of them that are peer dependencies
 * @property {boolean} isBundled packed into its dependent: no override reaches it
 *
 * @typedef {object} Packages
 * @property {Map<string, Package>} all
 * @property {string[]} sources the files and folders that were read
 * @property {string[]} problems
 */

const LOCK_FILES = ["npm-shrinkwrap.json", "package-lock.json"];
const MAX_LOCK_BYTES = 256 << 20;
const MAX_MANIFEST_BYTES = 4 << 20;
/** More packages than any real tree has, and few enough to end. */
const MAX_PACKAGES = 200_000;
/** No system has longer paths. */
const MAX_LOCATION = 4096;

/** @param {string} folder
 * @returns {Packages} */
export function readPackages(folder) {
  /** @type {Packages} */
  const packages = { all: new Map(), sources: [], problems: [] };
  for (const name of LOCK_FILES) {
    const lock = readJson(path.join(folder, name), MAX_LOCK_BYTES)?.value;
    if (lock === undefined) continue;
    packages.sources.push(name);
    addLock(packages, name, lock);
    // npm reads the shrinkwrap alone where there are both.
    break;
  }
  addInstalled(packages, folder);
  return packages;
}

/** @param {Packages} packages
 * @param {string} file
 * @param {Record<string, unknown>} lock */
function addLock(packages, file, lock) {
  if (isObject(lock["packages"])) {
    for (const [location, entry] of Object.entries(lock["packages"])) {
      if (!isObject(entry) || entry["link"] === true || location === "") continue;
      if (location.length <= MAX_LOCATION) add(packages, location, entry);
      else packages.problems.push(`${file}: ${printable(location)} is too long; it was left out`);
    }
  } else if (isObject(lock["dependencies"])) {
    addFirstLock(packages, lock["dependencies"]);
  } else if (lock["packages"] !== undefined || lock["dependencies"] !== undefined) {
    packages.problems.push(`${file}: expected an object as packages or dependencies; it was left out`);
  }
}

/** The first form of lock files: a tree, in which `requires` has the ranges.
 * @param {Packages} packages
 * @param {Record<string, unknown>} top */
function addFirstLock(packages, top) {
  const waiting = [{ parent: "", children: top }];
  let left = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [name, entry] of Object.entries(next.children)) {
      if (!isObject(entry)) continue;
      if (next.parent.length > MAX_LOCATION) {
        left++;
        continue;
      }
      const location = `${next.parent}${next.parent === "" ? "" : "/"}node_modules/${name}`;
      add(packages, location, { ...entry, dependencies: entry["requires"], inBundle: entry["bundled"] });
      const children = entry["dependencies"];
      if (isObject(children)) waiting.push({ parent: location, children });
    }
  }
  if (left > 0)
    packages.problems.push(`a lock file: ${left} of its packages are nested too deeply; they were left out`);
}

/** @param {Packages} packages
 * @param {string} folder */
function addInstalled(packages, folder) {
  const waiting = ["node_modules"];
  for (let base = waiting.pop(); base !== undefined; base = waiting.pop()) {
    const names = foldersIn(packages, folder, base);
    if (base === "node_modules" && names !== undefined) packages.sources.push("node_modules");
    for (const name of names ?? []) {
      const location = `${base}/${name}`;
      // A scope, or pnpm's store: folders of packages, not packages.
      if (/^@[^/]*$/.test(name) || name === ".pnpm") waiting.push(location);
      else if (base.endsWith("/.pnpm")) waiting.push(`${location}/node_modules`);
      else if (!name.startsWith(".")) {
        addManifest(packages, folder, location);
        waiting.push(`${location}/node_modules`);
      }
      if (packages.all.size > MAX_PACKAGES) throw new Failure(`node_modules: more than ${MAX_PACKAGES} packages`);
    }
  }
}

/** @param {Packages} packages
 * @param {string} folder
 * @param {string} base
 * @returns {string[] | undefined} undefined: there is no such folder */
function foldersIn(packages, folder, base) {
  try {
    const entries = readdirSync(path.join(folder, base), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    const code = error instanceof Error ? String(Reflect.get(error, "code")) : "";
    if (code !== "ENOENT" && code !== "ENOTDIR") packages.problems.push(`${printable(base)}: cannot be read (${code})`);
    return undefined;
  }
}

/** @param {Packages} packages
 * @param {string} folder
 * @param {string} location */
function addManifest(packages, folder, location) {
  try {
    const manifest = readJson(path.join(folder, location, "package.json"), MAX_MANIFEST_BYTES)?.value;
    if (manifest !== undefined) add(packages, location, manifest);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    packages.problems.push(error.message.replace(printable(folder + path.sep), ""));
  }
}

/** What is installed is added last and wins: it is what runs.
 * @param {Packages} packages
 * @param {string} location
 * @param {Record<string, unknown>} entry */
function add(packages, location, entry) {
  const { name: realName, version } = entry;
  const before = packages.all.get(location);
  const isWorkspace = !location.includes("node_modules/");
  const name = isWorkspace ? path.posix.basename(location) : location.slice(location.lastIndexOf("node_modules/") + 13);
  const peers = rangesIn(entry["peerDependencies"]);
  const kinds = ["optionalDependencies", "dependencies", ...(isWorkspace ? ["devDependencies"] : [])];
  packages.all.set(location, {
    location,
    name,
    realName: typeof realName === "string" ? realName : (before?.realName ?? name),
    version: typeof version === "string" ? version : before?.version,
    needs: new Map([...peers, ...kinds.flatMap((kind) => [...rangesIn(entry[kind])])]),
    peers: new Set(peers.keys()),
    isBundled: entry["inBundle"] === true || before?.isBundled === true,
  });
}

/** @param {unknown} dependencies
 * @returns {Map<string, string>} name → range */
export function rangesIn(dependencies) {
  if (!isObject(dependencies)) return new Map();
  return new Map(
    Object.entries(dependencies).flatMap(([name, range]) => (typeof range === "string" ? [[name, range]] : [])),
  );
}
