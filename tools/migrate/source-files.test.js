import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { project } from "./project-fixture.js";
import { readSources } from "./source-files.js";

/** @param {string} folder */
function read(folder) {
  /** @type {import("./source-files.js").LeftOut[]} */
  const leftOut = [];
  const files = [...readSources(folder, leftOut)].map(({ file, text }) => `${file} ${text.length}`);
  return { files, leftOut: leftOut.map(({ file, reason }) => `${file}: ${reason}`).sort() };
}

describe("readSources", () => {
  test("reads all dialects, in order, and enters no installed, built or git folder", (context) => {
    const names = [
      "b.js",
      "a.cjs",
      "c/d.mjs",
      "c/e.ts",
      "c/f.cts",
      "c/g.mts",
      "c/h.tsx",
      "i.jsx",
      ".hidden/j.js",
      "with blank/k l.js",
    ];
    const others = [
      "node_modules/a.js",
      "c/node_modules/a.js",
      "dist/a.js",
      "c/dist/a.js",
      ".git/a.js",
      "a.json",
      "a.js.map",
      "js",
    ];
    const folder = project(context, Object.fromEntries([...names, ...others].map((name) => [name, "12345"])));
    assert.deepEqual(read(folder), { files: names.map((name) => `${name} 5`).sort(), leftOut: [] });
  });
  test("follows no symbolic links, and says so", (context) => {
    const folder = project(context, { "a.js": "1", "sub/b.js": "2" });
    symlinkSync("a.js", path.join(folder, "link.js"));
    symlinkSync("..", path.join(folder, "sub/round"));
    assert.deepEqual(read(folder), {
      files: ["a.js 1", "sub/b.js 1"],
      leftOut: ["link.js: a symbolic link", "sub/round: a symbolic link"],
    });
  });
  test("leaves big files out, and says how big they are", (context) => {
    const folder = project(context, { "big.js": " ".repeat((2 << 20) + 1), "limit.js": " ".repeat(2 << 20) });
    assert.deepEqual(read(folder), {
      files: ["limit.js 2097152"],
      leftOut: ["big.js: 2097153 bytes; expected 2097152 at most"],
    });
  });
  test("waits for no pipe, and a folder named like a source is a folder", {
    skip: process.platform === "win32",
  }, (context) => {
    const folder = project(context, { "a.js/b.js": "1" });
    spawnSync("mkfifo", [path.join(folder, "pipe.js")]);
    assert.deepEqual(read(folder), { files: ["a.js/b.js 1"], leftOut: ["pipe.js: no regular file"] });
  });
  test("says which names and files it cannot read", { skip: process.platform !== "linux" }, (context) => {
    const folder = project(context, { "a.js": "1", "secret.js": "1" });
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff]), Buffer.from(".js")]), "1");
    mkdirSync(path.join(folder, "locked"));
    chmodSync(path.join(folder, "locked"), 0);
    chmodSync(path.join(folder, "secret.js"), 0);
    const { files, leftOut } = read(folder);
    chmodSync(path.join(folder, "locked"), 0o755);
    // The superuser reads everything.
    const isSuperuser = process.getuid?.() === 0;
    assert.deepEqual(files, isSuperuser ? ["a.js 1", "secret.js 1"] : ["a.js 1"]);
    assert.deepEqual(leftOut, [
      ...(isSuperuser ? [] : ["locked: cannot be read (EACCES)", "secret.js: cannot be read (EACCES)"]),
      "\uFFFD.js: cannot be found under that name",
    ]);
  });
});
