import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { FakeClock } from "./fake-clock.ts";
import { BINARY, CLOSE, closeFrame, frame, text } from "./frames.ts";
import { errorIn, eventIn, recorder, rig, settled, wordsOf } from "./rig.ts";

describe("fail (RFC 6455 §7.1.7)", () => {
  test("sends a Close frame, ends the transport, and waits for no Close frame", async () => {
    const { handlers, journal } = recorder("error", "closing", "close");
    const { connection, peer, transport } = rig(handlers, { polite: false });
    await settled();
    assert.equal(connection.fail(4001, "no"), undefined);
    assert.equal(connection.state, "closing");
    assert.deepEqual(await peer.seen.take(2), [["close", 4001, "no"], ["end"]]);
    assert.deepEqual(transport.calls, ["end"]);
    peer.end();
    const event = eventIn(await journal.next());
    const { code, reason, wasClean, sent, received, error, unsentBytes } = event;
    assert.deepEqual([code, reason, wasClean, unsentBytes], [4001, "no", false, 0]);
    assert.deepEqual([sent, received, error], [{ code: 4001, reason: "no" }, undefined, undefined]);
    await settled();
    assert.deepEqual(journal.rest(), []);
  });

  test("leaves in one write with what was sent before, and nothing is sent after it", async () => {
    const { connection, peer, transport } = rig();
    await settled();
    const before = transport.writes.length;
    connection.send("before");
    connection.fail(1011);
    assert.equal(connection.send("after"), false);
    assert.equal(connection.droppedMessages, 1);
    assert.deepEqual(await peer.seen.take(3), ["before", ["close", 1011, ""], ["end"]]);
    assert.equal(transport.writes.length - before, 1);
  });

  test("is sent at once in the middle of a message that is written, which is lost", async () => {
    const { connection, peer } = rig();
    const message = connection.beginMessage("text");
    message.write("a");
    connection.send("behind");
    await settled();
    connection.fail(4001, "no");
    message.write("b");
    message.end();
    await connection.closed;
    assert.deepEqual(
      peer.frames.map(({ opcode, fin, payload }) => [opcode, fin, payload.toString("utf8", opcode === CLOSE ? 2 : 0)]),
      [
        [1, false, "a"],
        [CLOSE, true, "no"],
      ],
    );
    assert.equal(connection.droppedMessages, 2);
  });

  test("is sent at once in the middle of a Readable, which is destroyed", async () => {
    const { connection, peer } = rig();
    const source = new PassThrough();
    source.on("error", () => {});
    connection.send(source);
    source.write(Buffer.from("a"));
    await settled();
    connection.close(1000, "waits for the message");
    await settled();
    assert.equal(connection.state, "open");
    connection.fail(4001);
    assert.deepEqual((await connection.closed).sent, { code: 4001, reason: "" });
    assert.deepEqual(
      peer.frames.map(({ opcode }) => opcode),
      [BINARY, CLOSE],
    );
    await settled();
    assert.equal(source.destroyed, true);
  });

  test("nothing is received any more: neither what comes whole nor the rest of a frame", async () => {
    const { handlers, journal } = recorder("message", "ping", "error", "closing");
    const { connection, peer } = rig(handlers, { polite: false });
    const cut = frame(BINARY, "x".repeat(100));
    peer.send(cut.subarray(0, 50));
    await settled();
    connection.fail(4001);
    peer.send(cut.subarray(50));
    peer.send(text("late"), frame(9, "ping"));
    await settled();
    assert.deepEqual(journal.all, []);
    peer.end();
    await connection.closed;
    assert.deepEqual(journal.all, []);
  });

  test("within a message handler, what came behind that message is not handed over", async () => {
    const got: unknown[] = [];
    const { connection, peer } = rig({
      message(opened, message) {
        got.push(message);
        opened.fail(4001, "enough");
      },
    });
    peer.send(text("a"), text("b"), closeFrame(1000));
    const { code, reason } = await connection.closed;
    assert.deepEqual([got, code, reason], [["a"], 4001, "enough"]);
  });

  test("while paused ends all the same, and hands nothing over", async () => {
    const { handlers, journal } = recorder("message", "error");
    const { connection, peer } = rig(handlers);
    connection.pause();
    peer.send(text("a"));
    await settled();
    connection.fail(4001);
    assert.equal((await connection.closed).code, 4001);
    assert.deepEqual(journal.all, []);
  });

  test("after close gives up waiting for the peer's Close frame", async () => {
    const { connection, peer } = rig({}, { polite: false });
    connection.close(4000, "please");
    await settled();
    assert.deepEqual(peer.seen.rest(), [["close", 4000, "please"]]);
    connection.fail(4001, "now");
    assert.deepEqual(await peer.seen.next(), ["end"]);
    peer.end();
    const { code, sent } = await connection.closed;
    assert.deepEqual([code, sent], [1006, { code: 4000, reason: "please" }]);
    assert.equal(peer.frames.length, 1);
  });

  test("a peer that does not end is cut off after closeTimeoutMs", async (t) => {
    const clock = new FakeClock(t);
    const { connection, transport } = rig({}, { polite: false, closeTimeoutMs: 2_000 });
    connection.fail(4001);
    await clock.advance(1_999);
    assert.ok(!transport.calls.includes("destroy"));
    await clock.advance(1);
    assert.ok(transport.calls.includes("destroy"));
    assert.equal((await connection.closed).code, 4001);
  });

  test("after the end does nothing, and is checked all the same", async () => {
    const { connection, peer } = rig();
    connection.terminate();
    await connection.closed;
    connection.fail(4001);
    assert.throws(() => connection.fail(1005), { code: "USAGE" });
    await settled();
    assert.equal(peer.frames.length, 0);
  });

  for (const given of [[1005], [999], [1000, "x".repeat(124)], ["1000"], [null], [undefined], [1000, 5]]) {
    test(`fail(${given.map(String).join(", ").slice(0, 20)}) is a mistake, and nothing happens`, async () => {
      const { connection, peer } = rig();
      assert.throws(() => Reflect.apply(connection.fail, connection, given), { code: "USAGE" });
      await settled();
      assert.deepEqual([connection.state, peer.frames], ["open", []]);
    });
  }
});

