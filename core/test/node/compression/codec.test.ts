import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import * as zlib from "node:zlib";
import { Codec, DEFLATE_NOW_UP_TO, deflateAlone, INFLATE_NOW_UP_TO } from "../../../src/node/compression/codec.ts";
import type { DeflateJob } from "../../../src/engine/protocol/jobs.ts";
import { compressionMemory } from "../../../src/node/compression/compression-memory.ts";
import type { DeflateScheme } from "../../../src/node/compression/deflate-scheme.ts";
import { stateBytes } from "../../../src/node/compression/deflate-states.ts";
import { MOST_AT_ONCE, runOnThreadPool } from "../../../src/node/compression/thread-pool.ts";
import { randomFrom } from "../connection/random.ts";
import { runAgain } from "../connection/run-again.ts";
import { CodecRig, schemeOf } from "./codec-rig.ts";
import { RandomMessages } from "./random-messages.ts";
import { DeflatingPeer, InflatingPeer } from "./zlib-peer.ts";

const { POLYSOCKET_PUBLIC_API_ONLY } = process.env;
const hasStates = POLYSOCKET_PUBLIC_API_ONLY !== "1";
const NOTHING_KEPT = { serverNoContextTakeover: true, clientNoContextTakeover: true };

function open(t: TestContext, scheme: DeflateScheme = schemeOf("server")): CodecRig {
  const rig = new CodecRig(scheme);
  t.after(() => rig.codec.close());
  return rig;
}

function deflated(message: Uint8Array): Buffer {
  return zlib.deflateRawSync(message, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

// The first test, because time stands still for what is made in it alone
describe("deflaters", () => {
  test("without context takeover all connections share one deflater; with it each has its own", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    for (const [agreement, states] of [
      [NOTHING_KEPT, 1],
      [{}, 10],
    ] as const) {
      const scheme = schemeOf("server", agreement);
      const { usedBytes } = compressionMemory;
      const rigs = Array.from({ length: 10 }, () => new CodecRig(scheme));
      for (const rig of [...rigs, ...rigs]) await rig.deflate("a message");
      assert.equal(compressionMemory.usedBytes - usedBytes, hasStates ? states * stateBytes(scheme.deflate) : 0);
      for (const { codec } of rigs) codec.close();
      t.mock.timers.tick(20_000);
      assert.equal(compressionMemory.usedBytes, usedBytes);
    }
  });
});

describe("where a job is done", () => {
  test("messages are deflated in this turn up to 32 KiB, and on the thread pool above", async (t) => {
    const { codec, given } = open(t);
    const target = { finishJob: () => true, failJob: () => assert.fail("failed") };
    for (const [length, isNow] of [
      [0, true],
      [DEFLATE_NOW_UP_TO, true],
      [DEFLATE_NOW_UP_TO + 1, false],
    ] as const) {
      const sent = codec.deflate({ type: "deflate", kind: "binary", data: Buffer.alloc(length) }, target);
      assert.equal(sent === undefined, isNow, `${length} bytes`);
      if (sent !== undefined) assert.equal(await sent, true);
    }
    // Bytes count, not characters
    const text = "é".repeat(DEFLATE_NOW_UP_TO / 2 + 1);
    const sent = codec.deflate({ type: "deflate", kind: "text", data: text }, target);
    assert.equal(await sent, true);
    assert.deepEqual([DEFLATE_NOW_UP_TO, given], [32_768, []]);
  });

  test("up to 16 KiB are inflated in this turn, and more on the thread pool, where there is somebody to wait", async (t) => {
    const rig = open(t);
    const messages = new RandomMessages(randomFrom(t));
    for (const [length, isNow] of [
      [INFLATE_NOW_UP_TO - 100, true],
      [INFLATE_NOW_UP_TO + 100, false],
    ] as const) {
      const message = messages.noise(length);
      const done = rig.startInflating(deflated(message));
      assert.equal(rig.given.length, isNow ? 1 : 0);
      await done;
      assert.deepEqual(rig.given.splice(0), [message]);
      assert.equal(rig.told, isNow ? 0 : 1);
    }
    const message = messages.noise(500_000);
    const data = deflated(message);
    const job = { type: "inflate", bytes: data, start: 0, end: data.length, maxBytes: 500_000 } as const;
    assert.equal(rig.codec.inflate(job, rig), true);
    assert.ok(Buffer.isBuffer(rig.given[0]) && rig.given[0].equals(message));
  });

  test("whoever waits is told when the engine has the result, not before", async (t) => {
    const { codec } = open(t);
    const data = deflated(new RandomMessages(randomFrom(t)).noise(20_000));
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      const target = { finishJob: () => order.push("result") > 0, failJob: () => assert.fail("failed") };
      const job = { type: "inflate", bytes: data, start: 0, end: data.length, maxBytes: 20_000 } as const;
      const jobDone = (): void => {
        order.push("told");
        resolve();
      };
      codec.inflate(job, target, { jobDone });
      order.push("began");
    });
    assert.deepEqual(order, ["began", "result", "told"]);
  });

  test("what is wrong is told to the engine, from this turn and from the thread pool", async (t) => {
    const rig = open(t);
    const messages = new RandomMessages(randomFrom(t));
    for (const length of [1_000, 50_000]) {
      const data = deflated(messages.noise(length));
      await assert.rejects(rig.inflate(Buffer.concat([data, Buffer.from([0x07])])), { code: "BAD_DEFLATE" });
      await assert.rejects(rig.inflate(data, length - 1), { code: "MESSAGE_TOO_BIG", max: length - 1 });
    }
    assert.equal(rig.told, 2);
  });
});

