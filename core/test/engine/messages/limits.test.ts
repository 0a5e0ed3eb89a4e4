import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../../src/engine/errors.ts";
import { DEFAULT_LIMITS, resolveLimits } from "../../../src/engine/messages/limits.ts";

const NAMES = ["maxMessageBytes", "maxFrameBytes", "maxFragments", "messageTimeoutMs", "maxPendingPongs"] as const;

/** Limits as plain JavaScript may give them. */
function resolve(given: object): unknown {
  return Reflect.apply(resolveLimits, undefined, [given]);
}

describe("limits (RFC 6455 §10.4)", () => {
  test("are the defaults when nothing is given", () => {
    const defaults = {
      maxMessageBytes: 1_048_576,
      maxFrameBytes: Number.POSITIVE_INFINITY,
      maxAssembledBytes: Number.POSITIVE_INFINITY,
      maxIncompleteFrameBytes: Number.POSITIVE_INFINITY,
      maxFragments: 16_384,
      messageTimeoutMs: 60_000,
      maxPendingPongs: 1_024,
    };
    assert.deepEqual(DEFAULT_LIMITS, defaults);
    assert.deepEqual(resolveLimits(), defaults);
    assert.deepEqual(resolveLimits({}), defaults);
    assert.deepEqual(resolve({ maxFragments: undefined }), defaults);
  });

  for (const name of NAMES) {
    test(`${name} may be a whole number above 0, or Infinity`, () => {
      for (const value of [1, 2, 1 << 20, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
        assert.deepEqual(resolve({ [name]: value }), { ...DEFAULT_LIMITS, [name]: value });
      }
    });

    test(`${name} may be nothing else, and the caller is told its name and the value`, () => {
      const wrong = [0, -1, 1.5, 2 ** 53, Number.NaN, Number.NEGATIVE_INFINITY, "5", null, true, {}, [5], 5n];
      for (const value of wrong) {
        assert.throws(
          () => resolve({ [name]: value }),
          (error) => error instanceof UsageError && error.message.includes(`limits.${name} is ${String(value)}`),
          String(value),
        );
      }
    });
  }

  test("have no other names, not even those of Object's own members", () => {
    for (const name of ["maxPayload", "maxmessagebytes", "constructor", "toString", "hasOwnProperty"]) {
      assert.throws(() => resolve({ [name]: 5 }), { code: "USAGE", message: new RegExp(`limits.${name} is unknown`) });
    }
    assert.throws(() => resolve(JSON.parse('{"__proto__": 5}')), { code: "USAGE" });
  });

  test("are a new object, and the defaults stay as they are", () => {
    const limits = resolveLimits({ maxFragments: 5 });
    assert.notEqual(resolveLimits(), DEFAULT_LIMITS);
    assert.equal(limits.maxFragments, 5);
    assert.equal(DEFAULT_LIMITS.maxFragments, 16_384);
  });
});
