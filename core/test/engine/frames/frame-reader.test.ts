import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtocolError } from "../../../src/engine/errors.ts";
import { FrameReader } from "../../../src/engine/frames/frame-reader.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import {
  closeCodeOf,
  codeOf,
  forEachSplit,
  frameBytes,
  hex,
  joined,
  JUNK,
  pattern,
  portablePlatform,
  ROLES,
  SAMPLE_KEY,
  toHex,
  toRole,
} from "../engine-test-kit.ts";

function readerOf(role: Role, rsvAllowed = 0): FrameReader {
  const reader = new FrameReader(portablePlatform(), role === "server");
  reader.rsvAllowed = rsvAllowed;
  return reader;
}

/** All frames in the chunks: their headers in a line, and their payloads as they came. Every chunk is lent and
 * overwritten after what it brought was read. */
function framesIn(reader: FrameReader, chunks: readonly Uint8Array[]): string[] {
  const frames: string[] = [];
  let pieces: Uint8Array[] = [];
  for (const chunk of chunks) {
    const lent = joined([chunk, hex("dd dd dd")]);
    reader.feed(lent, chunk.length);
    for (;;) {
      if (!reader.inFrame && !reader.readHeader()) break;
      reader.readPayload();
      pieces.push(reader.input.slice(reader.pieceStart, reader.pieceEnd));
      if (reader.inFrame) break;
      frames.push(`${shownHeader(reader)}: ${toHex(joined(pieces))}`);
      pieces = [];
    }
    reader.retain();
    lent.fill(JUNK);
  }
  return frames;
}

function shownHeader({ fin, rsv, opcode, payloadLength }: FrameReader): string {
  return `${fin ? "fin " : ""}rsv ${rsv.toString(16)} opcode ${opcode} length ${payloadLength}`;
}

const GOOD_HEADERS = [
  ["a text frame", "81 02  48 69", "fin rsv 0 opcode 1 length 2: 48 69"],
  ["a binary frame", "82 01  ff", "fin rsv 0 opcode 2 length 1: ff"],
  ["an empty frame", "82 00", "fin rsv 0 opcode 2 length 0: "],
  ["a first fragment", "01 01  48", "rsv 0 opcode 1 length 1: 48"],
  ["a fragment in the middle", "00 01  69", "rsv 0 opcode 0 length 1: 69"],
  ["a last fragment", "80 01  21", "fin rsv 0 opcode 0 length 1: 21"],
  ["a Close frame", "88 02  03 e8", "fin rsv 0 opcode 8 length 2: 03 e8"],
  ["a ping", "89 01  70", "fin rsv 0 opcode 9 length 1: 70"],
  ["a pong", "8a 00", "fin rsv 0 opcode 10 length 0: "],
] as const;

