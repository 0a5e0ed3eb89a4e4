import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatFrame } from "../tester/frames.js";
import { StrictReader } from "../tester/strict-reader.js";

/** What a peer may not send: octets as hex, by the rule. @type {Record<string, ["client" | "server", string]>} */
const VIOLATIONS = {
  "peer, a server, masked a frame": ["server", "81 80 00000000"],
  "peer, a client, sent a frame that is not masked": ["client", "81 00"],
  "peer set RSV bits (4)": ["server", "c1 00"],
  "peer used the reserved opcode 3": ["server", "83 00"],
  "peer used the reserved opcode 11": ["server", "8b 00"],
  "peer sent a fragmented control frame": ["server", "09 00"],
  "peer sent a control frame of 126 octets": ["server", `89 7e 007e ${"00".repeat(126)}`],
  "peer wrote the length 125 in too many octets": ["server", `82 7e 007d ${"00".repeat(125)}`],
  "peer wrote the length 65535 in too many octets": ["server", "82 7f 000000000000ffff"],
  "peer continued a message it had not begun": ["server", "80 00"],
  "peer began a message inside a message": ["server", "01 00  81 00"],
  "peer sent text that is not UTF-8": ["server", "01 01 c3  80 01 41"],
  "peer sent a Close frame with one octet": ["server", "88 01 03"],
  "peer sent the close code 1005": ["server", "88 02 03ed"],
  "peer sent the close code 1016": ["server", "88 02 03f8"],
  "peer sent a close reason that is not UTF-8": ["server", "88 03 03e8 ff"],
  "peer sent a frame after its Close frame": ["server", "88 00  8a 00"],
};

describe("StrictReader", () => {
  for (const [what, [role, hex]] of Object.entries(VIOLATIONS)) {
    test(`sees: ${what}`, () => {
      for (const step of [1, 2, 1_000]) assert.deepEqual(read(role, octetsOf(hex), step).at(-1), ["violation", what]);
    });
  }

  test("reads messages, fragmented and masked, and what stands between", () => {
    const key = Buffer.from("37fa213d", "hex");
    const frames = [
      formatFrame({ fin: false, rsv: 0, opcode: 1 }, Buffer.from("Hel"), key),
      formatFrame({ fin: true, rsv: 0, opcode: 9 }, Buffer.from("?"), key),
      formatFrame({ fin: true, rsv: 0, opcode: 0 }, Buffer.from("lo"), key),
      formatFrame({ fin: true, rsv: 0, opcode: 10 }, Buffer.alloc(0), key),
      formatFrame({ fin: true, rsv: 0, opcode: 2 }, Buffer.alloc(70_000, 1), key),
      formatFrame({ fin: true, rsv: 0, opcode: 8 }, Buffer.from("03e9", "hex"), key),
    ];
    const expected = [
      ["ping", "?"],
      ["message", "text", "Hello"],
      ["pong", ""],
      ["message", "binary", "\u0001".repeat(70_000)],
      ["close", 1001],
    ];
    for (const step of [1, 7, 200_000]) assert.deepEqual(read("client", Buffer.concat(frames), step), expected);
  });
});

/** @param {"client" | "server"} role
 * @param {Buffer} octets
 * @param {number} step how many octets at a time
 * @returns {unknown[][]} the calls of the sink */
function read(role, octets, step) {
  /** @type {unknown[][]} */
  const calls = [];
  const reader = new StrictReader(role, {
    message: (kind, payload) => calls.push(["message", kind, payload.toString()]),
    ping: (payload) => calls.push(["ping", payload.toString()]),
    pong: (payload) => calls.push(["pong", payload.toString()]),
    close: (code) => calls.push(["close", code]),
    violation: (what) => calls.push(["violation", what]),
  });
  for (let at = 0; at < octets.length; at += step) reader.push(octets.subarray(at, at + step));
  return calls;
}

/** @param {string} hex */
function octetsOf(hex) {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}
