import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";

const root = path.resolve(__dirname, "..");
const load = createRequire(__filename);
const NAMES = [
  "client",
  "connection",
  "deprecation",
  "frame",
  "request",
  "router",
  "server",
  "version",
  "w3cwebsocket",
];
const DEEP = {
  WebSocketClient: "client",
  WebSocketConnection: "connection",
  WebSocketFrame: "frame",
  WebSocketRequest: "request",
  WebSocketRouter: "router",
  WebSocketServer: "server",
  W3CWebSocket: "w3cwebsocket",
  Deprecation: "deprecation",
  version: "version",
};

/** What a program of its own prints. */
function run(kind: "module" | "commonjs", program: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [`--input-type=${kind}`, "--eval", program], { cwd: root });
  return String(stdout) + String(stderr);
}

describe("the package", () => {
  test("is required and imported with the same names", () => {
    const required = load("@polysocket/websocket");
    assert.deepEqual(Object.keys(required).sort(), NAMES);
    assert.equal("__esModule" in required, false);
    const imported = run(
      "module",
      `import websocket, { ${NAMES.join(", ")} } from "@polysocket/websocket";
       console.log([${NAMES.join(", ")}].every((one, at) => one === websocket[${JSON.stringify(NAMES)}[at]]), typeof server);`,
    );
    assert.equal(imported, "true function\n");
  });

  test("deep paths give the thing itself, by name and by absolute path, with and without .js", () => {
    const required = load("@polysocket/websocket");
    for (const [file, name] of Object.entries(DEEP)) {
      assert.equal(load(`@polysocket/websocket/lib/${file}`), required[name], file);
      assert.equal(load(`@polysocket/websocket/lib/${file}.js`), required[name], file);
      assert.equal(load(path.join(root, "lib", file)), required[name], file);
    }
    assert.equal(load(root), required);
    assert.equal(load("@polysocket/websocket/lib/websocket"), required);
    for (const index of ["index", "index.js"]) assert.equal(load(`@polysocket/websocket/${index}`), required);
    assert.equal(load("@polysocket/websocket/lib/WebSocketRouterRequest").name, "WebSocketRouterRequest");
    assert.equal(load("@polysocket/websocket/package.json").version, required.version);
  });

  test("classes have the original's long names", () => {
    const required = load("@polysocket/websocket");
    for (const [file, name] of Object.entries(DEEP)) {
      if (typeof required[name] === "function") assert.equal(required[name].name, file);
    }
  });
});

describe("the browser entry", () => {
  const PRINT = "console.log(Object.keys(b).join(), b.w3cwebsocket && [b.w3cwebsocket.OPEN, typeof b.version].join());";

  test("makes a WebSocket of the global object, with the arguments that were given", () => {
    const program = `
      globalThis.WebSocket = class { constructor(...values) { this.values = values; } static OPEN = 1; };
      const b = require("./lib/browser");
      ${PRINT}
      const one = new b.w3cwebsocket("ws://a/", "p");
      console.log(one instanceof WebSocket, one.values.join(), new b.w3cwebsocket("ws://a/").values.length);`;
    assert.equal(run("commonjs", program), "w3cwebsocket,version 1,string\ntrue ws://a/,p 1\n");
  });

  test("takes MozWebSocket, and is null where there is none", () => {
    const moz = `delete globalThis.WebSocket; globalThis.MozWebSocket = class {}; const b = require("./lib/browser");
      console.log(new b.w3cwebsocket("ws://a/") instanceof MozWebSocket);`;
    assert.equal(run("commonjs", moz), "true\n");
    const none = `delete globalThis.WebSocket; console.log(require("./lib/browser").w3cwebsocket);`;
    assert.equal(run("commonjs", none), "null\n");
  });

  test("is what bundlers for browsers resolve", () => {
    const { exports } = load("@polysocket/websocket/package.json");
    assert.equal(Object.keys(exports["."])[0], "browser");
    assert.equal(exports["."].browser.default, "./lib/browser.js");
  });
});
