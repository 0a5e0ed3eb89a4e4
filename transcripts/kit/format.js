/**
 * Values as text that is equal for equal behaviour: no addresses, stacks, or order of keys. Does not know what is normal
 * to vary between runs (ports, keys): the stage replaces that.
 */
import { createHash } from "node:crypto";

const LONGEST_HEX = 32;

/** @param {Uint8Array} bytes */
export function formatBytes(bytes) {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  if (bytes.length <= LONGEST_HEX) return `<${bytes.length}: ${hex}>`;
  return `<${bytes.length}: sha1 ${createHash("sha1").update(bytes).digest("hex").slice(0, 12)}>`;
}

/** @param {string} text */
function formatString(text) {
  if (text.length <= 400) return JSON.stringify(text);
  return `<text of ${text.length}: sha1 ${createHash("sha1").update(text).digest("hex").slice(0, 12)}>`;
}

/** @param {unknown} value
 * @param {number} [depth]
 * @returns {string} */
export function format(value, depth = 0) {
  if (typeof value === "string") return formatString(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "<function>";
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > 6) return "<deep>";
  if (value instanceof Error) return formatError(value);
  if (Buffer.isBuffer(value)) return `Buffer${formatBytes(value)}`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer${formatBytes(new Uint8Array(value))}`;
  if (value instanceof Uint8Array) return `${value.constructor.name}${formatBytes(value)}`;
  if (value instanceof Date) return `<Date ${value.toISOString()}>`;
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return `[${value.map((one) => format(one, depth + 1)).join(", ")}]`;
  return formatObject(value, depth);
}

/** Objects of classes are only named: what they hold is said by the scenario that cares.
 * @param {object} value
 * @param {number} depth */
function formatObject(value, depth) {
  const prototype = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain) return `<${value.constructor?.name ?? "object"}>`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, one]) => `${key}: ${format(one, depth + 1)}`).join(", ")}}`;
}

/** @param {Error} error */
function formatError(error) {
  const code = Reflect.get(error, "code");
  return `<${error.name}${code === undefined ? "" : ` ${String(code)}`}: ${formatString(error.message)}>`;
}
