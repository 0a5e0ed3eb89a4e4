import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { satisfies } from "./range.js";

describe("satisfies: 1.1.0", () => {
  const inside = [
    "^1.0.34 ~1.1.0 ~1.1 ~1 1 1.x 1.1.x 1.* * ^1 >=1.0.0 <=1.1.0 <=1 >1.0.35 <2 1.1.0 =1.1.0 v1.1.0".split(" "),
    [
      "",
      ">=1.0.0 <2.0.0",
      "1.0.0 - 1.2.0",
      "1.0 - 1",
      "^0.9.0 || ^1.0.0",
      ">= 1.0.3",
      "^1.1.0-beta.1",
      ">0.9",
      "~> 1.1",
    ],
  ].flat();
  const outside = [
    "^2.0.0 ~1.0.0 1.0.35 =1.0.35 1.0.x ^1.1.1 >1.1.0 >1 <1.1.0 <=1.0 >=2 ^0.1.0 ^0 0.x >* 1.1.0-rc.1".split(" "),
    [">=1.0.0 <1.1.0", "1.0.0 - 1.0.99", "^2 || ~1.0.3", "<1.1.0-beta"],
  ].flat();
  const none = [
    "latest",
    "git+https://example.org/x.git",
    "file:../x",
    "npm:x@1",
    "^1.0.0 latest",
    "1.2.3.4",
    "☃",
    "1".repeat(2000),
  ];

  for (const range of inside) test(`is in "${range}"`, () => assert.equal(satisfies("1.1.0", range), true));
  for (const range of outside) test(`is not in "${range}"`, () => assert.equal(satisfies("1.1.0", range), false));
  for (const range of none) {
    test(`"${range.slice(0, 40)}" is no range`, () => assert.equal(satisfies("1.1.0", range), undefined));
  }
  test("a caret below 1.0.0 keeps the first number that is not 0", () => {
    assert.equal(satisfies("0.2.5", "^0.2.3"), true);
    assert.equal(satisfies("0.3.0", "^0.2.3"), false);
    assert.equal(satisfies("0.0.4", "^0.0.3"), false);
    assert.equal(satisfies("0.0.3", "^0.0.3"), true);
  });
});
