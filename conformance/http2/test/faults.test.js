/** The kit itself: each fault of a server is found by the case that is about it, which passes where the fault is missing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALL_CASES, casesCalled } from "../play/all-cases.js";
import { playCase } from "../play/play-case.js";
import { startFaultyServer } from "./faulty-server.js";
import { startRawServer } from "./raw-server.js";

/** @typedef {import("./faulty-server.js").Fault} Fault */
/** @typedef {import("./raw-server.js").RawFault} RawFault */

/** The fault, the case that finds it, and what the report says was seen. @type {[Fault, string, RegExp][]} */
const FAULTS = [
  ["does not announce extended CONNECT", "8441-3.1", /SETTINGS_ENABLE_CONNECT_PROTOCOL (missing|= 0)/],
  ["accepts every protocol", "8441-4.2", /status 200/],
  ["does not look at the version", "8441-5.1", /status 200/],
  ["names no versions", "8441-5.7", /sec-websocket-version missing/],
  ["answers a key with a wrong Accept", "8441-5.9", /sec-websocket-accept: s3p/],
  ["sends Sec-WebSocket-Accept unasked", "8441-5.R2", /sec-websocket-accept: s3p/],
  ["wants a key", "8441-5.8", /status 400/],
  ["has a subprotocol nobody offered", "8441-5.11", /sec-websocket-protocol: mine/],
  ["has an extension nobody offered", "8441-5.15", /sec-websocket-extensions: permessage-deflate/],
  ["refuses cookies", "9113-8.2.15", /status 400/],
  ["tells a length", "9110-9.3.6.R1", /content-length: 1000000/],
  ["ends the stream with the response", "9113-8.5.R1", /END_STREAM/],
  ["masks its frames", "8441-5.D1", /a masked frame/],
  ["takes each DATA frame for one frame", "8441-5.D3", /without a message/],
  ["answers pings without their payload", "6455-5.5.2.1", /opcode 10 with ""/],
  ["echoes each fragment", "8441-5.D10", /instead of/],
  ["puts what comes on all streams together", "9113-6.9.9", /instead of|without/],
  ["waits for a stalled stream", "9113-6.9.8", /without a message/],
  ["never ends the stream", "8441-5.E1", /without the end of the stream/],
  ["does not see END_STREAM", "8441-5.E6", /without the end of the stream/],
  ["speaks after Close", "8441-5.E5", /opcode 1 after Close/],
  ["answers unmasked frames", "8441-5.E12", /without a Close frame/],
  ["ends the connection for a bad frame", "8441-5.E12", /GOAWAY|end of the connection/],
  ["ends the connection on GOAWAY", "8441-5.E19", /end of the connection|GOAWAY/],
  ["cuts long messages", "9113-6.9.1", /65535 octets, not the same/],
  ["dies of resets", "9113-10.5.1", /on a new connection afterwards: cannot connect/],
];

/** The same for faults that Node's HTTP/2 does not let anybody have. @type {[RawFault, string, RegExp][]} */
const RAW_FAULTS = [
  ["begins with PING", "9113-3.4.1", /first frame is not SETTINGS/],
  ["takes the setting back", "8441-3.2", /the values 1, 0/],
  ["acknowledges no SETTINGS", "9113-6.5.2", /without SETTINGS/],
  ["answers no PING", "9113-6.5.2", /without PING to be acknowledged/],
  ["has names in capitals", "9113-8.2.R2", /a field called X-Color/],
  ["sends Connection", "9113-8.2.R1", /connection: upgrade/],
  ["sends Transfer-Encoding", "9113-8.2.R1", /transfer-encoding: chunked/],
  ["has its status last", "9113-8.3.R1", /the fields x-color, :status/],
  ["looks at no window", "9113-6.9.3", /DATA beyond the window/],
  ["answers on a stream of its own", "8441-4.1", /on stream 2, which nobody opened/],
  ["pushes", "8441-4.1", /PUSH_PROMISE/],
  ["sends frames that are too short", "8441-4.1", /a frame of type 7 that is too short/],
  ["takes more streams than it says", "9113-5.1.2.1", /status 200/],
];

/** What does not come is waited for a short time where it must not come, and for a long one where it must. */
const SOON = 2_000;
const LATE = 10_000;

/** What is about SETTINGS alone. */
const NEED_NO_ANSWER = ["8441-3.1", "9113-3.4.1"];

describe("conformance over HTTP/2 finds faults", { concurrency: 8 }, () => {
  for (const [fault, id, seen] of FAULTS) {
    test(`${id} fails for a server that ${fault}`, async () => {
      assertFailed(await playOnce(id, await startFaultyServer(fault), SOON), seen);
    });
  }

  for (const [fault, id, seen] of RAW_FAULTS) {
    test(`${id} fails for a server that ${fault}`, async () => {
      assertFailed(await playOnce(id, await startRawServer(fault), SOON), seen);
    });
  }

  test("each case that wants a refusal fails for a server that accepts everything", async () => {
    const wanted = ALL_CASES.filter((one) => "answer" in one && ["refused", "malformed"].includes(one.answer));
    assert.deepEqual(await passedOf(wanted, "none"), []);
  });

  test("each case that wants a WebSocket fails for a server that refuses everything", async () => {
    const wanted = ALL_CASES.filter((one) => !("answer" in one) || one.answer === "accepted");
    assert.deepEqual(await passedOf(wanted, "refuses everything"), NEED_NO_ANSWER);
  });

  test("each case fails for a server that is silent but for SETTINGS and PING", async () => {
    assert.deepEqual(await passedOf(ALL_CASES, "is silent"), NEED_NO_ANSWER);
  });

  test("each of these cases passes for the same server without the fault", async () => {
    for (const id of new Set([...FAULTS, ...RAW_FAULTS].map(([, one]) => one))) {
      const { result, seen } = await playOnce(id, await startFaultyServer("none"), LATE);
      assert.equal(result, "passed", `${id}: ${seen}`);
    }
  });

  test("those of the second kind pass for the second server, too, where it can do what they want", async () => {
    for (const id of new Set(RAW_FAULTS.map(([, one]) => one))) {
      if (["9113-6.9.3", "9113-5.1.2.1"].includes(id)) continue;
      const { result, seen } = await playOnce(id, await startRawServer("none"), LATE);
      assert.equal(result, "passed", `${id}: ${seen}`);
    }
  });

  test("what a server does not offer is not passed", async () => {
    const { result, seen } = await playOnce("8441-5.17", await startFaultyServer("none"), LATE);
    assert.deepEqual([result, seen], ["not offered", "no permessage-deflate"]);
  });
});

/** @param {import("../play/play-case.js").Result} result
 * @param {RegExp} seen */
function assertFailed(result, seen) {
  assert.equal(result.result, "failed", result.title);
  assert.match(result.seen ?? "", seen);
}

/** Which of these cases did not fail, all played at once.
 * @param {readonly import("../play/play-case.js").Case[]} cases
 * @param {RawFault} fault */
async function passedOf(cases, fault) {
  const { target, close } = await startRawServer(fault);
  const results = await Promise.all(cases.map((one) => playCase(one, target, { idleMs: SOON, insecure: false })));
  close();
  return results.filter(({ result }) => result !== "failed").map(({ id }) => id);
}

/** @param {string} id
 * @param {{ target: import("../play/target.js").Target, close: () => void }} server
 * @param {number} idleMs */
async function playOnce(id, { target, close }, idleMs) {
  const [one] = casesCalled(id);
  assert.ok(one);
  try {
    return await playCase(one, target, { idleMs, insecure: false });
  } finally {
    close();
  }
}
