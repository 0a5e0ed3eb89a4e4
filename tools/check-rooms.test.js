/**
 * Shows that a wrong import cannot stay: in a temporary copy of core, each of these files is refused by check-rooms,
 * by the compiler, or by both; the copy without them is accepted.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";

const project = path.resolve(import.meta.dirname, "..");
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
/** @type {string} */
let copy;

before(() => {
  copy = mkdtempSync(path.join(tmpdir(), "polysocket-rooms-"));
  for (const name of ["ARCHITECTURE.md", "core/package.json", "core/tsconfig", "core/src"]) {
    cpSync(path.join(project, name), path.join(copy, name), { recursive: true });
  }
  symlinkSync(path.join(project, "node_modules"), path.join(copy, "node_modules"));
});
after(() => rmSync(copy, { recursive: true, force: true }));

describe("check-rooms", () => {
  test("accepts the project as it is", () => {
    assert.deepEqual(checkRooms({}), { status: 0, problems: "" });
  });

  refuses("an import that the room's row does not list", {
    file: "core/src/engine/bytes/wrong.ts",
    text: `\nimport type { Frame } from "../frames/frame.ts";\nexport type Wrong = Frame;\n`,
    problem:
      /^core\/src\/engine\/bytes\/wrong\.ts:2 imports "\.\.\/frames\/frame\.ts": engine\/bytes may import nothing; engine\/frames is for .*engine\/messages/,
  });
  refuses("a re-export of another room", {
    file: "core/src/engine/messages/wrong.ts",
    text: `export * from "../protocol/state.ts";\n`,
    problem: /:1 imports "\.\.\/protocol\/state\.ts": engine\/messages may import/,
  });
  refuses("a dynamic import of another room", {
    file: "core/src/engine/frames/wrong.ts",
    text: `export const wrong = (): Promise<unknown> =>\n  import("../../node/transport/transport.ts");\n`,
    problem: /wrong\.ts:2 imports "\.\.\/\.\.\/node\/transport\/transport\.ts": engine\/frames may import/,
  });
  refuses("a module of Node's in the engine", {
    file: "core/src/engine/handshake/wrong.ts",
    text: `import { createHash } from "node:crypto";\nexport const wrong: unknown = createHash;\n`,
    problem: /imports "node:crypto": only node\/\* and cli may import Node's modules/,
  });
  refuses("a package in core", {
    file: "core/src/node/transport/wrong.ts",
    text: `import WebSocket from "ws";\nexport const wrong: unknown = WebSocket;\n`,
    problem: /imports "ws": core has no runtime dependency/,
  });
  refuses("a type reference, which would bring Node's globals in", {
    file: "core/src/engine/bytes/wrong.ts",
    text: `/// <reference types="node" />\nexport const wrong: unknown = Buffer;\n`,
    problem: /wrong\.ts:1 a reference goes round the rooms/,
  });
  refuses("core's sources in an example", {
    file: "examples/wrong.js",
    text: `import { serve } from "../core/src/node/index.ts";\nserve({});\n`,
    problem: /^examples\/wrong\.js:1 imports .*: core's files are not public; import polysocket/,
  });
  refuses("one face in another", {
    file: "faces/ws/wrong.cjs",
    text: `require("../websocket/index.js");\nrequire("polysocket");\n`,
    problem: /^faces\/ws\/wrong\.cjs:1 imports "\.\.\/websocket\/index\.js"/,
  });
  refuses("one face in another, by its package's name", {
    file: "faces/ws/wrong.cjs",
    text: `require("@polysocket/websocket");\nrequire("@polysocket/ws");\n`,
    more: { "faces/ws/package.json": '{ "name": "@polysocket/ws" }' },
    problem: /^faces\/ws\/wrong\.cjs:1 imports "@polysocket\/websocket"/,
  });
  refuses("a file that belongs to no room", {
    file: "core/src/wrong/wrong.ts",
    text: "export const wrong = 1;\n",
    problem: /wrong\.ts:1 belongs to no room/,
  });
  refuses("two files that import each other", {
    file: "core/src/engine/frames/wrong.ts",
    text: `import { wrong } from "./wrong-too.ts";\nexport const right: unknown = wrong;\n`,
    more: {
      "core/src/engine/frames/wrong-too.ts": `import { right } from "./wrong.ts";\nexport const wrong: unknown = right;\n`,
    },
    problem: /imports itself: \S+wrong\S* → \S+wrong\S* → /,
  });

  test("accepts two files that import each other's types, and imports in comments", () => {
    const files = {
      "core/src/engine/frames/a.ts": `import type { B } from "./b.ts";\nexport type A = B | 1; // import "node:fs"\n`,
      "core/src/engine/frames/b.ts": `import type { A } from "./a.ts";\n/*\nimport "ws";\n*/\nexport type B = A[];\n`,
    };
    assert.deepEqual(checkRooms(files), { status: 0, problems: "" });
  });
});

