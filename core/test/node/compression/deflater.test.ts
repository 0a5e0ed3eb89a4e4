import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compressionMemory } from "../../../src/node/compression/compression-memory.ts";
import type { DeflateState, StateOwner } from "../../../src/node/compression/deflate-states.ts";
import { type Deflated, deflateLater, deflateNow } from "../../../src/node/compression/deflater.ts";
import { randomFrom } from "../connection/random.ts";
import { runAgain } from "../connection/run-again.ts";
import { RandomMessages } from "./random-messages.ts";
import { InflatingPeer } from "./zlib-peer.ts";

const { POLYSOCKET_PUBLIC_API_ONLY } = process.env;
const SETTINGS = { windowBits: 12, level: 3, memLevel: 5 };
/** The piece in which output is collected. */
const CHUNK = 65_536;

class Owner implements StateOwner {
  state: DeflateState | undefined = undefined;
}

function copyOf({ bytes, length }: Deflated): Buffer {
  return Buffer.from(bytes.subarray(0, length));
}

function later(message: Uint8Array, settings = SETTINGS): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateLater(settings, message, (result) => (result instanceof Error ? reject(result) : resolve(copyOf(result))));
  });
}

/** What a peer makes of it that has nothing to refer to. */
function inflatedAlone(data: Uint8Array, windowBits = SETTINGS.windowBits): Promise<Buffer> {
  return new InflatingPeer({ windowBits, keeps: false }).inflate(data);
}

describe("deflating a message (RFC 7692 §7.2.1)", () => {
  test("an empty one is the octet 00, and takes no memory (§7.2.3.6)", async () => {
    const { usedBytes } = compressionMemory;
    const owner = new Owner();
    for (const keeps of [true, false]) {
      assert.deepEqual(copyOf(deflateNow(owner, SETTINGS, keeps, Buffer.alloc(0))), Buffer.from([0x00]));
    }
    assert.equal(compressionMemory.usedBytes, usedBytes);
  });

  test("it comes back from a peer, at every level and memory level, at once and from the thread pool", async (t) => {
    const messages = new RandomMessages(randomFrom(t));
    for (const level of [0, 1, 3, 9]) {
      for (const memLevel of [1, 5, 9]) {
        const settings = { windowBits: 12, level, memLevel };
        const message = Buffer.concat([Buffer.from("not empty"), messages.next(40_000)]);
        const now = copyOf(deflateNow(new Owner(), settings, false, message));
        assert.ok((await inflatedAlone(now)).equals(message));
        assert.ok((await inflatedAlone(await later(message, settings))).equals(message));
      }
    }
  });

  test("of every size around a piece of the output, also where it fills one to its last byte", async (t) => {
    const messages = new RandomMessages(randomFrom(t));
    const owner = new Owner();
    const noise = messages.noise(2 * CHUNK);
    const sizes = [CHUNK - 400, CHUNK, 2 * CHUNK, ...Array.from({ length: 60 }, (_, i) => CHUNK - 40 + i)];
    for (const size of sizes) {
      const message = noise.subarray(0, size);
      const settings = { ...SETTINGS, level: 0 };
      const data = copyOf(deflateNow(owner, settings, false, message));
      assert.ok((await inflatedAlone(data)).equals(message), `${size} bytes`);
    }
  });

  test("it refers to the owner's last ones if it may, and to nothing if not", async (t) => {
    const message = new RandomMessages(randomFrom(t)).noise(1_000);
    const owner = new Owner();
    const alone = [1, 2, 3].map(() => copyOf(deflateNow(owner, SETTINGS, false, message)));
    assert.deepEqual(alone[1], alone[0]);
    assert.deepEqual(alone[2], alone[0]);
    const peer = new InflatingPeer({ windowBits: 12, keeps: true });
    const lengths: number[] = [];
    for (let i = 0; i < 3; i++) {
      const data = copyOf(deflateNow(owner, SETTINGS, i > 0, message));
      lengths.push(data.length);
      assert.ok((await peer.inflate(data)).equals(message));
    }
    peer.close();
    const [first = 0, second = 0, third = 0] = lengths;
    // Only what is not public can go on
    if (POLYSOCKET_PUBLIC_API_ONLY === "1") assert.deepEqual([second, third], [first, first]);
    else assert.ok(second < 50 && third < 50, `${lengths}`);
  });

  test("what the thread pool does is independent of everything else", async (t) => {
    const message = new RandomMessages(randomFrom(t)).text(40_000);
    const results = await Promise.all(Array.from({ length: 10 }, () => later(message)));
    for (const result of results) assert.deepEqual(result, results[0]);
    assert.ok((await inflatedAlone(results[0] ?? Buffer.alloc(0))).equals(message));
  });

  for (const windowBits of [9, 10, 12, 15]) {
    test(`with a window of 2^${windowBits} nothing further back is referred to`, async (t) => {
      const messages = new RandomMessages(randomFrom(t));
      const settings = { windowBits, level: 9, memLevel: 9 };
      const window = 1 << windowBits;
      const repeated = messages.noise(64);
      const owner = new Owner();
      const peer = new InflatingPeer({ windowBits, keeps: true });
      // The same 64 bytes at every distance around the window's size
      for (let distance = window - 300; distance < window + 20; distance += 7) {
        const message = Buffer.concat([repeated, messages.noise(distance - repeated.length), repeated]);
        assert.ok((await peer.inflate(copyOf(deflateNow(owner, settings, true, message)))).equals(message));
      }
      peer.close();
    });
  }
});

test("all of this with Node's public functions alone", { skip: POLYSOCKET_PUBLIC_API_ONLY !== undefined }, () => {
  runAgain(import.meta.url, { POLYSOCKET_PUBLIC_API_ONLY: "1" });
});
