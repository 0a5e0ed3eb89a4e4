import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resolveLimits } from "polysocket/engine";
import { CUTS, Cutter } from "../drive/cuts.js";
import { makeKit, playOverEngine } from "../drive/over-engine.js";
import { idFilter, loadCases, scenarioOf } from "../tester/cases.js";
import { Compression } from "../tester/compression.js";
import { dice } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("../tester/cases.js").Case} Case */
/** @typedef {import("polysocket/engine").ProtocolOptions} ProtocolOptions */
/** @typedef {"client" | "server"} Role */

const isChosen = idFilter("1.1.2,1.2.7,2.2,5.19,6.4.3,7.1.6,7.5.1");
const cases = loadCases();
const chosen = cases.filter(({ id }) => isChosen(id));

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
    test("passes it with compression, and finds one without", async () => {
      const deflate = cases.filter((one) => one.set === "deflate" && one.id === "13.1.11");
      assert.equal(deflate.length, 1);
      for (const one of deflate.map((other) => ({ ...other, count: 3, streamOctets: 100_003 }))) {
        for (const cut of CUTS) assert.deepEqual(await playCompressed(one, role, cut, true), []);
        assert.deepEqual(await playCompressed(one, role, "whole", false), [
          "peer closed after 0 of 3 echoes (code 1002)",
        ]);
      }
    });
  });
}

/** @param {Case} one
 * @param {Role} role of the engine
 * @param {Cut} cut
 * @param {boolean} agreed whether the engine knows that there is compression */
async function playCompressed(one, role, cut, agreed) {
  const direction = { forgets: false, windowBits: 15 };
  const agreement = { client: direction, server: direction };
  const roll = dice(1);
  const testerRole = role === "server" ? "client" : "server";
  const compression = new Compression(agreement, testerRole, roll);
  const scenario = scenarioOf(one, { joined: cut === "random", compression, demanding: true });
  const tester = new Tester(testerRole, scenario, roll, (payload) => compression.inflate(payload));
  const engines = agreed ? new Compression(agreement, role, roll) : undefined;
  return playOverEngine(tester, new Cutter(cut, roll, 3_000), makeKit(role), engines);
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
