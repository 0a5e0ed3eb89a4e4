import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CUTS, Cutter } from "../drive/cuts.js";
import { dialPeer } from "../drive/dial.js";
import { acceptPeer } from "../drive/listen.js";
import { playOverSocket } from "../drive/over-socket.js";
import { idFilter, loadCases, scenarioOf } from "../tester/cases.js";
import { dice } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";
import { dialFaultyPeer, startFaultyPeer } from "./faulty-peer.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("../tester/cases.js").Case} Case */
/** @typedef {import("./faulty-peer.js").Fault} Fault */
/** @typedef {"client" | "server"} Role */

const TIMING = { pauseMs: 10, idleMs: 300, apartMs: 0 };
const TIMEOUT_MS = 5_000;
/** Some of each kind: echoes, a ping, RSV bits, good and bad UTF-8, closing, and two of the limits cases. */
const isChosen = idFilter("1.1.2,1.2.7,2.2,3.1,6.1.3,6.3.1,6.4.1,7.1.1,7.3.3,9.1.1,9.8.2");
const chosen = loadCases()
  .filter(({ id }) => isChosen(id))
  // A stream of 16 MiB takes half a second to make
  .map((one) => (one.set === "limits" ? { ...one, streamOctets: 1_100_000 } : one));
/** Those in which nobody fails the connection. */
const clean = chosen.filter((one) => one.set !== "script" || one.close.clean);

describe("the tester as a client", () => {
  test("insists on the subprotocol that it offers", async () => {
    const peer = await startFaultyPeer();
    await assert.rejects(dialPeer(peer.url, 13, TIMEOUT_MS, [], "echo-1.0"), {
      message: "opening handshake: Sec-WebSocket-Protocol is undefined, wanted echo-1.0",
    });
    peer.close();
  });
});

for (const role of /** @type {const} */ (["server", "client"])) {
  describe(`the replayer over a socket, against a ${role}`, { concurrency: 4 }, () => {
    for (const cut of CUTS) {
      for (const peer of /** @type {const} */ (["none", "drops TCP", "waits for the other Close"])) {
        test(`passes a peer without a fault (${peer}), ${cut}`, async () => {
          assert.deepEqual(await failuresOf(role, peer, cut), {});
        });
      }
    }

    test("lets octets arrive one by one with bytes", async () => {
      const text = chosen.filter(({ id }) => id === "1.1.2");
      const peer = await makePeer(role);
      assert.deepEqual(await Promise.all(text.map((one) => play(one, peer, "bytes"))), [[]]);
      peer.close();
      const [header, mask, closeCode] = [2, role === "server" ? 4 : 0, 2];
      const octets = header + mask + 125 + header + mask + closeCode;
      const alone = peer.reads.filter((length) => length === 1).length;
      // The system may deliver one late, together with the next
      assert.ok(alone > octets * 0.8, `${alone} of ${octets} octets came alone`);
      assert.equal(
        peer.reads.reduce((sum, length) => sum + length),
        octets,
      );
    });

    fails(role, "does not check UTF-8", {
      "6.3.1": "peer sent text that is not UTF-8",
      "6.4.1": "peer sent text that is not UTF-8",
    });
    fails(role, "checks UTF-8 at the end", {
      "6.4.1": "NON-STRICT: got still open at A, still open at B, wanted still open at A",
    });
    fails(role, "closes with 1008", {
      3.1: "close code 1008, wanted 1002",
      "6.3.1": "close code 1008, wanted 1007",
      "6.4.1": "close code 1008, wanted 1007",
    });
    fails(role, "ignores RSV bits", { 3.1: "got text of 13, wanted nothing; peer did not fail the connection" });
    fails(role, "answers no ping", { 2.2: "got nothing, wanted pong of 13" });
    fails(role, "changes an octet", {
      "1.1.2": "got text of 125, wanted other octets",
      "1.2.7": "got binary of 65536, wanted other octets",
      "6.1.3": "got text of 20, wanted other octets",
      "7.1.1": "got text of 12, wanted other octets",
      "9.1.1": "echo 1 has 65536 octets of 65536, the first wrong one at 65535",
      "9.8.2": "echo 1 has 16 octets of 16, the first wrong one at 15",
    });
    fails(role, "says binary", {
      "1.1.2": "got binary of 125, wanted text of 125",
      "6.1.3": "got binary of 20, wanted text of 20",
      "7.1.1": "got binary of 12, wanted text of 12",
      "9.1.1": "echo 1 is binary, text was sent",
    });
    failsAll(role, "sends after Close", chosen, "peer sent a frame after its Close frame");
    failsAll(role, "leaves TCP open", chosen, `the ${role} did not end its side in time`);
  });
}

