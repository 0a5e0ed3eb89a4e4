import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LimitError } from "../../../src/engine/errors.ts";
import type { Limits } from "../../../src/engine/messages/limits.ts";
import { resolveLimits } from "../../../src/engine/messages/limits.ts";
import { MessageSequence } from "../../../src/engine/messages/message-sequence.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { closeCodeOf, codeOf, forEachSplit, hex, portablePlatform } from "../engine-test-kit.ts";

const PLATFORMS = [
  ["portable code", portablePlatform()],
  ["Node's platform", nodePlatform],
] as const;
const [CONTINUATION, TEXT, BINARY] = [0, 1, 2];

function sequenceOf(limits: Partial<Limits> = {}): MessageSequence {
  return new MessageSequence(resolveLimits(limits), "messages");
}

/** Frames in brief: the opcode's letter (t, b, c) and whether it is final (!). */
function take(sequence: MessageSequence, frames: string): void {
  for (const frame of frames.split(" ").filter((part) => part !== "")) {
    sequence.beginFrame({ t: TEXT, b: BINARY, c: CONTINUATION }[frame.charAt(0)] ?? assert.fail(), 0, false);
    sequence.endFrame(frame.endsWith("!"));
  }
}

describe("the order of data frames (RFC 6455 §5.4)", () => {
  for (const frames of ["", "t!", "b!", "t c!", "b c c c!", "t! b! t c! b c c! t!"]) {
    test(`either role accepts ${frames || "nothing"}`, () => {
      const sequence = sequenceOf();
      take(sequence, frames);
      assert.equal(sequence.inMessage, false);
    });
  }

  const wrong = [
    ["c", "CONTINUATION_UNEXPECTED"],
    ["c!", "CONTINUATION_UNEXPECTED"],
    ["t! c!", "CONTINUATION_UNEXPECTED"],
    ["t c! c!", "CONTINUATION_UNEXPECTED"],
    ["t t", "CONTINUATION_EXPECTED"],
    ["t t!", "CONTINUATION_EXPECTED"],
    ["t b!", "CONTINUATION_EXPECTED"],
    ["b c t!", "CONTINUATION_EXPECTED"],
    ["b! t c c b", "CONTINUATION_EXPECTED"],
  ] as const;
  for (const [frames, code] of wrong) {
    test(`either role fails with 1002 at the last frame of ${frames}`, () => {
      const good = frames.split(" ").slice(0, -1).join(" ");
      take(sequenceOf(), good);
      assert.equal(
        codeOf(() => take(sequenceOf(), frames)),
        code,
      );
      assert.equal(
        closeCodeOf(() => take(sequenceOf(), frames)),
        1002,
      );
    });
  }

  test("either role knows the message's kind from its first frame, and until the next one begins", () => {
    const sequence = sequenceOf();
    take(sequence, "t c");
    assert.deepEqual([sequence.inMessage, sequence.kind], [true, "text"]);
    take(sequence, "c!");
    assert.deepEqual([sequence.inMessage, sequence.kind], [false, "text"]);
    take(sequence, "b");
    assert.deepEqual([sequence.inMessage, sequence.kind], [true, "binary"]);
  });
});

