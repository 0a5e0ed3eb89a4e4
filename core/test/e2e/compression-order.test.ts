import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { RandomMessages } from "../node/compression/random-messages.ts";
import { randomFrom } from "../node/connection/random.ts";
import { open } from "./compression-ends.ts";
import { Mailbox } from "./mailbox.ts";

/** Deflated, and inflated, on the thread pool. */
const LARGE_BYTES = 200_000;

/** Whoever has come back from the thread pool knows that others have, too. */
const deflatedOnThreadPool = promisify(zlib.deflateRaw);

function assertSame(seen: Buffer, expected: Buffer, which: string): void {
  assert.ok(seen.equals(expected), `${which}: ${expected.length} bytes expected, seen ${seen.length}, or others`);
}

/** Large and small ones by turns, which repeat each other. */
function mixed(messages: RandomMessages, count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    i % 3 === 0 ? messages.next(LARGE_BYTES, 50_000) : messages.next(3_000),
  );
}

for (const role of ["server", "client"] as const) {
  describe(`a ${role} of ours with messages on the thread pool, and ws`, () => {
    test("what is sent before close arrives before the Close frame", async (t) => {
      const { ours, received, theirClose } = await open(t, role, { message() {} });
      const all = mixed(new RandomMessages(randomFrom(t)), 10);
      for (const message of all) ours.send(message);
      ours.close(4_000, "done");
      assert.equal(ours.send("too late"), false);
      for (const [i, message] of all.entries()) assertSame(await received.take(), message, `message ${i}`);
      assert.equal(await theirClose, 4_000);
      const { code, wasClean, unsentBytes } = await ours.closed;
      assert.deepEqual([code, wasClean, unsentBytes, ours.droppedMessages], [4_000, true, 0, 1]);
    });

    test("what is received before the Close frame is handed over before the end", async (t) => {
      const seen: unknown[] = [];
      const ended = new Mailbox<number>();
      const { theirs } = await open(t, role, {
        message: (_connection, message) => void seen.push(message),
        close: (_connection, { code }) => ended.put(code),
      });
      const all = mixed(new RandomMessages(randomFrom(t)), 10);
      for (const message of all) theirs.send(message);
      theirs.close(4_001);
      assert.equal(await ended.take(), 4_001);
      assert.equal(seen.length, all.length);
      for (const [i, message] of all.entries()) assertSame(seen[i] as Buffer, message, `message ${i}`);
    });

    test("`for await` has all of it, too, and then ends", async (t) => {
      const { ours, theirs } = await open(t, role, {});
      const all = mixed(new RandomMessages(randomFrom(t)), 7);
      for (const message of all) theirs.send(message);
      theirs.close(1_000);
      let i = 0;
      for await (const message of ours) {
        assertSame(message as Buffer, all[i] ?? Buffer.alloc(0), `message ${i}`);
        i += 1;
      }
      assert.equal(i, all.length);
    });

    test("flush waits for what is being deflated, and what waits behind it", async (t) => {
      const { ours, received } = await open(t, role, { message() {} });
      const all = mixed(new RandomMessages(randomFrom(t)), 6);
      for (const message of all) ours.send(message);
      // The first of them is being deflated, and nothing was sent yet
      assert.equal(ours.bufferedBytes, Buffer.concat(all).length);
      await ours.flush();
      assert.equal(ours.bufferedBytes, 0);
      for (const [i, message] of all.entries()) assertSame(await received.take(), message, `message ${i}`);
    });

    test("pings go out and are answered while a message is deflated", async (t) => {
      const { ours, theirs, received } = await open(t, role, { message() {} });
      const order: string[] = [];
      theirs.on("ping", () => order.push("ping"));
      theirs.on("message", () => order.push("message"));
      const message = new RandomMessages(randomFrom(t)).noise(1 << 20);
      ours.send(message);
      await ours.ping();
      assertSame(await received.take(), message, "the message");
      assert.deepEqual(order, ["ping", "message"]);
    });

    test("terminate while messages are deflated and inflated: they are lost and counted, and nothing else happens", async (t) => {
      const messages = new RandomMessages(randomFrom(t));
      const large = messages.noise(LARGE_BYTES);
      const seen: number[] = [];
      const began = new Mailbox<void>();
      const { ours, theirs, theirClose } = await open(t, role, {
        message(connection, message) {
          seen.push(message.length);
          if (message.length > 10) return;
          // By then the next one is with the thread pool
          for (let i = 0; i < 3; i++) connection.send(large);
          setImmediate(() => began.put());
        },
      });
      theirs.send("begin");
      theirs.send(large);
      await began.take();
      const flushed = ours.flush();
      ours.terminate();
      await assert.rejects(flushed, { name: "ConnectionClosedError" });
      const { code, wasClean } = await ours.closed;
      assert.deepEqual([code, wasClean, await theirClose], [1_006, false, 1_006]);
      // Long enough for every job to come back
      for (let i = 0; i < 3; i++) await deflatedOnThreadPool(large);
      assert.ok(seen.length <= 2 && seen[0] === 5, `${seen}`);
      assert.equal(ours.droppedMessages, 3);
      assert.equal(ours.bufferedBytes, 0);
    });

    test("a peer that goes away meanwhile is no error of anybody's", async (t) => {
      const messages = new RandomMessages(randomFrom(t));
      const { ours, theirs } = await open(t, role, { message() {} });
      for (const message of mixed(messages, 6)) ours.send(message);
      theirs.terminate();
      const { code } = await ours.closed;
      assert.equal(code, 1_006);
      await deflatedOnThreadPool(messages.noise(LARGE_BYTES));
      assert.equal(ours.state, "closed");
    });

    test("a peer that closes meanwhile has each message, or it is counted as not sent", async (t) => {
      const { ours, theirs, theirClose } = await open(t, role, { message() {} });
      const all = mixed(new RandomMessages(randomFrom(t)), 9);
      const received: Buffer[] = [];
      theirs.on("message", (message: Buffer) => {
        received.push(message);
        if (received.length === 2) theirs.close(1_000);
      });
      for (const message of all) ours.send(message);
      assert.equal(await theirClose, 1_000);
      assert.equal((await ours.closed).code, 1_000);
      for (const [i, message] of received.entries()) assertSame(message, all[i] ?? Buffer.alloc(0), `message ${i}`);
      assert.equal(received.length + ours.droppedMessages, all.length);
    });

    for (const policy of ["close", "drop"] as const) {
      const howMany = policy === "close" ? "nothing is lost" : "what goes over the bound is dropped and counted";
      test(`a peer that does not read: ${howMany}, and what arrives is right`, async (t) => {
        const drained = new Mailbox<void>();
        const maxBufferedBytes = policy === "close" ? 1 << 30 : 2 << 20;
        const { ours, theirs, received } = await open(t, role, {
          backpressure: { maxBufferedBytes, policy },
          message() {},
          drain: () => drained.put(),
        });
        const messages = new RandomMessages(randomFrom(t));
        const samples = Array.from({ length: 8 }, (_, i) => messages.noise(i % 4 === 0 ? 70_000 : 20_000 + i));
        theirs.pause();
        const accepted: Buffer[] = [];
        const isEnough = (): boolean => (policy === "close" ? ours.bufferedBytes > 4 << 20 : ours.droppedMessages > 20);
        for (let i = 0; !isEnough(); i++) {
          const sample = samples[i % samples.length] ?? Buffer.alloc(0);
          const { droppedMessages } = ours;
          const keepsUp = ours.send(sample);
          if (ours.droppedMessages === droppedMessages) accepted.push(sample);
          else assert.equal(keepsUp, false);
          await new Promise((resolve) => setImmediate(resolve));
        }
        theirs.resume();
        await drained.take();
        await ours.flush();
        for (const [i, message] of accepted.entries()) assertSame(await received.take(), message, `message ${i}`);
        // And it goes on
        ours.send("goes on");
        assert.equal((await received.take()).toString(), "goes on");
        assert.equal(ours.bufferedBytes, 0);
      });
    }
  });
}