describe("the context of messages", () => {
  test("small and large ones that repeat each other are right in every order", async (t) => {
    const messages = new RandomMessages(randomFrom(t));
    const [small, large] = [messages.noise(3_000), messages.noise(50_000)];
    const both = Buffer.concat([large.subarray(-2_000), small]);
    const rig = open(t);
    const peer = new InflatingPeer({ windowBits: 15, keeps: true });
    t.after(() => peer.close());
    for (const message of [small, small, large, small, both, large, large, both, Buffer.alloc(0), both]) {
      const data = await rig.deflate(message);
      assert.ok((await peer.inflate(data)).equals(message));
    }
  });

  test("a message after a large one, or after one that the codec has not seen, refers to nothing before it", async (t) => {
    const messages = new RandomMessages(randomFrom(t));
    const rig = open(t);
    const small = messages.noise(3_000);
    const first = await rig.deflate(small);
    const second = await rig.deflate(small);
    assert.equal(second.length < 100, hasStates, `${second.length} bytes`);
    rig.codec.forgetOwn();
    assert.deepEqual(await rig.deflate(small), first);
    await rig.deflate(messages.noise(40_000));
    assert.deepEqual(await rig.deflate(small), first);
  });

  test("a text is its UTF-8, whatever its length, also a lone surrogate's", async (t) => {
    const rig = open(t);
    const peer = new InflatingPeer({ windowBits: 15, keeps: true });
    t.after(() => peer.close());
    for (const text of [
      "",
      "a",
      "é€👋".repeat(100),
      "\ud800",
      "é".repeat(16_384),
      "€".repeat(43_690),
      "€".repeat(43_691),
    ]) {
      const message = await peer.inflate(await rig.deflate(text));
      assert.ok(message.equals(Buffer.from(text)), `${text.length} units`);
    }
  });

  test("a message for many is a copy, refers to nothing, and is nothing to the connections' own", async (t) => {
    const messages = new RandomMessages(randomFrom(t));
    for (const agreement of [{}, NOTHING_KEPT]) {
      const scheme = schemeOf("server", agreement);
      const rig = open(t, scheme);
      const peer = new InflatingPeer({ windowBits: 15, keeps: agreement !== NOTHING_KEPT });
      t.after(() => peer.close());
      for (const length of [0, 2_000, 50_000, 2_000]) {
        const message = messages.noise(length);
        const alone = await deflateAlone(scheme, message);
        assert.equal(deflateAlone(scheme, message) instanceof Promise, length > DEFLATE_NOW_UP_TO);
        const own = await rig.deflate(message);
        // What is deflated next is written elsewhere
        await deflateAlone(scheme, messages.noise(length + 1));
        const stranger = new InflatingPeer({ windowBits: 15, keeps: false });
        assert.ok((await stranger.inflate(alone)).equals(message));
        assert.ok((await peer.inflate(own)).equals(message));
      }
    }
  });
});

