import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fragmenter } from "../../../src/engine/messages/fragmenter.ts";
import type { MessageKind } from "../../../src/engine/messages/message.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { chanceOf, codeOf, hex, joined, portablePlatform, toHex, utf8 } from "../engine-test-kit.ts";

const PLATFORMS = [
  ["portable code", portablePlatform()],
  ["Node's platform", nodePlatform],
] as const;

function begun(kind: MessageKind): Fragmenter {
  const fragmenter = new Fragmenter();
  fragmenter.begin(kind);
  return fragmenter;
}

describe("the frames of a message sent in fragments (RFC 6455 §5.4)", () => {
  for (const [kind, opcode] of [
    ["text", 1],
    ["binary", 2],
  ] as const) {
    test(`either role sends a ${kind} message's opcode once, then continuations`, () => {
      const fragmenter = begun(kind);
      assert.deepEqual([fragmenter.next(false), fragmenter.next(false), fragmenter.next(true)], [opcode, 0, 0]);
    });

    test(`either role sends a ${kind} message of one fragment with its opcode`, () => {
      assert.equal(begun(kind).next(true), opcode);
    });
  }

  test("either role is in a message from its begin to its last fragment", () => {
    const fragmenter = new Fragmenter();
    assert.equal(fragmenter.active, false);
    fragmenter.begin("text");
    assert.equal(fragmenter.active, true);
    fragmenter.next(false);
    assert.equal(fragmenter.active, true);
    fragmenter.next(true);
    assert.equal(fragmenter.active, false);
    fragmenter.begin("binary");
    assert.equal(fragmenter.next(true), 2);
  });

  test("the caller is told when a message is begun inside another, which goes on", () => {
    const fragmenter = begun("text");
    fragmenter.next(false);
    assert.equal(
      codeOf(() => fragmenter.begin("binary")),
      "USAGE",
    );
    assert.equal(fragmenter.next(true), 0);
  });

  test("the caller is told when there is no message to go on with", () => {
    const fragmenter = new Fragmenter();
    assert.equal(
      codeOf(() => fragmenter.next(true)),
      "USAGE",
    );
    fragmenter.begin("text");
    fragmenter.next(true);
    assert.equal(
      codeOf(() => fragmenter.next(false)),
      "USAGE",
    );
    fragmenter.begin("text");
    assert.equal(fragmenter.next(false), 1);
  });
});