describe("tsc -b core/tsconfig", () => {
  const wrong = {
    "engine/bytes/wrong-buffer": [`export const wrong: unknown = Buffer.alloc(1);`, /Cannot find name 'Buffer'/],
    "engine/messages/wrong-timer": [`setTimeout(() => {}, 1);\nexport {};`, /Cannot find name 'setTimeout'/],
    "engine/protocol/wrong-console": [`console.log(1);\nexport {};`, /Cannot find name 'console'/],
    "engine/handshake/wrong-crypto": [`export { createHash } from "node:crypto";`, /(module|name) .node:crypto/],
    "engine/frames/wrong-node": [`export * from "../../node/transport/transport.ts";`, /TS6307|TS6059/],
    "engine/bytes/wrong-room": [`export * from "../frames/opcode.ts";`, /TS6307|TS6059/],
  };

  test("accepts the project as it is", () => {
    assert.deepEqual(compile({}), { status: 0, output: "" });
  });
  test("refuses Buffer, timers, the console, Node's modules and wrong rooms in the engine, each at its line", () => {
    const { status, output } = compile(
      Object.fromEntries(Object.entries(wrong).map(([stem, [text]]) => [`core/src/${stem}.ts`, `${text}\n`])),
    );
    assert.notEqual(status, 0);
    for (const [stem, [, error]] of Object.entries(wrong)) {
      const lines = output.split("\n").filter((line) => line.startsWith(`core/src/${stem}.ts(1,`));
      assert.match(lines.join("\n"), /** @type {RegExp} */ (error), `${stem}:\n${output}`);
    }
  });
});

/** @param {string} what
 * @param {{ file: string, text: string, more?: Record<string, string>, problem: RegExp }} wrong */
function refuses(what, { file, text, more, problem }) {
  test(`refuses ${what}`, () => {
    const { status, problems } = checkRooms({ [file]: text, ...more });
    assert.equal(status, 1);
    assert.match(problems, problem);
    assert.equal(problems.split("\n").length, 1, problems);
  });
}

/** @param {Record<string, string>} files to add to the copy for this run */
function checkRooms(files) {
  const run = withFiles(files, () => spawn([path.join(project, "tools/check-rooms.js"), copy]));
  return { status: run.status, problems: run.stderr.trim() };
}

/** @param {Record<string, string>} files to add to the copy for this run */
function compile(files) {
  const run = withFiles(files, () => spawn([tsc, "-b", "core/tsconfig"]));
  return { status: run.status, output: (run.stdout + run.stderr).trim() };
}

/** @param {string[]} args */
function spawn(args) {
  return spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
}

/** @template T
 * @param {Record<string, string>} files
 * @param {() => T} action */
function withFiles(files, action) {
  const names = Object.keys(files).map((name) => path.join(copy, name));
  for (const [i, text] of Object.values(files).entries()) {
    mkdirSync(path.dirname(names[i] ?? ""), { recursive: true });
    writeFileSync(names[i] ?? "", text);
  }
  try {
    return action();
  } finally {
    for (const name of names) rmSync(name);
  }
}