/** What is wrong with a header; the code is the same for both roles. */
const BAD_HEADERS = [
  ["RSV1 is set", "c1 00", "RSV_UNEXPECTED", 1002],
  ["RSV2 is set", "a1 00", "RSV_UNEXPECTED", 1002],
  ["RSV3 is set", "91 00", "RSV_UNEXPECTED", 1002],
  ["all reserved bits are set", "f2 00", "RSV_UNEXPECTED", 1002],
  ["a reserved bit is set in a ping", "c9 00", "RSV_UNEXPECTED", 1002],
  ["a reserved bit is set in a continuation", "c0 00", "RSV_UNEXPECTED", 1002],
  ...[0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf].map(
    (opcode) => [`the opcode is ${opcode}`, `8${opcode.toString(16)} 00`, "OPCODE_RESERVED", 1002] as const,
  ),
  ["the opcode is 3 without FIN", "03 00", "OPCODE_RESERVED", 1002],
  ["a Close frame is a fragment", "08 00", "CONTROL_FRAGMENTED", 1002],
  ["a ping is a fragment", "09 00", "CONTROL_FRAGMENTED", 1002],
  ["a pong is a fragment", "0a 00", "CONTROL_FRAGMENTED", 1002],
  ["a Close frame announces 126 bytes", "88 7e 00 7e", "CONTROL_TOO_LONG", 1002],
  ["a ping announces 126 bytes", "89 7e 00 7e", "CONTROL_TOO_LONG", 1002],
  ["a pong announces 65536 bytes", "8a 7f 00 00 00 00 00 01 00 00", "CONTROL_TOO_LONG", 1002],
  ["a length of 0 takes 16 bits", "82 7e 00 00", "LENGTH_NOT_MINIMAL", 1002],
  ["a length of 125 takes 16 bits", "82 7e 00 7d", "LENGTH_NOT_MINIMAL", 1002],
  ["a length of 0 takes 64 bits", "82 7f 00 00 00 00 00 00 00 00", "LENGTH_NOT_MINIMAL", 1002],
  ["a length of 125 takes 64 bits", "82 7f 00 00 00 00 00 00 00 7d", "LENGTH_NOT_MINIMAL", 1002],
  ["a length of 65535 takes 64 bits", "82 7f 00 00 00 00 00 00 ff ff", "LENGTH_NOT_MINIMAL", 1002],
  ["the length is 2^53", "82 7f 00 20 00 00 00 00 00 00", "LENGTH_TOO_LARGE", 1009],
  ["the length is 2^53 + 1", "82 7f 00 20 00 00 00 00 00 01", "LENGTH_TOO_LARGE", 1009],
  ["the length is 2^62", "82 7f 40 00 00 00 00 00 00 00", "LENGTH_TOO_LARGE", 1009],
  ["the length is 2^63, whose first bit must be 0", "82 7f 80 00 00 00 00 00 00 00", "LENGTH_TOO_LARGE", 1009],
  ["the length is 2^63 + 5", "82 7f 80 00 00 00 00 00 00 05", "LENGTH_TOO_LARGE", 1009],
  ["all bits of the length are set", "82 7f ff ff ff ff ff ff ff ff", "LENGTH_TOO_LARGE", 1009],
  ["the length's high 32 bits are set", "82 7f ff ff ff ff 00 00 00 00", "LENGTH_TOO_LARGE", 1009],
] as const;

const LENGTHS = [
  ["82 00", 0],
  ["82 7c", 124],
  ["82 7d", 125],
  ["8a 7d", 125],
  ["82 7e 00 7e", 126],
  ["82 7e 00 ff", 255],
  ["82 7e 01 00", 256],
  ["82 7e ff ff", 65_535],
  ["82 7f 00 00 00 00 00 01 00 00", 65_536],
  ["82 7f 00 00 00 00 7f ff ff ff", 2 ** 31 - 1],
  ["82 7f 00 00 00 00 80 00 00 00", 2 ** 31],
  ["82 7f 00 00 00 00 ff ff ff ff", 2 ** 32 - 1],
  ["82 7f 00 00 00 01 00 00 00 00", 2 ** 32],
  ["82 7f 00 00 00 01 00 00 00 05", 2 ** 32 + 5],
  ["82 7f 00 1f ff ff ff ff ff ff", 2 ** 53 - 1],
] as const;

/** Feed chunks and ask for the header after each. */
function readHeaderOf(reader: FrameReader, chunks: readonly Uint8Array[]): boolean {
  let read = false;
  for (const chunk of chunks) {
    assert.equal(read, false, "a header was read before it was complete");
    reader.feed(chunk, chunk.length);
    read = reader.readHeader();
    if (!read) reader.retain();
  }
  return read;
}