describe("a codec's memory", () => {
  test("what its peer may refer to is reserved from the beginning to the end", () => {
    const { reservedBytes } = compressionMemory;
    const codecs = [
      new Codec(schemeOf("server", { clientMaxWindowBits: 12 })),
      new Codec(schemeOf("client", { serverMaxWindowBits: 9 })),
      new Codec(schemeOf("server", NOTHING_KEPT)),
    ];
    assert.equal(compressionMemory.reservedBytes - reservedBytes, 4_096 + 512);
    for (const codec of codecs) codec.close();
    assert.equal(compressionMemory.reservedBytes, reservedBytes);
  });

  test("nothing is held until there is a job, then what was received, and nothing at the end", async (t) => {
    const { usedBytes } = compressionMemory;
    const used = (): number => compressionMemory.usedBytes - usedBytes;
    const messages = new RandomMessages(randomFrom(t));
    const rig = new CodecRig(schemeOf("server", { clientMaxWindowBits: 12 }));
    const peer = new DeflatingPeer({ windowBits: 12, keeps: true });
    t.after(() => peer.close());
    assert.equal(used(), 0);
    await rig.inflate(await peer.deflate(messages.noise(1_024)));
    assert.ok(used() >= 1_024 && used() <= 1_100, `${used()} bytes`);
    for (let i = 0; i < 20; i++) await rig.inflate(await peer.deflate(messages.noise(3_000 + i * 1_000)));
    assert.ok(used() >= 4_096 && used() <= 4_096 * 1.25 + 5, `${used()} bytes`);
    rig.codec.close();
    assert.equal(used(), 0);
  });

  test("without context takeover nothing is held of what was received", async (t) => {
    const { usedBytes } = compressionMemory;
    const rig = open(t, schemeOf("server", NOTHING_KEPT));
    const messages = new RandomMessages(randomFrom(t));
    for (const length of [1, 1_000, 30_000, 100_000]) await rig.inflate(deflated(messages.noise(length)));
    assert.equal(compressionMemory.usedBytes, usedBytes);
  });

  test("a connection that ends while its message is inflated holds nothing afterwards", async (t) => {
    const { usedBytes } = compressionMemory;
    const messages = new RandomMessages(randomFrom(t));
    const rig = new CodecRig(schemeOf("server"));
    await rig.inflate(deflated(messages.noise(5_000)));
    for (const data of [deflated(messages.noise(100_000)), Buffer.alloc(100_000, 0x07)]) {
      const again = new CodecRig(schemeOf("server"));
      await again.inflate(deflated(messages.noise(5_000)));
      const done = again.startInflating(data);
      again.isOpen = false;
      again.codec.close();
      await done;
      assert.equal(again.told, 1);
    }
    rig.codec.close();
    assert.equal(compressionMemory.usedBytes, usedBytes);
  });

  test("what waits for the thread pool is there once, and is given up with its connection", async (t) => {
    const messages = new RandomMessages(randomFrom(t));
    const ends: (() => void)[] = [];
    for (let busy = 0; busy < MOST_AT_ONCE; busy++) runOnThreadPool((done) => ends.push(done));
    const rig = new CodecRig(schemeOf("server"));
    const job: DeflateJob = { type: "deflate", kind: "binary", data: messages.noise(100_000) };
    const sent = rig.codec.deflate(job, rig);
    assert.equal(job.data.length, 0);
    const other = new CodecRig(schemeOf("server"));
    void other.startInflating(deflated(messages.noise(100_000)));
    const later = open(t);
    const inflated = later.startInflating(deflated(messages.noise(100_000)));
    for (const { codec } of [rig, other]) codec.close();
    assert.equal(await sent, false);
    for (const end of ends) end();
    await inflated;
    assert.deepEqual(
      [rig, other, later].map(({ given, told }) => [given.length, told]),
      [
        [0, 0],
        [0, 0],
        [1, 1],
      ],
    );
  });

  test("a connection that ends while its message is deflated is told that it was of no use", async (t) => {
    const rig = new CodecRig(schemeOf("server"));
    const data = new RandomMessages(randomFrom(t)).noise(100_000);
    const sent = rig.codec.deflate({ type: "deflate", kind: "binary", data }, rig);
    rig.isOpen = false;
    rig.codec.close();
    assert.equal(await sent, false);
  });
});

test("all of this with Node's public functions alone", { skip: POLYSOCKET_PUBLIC_API_ONLY !== undefined }, () => {
  runAgain(import.meta.url, { POLYSOCKET_PUBLIC_API_ONLY: "1" });
});
