/**
 * Runs the tests of core, tools, conformance, bench, attack, fuzz and soak with Node's own runner, through tsx: Node 20 reads no
 * TypeScript, and newer ones take what is below a face's package.json, that of a CommonJS package, for CommonJS.
 * In: `--only GROUP` (a folder of core/test, or another at the top), and parts of file names; without `--only` every group but
 * browser and proxies, which need programs of others, and those of the faces. Out: the spec report, and the runner's exit code.
 * Files are listed one by one because Node 20 takes no glob. Most of core's share a few processes: starting one for each file would
 * take longer than they do.
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
const APART = new Set(["browser", "proxies", "attack", ...FACES]);
/** Of those, what is too quick and too easily broken to wait for it: how large jellysocket's build for browsers is. */
const ALWAYS = "faces/jellysocket/test/browser-size.test.ts";

/** So many files share a process. */
const FILES_AT_ONCE = 10;

const root = path.resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { only: { type: "string", multiple: true } },
  allowPositionals: true,
});

const TOOLS = ["tools", "conformance", "bench/test", "attack/test", "fuzz/test", "soak/test"];
const all = ["core/test", ...TOOLS, ...FACES].flatMap(testFilesIn);
const chosen = all
  .filter((file) =>
    values.only === undefined ? !APART.has(groupOf(file)) || file === ALWAYS : values.only.includes(groupOf(file)),
  )
  .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)));
if (chosen.length === 0) {
  console.error(`no test file matches; the groups are ${[...new Set(all.map(groupOf))].join(", ")}`);
  process.exit(1);
}

/** Tests that may share a process: all of the engine, and those of core that leave it as they found it, which those that measure
 * memory, count timers, observe all connections or look at Node's inside do not. */
const isShared = (/** @type {string} */ file) =>
  /^core\/test\/(engine|e2e|pubsub|reconnect|node\/(client|compression|connection|server|web-socket))\//.test(file) &&
  !/memory|deadlines|driver-ending|rate|spread|diagnostics|deflate-states/.test(file);
const folder = mkdtempSync(path.join(tmpdir(), "polysocket-tests-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const runner = spawnSync(
  process.execPath,
  [
    ...["--import", "tsx", "--test", "--test-reporter=spec", "--test-timeout=180000"],
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    ...bundles(chosen.filter(isShared)),
    ...chosen.filter((file) => !isShared(file)),
  ],
  { cwd: root, stdio: "inherit" },
);
if (runner.error !== undefined) throw runner.error;
process.exit(runner.status ?? 1);

/** A few files for each CPU, each of which imports its share.
 * @param {readonly string[]} files
 * @returns {string[]} */
function bundles(files) {
  const count = Math.ceil(files.length / FILES_AT_ONCE);
  return Array.from({ length: count }, (_, index) => {
    const share = files.filter((_file, at) => at % count === index).map((file) => pathToFileURL(path.join(root, file)));
    const bundle = path.join(folder, `shared-${index + 1}.test.mjs`);
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
