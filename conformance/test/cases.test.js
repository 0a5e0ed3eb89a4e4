import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, test } from "node:test";
import { idFilter, LARGEST_MESSAGE, loadCases, MOST_FRAGMENTS } from "../tester/cases.js";
import { payloadOf } from "../tester/payload-streams.js";

describe("the cases", () => {
  const cases = loadCases();

  test("are all there, each under a number of its own", () => {
    assert.equal(cases.filter(({ set }) => set === "script").length, 247);
    assert.equal(cases.filter(({ set }) => set === "limits").length, 54);
    assert.equal(cases.filter(({ set }) => set === "deflate").length, 216);
    assert.equal(new Set(cases.map(({ id }) => id)).size, 301 + 216);
  });

  test("stay within the limits that servers under test are given", () => {
    const limits = cases.filter((one) => one.set === "limits");
    assert.equal(Math.max(...limits.map(({ size }) => size)), LARGEST_MESSAGE);
    const frames = limits.map(({ size, fragment = size + 1 }) => Math.floor(size / fragment) + 1);
    assert.equal(Math.max(...frames), MOST_FRAGMENTS);
  });

  test("of deflate have messages of 16 octets to 128 KiB, whole and in frames", () => {
    const deflate = cases.filter((one) => one.set === "deflate");
    for (const group of new Set(deflate.map(({ id }) => id.replace(/\.\d+$/, "")))) {
      const own = deflate.filter(({ id }) => id.startsWith(`${group}.`));
      assert.equal(own.length, 18, group);
      assert.equal(own.filter(({ fragment }) => fragment === 0).length, 10, group);
    }
    assert.ok(deflate.every(({ count, offers, asks }) => count === 50 && offers.length > 0 && asks.length > 0));
    assert.equal(
      deflate.find(({ id }) => id === "13.7.18")?.title,
      "50 text messages of 131072 octets in frames of 32768",
    );
    assert.equal(deflate.find(({ id }) => id === "12.2.1")?.title, "50 binary messages of 16 octets");
  });

  test("begin with a write, to which the response can be joined", () => {
    const scripts = cases.filter((one) => one.set === "script");
    assert.deepEqual(
      scripts.filter(({ steps }) => steps[0]?.op !== "frame" && steps[0]?.op !== "begin"),
      [],
    );
  });

  test("are chosen by patterns", () => {
    const chosen = (/** @type {string} */ patterns) => cases.filter(({ id }) => idFilter(patterns)(id)).length;
    assert.equal(chosen("1.1.1"), 1);
    assert.equal(chosen("1.1.*,9.1.6"), 9);
    assert.equal(chosen("1"), 0);
    assert.equal(chosen("12.*"), 90);
    assert.equal(chosen("*"), 301 + 216);
  });
});

describe("payloads", () => {
  const text = /** @type {const} */ ({ type: "text", data: "markup", streamOctets: 20_011 });

  test("of text are UTF-8 wherever they are cut", () => {
    for (const size of [0, 1, 2, 3, 16, 77, 5_000]) {
      for (let index = 0; index < 300; index++) {
        const payload = payloadOf({ ...text, size }, index);
        assert.equal(payload.length, size);
        assert.ok(isUtf8(payload), `message ${index} of ${size} octets`);
      }
    }
  });

  test("have characters of every length, and binary ones are no text", () => {
    const whole = payloadOf({ ...text, size: 20_011 }, 0).toString();
    for (const character of [/[\u0080-\u07ff]/u, /[\u0800-\uffff]/u, /[\u{10000}-\u{10ffff}]/u]) {
      assert.match(whole, character);
    }
    for (const data of ["packed", "picture", "prose"]) {
      assert.ok(!isUtf8(payloadOf({ type: "binary", data, streamOctets: 20_011, size: 5_000 }, 0)), data);
    }
  });

  test("follow each other in the stream, round its end", () => {
    const stream = payloadOf({ ...text, size: 20_011 }, 0);
    assert.deepEqual(payloadOf({ ...text, size: 10_000 }, 1).subarray(9, -9), stream.subarray(10_009, 19_991));
    assert.deepEqual(payloadOf({ ...text, size: 10_000 }, 2).subarray(20, -9), stream.subarray(9, 9_980));
  });
});
