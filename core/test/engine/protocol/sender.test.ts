import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Output } from "../../../src/engine/bytes/output.ts";
import type { Platform } from "../../../src/engine/bytes/platform.ts";
import { Scratch } from "../../../src/engine/bytes/scratch.ts";
import { Slab } from "../../../src/engine/bytes/slab.ts";
import { firstByte, RSV1 } from "../../../src/engine/frames/frame-writer.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import { Sender } from "../../../src/engine/protocol/sender.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import {
  chanceOf,
  frameBytes,
  framesFrom,
  hex,
  joined,
  pattern,
  portablePlatform,
  ROLES,
  SAMPLE_KEY,
  toHex,
  utf8,
} from "../engine-test-kit.ts";

/** Up to so many bytes a payload is copied behind its header. */
const COPY_UP_TO = 16_384;
const PLATFORMS = [
  ["portable code", portablePlatform],
  ["Node's platform", (): Platform => ({ ...nodePlatform, maskingKey: () => SAMPLE_KEY })],
] as const;
const TEXT = firstByte(true, 0, 1);
const BINARY = firstByte(true, 0, 2);
const COMPRESSED = firstByte(true, RSV1, 2);

function senderOf(role: Role, platform: Platform, slabBytes = 1_024): { sender: Sender; output: Output; slab: Slab } {
  const slab = new Slab(platform, slabBytes);
  return { sender: new Sender(platform, role === "client", Number.POSITIVE_INFINITY), output: new Output(slab), slab };
}

/** The one frame that is expected, header and all, by the tests' own code. */
function frameOf(role: Role, opcode: number, payload: Uint8Array | string): Uint8Array {
  return frameBytes({ opcode, payload, key: role === "client" ? SAMPLE_KEY : undefined });
}

const TEXTS = [
  ["nothing", ""],
  ["ASCII", "Hello"],
  ["a byte order mark", "\ufeffA"],
  ["characters of 2, 3 and 4 bytes", "é€👋"],
  ["NUL", "a\0b"],
  ["125 bytes", "a".repeat(125)],
  ["126 bytes", "a".repeat(126)],
  ["60 é, whose header stays as short as that of 60 bytes", "é".repeat(60)],
  ["63 é, whose header is longer than that of 63 bytes", "é".repeat(63)],
  ["42 €, 126 bytes", "€".repeat(42)],
  ["125 €, 375 bytes", "€".repeat(125)],
  ["126 €, whose header is as long as that of 126 bytes", "€".repeat(126)],
  ["the longest that is surely copied", "€".repeat(5_461)],
  ["the shortest that may not be", "a".repeat(5_462)],
  ["65535 bytes", "a".repeat(65_535)],
  ["65536 bytes", "a".repeat(65_536)],
  ["40000 €, whose header is longer than that of 40000 bytes", "€".repeat(40_000)],
] as const;

const SURROGATES = [
  ["a high surrogate alone", "\ud83d", "ef bf bd"],
  ["a low surrogate alone", "\udc4b", "ef bf bd"],
  ["a pair the wrong way round", "\udc4b\ud83d", "ef bf bd ef bf bd"],
  ["a high surrogate before a pair", "\ud83d\ud83d\udc4b", "ef bf bd f0 9f 91 8b"],
  ["a high surrogate at the end", "a\ud83d", "61 ef bf bd"],
] as const;

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, COPY_UP_TO, COPY_UP_TO + 1, 100_000] as const;

