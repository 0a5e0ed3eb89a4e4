import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  checkHeaderName,
  checkHeaderValue,
  equalsToken,
  HeaderFields,
  isToken,
  listIncludes,
  parseTokenList,
} from "../../../src/engine/handshake/header-grammar.ts";
import { ADVERSARIAL_TEXTS, countSteps, fill, GROWING_LENGTHS, HUGE_LENGTH } from "./count-steps.ts";

const HOSTILE_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

describe("header fields (RFC 9110 §5)", () => {
  test("either role finds a field whose name came in another case", () => {
    const fields = HeaderFields.fromRaw(["SEC-WebSocket-Key", "k", "host", "h"]);
    assert.equal(fields.get("sec-websocket-key"), "k");
    assert.deepEqual(fields.all("sec-websocket-key"), ["k"]);
    assert.equal(fields.has("host"), true);
  });

  test("either role finds nothing when there is no such field", () => {
    const fields = HeaderFields.fromRaw(["A", "1"]);
    assert.equal(fields.get("b"), undefined);
    assert.deepEqual(fields.all("b"), []);
    assert.equal(fields.has("b"), false);
  });

  test("either role joins several fields with commas, and keeps each", () => {
    const fields = HeaderFields.fromRaw(["A", "1", "B", "x", "a", "", "A", "3"]);
    assert.equal(fields.get("a"), "1, , 3");
    assert.deepEqual(fields.all("a"), ["1", "", "3"]);
  });

  test("either role tells an empty field from an absent one", () => {
    const fields = HeaderFields.fromRaw(["A", ""]);
    assert.equal(fields.get("a"), "");
    assert.equal(fields.has("a"), true);
  });

  test("either role walks the fields in their order, names in lower case", () => {
    const fields = HeaderFields.fromRaw(["B", "1", "A", "2", "b", "3"]);
    assert.deepEqual(
      [...fields],
      [
        ["b", "1"],
        ["a", "2"],
        ["b", "3"],
      ],
    );
    assert.deepEqual(
      [...fields],
      [
        ["b", "1"],
        ["a", "2"],
        ["b", "3"],
      ],
      "a second time, too",
    );
  });

  test("either role cuts the blanks around a value, and none inside", () => {
    const fields = HeaderFields.fromRaw(["A", " \tx\t y \t", "B", " \t ", "C", "\u00a0z\u00a0"]);
    assert.deepEqual(
      [...fields],
      [
        ["a", "x\t y"],
        ["b", ""],
        ["c", "\u00a0z\u00a0"],
      ],
    );
  });

  test("either role is safe when names are those of Object.prototype", () => {
    const empty = HeaderFields.fromRaw([]);
    const full = HeaderFields.fromRaw(HOSTILE_NAMES.flatMap((name) => [name, `is ${name}`]));
    for (const name of HOSTILE_NAMES) {
      assert.equal(empty.get(name), undefined);
      assert.equal(empty.has(name), false);
      assert.deepEqual(empty.all(name), []);
      assert.deepEqual(full.all(name.toLowerCase()), [`is ${name}`]);
    }
  });

  test("either role folds the case of ASCII letters only", () => {
    const fields = HeaderFields.fromRaw(["Sec-WebSoc\u212Aet-Key", "kelvin"]);
    assert.equal(fields.has("sec-websocket-key"), false);
    assert.equal(fields.get("Sec-WebSoc\u212Aet-Key"), "kelvin");
  });

  test("either role finds a field behind 2,000 others (CVE-2024-37890)", () => {
    const raw = Array.from({ length: 2_000 }, (_, index) => [`X-${index}`, String(index)]).flat();
    const fields = HeaderFields.fromRaw([...raw, "Host", "h"]);
    assert.equal(fields.get("x-1999"), "1999");
    assert.equal(fields.get("host"), "h");
    assert.equal([...fields].length, 2_001);
  });

  test("either role joins 2,000 fields of one name", () => {
    const fields = HeaderFields.fromRaw(Array.from({ length: 2_000 }, () => ["A", "b"]).flat());
    assert.equal(fields.all("a").length, 2_000);
    assert.equal(fields.get("a"), Array(2_000).fill("b").join(", "));
  });

  test("either role leaves out a name without a value at the end", () => {
    assert.deepEqual([...HeaderFields.fromRaw(["A", "1", "B"])], [["a", "1"]]);
    assert.deepEqual([...HeaderFields.fromRaw(["A"])], []);
  });

  test("either role leaves out pairs with holes, and reads on behind them", () => {
    const raw = ["A", "1", "B", "2", "C", "3", "D", "4", "E", "5"];
    delete raw[2];
    delete raw[5];
    delete raw[6];
    delete raw[7];
    assert.deepEqual(
      [...HeaderFields.fromRaw(raw)],
      [
        ["a", "1"],
        ["e", "5"],
      ],
    );
    assert.deepEqual([...HeaderFields.fromRaw(new Array<string>(2_000))], []);
  });

  test("either role copies the list it is given", () => {
    const raw = ["A", "1"];
    const fields = HeaderFields.fromRaw(raw);
    raw[1] = "2";
    assert.equal(fields.get("a"), "1");
  });
});

