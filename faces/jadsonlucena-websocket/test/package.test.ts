/** The package as programs get it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import * as path from "node:path";
import { describe, test } from "node:test";
import WebSocket from "@polysocket/jadsonlucena-websocket";

const folder = path.resolve(__dirname, "..");

/** Run a program of its own, where nothing stands between it and Node.
 * @returns what it printed */
function run(program: string, type: "module" | "commonjs"): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, "--eval", program], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

describe("entry", () => {
  test("require gives the class itself, without names", () => {
    const print = "console.log(JSON.stringify([typeof W, W.name, W.length, Object.keys(W)]))";
    for (const where of ["@polysocket/jadsonlucena-websocket", folder]) {
      const program = `const W = require(${JSON.stringify(where)}); ${print}`;
      assert.deepEqual(run(program, "commonjs"), ["function", "WebSocket", 1, []]);
    }
  });

  test("import gives it by default", () => {
    const program = `import W from "@polysocket/jadsonlucena-websocket"; import { createRequire } from "node:module";
      const required = createRequire(process.cwd() + "/x.js")("@polysocket/jadsonlucena-websocket");
      console.log(JSON.stringify([W.name, W === required]));`;
    assert.deepEqual(run(program, "module"), ["WebSocket", true]);
  });

  test("a process with an instance on a server that does not listen ends by itself", () => {
    const program = `const W = require("@polysocket/jadsonlucena-websocket");
      new W(require("node:http").createServer(), { pingDelay: 1000 }); console.log("1");`;
    assert.equal(run(program, "commonjs"), 1);
  });

  test("an instance is an emitter without a limit of listeners", () => {
    const webSocket = new WebSocket(createServer());
    assert.ok(webSocket instanceof EventEmitter);
    assert.equal(webSocket.getMaxListeners(), 0);
  });
});

describe("types", () => {
  /** What tsc says of a program in the folder `types`, strict, without skipping declaration files. */
  function check(program: string): string {
    const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin/tsc");
    const options = [
      "--ignoreConfig",
      "--strict",
      "--noEmit",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--types",
      "node",
    ];
    const file = path.join(__dirname, "types", program);
    return spawnSync(process.execPath, [tsc, ...options, file], { encoding: "utf8" }).stdout;
  }

  test("a program that uses all of the API compiles", () => {
    assert.equal(check("whole-api.ts"), "");
  });

  test("each misuse of an event, a method or an option is an error", () => {
    // Where a line that has to be an error is none, that is one
    assert.equal(check("misuse.ts"), "");
  });
});