for (const role of ROLES) {
  describe(`frames that a ${role} reads (RFC 6455 §5.2)`, () => {
    for (const [what, bytes, expected] of GOOD_HEADERS) {
      test(`a ${role} reads ${what}, however it is cut`, () => {
        forEachSplit(toRole(role, bytes), (chunks) => assert.deepEqual(framesIn(readerOf(role), chunks), [expected]));
      });
    }

    test(`a ${role} reads frames one behind the other, however they are cut`, () => {
      const frames = GOOD_HEADERS.map(([, bytes]) => bytes);
      const expected = GOOD_HEADERS.map(([, , header]) => header);
      forEachSplit(toRole(role, ...frames), (chunks) => {
        assert.deepEqual(framesIn(readerOf(role), chunks), expected);
      });
    });

    for (const [bytes, length] of LENGTHS) {
      test(`a ${role} reads the length ${length} without losing a bit, and allocates nothing for it`, () => {
        forEachSplit(toRole(role, bytes), (chunks) => {
          const platform = portablePlatform();
          const reader = new FrameReader(platform, role === "server");
          assert.equal(readHeaderOf(reader, chunks), true);
          assert.equal(reader.payloadLength, length);
          assert.ok(
            platform.sizes.every((size) => size <= 14),
            `allocated ${platform.sizes}`,
          );
        });
      });
    }

    for (const [what, bytes, code, closeCode] of BAD_HEADERS) {
      test(`a ${role} fails with ${closeCode} when ${what}, and allocates nothing for it`, () => {
        forEachSplit(toRole(role, bytes), (chunks) => {
          const platform = portablePlatform();
          const reader = new FrameReader(platform, role === "server");
          assert.equal(
            codeOf(() => readHeaderOf(reader, chunks)),
            code,
          );
          assert.ok(
            platform.sizes.every((size) => size <= 14),
            `allocated ${platform.sizes}`,
          );
        });
        const reader = readerOf(role);
        assert.equal(
          closeCodeOf(() => readHeaderOf(reader, [toRole(role, bytes)])),
          closeCode,
        );
      });
    }

    test(`a ${role} says what it saw`, () => {
      for (const [bytes, seen] of [
        ["d1 00", ": bits 5"],
        ["8b 00", ": 0xb"],
        ["0a 00", ": opcode 0xa"],
        ["82 7e 00 7d", ": 125 in 16 bits"],
        ["82 7f 00 00 00 00 00 00 ff ff", ": 65535 in 64 bits"],
      ] as const) {
        assert.throws(
          () => readHeaderOf(readerOf(role), [toRole(role, bytes)]),
          (error) => error instanceof ProtocolError && error.message.endsWith(seen),
          bytes,
        );
      }
    });

    test(`a ${role} sees the faults of the first two bytes without waiting for the rest of the header`, () => {
      for (const [, bytes, code] of BAD_HEADERS.filter(([, , code]) => !code.startsWith("LENGTH"))) {
        const two = toRole(role, bytes).slice(0, 2);
        assert.equal(
          codeOf(() => readHeaderOf(readerOf(role), [two])),
          code,
          bytes,
        );
        assert.equal(readHeaderOf(readerOf(role), [two.slice(0, 1)]), false);
      }
    });

    test(`a ${role} reads no header before its last byte, and takes none of it`, () => {
      const whole = toRole(role, "82 7f 00 00 00 00 00 01 00 00");
      for (let length = 0; length < whole.length; length++) {
        const reader = readerOf(role);
        reader.feed(whole.slice(0, length), length);
        assert.equal(reader.readHeader(), false);
        assert.equal(reader.inFrame, false);
        assert.equal(reader.empty, length === 0);
        reader.feed(whole.slice(length), whole.length - length);
        assert.equal(reader.readHeader(), true);
        assert.equal(reader.payloadLength, 65_536);
        assert.equal(reader.inFrame, true);
        assert.equal(reader.empty, false);
      }
    });

    test(`a ${role} accepts the reserved bits that extensions gave a meaning, and no others`, () => {
      for (const allowed of [0x00, 0x10, 0x20, 0x40, 0x50, 0x70]) {
        for (const set of [0x00, 0x10, 0x20, 0x40, 0x30, 0x70]) {
          const bytes = toRole(role, frameBytes({ rsv: set >> 4, opcode: 2, payload: "x" }));
          forEachSplit(bytes, (chunks) => {
            const reader = readerOf(role, allowed);
            if ((set & ~allowed) !== 0) {
              assert.equal(
                codeOf(() => readHeaderOf(reader, chunks)),
                "RSV_UNEXPECTED",
              );
            } else {
              assert.deepEqual(framesIn(reader, chunks), [`fin rsv ${set.toString(16)} opcode 2 length 1: 78`]);
            }
          });
        }
      }
    });

    test(`a ${role} accepts them in a message's first frame alone (RFC 7692 §6)`, () => {
      for (const set of [0x10, 0x20, 0x40, 0x50, 0x70]) {
        for (const opcode of [0, 1, 2, 8, 9, 10]) {
          for (const fin of opcode >= 8 ? [true] : [true, false]) {
            forEachSplit(toRole(role, frameBytes({ fin, rsv: set >> 4, opcode, payload: "x" })), (chunks) => {
              const reader = readerOf(role, 0x70);
              if (opcode === 1 || opcode === 2) {
                const seen = `${fin ? "fin " : ""}rsv ${set.toString(16)} opcode ${opcode} length 1: 78`;
                assert.deepEqual(framesIn(reader, chunks), [seen]);
              } else {
                assert.equal(
                  codeOf(() => readHeaderOf(reader, chunks)),
                  "RSV_UNEXPECTED",
                );
              }
            });
          }
        }
      }
    });

    test(`a ${role} may be given another meaning of the reserved bits between two frames`, () => {
      const reader = readerOf(role, 0x40);
      const compressed = toRole(role, "c1 01  78");
      assert.deepEqual(framesIn(reader, [compressed.slice()]), ["fin rsv 40 opcode 1 length 1: 78"]);
      reader.rsvAllowed = 0;
      assert.equal(
        codeOf(() => framesIn(reader, [compressed.slice()])),
        "RSV_UNEXPECTED",
      );
    });

    test(`a ${role} reads only as many bytes of an array as it is told`, () => {
      const frame = toRole(role, "81 02  48 69");
      const reader = readerOf(role);
      reader.feed(joined([frame, hex("ff ff ff")]), frame.length);
      assert.deepEqual([reader.readHeader(), reader.readPayload() !== undefined], [true, true]);
      assert.equal(reader.readHeader(), false);
      assert.equal(reader.empty, true);
    });

    test(`a ${role} says how much of a payload has come, and whether the rest is there`, () => {
      const bytes = toRole(role, frameBytes({ opcode: 2, payload: pattern(10) }));
      const headerEnd = bytes.length - 10;
      const reader = readerOf(role);
      reader.feed(bytes.slice(0, headerEnd), headerEnd);
      assert.equal(reader.readHeader(), true);
      assert.deepEqual([reader.payloadRead, reader.payloadArrived], [0, false]);
      reader.readPayload();
      assert.deepEqual([reader.pieceEnd - reader.pieceStart, reader.payloadRead], [0, 0]);
      reader.feed(bytes.slice(headerEnd, headerEnd + 7), 7);
      assert.equal(reader.payloadArrived, false);
      reader.readPayload();
      assert.deepEqual([reader.payloadRead, reader.inFrame], [7, true]);
      reader.feed(bytes.slice(headerEnd + 7), 3);
      assert.equal(reader.payloadArrived, true);
      reader.readPayload();
      assert.deepEqual([reader.payloadRead, reader.inFrame], [10, false]);
    });

    test(`a ${role} joins bytes that come before the ones before them were read`, () => {
      const bytes = toRole(role, "81 02  48 69", "89 01  70", "82 03  01 02 03");
      for (let first = 0; first <= bytes.length; first++) {
        for (let second = first; second <= bytes.length; second++) {
          const reader = readerOf(role);
          reader.feed(joined([bytes.slice(0, first), hex("dd")]), first);
          reader.feed(joined([bytes.slice(first, second), hex("dd")]), second - first);
          reader.retain();
          const rest = bytes.slice(second);
          assert.deepEqual(framesIn(reader, [rest]), [
            "fin rsv 0 opcode 1 length 2: 48 69",
            "fin rsv 0 opcode 9 length 1: 70",
            "fin rsv 0 opcode 2 length 3: 01 02 03",
          ]);
        }
      }
    });

    test(`a ${role} joins bytes that come when only some of those before them were read`, () => {
      const bytes = toRole(role, "81 02  48 69", "82 03  01 02 03", "89 01  70");
      const firstEnd = bytes.length - (role === "server" ? 9 + 7 : 5 + 3);
      for (let end = firstEnd + 1; end <= bytes.length; end++) {
        const reader = readerOf(role);
        reader.feed(bytes.slice(0, end), end);
        assert.equal(reader.readHeader(), true);
        reader.readPayload();
        assert.deepEqual(framesIn(reader, [bytes.slice(end)]), [
          "fin rsv 0 opcode 2 length 3: 01 02 03",
          "fin rsv 0 opcode 9 length 1: 70",
        ]);
      }
    });

    test(`a ${role} keeps at most the 13 bytes of an incomplete header, and nothing of the array lent to it`, () => {
      const frames = toRole(role, frameBytes({ opcode: 2, payload: pattern(126) }), "82 7f 00 00 00 00 00 01 00 00");
      forEachSplit(frames, (chunks) => {
        const platform = portablePlatform();
        const reader = new FrameReader(platform, role === "server");
        for (const chunk of chunks) {
          framesIn(reader, [chunk]);
          assert.ok(reader.input.length <= 13, `keeps ${reader.input.length}`);
          assert.notEqual(reader.input.buffer, chunk.buffer);
        }
      });
      const reader = readerOf(role);
      reader.feed(frames, frames.length);
      assert.equal(reader.readHeader(), true);
      reader.readPayload();
      assert.equal(reader.readHeader(), true);
      reader.retain();
      assert.equal(reader.input.length, 0);
    });
  });
}

