/**
 * Packs packages of this project and tries them in empty projects, as their users would get them.
 * In: a package's folder. Out: its tarball, projects that have it installed, and programs run in them; whatever fails ends the
 * process with code 1 and the reason.
 * The resolution mode node10 is left out: it sees no `exports`, so it has no subpaths.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

export const root = path.resolve(import.meta.dirname, "..");
const folder = mkdtempSync(path.join(tmpdir(), "polysocket-packages-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** @typedef {{ folder: string, name: string, manifest: Record<string, any>, tarball: string, entries: string[] }} Packed */

/** Pack a package.
 * @param {string} from its folder, below the root
 * @returns {Packed} `entries`: what can be imported of it, but its package.json */
export function pack(from) {
  const packageFolder = path.join(root, from);
  const manifest = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8"));
  const target = mkdtempSync(path.join(folder, "packed-"));
  run("npm", ["pack", "--silent", "--pack-destination", target], packageFolder);
  const file = readdirSync(target).find((name) => name.endsWith(".tgz")) ?? fail("npm packed nothing");
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");
  return { folder: packageFolder, name: manifest.name, manifest, tarball: path.join(target, file), entries };
}

/** publint and are-the-types-wrong.
 * @param {Packed} packed
 * @param {string[]} [options] of attw */
export async function lint({ name, tarball }, options = []) {
  const data = readFileSync(tarball);
  const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
  if (messages.length > 0) fail(messages.map((message) => formatMessage(message, pkg)).join("\n"));
  passed(name, "publint");
  const attw = binOf("@arethetypeswrong/cli", "attw");
  run(process.execPath, [attw, tarball, "--profile", "node16", "--no-color", ...options]);
  passed(name, "are-the-types-wrong: node16 from ESM and CommonJS, and bundlers");
}

/** An empty project with packages installed.
 * @param {Record<string, string>} dependencies tarballs by the names that they are installed under
 * @returns {string} its folder */
export function project(dependencies) {
  const made = mkdtempSync(path.join(folder, "project-"));
  const files = Object.entries(dependencies).map(([name, tarball]) => [name, `file:${tarball}`]);
  const manifest = { private: true, dependencies: Object.fromEntries(files) };
  writeFileSync(path.join(made, "package.json"), `${JSON.stringify(manifest)}\n`);
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"], made);
  const types = path.join(made, "node_modules/@types");
  if (!existsSync(types)) mkdirSync(types);
  for (const name of ["node"]) symlinkSync(path.join(root, "node_modules/@types", name), path.join(types, name));
  return made;
}

/** The files of an installed package, as paths relative to it.
 * @param {string} where the project
 * @param {string} name */
export function filesOf(where, name) {
  const installed = path.join(where, "node_modules", name);
  return readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)));
}

/** Run a program in a project.
 * @param {string} where the project
 * @param {string} name
 * @param {string} text
 * @param {string[]} [flags] of Node */
export function program(where, name, text, flags = []) {
  writeFileSync(path.join(where, name), text);
  run(process.execPath, [...flags, name], where);
}

/** Type-check a text in a project, as an ES module and as a CommonJS module, under each way of resolving.
 * @param {string} where the project
 * @param {string} text */
export function typeCheck(where, text) {
  writeFileSync(path.join(where, "esm.mts"), text);
  writeFileSync(path.join(where, "cjs.cts"), text);
  for (const module of ["nodenext", "node16"]) {
    const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--types", "node"];
    run(process.execPath, [binOf("typescript", "tsc"), ...options, "--module", module, "esm.mts", "cjs.cts"], where);
  }
}

/** Run a command and show its output only when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd] */
function run(command, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 120_000 });
  if (error !== undefined || status !== 0) fail(`${command} ${args.join(" ")}\n${stdout}${stderr}${error ?? ""}`);
}

/** @param {string} name
 * @param {string} bin */
function binOf(name, bin) {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return path.join(path.dirname(file), JSON.parse(readFileSync(file, "utf8")).bin[bin]);
}

/** @param {string} name of the package
 * @param {string} what */
export function passed(name, what) {
  console.log(`${name}: ${what}`);
}

/** @param {string} why
 * @returns {never} */
export function fail(why) {
  console.error(`packages: ${why}`);
  process.exit(1);
}
