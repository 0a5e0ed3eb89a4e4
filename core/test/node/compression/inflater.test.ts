import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as zlib from "node:zlib";
import { History } from "../../../src/node/compression/history.ts";
import { randomFrom } from "../connection/random.ts";
import { runAgain } from "../connection/run-again.ts";
import { DeflateBits } from "./deflate-bits.ts";
import { bytes, deflated, WAYS } from "./inflate-ways.ts";
import { RandomMessages } from "./random-messages.ts";

const BAD = { name: "ProtocolError", code: "BAD_DEFLATE", closeCode: 1007 };
/** The piece in which output is collected. */
const CHUNK = 65_536;
const ALL_BITS = [8, 9, 10, 11, 12, 13, 14, 15];

for (const [way, inflate] of WAYS) {
  describe(`inflating ${way}: the examples of RFC 7692 §7.2.3`, () => {
    const hello = Buffer.from("Hello");

    test("a block with the fixed codes, in a fragment or more (§7.2.3.1)", async () => {
      assert.deepEqual(await inflate(bytes("f2 48 cd c9 c9 07 00")), hello);
    });

    test("a message that refers to the one before (§7.2.3.2)", async () => {
      const history = new History(15);
      assert.deepEqual(await inflate(bytes("f2 48 cd c9 c9 07 00"), { history }), hello);
      assert.deepEqual(await inflate(bytes("f2 00 11 00 00"), { history }), hello);
      history.clear();
      await assert.rejects(inflate(bytes("f2 00 11 00 00")), BAD);
    });

    test("a block without compression (§7.2.3.3)", async () => {
      assert.deepEqual(await inflate(bytes("00 05 00 fa ff 48 65 6c 6c 6f 00")), hello);
    });

    test("a last block, with the empty one behind it and without (§7.2.3.4)", async () => {
      assert.deepEqual(await inflate(bytes("f3 48 cd c9 c9 07 00 00")), hello);
      assert.deepEqual(await inflate(bytes("f3 48 cd c9 c9 07 00")), hello);
    });

    test("two blocks in a message (§7.2.3.5)", async () => {
      assert.deepEqual(await inflate(bytes("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")), hello);
    });

    test("an empty message (§7.2.3.6), between others too", async () => {
      assert.equal((await inflate(bytes("00"))).length, 0);
      const history = new History(15);
      await inflate(bytes("f2 48 cd c9 c9 07 00"), { history });
      for (let i = 0; i < 3; i++) assert.equal((await inflate(bytes("00"), { history })).length, 0);
      assert.deepEqual(await inflate(bytes("f2 00 11 00 00"), { history }), hello);
      history.clear();
    });
  });

  describe(`inflating ${way}: DEFLATE data that end within the message (RFC 7692 §7.2.3.4)`, () => {
    const first = new DeflateBits().fixed(["abcdefgh"], true).bytes;
    const again = new DeflateBits().fixed([{ length: 8, distance: 8 }], true).bytes;
    const end = new DeflateBits().end().bytes;

    test("what follows may refer to what came before the end, with and without context takeover", async () => {
      const data = Buffer.concat([first, again, again, end]);
      const expected = Buffer.from("abcdefgh".repeat(3));
      assert.deepEqual(await inflate(data), expected);
      const history = new History(9);
      assert.deepEqual(await inflate(data, { history }), expected);
      assert.deepEqual(await inflate(Buffer.concat([again, end]), { history }), expected.subarray(0, 8));
      assert.deepEqual(history.bytes, new Uint8Array(Buffer.from("abcdefgh".repeat(4))));
      history.clear();
    });

    test("after that, too, the next message without context takeover can refer to nothing", async () => {
      await inflate(Buffer.concat([first, again, end]));
      await assert.rejects(inflate(Buffer.concat([again, end])), BAD);
    });

    test("ends between pieces of the output, and where a piece is full", async () => {
      for (const length of [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]) {
        const large = zlib.deflateRawSync(Buffer.alloc(length, "x"));
        const back = new DeflateBits().fixed([{ length: 10, distance: 32_768 }], true).bytes;
        const message = await inflate(Buffer.concat([large, back, large, end]));
        assert.ok(message.equals(Buffer.alloc(2 * length + 10, "x")), `${message.length} bytes`);
      }
    });

    test("16 ends are enough; with more it is no message", async () => {
      const empty = new DeflateBits().fixed([], true).bytes;
      const ends = (count: number): Buffer[] => Array.from({ length: count }, () => empty);
      assert.equal((await inflate(Buffer.concat([...ends(16), end]))).length, 0);
      assert.equal(
        (await inflate(Buffer.concat([...ends(16), deflated("then"), ...ends(1).slice(1)]))).toString(),
        "then",
      );
      await assert.rejects(inflate(Buffer.concat([...ends(17), end])), BAD);
      await assert.rejects(inflate(Buffer.concat(ends(100_000))), BAD);
      const history = new History(15);
      history.push(Buffer.alloc(32_768), 0, 32_768);
      await assert.rejects(inflate(Buffer.concat([...ends(17), end]), { history }), BAD);
      history.clear();
    });
  });

  describe(`inflating ${way}: what a window may hold`, () => {
    for (const bits of ALL_BITS) {
      test(`2^${bits}: the last ${1 << bits} bytes are there to their first, from one message and from many`, async (t) => {
        const messages = new RandomMessages(randomFrom(t));
        const window = 1 << bits;
        const back = new DeflateBits().fixed([{ length: 10, distance: window }]).end().bytes;
        for (const parts of [1, 2, 8]) {
          const history = new History(bits);
          const said = messages.noise(2 * window);
          for (let part = 0; part < parts; part++) {
            const piece = said.subarray((part * 2 * window) / parts, ((part + 1) * 2 * window) / parts);
            assert.ok((await inflate(deflated(piece), { history })).equals(piece));
          }
          assert.deepEqual(await inflate(back, { history }), said.subarray(window, window + 10));
          history.clear();
        }
      });
    }

    test("a reference to before the first byte is an error, with and without context takeover", async () => {
      const beyond = new DeflateBits().fixed(["abc", { length: 3, distance: 4 }]).end().bytes;
      await assert.rejects(inflate(beyond), BAD);
      const history = new History(15);
      await assert.rejects(inflate(beyond, { history }), BAD);
      history.clear();
      await inflate(deflated("x"), { history });
      assert.equal((await inflate(beyond, { history })).toString(), "abcxab");
      history.clear();
    });

    test("what another connection said is nobody's to refer to, whatever failed before", async () => {
      const back = new DeflateBits().fixed([{ length: 6, distance: 6 }]).end().bytes;
      const mine = new History(12);
      const theirs = new History(12);
      await inflate(deflated("secret"), { history: theirs });
      await assert.rejects(inflate(back, { history: mine }), BAD);
      await assert.rejects(inflate(back), BAD);
      await inflate(deflated("public"), { history: mine });
      assert.equal((await inflate(back, { history: mine })).toString(), "public");
      await assert.rejects(inflate(bytes("07")), BAD);
      assert.equal((await inflate(back, { history: theirs })).toString(), "secret");
      mine.clear();
      theirs.clear();
    });
  });

  describe(`inflating ${way}: what is right`, () => {
    test("blocks of every kind in one message", async () => {
      const text = Buffer.from("stored, fixed, dynamic. ".repeat(300));
      const flushed = zlib.deflateRawSync(text, { finishFlush: zlib.constants.Z_FULL_FLUSH });
      const data = Buffer.concat([
        new DeflateBits().stored("stored").stored("").stored("again").bytes,
        flushed,
        new DeflateBits()
          .fixed(["fixed"])
          .fixed([])
          .fixed([{ length: 5, distance: 5 }])
          .end().bytes,
      ]);
      const expected = Buffer.concat([Buffer.from("storedagain"), text, Buffer.from("fixedfixed")]);
      assert.ok((await inflate(data)).equals(expected));
      assert.ok((await inflate(deflated(text, { level: 0 }))).equals(text));
    });

    test("messages of all sizes around a piece of the output, one after the other", async (t) => {
      const messages = new RandomMessages(randomFrom(t));
      const history = new History(15);
      let said = Buffer.alloc(0);
      for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 400_000]) {
        for (const message of [Buffer.alloc(length, "a"), messages.noise(length), messages.text(length)]) {
          const data = message.length === 0 ? bytes("00") : deflated(message);
          assert.ok((await inflate(data)).equals(message), `${length} bytes`);
          assert.ok((await inflate(data, { history })).equals(message), `${length} bytes, remembered`);
          said = Buffer.concat([said, message]).subarray(-32_768);
          assert.ok(said.equals(history.bytes), `the history after ${length} bytes`);
        }
      }
      history.clear();
    });
  });
}

const { POLYSOCKET_PUBLIC_API_ONLY } = process.env;

test("all of this with Node's public functions alone", { skip: POLYSOCKET_PUBLIC_API_ONLY !== undefined }, () => {
  runAgain(import.meta.url, { POLYSOCKET_PUBLIC_API_ONLY: "1" });
});
