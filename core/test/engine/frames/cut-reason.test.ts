import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Platform } from "../../../src/engine/bytes/platform.ts";
import { cutReason, writeClose } from "../../../src/engine/frames/close-code.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { chanceOf, portablePlatform, utf8 } from "../engine-test-kit.ts";

const PLATFORMS: readonly (readonly [name: string, platform: Platform])[] = [
  ["portable code", portablePlatform()],
  ["Node's platform", nodePlatform],
];

/** The longest beginning that fits, found one character at a time; an unpaired surrogate is sent as 3 bytes. */
function slowlyCut(reason: string): string {
  let cut = "";
  for (const character of reason) {
    if (utf8(cut + character).length > 123) break;
    cut += character;
  }
  return cut;
}

for (const [name, platform] of PLATFORMS) {
  describe(`a reason that is cut to fit a Close frame, with ${name} (RFC 6455 §5.5.1)`, () => {
    test("stays as it is up to 123 bytes", () => {
      for (const reason of [
        "",
        "bye",
        "r".repeat(123),
        "€".repeat(41),
        `${"😀".repeat(30)}rrr`,
        `${"r".repeat(119)}😀`,
      ]) {
        assert.equal(cutReason(platform, reason), reason);
      }
    });

    const cut: readonly (readonly [what: string, given: string, expected: string])[] = [
      ["124 bytes of one each", "r".repeat(124), "r".repeat(123)],
      ["far too many", "r".repeat(100_000), "r".repeat(123)],
      ["two bytes each", "é".repeat(62), "é".repeat(61)],
      ["three bytes each", "€".repeat(42), "€".repeat(41)],
      ["four bytes each", "😀".repeat(31), "😀".repeat(30)],
      ["a pair of which 3 bytes would fit", `${"r".repeat(120)}😀`, "r".repeat(120)],
      ["a pair of which 2 bytes would fit", `${"r".repeat(121)}😀`, "r".repeat(121)],
      ["a pair of which 1 byte would fit", `${"r".repeat(122)}😀`, "r".repeat(122)],
      ["a pair of which nothing would fit", `${"r".repeat(123)}😀`, "r".repeat(123)],
      ["a pair that fits, and one more character", `${"r".repeat(119)}😀r`, `${"r".repeat(119)}😀`],
      ["a wide character of which 2 bytes would fit", `${"r".repeat(121)}€`, "r".repeat(121)],
      ["unpaired low surrogates", "\udc00".repeat(42), "\udc00".repeat(41)],
      ["unpaired high surrogates", "\ud800".repeat(42), "\ud800".repeat(41)],
      ["an unpaired high surrogate before what does not fit", `${"r".repeat(120)}\ud800r`, `${"r".repeat(120)}\ud800`],
    ];
    for (const [what, given, expected] of cut) {
      test(`keeps whole characters of ${what}`, () => {
        assert.equal(cutReason(platform, given), expected);
      });
    }

    test("is the longest beginning that may be sent, whatever it is made of", (t) => {
      const chance = chanceOf(t);
      for (let round = 0; round < 2_000; round++) {
        const length = chance.below(200);
        const wide = chance.below(2) === 0;
        const characters = Array.from({ length }, () =>
          wide ? chance.of(["r", "é", "€", "😀", "\ud800", "\udc00"]) : chance.of(["r", "s", "😀", "\ud83d"]),
        );
        const reason = characters.join("");
        const fitting = cutReason(platform, reason);
        assert.equal(fitting, slowlyCut(reason), JSON.stringify(reason));
        assert.ok(writeClose(platform, 1000, fitting).length <= 125);
      }
    });
  });
}
