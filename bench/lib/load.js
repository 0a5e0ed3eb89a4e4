// Compiles the load generator when its source is newer than what was compiled, and runs it.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pinned } from "./machine.js";

const SOURCES = fileURLToPath(new URL("../load/", import.meta.url));
const FOLDER = fileURLToPath(new URL("../build/", import.meta.url));
const PROGRAM = `${FOLDER}load`;

export function compileLoad() {
  if (process.platform !== "linux")
    throw new Error(`the load generator needs Linux (epoll); this is ${process.platform}`);
  const paths = readdirSync(SOURCES).map((name) => SOURCES + name);
  if (paths.every((path) => modifiedMs(PROGRAM) > modifiedMs(path))) return;
  mkdirSync(FOLDER, { recursive: true });
  const compiler = process.env.CC ?? "cc";
  const sources = paths.filter((path) => path.endsWith(".c"));
  const compiled = `${PROGRAM}-${process.pid}`; // two processes may compile at once, and each may run only a finished program
  const words = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", compiled, ...sources, "-lz"];
  const { error, status, stderr } = spawnSync(compiler, words, { encoding: "utf8" });
  if (error)
    throw new Error(`the load generator is written in C and ${compiler} cannot be run: install a C compiler or set CC`);
  if (/zlib\.h|-lz\b/.test(stderr)) throw new Error("the load generator needs zlib: apt-get install zlib1g-dev");
  if (status !== 0) throw new Error(`${compiler} could not compile bench/load:\n${stderr}`);
  renameSync(compiled, PROGRAM);
}

function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Start the generator; see load/main.c for its options (undefined: not given) and for the lines that `ask` may send. `ask` resolves to
 * the answer.
 * @throws Error when it reports a failure (a wrong echo, a lost connection) or ends without an answer */
export function startLoad(options, cpu) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const words = given.flatMap(([name, value]) => [`--${dashed(name)}`, String(value)]);
  const [program, ...rest] = pinned(cpu, [PROGRAM, ...words]);
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.stdin.on("error", () => {}); // its end is heard from below
    child.on("close", resolve);
  });
  ended.catch(() => {}); // heard by whoever asks
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`the load generator ended without an answer (code ${child.exitCode})`);
      const report = JSON.parse(value);
      if (report.failed) throw new Error(`the load generator failed: ${report.failed}`);
      return report;
    },
    /** Let it close its connections. */
    async end() {
      child.stdin.end();
      const code = await ended;
      if (code !== 0) throw new Error(`the load generator ended with code ${code}`);
    },
    /** End it whatever its state; nothing happens when it has ended. */
    kill: () => child.kill("SIGKILL"),
  };
}

function dashed(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