for (const [name, platform] of PLATFORMS) {
  describe(`the bytes of a message sent in fragments, with ${name} (RFC 6455 §5.4, §5.6)`, () => {
    function encodeAll(kind: MessageKind, pieces: readonly (string | Uint8Array)[]): string {
      const fragmenter = begun(kind);
      const fragments = pieces.map((piece, i) => {
        const last = i === pieces.length - 1;
        const bytes = fragmenter.encode(platform, piece, last).slice();
        fragmenter.next(last);
        return bytes;
      });
      return toHex(joined(fragments));
    }

    test("either role sends the caller's own array, not a copy", () => {
      const bytes = hex("01 ff 02");
      assert.equal(begun("binary").encode(platform, bytes, true), bytes);
      const text = utf8("é");
      assert.equal(begun("text").encode(platform, text, true), text);
    });

    test("either role sends any bytes in a binary message", () => {
      assert.equal(encodeAll("binary", [hex("ff"), hex(""), hex("c3 28")]), "ff c3 28");
    });

    test("either role sends strings as UTF-8, and strings and bytes in turn", () => {
      assert.equal(encodeAll("text", ["a", "é", "", "€👋"]), toHex(utf8("aé€👋")));
      assert.equal(encodeAll("text", ["a", utf8("é"), "€", utf8("👋")]), toHex(utf8("aé€👋")));
    });

    test("either role joins a surrogate pair that two strings cut, however many empty ones stand between", () => {
      for (const pieces of [
        ["a\ud83d", "\udc4bz"],
        ["\ud83d", "", "", "\udc4b"],
        ["", "\ud83d", "\udc4b", ""],
      ]) {
        assert.equal(encodeAll("text", pieces), toHex(utf8(pieces.join(""))), JSON.stringify(pieces));
      }
    });

    test("either role cuts a text at every place and sends the same bytes", () => {
      const text = "a👋é👋👋€\ud83dx\udc4b";
      for (let cut = 0; cut <= text.length; cut++) {
        assert.equal(encodeAll("text", [text.slice(0, cut), text.slice(cut)]), toHex(utf8(text)), `cut at ${cut}`);
      }
      assert.equal(encodeAll("text", text.split("")), toHex(utf8(text)));
    });

    test("either role waits for the other half of high surrogates, from the first to the last, and of nothing else", () => {
      for (const high of ["\ud800", "\udbff"]) {
        for (const low of ["\udc00", "\udfff"]) {
          assert.equal(toHex(begun("text").encode(platform, high, false)), "");
          assert.equal(encodeAll("text", [high, low]), toHex(utf8(high + low)));
        }
      }
      for (const other of ["\ud7ff", "\udc00", "\udfff", "\ue000"]) {
        assert.equal(toHex(begun("text").encode(platform, other, false)), toHex(utf8(other)));
      }
    });

    test("either role sends U+FFFD for a surrogate without its other half", () => {
      const replaced = "ef bf bd";
      assert.equal(encodeAll("text", ["\ud83d"]), replaced);
      assert.equal(encodeAll("text", ["\ud83d", ""]), replaced);
      assert.equal(encodeAll("text", ["\ud83d", "a"]), `${replaced} 61`);
      assert.equal(encodeAll("text", ["\ud83d", "\ud83d\udc4b"]), `${replaced} f0 9f 91 8b`);
      assert.equal(encodeAll("text", ["\udc4b", "\ud83d", "\ud83d"]), `${replaced} ${replaced} ${replaced}`);
    });

    test("either role lets bytes cut a character, and fragments be empty", () => {
      assert.equal(encodeAll("text", [hex("e2"), hex(""), hex("82"), hex("ac"), "!"]), "e2 82 ac 21");
    });

    test("the caller is told of a string in a binary message, and may go on with bytes", () => {
      const fragmenter = begun("binary");
      assert.equal(
        codeOf(() => fragmenter.encode(platform, "text", false)),
        "USAGE",
      );
      assert.equal(toHex(fragmenter.encode(platform, hex("01"), true)), "01");
      assert.equal(fragmenter.next(true), 2);
    });

    const wrong = [
      ["a bad byte", [], hex("41 ff"), false],
      ["a bad byte behind a character that was cut", [hex("c3")], hex("28"), false],
      ["a bad byte behind the end of a character that was cut", [hex("c3")], hex("a9 ff"), false],
      ["a bad byte behind the beginning of a character", [], hex("41 c3 28"), false],
      ["a second byte that nothing could follow", [], hex("ed a0"), false],
      ["an end inside a character", [], hex("41 e2 82"), true],
      ["an end inside a character that was cut before", [hex("e2")], hex("82"), true],
      ["an empty end inside a character", [hex("e2 82")], hex(""), true],
      ["a string inside a character", [hex("e2 82")], "x", false],
      ["an empty string inside a character", [hex("e2 82")], "", true],
      ["bytes inside a surrogate pair", ["\ud83d"], hex("41"), false],
      ["empty bytes inside a surrogate pair", ["\ud83d"], hex(""), true],
    ] as const;
    for (const [what, before, bad, last] of wrong) {
      test(`the caller is told of ${what}, and the message goes on as if it had not been given`, () => {
        const fragmenter = begun("text");
        const sent = before.map((piece) => {
          const bytes = fragmenter.encode(platform, piece, false);
          fragmenter.next(false);
          return bytes.slice();
        });
        assert.equal(
          codeOf(() => fragmenter.encode(platform, bad, last)),
          "USAGE",
        );
        assert.equal(fragmenter.active, true);
        const missing = { c3: hex("a9"), e2: hex("82 ac"), "e2 82": hex("ac"), "": utf8("é") };
        const [first] = before;
        const rest = typeof first === "string" ? "\udc4b" : missing[toHex(joined(sent)) as keyof typeof missing];
        sent.push(fragmenter.encode(platform, rest, true).slice());
        assert.equal(fragmenter.next(true), before.length === 0 ? 1 : 0);
        assert.ok(["é", "€", "👋"].includes(new TextDecoder().decode(joined(sent))));
      });
    }

    test("the caller begins anew after a message that was left in the middle of a character", () => {
      const fragmenter = begun("text");
      fragmenter.encode(platform, hex("e2 82"), false);
      fragmenter.next(true);
      fragmenter.begin("text");
      assert.equal(toHex(fragmenter.encode(platform, hex("41"), true)), "41");
      fragmenter.next(true);
      fragmenter.begin("text");
      fragmenter.encode(platform, "\ud83d", false);
      fragmenter.next(true);
      fragmenter.begin("text");
      assert.equal(toHex(fragmenter.encode(platform, "a", true)), "61");
    });

    test("the caller is told of data without a message, and the next message is not touched by it", () => {
      const fragmenter = new Fragmenter();
      for (const data of ["\ud83d", hex("e2 82"), hex("ff")]) {
        assert.equal(
          codeOf(() => {
            fragmenter.encode(platform, data, false);
            fragmenter.next(false);
          }),
          "USAGE",
        );
      }
      fragmenter.begin("text");
      assert.equal(toHex(fragmenter.encode(platform, "a", true)), "61");
    });

    test("either role sends any text cut anywhere, as strings and bytes, unchanged", (context) => {
      const chance = chanceOf(context);
      for (let round = 0; round < 500; round++) {
        const parts = Array.from({ length: chance.below(6) }, () => {
          const text = String.fromCharCode(...Array.from({ length: chance.below(5) }, () => chance.of(UNITS)));
          const bytes = utf8(text);
          // A character of bytes may be cut, a surrogate before it may not.
          return chance.below(2) === 0 ? [new TextDecoder().decode(bytes)] : [bytes.slice(0, 2), bytes.slice(2)];
        });
        const pieces = parts.flat();
        const expected = joined(pieces.map((piece) => (typeof piece === "string" ? utf8(piece) : piece)));
        if (pieces.length > 0) assert.equal(encodeAll("text", pieces), toHex(expected));
      }
    });
  });
}

const UNITS = [0x41, 0xe9, 0x20ac, 0xd83d, 0xdc4b] as const;
