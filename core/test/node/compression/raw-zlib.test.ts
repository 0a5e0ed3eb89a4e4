import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { openDeflater, openInflater, type RawZlib } from "../../../src/node/compression/raw-zlib.ts";
import { randomFrom } from "../connection/random.ts";
import { DeflateBits } from "./deflate-bits.ts";
import { RandomMessages } from "./random-messages.ts";

const SETTINGS = { windowBits: 12, level: 6, memLevel: 5 };
const JUNK = 0xdd;

function open<T extends RawZlib>(t: TestContext, raw: T | undefined): T {
  assert.ok(raw !== undefined, "this Node has a handle that can be used");
  t.after(() => raw.close());
  return raw;
}

/** Run until the input is used up, by so many bytes of output at a time. */
function runAll(raw: RawZlib, input: Uint8Array, step: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; at = input.length - raw.inputLeft) {
    const output = Buffer.alloc(step);
    assert.equal(raw.run(input, at, input.length, output, 0), true);
    pieces.push(output.subarray(0, step - raw.outputLeft));
    if (raw.outputLeft > 0) return Buffer.concat(pieces);
  }
}

describe("zlib run synchronously", () => {
  test("messages go there and back, each by reference to those before, whatever room there is for the output", (t) => {
    const messages = new RandomMessages(randomFrom(t));
    for (const step of [1, 7, 100, 65_536]) {
      const deflater = open(t, openDeflater(SETTINGS));
      const inflater = open(t, openInflater());
      for (let i = 0; i < 8; i++) {
        const message = messages.next(5_000);
        const back = runAll(inflater, runAll(deflater, message, step + 6), step);
        assert.ok(back.equals(message), `${message.length} bytes came back as ${back.length}, or others`);
      }
    }
  });

  test("a message that was said before costs a few bytes, and as much as the first time after a reset", (t) => {
    const deflater = open(t, openDeflater(SETTINGS));
    const message = new RandomMessages(randomFrom(t)).noise(1_000);
    const first = runAll(deflater, message, 65_536);
    assert.ok(runAll(deflater, message, 65_536).length < 50);
    deflater.reset();
    assert.deepEqual(runAll(deflater, message, 65_536), first);
  });

  test("an inflater has no past after a reset", (t) => {
    const inflater = open(t, openInflater());
    const message = Buffer.from("said before");
    const again = new DeflateBits().fixed([{ length: 10, distance: 11 }]).stored("").bytes;
    assert.deepEqual(runAll(inflater, new DeflateBits().stored(message).bytes, 100), message);
    assert.deepEqual(runAll(inflater, again, 100), message.subarray(0, 10));
    inflater.reset();
    assert.equal(inflater.run(again, 0, again.length, Buffer.alloc(100), 0), false);
  });

  test("it reads and writes where it is told and nowhere else, and says what is left", (t) => {
    const inflater = open(t, openInflater());
    const data = new DeflateBits().stored("abcdefgh").bytes;
    const input = Buffer.concat([Buffer.alloc(3, JUNK), data, Buffer.alloc(3, JUNK)]);
    const output = Buffer.alloc(10, JUNK);
    assert.equal(inflater.run(input, 3, 3 + data.length, output, 4), true);
    assert.deepEqual([output.toString("latin1"), inflater.outputLeft, inflater.inputLeft], ["ÝÝÝÝabcdef", 0, 2]);
    assert.equal(inflater.run(input, 3 + data.length - 2, 3 + data.length, output, 0), true);
    assert.deepEqual([output.toString("latin1"), inflater.outputLeft, inflater.inputLeft], ["ghÝÝabcdef", 8, 0]);
  });

  test("it stops where the DEFLATE data end, and leaves what follows", (t) => {
    const inflater = open(t, openInflater());
    const input = Buffer.concat([new DeflateBits().fixed(["end"], true).bytes, Buffer.from("beyond")]);
    const output = Buffer.alloc(100);
    assert.equal(inflater.run(input, 0, input.length, output, 0), true);
    assert.deepEqual([inflater.inputLeft, inflater.outputLeft], [6, 97]);
  });

  test("what is no DEFLATE data is refused until it is reset, and does it no harm after that", (t) => {
    const inflater = open(t, openInflater());
    const wrong = Buffer.from([0x07]);
    const right = new DeflateBits().stored("right").bytes;
    const output = Buffer.alloc(100);
    for (let i = 0; i < 3; i++) {
      assert.equal(inflater.run(wrong, 0, wrong.length, output, 0), false);
      assert.equal(inflater.run(right, 0, right.length, output, 0), false);
      inflater.reset();
      assert.equal(runAll(inflater, right, 100).toString(), "right");
    }
  });

  test("closing gives the memory back", () => {
    const openAndClose = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const deflater = openDeflater({ windowBits: 15, level: 6, memLevel: 8 });
        deflater?.run(Buffer.from("x"), 0, 1, Buffer.alloc(100), 0);
        deflater?.close();
      }
    };
    openAndClose(100);
    const before = process.memoryUsage.rss();
    openAndClose(500);
    const grown = process.memoryUsage.rss() - before;
    // A quarter of what they had in all
    assert.ok(grown < (500 * 262_144) / 4, `${grown} bytes are left`);
  });
});
