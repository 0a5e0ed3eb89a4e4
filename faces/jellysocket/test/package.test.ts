/** The package as programs get it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { describe, test } from "node:test";

const folder = path.resolve(__dirname, "..");

/** Run a program of its own, where nothing stands between it and Node.
 * @returns what it printed */
function run(program: string, type: "module" | "commonjs", flags: readonly string[] = []): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, `--input-type=${type}`, "--eval", program], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

describe("entry", () => {
  test("require by the package's name, and by its folder, gives the class with Application", () => {
    for (const where of ["@polysocket/jellysocket", folder]) {
      const program = `const J = require(${JSON.stringify(where)});
        console.log(JSON.stringify([J.name, Object.keys(J), J.Application.name, typeof J.Application.upgradeNotFound]))`;
      assert.deepEqual(run(program, "commonjs"), ["JellySocket", ["Application"], "Application", "function"]);
    }
  });

  test("import gives the same by default and by name", () => {
    const program = `import J, { Application } from "@polysocket/jellysocket";
      import { createRequire } from "node:module";
      const required = createRequire(import.meta.url)("@polysocket/jellysocket");
      console.log(JSON.stringify([J === required, Application === J.Application]));`;
    assert.deepEqual(run(program, "module"), [true, true]);
  });

  test("under the condition of browsers it is the build for them", () => {
    const esm = `import J from "@polysocket/jellysocket"; import B from "@polysocket/jellysocket/browser";
      console.log(JSON.stringify([J === B, J.Application === undefined]))`;
    assert.deepEqual(run(esm, "module", ["--conditions=browser"]), [true, true]);
    const cjs = `const J = require("@polysocket/jellysocket"), B = require("@polysocket/jellysocket/browser");
      console.log(JSON.stringify([J === B, typeof J]))`;
    assert.deepEqual(run(cjs, "commonjs", ["--conditions=browser"]), [true, "function"]);
  });
});

describe("types", () => {
  /** What tsc says of a program in the folder `types`, strict, without skipping declaration files. */
  function check(program: string, ...more: string[]): string {
    const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin/tsc");
    const options = ["--ignoreConfig", "--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", ...more];
    const file = path.join(__dirname, "types", program);
    return spawnSync(process.execPath, [tsc, ...options, file], { encoding: "utf8" }).stdout;
  }

  test("a program that uses all of the API compiles", () => {
    assert.equal(check("whole-api.ts", "--types", "node"), "");
  });

  test("each misuse of an event, a method or an option is an error", () => {
    // Where a line that has to be an error is none, that is one
    assert.equal(check("misuse.ts", "--types", "node"), "");
  });

  test("the class for browsers needs no types of Node", () => {
    assert.equal(check("browser.ts", "--types", "", "--lib", "es2022,dom"), "");
  });
});
