/** The package as programs get it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { describe, test } from "node:test";

const folder = path.resolve(__dirname, "..");
const NAMES = ["createServer", "connect", "setBinaryFragmentation", "setMaxBufferLength"];

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
  test("require by the package's name, and by its folder, gives the four functions and nothing else", () => {
    const print = "console.log(JSON.stringify([Object.keys(ws), Object.getOwnPropertyNames(ws).length]))";
    for (const where of ["@polysocket/nodejs-websocket", folder]) {
      assert.deepEqual(run(`const ws = require(${JSON.stringify(where)}); ${print}`, "commonjs"), [NAMES, 4]);
    }
  });

  test("import gives the same by default and by name", () => {
    const program = `import ws, * as named from "@polysocket/nodejs-websocket";
      const { createServer } = named;
      console.log(JSON.stringify([Object.keys(ws), ${JSON.stringify(NAMES)}.every((name) => named[name] === ws[name]),
        createServer === ws.createServer]));`;
    assert.deepEqual(run(program, "module"), [NAMES, true, true]);
  });

  test("the classes have their names, and are those of the deep paths", () => {
    const ws = require("@polysocket/nodejs-websocket");
    const server = ws.createServer();
    const Server = require("@polysocket/nodejs-websocket/Server");
    const Connection = require("@polysocket/nodejs-websocket/Connection");
    assert.ok(server instanceof Server);
    assert.equal(server.constructor.name, "Server");
    const { CONNECTING, OPEN, CLOSING, CLOSED } = Connection.prototype;
    assert.deepEqual([Connection.name, CONNECTING, OPEN, CLOSING, CLOSED], ["Connection", 0, 1, 2, 3]);
    for (const name of ["InStream", "OutStream"]) {
      assert.equal(require(`@polysocket/nodejs-websocket/${name}`).name, name);
    }
  });

  test("every file of the original has its path, with and without .js", () => {
    const name = "@polysocket/nodejs-websocket";
    for (const file of ["index", "Server", "Connection", "InStream", "OutStream", "frame"]) {
      assert.equal(require(`${name}/${file}.js`), require(`${name}/${file}`), file);
    }
    assert.equal(require(`${name}/index`), require(name));
  });

  test("the limits that the original kept at Connection are the process's", () => {
    const ws = require("@polysocket/nodejs-websocket");
    const Connection = require("@polysocket/nodejs-websocket/Connection");
    assert.deepEqual([Connection.binaryFragmentation, Connection.maxBufferLength], [524_288, 2_097_152]);
    ws.setBinaryFragmentation(10);
    Connection.maxBufferLength = 3_000_000;
    assert.deepEqual([Connection.binaryFragmentation, Connection.maxBufferLength], [10, 3_000_000]);
    Connection.binaryFragmentation = 524_288;
    ws.setMaxBufferLength(2_097_152);
  });

  test("the deep path frame makes the frames that the original made", () => {
    const frame = require("@polysocket/nodejs-websocket/frame");
    const made = [
      frame.createTextFrame("hi"),
      frame.createBinaryFrame(Buffer.from("a")),
      frame.createBinaryFrame(Buffer.from("a"), false, false, false),
      frame.createCloseFrame(1000, "x"),
      frame.createCloseFrame(),
      frame.createPingFrame("p"),
      frame.createPongFrame("p"),
    ].map((bytes: Buffer) => bytes.toString("hex"));
    assert.deepEqual(made, ["81026869", "820161", "000161", "880303e878", "8800", "890170", "8a0170"]);
    const masked: Buffer = frame.createTextFrame("hi", true);
    assert.deepEqual([masked.length, masked[1]], [8, 0x82]);
  });
});

describe("types", () => {
  /** What tsc says of a program in the folder `types`, strict, without skipping declaration files. */
  function check(program: string): string {
    const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin/tsc");
    const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--types", "node"];
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