describe("the replayer over a socket", { concurrency: 4 }, () => {
  failsAll("server", "masks", chosen, "peer, a server, masked a frame");
  failsAll("server", "accepts wrongly", chosen, "opening handshake: Sec-WebSocket-Accept is wrong");
  failsAll("client", "does not mask", chosen, "peer, a client, sent a frame that is not masked");
  failsAll("client", "ends TCP with its Close", clean, "the client ended its side before the server");

  test("finds a client that ends TCP without a Close", async () => {
    const failures = await failuresOf("client", "ends TCP without a Close", "whole");
    for (const { id } of clean) assert.equal(failures[id], "no Close frame from the peer", id);
  });

  test("finds a client that echoes nothing", async () => {
    const failures = await failuresOf("client", "is silent", "whole");
    assert.equal(failures["1.1.2"], "got nothing, wanted text of 125; no Close frame from the peer");
    assert.equal(failures["9.1.1"], "nothing moved after 0 of 1 echoes");
  });

  test("finds a client that loses what comes with the response, with random", async () => {
    const failures = await failuresOf("client", "loses what comes with the response", "random");
    assert.ok(Object.keys(failures).length > chosen.length / 2, JSON.stringify(failures));
  });
});

/** A fault is found by exactly these cases, for this reason.
 * @param {Role} role
 * @param {Fault} fault
 * @param {Record<string, string>} expected */
function fails(role, fault, expected) {
  test(`finds a ${role} that ${fault}`, async () => {
    assert.deepEqual(await failuresOf(role, fault, "whole"), expected);
  });
}

/** @param {Role} role
 * @param {Fault} fault
 * @param {readonly Case[]} cases
 * @param {string} why */
function failsAll(role, fault, cases, why) {
  fails(role, fault, Object.fromEntries(cases.map(({ id }) => [id, why])));
}

/** @param {Role} role
 * @param {Fault} [fault] */
async function makePeer(role, fault = "none") {
  if (role === "server") {
    const { url, reads, close } = await startFaultyPeer(fault);
    return { role, reads, close, open: () => dialPeer(url, 13, TIMEOUT_MS) };
  }
  /** @type {number[]} */
  const reads = [];
  const dial = async (/** @type {string} */ url) => dialFaultyPeer(url, fault, reads);
  /** @param {boolean} joined */
  const open = (joined) => acceptPeer(dial, { version: 13, joined, timeoutMs: TIMEOUT_MS });
  return { role, reads, close: () => {}, open };
}

/** Play all chosen cases against a peer, each on a connection of its own.
 * @param {Role} role
 * @param {Fault} fault
 * @param {Cut} cut
 * @returns {Promise<Record<string, string>>} the reasons of those that failed */
async function failuresOf(role, fault, cut) {
  const peer = await makePeer(role, fault);
  const outcomes = await Promise.all(
    chosen.map(async (one) => {
      const wrong = await play(one, peer, cut).catch((/** @type {Error} */ error) => [error.message]);
      return [one.id, wrong.join("; ")];
    }),
  );
  peer.close();
  return Object.fromEntries(outcomes.filter(([, why]) => why !== ""));
}

/** @param {Case} testCase
 * @param {Awaited<ReturnType<typeof makePeer>>} peer
 * @param {Cut} cut */
async function play(testCase, peer, cut) {
  const roll = dice(1);
  const scenario = scenarioOf(testCase, { joined: cut === "random" });
  const tester = new Tester(peer.role === "server" ? "client" : "server", scenario, roll);
  return playOverSocket(tester, new Cutter(cut, roll, 200), await peer.open(cut === "random"), TIMING);
}
