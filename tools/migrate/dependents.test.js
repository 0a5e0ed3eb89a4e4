import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { findDependents } from "./dependents.js";
import { readPackages } from "./packages.js";
import { project, replacementOf } from "./project-fixture.js";
import { surface } from "./surfaces/websocket-node.js";

const replacement = replacementOf({ surface });

/** Who asks for the original, one line each.
 * @param {string} folder
 * @param {Record<string, unknown>} manifest */
function others(folder, manifest) {
  return findDependents(manifest, readPackages(folder).all, replacement).others.map(
    ({ way, version, name, range, isPeer, isBundled, isSatisfied }) =>
      [
        way?.join(" > ") ?? "(no way)",
        ...[version, `${name}@${range}`, isPeer && "peer", isBundled && "bundled", isSatisfied === false && "outside"],
      ]
        .filter(Boolean)
        .join(" "),
  );
}

/** @param {Record<string, string>} dependencies */
const manifest = (dependencies) => ({ name: "app", version: "1.0.0", dependencies });

describe("findDependents: others", () => {
  test("are found in a lock file of npm 7 and later, by the shortest way", (context) => {
    const folder = project(context, {
      "package-lock.json": {
        lockfileVersion: 3,
        packages: {
          "": manifest({ a: "1", b: "1" }),
          "node_modules/a": { version: "1.0.0", dependencies: { b: "1", websocket: "^1.0.20" } },
          "node_modules/b": { version: "1.5.0", dependencies: { "@scope/c": "1" } },
          "node_modules/@scope/c": { version: "2.0.0", optionalDependencies: { websocket: "1.0.31" } },
          "node_modules/websocket": { version: "1.0.35", dependencies: { debug: "2" } },
          "node_modules/lost": { version: "9.0.0", peerDependencies: { websocket: "^2" } },
        },
      },
    });
    assert.deepEqual(others(folder, manifest({ a: "1", b: "1" })), [
      "b > @scope/c 2.0.0 websocket@1.0.31 outside",
      "a 1.0.0 websocket@^1.0.20",
      "(no way) 9.0.0 websocket@^2 peer outside",
    ]);
  });

  test("are found in a lock file of npm 6 and earlier", (context) => {
    const folder = project(context, {
      "package-lock.json": {
        lockfileVersion: 1,
        dependencies: {
          a: {
            version: "1.0.0",
            requires: { b: "1" },
            dependencies: { b: { version: "1.1.0", requires: { websocket: "^1.0.1" } } },
          },
          websocket: { version: "1.0.35" },
        },
      },
    });
    assert.deepEqual(others(folder, manifest({ a: "1" })), ["a > b 1.1.0 websocket@^1.0.1"]);
  });

  test("are found in node_modules alone, nested and in scopes; what is installed wins over the lock file", (context) => {
    const folder = project(context, {
      "package-lock.json": {
        packages: { "node_modules/a": { version: "1.0.0", dependencies: { websocket: "^1.0.1" } } },
      },
      "node_modules/a/package.json": { name: "a", version: "1.0.9", dependencies: { websocket: "^1.0.9" } },
      "node_modules/@s/b/package.json": { name: "@s/b", version: "1.0.0", dependencies: { c: "1" } },
      "node_modules/@s/b/node_modules/c/package.json": {
        name: "c",
        version: "3.0.0",
        dependencies: { websocket: "*" },
      },
      "node_modules/.bin/d/package.json": { name: "d", version: "3.0.0", dependencies: { websocket: "*" } },
    });
    assert.deepEqual(others(folder, manifest({ a: "1", "@s/b": "1" })), [
      "@s/b > c 3.0.0 websocket@*",
      "a 1.0.9 websocket@^1.0.9",
    ]);
  });

  test("are found in pnpm's store, without following its links", (context) => {
    const folder = project(context, {
      "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json": {
        name: "a",
        version: "1.0.0",
        dependencies: { b: "1" },
      },
      "node_modules/.pnpm/b@1.0.0/node_modules/b/package.json": {
        name: "b",
        version: "1.0.0",
        dependencies: { websocket: "1" },
      },
    });
    symlinkSync(".pnpm/a@1.0.0/node_modules/a", path.join(folder, "node_modules/a"));
    symlinkSync("..", path.join(folder, "node_modules/.pnpm/round"));
    assert.deepEqual(others(folder, manifest({ a: "1" })), ["a > b 1.0.0 websocket@1"]);
  });

  test("are workspaces too, with what they need for development", (context) => {
    const folder = project(context, {
      "package-lock.json": {
        packages: {
          "packages/web": { name: "@app/web", version: "0.1.0", devDependencies: { websocket: "^1.0.30" } },
          "node_modules/@app/web": { resolved: "packages/web", link: true },
        },
      },
    });
    assert.deepEqual(others(folder, manifest({})), ["web 0.1.0 websocket@^1.0.30"]);
  });

  test("may ask under another name, and may have the original packed in", (context) => {
    const folder = project(context, {
      "package-lock.json": {
        packages: {
          "node_modules/a": { version: "1.0.0", dependencies: { sockets: "npm:websocket@^1.0.30" } },
          "node_modules/b": { version: "1.0.0", dependencies: { websocket: "^1.0.30" } },
          "node_modules/b/node_modules/websocket": { version: "1.0.35", inBundle: true },
        },
      },
    });
    assert.deepEqual(others(folder, manifest({ a: "1", b: "1" })), [
      "a 1.0.0 sockets@npm:websocket@^1.0.30",
      "b 1.0.0 websocket@^1.0.30 bundled",
    ]);
  });

  test("are not those that ask for the face, or for another package under the original's name", (context) => {
    const folder = project(context, {
      "node_modules/a/package.json": { name: "a", dependencies: { websocket: "npm:@polysocket/websocket@^1.1.0" } },
      "node_modules/b/package.json": { name: "b", dependencies: { websocket: "npm:other@1" } },
      "node_modules/websocket/package.json": { name: "@polysocket/websocket", dependencies: { websocket: "1" } },
    });
    assert.deepEqual(others(folder, manifest({ a: "1", b: "1" })), []);
  });
});