describe("token (RFC 9110 §5.6.2)", () => {
  test("either role knows the characters of a token among all below U+0200", () => {
    const expected = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~";
    let seen = "";
    for (let code = 0; code < 0x200; code += 1) {
      const character = String.fromCharCode(code);
      if (isToken(character)) seen += character;
      assert.equal(isToken(`a${character}`), isToken(character));
      assert.equal(isToken(`${character}a`), isToken(character));
    }
    assert.equal(seen, expected);
  });

  test("either role finds no token in an empty text or beyond the basic plane", () => {
    assert.equal(isToken(""), false);
    assert.equal(isToken("\u{1F600}"), false);
    assert.equal(isToken("\ud800"), false);
  });

  test("either role compares tokens in any case of ASCII letters", () => {
    assert.equal(equalsToken("WebSocket", "websocket"), true);
    assert.equal(equalsToken("websocket", "WEBSOCKET"), true);
    assert.equal(equalsToken("websoc\u212Aet", "websocket"), false, "the Kelvin sign is not k");
    assert.equal(equalsToken("websocket2", "websocket"), false);
    assert.equal(equalsToken("", ""), false);
  });
});

const LISTS: readonly (readonly [value: string, tokens: readonly string[] | undefined])[] = [
  ["a", ["a"]],
  ["a,b", ["a", "b"]],
  [" a ,\tb\t, c ", ["a", "b", "c"]],
  [",a,, ,b,", ["a", "b"]],
  ["a, A, a", ["a", "A", "a"]],
  ["__proto__, constructor", ["__proto__", "constructor"]],
  ["v1.chat, v2.chat", ["v1.chat", "v2.chat"]],
  ["", undefined],
  [" \t", undefined],
  [",", undefined],
  [" , ,", undefined],
  ["a b", undefined],
  ["a, b c", undefined],
  ["a;b", undefined],
  ['"a"', undefined],
  ["a, b/c", undefined],
  ["a, \u00e9", undefined],
  ["a\u0000", undefined],
  ["a\r\n, b", undefined],
  ["\u0161", undefined],
];

describe("list of tokens (RFC 9110 §5.6.1)", () => {
  for (const [value, tokens] of LISTS) {
    const outcome = tokens === undefined ? "finds malformed" : "reads";
    test(`either role ${outcome} ${JSON.stringify(value)}`, () => {
      assert.deepEqual(parseTokenList(value), tokens);
    });
  }
});

const MEMBERS: readonly (readonly [value: string | undefined, expected: boolean])[] = [
  ["Upgrade", true],
  ["upgrade", true],
  ["UPGRADE", true],
  ["keep-alive, Upgrade", true],
  ["Upgrade,keep-alive", true],
  [" \tUpgrade\t ", true],
  ["a/b, c d, \u00e9, upgrade", true],
  [",,Upgrade,", true],
  [undefined, false],
  ["", false],
  [",", false],
  ["keep-alive", false],
  ["Upgrade2", false],
  ["xUpgrade", false],
  ["Up grade", false],
  ["Upgrade; x", false],
  ["keep-alive Upgrade", false],
  ['"Upgrade"', false],
  ["Up\u0000rade", false],
];

describe("member of a list (RFC 9110 §7.6.1)", () => {
  for (const [value, expected] of MEMBERS) {
    test(`either role ${expected ? "finds" : "does not find"} upgrade in ${JSON.stringify(value)}`, () => {
      assert.equal(listIncludes(value, "upgrade"), expected);
      assert.equal(listIncludes(value, "UPGRADE"), expected);
    });
  }

  test("either role does not take the Kelvin sign for a k", () => {
    assert.equal(listIncludes("websoc\u212Aet", "websocket"), false);
  });
});

