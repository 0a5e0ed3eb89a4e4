import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as zlib from "node:zlib";
import { compressionMemory } from "../../../src/node/compression/compression-memory.ts";
import { History } from "../../../src/node/compression/history.ts";
import { randomFrom } from "../connection/random.ts";

const ALL_BITS = [8, 9, 10, 11, 12, 13, 14, 15];
/** A stored block's, which stands in front of what is remembered. */
const HEADER_BYTES = 5;

function assertSame(seen: Uint8Array, expected: Uint8Array, when: string): void {
  assert.ok(
    Buffer.from(seen).equals(expected),
    `${when}: ${expected.length} bytes expected, seen ${seen.length}, or others`,
  );
}

describe("what may be referred back to (RFC 7692 §7.1.2)", () => {
  for (const bits of ALL_BITS) {
    test(`2^${bits}: the last ${1 << bits} bytes, whatever was pushed in pieces of every size`, (t) => {
      const { below, pick } = randomFrom(t);
      const window = 1 << bits;
      const history = new History(bits);
      let model = Buffer.alloc(0);
      for (let i = 0; i < 300; i++) {
        const length = pick([0, 1, below(20), below(window >> 2), below(window + 2), window, below(3 * window)]);
        const bytes = Buffer.alloc(length + 7, `${i} `);
        const start = below(7);
        history.push(bytes, start, start + length);
        model = Buffer.from(Buffer.concat([model, bytes.subarray(start, start + length)]).subarray(-window));
        // It is a copy
        bytes.fill(0xdd);
        assertSame(history.bytes, model, `push ${i}`);
        assert.equal(history.isEmpty, model.length === 0);
        if (pick([true, false])) assertBlock(history, model, `push ${i}`);
        if (below(100) === 0) {
          history.clear();
          model = Buffer.alloc(0);
        }
      }
      history.clear();
    });
  }

  function assertBlock(history: History, model: Buffer, when: string): void {
    if (model.length === 0) return;
    // RFC 1951 §3.2.4: three bits, five that are skipped, the length and its complement
    const header = Buffer.from([
      0,
      model.length & 255,
      model.length >> 8,
      ~model.length & 255,
      (~model.length >> 8) & 255,
    ]);
    assertSame(history.asStoredBlock(), Buffer.concat([header, model]), `${when}, as a block`);
    assertSame(history.bytes, model, `${when}, after it was made a block`);
  }

  for (const bits of ALL_BITS) {
    test(`2^${bits}: zlib reads it as a stored block`, () => {
      const history = new History(bits);
      const content = Buffer.alloc(3 << bits, "0123456789 and so on. ");
      history.push(content, 0, content.length);
      const data = Buffer.concat([history.asStoredBlock(), Buffer.from([0x03, 0x00])]);
      assertSame(zlib.inflateRawSync(data), content.subarray(-(1 << bits)), "inflated");
      history.clear();
    });
  }
});

describe("the memory of what may be referred back to", () => {
  for (const bits of ALL_BITS) {
    test(`2^${bits}: at most twice what was received, at most a quarter above the window; all of it counted and given back`, (t) => {
      const { below, pick } = randomFrom(t);
      const window = 1 << bits;
      const before = compressionMemory.usedBytes;
      for (let run = 0; run < 20; run++) {
        const history = new History(bits);
        const used = (): number => compressionMemory.usedBytes - before;
        assert.equal(used(), 0);
        let received = 0;
        for (let i = 0; i < 50; i++) {
          const length = pick([0, 1, below(30), below(window)]);
          history.push(Buffer.alloc(length), 0, length);
          received += length;
          const { length: held } = history.bytes;
          const array = received === 0 ? 0 : history.bytes.buffer.byteLength;
          assert.equal(used(), array, `${array} bytes held, ${used()} counted`);
          const most = Math.min(HEADER_BYTES + 2 * received + HEADER_BYTES, HEADER_BYTES + window * 1.25);
          assert.ok(used() >= held && used() <= most, `${used()} bytes for ${received} received`);
        }
        history.clear();
        assert.equal(used(), 0);
        assert.equal(history.isEmpty, true);
      }
    });
  }

  test("clearing twice counts once, and what is pushed then counts again", () => {
    const before = compressionMemory.usedBytes;
    const history = new History(8);
    history.push(Buffer.from("abc"), 0, 3);
    history.clear();
    history.clear();
    assert.equal(compressionMemory.usedBytes, before);
    history.push(Buffer.from("defg"), 0, 4);
    assert.equal(compressionMemory.usedBytes, before + HEADER_BYTES + 4);
    assertSame(history.bytes, Buffer.from("defg"), "after clearing");
    history.clear();
  });

  test("a full window is not copied with each small message", () => {
    const history = new History(12);
    const message = Buffer.alloc(16, "m");
    history.push(Buffer.alloc(4_096), 0, 4_096);
    history.push(message, 0, 1);
    let moves = 0;
    for (let i = 0; i < 640; i++) {
      const { byteOffset } = history.bytes;
      history.push(message, 0, message.length);
      if (history.bytes.byteOffset < byteOffset) moves += 1;
    }
    // 640 of 16 bytes in a quarter of 4 KiB at a time
    assert.ok(moves >= 8 && moves <= 12, `moved ${moves} times`);
    history.clear();
  });
});
