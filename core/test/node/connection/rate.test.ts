import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deadlines } from "../../../src/node/connection/deadlines.ts";
import type { RateOptions } from "../../../src/node/connection/rate.ts";
import { resolveRate } from "../../../src/node/connection/rate.ts";
import { resolveSettings } from "../../../src/node/connection/settings.ts";
import { FakeClock } from "./fake-clock.ts";
import { closeFrame, frame, PING, text } from "./frames.ts";
import { endAll, errorIn, eventIn, recorder, rig, settled, wordsOf } from "./rig.ts";

/** Messages that a recorder has seen. */
function messagesIn(entries: readonly unknown[][]): unknown[] {
  return entries.filter(([word]) => word === "message").map(([, data]) => data);
}

function texts(from: number, to: number): Buffer {
  return Buffer.concat(Array.from({ length: to - from }, (_, i) => text(String(from + i))));
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

const TEN: RateOptions = { messagesPerSecond: 10, burstMs: 1_000 };

describe("rate", () => {
  test("policy slow reads a peer that is too quick no quicker than it may send, and loses nothing", async (t) => {
    await endAll();
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message", "close");
    const { peer, counters } = rig(handlers, { rate: TEN });
    peer.send(texts(0, 25));
    await settled();
    // One read is taken whole
    assert.deepEqual(messagesIn(journal.all), numbers(0, 25));
    peer.send(texts(25, 30));
    await settled();
    assert.equal(messagesIn(journal.all).length, 25);
    assert.equal(counters.slowed, 1);
    await clock.advance(1_499);
    assert.equal(messagesIn(journal.all).length, 25);
    await clock.advance(2);
    await settled();
    assert.deepEqual(messagesIn(journal.all), numbers(0, 30));
  });

  test("policy slow pauses the transport, so that the peer is slowed down by TCP", async (t) => {
    await endAll();
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message");
    const { peer, transport } = rig(handlers, { rate: TEN });
    peer.send(texts(0, 11));
    await settled();
    peer.send(texts(11, 12));
    await settled();
    peer.send(texts(12, 13));
    await settled();
    assert.deepEqual(transport.calls, ["pause"]);
    await clock.advance(100);
    await settled();
    assert.deepEqual(transport.calls, ["pause"], "the last message was kept, and is too much again");
    await clock.advance(1_000);
    await settled();
    assert.deepEqual(transport.calls, ["pause", "resume"]);
    assert.deepEqual(messagesIn(journal.all), numbers(0, 13));
  });

  test("a peer that is slowed down is not taken for silent, and its end comes after what it sent", async (t) => {
    await endAll();
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message", "close", "error");
    const heartbeat = { intervalMs: 1_000, timeoutMs: 1_000 };
    const { peer } = rig(handlers, { rate: { messagesPerSecond: 1, burstMs: 1_000 }, heartbeat });
    peer.send(texts(0, 30));
    await settled();
    peer.send(text("late"), closeFrame(1000));
    peer.end();
    await clock.advance(28_000);
    await settled();
    assert.equal(messagesIn(journal.all).length, 30);
    await clock.advance(2_000);
    await settled();
    const last = journal.all.slice(-2);
    assert.deepEqual(wordsOf(last), ["message", "close"]);
    assert.equal(eventIn(last[1]).code, 1000);
  });

  test("policy close fails the connection with 1008, and says what was seen", async () => {
    const { handlers, journal } = recorder("message", "close", "error");
    const { peer, counters } = rig(handlers, { rate: { ...TEN, policy: "close" } });
    peer.send(texts(0, 10));
    await settled();
    assert.deepEqual(wordsOf(journal.all), new Array(10).fill("message"));
    peer.send(texts(10, 20));
    await settled();
    const error = errorIn(journal.all.find(([word]) => word === "error"));
    assert.equal(error.code, "RATE_EXCEEDED");
    assert.match(error.message, /rate\.messagesPerSecond is 10, seen (19|20)$/);
    assert.deepEqual(counters.errors, new Map([["RATE_EXCEEDED", 1]]));
    assert.equal(eventIn(journal.all.at(-1)).code, 1008);
  });

  test("policy drop hands what is too much over to nobody, counts it, and says so once", async (t) => {
    await endAll();
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message", "error");
    const { connection, peer, counters } = rig(handlers, { rate: { ...TEN, policy: "drop" } });
    peer.send(texts(0, 15));
    await settled();
    assert.deepEqual(messagesIn(journal.all), numbers(0, 10));
    assert.equal(counters.messagesRefused, 5);
    assert.deepEqual(
      journal.all.filter(([word]) => word === "error").map((entry) => errorIn(entry).code),
      ["RATE_EXCEEDED"],
    );
    await clock.advance(10_000);
    peer.send(text("again"));
    await settled();
    assert.equal(messagesIn(journal.all).at(-1), "again");
    assert.equal(connection.state, "open");
  });

  test("counts control frames and fragments as messages, and bytes as they come", async () => {
    const flood = async (rate: RateOptions, ...pieces: Buffer[]): Promise<string[]> => {
      const { handlers, journal } = recorder("error");
      const { peer } = rig(handlers, { rate: { ...rate, policy: "close" } });
      peer.send(...pieces);
      await settled();
      return journal.all.map((entry) => errorIn(entry).message.replace(/.*: rate\.(\w+) is .*/, "$1"));
    };
    const pings = Array.from({ length: 11 }, () => frame(PING, ""));
    const fragments = [text("", { fin: false }), ...Array.from({ length: 10 }, () => frame(0, "", { fin: false }))];
    assert.deepEqual(await flood(TEN, ...pings), ["messagesPerSecond"]);
    assert.deepEqual(await flood(TEN, ...fragments), ["messagesPerSecond"]);
    assert.deepEqual(await flood(TEN, ...pings.slice(1)), []);
    const big = frame(2, Buffer.alloc(2_000));
    assert.deepEqual(await flood({ bytesPerSecond: 1_000, burstMs: 1_000 }, big), ["bytesPerSecond"]);
    assert.deepEqual(await flood({ bytesPerSecond: 1_000, burstMs: 10_000 }, big), []);
  });

  test("what was received before the peer was lost is still handed over", async () => {
    const { handlers, journal } = recorder("message", "close");
    const { peer } = rig(handlers, { rate: { messagesPerSecond: 1, burstMs: 1_000 } });
    peer.send(texts(0, 3));
    await settled();
    peer.send(texts(3, 5));
    await settled();
    peer.reset();
    await settled();
    assert.deepEqual(messagesIn(journal.all), numbers(0, 5));
    assert.equal(wordsOf(journal.all).at(-1), "close");
  });

  test("leaves no deadline behind when the connection ends meanwhile", async () => {
    await endAll();
    const before = deadlines.size;
    const { connection, peer } = rig({ message() {} }, { rate: { messagesPerSecond: 1, burstMs: 1_000 } });
    peer.send(texts(0, 5));
    await settled();
    assert.equal(deadlines.size, before + 1);
    connection.terminate();
    await settled();
    assert.equal(deadlines.size, before);
  });

  test("is 200,000 messages and 256 MiB a second by default; false and Infinity are no limit", () => {
    assert.deepEqual(resolveRate(), {
      messagesPerSecond: 200_000,
      bytesPerSecond: 256 << 20,
      burstMs: 1_000,
      policy: "slow",
    });
    assert.equal(resolveRate(false), undefined);
    const none = Number.POSITIVE_INFINITY;
    assert.equal(resolveRate({ messagesPerSecond: none, bytesPerSecond: none }), undefined);
    assert.notEqual(resolveRate({ messagesPerSecond: none }), undefined);
  });

  for (const wrong of [{ messagesPerSecond: 0 }, { burstMs: "1" }, { policy: "kill" }, { messages: 1 }, null]) {
    test(`${JSON.stringify(wrong)} is none`, () => {
      assert.throws(() => resolveSettings(JSON.parse(JSON.stringify({ rate: wrong })), "server"), {
        code: "USAGE",
        message: /^rate/,
      });
    });
  }

  test("policy drop is for whole messages alone", () => {
    const rate: RateOptions = { policy: "drop" };
    assert.throws(() => resolveSettings({ rate, reception: "fragments" }, "server"), { code: "USAGE" });
  });
});
