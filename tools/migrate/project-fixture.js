/** Projects for tests: folders that exist as long as a test runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** @param {import("node:test").TestContext} context
 * @param {Record<string, unknown>} files by path; what is no text is written as JSON
 * @param {string} [name] of the folder
 * @returns {string} the folder */
export function project(context, files, name = "project") {
  const base = mkdtempSync(path.join(tmpdir(), "polysocket-migrate-"));
  context.after(() => rmSync(base, { recursive: true, force: true }));
  const folder = path.join(base, name);
  mkdirSync(folder);
  for (const [file, content] of Object.entries(files)) {
    const where = path.join(folder, file);
    mkdirSync(path.dirname(where), { recursive: true });
    writeFileSync(where, typeof content === "string" ? content : `${JSON.stringify(content, undefined, 2)}\n`);
  }
  return folder;
}

/** A replacement with a version of its own, so that the tests do not depend on the faces'.
 * @param {Partial<import("./replacements.js").Replacement> & Pick<import("./replacements.js").Replacement, "surface">} given
 * @returns {import("./replacements.js").Replacement} */
export function replacementOf(given) {
  const base = { original: "websocket", face: "@polysocket/websocket", version: "1.1.0", offers: () => true };
  return { ...base, alias: "npm:@polysocket/websocket@^1.1.0", ...given };
}
