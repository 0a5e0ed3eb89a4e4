import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  isObject,
  requireArguments,
  toClampedUnsignedShort,
  toDomString,
  toUnsignedShort,
  toUsvString,
} from "../../../src/node/web-socket/idl-conversions.ts";

/** Values of types that the compiler would not let through. */
function foreign(value: unknown): number {
  return value as number;
}

describe("conversions of Web IDL", () => {
  test("a DOMString is what ToString makes of any value, and a Symbol is a TypeError", () => {
    const values = ["a", 5, null, undefined, ["b", "c"], { toString: () => "d" }, 7n, "\ud800"];
    assert.deepEqual(values.map(toDomString), ["a", "5", "null", "undefined", "b,c", "d", "7", "\ud800"]);
    assert.throws(() => toDomString(Symbol("a")), TypeError);
  });

  test("a DOMString of an object asks toString before valueOf", () => {
    assert.equal(toDomString({ toString: () => "text", valueOf: () => "value" }), "text");
  });

  test("a USVString has U+FFFD in the place of each unpaired surrogate, and pairs as they are", () => {
    assert.equal(toUsvString("a\ud800b\udc00\ud83d\ude00\udc00\ud800"), "a\ufffdb\ufffd\ud83d\ude00\ufffd\ufffd");
    assert.equal(toUsvString({ toString: () => "\ud800" }), "\ufffd");
    assert.throws(() => toUsvString(Symbol("a")), TypeError);
  });

  test("an unsigned short is taken modulo 65,536", () => {
    const cases = [
      [1000, 1000],
      [65_535, 65_535],
      [65_536, 0],
      [65_537, 1],
      [-1, 65_535],
      [2 ** 40 + 7, 7],
      [1.9, 1],
      [-1.9, 65_535],
      [Number.NaN, 0],
      [Number.POSITIVE_INFINITY, 0],
      [foreign("12"), 12],
      [foreign(null), 0],
      [foreign(true), 1],
    ];
    for (const [given, expected] of cases) assert.equal(toUnsignedShort(given ?? 0), expected, String(given));
    assert.throws(() => toUnsignedShort(foreign(1n)), TypeError);
    assert.throws(() => toUnsignedShort(foreign(Symbol("a"))), TypeError);
  });

  test("a clamped unsigned short stays within its bounds, and goes to the even number from half-way", () => {
    const cases = [
      [1000, 1000],
      [65_535.4, 65_535],
      [70_000, 65_535],
      [Number.POSITIVE_INFINITY, 65_535],
      [-1, 0],
      [Number.NEGATIVE_INFINITY, 0],
      [Number.NaN, 0],
      [999.4, 999],
      [999.5, 1000],
      [999.6, 1000],
      [1000.5, 1000],
      [1001.5, 1002],
      [0.5, 0],
      [foreign("1000"), 1000],
      [foreign("text"), 0],
      [foreign(null), 0],
      [foreign({ valueOf: () => 3000 }), 3000],
    ];
    for (const [given, expected] of cases) assert.equal(toClampedUnsignedShort(given ?? 0), expected, String(given));
    assert.equal(Object.is(toClampedUnsignedShort(-0), 0), true);
    assert.throws(() => toClampedUnsignedShort(foreign(1n)), TypeError);
    assert.throws(() => toClampedUnsignedShort(foreign(Symbol("a"))), TypeError);
  });

  test("objects and functions are objects, all else is not", () => {
    assert.deepEqual([{}, [], () => 0, class {}].map(isObject), [true, true, true, true]);
    assert.deepEqual([null, undefined, 0, "", true, Symbol("a"), 1n].map(isObject), Array(7).fill(false));
  });

  test("a missing argument is a TypeError that counts", () => {
    requireArguments(1, 1, "send");
    requireArguments(3, 1, "send");
    assert.throws(() => requireArguments(0, 1, "send"), {
      name: "TypeError",
      message: /send needs 1 argument, seen 0/,
    });
  });
});
