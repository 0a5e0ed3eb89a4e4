import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { selectSubprotocol } from "../../../src/engine/handshake/subprotocol.ts";

const CHOICES: readonly (readonly [
  what: string,
  offered: readonly string[],
  supported: readonly string[],
  selected: string | undefined,
])[] = [
  ["the only one", ["a"], ["a"], "a"],
  ["the one that it wants most, whatever the client wants", ["b", "a"], ["a", "b"], "a"],
  ["the second when the first was not offered", ["b", "c"], ["a", "b"], "b"],
  ["none when none was offered", [], ["a"], undefined],
  ["none when it supports none", ["a"], [], undefined],
  ["none when they have none in common", ["a"], ["b"], undefined],
  ["none when only the case differs", ["Chat"], ["chat"], undefined],
  ["none when only a part is equal", ["chat.v1"], ["chat", "chat.v1.1"], undefined],
  ["none when it supports names of Object.prototype", ["a"], ["__proto__", "constructor", "toString"], undefined],
  ["none when names of Object.prototype are offered", ["__proto__", "constructor", "hasOwnProperty"], ["a"], undefined],
  ["a name of Object.prototype when both have it", ["__proto__", "constructor"], ["constructor"], "constructor"],
  ["__proto__ when both have it", ["__proto__"], ["__proto__"], "__proto__"],
];

describe("selection of a subprotocol (RFC 6455 §4.2.2)", () => {
  for (const [what, offered, supported, selected] of CHOICES) {
    test(`server selects ${what}`, () => {
      assert.equal(selectSubprotocol(offered, supported), selected);
    });
  }

  test("server selects the last of 100,000 that were offered and supported", () => {
    const offered = Array.from({ length: 100_000 }, (_, index) => `o${index}`);
    const supported = Array.from({ length: 100_000 }, (_, index) => `s${index}`);
    assert.equal(selectSubprotocol([...offered, "x"], [...supported, "x"]), "x");
  });
});
