import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkSubprotocols, toSubprotocols } from "../../../src/node/web-socket/subprotocols.ts";
import { domException } from "./listening.ts";

describe("the protocols argument as Web IDL converts it", () => {
  test("nothing is an empty list, a string is a list of one", () => {
    assert.deepEqual(toSubprotocols(undefined), []);
    assert.deepEqual(toSubprotocols("chat"), ["chat"]);
    assert.deepEqual(toSubprotocols(""), [""]);
  });

  test("whatever can be iterated is a list, its elements made strings", () => {
    assert.deepEqual(toSubprotocols([]), []);
    assert.deepEqual(toSubprotocols(["a", 1, null, undefined]), ["a", "1", "null", "undefined"]);
    assert.deepEqual(toSubprotocols(new Set(["b", "c"])), ["b", "c"]);
    // A String object is an object that can be iterated
    assert.deepEqual(toSubprotocols(Object("de")), ["d", "e"]);
    const generator = function* (): Generator<string> {
      yield "f";
      yield "g";
    };
    assert.deepEqual(toSubprotocols(generator()), ["f", "g"]);
  });

  test("whatever else is one string", () => {
    const iterates = { [Symbol.iterator]: null, toString: () => "object" };
    const values = [null, 5, true, 7n, iterates, {}];
    assert.deepEqual(
      values.map((value) => toSubprotocols(value)),
      [["null"], ["5"], ["true"], ["7"], ["object"], ["[object Object]"]],
    );
  });

  test("a Symbol, and what cannot be iterated although it says so, are a TypeError", () => {
    for (const wrong of [Symbol("a"), [Symbol("a")], { [Symbol.iterator]: 1 }, { [Symbol.iterator]: () => 1 }]) {
      assert.throws(() => toSubprotocols(wrong), TypeError);
    }
  });

  test("what iterating throws comes through, and the iterator is not closed for an element that cannot be converted", () => {
    const failure = new Error("mine");
    const throws = {
      [Symbol.iterator]: () => {
        throw failure;
      },
    };
    assert.throws(() => toSubprotocols(throws), failure);
    let closed = 0;
    const iterator = {
      next: () => ({ done: false, value: Symbol("a") }),
      return: () => {
        closed += 1;
        return { done: true, value: undefined };
      },
    };
    assert.throws(() => toSubprotocols({ [Symbol.iterator]: () => iterator }), TypeError);
    assert.equal(closed, 0);
  });
});

describe("subprotocols (WHATWG WebSockets, constructor step 9; RFC 6455 §4.1)", () => {
  test("distinct tokens pass, also such as differ in case alone", () => {
    checkSubprotocols([]);
    checkSubprotocols(["chat", "Chat", "v2.chat", "!#$%&'*+-.^_`|~09AZaz"]);
  });

  test("every character that no token has is a SyntaxError", () => {
    const allowed = new Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    for (let code = 0; code < 0x180; code++) {
      const character = String.fromCharCode(code);
      const check = (): void => checkSubprotocols([`a${character}b`]);
      if (allowed.has(character)) check();
      else assert.throws(check, domException("SyntaxError"), `U+${code.toString(16)}`);
    }
  });

  test("an empty name, and the same twice, are a SyntaxError", () => {
    for (const wrong of [[""], ["a", ""], ["a", "a"], ["a", "b", "a"], ["a, b"], ["a "], ["a\n"]]) {
      assert.throws(() => checkSubprotocols(wrong), domException("SyntaxError"), JSON.stringify(wrong));
    }
  });
});
