import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeFrame } from "../../../src/engine/frames/encode-frame.ts";
import { FrameReader } from "../../../src/engine/frames/frame-reader.ts";
import { frameBytes, joined, pattern, portablePlatform, toHex, utf8 } from "../engine-test-kit.ts";

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] as const;

describe("a message that is encoded once for many clients (RFC 6455 §5.2, RFC 7692 §6)", () => {
  const samples = [
    ["text", "Hello", false, "81 05 48 65 6c 6c 6f"],
    ["text", "Hello", true, "c1 05 48 65 6c 6c 6f"],
    ["binary", "Hello", false, "82 05 48 65 6c 6c 6f"],
    ["binary", "Hello", true, "c2 05 48 65 6c 6c 6f"],
    ["text", "", true, "c1 00"],
  ] as const;
  for (const [kind, payload, compressed, expected] of samples) {
    test(`a server's ${kind} of ${payload.length} bytes${compressed ? ", compressed" : ""}, is ${expected}`, () => {
      assert.equal(toHex(encodeFrame(portablePlatform(), kind, utf8(payload), compressed)), expected);
    });
  }

  for (const length of LENGTHS) {
    test(`a server's frame of ${length} bytes has the fewest bytes of length, no mask, and nothing behind it`, () => {
      for (const [kind, opcode] of [
        ["text", 1],
        ["binary", 2],
      ] as const) {
        for (const compressed of [false, true]) {
          const frame = encodeFrame(portablePlatform(), kind, pattern(length), compressed);
          const expected = frameBytes({ rsv: compressed ? 4 : 0, opcode, payload: pattern(length) });
          assert.equal(Buffer.compare(frame, expected), 0);
          assert.equal(frame.length, frame.buffer.byteLength, "the array is the frame's alone");
        }
      }
    });
  }

  test("the payload is copied and stays as it was", () => {
    const around = joined([utf8("before"), pattern(300), utf8("behind")]);
    const payload = around.subarray(6, 306);
    const frame = encodeFrame(portablePlatform(), "binary", payload, false);
    assert.equal(toHex(around), toHex(joined([utf8("before"), pattern(300), utf8("behind")])));
    payload.fill(0);
    assert.equal(toHex(frame), toHex(frameBytes({ opcode: 2, payload: pattern(300) })));
  });

  test("a client reads it back", () => {
    const reader = new FrameReader(portablePlatform(), false);
    reader.rsvAllowed = 0x40;
    const frame = encodeFrame(portablePlatform(), "text", pattern(126), true);
    reader.feed(frame, frame.length);
    assert.ok(reader.readHeader());
    assert.deepEqual([reader.fin, reader.rsv, reader.opcode, reader.payloadLength], [true, 0x40, 1, 126]);
    reader.readPayload();
    assert.equal(toHex(reader.input.subarray(reader.pieceStart, reader.pieceEnd)), toHex(pattern(126)));
    assert.ok(reader.empty);
  });
});
