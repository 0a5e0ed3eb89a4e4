/**
 * `npm run fuzz`: fuzzes the engine, guided by the branches that an input reaches, each target in a process of its own.
 * In: options. Out: a line for each target: how many inputs were run, how fast, what they reached, what was new, what was found.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { readReport } from "./report.js";
import { writeSeeds } from "./seed.js";
import { TARGETS } from "./targets.js";

const FOUND = 77;
const root = import.meta.dirname;
/** What this machine has come to know; the corpus in the repository stays small. */
const learned = path.join(root, "../node_modules/.cache/polysocket-fuzz/corpus");
const findings = path.join(root, "findings");

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    target: { type: "string", default: "all" },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const names = values.target === "all" ? Object.keys(TARGETS) : values.target.split(",");
for (const name of names) {
  if (TARGETS[name] === undefined)
    fail(`no target is called ${name}; there are all, ${Object.keys(TARGETS).join(", ")}`);
}
const seconds = Number(values.seconds);
if (!(seconds >= 1)) fail(`--seconds is ${values.seconds}; give how long it may take altogether`);
const seed = values.seed ?? String(1 + Math.floor(Math.random() * (2 ** 31 - 2)));

console.log(`seed ${seed}, ${seconds} s for ${names.length === 1 ? names[0] : `${names.length} targets`}`);
console.log("target            runs   runs/s    edges  features  new inputs  peak MiB  findings");
mkdirSync(findings, { recursive: true });
if (values.keep) writeSeeds(learned);
let found = 0;
for (const name of names) found += await fuzz(name, Math.max(1, Math.floor(seconds / names.length)));
if (values.keep) for (const name of names) await keep(name);
console.log(found === 0 ? "nothing was found" : `${found} found; the inputs are in fuzz/findings`);
process.exit(found === 0 ? 0 : 1);

/** @param {string} name
 * @param {number} time in seconds
 * @returns {Promise<number>} how much was found */
async function fuzz(name, time) {
  const known = path.join(learned, name);
  mkdirSync(known, { recursive: true });
  const before = readdirSync(known).length;
  const folders = [known, path.join(root, "corpus", name)];
  const args = ["--target", name, "--seconds", String(time), "--seed", seed];
  const prefix = path.join(findings, `${name}-`);
  const { code, text } = await run([...args, "--findings", prefix, ...folders]);
  const { runs, perSecond, edges, features, peakMib, violation, file } = readReport(text);
  const cells = [runs, perSecond, edges, features, readdirSync(known).length - before, peakMib, code === 0 ? 0 : 1];
  const widths = [9, 9, 9, 10, 12, 10, 10];
  console.log(name.padEnd(13) + cells.map((cell, index) => String(cell).padStart(widths[index] ?? 9)).join(""));
  if (code === 0) return 0;
  if (code !== FOUND || violation === undefined) console.log(text.split("\n").slice(-30).join("\n"));
  console.log(
    `  ${violation ?? `the process ended with ${code}`}\n  ${file === undefined ? "" : path.relative(".", file)}`,
  );
  return 1;
}

/** Renew the corpus in the repository.
 * @param {string} name */
async function keep(name) {
  const file = path.join(root, "keep.js");
  const folders = [path.join(learned, name), path.join(root, "corpus", name)];
  const { text } = await run(["--target", name, "--file", file, "--runs", "0", "--seconds", "600", ...folders], {
    KEEP_TARGET: name,
  });
  console.log(/^.*: kept .*$/m.exec(text)?.[0] ?? text);
}

/** @param {string[]} args
 * @param {Record<string, string>} [environment]
 * @returns {Promise<{ code: number, text: string }>} */
function run(args, environment = {}) {
  return new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, [path.join(root, "worker.js"), ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...environment },
    });
    let text = "";
    worker.stderr.setEncoding("utf8");
    worker.stderr.on("data", (/** @type {string} */ piece) => {
      if (values.verbose) process.stderr.write(piece);
      text += piece;
    });
    worker.on("error", reject);
    worker.on("close", (code, signal) => resolve({ code: code ?? (signal === null ? 1 : 128), text }));
  });
}

/** @param {string} problem
 * @returns {never} */
function fail(problem) {
  console.error(problem);
  process.exit(2);
}