for (const role of ROLES) {
  for (const [platformName, platformOf] of PLATFORMS) {
    describe(`what a ${role} sends, with ${platformName} (RFC 6455 §5.2, §5.3, §5.6)`, () => {
      for (const [what, text] of TEXTS) {
        test(`a ${role} sends a text of ${what} in one frame`, () => {
          const { sender, output } = senderOf(role, platformOf());
          sender.sendText(output, text);
          assert.equal(Buffer.compare(joined(output.take()), frameOf(role, 1, text)), 0);
        });
      }

      for (const [what, text, bytes] of SURROGATES) {
        test(`a ${role} sends U+FFFD for ${what}`, () => {
          for (const padding of ["", "a".repeat(6_000)]) {
            const { sender, output } = senderOf(role, platformOf());
            sender.sendText(output, padding + text);
            const expected = frameOf(role, 1, joined([utf8(padding), hex(bytes)]));
            assert.equal(Buffer.compare(joined(output.take()), expected), 0);
          }
        });
      }

      for (const length of LENGTHS) {
        test(`a ${role} sends ${length} bytes in one frame, and leaves the caller's own as they are`, () => {
          const { sender, output } = senderOf(role, platformOf());
          const payload = joined([hex("ff"), pattern(length), hex("ff")]).subarray(1, 1 + length);
          sender.sendFrame(output, BINARY, payload);
          assert.equal(Buffer.compare(joined(output.take()), frameOf(role, 2, pattern(length))), 0);
          assert.equal(Buffer.compare(payload, pattern(length)), 0);
        });
      }

      for (const length of LENGTHS) {
        test(`a ${role} sends ${length} bytes that are lent, as they are when it is told to (RFC 7692 §6.1)`, () => {
          const { sender, output } = senderOf(role, platformOf());
          const lent = joined([hex("ff ff ff"), pattern(length), hex("ff")]);
          sender.sendLent(output, COMPRESSED, lent, 3, 3 + length);
          assert.equal(toHex(lent.subarray(0, 3)), "ff ff ff");
          assert.equal(Buffer.compare(lent.subarray(3), joined([pattern(length), hex("ff")])), 0, "nothing is masked");
          lent.fill(0);
          const whole = pattern(length);
          sender.sendLent(output, BINARY, whole, 0, length);
          whole.fill(0);
          const key = role === "client" ? SAMPLE_KEY : undefined;
          const expected = [
            frameBytes({ rsv: 4, opcode: 2, payload: pattern(length), key }),
            frameOf(role, 2, pattern(length)),
          ];
          assert.equal(Buffer.compare(joined(output.take()), joined(expected)), 0);
        });
      }

      test(`a ${role} sends a little of much that is lent`, () => {
        const { sender, output } = senderOf(role, platformOf());
        sender.sendLent(output, COMPRESSED, pattern(100_000), 0, 3);
        sender.sendLent(output, BINARY, pattern(100_000), 2, 3);
        const key = role === "client" ? SAMPLE_KEY : undefined;
        const expected = [
          frameBytes({ rsv: 4, opcode: 2, payload: hex("00 01 02"), key }),
          frameOf(role, 2, hex("02")),
        ];
        assert.equal(toHex(joined(output.take())), toHex(joined(expected)));
      });

      test(`a ${role} sends texts and bytes of all sizes one after the other`, () => {
        const { sender, output } = senderOf(role, platformOf());
        const expected: Uint8Array[] = [];
        for (const length of LENGTHS) {
          sender.sendFrame(output, BINARY, pattern(length));
          sender.sendText(output, "é".repeat(length >>> 1));
          expected.push(frameOf(role, 2, pattern(length)), frameOf(role, 1, "é".repeat(length >>> 1)));
        }
        assert.equal(Buffer.compare(joined(output.take()), joined(expected)), 0);
      });

      test(`a ${role} sends what was given, for random texts and bytes on blocks of any size`, (context) => {
        const chance = chanceOf(context);
        for (let round = 0; round < 100; round++) {
          const { sender, output } = senderOf(role, platformOf(), 1 + chance.below(3_000));
          const expected: Uint8Array[] = [];
          for (let i = 0; i < 20; i++) {
            const length = chance.of([chance.below(130), chance.below(400), chance.below(20_000)]);
            if (chance.below(2) === 0) {
              const bytes = chance.bytes(length);
              sender.sendFrame(output, BINARY, bytes);
              expected.push(frameOf(role, 2, bytes));
            } else {
              const text = chance.of(["a", "é", "€", "👋", "\ud800"]).repeat(length >>> 1);
              sender.sendText(output, text);
              expected.push(frameOf(role, 1, text));
            }
            if (chance.below(5) > 0) continue;
            assert.equal(Buffer.compare(joined(output.take()), joined(expected.splice(0))), 0);
          }
        }
      });
    });
  }

  describe(`memory that a ${role} sends from (RFC 6455 §5.3)`, () => {
    test(`a ${role} copies what is small behind its header, so that one array holds many frames`, () => {
      const { sender, output } = senderOf(role, portablePlatform(), 40_000);
      const small = pattern(100);
      sender.sendFrame(output, BINARY, small);
      sender.sendText(output, "text");
      sender.sendFrame(output, BINARY, pattern(COPY_UP_TO));
      small.fill(0);
      const chunks = output.take();
      assert.equal(chunks.length, 1);
      assert.equal(
        Buffer.compare(
          chunks[0] ?? hex(""),
          joined([frameOf(role, 2, pattern(100)), frameOf(role, 1, "text"), frameOf(role, 2, pattern(COPY_UP_TO))]),
        ),
        0,
      );
    });

    test(`a ${role} leaves nothing behind a frame that it did not write`, () => {
      const { sender, output } = senderOf(role, portablePlatform());
      sender.sendText(output, "é€👋");
      sender.sendFrame(output, BINARY, pattern(3));
      assert.equal(output.byteLength, frameOf(role, 1, "é€👋").length + frameOf(role, 2, pattern(3)).length);
    });

    test(`a ${role} that cannot copy leaves no header behind`, () => {
      const platform = {
        ...portablePlatform(),
        allocate(size: number): Uint8Array {
          if (size > 20_000) throw new RangeError("out of memory");
          return new Uint8Array(size);
        },
        copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
          if (end - start > 20_000) throw new RangeError("out of memory");
          return bytes.slice(start, end);
        },
      };
      const { sender, output } = senderOf(role, platform);
      if (role === "client") assert.throws(() => sender.sendFrame(output, BINARY, pattern(20_001)), RangeError);
      assert.throws(() => sender.sendLent(output, COMPRESSED, pattern(20_010), 1, 20_002), RangeError);
      assert.throws(() => sender.sendText(output, "€".repeat(20_000)), RangeError);
      sender.sendText(output, "Hi");
      assert.equal(toHex(joined(output.take())), toHex(frameOf(role, 1, "Hi")));
    });
  });

  describe(`frames that a ${role} sends exactly as they are (RFC 6455 §5.2)`, () => {
    const cases = [
      ["all reserved bits", { fin: true, rsv1: true, rsv2: true, rsv3: true, opcode: 15 }, "ff 02 48 69"],
      ["RSV1", { fin: false, rsv1: true, rsv2: false, rsv3: false, opcode: 1 }, "41 02 48 69"],
      ["RSV2", { fin: false, rsv1: false, rsv2: true, rsv3: false, opcode: 2 }, "22 02 48 69"],
      ["RSV3", { fin: true, rsv1: false, rsv2: false, rsv3: true, opcode: 0 }, "90 02 48 69"],
      ["a fragmented ping", { fin: false, rsv1: false, rsv2: false, rsv3: false, opcode: 9 }, "09 02 48 69"],
    ] as const;
    for (const [what, fields, expected] of cases) {
      test(`a ${role} sends a frame with ${what}, unmasked when it has no key`, () => {
        const { sender, output } = senderOf(role, portablePlatform());
        sender.sendRaw(output, { ...fields, maskingKey: undefined, payload: utf8("Hi") });
        assert.equal(toHex(joined(output.take())), expected);
      });
    }

    test(`a ${role} masks a frame with the key that it has, 0 too, and leaves the caller's payload as it is`, () => {
      const fields = { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 2 };
      for (const key of [0, 0x01020304, -1, 0xdeadbeef, 0x80000000 | 0]) {
        for (const length of [0, 5, 126, COPY_UP_TO + 1]) {
          const { sender, output } = senderOf(role, portablePlatform());
          const payload = pattern(length);
          sender.sendRaw(output, { ...fields, maskingKey: key, payload });
          const expected = frameBytes({ opcode: 2, key, payload: pattern(length) });
          assert.equal(toHex(joined(output.take())), toHex(expected));
          assert.equal(toHex(payload), toHex(pattern(length)));
        }
      }
    });

    test(`a ${role} sends control frames that are too long`, () => {
      const { sender, output } = senderOf(role, portablePlatform());
      const fields = { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 9 };
      sender.sendRaw(output, { ...fields, maskingKey: undefined, payload: pattern(126) });
      assert.equal(toHex(joined(output.take())), toHex(frameBytes({ opcode: 9, payload: pattern(126) })));
    });
  });
}

