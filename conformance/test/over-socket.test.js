import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CUTS, Cutter } from "../drive/cuts.js";
import { openConnection } from "../drive/opening-handshake.js";
import { playOverSocket } from "../drive/over-socket.js";
import { idFilter, loadCases, scenarioOf } from "../tester/cases.js";
import { dice } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";
import { startFaultyPeer } from "./faulty-peer.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("../tester/cases.js").Case} Case */
/** @typedef {import("./faulty-peer.js").Fault} Fault */

const TIMING = { pauseMs: 10, idleMs: 300, apartMs: 0 };
/** Some of each kind: echoes, a ping, RSV bits, good and bad UTF-8, closing, and two of the limits cases. */
const isChosen = idFilter("1.1.2,1.2.7,2.2,3.1,6.1.3,6.3.1,6.4.1,7.1.1,7.3.3,9.1.1,9.8.2");
const chosen = loadCases()
  .filter(({ id }) => isChosen(id))
  // A stream of 16 MiB takes half a second to make
  .map((one) => (one.set === "limits" ? { ...one, streamOctets: 1_100_000 } : one));

describe("the replayer over a socket", { concurrency: 4 }, () => {
  for (const cut of CUTS) {
    for (const peer of /** @type {const} */ (["none", "drops TCP", "waits for the other Close"])) {
      test(`passes a peer without a fault (${peer}), ${cut}`, async () => {
        assert.deepEqual(await failuresOf(peer, cut), {});
      });
    }
  }

  test("lets octets arrive one by one with bytes", async () => {
    const peer = await startFaultyPeer();
    const text = chosen.filter(({ id }) => id === "1.1.2");
    assert.deepEqual(await Promise.all(text.map((one) => play(one, peer.url, "bytes"))), [[]]);
    peer.close();
    const [header, mask, closeCode] = [2, 4, 2];
    const octets = header + mask + 125 + header + mask + closeCode;
    const alone = peer.reads.filter((length) => length === 1).length;
    // The system may deliver one late, together with the next
    assert.ok(alone > octets * 0.8, `${alone} of ${octets} octets came alone`);
    assert.equal(
      peer.reads.reduce((sum, length) => sum + length),
      octets,
    );
  });

  fails("does not check UTF-8", {
    "6.3.1": "peer sent text that is not UTF-8",
    "6.4.1": "peer sent text that is not UTF-8",
  });
  fails("checks UTF-8 at the end", {
    "6.4.1": "NON-STRICT: got still open at A, still open at B, wanted still open at A",
  });
  fails("closes with 1008", {
    3.1: "close code 1008, wanted 1002",
    "6.3.1": "close code 1008, wanted 1007",
    "6.4.1": "close code 1008, wanted 1007",
  });
  fails("ignores RSV bits", { 3.1: "got text of 13, wanted nothing; peer did not fail the connection" });
  fails("answers no ping", { 2.2: "got nothing, wanted pong of 13" });
  fails("changes an octet", {
    "1.1.2": "got text of 125, wanted other octets",
    "1.2.7": "got binary of 65536, wanted other octets",
    "6.1.3": "got text of 20, wanted other octets",
    "7.1.1": "got text of 12, wanted other octets",
    "9.1.1": "echo 1 has 65536 octets of 65536, the first wrong one at 65535",
    "9.8.2": "echo 1 has 16 octets of 16, the first wrong one at 15",
  });
  fails("says binary", {
    "1.1.2": "got binary of 125, wanted text of 125",
    "6.1.3": "got binary of 20, wanted text of 20",
    "7.1.1": "got binary of 12, wanted text of 12",
    "9.1.1": "echo 1 is binary, text was sent",
  });
  failsAll("masks", "peer, a server, masked a frame");
  failsAll("leaves TCP open", "the server did not end TCP in time");
  failsAll("sends after Close", "peer sent a frame after its Close frame");
  failsAll("accepts wrongly", "opening handshake: Sec-WebSocket-Accept is wrong");
});

/** A fault is found by exactly these cases, for this reason.
 * @param {Fault} fault
 * @param {Record<string, string>} expected */
function fails(fault, expected) {
  test(`finds a peer that ${fault}`, async () => {
    assert.deepEqual(await failuresOf(fault, "whole"), expected);
  });
}

/** @param {Fault} fault
 * @param {string} why */
function failsAll(fault, why) {
  fails(fault, Object.fromEntries(chosen.map(({ id }) => [id, why])));
}

/** Play all chosen cases against a peer, each on a connection of its own.
 * @param {Fault} fault
 * @param {Cut} cut
 * @returns {Promise<Record<string, string>>} the reasons of those that failed */
async function failuresOf(fault, cut) {
  const peer = await startFaultyPeer(fault);
  const outcomes = await Promise.all(
    chosen.map(async (one) => {
      const wrong = await play(one, peer.url, cut).catch((/** @type {Error} */ error) => [error.message]);
      return [one.id, wrong.join("; ")];
    }),
  );
  peer.close();
  return Object.fromEntries(outcomes.filter(([, why]) => why !== ""));
}

/** @param {Case} testCase
 * @param {URL} url
 * @param {Cut} cut */
async function play(testCase, url, cut) {
  const roll = dice(1);
  const tester = new Tester("client", scenarioOf(testCase, { joined: cut === "random" }), roll);
  const connection = await openConnection(url, 13, 5_000);
  return playOverSocket(tester, new Cutter(cut, roll, 200), connection, TIMING);
}
