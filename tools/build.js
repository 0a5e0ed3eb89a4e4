/**
 * Builds core with tsc: `core/src` becomes `core/dist/esm` (one project per room, so that a wrong import is a compile
 * error) and `core/dist/cjs`. Then the faces: each one's `src` becomes its `dist`, CommonJS alone; jellysocket has another for browsers.
 * In: nothing. Out: a dist that holds exactly the outputs of today's sources, and tsc's errors with its exit code.
 * Incremental: when nothing changed it takes about half a second.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const core = path.resolve(import.meta.dirname, "../core");
const faces = path.resolve(import.meta.dirname, "../faces");
const require = createRequire(import.meta.url);
const typescript = path.dirname(require.resolve("typescript/package.json"));
const outputs = [".js", ".js.map", ".d.ts", ".d.ts.map"];
const formats = [
  { folder: path.join(core, "dist/esm"), project: path.join(core, "tsconfig") },
  { folder: path.join(core, "dist/cjs"), project: path.join(core, "tsconfig/cjs.json") },
];

build(core, formats);
markAsCommonJs();
for (const { name } of readdirSync(faces, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const face = path.join(faces, name);
  build(face, [{ folder: path.join(face, "dist"), project: path.join(face, "tsconfig.json") }]);
}
require("../faces/jellysocket/build-browser.js").buildBrowser();

/** @param {string} root the package's folder, whose `src` is built
 * @param {{ folder: string, project: string }[]} targets */
function build(root, targets) {
  const sources = new Set(filesIn(path.join(root, "src")).map((file) => file.replace(/\.ts$/, "")));
  for (const { folder } of targets) removeOrphans(folder, sources);
  // tsc trusts its records of what it has written, so where an output is missing they are dropped: all is built again.
  if (targets.some(({ folder }) => missingIn(folder, sources).length > 0)) {
    rmSync(path.join(root, "dist/tsbuildinfo"), { recursive: true, force: true });
  }
  for (const { folder, project } of targets) {
    compile(project);
    const missing = missingIn(folder, sources);
    if (missing.length > 0) {
      console.error(`no project includes, of ${root}/src: ${missing.map((stem) => `${stem}.ts`).join(", ")}`);
      process.exit(1);
    }
  }
}

/** @param {string} project */
function compile(project) {
  const run = spawnSync(process.execPath, [path.join(typescript, "bin/tsc"), "-b", project], { stdio: "inherit" });
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0) process.exit(run.status ?? 1);
}

/** @param {string} folder
 * @param {ReadonlySet<string>} sources */
function removeOrphans(folder, sources) {
  for (const file of filesIn(folder)) {
    const stem = file.replace(/(\.d)?\.(js|ts)(\.map)?$/, "");
    if (/^(package\.json|tsbuildinfo\/.*)$/.test(file) || sources.has(stem)) continue;
    rmSync(path.join(folder, file));
  }
}

/** The sources that lack an output in a folder.
 * @param {string} folder
 * @param {ReadonlySet<string>} sources */
function missingIn(folder, sources) {
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
