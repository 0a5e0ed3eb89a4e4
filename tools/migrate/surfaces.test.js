/** The tables against the originals themselves: nothing that a program can reach is missing. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";
import { satisfies } from "./range.js";
import { readReplacements } from "./replacements.js";
import { entryOf } from "./surfaces/surface.js";
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

describe("every table", () => {
  for (const [name, surface] of Object.entries({ websocketNode, nodejsWebsocket })) {
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
    for (const { original, face, version, alias } of readReplacements(faces)) {
      const released = load(`${original}/package.json`).version;
      assert.equal(satisfies(version, `>${released}`), true, `${face} ${version}`);
      assert.equal(satisfies(version, `^${released}`), true, `${face} ${version}`);
      assert.equal(alias, `npm:${face}@^${version}`);
    }
  });
  test("has no path without a note that its face lacks, apart from another way to say its name", () => {
    const lacking = readReplacements(faces).flatMap(({ face, surface, offers }) =>
      Object.entries(surface.paths).flatMap(([below, { note }]) =>
        below !== "index" && note === undefined && !offers(below) ? [`${face}/${below}`] : [],
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
