import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Utf8Validator } from "../../../src/engine/bytes/utf8.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { chanceOf, cutAt, forEachSplit, hex, joined, portablePlatform, toHex, utf8 } from "../engine-test-kit.ts";

const portable = portablePlatform();
const PLATFORMS = [
  ["portable code", portable],
  ["Node's platform", nodePlatform],
] as const;
const strict = new TextDecoder("utf-8", { fatal: true });

/** RFC 3629 §4, its table of well-formed sequences: the range of each byte. */
const WELL_FORMED: readonly (readonly (readonly [low: number, high: number])[])[] = [
  [[0x00, 0x7f]],
  [[0xc2, 0xdf], TAIL()],
  [[0xe0, 0xe0], [0xa0, 0xbf], TAIL()],
  [[0xe1, 0xec], TAIL(), TAIL()],
  [[0xed, 0xed], [0x80, 0x9f], TAIL()],
  [[0xee, 0xef], TAIL(), TAIL()],
  [[0xf0, 0xf0], [0x90, 0xbf], TAIL(), TAIL()],
  [[0xf1, 0xf3], TAIL(), TAIL(), TAIL()],
  [[0xf4, 0xf4], [0x80, 0x8f], TAIL(), TAIL()],
];

function TAIL(): readonly [number, number] {
  return [0x80, 0xbf];
}

/** What the table says of a text: where the first byte is that nothing before it allows, and whether the text, if there
 * is none, may end there. */
function judge(bytes: Uint8Array): { badAt: number | undefined; complete: boolean } {
  let open: readonly (readonly (readonly [number, number])[])[] = WELL_FORMED;
  let depth = 0;
  for (const [at, byte] of bytes.entries()) {
    open = open.filter((row) => {
      const range = row[depth];
      return range !== undefined && byte >= range[0] && byte <= range[1];
    });
    const [row] = open;
    if (row === undefined) return { badAt: at, complete: false };
    depth += 1;
    if (depth < row.length) continue;
    open = WELL_FORMED;
    depth = 0;
  }
  return { badAt: undefined, complete: depth === 0 };
}

function isWellFormed(bytes: Uint8Array): boolean {
  const { badAt, complete } = judge(bytes);
  return badAt === undefined && complete;
}