describe("what a Close frame says of a failure", () => {
  test("is what failureReason returns, cut to what fits", async () => {
    const seen: unknown[] = [];
    const { handlers, journal } = recorder("error", "close");
    const { peer } = rig(handlers, {
      failureReason(error) {
        seen.push(error);
        return "€".repeat(100);
      },
    });
    peer.send(text("a", { mask: null }));
    assert.deepEqual(await peer.seen.next(), ["close", 1002, "€".repeat(41)]);
    const [failed, closed] = await journal.take(2);
    assert.equal(errorIn(failed), seen[0]);
    assert.equal(eventIn(closed).reason, "€".repeat(41));
    assert.equal(seen.length, 1);
  });

  for (const [what, failureReason] of [
    ["throws", (): string => assert.fail("oops")],
    ["returns no string", (): string => JSON.parse("5")],
  ] as const) {
    test(`is nothing where failureReason ${what}: the connection fails as ever, with a warning`, async () => {
      const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
      const { peer } = rig({}, { failureReason });
      peer.send(text("a", { mask: null }));
      assert.deepEqual(await peer.seen.next(), ["close", 1002, ""]);
      assert.match((await warned).message, /^failureReason .*MASK_MISSING/);
    });
  }

  for (const [what, failureCode, warning] of [
    ["throws", (): number => assert.fail("oops"), /^failureCode failed for MASK_MISSING: .*oops/],
    ["returns what may not be sent", (): number => 1006, /^failureCode returned 1006 for MASK_MISSING/],
    ["returns no number", (): number => JSON.parse('"1"'), /^failureCode returned a string for MASK_MISSING/],
  ] as const) {
    test(`has the error's own code where failureCode ${what}, with a warning`, async () => {
      const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
      const { peer } = rig({}, { failureCode });
      peer.send(text("a", { mask: null }));
      assert.deepEqual(await peer.seen.next(), ["close", 1002, ""]);
      assert.match((await warned).message, warning);
    });
  }

  test("has the code that failureCode returns", async () => {
    const { handlers, journal } = recorder("close");
    const { peer } = rig(handlers, { failureCode: () => 1003 });
    peer.send(text("a", { mask: null }));
    assert.deepEqual(await peer.seen.next(), ["close", 1003, ""]);
    assert.equal(eventIn(await journal.next()).code, 1003);
    assert.throws(() => rig({}, { failureCode: JSON.parse("1003") }), {
      code: "USAGE",
      message: /^failureCode is of type number; give a function that returns a close code/,
    });
  });

  test("has to be made by a function", () => {
    assert.throws(() => rig({}, { failureReason: JSON.parse('"text"') }), {
      code: "USAGE",
      message: /^failureReason is of type string/,
    });
  });

  test("a limit that is exceeded while sending says so, too", async () => {
    const { handlers, journal } = recorder("error");
    const { connection, peer } = rig(handlers, {
      capacity: 10,
      backpressure: { maxBufferedBytes: 100 },
      failureReason: ({ code }) => code,
    });
    await settled();
    peer.pause();
    connection.send("x".repeat(90));
    await settled();
    connection.send("y".repeat(90));
    assert.equal(errorIn(await journal.next()).code, "OUTBOUND_FULL");
    peer.resume();
    assert.deepEqual((await peer.seen.take(2))[1], ["close", 1013, "OUTBOUND_FULL"]);
    assert.deepEqual(wordsOf(journal.rest()), []);
  });
});
