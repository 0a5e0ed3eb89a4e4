import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Keepalive } from "../../../src/engine/protocol/keepalive.ts";
import { chanceOf } from "../engine-test-kit.ts";

const NEVER = Number.POSITIVE_INFINITY;
const INTERVAL = 30_000;
const TIMEOUT = 10_000;

/** A ping after 30 s of silence, the end 10 s later. */
function keepaliveAt(nowMs: number, intervalMs = INTERVAL, timeoutMs = TIMEOUT): Keepalive {
  return new Keepalive(intervalMs, timeoutMs, nowMs);
}

describe("keepalive (RFC 6455 §5.5.2)", () => {
  test("either role sends a ping once the peer was silent for the interval, not before", () => {
    const keepalive = keepaliveAt(100);
    assert.equal(keepalive.deadlineMs, 30_100);
    assert.equal(keepalive.due(100), "nothing");
    assert.equal(keepalive.due(30_099.9), "nothing");
    assert.equal(keepalive.due(30_100), "ping");
  });

  test("either role counts the silence from the last bytes received", () => {
    const keepalive = keepaliveAt(0);
    keepalive.received(29_999);
    assert.equal(keepalive.deadlineMs, 59_999);
    assert.equal(keepalive.due(30_000), "nothing");
    assert.equal(keepalive.due(59_999), "ping");
  });

  test("either role gives the peer up when it stays silent for the timeout after the ping", () => {
    const keepalive = keepaliveAt(0);
    assert.equal(keepalive.due(30_000), "ping");
    assert.equal(keepalive.deadlineMs, 40_000);
    assert.equal(keepalive.due(39_999), "nothing");
    assert.equal(keepalive.due(40_000), "giveUp");
  });

  test("either role counts the timeout from when the ping was sent, however late that was", () => {
    const keepalive = keepaliveAt(0);
    assert.equal(keepalive.due(75_000), "ping");
    assert.equal(keepalive.deadlineMs, 85_000);
    assert.equal(keepalive.due(84_999), "nothing");
    assert.equal(keepalive.due(85_000), "giveUp");
  });

  test("either role takes any byte for a sign of life, not the pong alone", () => {
    const keepalive = keepaliveAt(0);
    keepalive.due(30_000);
    keepalive.received(39_999);
    assert.equal(keepalive.deadlineMs, 69_999);
    assert.equal(keepalive.due(40_000), "nothing");
    assert.equal(keepalive.due(69_999), "ping");
    assert.equal(keepalive.due(79_999), "giveUp");
  });

  test("either role sends no ping when the interval is Infinity", () => {
    const keepalive = keepaliveAt(0, NEVER);
    assert.equal(keepalive.deadlineMs, NEVER);
    assert.equal(keepalive.due(1e15), "nothing");
    keepalive.received(1e15);
    assert.equal(keepalive.deadlineMs, NEVER);
  });

  test("either role pings on and gives nobody up when the timeout is Infinity", () => {
    const keepalive = keepaliveAt(0, INTERVAL, NEVER);
    for (let i = 1; i <= 5; i++) {
      assert.equal(keepalive.deadlineMs, i * INTERVAL);
      assert.equal(keepalive.due(i * INTERVAL - 1), "nothing");
      assert.equal(keepalive.due(i * INTERVAL), "ping");
    }
  });

  test("either role pings on and gives nobody up while it does not read", () => {
    const keepalive = keepaliveAt(0);
    keepalive.hold(true, 10_000);
    for (let i = 1; i <= 5; i++) {
      assert.equal(keepalive.deadlineMs, i * INTERVAL);
      assert.equal(keepalive.due(i * INTERVAL), "ping");
    }
  });

  test("either role waits a whole interval more for a ping that was sent before it stopped reading", () => {
    const keepalive = keepaliveAt(0);
    keepalive.due(30_000);
    keepalive.hold(true, 35_000);
    assert.equal(keepalive.due(40_000), "nothing");
    assert.equal(keepalive.deadlineMs, 60_000);
    assert.equal(keepalive.due(60_000), "ping");
  });

  test("either role counts the silence anew when it reads again", () => {
    const keepalive = keepaliveAt(0);
    keepalive.hold(true, 10_000);
    keepalive.due(30_000);
    keepalive.hold(false, 500_000);
    assert.equal(keepalive.deadlineMs, 530_000);
    assert.equal(keepalive.due(529_999), "nothing");
    assert.equal(keepalive.due(530_000), "ping");
    assert.equal(keepalive.due(540_000), "giveUp");
  });

  test("either role changes nothing when it is told what holds already", () => {
    const keepalive = keepaliveAt(0);
    keepalive.hold(false, 20_000);
    assert.equal(keepalive.deadlineMs, 30_000);
    keepalive.hold(true, 20_000);
    keepalive.hold(true, 25_000);
    assert.equal(keepalive.deadlineMs, 30_000);
  });

  test("either role asks for a call in the future once a call has done what was due", (context) => {
    const chance = chanceOf(context);
    for (let round = 0; round < 500; round++) {
      const keepalive = keepaliveAt(0, chance.of([NEVER, 1, 30]), chance.of([NEVER, 1, 10, 100]));
      let now = 0;
      for (let step = 0; step < 40; step++) {
        now += chance.below(50);
        if (chance.below(4) === 0) keepalive.received(now);
        if (chance.below(4) === 0) keepalive.hold(chance.below(2) === 0, now);
        const before = keepalive.deadlineMs;
        const due = keepalive.due(now);
        assert.equal(due === "nothing", now < before);
        if (due === "giveUp") break;
        assert.ok(keepalive.deadlineMs > now, `at ${now}: ${due}, then ${keepalive.deadlineMs}`);
      }
    }
  });
});
