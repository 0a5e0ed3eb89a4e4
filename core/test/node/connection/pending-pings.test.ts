import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConnectionClosedError } from "../../../src/engine/errors.ts";
import { PendingPings } from "../../../src/node/connection/pending-pings.ts";

const closed = new ConnectionClosedError("ping", {});

describe("pending pings (RFC 6455 §5.5.3)", () => {
  test("a pong with the same payload answers, with the time since", async () => {
    const pings = new PendingPings();
    const answered = pings.add(Buffer.from("a"), 1_000);
    pings.pong(Buffer.from("a"), 1_042.5);
    assert.equal(await answered, 42.5);
  });

  test("a pong answers all pings before its own, and none after", async () => {
    const pings = new PendingPings();
    const first = pings.add(Buffer.from("a"), 0);
    const second = pings.add(Buffer.from("b"), 10);
    const third = pings.add(Buffer.from("c"), 20);
    pings.pong(Buffer.from("b"), 30);
    assert.deepEqual([await first, await second], [30, 20]);
    pings.rejectAll(closed);
    await assert.rejects(third, closed);
  });

  test("of pings with one payload a single pong answers all: a peer may have answered the latest alone", async () => {
    const pings = new PendingPings();
    const answered = [pings.add(Buffer.from("a"), 0), pings.add(Buffer.from("a"), 10)];
    const after = pings.add(Buffer.from("b"), 20);
    pings.pong(Buffer.from("a"), 100);
    assert.deepEqual(await Promise.all(answered), [100, 90]);
    pings.pong(Buffer.from("b"), 120);
    assert.equal(await after, 100);
  });

  test("a pong that nobody asked for, or a longer one, answers nothing", async () => {
    const pings = new PendingPings();
    const answered = pings.add(Buffer.from("a"), 0);
    pings.pong(Buffer.from("b"), 10);
    pings.pong(Buffer.from("aa"), 10);
    pings.pong(Buffer.alloc(0), 10);
    pings.pong(Buffer.from("a"), 20);
    assert.equal(await answered, 20);
  });

  test("an empty ping is answered by an empty pong", async () => {
    const pings = new PendingPings();
    const answered = pings.add(Buffer.alloc(0), 0);
    pings.pong(Buffer.alloc(0), 5);
    assert.equal(await answered, 5);
  });

  test("a caller may change the payload after it was sent", async () => {
    const pings = new PendingPings();
    const payload = Buffer.from("before");
    const answered = pings.add(payload, 0);
    payload.write("AFTER!");
    pings.pong(Buffer.from("before"), 7);
    assert.equal(await answered, 7);
  });

  test("promises that are dropped reject without becoming unhandled", async (t) => {
    const unhandled = t.mock.fn();
    process.on("unhandledRejection", unhandled);
    t.after(() => process.off("unhandledRejection", unhandled));
    const pings = new PendingPings();
    void pings.add(Buffer.from("a"), 0);
    void pings.refuse(closed);
    pings.rejectAll(closed);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(unhandled.mock.callCount(), 0);
  });
});
