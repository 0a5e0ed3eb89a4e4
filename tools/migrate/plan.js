/**
 * Decides which lines of package.json replace an original by its face.
 * In: package.json, who depends on the original, and which package manager is used. Out: edits, why some cannot be made,
 * and what is for the reader to do. Changes nothing.
 */
import { isObject, kindOf } from "./failure.js";

/**
 * @typedef {import("./dependents.js").Dependents} Dependents
 * @typedef {import("./replacements.js").Replacement} Replacement
 *
 * @typedef {{ path: string[], from: string | undefined, value: string }} Change
 *
 * @typedef {object} Plan
 * @property {Change[]} changes
 * @property {string[]} conflicts why they cannot be made; with one of them none is made
 * @property {string[]} advice
 *
 * @typedef {object} Managers whose files lie in the folder
 * @property {boolean} npm
 * @property {boolean} yarn
 * @property {boolean} pnpm
 */

/** @param {Record<string, unknown>} manifest
 * @param {Replacement} replacement
 * @param {Dependents} dependents
 * @param {Managers} managers
 * @returns {Plan} */
export function planFor(manifest, replacement, dependents, managers) {
  /** @type {Plan} */
  const plan = { changes: [], conflicts: [], advice: [] };
  const { alias, face } = replacement;
  /** Names under which the project itself has the face, once the changes are made. @type {Map<string, string>} */
  const aliased = new Map();
  for (const { section, name, range, source } of dependents.own) {
    if (source === "elsewhere") {
      plan.conflicts.push(
        `${section} takes ${name} from ${range}, not from the registry: decide by hand what replaces it`,
      );
    } else if (section === "peerDependencies") {
      if (source === "original")
        plan.advice.push(`peerDependencies.${name} is left: who installs this package decides`);
    } else {
      if (source === "original") plan.changes.push({ path: [section, name], from: range, value: alias });
      if (name !== face) aliased.set(name, source === "original" ? alias : range);
    }
  }
  const names = new Set(dependents.others.filter((one) => !isServed(one, aliased)).map(({ name }) => name));
  const bundled = dependents.others.filter(({ isBundled }) => isBundled);
  for (const one of bundled) plan.advice.push(`${one.package} has its ${one.name} packed in: no override reaches it`);
  for (const name of names) addOverride(plan, manifest, { name, replacement, aliased, managers, dependents });
  for (const name of aliased.keys())
    if (!names.has(name)) checkOverride(plan, manifest, name, [`$${name}`, aliased.get(name)]);
  if (replacement.types !== undefined && aliased.size > 0 && isNamed(manifest, replacement.types)) {
    plan.advice.push(`${replacement.types} can go: the face brings types of its own`);
  }
  return plan;
}

/** A peer dependency takes what the project has, if its version fits.
 * @param {Dependents["others"][number]} dependent
 * @param {Map<string, string>} aliased */
function isServed({ isPeer, isSatisfied, name }, aliased) {
  return isPeer && isSatisfied === true && aliased.has(name);
}

/** @param {Plan} plan
 * @param {Record<string, unknown>} manifest
 * @param {{ name: string, replacement: Replacement, aliased: Map<string, string>, managers: Managers, dependents: Dependents }} what */
function addOverride(plan, manifest, { name, replacement, aliased, managers, dependents }) {
  const { alias } = replacement;
  const own = aliased.get(name);
  if (managers.yarn)
    plan.advice.push(`yarn reads no overrides; in package.json: "resolutions": { "${name}": "${alias}" }`);
  if (managers.pnpm) {
    plan.advice.push(
      `pnpm reads no such overrides; in package.json: "pnpm": { "overrides": { "${name}": "${alias}" } }`,
    );
  }
  if (!managers.npm && (managers.yarn || managers.pnpm)) return;
  if (own === undefined && dependents.own.some((line) => line.name === name && line.section === "peerDependencies")) {
    plan.conflicts.push(
      `peerDependencies has ${name}: npm refuses to override it (EOVERRIDE); list it under devDependencies too, then run this again`,
    );
    return;
  }
  // npm refuses an override of what the project lists itself (EOVERRIDE), unless it refers to that very line.
  const value = own === undefined ? alias : `$${name}`;
  const found = checkOverride(plan, manifest, name, [value, own]);
  if (found === "none") plan.changes.push({ path: ["overrides", name], from: undefined, value });
}

/** @param {Plan} plan
 * @param {Record<string, unknown>} manifest
 * @param {string} name
 * @param {(string | undefined)[]} accepted values that say the same
 * @returns {"none" | "same" | "other"} what overrides say about it already */
function checkOverride(plan, manifest, name, accepted) {
  const { overrides } = manifest;
  if (overrides === undefined) return "none";
  if (!isObject(overrides)) {
    plan.conflicts.push(`overrides: expected an object, seen ${kindOf(overrides)}`);
    return "other";
  }
  /** @type {"none" | "same" | "other"} */
  let found = "none";
  const waiting = [{ path: ["overrides"], object: overrides }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [key, value] of Object.entries(next.object)) {
      const path = [...next.path, key];
      if (isObject(value)) waiting.push({ path, object: value });
      // A key may end in a range: `websocket@^1`.
      if (key !== name && !key.startsWith(`${name}@`)) continue;
      if (path.length === 2 && key === name && typeof value === "string" && accepted.includes(value)) {
        if (found === "none") found = "same";
        continue;
      }
      found = "other";
      const seen = typeof value === "string" ? `"${value}"` : kindOf(value);
      plan.conflicts.push(`${path.join(" > ")} exists: seen ${seen}, expected "${accepted[0]}" or nothing`);
    }
  }
  return found;
}

/** @param {Record<string, unknown>} manifest
 * @param {string} name */
function isNamed(manifest, name) {
  return ["dependencies", "devDependencies"].some((section) => {
    const entries = manifest[section];
    return isObject(entries) && Object.hasOwn(entries, name);
  });
}
