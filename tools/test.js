/**
 * Runs the tests of core, tools, conformance and bench with Node's own runner; where Node does not strip types itself (before
 * 22.18) the TypeScript ones go through tsx.
 * In: `--only GROUP` (a folder of core/test, or tools, conformance or bench), and parts of file names; without `--only`
 * every group but browser and proxies, which need programs of others. Out: the spec report, and the runner's exit code.
 * Files are listed one by one because Node 20 takes no glob.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

/** Groups that have a command of their own. */
const APART = new Set(["browser", "proxies"]);

const root = path.resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { only: { type: "string", multiple: true } },
  allowPositionals: true,
});

const all = ["core/test", "tools", "conformance", "bench/test"].flatMap(testFilesIn);
const chosen = all
  .filter((file) => (values.only === undefined ? !APART.has(groupOf(file)) : values.only.includes(groupOf(file))))
  .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)));
if (chosen.length === 0) {
  console.error(`no test file matches; the groups are ${[...new Set(all.map(groupOf))].join(", ")}`);
  process.exit(1);
}

const runner = spawnSync(
  process.execPath,
  [
    ...(Reflect.get(process.features, "typescript") ? [] : ["--import", "tsx"]),
    ...["--test", "--test-reporter=spec", "--test-timeout=180000"],
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    ...chosen,
  ],
  { cwd: root, stdio: "inherit" },
);
if (runner.error !== undefined) throw runner.error;
process.exit(runner.status ?? 1);

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
