import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Cutter } from "../drive/cuts.js";
import { dialPeer } from "../drive/dial.js";
import { acceptPeer } from "../drive/listen.js";
import { playOverSocket } from "../drive/over-socket.js";
import { clientCompression } from "../runs/echo-endpoints.js";
import { loadCases, scenarioOf } from "../tester/cases.js";
import { Compression } from "../tester/compression.js";
import { dice } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";
import { dialDeflatePeer, startDeflatePeer } from "./deflate-peer.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("../tester/cases.js").EchoCase} EchoCase */
/** @typedef {import("../tester/cases.js").DeflateCase} DeflateCase */
/** @typedef {import("./deflate-peer.js").Lies} Lies */
/** @typedef {"client" | "server"} Role */

const TIMING = { pauseMs: 10, idleMs: 5_000, apartMs: 0 };
const TIMEOUT_MS = 5_000;
const FAR_BACK = /^peer's message does not inflate as agreed: invalid distance too far back$/;
const LARGE_WINDOW = /^peer's message does not inflate as agreed: refers \d+ octets back, of 512 agreed on$/;
/** ws passes, but that as a client it ends TCP at once (RFC 6455 §7.1.1). */
const PASSED = { server: [], client: ["the client ended its side before the server"] };
const cases = loadCases();
/** Of each group one case in single frames and one in several; fewer messages do here. */
const chosen = cases
  .filter((one) => one.set === "deflate")
  .filter(({ id }) => /\.(?:4|11)$/.test(id))
  .map((one) => ({ ...one, count: 3, streamOctets: 100_003 }));

for (const role of /** @type {const} */ (["server", "client"])) {
  describe(`the replayer with compression, against a ${role}`, { concurrency: 4 }, () => {
    for (const cut of /** @type {const} */ (["whole", "random"])) {
      test(`passes ws, ${cut}`, async () => {
        const outcomes = await Promise.all(
          chosen.map(async (one) => [one.id, ...(await play(one, role, {}, { cut }))]),
        );
        assert.deepEqual(
          outcomes,
          chosen.map(({ id }) => [id, ...PASSED[role]]),
        );
      });
    }

    test("finds one that never compresses, if it is demanding", async () => {
      const lies = /** @type {const} */ ({ echo: "not compressed" });
      const one = caseOf("12.1.4");
      assert.deepEqual(await play(one, role, lies), ["no echo was compressed"]);
      assert.deepEqual(await play(one, role, lies, { demanding: false }), PASSED[role]);
      assert.deepEqual(await play({ ...one, size: 1_023 }, role, lies), PASSED[role]);
    });

    fails(role, "changes an octet", "13.1.4", { echo: "changed" }, /^echo 1 has 1024 octets of 1024, .* at 1023$/);
    fails(role, "sets RSV1 on continuations", "12.2.4", { echo: "RSV1 on continuations" }, rsvBits(0));
  });
}

describe("the replayer with compression, against a server", { concurrency: 4 }, () => {
  /** @param {string} what */
  const add = (what) => ({ sent: (/** @type {string} */ answer) => `${answer}; ${what}` });
  fails("server", "refers back though it said that it forgets", "12.1.4", add("server_no_context_takeover"), FAR_BACK);
  fails("server", "uses a larger window than it said", "12.2.11", add("server_max_window_bits=9"), LARGE_WINDOW);
  fails("server", "accepts nothing", "13.1.4", { sent: () => undefined }, /permessage-deflate was not accepted$/);
  const lessThanWanted = { sent: () => "permessage-deflate" };
  fails(
    "server",
    "does not say that it forgets",
    "13.2.4",
    lessThanWanted,
    /no offer allows the answer permessage-deflate$/,
  );
  fails(
    "server",
    "does not say what its window is",
    "13.3.4",
    lessThanWanted,
    /no offer allows the answer permessage-deflate$/,
  );
  const invented = { sent: () => "permessage-deflate; server_window=10" };
  fails(
    "server",
    "answers a parameter that there is not",
    "13.1.4",
    invented,
    /the parameter server_window=10 is wrong/,
  );

  test("finds one that answers a parameter that was not offered", async () => {
    const one = { ...caseOf("13.1.4"), offers: ["client_no_context_takeover"] };
    assert.match(await whyFails(one, "server", add("client_max_window_bits=10")), /no offer allows the answer/);
  });

  test("finds one that accepts what was not offered", async () => {
    const lies = { received: () => "permessage-deflate" };
    assert.match(await whyFails(plainCase(), "server", lies), /: sec-websocket-extensions was not offered$/);
  });

  test("finds one that compresses though nothing was offered", async () => {
    const lies = { received: () => "permessage-deflate", sent: () => undefined };
    assert.match(await whyFails(plainCase(), "server", lies), rsvBits(1));
  });
});

