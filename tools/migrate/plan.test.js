import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findDependents } from "./dependents.js";
import { planFor } from "./plan.js";
import { replacementOf } from "./project-fixture.js";
import { surface } from "./surfaces/websocket-node.js";

const replacement = replacementOf({ surface, types: "@types/websocket" });
const alias = "npm:@polysocket/websocket@^1.1.0";
const npm = { npm: true, yarn: false, pnpm: false };

/** @param {Record<string, unknown>} manifest
 * @param {{ needs?: Record<string, string>, peers?: string[], isBundled?: boolean, managers?: import("./plan.js").Managers }} [more] of another package */
function plan(manifest, { needs, peers = [], isBundled = false, managers = npm } = {}) {
  /** @type {import("./packages.js").Package[]} */
  const list = [];
  const base = { version: "1.0.0", isBundled: false, needs: new Map(), peers: new Set() };
  if (needs) {
    list.push({
      ...base,
      location: "node_modules/a",
      name: "a",
      realName: "a",
      needs: new Map(Object.entries(needs)),
      peers: new Set(peers),
    });
  }
  list.push({ ...base, location: "node_modules/websocket", name: "websocket", realName: "websocket", isBundled });
  const packages = new Map(list.map((one) => [one.location, one]));
  const { changes, conflicts, advice } = planFor(
    manifest,
    replacement,
    findDependents(manifest, packages, replacement),
    managers,
  );
  return { changes: changes.map(({ path, value }) => `${path.join(".")} = ${value}`), conflicts, advice };
}

describe("planFor", () => {
  test("an alias where the project depends on the original itself, in each section", () => {
    const manifest = {
      dependencies: { websocket: "^1.0.34" },
      devDependencies: { old: "npm:websocket@1.0.28" },
      optionalDependencies: { websocket: "1" },
    };
    assert.deepEqual(plan(manifest), {
      changes: [
        `dependencies.websocket = ${alias}`,
        `devDependencies.old = ${alias}`,
        `optionalDependencies.websocket = ${alias}`,
      ],
      conflicts: [],
      advice: [],
    });
  });
  test("an override where others do", () => {
    assert.deepEqual(plan({}, { needs: { websocket: "^1" } }).changes, [`overrides.websocket = ${alias}`]);
  });
  test("both for both, the override referring to the alias", () => {
    assert.deepEqual(plan({ devDependencies: { websocket: "^1" } }, { needs: { websocket: "^1" } }).changes, [
      `devDependencies.websocket = ${alias}`,
      "overrides.websocket = $websocket",
    ]);
  });
  test("an override under the name by which others ask", () => {
    assert.deepEqual(plan({}, { needs: { sockets: "npm:websocket@^1" } }).changes, [`overrides.sockets = ${alias}`]);
  });
  test("nothing where all of it is there", () => {
    const manifest = { dependencies: { websocket: alias }, overrides: { websocket: "$websocket" } };
    const nothing = { changes: [], conflicts: [], advice: [] };
    assert.deepEqual(plan(manifest, { needs: { websocket: "^1" } }), nothing);
    assert.deepEqual(plan({ ...manifest, overrides: { websocket: alias } }, { needs: { websocket: "^1" } }), nothing);
    assert.deepEqual(plan({ overrides: { websocket: alias } }, { needs: { websocket: "^1" } }), nothing);
    assert.deepEqual(plan({}), nothing);
  });
  test("no override for a peer dependency that the alias satisfies, one for a peer dependency that it does not", () => {
    const manifest = { dependencies: { websocket: "^1" } };
    const peers = ["websocket"];
    assert.deepEqual(plan(manifest, { needs: { websocket: "^1" }, peers }).changes, [
      `dependencies.websocket = ${alias}`,
    ]);
    assert.equal(plan(manifest, { needs: { websocket: "~1.0.3" }, peers }).changes.length, 2);
    assert.deepEqual(plan({}, { needs: { websocket: "^1" }, peers }).changes, [`overrides.websocket = ${alias}`]);
  });

  for (const [what, overrides, conflict] of /** @type {[string, unknown, RegExp][]} */ ([
    [
      "another version",
      { websocket: "1.0.35" },
      /^overrides > websocket exists: seen "1\.0\.35", expected "\$websocket" or nothing$/,
    ],
    ["an object", { websocket: { ".": "1.0.35" } }, /^overrides > websocket exists: seen an object/],
    ["a range in its key", { "websocket@^1": "$websocket" }, /^overrides > websocket@\^1 exists/],
    [
      "a place below another package",
      { a: { b: { websocket: "1.0.30" } } },
      /^overrides > a > b > websocket exists: seen "1\.0\.30"/,
    ],
    ["a list instead of an object", [], /^overrides: expected an object, seen an array$/],
  ])) {
    test(`refuses overrides with ${what}, with and without other packages that ask`, () => {
      const manifest = { dependencies: { websocket: "^1" }, overrides };
      for (const more of [{}, { needs: { websocket: "^1" } }]) {
        const { conflicts, changes } = plan(manifest, more);
        assert.equal(conflicts.length, 1);
        assert.match(conflicts[0] ?? "", conflict);
        assert.deepEqual(changes, [`dependencies.websocket = ${alias}`]);
      }
    });
  }
  test("overrides of other packages are no concern", () => {
    const overrides = { "websocket-driver": "1", nodejs: { ws: "1" } };
    assert.deepEqual(plan({ overrides }, { needs: { websocket: "^1" } }).conflicts, []);
  });
  test("refuses a fork, and an override of a peer dependency that nothing else lists", () => {
    assert.match(
      plan({ dependencies: { websocket: "github:me/websocket" } }).conflicts.join(),
      /takes websocket from github:me\/websocket, not from the registry/,
    );
    const peer = plan({ peerDependencies: { websocket: "^1" } }, { needs: { websocket: "^1" } });
    assert.match(peer.conflicts.join(), /EOVERRIDE/);
    assert.deepEqual(peer.changes, []);
    assert.deepEqual(plan({ peerDependencies: { websocket: "^1" } }).conflicts, []);
  });
  test("yarn and pnpm get lines of their own, and overrides only beside npm's lock file", () => {
    const needs = { websocket: "^1" };
    const yarn = plan({ dependencies: needs }, { needs, managers: { npm: false, yarn: true, pnpm: false } });
    assert.deepEqual(yarn.changes, [`dependencies.websocket = ${alias}`]);
    assert.deepEqual(yarn.advice, [
      `yarn reads no overrides; in package.json: "resolutions": { "websocket": "${alias}" }`,
    ]);
    const pnpm = plan({}, { needs, managers: { npm: false, yarn: false, pnpm: true } });
    assert.deepEqual(pnpm.changes, []);
    assert.match(
      pnpm.advice.join(),
      /"pnpm": \{ "overrides": \{ "websocket": "npm:@polysocket\/websocket@\^1\.1\.0" \} \}/,
    );
    const both = plan({}, { needs, managers: { npm: true, yarn: true, pnpm: false } });
    assert.equal(both.changes.length + both.advice.length, 2);
  });
  test("says that a packed-in original stays, and that the community's types can go", () => {
    const { advice } = plan(
      { dependencies: { websocket: "1" }, devDependencies: { "@types/websocket": "1" } },
      { needs: { websocket: "1" }, isBundled: true },
    );
    assert.match(
      advice.join("\n"),
      /node_modules\/a has its websocket packed in: no override reaches it\n@types\/websocket can go/,
    );
  });
});
