/**
 * Builds the class for browsers: `browser/src` becomes an ES module and a script, both minified, in `browser/dist`.
 * In: nothing. Out: the two files; an error where the sources do not compile.
 */
const { spawnSync } = require("node:child_process");
const { existsSync, mkdirSync, readdirSync, readFileSync, statSync } = require("node:fs");
const path = require("node:path");
const { gzipSync } = require("node:zlib");
const esbuild = require("esbuild");

const folder = path.join(__dirname, "browser");

/** A script's `var` is a global; in what bundlers read as CommonJS there is `module`. */
const AS_SCRIPT = 'JellySocket=JellySocket.default;if(typeof module=="object")module.exports=JellySocket;';

/** The files in `browser/dist`. @type {{ output: string, how: esbuild.BuildOptions }[]} */
const OUTPUTS = [
  { output: "jellysocket.mjs", how: { format: "esm" } },
  { output: "jellysocket.js", how: { format: "iife", globalName: "JellySocket", footer: { js: AS_SCRIPT } } },
];

/** Check the types and write the files, unless they are newer than all that they are made of.
 * @returns {{ output: string, bytes: number, gzipBytes: number }[]}
 * @throws Error where the types are wrong */
function buildBrowser() {
  if (isFresh()) return browserSizes();
  const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", folder], { stdio: "inherit" });
  if (status !== 0) throw new Error("the sources of jellysocket's browser build do not compile");
  mkdirSync(path.join(folder, "dist"), { recursive: true });
  for (const { output, how } of OUTPUTS) {
    esbuild.buildSync({
      ...how,
      entryPoints: [path.join(folder, "src/jelly-socket.ts")],
      outfile: path.join(folder, "dist", output),
      bundle: true,
      minify: true,
      target: "es2015",
      charset: "utf8",
      logLevel: "warning",
    });
  }
  return browserSizes();
}

function isFresh() {
  const sources = readdirSync(path.join(folder, "src")).map((name) => path.join(folder, "src", name));
  const outputs = OUTPUTS.map(({ output }) => path.join(folder, "dist", output));
  if (!outputs.every((file) => existsSync(file))) return false;
  const timeOf = (/** @type {string} */ file) => statSync(file).mtimeMs;
  return Math.max(...[...sources, __filename].map(timeOf)) < Math.min(...outputs.map(timeOf));
}

/** How large the files are. */
function browserSizes() {
  return OUTPUTS.map(({ output }) => {
    const content = readFileSync(path.join(folder, "dist", output));
    return { output, bytes: content.length, gzipBytes: gzipSync(content, { level: 9 }).length };
  });
}

module.exports = { buildBrowser, browserSizes };

if (require.main === module) console.table(buildBrowser());
