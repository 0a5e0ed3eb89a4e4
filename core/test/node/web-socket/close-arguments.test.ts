import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkCloseArguments } from "../../../src/node/web-socket/close-arguments.ts";
import { domException } from "./listening.ts";

describe("what close takes (WHATWG WebSockets, close steps 1–2)", () => {
  test("no code, 1000 and 3000 to 4999 pass", () => {
    for (const code of [undefined, 1000, 3000, 3001, 4999]) checkCloseArguments(code, undefined);
  });

  test("every other code is an InvalidAccessError", () => {
    for (const code of [0, 1, 999, 1001, 1005, 1006, 1015, 2999, 5000, 65_535]) {
      assert.throws(() => checkCloseArguments(code, undefined), domException("InvalidAccessError"), String(code));
    }
  });

  test("a reason of 123 bytes of UTF-8 passes, one more is a SyntaxError", () => {
    for (const character of ["a", "é", "\u20ac", "\ud83d\ude00", "\ud800"]) {
      const many = character.repeat(Math.floor(123 / Buffer.byteLength(character)));
      const longest = many + "x".repeat(123 - Buffer.byteLength(many));
      for (const code of [1000, undefined]) {
        checkCloseArguments(code, longest);
        assert.throws(() => checkCloseArguments(code, `${longest}x`), domException("SyntaxError"), character);
      }
    }
  });

  test("a wrong code is told before a wrong reason", () => {
    assert.throws(() => checkCloseArguments(1001, "x".repeat(124)), domException("InvalidAccessError"));
  });
});