function decodes(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** What the validator says of a text in pieces: in which piece it failed, or whether the text may end. */
function verdict(platform: (typeof PLATFORMS)[number][1], pieces: readonly Uint8Array[]): number | boolean {
  const validator = new Utf8Validator();
  for (const [i, piece] of pieces.entries()) {
    // In the middle of an array whose other bytes would be bad.
    const around = joined([HEAD, piece, REST]);
    if (!validator.push(platform, around, 2, 2 + piece.length)) return i;
  }
  return validator.complete;
}

function expectedVerdict(bytes: Uint8Array, pieces: readonly Uint8Array[]): number | boolean {
  const { badAt, complete } = judge(bytes);
  if (badAt === undefined) return complete;
  let end = 0;
  return pieces.findIndex((piece) => {
    end += piece.length;
    return badAt < end;
  });
}

function checkText(platform: (typeof PLATFORMS)[number][1], bytes: Uint8Array): void {
  forEachSplit(bytes, (pieces) => {
    const found = verdict(platform, pieces);
    const expected = expectedVerdict(bytes, pieces);
    if (found !== expected) assert.equal(found, expected, toHex(bytes));
  });
}

/** The bytes at the edges of every range of the table. */
const EDGES = [
  0x00, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
  0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfe, 0xff,
];

/** Bytes that may and may not continue a sequence, at the edges. */
const TAIL_EDGES = [0x7f, 0x80, 0xbf, 0xc0];
const HEAD = hex("ff 80");
const REST = hex("bf ff");

function* edgesOf3(): Generator<Uint8Array> {
  for (const a of EDGES) {
    for (const b of EDGES) {
      for (const c of TAIL_EDGES) yield Uint8Array.of(a, b, c);
    }
  }
}

function* edgesOf4(): Generator<Uint8Array> {
  for (const a of EDGES.filter((byte) => byte >= 0xe0)) {
    for (const b of EDGES) {
      for (const c of TAIL_EDGES) {
        for (const d of TAIL_EDGES) yield Uint8Array.of(a, b, c, d);
      }
    }
  }
}

const GOOD = [
  ["nothing", ""],
  ["ASCII", "00 41 7f"],
  ["U+0080, the first of 2 bytes", "c2 80"],
  ["U+07FF, the last of 2 bytes", "df bf"],
  ["U+0800, the first of 3 bytes", "e0 a0 80"],
  ["U+D7FF, before the surrogates", "ed 9f bf"],
  ["U+E000, after the surrogates", "ee 80 80"],
  ["U+FFFD", "ef bf bd"],
  ["U+FFFF, the last of 3 bytes", "ef bf bf"],
  ["U+10000, the first of 4 bytes", "f0 90 80 80"],
  ["U+10FFFF, the last of all", "f4 8f bf bf"],
  ["a byte order mark", "ef bb bf 41"],
  ["κόσμε", "ce ba e1 bd b9 cf 83 ce bc ce b5"],
] as const;

const BAD = [
  ["a continuation byte alone", "80", 0],
  ["a continuation byte too many", "c2 80 80", 2],
  ["an overlong NUL", "c0 80", 0],
  ["an overlong solidus in 2 bytes", "c1 af", 0],
  ["an overlong solidus in 3 bytes", "e0 80 af", 1],
  ["an overlong solidus in 4 bytes", "f0 80 80 af", 1],
  ["overlong at its upper end, 3 bytes", "e0 9f bf", 1],
  ["overlong at its upper end, 4 bytes", "f0 8f bf bf", 1],
  ["U+D800, the first surrogate", "ed a0 80", 1],
  ["U+DFFF, the last surrogate", "ed bf bf", 1],
  ["a surrogate pair in 6 bytes", "ed a0 bd ed b8 80", 1],
  ["U+110000", "f4 90 80 80", 1],
  ["a lead byte of 5", "f8 88 80 80 80", 0],
  ["a lead byte of 6", "fc 84 80 80 80 80", 0],
  ["0xf5", "f5 80 80 80", 0],
  ["0xfe and 0xff", "fe ff", 0],
  ["2 bytes cut by ASCII", "c3 28", 1],
  ["3 bytes cut by ASCII", "e2 82 28", 2],
  ["3 bytes cut by a lead byte", "e2 82 c3 a9", 2],
  ["4 bytes cut by ASCII", "f0 90 80 28", 3],
] as const;

describe("well-formed UTF-8 (RFC 3629 §4), the tests' own judge", () => {
  test("agrees with TextDecoder on all sequences of 1 and 2 bytes, and on the edges of 3 and 4", () => {
    for (let a = 0; a < 256; a++) {
      assert.equal(isWellFormed(Uint8Array.of(a)), decodes(Uint8Array.of(a)));
      for (let b = 0; b < 256; b++) assert.equal(isWellFormed(Uint8Array.of(a, b)), decodes(Uint8Array.of(a, b)));
    }
    for (const bytes of edgesOf3()) assert.equal(isWellFormed(bytes), decodes(bytes));
    for (const bytes of edgesOf4()) assert.equal(isWellFormed(bytes), decodes(bytes));
  });
});

for (const [name, platform] of PLATFORMS) {
  describe(`a text that arrives in pieces, with ${name} (RFC 6455 §8.1, RFC 3629 §4)`, () => {
    test("either role judges all sequences of 1 and 2 bytes as the table does, whole and in pieces", () => {
      for (let a = 0; a < 256; a++) {
        checkText(platform, Uint8Array.of(a));
        for (let b = 0; b < 256; b++) checkText(platform, Uint8Array.of(a, b));
      }
    });

    test("either role judges the edges of the sequences of 3 and 4 bytes as the table does, whole and in pieces", () => {
      for (const bytes of edgesOf3()) checkText(platform, bytes);
      for (const bytes of edgesOf4()) checkText(platform, bytes);
    });

    for (const [what, bytes] of GOOD) {
      test(`either role accepts ${what}, whatever stands around it`, () => {
        for (const before of ["", "41", "41 42 43", "c3 a9", "e2 82 ac", "f0 9f 98 80"]) {
          for (const after of ["", "7a", "c3 a9", "f0 9f 98 80"]) {
            const text = hex(`${before} ${bytes} ${after}`);
            forEachSplit(text, (pieces) => assert.equal(verdict(platform, pieces), true));
          }
        }
      });
    }

    for (const [what, bytes, badAt] of BAD) {
      test(`either role refuses ${what} with the piece that brings its bad byte`, () => {
        for (const before of ["", "41", "41 42 43", "c3 a9", "e2 82 ac", "f0 9f 98 80"]) {
          const text = hex(`${before} ${bytes} 41 42`);
          assert.equal(judge(text).badAt, hex(before).length + badAt);
          checkText(platform, text);
        }
      });
    }

    test("either role knows that a text ends inside a character, and goes on with it", () => {
      for (const character of ["c3 a9", "e2 82 ac", "f0 9f 98 80", "e0 a0 80", "ed 9f bf", "f4 8f bf bf"].map(hex)) {
        for (let cut = 1; cut < character.length; cut++) {
          const validator = new Utf8Validator();
          assert.ok(validator.push(platform, character, 0, cut));
          assert.equal(validator.complete, false);
          assert.ok(validator.push(platform, character, cut, character.length));
          assert.equal(validator.complete, true);
        }
      }
    });

    test("either role takes empty pieces anywhere", () => {
      const validator = new Utf8Validator();
      const euro = hex("e2 82 ac");
      assert.equal(validator.complete, true);
      for (let at = 0; at <= 3; at++) {
        assert.ok(validator.push(platform, euro, at, at));
        assert.equal(validator.complete, at === 0 || at === 3);
        if (at < 3) assert.ok(validator.push(platform, euro, at, at + 1));
      }
    });

    test("either role tries a piece on a copy, and the text itself stays where it was", () => {
      for (const character of ["c3 a9", "e0 a0 80", "ed 9f bf", "f4 8f bf bf"].map(hex)) {
        for (let cut = 0; cut <= character.length; cut++) {
          const validator = new Utf8Validator();
          validator.push(platform, character, 0, cut);
          const copy = validator.copy();
          assert.equal(copy.complete, validator.complete);
          assert.equal(copy.push(platform, hex("ff"), 0, 1), false);
          assert.ok(validator.copy().push(platform, character, cut, character.length));
          assert.ok(validator.push(platform, character, cut, character.length));
          assert.ok(validator.complete);
        }
      }
    });

    test("either role begins a new text after a reset, whatever the last one left", () => {
      const validator = new Utf8Validator();
      for (const left of ["e0", "ed", "f0", "f4", "f0 9f 98", "e2 28", "ff", "41 c3"]) {
        const bytes = hex(left);
        validator.push(platform, bytes, 0, bytes.length);
        validator.reset();
        assert.equal(validator.complete, true, left);
        for (const [what, good] of GOOD) {
          assert.ok(validator.push(platform, hex(good), 0, hex(good).length), `${what} after ${left}`);
        }
        assert.equal(validator.push(platform, hex("80"), 0, 1), false, left);
        validator.reset();
      }
    });

    test("either role allows every second byte again after a reset in the middle of a character", () => {
      for (const left of ["e0", "ed", "f0", "f4"]) {
        for (const character of ["c2 80", "df bf", "e1 80 80", "ef bf bf", "f1 80 80 80", "f3 bf bf bf"]) {
          const validator = new Utf8Validator();
          validator.push(platform, hex(left), 0, 1);
          validator.reset();
          for (const byte of hex(character)) {
            assert.ok(validator.push(platform, Uint8Array.of(byte), 0, 1), `${character} after ${left}`);
          }
          assert.ok(validator.complete);
        }
      }
    });

    test("either role allows nothing but continuation bytes after a reset and a lead byte", () => {
      for (const second of [0x7f, 0xc0]) {
        const validator = new Utf8Validator();
        validator.reset();
        assert.ok(validator.push(platform, hex("c2"), 0, 1));
        assert.equal(validator.push(platform, Uint8Array.of(second), 0, 1), false);
      }
    });

    test("either role judges random texts with random damage as the table does, cut anywhere", (context) => {
      const chance = chanceOf(context);
      for (let round = 0; round < 3_000; round++) {
        const characters = Array.from({ length: chance.below(12) }, () =>
          String.fromCodePoint(chance.of([0x41, 0x7f, 0x80, 0x7ff, 0x800, 0x20ac, 0xfffd, 0x10000, 0x1f600, 0x10ffff])),
        );
        const bytes = utf8(characters.join(""));
        if (bytes.length > 0 && chance.below(3) > 0) bytes[chance.below(bytes.length)] = chance.below(256);
        const cuts = Array.from({ length: chance.below(4) }, () => chance.below(bytes.length + 1)).sort(
          (a, b) => a - b,
        );
        const pieces = cutAt(bytes, cuts);
        assert.equal(verdict(platform, pieces), expectedVerdict(bytes, pieces), `${toHex(bytes)} cut at ${cuts}`);
      }
    });
  });
}
