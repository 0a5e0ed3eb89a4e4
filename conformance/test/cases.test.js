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
    assert.equal(new Set(cases.map(({ id }) => id)).size, 301);
  });

  test("stay within the limits that servers under test are given", () => {
    const limits = cases.filter((one) => one.set === "limits");
    assert.equal(Math.max(...limits.map(({ size }) => size)), LARGEST_MESSAGE);
    const frames = limits.map(({ size, fragment = size + 1 }) => Math.floor(size / fragment) + 1);
    assert.equal(Math.max(...frames), MOST_FRAGMENTS);
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
    assert.equal(chosen("*"), 301);
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
    assert.ok(!isUtf8(payloadOf({ type: "binary", data: "packed", streamOctets: 20_011, size: 5_000 }, 0)));
  });

  test("follow each other in the stream, round its end", () => {
    const stream = payloadOf({ ...text, size: 20_011 }, 0);
    assert.deepEqual(payloadOf({ ...text, size: 10_000 }, 1).subarray(9, -9), stream.subarray(10_009, 19_991));
    assert.deepEqual(payloadOf({ ...text, size: 10_000 }, 2).subarray(20, -9), stream.subarray(9, 9_980));
  });
});
