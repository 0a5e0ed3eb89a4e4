import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ExtensionOffer,
  formatExtensions,
  parseExtensions,
} from "../../../src/engine/extensions/offer-grammar.ts";
import { ADVERSARIAL_TEXTS, countSteps, fill, GROWING_LENGTHS, HUGE_LENGTH } from "../handshake/count-steps.ts";

/** `offer("a", "b", "c=d")` is a; b; c=d. */
function offer(name: string, ...parameters: string[]): ExtensionOffer {
  return {
    name,
    parameters: parameters.map((text) => {
      const [parameter = "", value] = text.split("=");
      return { name: parameter, value };
    }),
  };
}

const WELL_FORMED: readonly (readonly [what: string, value: string, offers: readonly ExtensionOffer[]])[] = [
  ["one name", "foo", [offer("foo")]],
  ["several names", "foo, bar,baz", [offer("foo"), offer("bar"), offer("baz")]],
  ["a name in any case, as it came", "FoO", [offer("FoO")]],
  ["every sign of a token", "!#$%&'*+-.^_`|~09azAZ", [offer("!#$%&'*+-.^_`|~09azAZ")]],
  ["the same name twice", "foo; a, foo; b", [offer("foo", "a"), offer("foo", "b")]],
  ["a parameter without value", "foo; a", [offer("foo", "a")]],
  ["a parameter with a token", "foo; a=10", [offer("foo", "a=10")]],
  ["a parameter with a quoted token", 'foo; a="10"', [offer("foo", "a=10")]],
  ["a quoted token with escapes", 'foo; a="\\1\\0"', [offer("foo", "a=10")]],
  ["a quoted token with escapes between plain characters", 'foo; a="x\\yz"; b', [offer("foo", "a=xyz", "b")]],
  ["parameters in order, duplicates kept", "foo; b=2; a; b=1; a", [offer("foo", "b=2", "a", "b=1", "a")]],
  ["no blanks", 'foo;a;b=1;c="2",bar', [offer("foo", "a", "b=1", "c=2"), offer("bar")]],
  ["blanks between all parts", ' foo \t; a\t =  "1" ; b = 2 , bar ', [offer("foo", "a=1", "b=2"), offer("bar")]],
  ["empty elements in front", ",, ,foo", [offer("foo")]],
  ["empty elements behind", "foo , ,\t,", [offer("foo")]],
  ["empty elements between", "foo,,bar, ,baz", [offer("foo"), offer("bar"), offer("baz")]],
  [
    "names of Object.prototype",
    "__proto__, constructor; toString=hasOwnProperty; __proto__",
    [offer("__proto__"), offer("constructor", "toString=hasOwnProperty", "__proto__")],
  ],
  [
    "what browsers send",
    "permessage-deflate; client_max_window_bits",
    [offer("permessage-deflate", "client_max_window_bits")],
  ],
];

const EMPTY = ["", " \t ", ",", " , ,"];

const MALFORMED: readonly (readonly [what: string, value: string])[] = [
  ["a name with a blank inside", "foo bar"],
  ["a name with a slash", "foo/bar"],
  ["a quoted name", '"foo"'],
  ["a name above ASCII", "f\u00f6o"],
  ["a name with a character whose low byte is a letter", "f\u016fo"],
  ["a control character", "foo\u0000"],
  ["a line break between elements", "foo,\r\n bar"],
  ["no parameter behind a semicolon", "foo;"],
  ["no parameter between semicolons", "foo;;a"],
  ["no parameter before a comma", "foo; , bar"],
  ["no name before a parameter", "; a"],
  ["no name before a value", "foo; =1"],
  ["no value at the end", "foo; a="],
  ["no value before a semicolon", "foo; a=; b"],
  ["no value before a comma", "foo; a=, bar"],
  ["a value behind the name itself", "foo=1"],
  ["two values", "foo; a=1=2"],
  ["two values with a blank between", "foo; a=1 2"],
  ["an empty quoted string", 'foo; a=""'],
  ["a quoted string with a blank", 'foo; a="1 0"'],
  ["a quoted string with a comma", 'foo; a="1,0"'],
  ["a quoted string with a semicolon", 'foo; a="1;0"'],
  ["a quoted string with an escaped quote", 'foo; a="1\\"0"'],
  ["a quoted string with an escaped backslash", 'foo; a="1\\\\0"'],
  ["a quoted string with an escaped blank", 'foo; a="1\\ 0"'],
  ["a quoted string above ASCII", 'foo; a="\u00e9"'],
  ["an unclosed quoted string", 'foo; a="10'],
  ["an unclosed quoted string before a blank", 'foo; a="10 '],
  ["an unclosed quoted string before a comma", 'foo; a="10,'],
  ["an unclosed quoted string before another element", 'foo; a="10,, bar'],
  ["an unclosed quoted string before another parameter", 'foo; a="10;; b'],
  ["an unclosed quoted string that is empty", 'foo; a="'],
  ["a quoted string that ends in a backslash", 'foo; a="10\\'],
  ["a quoted string whose quote is escaped", 'foo; a="10\\"'],
  ["something behind a quoted string", 'foo; a="10"x'],
  ["a quote that is opened in the middle of a value", 'foo; a=1"0"'],
  ["single quotes around a blank", "foo; a='1 0'"],
];

