/**
 * Makes projects with the dependents: one as their authors had it, one with the lines that our README gives to users.
 * In: core and the face, built. Out: folders with node_modules, filled from the npm registry and, for ours, from packed tarballs.
 */
import { execFile } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** With `websocket` of the registry.
 * @param {string} folder */
export async function installWithOriginal(folder) {
  cpSync(path.join(import.meta.dirname, "project"), folder, { recursive: true });
  await npm(folder, "ci");
}

/** A copy of the original's project, changed as its owner would change it: our face for the project and for all that it depends on.
 * @param {string} folder
 * @param {string} original
 * @param {string} tarballs a folder that is there */
export async function changeToOurs(folder, original, tarballs) {
  cpSync(original, folder, { recursive: true, verbatimSymlinks: true });
  const manifestFile = path.join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(manifestFile, "utf8"));
  manifest.dependencies.websocket = `file:${await pack("faces/websocket-node", tarballs)}`;
  // Until it is published, what the face depends on comes from a tarball too.
  manifest.overrides = { websocket: "$websocket", polysocket: `file:${await pack("core", tarballs)}` };
  writeFileSync(manifestFile, JSON.stringify(manifest));
  await npm(folder, "install");
}

/** Without its scripts, because they would build what is built, under the feet of other tests.
 * @param {string} workspace
 * @param {string} tarballs */
async function pack(workspace, tarballs) {
  const args = ["pack", "--ignore-scripts", "--silent", "--pack-destination", tarballs];
  const { stdout } = await run("npm", args, { cwd: path.join(root, workspace) });
  return path.join(tarballs, stdout.trim());
}

/** @param {string} folder
 * @param {"ci" | "install"} command */
async function npm(folder, command) {
  const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", [command, ...flags], { cwd: folder });
}
