/**
 * Tells who depends on a replaced package.
 * In: a project's package.json and its packages. Out: the project's own lines, and every package that asks for the
 * original, each with the way that leads from the project to it.
 */
import { rangesIn } from "./packages.js";
import { satisfies } from "./range.js";

/**
 * @typedef {import("./packages.js").Package} Package
 * @typedef {import("./replacements.js").Replacement} Replacement
 *
 * @typedef {object} OwnLine
 * @property {string} section of package.json
 * @property {string} name
 * @property {string} range
 * @property {"original" | "face" | "elsewhere"} source elsewhere: an address or a folder, not the registry
 * @property {boolean | undefined} isSatisfied
 *
 * @typedef {object} Dependent
 * @property {string} package its location
 * @property {string | undefined} version
 * @property {string} name under which it asks for the original
 * @property {string} range
 * @property {boolean} isPeer
 * @property {boolean} isBundled the original is packed into another package
 * @property {boolean | undefined} isSatisfied whether the face's version is within the range
 * @property {string[] | undefined} way the packages from the project to it; undefined: none leads there
 *
 * @typedef {object} Dependents
 * @property {OwnLine[]} own
 * @property {Dependent[]} others
 * @property {{ location: string, version: string | undefined }[]} installed where the original is
 */

export const SECTIONS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/** @param {Record<string, unknown>} manifest
 * @param {Map<string, Package>} packages
 * @param {Replacement} replacement
 * @returns {Dependents} */
export function findDependents(manifest, packages, replacement) {
  const resolve = resolver(packages);
  const steps = stepsTo(manifest, packages, resolve);
  /** @type {Dependents} */
  const found = { own: [], others: [], installed: [] };
  for (const section of SECTIONS) {
    for (const [name, range] of rangesIn(manifest[section])) {
      const source = sourceOf(name, range, replacement);
      if (source === undefined) continue;
      found.own.push({ section, name, range, source, isSatisfied: satisfiedBy(replacement, range) });
    }
  }
  for (const asking of packages.values()) {
    // The face itself needs no override, and an installed one may name the original.
    if (asking.realName === replacement.face) continue;
    if (asking.realName === replacement.original) {
      found.installed.push({ location: asking.location, version: asking.version });
    }
    for (const [name, range] of asking.needs) {
      if (sourceOf(name, range, replacement) !== "original") continue;
      found.others.push({
        ...{ package: asking.location, version: asking.version, name, range, isPeer: asking.peers.has(name) },
        isBundled: resolve(asking.location, name)?.isBundled === true,
        isSatisfied: satisfiedBy(replacement, range),
        way: wayTo(asking.location, packages, steps),
      });
    }
  }
  found.others.sort((a, b) => (a.package < b.package ? -1 : 1));
  found.installed.sort((a, b) => (a.location < b.location ? -1 : 1));
  return found;
}

/** @param {string} name
 * @param {string} range
 * @param {Replacement} replacement
 * @returns {OwnLine["source"] | undefined} undefined: it is about another package */
function sourceOf(name, range, { original, face }) {
  const alias = aliasOf(range);
  if (alias !== undefined) {
    if (alias.name === original) return "original";
    return alias.name === face ? "face" : undefined;
  }
  if (name === face) return "face";
  if (name !== original) return undefined;
  return /[:/]/.test(range) ? "elsewhere" : "original";
}

/** @param {string} range
 * @returns {{ name: string, range: string } | undefined} */
function aliasOf(range) {
  const [, name, rest = ""] = /^npm:(@?[^@]+)(?:@(.*))?$/s.exec(range) ?? [];
  return name === undefined ? undefined : { name, range: rest };
}

/** @param {Replacement} replacement
 * @param {string} range */
function satisfiedBy({ version }, range) {
  return satisfies(version, aliasOf(range)?.range ?? range);
}

/** The shortest way to each package, by what would be loaded there.
 * @param {Record<string, unknown>} manifest
 * @param {Map<string, Package>} packages
 * @param {(from: string, name: string) => Package | undefined} resolve
 * @returns {Map<string, string | undefined>} location → location of the package before it */
function stepsTo(manifest, packages, resolve) {
  /** @type {Map<string, string | undefined>} */
  const steps = new Map();
  /** @type {string[]} */
  const waiting = [];
  /** @param {Package | undefined} found
   * @param {string | undefined} before */
  const reach = (found, before) => {
    if (found === undefined || steps.has(found.location)) return;
    steps.set(found.location, before);
    waiting.push(found.location);
  };
  for (const section of SECTIONS) {
    for (const name of rangesIn(manifest[section]).keys()) reach(resolve("", name), undefined);
  }
  // Workspaces are installed without being asked for.
  for (const found of packages.values()) if (!found.location.includes("node_modules/")) reach(found, undefined);
  for (const location of waiting) {
    for (const name of packages.get(location)?.needs.keys() ?? []) reach(resolve(location, name), location);
  }
  return steps;
}

/** @param {string} location
 * @param {Map<string, Package>} packages
 * @param {Map<string, string | undefined>} steps
 * @returns {string[] | undefined} */
function wayTo(location, packages, steps) {
  if (!steps.has(location)) return undefined;
  /** @type {string[]} */
  const names = [];
  for (let at = /** @type {string | undefined} */ (location); at !== undefined; at = steps.get(at)) {
    names.push(packages.get(at)?.name ?? at);
  }
  return names.reverse();
}

/** How Node finds a package: beside the one that asks, then further up.
 * @param {Map<string, Package>} packages
 * @returns {(from: string, name: string) => Package | undefined} */
function resolver(packages) {
  /** What pnpm's store has; links lead there, and links are not followed. @type {Map<string, Package>} */
  const stored = new Map();
  for (const found of packages.values()) {
    if (found.location.startsWith("node_modules/.pnpm/") && !stored.has(found.name)) stored.set(found.name, found);
  }
  return (from, name) => {
    for (let base = from; base !== ""; base = base.slice(0, Math.max(0, base.lastIndexOf("/")))) {
      const found = packages.get(base.endsWith("node_modules") ? `${base}/${name}` : `${base}/node_modules/${name}`);
      if (found !== undefined) return found;
    }
    return packages.get(`node_modules/${name}`) ?? stored.get(name);
  };
}
