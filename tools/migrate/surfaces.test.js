/** The tables against the originals themselves: nothing that a program can reach is missing. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";
import { satisfies } from "./range.js";
import { readReplacements } from "./replacements.js";
import { entryOf } from "./surfaces/surface.js";
import { surface as jadsonlucenaWebsocket } from "./surfaces/jadsonlucena-websocket.js";
import { surface as jellysocket } from "./surfaces/jellysocket.js";
import { surface as jshWs } from "./surfaces/jsh-ws.js";
import { surface as nodejsWebsocket } from "./surfaces/nodejs-websocket.js";
import { surface as websocketNode } from "./surfaces/websocket-node.js";

/** @typedef {new (...args: unknown[]) => Record<string, unknown>} Class */

const require = createRequire(import.meta.url);
/** Without the community's types: they lack members. @param {string} name */
const load = (name) => require(name);
const faces = path.resolve(import.meta.dirname, "../../faces");

/** Names that a table lacks; what begins with `_` is nobody's.
 * @param {import("./surfaces/surface.js").Entries | undefined} entries
 * @param {string[]} names */
function missing(entries, names) {
  return names.filter((name) => !name.startsWith("_") && entryOf(entries, name) === undefined);
}

/** @param {Record<string, Class>} original
 * @param {string} name
 * @returns {Class} */
function classOf(original, name) {
  const found = original[name];
  assert.ok(found, name);
  return found;
}

/** @param {object} prototype */
const membersOf = (prototype) => Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
const FUNCTION = new Set(["length", "name", "arguments", "caller", "prototype", "super_"]);

describe("surface of websocket", () => {
  const original = /** @type {Record<string, Class>} */ (load("websocket"));
  test("has every export", () => assert.deepEqual(missing(websocketNode.exports, Object.keys(original)), []));
  test("has every file of lib as a path", () => {
    const folder = path.dirname(require.resolve("websocket/lib/websocket"));
    const files = readdirSync(folder).map((name) => `lib/${name.replace(/\.js$/, "")}`);
    assert.deepEqual(missing(websocketNode.paths, files), []);
  });
  for (const [name, { gives = "" }] of Object.entries(websocketNode.exports)) {
    const kind = websocketNode.kinds[gives.replace(/^class:/, "")];
    if (kind === undefined) continue;
    test(`has every member and static of ${name}`, () => {
      const ofOriginal = classOf(original, name);
      assert.deepEqual(missing(kind.members, membersOf(ofOriginal.prototype)), []);
      const statics = Object.getOwnPropertyNames(ofOriginal).filter((one) => !FUNCTION.has(one));
      assert.deepEqual(missing(kind.statics, statics), []);
    });
  }
  test("has what instances hold, and every option with a default", () => {
    const args = { server: [{ httpServer: createServer() }], frame: [[], [], {}] };
    for (const name of ["server", "client", "router", "frame"]) {
      const instance = new (classOf(original, name))(...(Reflect.get(args, name) ?? []));
      assert.deepEqual(missing(websocketNode.kinds[name]?.members, Object.keys(instance)), [], name);
      const config = instance["config"] ?? {};
      if (name !== "frame") assert.deepEqual(missing(websocketNode.options[name], Object.keys(config)), [], name);
    }
  });
});

describe("surface of nodejs-websocket", () => {
  const original = load("nodejs-websocket");
  test("has every export", () => assert.deepEqual(missing(nodejsWebsocket.exports, Object.keys(original)), []));
  test("has every file as a path", () => {
    const folder = path.dirname(require.resolve("nodejs-websocket"));
    const files = readdirSync(folder).filter((name) => /\.js(?:on)?$/.test(name));
    assert.deepEqual(
      missing(
        nodejsWebsocket.paths,
        files.map((name) => name.replace(/\.js$/, "")),
      ),
      [],
    );
  });
  test("has every member of servers and connections", () => {
    const server = original.createServer();
    const { kinds } = nodejsWebsocket;
    assert.deepEqual(
      missing(kinds["server"]?.members, [...membersOf(Object.getPrototypeOf(server)), ...Object.keys(server)]),
      [],
    );
    const connection = original.connect("ws://127.0.0.1:1").on("error", () => {});
    const names = [...membersOf(Object.getPrototypeOf(connection)), ...Object.keys(connection)];
    assert.deepEqual(missing(kinds["connection"]?.members, names), []);
  });
});

