/** Makes a test of each scenario: the same program on the original and on ours has to leave the same transcript, unless the
 * scenario itself says which. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkScenario } from "./contract.js";
import { faceNamed, loadOriginal, loadOurs, loadTopics } from "./faces.js";
import { passOverKnownFaults } from "./known-faults.js";
import { play } from "./play.js";

/** @param {string} faceName */
export async function compareFace(faceName) {
  const face = faceNamed(faceName);
  const original = loadOriginal(face);
  const ours = loadOurs(face);
  passOverKnownFaults(face);
  for (const { topic, scenarios } of await loadTopics(face)) {
    describe(`${face.name}, ${topic}`, () => {
      // What an original does not do, it does not do against itself either
      for (const scenario of scenarios.filter((one) => ours !== original || one.expected === undefined)) {
        test(scenario.name, async () => {
          if (scenario.expected !== undefined) return checkScenario(scenario, ours);
          const expected = await play(scenario, original);
          if (expected.failure !== undefined) {
            throw new Error(`the original broke off after\n${expected.lines.join("\n")}`, { cause: expected.failure });
          }
          assert.ok(expected.lines.length > 0, "the transcript is empty");
          const actual = await play(scenario, ours);
          const end = actual.failure === undefined ? [] : [`broke off: ${actual.failure.message}`];
          assert.deepEqual([...actual.lines, ...end], expected.lines);
        });
      }
    });
  }
}