describe("the limits of a message (RFC 6455 §10.4)", () => {
  function begin(sequence: MessageSequence, lengths: readonly number[], opcode = BINARY): void {
    lengths.forEach((length, i) => {
      sequence.beginFrame(i === 0 ? opcode : CONTINUATION, length, false);
      sequence.endFrame(i === lengths.length - 1);
    });
  }

  const cases = [
    [{ maxMessageBytes: 10 }, [10], undefined],
    [{ maxMessageBytes: 10 }, [11], { code: "MESSAGE_TOO_BIG", limit: "maxMessageBytes", max: 10, actual: 11 }],
    [{ maxMessageBytes: 10 }, [4, 6], undefined],
    [{ maxMessageBytes: 10 }, [4, 6, 0, 1], { code: "MESSAGE_TOO_BIG", limit: "maxMessageBytes", max: 10, actual: 11 }],
    [
      { maxMessageBytes: 10 },
      [2 ** 53 - 1],
      { code: "MESSAGE_TOO_BIG", limit: "maxMessageBytes", max: 10, actual: 2 ** 53 - 1 },
    ],
    [{ maxFrameBytes: 5 }, [5, 5, 5], undefined],
    [{ maxFrameBytes: 5 }, [5, 6], { code: "FRAME_TOO_BIG", limit: "maxFrameBytes", max: 5, actual: 6 }],
    [
      { maxFrameBytes: 5, maxMessageBytes: 5 },
      [6],
      { code: "FRAME_TOO_BIG", limit: "maxFrameBytes", max: 5, actual: 6 },
    ],
    [{ maxFragments: 3 }, [1, 1, 1], undefined],
    [{ maxFragments: 3 }, [1, 1, 1, 1], { code: "TOO_MANY_FRAGMENTS", limit: "maxFragments", max: 3, actual: 4 }],
    [{ maxFragments: 3 }, [0, 0, 0, 0], { code: "TOO_MANY_FRAGMENTS", limit: "maxFragments", max: 3, actual: 4 }],
    [{ maxFragments: 1 }, [5], undefined],
    [{ maxFragments: 1 }, [5, 0], { code: "TOO_MANY_FRAGMENTS", limit: "maxFragments", max: 1, actual: 2 }],
    [
      { maxMessageBytes: Number.POSITIVE_INFINITY, maxFragments: Number.POSITIVE_INFINITY },
      [2 ** 53 - 1, 5],
      undefined,
    ],
  ] as const;
  for (const [limits, lengths, expected] of cases) {
    const what = `${JSON.stringify(limits)} and frames of ${lengths.join(", ")} bytes`;
    test(`either role ${expected === undefined ? "accepts" : `fails for ${expected.code} at the last of`} ${what}`, () => {
      if (expected === undefined) {
        begin(sequenceOf(limits), lengths);
        return;
      }
      begin(sequenceOf(limits), lengths.slice(0, -1));
      assert.throws(
        () => begin(sequenceOf(limits), lengths),
        (error) => {
          assert.ok(error instanceof LimitError);
          const { code, limit, max, actual } = error;
          assert.deepEqual({ code, limit, max, actual }, expected);
          assert.equal(error.closeCode, code === "TOO_MANY_FRAGMENTS" ? 1008 : 1009);
          assert.ok(error.message.includes(`${limit} is ${max}, seen ${actual}`), error.message);
          return true;
        },
      );
    });
  }

  test("either role counts every message anew", () => {
    const sequence = sequenceOf({ maxMessageBytes: 10, maxFragments: 2 });
    for (let i = 0; i < 100; i++) begin(sequence, [5, 5], i % 2 === 0 ? TEXT : BINARY);
    assert.equal(sequence.announcedBytes, 10);
  });

  test("either role adds up what the frames of a message announce", () => {
    const sequence = sequenceOf();
    sequence.beginFrame(TEXT, 3, false);
    assert.equal(sequence.announcedBytes, 3);
    sequence.endFrame(false);
    sequence.beginFrame(CONTINUATION, 4, false);
    assert.equal(sequence.announcedBytes, 7);
    sequence.endFrame(true);
    sequence.beginFrame(TEXT, 1, false);
    assert.equal(sequence.announcedBytes, 1);
  });

  test("either role has the defaults of 1 MiB and 16,384 fragments", () => {
    begin(sequenceOf(), [1 << 20]);
    assert.equal(
      codeOf(() => begin(sequenceOf(), [(1 << 20) + 1])),
      "MESSAGE_TOO_BIG",
    );
    const empty = new Array<number>(16_384).fill(0);
    begin(sequenceOf(), empty);
    assert.equal(
      codeOf(() => begin(sequenceOf(), [...empty, 0])),
      "TOO_MANY_FRAGMENTS",
    );
  });
});

describe("compressed messages (RFC 7692 §6)", () => {
  test("either role goes by a message's first frame, whatever it is told of the others", () => {
    const sequence = sequenceOf();
    for (const compressed of [true, false, true, true, false]) {
      sequence.beginFrame(TEXT, 1, compressed);
      assert.equal(sequence.compressed, compressed);
      sequence.endFrame(false);
      for (const said of [!compressed, compressed]) {
        sequence.beginFrame(CONTINUATION, 1, said);
        assert.equal(sequence.compressed, compressed);
        sequence.endFrame(said === compressed);
      }
      assert.equal(sequence.compressed, compressed, "it is known until the next message begins");
    }
  });

  /** What is allowed, what that makes of DEFLATE data: a sixteenth and 64 bytes more. */
  const limits = [
    [1, 65],
    [15, 79],
    [16, 81],
    [160, 234],
    [1 << 20, (1 << 20) + 65_536 + 64],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ] as const;
  for (const [maxMessageBytes, most] of limits) {
    test(`either role takes ${most} bytes of DEFLATE data for a message of ${maxMessageBytes}`, () => {
      const length = Math.min(most, 2 ** 53 - 1);
      const sequence = sequenceOf({ maxMessageBytes });
      sequence.beginFrame(BINARY, length, true);
      sequence.endFrame(true);
      sequence.beginFrame(TEXT, length - 1, true);
      sequence.endFrame(false);
      sequence.beginFrame(CONTINUATION, 1, false);
      assert.equal(sequence.announcedBytes, length);
      sequence.endFrame(false);
      const over = codeOf(() => sequence.beginFrame(CONTINUATION, 1, false));
      assert.equal(over, most === length ? "MESSAGE_TOO_BIG" : "nothing thrown");
    });

    test(`either role takes no more than ${maxMessageBytes} bytes that are not compressed, between others`, () => {
      const sequence = sequenceOf({ maxMessageBytes });
      sequence.beginFrame(BINARY, Math.min(most, 2 ** 53 - 1), true);
      sequence.endFrame(true);
      const over = codeOf(() => sequence.beginFrame(BINARY, Math.min(maxMessageBytes + 1, 2 ** 53 - 1), false));
      assert.equal(over, maxMessageBytes === Number.POSITIVE_INFINITY ? "nothing thrown" : "MESSAGE_TOO_BIG");
    });
  }

  test("either role holds compressed messages to the other limits as they are", () => {
    const small = sequenceOf({ maxFrameBytes: 5 });
    assert.equal(
      codeOf(() => small.beginFrame(TEXT, 6, true)),
      "FRAME_TOO_BIG",
    );
    const few = sequenceOf({ maxFragments: 1 });
    few.beginFrame(TEXT, 1, true);
    few.endFrame(false);
    assert.equal(
      codeOf(() => few.beginFrame(CONTINUATION, 1, false)),
      "TOO_MANY_FRAGMENTS",
    );
  });
});

