import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isControl, isDefined, OPCODE } from "../../../src/engine/frames/opcode.ts";

describe("opcodes (RFC 6455 §5.2, §11.8)", () => {
  test("continuation, text, binary, close, ping and pong are defined, and the other ten are reserved", () => {
    const defined = Array.from({ length: 16 }, (_, opcode) => opcode).filter(isDefined);
    assert.deepEqual(defined, [0x0, 0x1, 0x2, 0x8, 0x9, 0xa]);
    assert.deepEqual(defined, Object.values(OPCODE));
  });

  test("opcodes from 8 on are those of control frames", () => {
    for (let opcode = 0; opcode < 16; opcode++) assert.equal(isControl(opcode), opcode >= 8, `opcode ${opcode}`);
  });
});
