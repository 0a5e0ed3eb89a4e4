import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatFrame } from "../tester/frames.js";
import { Compression } from "../tester/compression.js";
import { dice } from "../tester/dice.js";
import { StrictReader } from "../tester/strict-reader.js";

/** What a peer may not send: octets as hex, by the rule. @type {Record<string, ["client" | "server", string]>} */
const VIOLATIONS = {
  "peer, a server, masked a frame": ["server", "81 80 00000000"],
  "peer, a client, sent a frame that is not masked": ["client", "81 00"],
  "peer set RSV bits (4) in a frame of opcode 1": ["server", "c1 00"],
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

/** And with permessage-deflate, whose first frame here is the one of RFC 7692 §7.2.3.1. */
const DEFLATE_VIOLATIONS = {
  "peer set RSV bits (5) in a frame of opcode 1": "d1 00",
  "peer set RSV bits (2) in a frame of opcode 2": "a2 00",
  "peer set RSV bits (4) in a frame of opcode 0": "41 03 f2 48 cd  c0 04 c9 c9 07 00",
  "peer set RSV bits (4) in a frame of opcode 9": "c9 00",
  "peer set RSV bits (4) in a frame of opcode 8": "c8 00",
  "peer's message does not inflate as agreed: invalid stored block lengths": "c1 06 f2 48 cd c9 c9 07",
  "peer sent text that is not UTF-8": "c1 04 fa ef 08 00",
};

/** @param {Buffer} payload */
function inflate(payload) {
  const direction = { forgets: true, windowBits: 15 };
  return new Compression({ client: direction, server: direction }, "client", dice(1)).inflate(payload);
}

describe("StrictReader", () => {
  for (const [what, [role, hex]] of Object.entries(VIOLATIONS)) {
    test(`sees: ${what}`, () => {
      for (const step of [1, 2, 1_000]) assert.deepEqual(read(role, octetsOf(hex), step).at(-1), ["violation", what]);
    });
  }

  for (const [what, hex] of Object.entries(DEFLATE_VIOLATIONS)) {
    test(`sees, where compression was agreed on: ${what}`, () => {
      for (const step of [1, 1_000]) {
        assert.deepEqual(read("server", octetsOf(hex), step, inflate).at(-1), ["violation", what]);
      }
    });
  }

  test("reads compressed messages, and tells them from others", () => {
    const octets = octetsOf("c1 07 f2 48 cd c9 c9 07 00  41 03 f2 48 cd  89 00  80 04 c9 c9 07 00  82 01 2a");
    const hello = ["message", "text", "Hello", true];
    const expected = [hello, ["ping", ""], hello, ["message", "binary", "*"]];
    for (const step of [1, 7, 1_000]) assert.deepEqual(read("server", octets, step, inflate), expected);
  });

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
 * @param {(payload: Buffer) => Buffer} [inflate]
 * @returns {unknown[][]} the calls of the sink */
function read(role, octets, step, inflate) {
  /** @type {unknown[][]} */
  const calls = [];
  /** @type {import("../tester/strict-reader.js").ReaderSink} */
  const sink = {
    message: (kind, payload, compressed) =>
      calls.push(["message", kind, payload.toString(), ...(compressed ? [true] : [])]),
    ping: (payload) => calls.push(["ping", payload.toString()]),
    pong: (payload) => calls.push(["pong", payload.toString()]),
    close: (code) => calls.push(["close", code]),
    violation: (what) => calls.push(["violation", what]),
  };
  const reader = new StrictReader(role, sink, inflate);
  for (let at = 0; at < octets.length; at += step) reader.push(octets.subarray(at, at + step));
  return calls;
}

/** @param {string} hex */
function octetsOf(hex) {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}
