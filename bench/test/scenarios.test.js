import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MEASURES } from "../lib/measures.js";
import { PEERS } from "../peers.js";
import { SCENARIOS } from "../scenarios.js";

const peerCalled = (name) => PEERS.find((peer) => peer.name === name);

describe("the scenarios", () => {
  test("have each a name of its own, and a measure that exists", () => {
    assert.equal(new Set(SCENARIOS.map(({ name }) => name)).size, SCENARIOS.length);
    for (const { name, measure } of SCENARIOS) assert.ok(MEASURES[measure], name);
  });

  test("name peers that exist and can take the role", () => {
    for (const { name, measure, only = [], without = [], aims, subject, base } of SCENARIOS) {
      const named = [...only, ...without, ...aims.map(({ against }) => against), subject, base].filter(Boolean);
      for (const peer of named) assert.ok(peerCalled(peer), `${name}: ${peer}`);
      for (const { roles = ["server", "client"] } of only.map(peerCalled)) {
        assert.ok(roles.includes(MEASURES[measure].role), name);
      }
    }
  });

  test("that measure peers on request do so because a scenario names them, or leaves them in", () => {
    for (const { name, only = [], aims } of SCENARIOS) {
      for (const { against } of aims) assert.ok(!peerCalled(against).onRequest || only.includes(against), name);
    }
  });
});

describe("the group faces", () => {
  const faces = SCENARIOS.filter(({ group }) => group === "faces");

  test("compares each face with its original, which runs the same script, or with ws", () => {
    const originals = {
      "@polysocket/websocket": "websocket",
      "@polysocket/nodejs-websocket": "nodejs-websocket",
      "@polysocket/jadsonlucena-websocket": "@jadsonlucena/websocket",
    };
    for (const { name, only, subject, base } of faces) {
      const [original, face] = only.map(peerCalled);
      assert.ok(name.startsWith(`${face.name.replace("@polysocket/", "")}-`), name);
      assert.equal(original.name, originals[face.name] ?? "ws", name);
      assert.deepEqual([base, subject], [original.name, face.name]);
      if (original.name === "ws") continue;
      assert.equal(face.script, original.script);
      assert.deepEqual([original.library, face.library], [original.name, face.name]);
    }
  });

  test("has an aim for every figure, and never allows a face to be worse", () => {
    for (const { name, base, aims } of faces) {
      assert.equal(aims.length, 1, name);
      assert.equal(aims[0].against, base);
      assert.ok(aims[0].atMost <= 1, name);
    }
  });
});