describe("masking of the frames that are read (RFC 6455 §5.1, §5.3)", () => {
  test("a server reads the RFC's masked sample", () => {
    forEachSplit(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), (chunks) => {
      assert.deepEqual(framesIn(readerOf("server"), chunks), ["fin rsv 0 opcode 1 length 5: 48 65 6c 6c 6f"]); // "Hello"
    });
  });

  test("a client reads the RFC's unmasked samples", () => {
    forEachSplit(hex("01 03 48 65 6c  80 02 6c 6f"), (chunks) => {
      assert.deepEqual(framesIn(readerOf("client"), chunks), [
        "rsv 0 opcode 1 length 3: 48 65 6c",
        "fin rsv 0 opcode 0 length 2: 6c 6f",
      ]);
    });
  });

  test("a server fails with 1002 when the MASK bit is clear", () => {
    for (const bytes of ["81 02 48 69", "82 7e 00 7e", "88 00", "89 00", "80 00"]) {
      assert.equal(
        codeOf(() => readHeaderOf(readerOf("server"), [hex(bytes)])),
        "MASK_MISSING",
      );
      assert.equal(
        closeCodeOf(() => readHeaderOf(readerOf("server"), [hex(bytes)])),
        1002,
      );
    }
  });

  test("a client fails with 1002 when the MASK bit is set, even with a key of 0", () => {
    for (const bytes of ["81 82 00 00 00 00 48 69", "82 fe 00 7e", "88 80", "89 80 00 00 00 00", "80 80"]) {
      assert.equal(
        codeOf(() => readHeaderOf(readerOf("client"), [hex(bytes)])),
        "MASK_UNEXPECTED",
      );
      assert.equal(
        closeCodeOf(() => readHeaderOf(readerOf("client"), [hex(bytes)])),
        1002,
      );
    }
  });

  test("a server unmasks with any key, for payloads of any length, cut anywhere", () => {
    for (const key of [SAMPLE_KEY, 0, -1, 0x80000000 | 0, 0x01020304]) {
      for (const length of [1, 2, 3, 4, 5, 23, 24, 25, 80, 126]) {
        const payload = pattern(length);
        forEachSplit(frameBytes({ opcode: 2, key, payload }), (chunks) => {
          assert.deepEqual(framesIn(readerOf("server"), chunks), [
            `fin rsv 0 opcode 2 length ${length}: ${toHex(payload)}`,
          ]);
        });
      }
    }
  });

  test("a server tells the key of a masked frame, a client 0", () => {
    const server = readerOf("server");
    server.feed(hex("81 80 de ad be ef"), 6);
    server.readHeader();
    assert.equal(server.maskingKey >>> 0, 0xdeadbeef);
    const client = readerOf("client");
    client.feed(hex("81 00"), 2);
    client.readHeader();
    assert.equal(client.maskingKey, 0);
  });

  test("a server says that a piece is ASCII only when it is, and a client never does", () => {
    for (const platform of [portablePlatform(), nodePlatform]) {
      for (const [text, ascii] of [
        ["Hello", true],
        ["Héllo", false],
        ["x".repeat(99), true],
        [`${"x".repeat(99)}€`, false],
      ] as const) {
        const server = new FrameReader(platform, true);
        const masked = frameBytes({ opcode: 1, key: SAMPLE_KEY, payload: text });
        server.feed(masked, masked.length);
        server.readHeader();
        assert.equal((server.readPayload() & 0x80808080) === 0, ascii, text);
        const client = new FrameReader(platform, false);
        const plain = frameBytes({ opcode: 1, payload: text });
        client.feed(plain, plain.length);
        client.readHeader();
        assert.notEqual(client.readPayload() & 0x80808080, 0, text);
      }
    }
  });
});