describe("lists, linear time (CVE-2021-32640)", () => {
  for (const [what, make] of ADVERSARIAL_TEXTS) {
    test(`either role takes at most six steps a character over ${what}`, () => {
      for (const length of GROWING_LENGTHS) {
        const text = make(length);
        const listSteps = countSteps(() => parseTokenList(text));
        const memberSteps = countSteps(() => listIncludes(text, "upgrade"));
        assert.ok(listSteps <= 6 * text.length, `${listSteps} steps for a list of ${text.length} characters`);
        assert.ok(memberSteps <= 6 * text.length, `${memberSteps} steps for a member of ${text.length} characters`);
      }
    });

    test(`either role finishes 4 MiB of ${what}`, () => {
      const text = make(HUGE_LENGTH);
      parseTokenList(text);
      assert.equal(listIncludes(text, "upgrade"), false);
      assert.equal(HeaderFields.fromRaw(["A", text, text, "B"]).has("a"), true);
    });
  }

  test("either role reads a list to its end", () => {
    const text = fill(16_000, "a , ");
    assert.ok(countSteps(() => parseTokenList(text)) >= text.length);
    assert.ok(countSteps(() => listIncludes(text, "b")) >= text.length);
  });

  test("either role compares a member of the same length throughout", () => {
    const text = fill(64_000, "upgradf,");
    const steps = countSteps(() => assert.equal(listIncludes(text, "upgrade"), false));
    assert.ok(steps <= 12 * text.length, `${steps} steps for ${text.length} characters`);
  });
});

describe("what callers supply (CVE-2026-1527)", () => {
  const badNames = ["", " ", "a b", "a:", "a\r\nb", "a\u0000", "\u00e9", "a\u010a", "\u212A", "a\t", "(a)"];
  for (const name of badNames) {
    test(`either role throws a UsageError when a name is ${JSON.stringify(name)}`, () => {
      assert.throws(() => checkHeaderName(name, "a header's name"), {
        code: "USAGE",
        message: /^a header's name is .*; give a token of RFC 9110/,
      });
    });
  }

  test("either role names the character that a name may not have", () => {
    assert.throws(() => checkHeaderName("X-A\r\nB", "a header's name"), {
      message: /is "X-A\\r\\nB" with U\+000D at index 3;/,
    });
    assert.throws(() => checkHeaderName("", "a header's name"), { message: /is empty;/ });
  });

  test("either role takes every token as a name", () => {
    for (const name of ["a", "X-Room", "Set-Cookie", ...HOSTILE_NAMES]) checkHeaderName(name, "a header's name");
  });

  test("either role takes tabs and latin1 without control characters as a value, and nothing else", () => {
    for (let code = 0; code < 0x300; code += 1) {
      const allowed = code === 0x09 || (code >= 0x20 && code <= 0x7e) || (code >= 0x80 && code <= 0xff);
      const value = `ab${String.fromCharCode(code)}`;
      if (allowed) {
        checkHeaderValue(value, "the value of X-A");
        continue;
      }
      const seen = code.toString(16).toUpperCase().padStart(4, "0");
      assert.throws(() => checkHeaderValue(value, "the value of X-A"), {
        code: "USAGE",
        message: `the value of X-A has U+${seen} at index 2; give latin1 text without control characters`,
      });
    }
  });

  const badValues = [
    "a\r\nX: 1",
    "a\nb",
    "\r",
    "a\u0000",
    "\u010d\u010aX: 1",
    "\u2028",
    "\u{1F600}",
    "\u007f",
    "\u001b[0m",
  ];
  for (const value of badValues) {
    test(`either role throws a UsageError when a value is ${JSON.stringify(value)}`, () => {
      assert.throws(() => checkHeaderValue(value, "the value of X-A"), { code: "USAGE" });
    });
  }

  test("either role takes an empty value", () => {
    checkHeaderValue("", "the value of X-A");
  });

  test("either role throws a UsageError when a caller without types supplies no string", () => {
    for (const given of ["undefined", "null", "7", '["a"]', "{}"]) {
      const value = given === "undefined" ? undefined : JSON.parse(given);
      assert.throws(() => checkHeaderName(value, "a header's name"), {
        code: "USAGE",
        message: /is of type \w+; give/,
      });
      assert.throws(() => checkHeaderValue(value, "the value"), { code: "USAGE", message: /is of type \w+; give/ });
    }
  });
});
