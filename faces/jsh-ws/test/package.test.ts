/** The package as programs get it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { describe, test } from "node:test";

const folder = path.resolve(__dirname, "..");

/** Run a program of its own, where nothing stands between it and Node. */
function run(program: string, type: "module" | "commonjs" = "commonjs"): { printed: string; complaint: string } {
  const { stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, "--eval", program], {
    cwd: folder,
    encoding: "utf8",
  });
  return { printed: stdout.trim(), complaint: stderr };
}

describe("entry", () => {
  test("require by name, and by folder, gives the two classes and nothing else", () => {
    for (const where of ["@polysocket/jsh-ws", folder]) {
      const print =
        "console.log(typeof ws, Object.getOwnPropertyNames(ws).join(), ws.WebSocket.name, ws.WebSocketServer.name)";
      const { printed, complaint } = run(`const ws = require(${JSON.stringify(where)}); ${print}`);
      assert.equal(complaint, "");
      assert.equal(printed, "object WebSocket,WebSocketServer WebSocket WebSocketServer");
    }
  });

  test("import gives the same by default and by name", () => {
    const { printed, complaint } = run(
      `import ws, { WebSocket, WebSocketServer } from "@polysocket/jsh-ws";
       import { attach } from "@polysocket/jsh-ws/attach";
       console.log(ws.WebSocket === WebSocket, ws.WebSocketServer === WebSocketServer, typeof attach);`,
      "module",
    );
    assert.deepEqual([printed, complaint], ["true true function", ""]);
  });

  test("instances and classes have no members beside those that are documented", () => {
    const { WebSocket, WebSocketServer } = require("@polysocket/jsh-ws");
    const own = (value: object): string[] => Object.getOwnPropertyNames(value).filter((name) => !name.startsWith("_"));
    const inherited = ["length", "name", "prototype"];
    const constants = ["CONNECTING", "OPEN", "CLOSING", "CLOSED", "TextMessage", "BinaryMessage"];
    assert.deepEqual(own(WebSocket), [...inherited, ...constants]);
    assert.deepEqual(own(WebSocketServer), inherited);
    assert.deepEqual(own(WebSocket.prototype), ["constructor", "send", "close"]);
    assert.deepEqual(own(WebSocketServer.prototype), ["constructor", "close"]);
    const socket = new WebSocket("ws://127.0.0.1:1");
    socket.close();
    assert.deepEqual(own(socket), ["url", "protocol", "readyState"]);
  });
});

describe("uncaught", () => {
  /** Ends after so many uncaught exceptions, or without any after the second message. */
  const program = (listener: string, uncaught: number): string => `
    const http = require("node:http");
    const { WebSocket, WebSocketServer } = require("@polysocket/jsh-ws");
    let left = ${uncaught};
    process.on("uncaughtException", (error) => {
      console.log("uncaught", error.message);
      if (--left === 0) setImmediate(process.exit);
    });
    const server = http.createServer().listen(0, "127.0.0.1", () => {
      const wss = new WebSocketServer({ server, path: "/" });
      wss.on("connection", (socket) => {
        socket.on("open", () => console.log("open"));
        ${listener}
        socket.on("message", ({ data }) => { console.log("message", data); if (data === "b" && left === 0) setImmediate(process.exit); throw new Error("first"); });
      });
      wss.on("connection", () => { throw new Error("zeroth"); });
      const client = new WebSocket("ws://127.0.0.1:" + server.address().port);
      client.on("open", () => { client.send("a"); client.send("b"); });
    });`;

  test("what a listener throws ends nothing", () => {
    const { printed, complaint } = run(program("", 0));
    assert.deepEqual([printed.split("\n"), complaint], [["open", "message a", "message b"], ""]);
  });

  test("what an `error` listener throws is an uncaught exception, and what follows goes on", () => {
    const { printed, complaint } = run(
      program(
        `for (const one of [socket, wss]) one.on("error", (e) => { throw new Error(e.message + " second"); });`,
        3,
      ),
    );
    assert.equal(complaint, "");
    assert.deepEqual(printed.split("\n").sort(), [
      "message a",
      "message b",
      "open",
      "uncaught first second",
      "uncaught first second",
      "uncaught zeroth second",
    ]);
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