describe("masking of what is sent (RFC 6455 §5.1, §5.3)", () => {
  test("a client masks each frame with a key of its own", () => {
    const keys = [0x01020304, 0, -1, 0x80000001 | 0];
    const { sender, output } = senderOf("client", portablePlatform(keys));
    sender.sendText(output, "Hi");
    sender.sendFrame(output, BINARY, pattern(COPY_UP_TO + 1));
    sender.sendText(output, "€".repeat(10_000));
    sender.sendFrame(output, TEXT, utf8("Hi"));
    const frames = framesFrom("client", joined(output.take()), keys);
    assert.deepEqual(
      frames.map((frame) => frame.slice(0, 5)),
      ["81 48", "82 00", "81 e2", "81 48"],
    );
  });

  test("a client sends the RFC's masked sample", () => {
    const { sender, output } = senderOf("client", portablePlatform());
    sender.sendText(output, "Hello");
    assert.equal(toHex(joined(output.take())), "81 85 37 fa 21 3d 7f 9f 4d 51 58");
  });

  test("a server sends the RFC's unmasked sample, and asks for no key", () => {
    const platform = { ...portablePlatform(), maskingKey: (): number => assert.fail("a server has no use for a key") };
    const { sender, output } = senderOf("server", platform);
    sender.sendText(output, "Hello");
    sender.sendFrame(output, BINARY, pattern(COPY_UP_TO + 1));
    sender.sendText(output, "€".repeat(10_000));
    assert.equal(toHex(joined(output.take()).subarray(0, 7)), "81 05 48 65 6c 6c 6f");
  });

  test("a server sends a large payload without copying it", () => {
    const { sender, output } = senderOf("server", portablePlatform());
    const large = pattern(COPY_UP_TO + 1);
    sender.sendFrame(output, BINARY, large);
    assert.equal(output.take()[1], large);
  });

  test("a client never sends a large payload in the caller's own array", () => {
    const { sender, output } = senderOf("client", portablePlatform());
    const large = pattern(COPY_UP_TO + 1);
    sender.sendFrame(output, BINARY, large);
    sender.sendLent(output, COMPRESSED, large, 0, large.length);
    for (const chunk of output.take()) assert.notEqual(chunk.buffer, large.buffer);
  });
});

