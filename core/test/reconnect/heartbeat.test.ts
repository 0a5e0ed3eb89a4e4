import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHeartbeat, type Heartbeat } from "../../src/reconnect/heartbeat.ts";
import { TestClock } from "./world.ts";

const INTERVAL = 1_000;
const TIMEOUT = 300;

function begin(): { clock: TestClock; heartbeat: Heartbeat; log: string[] } {
  const clock = new TestClock();
  const log: string[] = [];
  const options = {
    message: "ping",
    isAnswer: (data: string | Uint8Array) => data === "pong",
    intervalMs: INTERVAL,
    timeoutMs: TIMEOUT,
  };
  const heartbeat = createHeartbeat(
    options,
    clock,
    () => log.push("ask"),
    () => log.push("give up"),
  );
  return { clock, heartbeat, log };
}

describe("heartbeat of messages", () => {
  test("asks after the interval, not before, and gives up after the timeout, not before", () => {
    const { clock, log } = begin();
    clock.advance(INTERVAL - 1);
    assert.deepEqual(log, []);
    clock.advance(1);
    assert.deepEqual(log, ["ask"]);
    clock.advance(TIMEOUT - 1);
    assert.deepEqual(log, ["ask"]);
    clock.advance(1);
    assert.deepEqual(log, ["ask", "give up"]);
    assert.equal(clock.timers, 0);
  });

  test("an answer begins a new interval, and is no message of the application's", () => {
    const { clock, heartbeat, log } = begin();
    clock.advance(INTERVAL + TIMEOUT - 1);
    assert.equal(heartbeat.received("pong"), true);
    assert.equal(heartbeat.received("hello"), false);
    clock.advance(INTERVAL - 1);
    assert.deepEqual(log, ["ask"]);
    clock.advance(1);
    assert.deepEqual(log, ["ask", "ask"]);
  });

  test("any message is a sign of life, before and after a question", () => {
    const { clock, heartbeat, log } = begin();
    clock.advance(INTERVAL - 1);
    heartbeat.received("hello");
    clock.advance(INTERVAL - 1);
    assert.deepEqual(log, []);
    clock.advance(1);
    clock.advance(TIMEOUT - 1);
    heartbeat.received("hello");
    clock.advance(TIMEOUT - 1);
    assert.deepEqual(log, ["ask"]);
    clock.advance(1);
    assert.deepEqual(log, ["ask", "give up"]);
  });

  test("each answer is for the oldest question", () => {
    const { clock, heartbeat, log } = begin();
    heartbeat.ask(() => log.push("first"));
    heartbeat.ask(() => log.push("second"));
    heartbeat.received("pong");
    assert.deepEqual(log, ["ask", "ask", "first"]);
    heartbeat.received("pong");
    assert.deepEqual(log, ["ask", "ask", "first", "second"]);
    clock.advance(TIMEOUT);
    assert.equal(log.length, 4);
  });

  test("a second question does not give the first more time", () => {
    const { clock, heartbeat, log } = begin();
    heartbeat.ask();
    clock.advance(TIMEOUT - 1);
    heartbeat.ask();
    clock.advance(1);
    assert.deepEqual(log, ["ask", "ask", "give up"]);
  });

  test("a check asks unless an answer is waited for", () => {
    const { heartbeat, log } = begin();
    heartbeat.check();
    heartbeat.check();
    assert.deepEqual(log, ["ask"]);
  });

  test("after sleep the answer that may have come has its time again, and then no more", () => {
    const { clock, heartbeat, log } = begin();
    heartbeat.check();
    clock.sleep(3_600_000);
    clock.advance(0);
    assert.deepEqual(log, ["ask"]);
    clock.advance(TIMEOUT);
    assert.deepEqual(log, ["ask", "give up"]);
  });

  test("after sleep without a question it asks at once", () => {
    const { clock, log } = begin();
    clock.sleep(3_600_000);
    clock.advance(0);
    assert.deepEqual(log, ["ask"]);
  });

  test("stops without a timer, and tells nobody", () => {
    const { clock, heartbeat, log } = begin();
    heartbeat.ask(() => log.push("answered"));
    heartbeat.stop();
    assert.equal(clock.timers, 0);
    clock.advance(10 * INTERVAL);
    assert.deepEqual(log, ["ask"]);
  });
});
