import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KNOWN_DIFFERENCES } from "../known-differences.js";
import { compareReceivers } from "../targets/differential.js";

/** For each difference an input that shows it: the choices, and frames without masking (for a client). */
const SHOWN_BY = new Map([
  ["length not minimal", "01 00  82 7e 00 01 61"],
  ["text that can't become UTF-8", "01 00  01 01 ff 89 00 80 00"],
  ["two faults in one header", "01 00  80 7f 80 00 00 00 00 00 00 01"],
  ["compressed data larger than the message may be", `07 00  c2 7e 00 cd ${"00 ".repeat(205)}`],
  ["too many fragments", `09 00  02 00 00 00 00 00 00 00 00 7e 10 00`],
]);

describe("what our engine and ws judge differently", () => {
  test("is known by a name that is given once, with a section and a reason", () => {
    assert.equal(new Set(KNOWN_DIFFERENCES.map(({ name }) => name)).size, KNOWN_DIFFERENCES.length);
    for (const { rfc, text } of KNOWN_DIFFERENCES) {
      assert.match(rfc, /^(6455|7692) §[\d.]+$/);
      assert.ok(text.length > 20);
    }
  });

  for (const { name } of KNOWN_DIFFERENCES) {
    test(`is there still: ${name}`, () => {
      const bytes = Buffer.from((SHOWN_BY.get(name) ?? "").replaceAll(" ", ""), "hex");
      const { ours, theirs, difference } = compareReceivers(bytes);
      assert.equal(difference, name, JSON.stringify({ ours, theirs }));
    });
  }
});
