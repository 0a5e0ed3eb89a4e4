/**
 * Changes single values in the text of a JSON file and leaves every other character as it is.
 * In: the text, and where which value belongs. Out: the text. Values are strings; objects on the way are made where they are missing.
 */
import { parseExpression } from "@babel/parser";
import { Failure } from "./failure.js";

/** @typedef {{ path: readonly string[], value: string }} Edit */
/** @typedef {import("@babel/types").ObjectExpression} ObjectExpression */

/** @param {string} text
 * @param {readonly Edit[]} edits
 * @returns {string}
 * @throws Failure when the outcome would not be what it should */
export function editJson(text, edits) {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  let edited = text.slice(mark.length);
  const expected = JSON.parse(edited);
  for (const edit of edits) {
    edited = applyEdit(edited, edit);
    setValue(expected, edit);
  }
  // Written is only what reads back as the old content with these values.
  if (JSON.stringify(JSON.parse(edited)) !== JSON.stringify(expected)) {
    throw new Failure("package.json: its text could not be changed safely; change it by hand");
  }
  return mark + edited;
}

/** @param {Record<string, unknown>} object
 * @param {Edit} edit */
function setValue(object, { path, value }) {
  let at = object;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(at, name)) at[name] = {};
    at = /** @type {Record<string, unknown>} */ (at[name]);
  }
  at[path.at(-1) ?? ""] = value;
}

/** @param {string} text
 * @param {Edit} edit */
function applyEdit(text, { path, value }) {
  // JSON is an expression of JavaScript (ECMA-262 2019 and later), so its parser tells where everything is.
  const root = parseExpression(text, { errorRecovery: true });
  let object = /** @type {ObjectExpression} */ (/** @type {unknown} */ (root));
  for (const [depth, name] of path.entries()) {
    const property = propertyOf(object, name);
    if (property === undefined) return insert(text, object, name, nested(path.slice(depth + 1), value), depth + 1);
    if (depth === path.length - 1) return replace(text, property, JSON.stringify(value));
    object = /** @type {ObjectExpression} */ (property);
  }
  return text;
}

/** @param {ObjectExpression} object
 * @param {string} name
 * @returns {import("@babel/types").Node | undefined} its value: of equal names, the last, as JSON.parse takes it */
function propertyOf(object, name) {
  for (const property of object.properties.toReversed()) {
    if (property.type !== "ObjectProperty" || property.key.type !== "StringLiteral") continue;
    if (property.key.value === name) return property.value;
  }
  return undefined;
}

/** @param {readonly string[]} path
 * @param {string} value
 * @returns {unknown} */
function nested(path, value) {
  return path.reduceRight((inner, name) => ({ [name]: inner }), /** @type {unknown} */ (value));
}

/** @param {string} text
 * @param {import("@babel/types").Node} node
 * @param {string} replacement */
function replace(text, node, replacement) {
  return text.slice(0, node.start ?? 0) + replacement + text.slice(node.end ?? 0);
}

/** @param {string} text
 * @param {ObjectExpression} object
 * @param {string} name
 * @param {unknown} value
 * @param {number} depth how many objects it is in */
function insert(text, object, name, value, depth) {
  const style = styleOf(text);
  const body = JSON.stringify({ [name]: value }, undefined, style.indent)
    .slice(1, -1)
    .trim();
  const outer = style.indent.repeat(depth - 1);
  const lines = style.isCompact ? body : body.split("\n").join(`${style.newline}${outer}`);
  const before = style.isCompact ? "" : `${style.newline}${outer}${style.indent}`;
  const last = object.properties.at(-1);
  const end = last?.end ?? (object.start ?? 0) + 1;
  if (last !== undefined) return `${text.slice(0, end)},${before}${lines}${text.slice(end)}`;
  const after = style.isCompact ? "" : `${style.newline}${outer}`;
  return `${text.slice(0, end)}${before}${lines}${after}${text.slice((object.end ?? 0) - 1)}`;
}

/** How the file is laid out, by its first line with something in it.
 * @param {string} text */
function styleOf(text) {
  const [, newline, indent] = /^\s*\{[ \t]*(\r?\n)(?:[ \t]*\r?\n)*([ \t]*)"/.exec(text) ?? [];
  return { isCompact: newline === undefined, newline: newline ?? "\n", indent: indent ?? "" };
}
