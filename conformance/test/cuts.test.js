import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CUTS, Cutter } from "../drive/cuts.js";
import { dice } from "../tester/dice.js";

const octets = Buffer.from(Array.from({ length: 5_000 }, (_, i) => i & 255));

describe("Cutter", () => {
  for (const cut of CUTS) {
    for (const length of [0, 1, 2, 100, 5_000]) {
      test(`${cut} loses nothing of ${length} octets`, () => {
        const pieces = [...new Cutter(cut, dice(1), 50).pieces(octets.subarray(0, length))];
        assert.deepEqual(Buffer.concat(pieces), octets.subarray(0, length));
        assert.ok(pieces.every((piece) => piece.length > 0));
      });
    }
  }

  test("whole is one piece, or pieces as the case says", () => {
    assert.deepEqual(lengthsOf(new Cutter("whole", dice(1), 50), 100), [100]);
    assert.deepEqual(lengthsOf(new Cutter("whole", dice(1), 50), 100, 40), [40, 40, 20]);
  });

  test("bytes is single octets at the front and the end, as many as allowed on a connection", () => {
    const cutter = new Cutter("bytes", dice(1), 3 + 5);
    assert.deepEqual(lengthsOf(cutter, 3), [1, 1, 1]);
    assert.deepEqual(lengthsOf(cutter, 3 + 2 * 997 + 2), [1, 1, 1, 997, 997, 1, 1]);
    assert.deepEqual(lengthsOf(cutter, 10), [10]);
  });

  test("random depends on the seed alone", () => {
    const cut = (/** @type {number} */ seed) => lengthsOf(new Cutter("random", dice(seed), 0), 5_000);
    assert.deepEqual(cut(7), cut(7));
    assert.notDeepEqual(cut(7), cut(8));
    assert.ok(cut(7).length > 1);
  });
});

/** @param {Cutter} cutter
 * @param {number} length
 * @param {number} [chop] */
function lengthsOf(cutter, length, chop) {
  return [...cutter.pieces(octets.subarray(0, length), chop)].map((piece) => piece.length);
}
