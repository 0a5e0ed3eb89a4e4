/** Reads JSON files of strangers: only regular files, only up to a size, and what is wrong with them in a sentence. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Failure, isObject, kindOf, printable } from "./failure.js";

/** @typedef {{ text: string, value: Record<string, unknown> }} JsonFile */

/** @param {string} file
 * @param {number} maxBytes
 * @returns {JsonFile | undefined} undefined: there is no such file
 * @throws Failure */
export function readJson(file, maxBytes) {
  const text = readText(file, maxBytes);
  if (text === undefined) return undefined;
  const name = printable(file);
  let value;
  try {
    // npm skips a byte order mark as well.
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new Failure(`${name}: expected JSON; ${printable(error instanceof Error ? error.message : String(error))}`);
  }
  if (!isObject(value)) throw new Failure(`${name}: expected an object, seen ${kindOf(value)}`);
  return { text, value };
}

/** @param {string} file
 * @param {number} maxBytes
 * @returns {string | undefined} undefined: there is no such file
 * @throws Failure */
export function readText(file, maxBytes) {
  const name = printable(file);
  let descriptor;
  try {
    // Without O_NONBLOCK a pipe of that name would be waited for.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Failure(`${name}: expected a file, seen ${stat.isDirectory() ? "a folder" : "none"}`);
    if (stat.size > maxBytes) throw new Failure(`${name}: ${stat.size} bytes; expected ${maxBytes} at most`);
    return readFileSync(descriptor, "utf8");
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = error instanceof Error ? String(Reflect.get(error, "code")) : "";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Failure(`${name}: cannot be read (${code})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
