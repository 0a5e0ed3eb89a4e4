/**
 * Makes `require` load the fuzzer's binary on systems for which it is too new; to be imported before the fuzzer.
 * Elsewhere it does nothing. The copy that loads is kept in node_modules/.cache.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import Module from "node:module";
import path from "node:path";
import { forOlderGlibc } from "./older-glibc.js";

/** What Node calls to load a file of this kind; not documented, and never changed.
 * @type {{ _extensions: Record<string, (module: object, file: string) => void> }} */
const loaders = /** @type {any} */ (Module);
const loadNative = loaders._extensions[".node"];
const cache = path.join(import.meta.dirname, "../../node_modules/.cache/polysocket-fuzz");

loaders._extensions[".node"] = (module, file) => {
  try {
    loadNative?.(module, file);
  } catch (error) {
    if (path.basename(file) !== "fuzzer-linux-x64.node" || !isVersionMissing(error)) throw error;
    loadNative?.(module, copyFor(file));
  }
};

/** @param {unknown} error */
function isVersionMissing(error) {
  return error instanceof Error && /version `GLIBC(?:XX)?_[\d.]+' not found/.test(error.message);
}

/** @param {string} file
 * @returns {string} */
function copyFor(file) {
  const original = readFileSync(file);
  const hash = createHash("sha256").update(original).digest("hex").slice(0, 16);
  const copy = path.join(cache, `fuzzer-${hash}.node`);
  if (!existsSync(copy)) {
    mkdirSync(cache, { recursive: true });
    // Another run may load it at the same time: it is there whole or not at all
    const partial = `${copy}.${process.pid}`;
    writeFileSync(partial, forOlderGlibc(original));
    renameSync(partial, copy);
  }
  return copy;
}