describe("Sec-WebSocket-Extensions, reading (RFC 6455 §9.1)", () => {
  for (const [what, value, expected] of WELL_FORMED) {
    test(`either role reads ${what}`, () => {
      assert.deepEqual(parseExtensions(value), expected);
    });
  }

  for (const [what, value] of MALFORMED) {
    test(`either role finds it malformed when there is ${what}`, () => {
      assert.equal(parseExtensions(value), undefined);
      assert.equal(parseExtensions(`bar; x, ${value}`), undefined, "as the second of two, too");
    });
  }

  for (const value of EMPTY) {
    test(`either role finds it malformed when it is ${JSON.stringify(value)}, without any extension`, () => {
      assert.equal(parseExtensions(value), undefined);
    });
  }

  test("either role reads nothing out of a name of Object.prototype", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]) {
      assert.deepEqual(parseExtensions(`${name}; ${name}=${name}`), [offer(name, `${name}=${name}`)]);
    }
  });
});

describe("Sec-WebSocket-Extensions, linear time (CVE-2020-7662)", () => {
  for (const [what, make] of ADVERSARIAL_TEXTS) {
    test(`either role takes at most six steps a character over ${what}`, () => {
      for (const length of GROWING_LENGTHS) {
        const text = make(length);
        const steps = countSteps(() => parseExtensions(text));
        assert.ok(steps <= 6 * text.length, `${steps} steps for ${text.length} characters`);
      }
    });

    test(`either role finishes 4 MiB of ${what}`, () => {
      parseExtensions(make(HUGE_LENGTH));
    });
  }

  test("either role reads an unclosed quoted string to its end before it gives up", () => {
    const text = fill(16_000, "\\c", 'a;b="');
    const steps = countSteps(() => assert.equal(parseExtensions(text), undefined));
    assert.ok(steps >= text.length / 2, `${steps} steps for ${text.length} characters`);
  });

  test("either role keeps a value of 2 MiB that came in \\c pairs", () => {
    const [first] = parseExtensions(fill(HUGE_LENGTH, "\\c", 'a;b="', '"')) ?? [];
    assert.match(first?.parameters[0]?.value ?? "", /^c{2097148,2097152}$/);
  });
});

describe("Sec-WebSocket-Extensions, writing (RFC 6455 §9.1)", () => {
  test("either role writes what it reads back", () => {
    for (const [what, , offers] of WELL_FORMED) {
      assert.deepEqual(parseExtensions(formatExtensions(offers)), offers, what);
    }
  });

  test("either role writes parameters behind semicolons and extensions behind commas", () => {
    assert.equal(formatExtensions([offer("foo", "a", "b=1"), offer("bar")]), "foo; a; b=1, bar");
  });

  test("either role writes an empty text when there are none", () => {
    assert.equal(formatExtensions([]), "");
  });

  const bad = ["", "a b", "a\r\nX: 1", "a;b", 'a"', "a\u0000", "\u010d\u010a", "\u00e9"];
  for (const text of bad) {
    test(`either role throws a UsageError when a part is ${JSON.stringify(text)}`, () => {
      const usage = { code: "USAGE", message: /is not a token; give letters/ };
      assert.throws(() => formatExtensions([offer(text)]), usage);
      assert.throws(() => formatExtensions([offer("foo", "ok"), offer("bar", text)]), usage);
      assert.throws(() => formatExtensions([{ name: "foo", parameters: [{ name: "a", value: text }] }]), usage);
    });
  }
});