describe("findDependents: the project's own lines", () => {
  test("are told with their section and source", () => {
    const own = findDependents(
      {
        dependencies: { websocket: "^1.0.34", constructor: "1", ws: "8" },
        devDependencies: { sockets: "npm:websocket@1.0.30" },
        optionalDependencies: { "@polysocket/websocket": "^1.1.0", websocket: "npm:@polysocket/websocket@^1.1.0" },
        peerDependencies: { websocket: "git+https://example.org/websocket.git" },
      },
      new Map(),
      replacement,
    ).own.map(({ section, name, source, isSatisfied }) => `${section} ${name} ${source} ${isSatisfied}`);
    assert.deepEqual(own, [
      "dependencies websocket original true",
      "devDependencies sockets original false",
      "optionalDependencies @polysocket/websocket face true",
      "optionalDependencies websocket face true",
      "peerDependencies websocket elsewhere undefined",
    ]);
  });
});

describe("readPackages", () => {
  test("tells of what it cannot read, and goes on", (context) => {
    const folder = project(context, {
      "package-lock.json": { packages: [] },
      "node_modules/bad/package.json": "{ nonsense",
      "node_modules/list/package.json": "[]",
      "node_modules/good/package.json": { name: "good", dependencies: { websocket: 1, "": "x", __proto__: "x" } },
    });
    mkdirSync(path.join(folder, "node_modules/odd/package.json"), { recursive: true });
    const { all, problems, sources } = readPackages(folder);
    assert.deepEqual([...all.keys()], ["node_modules/good"]);
    assert.deepEqual(sources, ["package-lock.json", "node_modules"]);
    assert.equal(problems.length, 4, problems.join("\n"));
    assert.match(
      problems.sort().join("\n"),
      /bad\/package\.json: expected JSON; .*list.*expected an object, seen an array.*odd.*expected a file, seen a folder.*package-lock\.json: expected an object/s,
    );
  });

  test("a deep lock file and names of objects' own members do no harm", (context) => {
    const depth = 20_000;
    const [open, close] = [`{"version":"1.0.0","dependencies":{"a":`.repeat(depth), "}}".repeat(depth)];
    const text = `{"dependencies":{"__proto__":{"version":"1.0.0"},"constructor":{"version":"1.0.0"},"a":${open}{}${close}}}`;
    const folder = project(context, { "package-lock.json": text });
    const { all, problems } = readPackages(folder);
    assert.ok(all.size > 200 && all.size < 500, `${all.size} packages`);
    assert.match(problems.join("\n"), /nested too deeply/);
    assert.ok(all.has("node_modules/__proto__"));
  });
});
