import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { Compression } from "../tester/compression.js";
import { farthestDistance } from "../tester/deflate-distances.js";
import { dice } from "../tester/dice.js";
import { payloadOf } from "../tester/payload-streams.js";

/** @typedef {import("../tester/deflate-negotiation.js").Direction} Direction */

const REMEMBERS = { forgets: false, windowBits: 15 };
const FORGETS = { forgets: true, windowBits: 15 };
const TAIL = Buffer.from("0000ffff", "hex");
/** So many that the dice choose each form of DEFLATE. */
const MANY = 25;

describe("Compression", () => {
  for (const windowBits of [8, 9, 12, 15]) {
    for (const forgets of [false, true]) {
      const direction = { forgets, windowBits };
      test(`understands itself and keeps to ${JSON.stringify(direction)}`, () => {
        const [client, server] = sides(direction);
        for (let index = 0; index < MANY; index++) {
          const message = messageOf(3_000, index);
          const payload = client.deflate(message);
          assert.ok(farthestDistance(Buffer.concat([payload, TAIL])) <= 2 ** windowBits, `message ${index}`);
          assert.deepEqual(server.inflate(payload), message);
        }
      });
    }
  }

  test("uses what it may remember", () => {
    const message = messageOf(200, 0);
    const smallest = (/** @type {Direction} */ direction) => {
      const [client] = sides(direction);
      return Math.min(...Array.from({ length: MANY }, () => client.deflate(message).length));
    };
    assert.ok(smallest(REMEMBERS) < 20);
    assert.ok(smallest(FORGETS) > 90);
    // What is 200 octets back is inside the smallest window, what is 600 back is not
    const twoApart = (/** @type {number} */ windowBits) => {
      const [client] = sides({ forgets: false, windowBits });
      const lengths = Array.from({ length: MANY }, (_, i) => client.deflate(messageOf(200, i % 3)).length);
      return Math.min(...lengths);
    };
    assert.ok(twoApart(15) < 20);
    assert.ok(twoApart(9) > 60);
  });

  test("refuses what refers to an earlier message that is to be forgotten", () => {
    const [client] = sides(REMEMBERS);
    const [, server] = sides(FORGETS);
    const payloads = Array.from({ length: MANY }, () => client.deflate(messageOf(200, 0)));
    assert.throws(() => payloads.map((payload) => server.inflate(payload)), /^Error: invalid distance too far back$/);
  });

  test("refuses what refers farther back than was agreed on, inside a message and before it", () => {
    const noise = noiseOf(400);
    const inside = flushed(Buffer.concat([noise, noiseOf(200, 2), noise]));
    const [, nine] = sides({ forgets: false, windowBits: 9 });
    assert.throws(() => nine.inflate(inside), /^Error: refers 600 octets back, of 512 agreed on$/);
    const [, ten] = sides({ forgets: false, windowBits: 10 });
    assert.equal(ten.inflate(inside).length, 1_000);

    const [, other] = sides({ forgets: false, windowBits: 9 });
    for (const message of [noise, noiseOf(200, 2)]) other.inflate(flushed(message));
    const before = flushed(noise, Buffer.concat([noise, noiseOf(200, 2)]));
    assert.throws(() => other.inflate(before), /^Error: refers 600 octets back, of 512 agreed on$/);
  });

  test("takes last blocks inside a message, and goes on after them (RFC 7692 §7.2.3.4)", () => {
    for (const windowBits of [9, 15]) {
      const [, server] = sides({ forgets: false, windowBits });
      const blocks = ["Hello", ", ", "hello"].map((text) => deflateRawSync(Buffer.from(text)));
      assert.equal(String(server.inflate(Buffer.concat([...blocks, Buffer.from([0])]))), "Hello, hello");
      const next = flushed(Buffer.from("hello"), Buffer.from("Hello, hello"));
      assert.equal(String(server.inflate(next)), "hello");
    }
  });

  test("takes two blocks and one without compression (§7.2.3.3, §7.2.3.5)", () => {
    const [, server] = sides(FORGETS);
    for (const hex of ["f248050000 00ffff cac9c907 00", "00 0500 faff 48656c6c6f 00"]) {
      assert.equal(String(server.inflate(Buffer.from(hex.replaceAll(" ", ""), "hex"))), "Hello");
    }
  });

  test("refuses what is cut off, and a tail that was not left out (§7.2.1)", () => {
    const [, server] = sides(FORGETS);
    const payload = flushed(Buffer.from("Hello, Hello"));
    assert.throws(() => server.inflate(payload.subarray(0, -1)));
    assert.throws(() => server.inflate(Buffer.concat([payload, TAIL])));
    assert.throws(() => server.inflate(Buffer.alloc(0)));
    assert.equal(String(server.inflate(payload)), "Hello, Hello");
  });
});

describe("farthestDistance", () => {
  const options = { fixed: { strategy: constants.Z_FIXED }, dynamic: {}, "many blocks": { memLevel: 1 } };
  for (const [name, form] of Object.entries(options)) {
    test(`is exact, ${name}`, () => {
      for (const distance of [1, 2, 3, 4, 5, 7, 8, 100, 512, 513, 4_097, 20_000, 32_506]) {
        const pattern = noiseOf(distance);
        // The pattern, and as much of it again as there is room for in one match
        const repeated = Buffer.alloc(distance + 60, pattern);
        const [far, none] = [repeated, pattern.subarray(0, 4)].map((message) => deflateRawSync(message, form));
        assert.ok(far !== undefined && none !== undefined);
        assert.equal(farthestDistance(far), distance);
        assert.equal(farthestDistance(none), 0);
        assert.equal(farthestDistance(Buffer.concat([none, far])), distance);
      }
    });
  }
});

/** @param {Direction} direction of both sides
 * @returns {[Compression, Compression]} client and server */
function sides(direction) {
  const agreement = { client: direction, server: direction };
  return [new Compression(agreement, "client", dice(1)), new Compression(agreement, "server", dice(2))];
}

/** @param {number} size
 * @param {number} index */
function messageOf(size, index) {
  return payloadOf({ type: "text", data: "json", streamOctets: 100_003, size }, index);
}

/** Of octets that have short codes in every form, so that no form stores them.
 * @param {number} length
 * @param {number} [seed] */
function noiseOf(length, seed = 1) {
  const roll = dice(seed);
  return Buffer.from(Uint8Array.from({ length }, () => roll(144)));
}

/** A payload as zlib makes it, with the largest window.
 * @param {Buffer} message
 * @param {Buffer} [dictionary] */
function flushed(message, dictionary) {
  const options = dictionary === undefined ? {} : { dictionary };
  return deflateRawSync(message, { ...options, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length);
}
