/** Parses a source of any dialect that its name allows, and goes through its nodes. */
import { parse } from "@babel/parser";

/** @typedef {import("@babel/types").Node} Node */

/** @param {string} file its name tells the dialect
 * @param {string} text
 * @returns {import("@babel/types").Program}
 * @throws SyntaxError; RangeError when it is nested too deeply */
export function parseSource(file, text) {
  const isTypeScript = /\.[cm]?tsx?$/.test(file);
  /** @type {import("@babel/parser").ParserPlugin[]} */
  const dialect = isTypeScript ? [["typescript", { dts: /\.d\.[cm]?ts$/.test(file) }]] : ["flow"];
  if (!/\.[cm]?ts$/.test(file)) dialect.push("jsx");
  return parse(text, {
    sourceType: /\.c[jt]s$/.test(file) ? "script" : "unambiguous",
    errorRecovery: true,
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    allowSuperOutsideMethod: true,
    allowUndeclaredExports: true,
    plugins: [...dialect, "decorators-legacy", "decoratorAutoAccessors", "explicitResourceManagement"],
  }).program;
}

/** The nodes right below, in the order of the text.
 * @param {Node} node
 * @returns {Node[]} */
export function childrenOf(node) {
  /** @type {Node[]} */
  const children = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === "loc" || key.endsWith("Comments") || key === "extra") continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) children.push(child);
  }
  return children.sort((a, b) => (a.start ?? 0) - (b.start ?? 0));
}

/** @param {unknown} value
 * @returns {value is Node} */
function isNode(value) {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "type") === "string";
}

/** @param {Node | null | undefined} node
 * @returns {string | undefined} a text that is written out */
export function textOf(node) {
  if (node?.type === "StringLiteral") return node.value;
  if (node?.type !== "TemplateLiteral" || node.expressions.length > 0) return undefined;
  return node.quasis[0]?.value.cooked ?? undefined;
}

/** @param {Node} node of a property or a member
 * @returns {string | undefined} undefined: it is computed */
export function keyOf(node) {
  const isComputed = "computed" in node && node.computed === true;
  const key = "key" in node ? node.key : "property" in node ? node.property : undefined;
  if (typeof key !== "object" || key === null) return undefined;
  if (key.type === "PrivateName") return `#${key.id.name}`;
  if (key.type === "Identifier" && !isComputed) return key.name;
  return textOf(key);
}
