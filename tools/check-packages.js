/**
 * Checks the packages as their users get them: packs core and the faces, lints the tarballs (publint, are-the-types-wrong),
 * installs them into empty projects, and there runs and type-checks small programs, by import and by require; the faces under
 * the names of the libraries that they replace.
 * In: a project that builds. Out: a line per check, and exit code 1 with the reason at the first that fails.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fail, filesOf, lint, pack, passed, program, project, root, typeCheck } from "./packed.js";

/** @typedef {import("./packed.js").Packed} Packed */

const WITHOUT_REQUIRE_ESM = "--no-experimental-require-module";

/** The libraries that are not called as their faces are. @type {ReadonlyMap<string, string>} */
const ORIGINALS = new Map([
  ["@polysocket/jadsonlucena-websocket", "@jadsonlucena/websocket"],
  ["@polysocket/jsh-ws", "ws"],
]);

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

const core = pack("core");
const specifiers = core.entries.map((entry) => path.posix.join(core.name, entry));
await lint(core);
const home = project({ [core.name]: core.tarball });
checkContents();
checkDocumentedSubpaths();
checkPrograms();
checkTypes();
await checkFaces(foldersOf("faces").map((name) => pack(`faces/${name}`)));

function checkContents() {
  const files = filesOf(home, core.name);
  for (const name of ["LICENSE", "README.md"]) if (!files.includes(name)) fail(`the tarball lacks ${name}`);
  const expected = /^(package\.json|LICENSE|README\.md|src\/.+\.ts|dist\/cjs\/package\.json)$/;
  const strays = files.filter((file) => {
    const source = /^dist\/(?:esm|cjs)\/(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.[1];
    return /\.test\./.test(file) || !(expected.test(file) || files.includes(`src/${source}.ts`));
  });
  if (strays.length > 0) fail(`the tarball has files that nobody asked for: ${strays.join(", ")}`);
  passed(core.name, `contents: ${files.length} files, none stray`);
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
  passed(core.name, `subpaths: ${specifiers.join(", ")}`);
}

function checkPrograms() {
  program(home, "import.mjs", `import { serve } from "polysocket";\n${handshake}`);
  program(home, "require.cjs", `const { serve } = require("polysocket");\n${handshake}`);
  program(home, "require.cjs", `const { serve } = require("polysocket");\n${handshake}`, [WITHOUT_REQUIRE_ESM]);
  passed(core.name, "a server by import, by require, and by require on a Node that cannot require ES modules");

  const oneCopy = specifiers.map(
    (specifier) => `{
      const imported = await import("${specifier}");
      const required = createRequire(import.meta.url)("${specifier}");
      assert.ok(Object.keys(imported).length > 0);
      for (const name of Object.keys(imported)) assert.equal(imported[name], required[name], name);
    }`,
  );
  const head = `import assert from "node:assert/strict";\nimport { createRequire } from "node:module";\n`;
  program(home, "same.mjs", head + oneCopy.join("\n"));
  const required = specifiers.map((specifier) => `if (!/cjs/.test(require.resolve("${specifier}"))) throw 0;\n`);
  program(home, "cjs.cjs", required.join(""), [WITHOUT_REQUIRE_ESM]);
  passed(core.name, "one copy per process: import and require give the same classes");
}

function checkTypes() {
  const named = specifiers
    .map((specifier, i) => `import * as entry${i} from "${specifier}";\nvoid entry${i};\n`)
    .join("");
  typeCheck(
    home,
    `import { serve } from "polysocket";
${named}export async function main(): Promise<string> {
  const server = await serve({ port: 0, message: (connection, message) => void connection.send(message) });
  const url: string = server.url;
  await server.close();
  return url;
}\n`,
  );
  passed(core.name, "types: an ES module and a CommonJS module under nodenext and node16");
}

/** The faces, installed beside each other, each under its library's name.
 * @param {Packed[]} faces */
async function checkFaces(faces) {
  const named = faces.map((face) => ({
    face,
    name: ORIGINALS.get(face.name) ?? face.name.replace(/^@polysocket\//, ""),
  }));
  const tarballs = named.map(({ face, name }) => [name, face.tarball]);
  const where = project({ ...Object.fromEntries(tarballs), [core.name]: core.tarball });
  for (const { face, name } of named) await checkFace(face, name, where);
  const imports = named.map(({ name }, index) => `import * as face${index} from "${name}";\nvoid face${index};\n`);
  typeCheck(where, imports.join(""));
  passed("the faces", "types under their libraries' names");
}

/** @param {Packed} face
 * @param {string} name under which it is installed
 * @param {string} where the project */
async function checkFace(face, name, where) {
  // Its CommonJS classes have names of their own, which ES modules get by Node's reading of the file
  const patterns = face.entries.filter((entry) => entry.includes("*"));
  await lint(face, patterns.length === 0 ? [] : ["--exclude-entrypoints", ...patterns]);
  for (const wanted of ["LICENSE", "README.md"]) {
    if (!filesOf(where, name).includes(wanted)) fail(`the tarball of ${face.name} lacks ${wanted}`);
  }
  const strays = filesOf(where, name).filter((file) => /test|tsbuildinfo/.test(file));
  if (strays.length > 0) fail(`the tarball of ${face.name} has files that nobody asked for: ${strays.join(", ")}`);
  const same = `import assert from "node:assert/strict";
import { createRequire } from "node:module";
import whole, * as named from "${name}";
const required = createRequire(import.meta.url)("${name}");
assert.equal(whole, required);
assert.ok(typeof required === "function" || Object.keys(required).length > 1);
for (const name of Object.keys(required)) assert.equal(named[name], required[name], name);\n`;
  program(where, "same.mjs", same);
  program(where, "same.mjs", same, [WITHOUT_REQUIRE_ESM]);
  passed(face.name, `installed as ${name}: the same by import, by name and by require`);
}

/** @param {string} parent */
function foldersOf(parent) {
  const entries = readdirSync(path.join(root, parent), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
