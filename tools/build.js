/**
 * Builds core with tsc: `core/src` becomes `core/dist/esm` (one project per room, so that a wrong import is a compile
 * error) and `core/dist/cjs`.
 * In: nothing. Out: a dist that holds exactly the outputs of today's sources, and tsc's errors with its exit code.
 * Incremental: when nothing changed it takes about a quarter of a second.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const core = path.resolve(import.meta.dirname, "../core");
const typescript = path.dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
const outputs = [".js", ".js.map", ".d.ts", ".d.ts.map"];
const formats = [
  { folder: path.join(core, "dist/esm"), project: path.join(core, "tsconfig") },
  { folder: path.join(core, "dist/cjs"), project: path.join(core, "tsconfig/cjs.json") },
];

const sources = new Set(filesIn(path.join(core, "src")).map((file) => file.replace(/\.ts$/, "")));
for (const { folder } of formats) removeOrphans(folder);
// tsc trusts its records of what it has written, so where an output is missing they are dropped: all is built again.
if (formats.some(({ folder }) => missingIn(folder).length > 0)) {
  rmSync(path.join(core, "dist/tsbuildinfo"), { recursive: true, force: true });
}
for (const { folder, project } of formats) {
  compile(project);
  const missing = missingIn(folder);
  if (missing.length > 0) {
    console.error(`no project in core/tsconfig includes: ${missing.map((stem) => `core/src/${stem}.ts`).join(", ")}`);
    process.exit(1);
  }
}
markAsCommonJs();

/** @param {string} project */
function compile(project) {
  const run = spawnSync(process.execPath, [path.join(typescript, "bin/tsc"), "-b", project], { stdio: "inherit" });
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0) process.exit(run.status ?? 1);
}

/** @param {string} folder */
function removeOrphans(folder) {
  for (const file of filesIn(folder)) {
    const stem = file.replace(/(\.d)?\.(js|ts)(\.map)?$/, "");
    if (file !== "package.json" && !sources.has(stem)) rmSync(path.join(folder, file));
  }
}

/** The sources that lack an output in a folder.
 * @param {string} folder */
function missingIn(folder) {
  const present = new Set(filesIn(folder));
  return [...sources].filter((stem) => outputs.some((ending) => !present.has(stem + ending)));
}

/** All files below a folder, as paths relative to it with forward slashes.
 * @param {string} folder */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"));
}

/** core/package.json says "module"; the nearest package.json decides what a `.js` file is. */
function markAsCommonJs() {
  const file = path.join(core, "dist/cjs/package.json");
  const content = '{ "type": "commonjs" }\n';
  if (existsSync(file) && readFileSync(file, "utf8") === content) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}
