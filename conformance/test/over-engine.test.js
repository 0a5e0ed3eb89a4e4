import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resolveLimits } from "polysocket/engine";
import { CUTS, Cutter } from "../drive/cuts.js";
import { makeKit, playOverEngine } from "../drive/over-engine.js";
import { idFilter, loadCases, scenarioOf } from "../tester/cases.js";
import { dice } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("polysocket/engine").ProtocolOptions} ProtocolOptions */
/** @typedef {"client" | "server"} Role */

const isChosen = idFilter("1.1.2,1.2.7,2.2,5.19,6.4.3,7.1.6,7.5.1");
const chosen = loadCases().filter(({ id }) => isChosen(id));

for (const role of /** @type {const} */ (["server", "client"])) {
  describe(`the replayer over the engine as ${role}`, () => {
    for (const cut of CUTS) {
      test(`passes it as it is, ${cut}`, async () => {
        assert.deepEqual(await failuresOf(role, {}, cut), {});
      });
    }

    test("finds an engine that answers no ping", async () => {
      assert.deepEqual(await failuresOf(role, { automaticPong: false }), {
        2.2: "got nothing, wanted pong of 13",
        5.19: "got text of 45, wanted pong of 9, pong of 9, text of 45",
      });
    });

    test("finds an engine that allows too little", async () => {
      const limits = resolveLimits({ maxMessageBytes: 1_000, maxFragments: 2 });
      assert.deepEqual(await failuresOf(role, { limits }), {
        "1.2.7": "got nothing, wanted binary of 65536; peer closed (code 1009), the tester should have",
        5.19: "got pong of 9, wanted pong of 9, pong of 9, text of 45; peer closed (code 1008), the tester should have",
      });
    });

    test("finds an engine whose messages never arrive", async () => {
      const failures = await failuresOf(role, { reception: "frames" });
      assert.deepEqual(Object.keys(failures), ["1.1.2", "1.2.7", "5.19"]);
      assert.equal(failures["1.1.2"], "got nothing, wanted text of 125");
    });
  });
}

/** Play all chosen cases at once.
 * @param {Role} role of the engine
 * @param {Partial<ProtocolOptions>} options
 * @param {Cut} [cut]
 * @returns {Promise<Record<string, string>>} the reasons of those that failed */
async function failuresOf(role, options, cut = "whole") {
  const kit = makeKit(role, options);
  const outcomes = await Promise.all(
    chosen.map(async (one) => {
      const roll = dice(1);
      const scenario = scenarioOf(one, { joined: cut === "random" });
      const tester = new Tester(role === "server" ? "client" : "server", scenario, roll);
      const wrong = await playOverEngine(tester, new Cutter(cut, roll, 3_000), kit);
      return [one.id, wrong.join("; ")];
    }),
  );
  return Object.fromEntries(outcomes.filter(([, why]) => why !== ""));
}
