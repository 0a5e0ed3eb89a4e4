/** What a surface table tells of a value: its members, what calling it gives. Knows no source. */
import { EventEmitter } from "node:events";
import { entryOf } from "./surfaces/surface.js";

/**
 * @typedef {import("./replacements.js").Replacement} Replacement
 * @typedef {import("./surfaces/surface.js").Entry} Entry
 *
 * @typedef {{ replacement: Replacement, kind: string }} Value a kind as surface tables write it; also "function:connect"
 * @typedef {{ what: "export" | "type" | "member" | "static", on: string, entry: Entry | undefined, value: Value | undefined }} Member
 */

/** Names that every object, function or emitter has; they say nothing about an original. */
const INHERITED = new Set(
  [Object.prototype, Function.prototype, EventEmitter.prototype].flatMap((prototype) =>
    Object.getOwnPropertyNames(prototype),
  ),
);

/** What `import()` gives has these, and what compilers make of a module. */
const NOT_EXPORTS = new Set(["then", "catch", "finally", "__esModule"]);
const NOT_OFFERED = "the face does not have this path";

/** @param {Value} value
 * @param {string} kind
 * @returns {Value} */
export function another({ replacement }, kind) {
  return { replacement, kind };
}

/** @param {Value | undefined} value
 * @returns {string | undefined} the kind of a list's elements */
export function elementOf(value) {
  return value?.kind.endsWith("[]") ? value.kind.slice(0, -2) : undefined;
}

/** @param {Value} value
 * @param {string} name
 * @returns {Member | undefined} undefined: nothing that belongs to the original */
export function memberOf(value, name) {
  const { surface } = value.replacement;
  if (value.kind === "module") return exportOf(value, name);
  const [, ofClass] = /^class:(.*)$/.exec(value.kind) ?? [];
  if (ofClass !== undefined) {
    if (name === "prototype") return { what: "static", on: ofClass, entry: {}, value: another(value, ofClass) };
    // A package that is its class is also its own default export.
    if (name === "default" && isWhole(value)) return { what: "static", on: ofClass, entry: {}, value };
    const entry = entryOf(surface.kinds[ofClass]?.statics, name);
    return entry === undefined && INHERITED.has(name)
      ? undefined
      : { what: "static", on: ofClass, entry, value: given(value, entry) };
  }
  const kind = surface.kinds[value.kind];
  const entry = entryOf(kind?.members, name);
  if (kind === undefined || (entry === undefined && INHERITED.has(name))) return undefined;
  return { what: "member", on: value.kind, entry, value: given(value, entry) };
}

/** @param {Value} value a module
 * @param {string} name
 * @returns {Member | undefined} */
function exportOf(value, name) {
  // What compilers and loaders add around a CommonJS module.
  if (name === "default") return { what: "export", on: "", entry: {}, value };
  const { surface } = value.replacement;
  const type = entryOf(surface.types, name);
  if (type !== undefined) {
    const gives = type.gives === undefined ? undefined : another(value, `class:${type.gives}`);
    return { what: "type", on: "", entry: type, value: gives };
  }
  const entry = entryOf(surface.exports, name);
  if (entry === undefined && (INHERITED.has(name) || NOT_EXPORTS.has(name))) return undefined;
  const isFunction = entry !== undefined && entry.gives === undefined;
  return {
    what: "export",
    on: "",
    entry,
    value: isFunction ? another(value, `function:${name}`) : given(value, entry),
  };
}

/** Whether it is what requiring the package gives.
 * @param {Value} value */
export function isWhole({ kind, replacement }) {
  return kind === (itself(replacement).gives ?? "module");
}

/** @param {Replacement} replacement
 * @returns {Entry} of the package itself */
function itself({ surface }) {
  return entryOf(surface.paths, ".") ?? {};
}

/** @param {Value} value
 * @param {Entry | undefined} entry */
function given(value, entry) {
  return entry?.gives === undefined ? undefined : another(value, entry.gives);
}

/** What is known of calling a value, or of making an instance of it.
 * @param {Value} value
 * @returns {Entry | undefined} */
export function callOf(value) {
  const { surface } = value.replacement;
  const [, type, name = ""] = /^(class|function):(.*)$/.exec(value.kind) ?? [];
  if (type === "function") return entryOf(surface.exports, name);
  const kind = type === "class" && Object.hasOwn(surface.kinds, name) ? surface.kinds[name] : undefined;
  if (kind === undefined) return undefined;
  return {
    returns: name,
    ...(kind.options !== undefined && { options: kind.options, optionsAt: kind.optionsAt ?? 0 }),
  };
}

/** What importing a name gives.
 * @param {string} specifier
 * @param {Map<string, Replacement>} names under which originals are installed
 * @returns {{ value: Value | undefined, entry: Entry | undefined, replacement: Replacement } | undefined} */
export function importOf(specifier, names) {
  const [, name = "", below = ""] = /^((?:@[^/]+\/)?[^/]+)(?:\/(.*))?$/s.exec(specifier) ?? [];
  const replacement = names.get(name);
  if (replacement === undefined) return undefined;
  if (below === "") {
    const entry = itself(replacement);
    return { replacement, entry, value: { replacement, kind: entry.gives ?? "module" } };
  }
  const { paths } = replacement.surface;
  const known = entryOf(paths, below) ?? entryOf(paths, below.replace(/\.js$/, ""));
  const entry = known === undefined || replacement.offers(below) ? known : { ...known, note: NOT_OFFERED };
  return { replacement, entry, value: entry?.gives === undefined ? undefined : { replacement, kind: entry.gives } };
}
