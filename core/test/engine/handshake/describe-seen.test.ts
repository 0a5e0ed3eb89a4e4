import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeSeen } from "../../../src/engine/handshake/describe-seen.ts";

describe("a peer's header in an error's text", () => {
  const rows: readonly (readonly [what: string, values: readonly string[], text: string])[] = [
    ["says so when there is none", [], "seen none"],
    ["gives the number when there are several", ["a", "b", "c"], "seen 3"],
    ["says so when it is empty", [""], "seen an empty one"],
    ["repeats a short token", ["h2c"], "seen h2c"],
    ["repeats a token of 40 characters", ["a".repeat(40)], `seen ${"a".repeat(40)}`],
    ["gives the length when the token is longer", ["a".repeat(41)], "seen one of 41 characters"],
    ["gives the length when it is markup", ["<script>alert(1)</script>"], "seen one of 25 characters"],
    ["gives the length when it has a line break", ["a\r\nb"], "seen one of 4 characters"],
  ];
  for (const [what, values, text] of rows) {
    test(`either role ${what}`, () => assert.equal(describeSeen(values), text));
  }
});