for (const [name, platform] of PLATFORMS) {
  describe(`the UTF-8 of a text message, with ${name} (RFC 6455 §5.6, §8.1)`, () => {
    /** A message of one piece a fragment; what is known of ASCII is told truly, or not at all. */
    function message(pieces: readonly Uint8Array[], tells: boolean, sequence = sequenceOf(), opcode = TEXT): string {
      return codeOf(() => {
        pieces.forEach((piece, i) => {
          sequence.beginFrame(i === 0 ? opcode : CONTINUATION, piece.length, false);
          const ascii = tells && piece.every((byte) => byte < 0x80);
          sequence.checkPiece(platform, piece, 0, piece.length, ascii);
          sequence.endFrame(i === pieces.length - 1);
        });
      });
    }

    const texts = [
      ["is ASCII", "48 65 6c 6c 6f", "nothing thrown"],
      ["has characters of 2, 3 and 4 bytes", "c3 a9 41 e2 82 ac 42 f0 9f 98 80", "nothing thrown"],
      ["begins with a byte order mark", "ef bb bf 41", "nothing thrown"],
      ["has a bad byte", "48 69 ff", "BAD_UTF8"],
      ["has a surrogate", "48 ed a0 80", "BAD_UTF8"],
      ["has ASCII inside a character", "48 e2 82 69", "BAD_UTF8"],
      ["ends inside a character of 2 bytes", "48 c3", "BAD_UTF8"],
      ["ends inside a character of 4 bytes", "48 f0 9f 98", "BAD_UTF8"],
    ] as const;
    for (const [what, bytes, expected] of texts) {
      test(`either role ${expected === "BAD_UTF8" ? "fails with 1007 when" : "accepts a text that"} it ${what}`, () => {
        forEachSplit(hex(bytes), (pieces) => {
          assert.equal(message(pieces, true), expected);
          assert.equal(message(pieces, false), expected);
          assert.equal(message(pieces, true, undefined, BINARY), "nothing thrown");
        });
      });
    }

    test("either role fails at the piece that makes the text impossible, not at its end", () => {
      const sequence = sequenceOf();
      sequence.beginFrame(TEXT, 100, false);
      sequence.checkPiece(platform, hex("48 e2 82"), 0, 3, false);
      sequence.checkPiece(platform, hex("dd"), 1, 1, true);
      assert.equal(
        codeOf(() => sequence.checkPiece(platform, hex("dd 69 dd"), 1, 2, true)),
        "BAD_UTF8",
      );
    });

    test("either role sees that an empty last fragment leaves a character open", () => {
      for (const pieces of [
        ["e2", "", ""],
        ["", "e2 82", ""],
      ]) {
        assert.equal(message(pieces.map(hex), true), "BAD_UTF8");
      }
      assert.equal(message(["e2", "", "82 ac", ""].map(hex), true), "nothing thrown");
    });

    test("either role begins every text anew, after texts and binary messages", () => {
      const sequence = sequenceOf();
      for (let i = 0; i < 3; i++) {
        assert.equal(message([hex("c3"), hex("a9")], true, sequence), "nothing thrown");
        assert.equal(message([hex("ff c3")], true, sequence, BINARY), "nothing thrown");
        assert.equal(message([hex("41")], true, sequence), "nothing thrown");
      }
    });

    test("either role fails with 1007", () => {
      const sequence = sequenceOf();
      sequence.beginFrame(TEXT, 1, false);
      assert.equal(
        closeCodeOf(() => sequence.checkPiece(platform, hex("ff"), 0, 1, false)),
        1007,
      );
    });
  });
}
