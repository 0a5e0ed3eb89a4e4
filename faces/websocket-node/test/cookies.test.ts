import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCookies } from "../src/request-cookies.ts";
import { setCookies } from "../src/response-cookies.ts";

describe("cookies of a request", () => {
  test("are pairs between semicolons or commas, in order, blanks dropped", () => {
    assert.deepEqual(parseCookies("a=1; b=two, c = x ;a=2;"), [
      { name: "a", value: "1" },
      { name: "b", value: "two" },
      { name: "c", value: "x" },
      { name: "a", value: "2" },
    ]);
  });

  test("values lose their quotes and are percent-decoded; only the first = splits; without one the value is null", () => {
    assert.deepEqual(parseCookies('q="in quotes"; e=%C3%BC; n; m=a=b'), [
      { name: "q", value: "in quotes" },
      { name: "e", value: "ü" },
      { name: "n", value: null },
      { name: "m", value: "a=b" },
    ]);
  });

  test("a bad percent escape stays as it is, and does not refuse the handshake", () => {
    assert.deepEqual(parseCookies("bad=%E0%A4%A; good=1"), [
      { name: "bad", value: "%E0%A4%A" },
      { name: "good", value: "1" },
    ]);
  });

  test("none where there is no field", () => {
    assert.deepEqual(parseCookies(undefined), []);
    assert.deepEqual(parseCookies(""), []);
  });
});

describe("cookies of a response", () => {
  test("have the parts that were given, in this order", () => {
    const expires = new Date(Date.UTC(2031, 1, 3, 4, 5, 6));
    const cookie = { name: "n", value: "v", path: "/p", domain: "A.Example", expires, maxage: 1.6 };
    assert.deepEqual(setCookies([{ ...cookie, secure: true, httponly: true }]), [
      "n=v;Path=/p;Domain=a.example;Expires=Mon, 03 Feb 2031 04:05:06 GMT;Max-Age=2;Secure;HttpOnly",
    ]);
  });

  test("the application's objects are not changed", () => {
    const cookie = Object.freeze({ name: "n;a me", value: "v al" });
    assert.deepEqual(setCookies([cookie]), ["name=val"]);
    assert.deepEqual(cookie, { name: "n;a me", value: "v al" });
  });

  test("line ends of a path do not become lines, whatever their code is", () => {
    assert.throws(() => setCookies([{ name: "a", value: "1", path: "/\r\nX: y" }]), /in cookie path/);
    const [cookie] = setCookies([{ name: "a", value: "1", path: "/\u010d\u010aX" }]);
    assert.equal(cookie, "a=1;Path=/X");
  });

  const faults: [unknown, RegExp][] = [
    [{}, /must be an array/],
    [[{ name: "a" }], /at least provide/],
    [[null], /at least provide/],
    [
      [
        { name: "a", value: "1" },
        { name: "a", value: "2" },
      ],
      /same cookie name twice/,
    ],
    [[{ name: "a=b", value: "1" }], /^Error: Illegal character = in cookie name$/],
    [[{ name: "a", value: "1,2" }], /^Error: Illegal character , in cookie value$/],
    [[{ name: "a", value: "1", domain: 5 }], /Domain must be specified and must be a string\./],
    [[{ name: "a", value: "1", expires: 5 }], /must be a valid date object/],
    [[{ name: "a", value: "1", maxage: -1 }], /must be a non-zero number/],
    [[{ name: "a", value: "1", secure: "x" }], /cookie "secure" must be of type boolean/],
    [[{ name: "a", value: "1", httponly: 1 }], /cookie "httponly" must be of type boolean/],
  ];
  for (const [cookies, text] of faults) {
    test(`are refused: ${JSON.stringify(cookies)}`, () => {
      assert.throws(() => setCookies(cookies), text);
    });
  }
});
