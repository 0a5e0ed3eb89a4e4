import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, test } from "node:test";
import { readRefusalBody } from "../../../src/node/client/refusal-body.ts";
import { FakeClock } from "../connection/fake-clock.ts";
import { turns } from "../transport/sockets.ts";

/** A response whose body the test gives, and what was made of it. */
function reading(): { response: IncomingMessage; bodies: Buffer[]; stop: () => void } {
  const response = new IncomingMessage(new Socket());
  const bodies: Buffer[] = [];
  const stop = readRefusalBody(response, (body) => bodies.push(body));
  return { response, bodies, stop };
}

const FULL = 16_384;

describe("the start of a refusal's body", () => {
  test("is empty when the response has none", async () => {
    const { response, bodies } = reading();
    assert.equal(bodies.length, 0, "never within the call");
    response.push(null);
    await turns();
    assert.deepEqual(bodies, [Buffer.alloc(0)]);
  });

  test("is all of a short one", async () => {
    const { response, bodies } = reading();
    response.push(Buffer.from("no "));
    await turns();
    assert.equal(bodies.length, 0);
    response.push(Buffer.from("entry"));
    response.push(null);
    await turns();
    assert.deepEqual(bodies.map(String), ["no entry"]);
  });

  for (const [what, chunks, length] of [
    ["one byte less than 16 KiB", [FULL - 1], FULL - 1],
    ["exactly 16 KiB", [FULL], FULL],
    ["one byte more than 16 KiB", [FULL + 1], FULL],
    ["a chunk that goes over it", [FULL - 10, 20], FULL],
    ["chunks behind the last byte that is taken", [FULL, 1_000, 1_000], FULL],
    ["a megabyte at once", [1 << 20], FULL],
  ] as const) {
    test(`is at most 16 KiB: ${what}`, async () => {
      const { response, bodies } = reading();
      const sent = Buffer.alloc(chunks.reduce((sum, size) => sum + size, 0));
      for (let i = 0; i < sent.length; i++) sent[i] = i % 251;
      let at = 0;
      for (const size of chunks) {
        response.push(sent.subarray(at, at + size));
        at += size;
      }
      response.push(null);
      await turns();
      assert.equal(bodies.length, 1);
      assert.deepEqual(bodies[0], sent.subarray(0, length));
      assert.equal(response.destroyed, true);
    });
  }

  test("is taken without waiting for the end of an endless one", async () => {
    const { response, bodies } = reading();
    for (let sent = 0; sent < FULL; sent += 128) response.push(Buffer.alloc(128, "x"));
    await turns();
    assert.deepEqual(bodies, [Buffer.alloc(FULL, "x")]);
    assert.equal(response.destroyed, true);
  });

  test("is a copy of what came, and no view of the 16 KiB that were kept ready", async () => {
    const { response, bodies } = reading();
    const chunk = Buffer.from("shown");
    response.push(chunk);
    await turns();
    chunk.fill("x");
    response.push(null);
    await turns();
    assert.equal(String(bodies[0]), "shown");
    // Small copies share Node's pool
    assert.notEqual(bodies[0]?.buffer.byteLength, FULL);
  });

  test("is what there is after 2 seconds of a body that trickles in, not before", async (t) => {
    const clock = new FakeClock(t);
    const { response, bodies } = reading();
    for (let i = 0; i < 19; i++) {
      response.push(Buffer.from("a"));
      await clock.advance(100);
    }
    await clock.advance(99);
    assert.equal(bodies.length, 0);
    await clock.advance(1);
    assert.deepEqual(bodies.map(String), ["a".repeat(19)]);
    assert.equal(response.destroyed, true);
    assert.equal(clock.timers, 0);
  });

  test("is what there is when the connection is lost", async (t) => {
    const clock = new FakeClock(t);
    const { response, bodies } = reading();
    response.push(Buffer.from("half"));
    await turns();
    response.destroy(new Error("aborted"));
    await turns();
    assert.deepEqual(bodies.map(String), ["half"]);
    assert.equal(clock.timers, 0, "no timer is left");
  });

  test("is handed over within the call when the reader is told to stop", async (t) => {
    const clock = new FakeClock(t);
    const { response, bodies, stop } = reading();
    response.push(Buffer.from("half"));
    await turns();
    stop();
    assert.deepEqual(bodies.map(String), ["half"]);
    assert.equal(response.destroyed, true);
    stop();
    await clock.advance(5_000);
    assert.equal(bodies.length, 1, "once");
    assert.equal(clock.timers, 0);
  });

  test("stays the same, and nothing fails, when an error follows", async () => {
    const { response, bodies, stop } = reading();
    stop();
    response.emit("error", new Error("late"));
    response.emit("error", new Error("later"));
    await turns();
    assert.equal(bodies.length, 1);
  });
});
