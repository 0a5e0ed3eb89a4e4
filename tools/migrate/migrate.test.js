/** The command as a whole: what it prints for a project, what it writes, and that it changes nothing else. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { project } from "./project-fixture.js";
import { readReplacements } from "./replacements.js";

const root = path.resolve(import.meta.dirname, "../..");
const [websocket, nodejs] = readReplacements(path.join(root, "faces"));
assert.ok(websocket && nodejs);

/** @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options] */
function migrate(args, { cwd = root, env = {} } = {}) {
  const command = [path.join(root, "tools/migrate.js"), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** @param {string} folder */
const manifestOf = (folder) => readFileSync(path.join(folder, "package.json"), "utf8");

/** Every file with its content, for comparing before and after.
 * @param {string} folder
 * @returns {string[]} */
function snapshot(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => `${path.relative(folder, file)}: ${readFileSync(file, "utf8")}`)
    .sort();
}

const application = `const http = require("http");
const { server: WebSocketServer } = require("websocket");
const server = new WebSocketServer({ httpServer: http.createServer(), closeTimeout: 100 });
server.on("request", (request) => {
  const connection = request.accept(null, request.origin);
  connection.on("message", (message) => connection.sendUTF(message.utf8Data));
  connection.fly();
});
server[process.argv[2]]();
`;

const files = {
  "package.json": `{
\t"version": "2.0.0",
\t"name": "chat",
\t"files": [ "a",  "b" ],
\t"dependencies": {
\t\t"websocket": "^1.0.34", "bot": "^1.0.0"
\t},
\t"devDependencies": { "nodejs-websocket": "~1.7.2", "@types/websocket": "^1.0.10" }
}`,
  "package-lock.json": {
    lockfileVersion: 3,
    packages: {
      "node_modules/bot": { version: "1.2.0", dependencies: { "bot-core": "1" } },
      "node_modules/bot-core": { version: "1.0.1", dependencies: { websocket: "1.0.31" } },
      "node_modules/websocket": { version: "1.0.35" },
    },
  },
  "src/app.js": application,
  "test/client.mjs": `import { connect } from "nodejs-websocket";\nconnect("ws://127.0.0.1:1").on("text", console.log);\n`,
  "src/broken.js": `require("websocket"); const = 1;\n`,
};

describe("npm run migrate", () => {
  test("tells who depends, what is used, what differs, and the lines; and changes nothing", (context) => {
    const folder = project(context, files, "a project");
    const before = snapshot(folder);
    const { status, stdout, stderr } = migrate([folder]);
    assert.equal(stderr, "");
    assert.equal(
      stdout,
      `chat 2.0.0 in ${folder}
read: package.json, package-lock.json; 3 sources
could not be read
  src/broken.js: cannot be parsed: Unexpected token (1:28)

websocket → @polysocket/websocket ${websocket.version}
  depended on by
    this project, dependencies: ^1.0.34
    bot-core 1.0.1: 1.0.31, through bot; ${websocket.version} is not within it
    installed: 1.0.35 in node_modules/websocket
  used, as far as names tell
    import "websocket"  src/app.js:2
    export server  src/app.js:2
    option closeTimeout of server  src/app.js:3
    option httpServer of server  src/app.js:3
    connection.sendUTF  src/app.js:6
    request.accept  src/app.js:5
    request.origin  src/app.js:5
    event message of connection  src/app.js:6
    event request of server  src/app.js:4
  of that, different on purpose
    export server: a peer's reset before the 101 is out ends nothing; it ended the process
    option closeTimeout of server: when it is over the socket is destroyed and \`close\` comes; a silent peer kept both waiting for ever
    connection.sendUTF: after close(): the callback gets an error and the closing goes on; it ended with 1006
    request.accept: takes the subprotocol in any case, as documented (lower case alone was accepted); cookies given are not changed
  not in the original's surface as it is known
    connection.fly  src/app.js:7
  not followed
    src/app.js:9: a member of server whose name is computed
  package.json
    "dependencies": { "websocket": "${websocket.alias}" }  (instead of "^1.0.34")
    "overrides": { "websocket": "$websocket" }  (new)
  to know
    @types/websocket can go: the face brings types of its own

nodejs-websocket → @polysocket/nodejs-websocket ${nodejs.version}
  depended on by
    this project, devDependencies: ~1.7.2; ${nodejs.version} is not within it
  used, as far as names tell
    import "nodejs-websocket"  test/client.mjs:1
    export connect  test/client.mjs:1
    event text of connection  test/client.mjs:2
  of that, different on purpose
    export connect: Host has the port unless it is the default; it was left out. the object given is not changed; host and port were written into it
    event text of connection: bytes that are no UTF-8 end the connection with 1007; they became replacement characters
  package.json
    "devDependencies": { "nodejs-websocket": "${nodejs.alias}" }  (instead of "~1.7.2")

not depended on and not used: @jadsonlucena/websocket, jellysocket

nothing was changed; --write changes package.json
`,
    );
    assert.equal(status, 0);
    assert.deepEqual(snapshot(folder), before);
  });

  test("--write changes these lines alone, and then there is nothing to do", (context) => {
    const folder = project(context, files);
    const before = snapshot(folder).filter((line) => !line.startsWith("package.json:"));
    const { status, stdout } = migrate(["--write", folder]);
    assert.match(stdout, /\n\npackage\.json is changed; run npm install\n$/);
    assert.equal(status, 0);
    const expected = files["package.json"]
      .replace("^1.0.34", websocket.alias)
      .replace("~1.7.2", nodejs.alias)
      .replace(/\n\}$/, `,\n\t"overrides": {\n\t\t"websocket": "$websocket"\n\t}\n}`);
    assert.equal(manifestOf(folder), expected);
    assert.deepEqual(
      snapshot(folder).filter((line) => !line.startsWith("package.json:")),
      before,
    );
    const again = migrate(["--write", folder]);
    assert.match(again.stdout, /nothing to change: @polysocket\/websocket is in its place.*\n\nnothing to do\n$/s);
    assert.equal(again.status, 0);
    assert.equal(manifestOf(folder), expected);
  });

  test("--json prints the same as data, and nothing else", (context) => {
    const folder = project(context, files);
    const { status, stdout } = migrate(["--json", folder]);
    const account = JSON.parse(stdout);
    assert.equal(status, 0);
    assert.equal(account.isWritten, false);
    assert.deepEqual(
      account.libraries.map((/** @type {{ original: string }} */ { original }) => original),
      ["websocket", "nodejs-websocket"],
    );
    const [first] = account.libraries;
    assert.deepEqual(first.plan.changes, [
      { path: ["dependencies", "websocket"], from: "^1.0.34", value: websocket.alias },
      { path: ["overrides", "websocket"], value: "$websocket" },
    ]);
    assert.deepEqual(
      first.uses.find((/** @type {{ name: string }} */ { name }) => name === "fly"),
      {
        ...{ what: "member", on: "connection", name: "fly", isKnown: false },
        spots: [{ file: "src/app.js", line: 7 }],
      },
    );
    assert.deepEqual(first.dependents.others[0].way, ["bot", "bot-core"]);
    assert.equal(JSON.parse(migrate(["--json", "--write", folder]).stdout).isWritten, true);
  });

  test("--write refuses when overrides say something else, and then changes nothing at all", (context) => {
    const text = JSON.stringify({
      dependencies: { websocket: "1", "nodejs-websocket": "1" },
      overrides: { websocket: "1.0.30" },
    });
    const folder = project(context, { "package.json": text });
    assert.equal(migrate([folder]).status, 0);
    const { status, stdout, stderr } = migrate(["--write", folder]);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /cannot be changed\n {4}overrides > websocket exists: seen "1\.0\.30", expected "\$websocket" or nothing\n/,
    );
    assert.match(stderr, /^migrate: nothing was written: overrides > websocket exists/);
    assert.equal(manifestOf(folder), text);
  });

  test("--write does not write through a link", { skip: process.platform === "win32" }, (context) => {
    const folder = project(context, { "elsewhere.json": { dependencies: { websocket: "1" } } });
    symlinkSync("elsewhere.json", path.join(folder, "package.json"));
    const before = manifestOf(folder);
    const { status, stderr } = migrate(["--write", folder]);
    assert.equal(status, 1);
    assert.match(stderr, /package\.json: is a link; nothing was written/);
    assert.equal(manifestOf(folder), before);
  });

  test("says what is missing: lock file and node_modules, and a line for what the sources use", (context) => {
    const folder = project(context, {
      "package.json": { name: "bare" },
      "a.ts": `import { client } from "websocket";\n`,
    });
    const { stdout } = migrate([folder]);
    assert.match(
      stdout,
      /other packages: unknown, as there is neither package-lock\.json nor node_modules; run npm install first/,
    );
    assert.match(stdout, /the sources use websocket, but package\.json does not list it/);
    assert.match(
      stdout,
      /not depended on and not used: nodejs-websocket, @jadsonlucena\/websocket, jellysocket\n\nnothing to do\n$/,
    );
  });

  test("what the application puts on an object in one file is its own in all", (context) => {
    const begin = `const { server } = require("websocket");\nnew server().on("connect", (c) => `;
    const folder = project(context, {
      "package.json": {},
      "a.js": `${begin}{ c.user = 1; });`,
      "b.js": `${begin}c.user);`,
    });
    const { stdout } = migrate([folder]);
    assert.match(stdout, /event connect of server {2}a\.js:2, b\.js:2\n/);
    assert.doesNotMatch(stdout, /connection\.user/);
  });

  test("a scoped package that is a class: the lines, what is used, and what differs as a whole", (context) => {
    const folder = project(context, {
      "package.json": { name: "chat", dependencies: { "@jadsonlucena/websocket": "^2.0.0", bot: "1" } },
      "package-lock.json": {
        lockfileVersion: 3,
        packages: { "node_modules/bot": { version: "1.0.0", dependencies: { "@jadsonlucena/websocket": "2" } } },
      },
      "app.js": `const WebSocket = require("@jadsonlucena/websocket");
new WebSocket(http, { limitByIP: 9 }).on("/chat", (id, data) => {});\n`,
    });
    const { stdout } = migrate(["--write", folder]);
    assert.match(stdout, /^@jadsonlucena\/websocket → @polysocket\/jadsonlucena-websocket 2\./m);
    assert.match(stdout, /import "@jadsonlucena\/websocket": the end of a connection, .* ended the process/);
    assert.match(stdout, /event \/chat of server {2}app\.js:2\n/);
    const { dependencies, overrides } = JSON.parse(manifestOf(folder));
    assert.match(dependencies["@jadsonlucena/websocket"], /^npm:@polysocket\/jadsonlucena-websocket@\^2\./);
    assert.deepEqual(overrides, { "@jadsonlucena/websocket": "$@jadsonlucena/websocket" });
  });

  test("a subclass's own methods and events are no surprise", (context) => {
    const folder = project(context, {
      "package.json": { dependencies: { jellysocket: "1" } },
      "a.js": `class Own extends require("jellysocket") { say(x) { this._send(x); this.emit("said"); } }
new Own("ws://x").on("said", f).say(1);\n`,
    });
    const { stdout } = migrate([folder]);
    assert.match(stdout, /socket\._send {2}a\.js:1\n/);
    assert.doesNotMatch(stdout, /said|socket\.say|not in the original's surface/);
    assert.match(stdout, /"dependencies": \{ "jellysocket": "npm:@polysocket\/jellysocket@\^1\./);
  });

  test("many places are counted", (context) => {
    const folder = project(context, { "package.json": {}, "a.js": `require("websocket");\n`.repeat(10) });
    assert.match(migrate([folder]).stdout, /import "websocket" {2}a\.js:1, a\.js:2, a\.js:3, a\.js:4 and 6 more\n/);
  });

  test("started by npm, a relative folder counts from where its user was", (context) => {
    const folder = project(context, { "package.json": { name: "found" } });
    const env = { INIT_CWD: path.dirname(folder), npm_lifecycle_event: "migrate" };
    assert.match(migrate([path.basename(folder)], { env }).stdout, /^found in /);
  });
});

describe("npm run migrate and the name ws", () => {
  const source = `const { WebSocket, WebSocketServer } = require("ws");
new WebSocketServer({ server, path: "/ws" }).on("connection", (socket, request) => request.query("x"));\n`;

  test("where nothing gives it, it may be JSH's: said, and left to the reader", (context) => {
    const folder = project(context, { "package.json": { name: "shell" }, "a.js": source });
    const { stdout, status } = migrate(["--write", folder]);
    assert.match(stdout, /^JSH's ws → @polysocket\/jsh-ws 1\./m);
    assert.match(stdout, /request\.query {2}a\.js:2\n/);
    assert.match(
      stdout,
      /to know\n {4}the sources use ws, but package\.json does not list it: if they were written for JSH's ws, "dependencies": \{ "ws": "npm:@polysocket\/jsh-ws@\^1\.[^"]+" \} gives them that; npm's ws is another library, which nothing here replaces\n/,
    );
    assert.match(stdout, /\n\nnothing to do\n$/);
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(manifestOf(folder)), { name: "shell" });
  });

  for (const [what, files] of /** @type {[string, Record<string, unknown>][]} */ ([
    ["listed", { "package.json": { devDependencies: { ws: "^8.0.0" } } }],
    ["listed as a peer", { "package.json": { peerDependencies: { ws: "*" } } }],
    [
      "installed for somebody else",
      { "package.json": {}, "node_modules/ws/package.json": { name: "ws", version: "8.0.0" } },
    ],
    [
      "asked for by others",
      {
        "package.json": { dependencies: { bot: "1" } },
        "package-lock.json": {
          lockfileVersion: 3,
          packages: { "node_modules/bot": { dependencies: { ws: "8" } }, "node_modules/ws": { version: "8.0.0" } },
        },
      },
    ],
  ])) {
    test(`npm's, ${what}: not a word of it, and not a line`, (context) => {
      const folder = project(context, { ...files, "a.js": source });
      const before = manifestOf(folder);
      const { stdout } = migrate(["--write", folder]);
      assert.doesNotMatch(stdout, /\bws\b/);
      assert.equal(manifestOf(folder), before);
    });
  }

  test("already JSH's by an alias: looked at as such; and overrides are not touched", (context) => {
    const folder = project(context, {
      "package.json": { dependencies: { ws: "npm:@polysocket/jsh-ws@^1.0.0", bot: "1" } },
      "package-lock.json": {
        lockfileVersion: 3,
        packages: { "node_modules/bot": { version: "1.0.0", dependencies: { ws: "8" } } },
      },
      "a.js": source,
    });
    const { stdout } = migrate(["--write", folder]);
    assert.match(stdout, /request\.query {2}a\.js:2\n/);
    assert.match(stdout, /nothing to change: @polysocket\/jsh-ws is in its place\n/);
    assert.equal(JSON.parse(manifestOf(folder)).overrides, undefined);
  });
});

describe("npm run migrate, used or fed wrongly", () => {
  for (const [what, args, message] of /** @type {[string, string[], RegExp][]} */ ([
    ["without a folder", [], /^migrate: expected one folder, seen 0\nusage: /],
    ["with two folders", ["a", "b"], /^migrate: expected one folder, seen 2\n/],
    ["with an unknown option", ["--force", "."], /^migrate: Unknown option '--force'.*\nusage: /],
    ["with a folder that is none", ["/nowhere at all"], /^migrate: \/nowhere at all: expected a folder, seen none\n$/],
    ["with a file", ["package.json"], /package\.json: expected a folder, seen none\n$/],
  ])) {
    test(`${what}: exit code 1, and what was expected`, () => {
      const { status, stdout, stderr } = migrate(args);
      assert.match(stderr, message);
      assert.deepEqual([status, stdout], [1, ""]);
    });
  }
  test("--help prints the usage", () => {
    const { status, stdout } = migrate(["--help"]);
    assert.match(stdout, /^usage: npm run migrate -- \[--write\] \[--json\] FOLDER\n/);
    assert.equal(status, 0);
  });

  for (const [what, text, message] of /** @type {[string, string, RegExp][]} */ ([
    ["no JSON", `{ "name": `, /package\.json: expected JSON; .*\n$/],
    ["a list", `[]`, /package\.json: expected an object, seen an array\n$/],
    ["null", `null`, /package\.json: expected an object, seen null\n$/],
    ["a text", `"x"`, /package\.json: expected an object, seen a string\n$/],
    ["nothing", ``, /package\.json: expected JSON; /],
    ["too much", `"${" ".repeat(4 << 20)}"`, /package\.json: 4194306 bytes; expected 4194304 at most\n$/],
  ])) {
    test(`package.json is ${what}: exit code 1`, (context) => {
      const folder = project(context, { "package.json": text });
      const { status, stdout, stderr } = migrate(["--write", folder]);
      assert.match(stderr, message);
      assert.deepEqual([status, stdout], [1, ""]);
      assert.equal(manifestOf(folder), text);
    });
  }
  test("no package.json, or a folder of that name: exit code 1", (context) => {
    const folder = project(context, {});
    assert.match(migrate([folder]).stderr, /expected a project's folder, seen no package\.json\n$/);
    mkdirSync(path.join(folder, "package.json"));
    assert.match(migrate([folder]).stderr, /package\.json: expected a file, seen a folder\n$/);
    rmSync(path.join(folder, "package.json"), { recursive: true });
    spawnSync("mkfifo", [path.join(folder, "package.json")]);
    assert.equal(migrate([folder]).status, 1);
  });
  test("a lock file that is no JSON: exit code 1, as it would be guessing to go on", (context) => {
    const folder = project(context, { "package.json": {}, "package-lock.json": "<<<<<<< HEAD" });
    const { status, stderr } = migrate([folder]);
    assert.match(stderr, /package-lock\.json: expected JSON/);
    assert.equal(status, 1);
  });
  test("values of wrong types in package.json are passed over", (context) => {
    const folder = project(context, {
      "package.json": {
        name: 1,
        version: [],
        dependencies: [],
        devDependencies: { websocket: { a: 1 } },
        peerDependencies: null,
        overrides: 7,
      },
    });
    assert.deepEqual(migrate([folder]).status, 0);
  });
  test("a package.json that is nested too deeply is not written", (context) => {
    const text = `{"dependencies":{"websocket":"1"},"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const folder = project(context, { "package.json": text });
    const { status, stderr } = migrate(["--write", folder]);
    assert.match(stderr, /cannot be changed \(nested too deeply\)\n$/);
    assert.equal(status, 1);
    assert.equal(manifestOf(folder), text);
  });
  test("names that would play with a terminal are made harmless", { skip: process.platform === "win32" }, (context) => {
    const folder = project(
      context,
      {
        "package.json": { name: "\u001b[2J\u202Eevil", dependencies: { websocket: "1\u0007" } },
        "a\u001b[31m\n.js": `require("websocket"); require("websocket/\\u001b]0;x");`,
      },
      "with\u001b[1m blank",
    );
    const { status, stdout } = migrate([folder]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u202E]/);
    assert.match(stdout, /^\\u001b\[2J\\u202eevil in .*with\\u001b\[1m blank\n/);
    assert.match(stdout, /import "websocket" {2}a\\u001b\[31m\\u000a\.js:1\n/);
    assert.equal(status, 0);
  });
  test("a big source in which everything is about the library is read in time", { timeout: 60_000 }, (context) => {
    const folder = project(context, { "package.json": {} });
    const line = `server.on("connect", (c) => { c.on("message", (m) => c.send(m)); x = { a: [c, { b: c.close(1000) }] }; });\n`;
    const text = `const server = new (require("websocket").server)();\n${line.repeat(3000)}`;
    writeFileSync(path.join(folder, "big.js"), text);
    assert.match(
      migrate([folder]).stdout,
      /connection\.send {2}big\.js:2, big\.js:3, big\.js:4, big\.js:5 and 2996 more\n/,
    );
  });
});
