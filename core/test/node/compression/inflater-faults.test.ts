import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as zlib from "node:zlib";
import { compressionMemory } from "../../../src/node/compression/compression-memory.ts";
import { History } from "../../../src/node/compression/history.ts";
import { randomFrom } from "../connection/random.ts";
import { runAgain } from "../connection/run-again.ts";
import { DeflateBits } from "./deflate-bits.ts";
import { bytes, deflated, WAYS } from "./inflate-ways.ts";
import { RandomMessages } from "./random-messages.ts";

const BAD = { name: "ProtocolError", code: "BAD_DEFLATE", closeCode: 1007 };
/** The piece in which output is collected. */
const CHUNK = 65_536;

for (const [way, inflate] of WAYS) {
  describe(`inflating ${way}: data that are wrong`, () => {
    test("a block of a type that there is not, and a length that contradicts itself", async () => {
      for (const wrong of ["06", "07", "00 05 00 fa fe 48 65 6c 6c 6f 00", "ff ff ff ff"]) {
        await assert.rejects(inflate(bytes(wrong)), BAD);
      }
    });

    test("data that are cut off, unless what the receiver adds makes them whole by chance", async () => {
      const message = JSON.stringify(Array.from({ length: 30 }, (_, i) => ({ i, name: `name${(i * 7_919) % 101}` })));
      const history = new History(15);
      const seen = { cuts: 0, whole: 0 };
      for (const data of [deflated(message), deflated(message, { strategy: zlib.constants.Z_FIXED }), bytes("00")]) {
        for (let length = 0; length < data.length; length++) {
          const part = data.subarray(0, length);
          const expected = wholeByChance(part);
          seen.cuts += 1;
          if (expected === undefined) {
            await assert.rejects(inflate(part), BAD, `${length} of ${data.length}`);
            await assert.rejects(inflate(part, { history }), BAD);
          } else {
            seen.whole += 1;
            assert.deepEqual(await inflate(part), expected);
          }
          history.clear();
        }
      }
      assert.ok(seen.whole < seen.cuts / 20, `${seen.whole} of ${seen.cuts}`);
    });

    /** What zlib makes of data if they end between two blocks with the four bytes of RFC 7692 §7.2.2. */
    function wholeByChance(data: Uint8Array): Buffer | undefined {
      const ended = Buffer.concat([data, bytes("00 00 ff ff 03 00")]);
      try {
        const { buffer, engine } = Object(zlib.inflateRawSync(ended, { info: true }));
        return engine.bytesWritten === ended.length ? buffer : undefined;
      } catch {
        return undefined;
      }
    }

    test("garbage is an error or some message, and nobody else notices", async (t) => {
      const random = randomFrom(t);
      const messages = new RandomMessages(random);
      const history = new History(12);
      await inflate(deflated("remembered"), { history });
      const back = new DeflateBits().fixed([{ length: 10, distance: 10 }]).end().bytes;
      let refused = 0;
      for (let i = 0; i < 300; i++) {
        const garbage = random.pick([
          messages.noise(random.below(200)),
          damaged(deflated(messages.next(2_000)), random.below),
        ]);
        await inflate(garbage, { maxBytes: 100_000 }).catch((error) => {
          assert.ok(["BAD_DEFLATE", "MESSAGE_TOO_BIG"].includes(error.code), String(error));
          refused += 1;
        });
        assert.equal((await inflate(back, { history })).toString(), "remembered");
      }
      assert.ok(refused > 100, `${refused} of 300 refused`);
      history.clear();
    });

    function damaged(data: Buffer, below: (bound: number) => number): Buffer {
      const copy = Buffer.from(data);
      const at = below(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << below(8));
      return copy;
    }
  });

  describe(`inflating ${way}: limits`, () => {
    test("a message of the largest size is taken, one byte more is not", async (t) => {
      const messages = new RandomMessages(randomFrom(t));
      for (const length of [1, 2, 1_000, CHUNK - 1, CHUNK, CHUNK + 1, 200_000]) {
        for (const message of [Buffer.alloc(length, "a"), messages.noise(length)]) {
          const data = deflated(message);
          assert.equal((await inflate(data, { maxBytes: length })).length, length);
          await assert.rejects(inflate(data, { maxBytes: length - 1 }), (error) => {
            const { name, code, closeCode, limit, max, actual } = Object(error);
            assert.deepEqual(
              [name, code, closeCode, limit],
              ["LimitError", "MESSAGE_TOO_BIG", 1009, "maxMessageBytes"],
            );
            assert.equal(max, length - 1);
            assert.ok(actual >= length && actual <= length + CHUNK, `${actual} of ${length}`);
            return true;
          });
        }
      }
    });

    test("the limit is for all that becomes of a message, however often its data end", async () => {
      const part = new DeflateBits().fixed(["12345"], true).bytes;
      const data = Buffer.concat([part, part, part, new DeflateBits().end().bytes]);
      assert.equal((await inflate(data, { maxBytes: 15 })).length, 15);
      for (const maxBytes of [0, 4, 5, 9, 10, 14]) {
        await assert.rejects(inflate(data, { maxBytes }), { code: "MESSAGE_TOO_BIG" });
      }
    });

    test("an empty message is never too large", async () => {
      assert.equal((await inflate(bytes("00"), { maxBytes: 0 })).length, 0);
    });

    test("no memory stays counted that is not a history's", async () => {
      const before = compressionMemory.usedBytes;
      const ends = Buffer.concat([new DeflateBits().fixed(["abc"], true).bytes, deflated("more")]);
      await inflate(ends);
      await assert.rejects(inflate(ends, { maxBytes: 4 }));
      await assert.rejects(inflate(Buffer.concat([ends.subarray(0, -1), bytes("07 07")])));
      assert.equal(compressionMemory.usedBytes, before);
    });
  });
}

const { POLYSOCKET_PUBLIC_API_ONLY } = process.env;

test("all of this with Node's public functions alone", { skip: POLYSOCKET_PUBLIC_API_ONLY !== undefined }, () => {
  runAgain(import.meta.url, { POLYSOCKET_PUBLIC_API_ONLY: "1" });
});