for (const role of ROLES) {
  describe(`a ${role}'s copies of large payloads`, () => {
    test("are made in the same memory, once what was sent is given back", () => {
      const platform = portablePlatform();
      const scratch = new Scratch(platform);
      const sender = new Sender(platform, role === "client", Number.POSITIVE_INFINITY, scratch);
      const output = new Output(new Slab(platform, 1_024));
      const large = "x".repeat(20_000);
      for (const text of [large, "y".repeat(19_999), large]) {
        sender.sendText(output, text);
        const chunks = output.take();
        assert.deepEqual(joined(chunks), frameOf(role, 1, text));
        for (const chunk of chunks) scratch.reclaim(chunk);
      }
      assert.equal(platform.sizes.filter((size) => size > COPY_UP_TO).length, 1);
    });

    test("are apart while one of them waits to be sent", () => {
      const platform = portablePlatform();
      const sender = new Sender(platform, role === "client", Number.POSITIVE_INFINITY, new Scratch(platform));
      const output = new Output(new Slab(platform, 1_024));
      const [one, two] = ["x".repeat(20_000), "y".repeat(20_000)];
      sender.sendText(output, one);
      sender.sendLent(output, BINARY, utf8(`${two}z`), 0, 20_000);
      assert.deepEqual(joined(output.take()), joined([frameOf(role, 1, one), frameOf(role, 2, two)]));
    });
  });
}