describe("surface of @jadsonlucena/websocket", () => {
  const original = load("@jadsonlucena/websocket");
  const server = jadsonlucenaWebsocket.kinds["server"];
  test("has every member, and every option that has a property", () => {
    const members = membersOf(original.prototype);
    assert.deepEqual(
      missing(server?.members, [...members, ...Object.keys(new original(createServer(), { pingDelay: 0 }))]),
      [],
    );
    const isOption = (/** @type {string} */ name) =>
      Object.getOwnPropertyDescriptor(original.prototype, name)?.set !== undefined;
    assert.deepEqual(missing(jadsonlucenaWebsocket.options["server"], members.filter(isOption)), []);
  });
  test("has every file as a path", () => {
    const folder = path.dirname(require.resolve("@jadsonlucena/websocket/package.json"));
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name))
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
    assert.ok(files.length > 0);
    assert.deepEqual(
      missing(
        jadsonlucenaWebsocket.paths,
        files.map((name) => name.replace(/\.m?js$/, "")),
      ),
      [],
    );
  });
});

/** Where there is no original for Node, the face is what a program can reach. */
describe("surfaces of what is not on npm", () => {
  for (const [name, surface] of /** @type {const} */ ([
    ["@polysocket/jellysocket", jellysocket],
    ["@polysocket/jsh-ws", jshWs],
  ])) {
    test(`has every export and every member of ${name}'s classes`, () => {
      const face = load(name);
      const classes =
        typeof face === "function"
          ? { socket: face, application: face.Application }
          : { socket: face.WebSocket, server: face.WebSocketServer };
      if (typeof face !== "function") assert.deepEqual(missing(surface.exports, Object.keys(face)), []);
      for (const [kind, one] of Object.entries(classes)) {
        const inherited = new Set(Object.getOwnPropertyNames(EventEmitter.prototype));
        const members = membersOf(one.prototype).filter((member) => !inherited.has(member));
        assert.deepEqual(missing(surface.kinds[kind]?.members, members), [], kind);
        const statics = Object.keys(one).filter(
          (member) => !FUNCTION.has(member) && !Object.hasOwn(EventEmitter, member),
        );
        assert.deepEqual(missing(surface.kinds[kind]?.statics, statics), [], kind);
      }
    });
  }
});

const tables = { websocketNode, nodejsWebsocket, jadsonlucenaWebsocket, jellysocket, jshWs };
/** Their newest release; jellysocket is gone from npm. @param {string} original */
const newestOf = (original) => (original === "jellysocket" ? "1.0.8" : load(`${original}/package.json`).version);

describe("every table", () => {
  for (const [name, surface] of Object.entries(tables)) {
    test(`${name} names only kinds and options that it has`, () => {
      const kinds = Object.values(surface.kinds);
      const entries = [
        surface.exports,
        surface.types,
        surface.paths,
        ...kinds.flatMap((kind) => [kind.members, kind.events]),
      ];
      for (const [entry, { gives, returns, calls = [], options }] of entries.flatMap((one) => Object.entries(one))) {
        const named = [gives, returns, ...calls].filter(
          (kind) => kind !== undefined && kind !== "" && kind !== "module",
        );
        for (const kind of named)
          assert.ok(surface.kinds[String(kind).replace(/^class:|\[\]$/g, "")], `${entry}: ${kind}`);
        if (options !== undefined) assert.ok(surface.options[options], `${entry}: ${options}`);
      }
      for (const { options } of kinds) assert.ok(options === undefined || surface.options[options], options);
    });
  }
  test("belongs to a face of this project, of the original's major version and above its newest release", () => {
    for (const { original, builtIn, face, version, alias } of readReplacements(faces)) {
      assert.equal(alias, `npm:${face}@^${version}`);
      if (builtIn !== undefined) continue;
      const released = newestOf(original);
      assert.equal(satisfies(version, `>${released}`), true, `${face} ${version}`);
      assert.equal(satisfies(version, `^${released}`), true, `${face} ${version}`);
    }
  });
  test("has no path without a note that its face lacks, apart from another way to say its name", () => {
    const lacking = readReplacements(faces).flatMap(({ face, surface, offers }) =>
      Object.entries(surface.paths).flatMap(([below, { note }]) =>
        below !== "index" && below !== "." && note === undefined && !offers(below) ? [`${face}/${below}`] : [],
      ),
    );
    assert.deepEqual(lacking, []);
  });
  test("offers tells paths of a face from others", () => {
    const [first] = readReplacements(faces);
    assert.ok(existsSync(path.join(faces, "websocket-node")));
    assert.equal(first?.offers("package.json"), true);
    assert.equal(first?.offers("lib/Nothing"), false);
    assert.equal(first?.offers("../websocket-node/package.json"), false);
  });
});
