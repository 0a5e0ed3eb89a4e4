import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type HeadersInput, readHeaders } from "../../../src/engine/handshake/header-list.ts";

describe("headers that an application gives", () => {
  const rows: readonly (readonly [what: string, input: HeadersInput | undefined, list: (readonly string[])[]])[] = [
    ["nothing", undefined, []],
    ["an empty object", {}, []],
    ["an empty list", [], []],
    [
      "an object, in its order",
      { b: "1", A: "2" },
      [
        ["b", "1"],
        ["A", "2"],
      ],
    ],
    [
      "numbers",
      { a: 1, b: 0, c: -1.5 },
      [
        ["a", "1"],
        ["b", "0"],
        ["c", "-1.5"],
      ],
    ],
    [
      "a list of values for one name",
      { a: ["1", "2"], b: [], c: ["3"] },
      [
        ["a", "1"],
        ["a", "2"],
        ["c", "3"],
      ],
    ],
    [
      "pairs, a name several times",
      [
        ["a", "1"],
        ["A", "2"],
        ["a", "1"],
      ],
      [
        ["a", "1"],
        ["A", "2"],
        ["a", "1"],
      ],
    ],
    [
      "a Map",
      new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    [
      "a Headers",
      new Headers([
        ["B", "1"],
        ["a", "2"],
        ["b", "3"],
      ]),
      [
        ["a", "2"],
        ["b", "1, 3"],
      ],
    ],
    [
      "a URLSearchParams",
      new URLSearchParams("a=1&b=2"),
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    [
      "a generator",
      pairs(),
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    ["an object without a prototype", Object.assign(Object.create(null), { a: "1" }), [["a", "1"]]],
    [
      "names of Object.prototype",
      JSON.parse('{"__proto__": "1", "constructor": "2"}'),
      [
        ["__proto__", "1"],
        ["constructor", "2"],
      ],
    ],
    ["empty names and values, which whoever writes them checks", { "": "" }, [["", ""]]],
  ];
  for (const [what, input, list] of rows) {
    test(`may be ${what}`, () => {
      assert.deepEqual(readHeaders(input), list);
    });
  }

  test("are copied: what the application changes later does not count", () => {
    const object: Record<string, string[]> = { a: ["1"] };
    const list: [string, string][] = [["a", "1"]];
    const read = [readHeaders(object), readHeaders(list)];
    object["a"]?.push("2");
    object["b"] = ["3"];
    list.push(["b", "2"]);
    assert.deepEqual(read, [[["a", "1"]], [["a", "1"]]]);
  });

  test("are an object's own: what it inherits is not sent", () => {
    assert.deepEqual(readHeaders(Object.create({ a: "1" })), []);
  });

  const wrong: readonly (readonly [what: string, input: unknown, message: RegExp])[] = [
    ["a text", "a: 1", /^headers is of type string; give an object, pairs or a Headers$/],
    ["a number", 1, /^headers is of type number; /],
    ["true", true, /^headers is of type boolean; /],
    ["null", null, /^headers is of type object; /],
    ["a function", () => {}, /^headers is of type function; /],
    ["texts", ["a", "1"], /^headers has an entry that is no pair; give \[name, value\]$/],
    ["a text of two characters among pairs", [["a", "1"], "ab"], /^headers has an entry that is no pair/],
    ["one element in a pair", [["a"]], /^headers has an entry that is no pair/],
    ["three elements in a pair", [["a", "1", "2"]], /^headers has an entry that is no pair/],
    ["objects", [{ name: "a", value: "1" }], /^headers has an entry that is no pair/],
    ["a hole", [undefined], /^headers has an entry that is no pair/],
  ];
  for (const [what, input, message] of wrong) {
    test(`may not be ${what}`, () => {
      assert.throws(() => readHeaders(input as HeadersInput), { name: "UsageError", code: "USAGE", message });
    });
  }

  test("keep values of other types, for whoever checks values", () => {
    const input = { a: null, b: undefined, c: true, d: [1] } as unknown as HeadersInput;
    assert.deepEqual(readHeaders(input), [
      ["a", null],
      ["b", undefined],
      ["c", true],
      ["d", 1],
    ]);
  });
});

function* pairs(): Generator<[string, string]> {
  yield ["a", "1"];
  yield ["b", "2"];
}
