import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeRawFrame } from "../../../src/engine/frames/encode-frame.ts";
import type { Frame } from "../../../src/engine/frames/frame.ts";
import { fitReason, frameBytes as nodeFrameBytes } from "../../../src/node/connection/frame-tools.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import { chanceOf, frameBytes, hex, pattern, portablePlatform, toHex, utf8 } from "../engine-test-kit.ts";

function frameOf(given: Partial<Frame>): Frame {
  return {
    ...{ fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 1, maskingKey: undefined, payload: hex("") },
    ...given,
  };
}

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000];

for (const [name, platform] of [
  ["portable code", portablePlatform()],
  ["Node's platform", nodePlatform],
] as const) {
  describe(`a frame as it goes over the wire, with ${name} (RFC 6455 §5.2, §5.7)`, () => {
    test("is what the RFC's examples are", () => {
      const hello = utf8("Hello");
      const examples: readonly (readonly [given: Partial<Frame>, expected: string])[] = [
        [{ payload: hello }, "81 05 48 65 6c 6c 6f"],
        [{ payload: hello, maskingKey: 0x37fa213d }, "81 85 37 fa 21 3d 7f 9f 4d 51 58"],
        [{ fin: false, payload: utf8("Hel") }, "01 03 48 65 6c"],
        [{ opcode: 0, payload: utf8("lo") }, "80 02 6c 6f"],
        [{ opcode: 9, payload: hello }, "89 05 48 65 6c 6c 6f"],
        [{ opcode: 10, payload: hello, maskingKey: 0x37fa213d }, "8a 85 37 fa 21 3d 7f 9f 4d 51 58"],
      ];
      for (const [given, expected] of examples) {
        assert.equal(toHex(encodeRawFrame(platform, frameOf(given))), expected);
      }
    });

    for (const length of LENGTHS) {
      test(`of ${length} bytes has the fewest bytes of length, masked or not, and is an array of its own`, () => {
        for (const key of [undefined, 0, 0x37fa213d, 0xff00ff01 | 0, 0xff00ff01]) {
          const payload = pattern(length);
          const bytes = encodeRawFrame(platform, frameOf({ opcode: 2, maskingKey: key, payload }));
          assert.equal(Buffer.compare(bytes, frameBytes({ opcode: 2, key, payload })), 0);
          assert.equal(Buffer.compare(payload, pattern(length)), 0, "the payload stays as it was");
        }
      });
    }

    test("may be wrong: any opcode, any reserved bit, FIN or not, a long control frame", (t) => {
      const chance = chanceOf(t);
      for (let opcode = 0; opcode < 16; opcode++) {
        for (let bits = 0; bits < 16; bits++) {
          const fin = (bits & 8) !== 0;
          const rsv = bits & 7;
          const payload = chance.bytes(chance.below(200));
          const flags = { rsv1: (rsv & 4) !== 0, rsv2: (rsv & 2) !== 0, rsv3: (rsv & 1) !== 0 };
          const bytes = encodeRawFrame(platform, frameOf({ fin, ...flags, opcode, payload }));
          assert.equal(toHex(bytes), toHex(frameBytes({ fin, rsv, opcode, payload })));
        }
      }
    });
  });
}

describe("the tools for frames by hand", () => {
  test("frameBytes makes a Buffer of its own", () => {
    const payload = utf8("Hello");
    const bytes = nodeFrameBytes(frameOf({ payload, maskingKey: 0x37fa213d }));
    assert.ok(Buffer.isBuffer(bytes));
    assert.equal(bytes.toString("hex"), "818537fa213d7f9f4d5158");
    payload.fill(0);
    assert.equal(bytes.toString("hex"), "818537fa213d7f9f4d5158");
    const again = nodeFrameBytes(frameOf({ payload: utf8("Hello"), maskingKey: 0x37fa213d }));
    again.fill(0);
    assert.equal(bytes.toString("hex"), "818537fa213d7f9f4d5158");
  });

  test("fitReason cuts to 123 bytes, between characters", () => {
    assert.equal(fitReason("bye"), "bye");
    assert.equal(fitReason("😀".repeat(40)), "😀".repeat(30));
  });
});
