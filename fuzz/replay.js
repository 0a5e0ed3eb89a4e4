/**
 * Runs inputs again, by plain Node without the fuzzer: `node fuzz/replay.js TARGET [FILE …]`; without files, the whole corpus.
 * In: a target and files. Out: how many there were; or the first that shows something, with its stack, and exit code 1.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { loadTarget } from "./targets.js";

/** The corpus's files of a target.
 * @param {string} target
 * @returns {string[]} */
export function corpusOf(target) {
  const folder = path.join(import.meta.dirname, "corpus", target);
  return readdirSync(folder).map((name) => path.join(folder, name));
}

/** @param {string} target
 * @param {readonly string[]} files
 * @returns {Promise<{ file: string, error: unknown } | undefined>} the first that shows something */
export async function replay(target, files) {
  const fuzz = await loadTarget(target);
  for (const file of files) {
    try {
      fuzz(readFileSync(file));
    } catch (error) {
      return { file, error };
    }
  }
  return undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [target = "engine", ...given] = process.argv.slice(2);
  const files = given.length > 0 ? given : corpusOf(target);
  const found = await replay(target, files);
  if (found === undefined) console.log(`${files.length} inputs, nothing was found`);
  else console.error(found.file, found.error);
  process.exit(found === undefined ? 0 : 1);
}
