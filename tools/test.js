/**
 * Runs the tests of core, tools, conformance and bench with Node's own runner; where Node does not strip types itself (before
 * 22.18) the TypeScript ones go through tsx.
 * In: `--only GROUP` (a folder of core/test, or another at the top), and parts of file names; without `--only` every group but
 * browser and proxies, which need programs of others, and those of the faces. Out: the spec report, and the runner's exit code.
 * Files are listed one by one because Node 20 takes no glob. Those of the engine, which touch nothing that is the process's,
 * share a few processes: starting one for each file would take longer than they do.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

/** What is about the faces: each one's own tests, the comparison with the originals, others' programs. */
const FACES = ["faces", "transcripts", "faces-in-use"];
/** Groups that have a command of their own. */
const APART = new Set(["browser", "proxies", ...FACES]);
/** Of those, what is too quick and too easily broken to wait for it: how large jellysocket's build for browsers is. */
const ALWAYS = "faces/jellysocket/test/browser-size.test.ts";

const root = path.resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { only: { type: "string", multiple: true } },
  allowPositionals: true,
});

const all = ["core/test", "tools", "conformance", "bench/test", ...FACES].flatMap(testFilesIn);
const chosen = all
  .filter((file) =>
    values.only === undefined ? !APART.has(groupOf(file)) || file === ALWAYS : values.only.includes(groupOf(file)),
  )
  .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)));
if (chosen.length === 0) {
  console.error(`no test file matches; the groups are ${[...new Set(all.map(groupOf))].join(", ")}`);
  process.exit(1);
}

const isPure = (/** @type {string} */ file) => file.startsWith("core/test/engine/");
const folder = mkdtempSync(path.join(tmpdir(), "polysocket-tests-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const runner = spawnSync(
  process.execPath,
  [
    ...(Reflect.get(process.features, "typescript") ? [] : ["--import", "tsx"]),
    ...["--test", "--test-reporter=spec", "--test-timeout=180000"],
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    ...bundles(chosen.filter(isPure)),
    ...chosen.filter((file) => !isPure(file)),
  ],
  { cwd: root, stdio: "inherit" },
);
if (runner.error !== undefined) throw runner.error;
process.exit(runner.status ?? 1);

/** A few files for each CPU, each of which imports its share.
 * @param {readonly string[]} files
 * @returns {string[]} */
function bundles(files) {
  const count = Math.min(files.length, 4 * Math.max(2, availableParallelism()));
  return Array.from({ length: count }, (_, index) => {
    const share = files.filter((_file, at) => at % count === index).map((file) => pathToFileURL(path.join(root, file)));
    const bundle = path.join(folder, `engine-${index + 1}.test.mjs`);
    writeFileSync(bundle, share.map(({ href }) => `import ${JSON.stringify(href)};\n`).join(""));
    return bundle;
  });
}

/** The folder below core/test, or the folder at the top.
 * @param {string} file */
function groupOf(file) {
  const [top = "", , group = ""] = file.split("/");
  return top === "core" ? group : top;
}

/** @param {string} folder
 * @returns {string[]} */
function testFilesIn(folder) {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testFilesIn(name);
    return /\.test\.[cm]?[jt]s$/.test(entry.name) ? [name] : [];
  });
}
