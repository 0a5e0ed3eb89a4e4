import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FrameReader } from "../../../src/engine/frames/frame-reader.ts";
import { firstByte, headerLength, MAX_HEADER_BYTES, writeHeader } from "../../../src/engine/frames/frame-writer.ts";
import { hex, JUNK, portablePlatform, SAMPLE_KEY, toHex } from "../engine-test-kit.ts";

describe("a header's first byte (RFC 6455 §5.2)", () => {
  test("either role sets FIN, RSV1 to RSV3 and the opcode", () => {
    for (let byte = 0; byte < 256; byte++) {
      assert.equal(firstByte(byte >= 0x80, byte & 0x70, byte & 0x0f), byte);
    }
  });
});

/** Payload lengths and how they are encoded, from MASK and the 7-bit field on. */
const LENGTHS = [
  [0, "00"],
  [1, "01"],
  [125, "7d"],
  [126, "7e 00 7e"],
  [127, "7e 00 7f"],
  [255, "7e 00 ff"],
  [256, "7e 01 00"],
  [65_535, "7e ff ff"],
  [65_536, "7f 00 00 00 00 00 01 00 00"],
  [1 << 20, "7f 00 00 00 00 00 10 00 00"],
  [2 ** 31 - 1, "7f 00 00 00 00 7f ff ff ff"],
  [2 ** 31, "7f 00 00 00 00 80 00 00 00"],
  [2 ** 32 - 1, "7f 00 00 00 00 ff ff ff ff"],
  [2 ** 32, "7f 00 00 00 01 00 00 00 00"],
  [2 ** 32 + 5, "7f 00 00 00 01 00 00 00 05"],
  [2 ** 53 - 1, "7f 00 1f ff ff ff ff ff ff"],
] as const;

describe("a header that is sent (RFC 6455 §5.2)", () => {
  for (const [length, field] of LENGTHS) {
    test(`a server encodes a payload length of ${length} in the fewest bytes`, () => {
      checkHeader(length, undefined, `82 ${field}`);
    });

    test(`a client encodes a payload length of ${length} in the fewest bytes, and the key behind it`, () => {
      const masked = hex(field);
      masked[0] = (masked[0] ?? 0) | 0x80;
      checkHeader(length, SAMPLE_KEY, `82 ${toHex(masked)} 37 fa 21 3d`);
      checkHeader(length, 0, `82 ${toHex(masked)} 00 00 00 00`);
      checkHeader(length, -1, `82 ${toHex(masked)} ff ff ff ff`);
      checkHeader(length, 0x80000000 | 0, `82 ${toHex(masked)} 80 00 00 00`);
      checkHeader(length, 0xdeadbeef, `82 ${toHex(masked)} de ad be ef`);
    });
  }

  function checkHeader(length: number, key: number | undefined, expected: string): void {
    const target = new Uint8Array(MAX_HEADER_BYTES + 6).fill(JUNK);
    const end = writeHeader(target, 3, 0x82, length, key);
    assert.equal(toHex(target.subarray(3, end)), expected);
    assert.equal(end - 3, headerLength(length, key !== undefined));
    assert.ok(end - 3 <= MAX_HEADER_BYTES);
    assert.ok(
      target.subarray(0, 3).every((byte) => byte === JUNK) && target.subarray(end).every((byte) => byte === JUNK),
    );
  }

  test("the longest header is that of a masked frame with a 64-bit length", () => {
    assert.equal(headerLength(2 ** 53 - 1, true), MAX_HEADER_BYTES);
  });

  test("either role reads back the header it wrote, for every first byte and length that it may receive", () => {
    for (const [length] of LENGTHS) {
      for (const first of [0x01, 0x02, 0x00, 0x81, 0x82, 0x80]) {
        for (const key of [undefined, SAMPLE_KEY, -2]) {
          const bytes = new Uint8Array(MAX_HEADER_BYTES);
          const end = writeHeader(bytes, 0, first, length, key);
          const reader = new FrameReader(portablePlatform(), key !== undefined);
          reader.feed(bytes, end);
          assert.ok(reader.readHeader());
          assert.deepEqual(
            [reader.fin, reader.opcode, reader.payloadLength, reader.maskingKey],
            [first >= 0x80, first & 0x0f, length, key ?? 0],
          );
        }
      }
    }
  });
});
