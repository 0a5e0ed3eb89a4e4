/** Clients that use compression to keep a server busy, or full: tests, for a victim whose memory is measured. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BINARY, frame, PING } from "../node/connection/frames.ts";
import { closeCodeFor, frameFrom } from "./attacks-on-server.ts";
import { floodUntilError, growth, heldByEach, leave, openPeer, openPeers, written } from "./crowd.ts";
import { unfinishedDeflates } from "./deflate-misuses.ts";
import { bomb, deflate, deflatedFrame, EMPTY_FINAL, EMPTY_MESSAGE, noise, OFFER, repeated, WORDS } from "./deflated.ts";
import { stillInflates, TAKEOVER } from "./deflating-client.ts";
import { bytesIn, type Victim } from "./victim-process.ts";

const KIB = 1_024;
const MIB = 1 << 20;
const MASKED = { mask: [1, 2, 3, 4] } as const;
/** Room for what is no more than loaded code and unused garbage. */
const FLAT = 24 * MIB;

export function testDeflateFloods(victimOf: () => Victim): void {
  describe("floods of compressed messages", () => {
    test("100,000 empty ones of two peers in turn, after what they have to remember: memory is flat", async () => {
      const url = await victimOf().serve("sink", TAKEOVER);
      const clients = await openPeers(url, 2, OFFER);
      const many = repeated(deflatedFrame(BINARY, EMPTY_MESSAGE), 1_000);
      for (const client of clients) client.write(deflatedFrame(BINARY, deflate(noise(5_000))));
      const grown = await growth(victimOf(), async () => {
        for (let round = 0; round < 50; round++) await Promise.all(clients.map((client) => written(client, many)));
        await victimOf().until({ messages: 100_002 });
      });
      leave(clients);
      assert.ok(grown < FLAT, `${grown} bytes`);
    });

    test("1,000,000 ends of the data in a message, where 8 MiB are allowed: 1007 BAD_DEFLATE", {
      timeout: 20_000,
    }, async () => {
      const url = await victimOf().serve("echo", { limits: { maxMessageBytes: 8 * MIB } });
      const client = await openPeer(url, OFFER);
      client.write(deflatedFrame(BINARY, repeated(EMPTY_FINAL, 1_000_000)));
      assert.equal(await closeCodeFor(client), 1007);
      assert.deepEqual((await victimOf().told()).errors, ["BAD_DEFLATE"]);
      leave([client]);
    });

    test("150 of 1 KiB that become 1 MiB, as much as allowed: others are served, and memory is flat", async () => {
      const url = await victimOf().serve("sink");
      const client = await openPeer(url, OFFER);
      const other = await openPeer(url);
      const grown = await growth(victimOf(), async () => {
        client.write(repeated(deflatedFrame(BINARY, bomb(1)), 150));
        assert.deepEqual((await frameFrom(other.write(frame(PING, "p")))).payload, Buffer.from("p"));
        await victimOf().until({ messages: 150 });
      });
      leave([client, other]);
      // A read's messages are garbage only when their turn is over: 64 KiB of them
      assert.ok(grown < 128 * MIB, `${grown} bytes`);
    });

    test("200 of 1 KiB that become 1 MiB, to an echo that does not look at backpressure: 1013 OUTBOUND_FULL", async () => {
      const url = await victimOf().serve("echo");
      const client = await openPeer(url, OFFER);
      const grown = await growth(victimOf(), async () => {
        client.write(repeated(deflatedFrame(BINARY, bomb(1)), 200));
        assert.equal(await closeCodeFor(client), 1013);
      });
      leave([client]);
      assert.deepEqual((await victimOf().told()).errors, ["OUTBOUND_FULL"]);
      assert.ok(grown < 128 * MIB, `${grown} bytes`);
      await stillInflates(url);
    });
  });

  describe("peers that stall, leave or do not read", () => {
    for (const [what, bytes] of unfinishedDeflates(MASKED)) {
      test(`30 peers with ${what}: 1008 MESSAGE_TIMEOUT for each`, async () => {
        const url = await victimOf().serve("echo", { limits: { messageTimeoutMs: 100 } });
        const clients = await openPeers(url, 30, OFFER);
        for (const client of clients) client.write(bytes);
        assert.deepEqual(new Set(await Promise.all(clients.map(closeCodeFor))), new Set([1008]));
        leave(clients);
        await victimOf().until({ closes: 30 });
        assert.deepEqual((await victimOf().told()).errors, Array(30).fill("MESSAGE_TIMEOUT"));
        await stillInflates(url);
      });
    }

    for (const [what, content] of [
      ["inflated at once", noise(15_000)],
      ["that go through the thread pool", noise(60_000)],
    ] as const) {
      test(`a peer that reads none of its answers, ${what}: 1013 OUTBOUND_FULL at 16 MiB`, async () => {
        const url = await victimOf().serve("echo", { closeTimeoutMs: 100 });
        const client = await openPeer(url, OFFER);
        const bytes = repeated(deflatedFrame(BINARY, deflate(content)), 4);
        const grown = await floodUntilError(victimOf(), client, bytes, 2_000);
        const { errors, closes } = await victimOf().told();
        assert.deepEqual([errors, closes], [["OUTBOUND_FULL"], [1013]]);
        assert.ok(grown < 96 * MIB, `${grown} bytes`);
        await stillInflates(url);
      });
    }

    test("100 peers with large messages that reset while these are inflated and answered: nothing is left of them", async () => {
      const url = await victimOf().serve("echo");
      await stillInflates(url);
      const start = bytesIn(await victimOf().memory());
      const whole = deflatedFrame(BINARY, deflate(noise(300_000)));
      const bytes = Buffer.concat([whole, repeated(deflatedFrame(BINARY, bomb(1)), 2), whole.subarray(0, 150_000)]);
      const clients = await openPeers(url, 100, OFFER);
      await Promise.all(clients.map((client) => written(client, whole.subarray(0, whole.length / 2))));
      await victimOf().untilBytes(30 * whole.length);
      clients.forEach((client, index) => {
        if (index % 2 === 0) client.write(bytes.subarray(whole.length / 2));
      });
      await victimOf().untilBytes(60 * whole.length);
      for (const client of clients) client.reset();
      await victimOf().until({ closes: 101 });
      await stillInflates(url);
      // What the thread pool has begun is done first
      while (bytesIn(await victimOf().memory()) > start + 4 * MIB);
      const { errors, closes } = await victimOf().told();
      assert.deepEqual(new Set(closes), new Set([1006]));
      // Node tells of an end where the reset came with the last bytes
      assert.deepEqual(
        errors.filter((code) => code !== "TRANSPORT_FAILED"),
        [],
      );
    });
  });

  describe("what compression holds for each connection", () => {
    const message = deflatedFrame(BINARY, deflate(Buffer.alloc(2_000, WORDS)));

    test("300 peers with a message each, by default: nothing that they would not hold without", async () => {
      const url = await victimOf().serve("echo");
      const each = await heldByEach(victimOf(), url, 300, message, { headers: OFFER });
      assert.ok(each < 4 * KIB, `${each} bytes each`);
    });

    test("1,000 peers with context takeover: 56 KiB at most, and what they said is forgotten when they leave", async () => {
      const before = await victimOf().compressionBytes();
      const url = await victimOf().serve("sink", TAKEOVER);
      const remembered = await heldByEach(victimOf(), url, 1_000, message, { headers: OFFER });
      assert.ok(remembered < 10 * KIB, `${remembered} bytes each`);
      await victimOf().until({ closes: 1_020 });
      assert.ok((await victimOf().compressionBytes()) <= before);
      const echo = await victimOf().serve("echo", TAKEOVER);
      const each = await heldByEach(victimOf(), echo, 300, message, { headers: OFFER });
      assert.ok(each < 56 * KIB, `${each} bytes each`);
    });

    test("300 answered with context takeover, where compression may take 4 MiB in all: no more than that", async () => {
      await victimOf().limitCompression(4 * MIB);
      const url = await victimOf().serve("echo", TAKEOVER);
      const each = await heldByEach(victimOf(), url, 300, message, { headers: OFFER });
      const used = await victimOf().compressionBytes();
      assert.ok(used > 2 * MIB && used <= 4 * MIB, `${used} bytes`);
      assert.ok(each < 12 * KIB, `${each} bytes each`);
      await victimOf().limitCompression(128 * MIB);
    });
  });
}
