import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCookies } from "../../../src/node/server/cookies.ts";

function read(header: string | undefined): Record<string, string> {
  return Object.fromEntries([...parseCookies(header)].map(([name, value]) => [`=${name}`, value]));
}

describe("cookies (RFC 6265 §4.2, §5.4)", () => {
  const cases: [header: string | undefined, cookies: Record<string, string>][] = [
    [undefined, {}],
    ["", {}],
    ["a=1", { "=a": "1" }],
    ["a=1; b=2;c=3", { "=a": "1", "=b": "2", "=c": "3" }],
    ["a=1; a=2", { "=a": "1" }],
    ["a=b=c", { "=a": "b=c" }],
    ["a=", { "=a": "" }],
    ['a="x y"', { "=a": "x y" }],
    ['a="', { "=a": '"' }],
    ['a=""', { "=a": "" }],
    ["a=%41%20b", { "=a": "A b" }],
    ["a=%zz", { "=a": "%zz" }],
    ["a=%E0%A4%A", { "=a": "%E0%A4%A" }],
    ['a="%zz"', { "=a": "%zz" }],
    ["flag; a=1", { "=a": "1" }],
    ["=1; a=1", { "=a": "1" }],
    [";;; a=1;;", { "=a": "1" }],
    ["  a  =  1  ", { "=a": "1" }],
    ["__proto__=1; constructor=2; toString=3", { "=__proto__": "1", "=constructor": "2", "=toString": "3" }],
  ];
  for (const [header, cookies] of cases) {
    test(`${JSON.stringify(header)}`, () => {
      assert.deepEqual(read(header), cookies);
    });
  }

  test("a name that was not sent is not there", () => {
    const cookies = parseCookies("a=1");
    assert.equal(cookies.get("__proto__"), undefined);
    assert.equal(cookies.get("constructor"), undefined);
  });

  test("time is linear in the header's length", () => {
    const before = performance.now();
    parseCookies(" ".repeat(50_000));
    parseCookies(";".repeat(50_000));
    parseCookies(`a=${'"'.repeat(50_000)}`);
    parseCookies(`a=${"%".repeat(50_000)}`);
    parseCookies(`a=1${" ".repeat(50_000)}b`);
    assert.ok(performance.now() - before < 200);
  });
});