describe("the replayer with compression, against a client", { concurrency: 4 }, () => {
  /** @param {RegExp} what */
  const overlook = (what) => ({
    received: (/** @type {string | undefined} */ answer = "") => answer.replace(what, ""),
  });
  fails("client", "refers back though it has to forget", "13.2.4", overlook(/; client_no_context_takeover/), FAR_BACK);
  fails("client", "uses a larger window than it may", "13.3.11", overlook(/; client_max_window_bits=9/), LARGE_WINDOW);
  fails("client", "offers nothing", "13.1.4", { sent: () => undefined }, /permessage-deflate was not offered$/);
  const little = { sent: () => "permessage-deflate" };
  fails("client", "offers no window of its own", "13.3.4", little, /none of what the case asks for goes together with/);
  const wrong = { sent: () => "permessage-deflate; client_max_window_bits=16" };
  fails("client", "offers a window that there is not", "13.1.4", wrong, /parameter client_max_window_bits=16 is wrong/);

  test("finds one that compresses though it has offered nothing", async () => {
    const lies = { received: () => "permessage-deflate", sent: () => undefined };
    assert.match(await whyFails(plainCase(), "client", lies), rsvBits(1));
  });
});

/** @param {number} opcode */
function rsvBits(opcode) {
  return new RegExp(`^peer set RSV bits \\(4\\) in a frame of opcode ${opcode}$`);
}

/** One in which nothing is offered. */
function plainCase() {
  const one = cases.find(({ id }) => id === "9.7.5");
  assert.ok(one?.set === "limits");
  return { ...one, count: 1, streamOctets: 5_000 };
}

/** @param {string} id
 * @returns {DeflateCase} */
function caseOf(id) {
  const one = cases.find((other) => other.id === id);
  assert.ok(one?.set === "deflate");
  return { ...one, count: 4, streamOctets: 100_003 };
}

/** @param {Role} role
 * @param {string} fault
 * @param {string} id
 * @param {Lies} lies
 * @param {RegExp} why */
function fails(role, fault, id, lies, why) {
  test(`finds a ${role} that ${fault}`, async () => {
    assert.match(await whyFails(caseOf(id), role, lies), why);
  });
}

/** @param {EchoCase} one
 * @param {Role} role
 * @param {Lies} lies */
async function whyFails(one, role, lies) {
  const wrong = await play(one, role, lies).catch((/** @type {Error} */ error) => [error.message]);
  return wrong.join("; ");
}

/** @param {EchoCase} one
 * @param {Role} role of the peer
 * @param {Lies} lies
 * @param {{ cut?: Cut, demanding?: boolean }} [how] */
async function play(one, role, lies, { cut = "whole", demanding = true } = {}) {
  const roll = dice(1);
  const joined = cut === "random";
  const { opened, close } = await open(one, role, lies, joined);
  const testerRole = role === "server" ? "client" : "server";
  const compression = opened.agreement && new Compression(opened.agreement, testerRole, roll);
  const scenario = scenarioOf(one, { joined, compression, demanding });
  const tester = new Tester(testerRole, scenario, roll, compression && ((payload) => compression.inflate(payload)));
  const wrong = await playOverSocket(tester, new Cutter(cut, roll, 0), opened, TIMING);
  close();
  return wrong;
}

/** @param {EchoCase} one
 * @param {Role} role
 * @param {Lies} lies
 * @param {boolean} joined */
async function open(one, role, lies, joined) {
  const deflate = one.set === "deflate" ? one : undefined;
  if (role === "server") {
    const { url, close } = await startDeflatePeer(lies);
    try {
      return { opened: await dialPeer(url, 13, TIMEOUT_MS, deflate?.offers), close };
    } catch (error) {
      close();
      throw error;
    }
  }
  const { thresholdBytes: _, ...options } = deflate === undefined ? { thresholdBytes: 0 } : clientCompression(deflate);
  const dial = async (/** @type {string} */ url) => dialDeflatePeer(url, options, lies);
  const acceptance = /** @type {const} */ ({ version: 13, joined, timeoutMs: TIMEOUT_MS });
  return { opened: await acceptPeer(dial, { ...acceptance, asks: deflate?.asks }), close: () => {} };
}
