/**
 * Checks the package as its users get it: packs core, lints the tarball (publint, are-the-types-wrong), installs it
 * into an empty project, and there runs and type-checks small programs against it, by import and by require.
 * In: a project that builds. Out: a line per check, and exit code 1 with the reason at the first that fails.
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

const root = path.resolve(import.meta.dirname, "..");
const core = path.join(root, "core");
const folder = mkdtempSync(path.join(tmpdir(), "polysocket-packages-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const manifest = JSON.parse(readFileSync(path.join(core, "package.json"), "utf8"));
const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");
const specifiers = entries.map((entry) => path.posix.join(manifest.name, entry));

/** Serves, shakes hands through a plain socket with the sample key of RFC 6455 §1.3, and closes. */
const handshake = `(async () => {
  const { connect } = await import("node:net");
  const server = await serve({ port: 0, host: "127.0.0.1", path: "/", message() {} });
  const { port } = new URL(server.url);
  const answer = await new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", reject).once("data", (data) => resolve(data.toString("latin1")) || socket.destroy());
    const lines = ["GET / HTTP/1.1", "Host: 127.0.0.1:" + port, "Upgrade: websocket", "Connection: Upgrade"];
    lines.push("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "");
    socket.write(lines.join("\\r\\n"));
  });
  await server.close();
  if (!answer.includes("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) throw new Error(answer);
})().catch((error) => { console.error(error); process.exit(1); });\n`;

run("npm", ["pack", "--silent", "--pack-destination", folder], core);
const tarball = path.join(
  folder,
  readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? fail("npm packed nothing"),
);

await lint();
run(process.execPath, [binOf("@arethetypeswrong/cli", "attw"), tarball, "--profile", "node16", "--no-color"]);
passed("are-the-types-wrong: node16 from ESM and CommonJS, and bundlers");

const project = path.join(folder, "project");
mkdirSync(project);
writeFileSync(path.join(project, "package.json"), '{ "private": true }\n');
run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", tarball], project);
checkContents();
checkDocumentedSubpaths();
checkPrograms();
checkTypes();

async function lint() {
  const data = readFileSync(tarball);
  const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
  if (messages.length > 0) fail(messages.map((message) => formatMessage(message, pkg)).join("\n"));
  passed("publint");
}

function checkContents() {
  const installed = path.join(project, "node_modules", manifest.name);
  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)));
  for (const name of ["LICENSE", "README.md"]) if (!files.includes(name)) fail(`the tarball lacks ${name}`);
  const expected = /^(package\.json|LICENSE|README\.md|src\/.+\.ts|dist\/cjs\/package\.json)$/;
  const strays = files.filter((file) => {
    const source = /^dist\/(?:esm|cjs)\/(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.[1];
    return /\.test\./.test(file) || !(expected.test(file) || files.includes(`src/${source}.ts`));
  });
  if (strays.length > 0) fail(`the tarball has files that nobody asked for: ${strays.join(", ")}`);
  passed(`contents: ${files.length} files, none stray`);
}

/** Every subpath that a code sample imports must be one of `exports`. */
function checkDocumentedSubpaths() {
  const docs = existsSync(path.join(root, "docs")) ? readdirSync(path.join(root, "docs"), { recursive: true }) : [];
  const pages = ["README.md", "ARCHITECTURE.md", ...docs.map((name) => `docs/${name}`)];
  for (const page of pages.filter((name) => name.endsWith(".md") && existsSync(path.join(root, name)))) {
    const text = readFileSync(path.join(root, page), "utf8");
    for (const [, specifier = ""] of text.matchAll(/(?:from|import|require\()\s*["'](polysocket(?:\/[^"']+)?)["']/g)) {
      if (!specifiers.includes(specifier)) fail(`${page} imports ${specifier}, which is not in core's exports`);
    }
  }
  passed(`subpaths: ${specifiers.join(", ")}`);
}

function checkPrograms() {
  const withoutRequireEsm = "--no-experimental-require-module";
  program("import.mjs", `import { serve } from "polysocket";\n${handshake}`);
  program("require.cjs", `const { serve } = require("polysocket");\n${handshake}`);
  program("require.cjs", `const { serve } = require("polysocket");\n${handshake}`, [withoutRequireEsm]);
  passed("a server by import, by require, and by require on a Node that cannot require ES modules");

  const oneCopy = specifiers.map(
    (specifier) => `{
      const imported = await import("${specifier}");
      const required = createRequire(import.meta.url)("${specifier}");
      assert.ok(Object.keys(imported).length > 0);
      for (const name of Object.keys(imported)) assert.equal(imported[name], required[name], name);
    }`,
  );
  const head = `import assert from "node:assert/strict";\nimport { createRequire } from "node:module";\n`;
  program("same.mjs", head + oneCopy.join("\n"));
  const required = specifiers.map((specifier) => `if (!/cjs/.test(require.resolve("${specifier}"))) throw 0;\n`);
  program("cjs.cjs", required.join(""), [withoutRequireEsm]);
  passed("one copy per process: import and require give the same classes");
}

function checkTypes() {
  const types = path.join(project, "node_modules/@types");
  symlinkSync(path.join(root, "node_modules/@types"), types);
  const named = specifiers
    .map((specifier, i) => `import * as entry${i} from "${specifier}";\nvoid entry${i};\n`)
    .join("");
  const use = `import { serve } from "polysocket";
${named}export async function main(): Promise<string> {
  const server = await serve({ port: 0, message: (connection, message) => void connection.send(message) });
  const url: string = server.url;
  await server.close();
  return url;
}\n`;
  writeFileSync(path.join(project, "esm.mts"), use);
  writeFileSync(path.join(project, "cjs.cts"), use);
  for (const module of ["nodenext", "node16"]) {
    const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--types", "node"];
    run(process.execPath, [binOf("typescript", "tsc"), ...options, "--module", module, "esm.mts", "cjs.cts"], project);
  }
  passed("types: an ES module and a CommonJS module under nodenext and node16");
}

/** @param {string} name
 * @param {string} text
 * @param {string[]} [flags] of Node */
function program(name, text, flags = []) {
  writeFileSync(path.join(project, name), text);
  run(process.execPath, [...flags, name], project);
}

/** Runs a command and shows its output only when it fails.
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

/** @param {string} what */
function passed(what) {
  console.log(`packages: ${what}`);
}

/** @param {string} why
 * @returns {never} */
function fail(why) {
  console.error(`packages: ${why}`);
  process.exit(1);
}
