/**
 * Scenarios of which the contract itself says what comes out: for faces without an original, and for what an original does not
 * do. Such a scenario has `expected`, its transcript written by hand, in any order of lanes; the face alone plays it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { faceNamed, loadOurs, loadTopics } from "./faces.js";
import { play } from "./play.js";

/** @typedef {import("./play.js").Scenario} Scenario */

/** Makes a test of each scenario of a face that has no original.
 * @param {string} faceName */
export async function checkFace(faceName) {
  const face = faceNamed(faceName);
  const ours = loadOurs(face);
  for (const { topic, scenarios } of await loadTopics(face)) {
    describe(`${face.name}, ${topic}`, () => {
      for (const scenario of scenarios) test(scenario.name, () => checkScenario(scenario, ours));
    });
  }
}

/** Plays a scenario and compares its transcript with the lines that it expects.
 * @param {Scenario} scenario
 * @param {unknown} library */
export async function checkScenario(scenario, library) {
  assert.ok(
    scenario.expected !== undefined && scenario.expected.length > 0,
    "the scenario says nothing of its transcript",
  );
  const { lines, failure } = await play(scenario, library);
  const end = failure === undefined ? [] : [`broke off: ${failure.message}`];
  assert.deepEqual([...lines, ...end], byLane(scenario.expected));
}

/** Lines as a transcript has them: lane after lane, each in its order.
 * @param {readonly string[]} lines "lane: what happened" */
function byLane(lines) {
  const laneOf = (/** @type {string} */ line) => line.slice(0, line.indexOf(": "));
  return [...lines].sort((a, b) => (laneOf(a) < laneOf(b) ? -1 : laneOf(a) > laneOf(b) ? 1 : 0));
}
