import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { deadlines } from "../../../src/node/connection/deadlines.ts";
import type { CloseEvent } from "../../../src/node/connection/settings.ts";
import { FakeClock } from "./fake-clock.ts";
import { CLOSE, closeFrame, frame, PING, PONG, text } from "./frames.ts";
import { endAll, errorIn, eventIn, recorder, rig, settled, wordsOf } from "./rig.ts";

type Rig = ReturnType<typeof rig>;

/** What a close event says, without its error's text. */
function facts(event: CloseEvent): unknown {
  const { error, ...rest } = event;
  return { ...rest, error: error?.code };
}

const bye = { code: 4001, reason: "bye" };
const empty = { code: 1005, reason: "" };

describe("the close event (RFC 6455 §7.1)", () => {
  const ways: [string, (r: Rig) => void, unknown, polite?: boolean][] = [
    [
      "the peer closes with code and reason",
      ({ peer }) => peer.send(closeFrame(4001, "bye")),
      { ...bye, wasClean: true, sent: bye, received: bye, error: undefined, unsentBytes: 0 },
    ],
    [
      "the peer closes without a code",
      ({ peer }) => peer.send(frame(CLOSE, "")),
      { ...empty, wasClean: true, sent: empty, received: empty, error: undefined, unsentBytes: 0 },
    ],
    [
      "this end closes",
      ({ connection }) => connection.close(4001, "bye"),
      { ...bye, wasClean: true, sent: bye, received: bye, error: undefined, unsentBytes: 0 },
    ],
    [
      "this end closes without a code",
      ({ connection }) => connection.close(null),
      { ...empty, wasClean: true, sent: empty, received: empty, error: undefined, unsentBytes: 0 },
    ],
    [
      "both close at once, with codes of their own",
      ({ connection, peer }) => {
        connection.close(4001, "bye");
        peer.send(closeFrame(1001, "me"));
      },
      {
        code: 1001,
        reason: "me",
        wasClean: true,
        sent: bye,
        received: { code: 1001, reason: "me" },
        error: undefined,
        unsentBytes: 0,
      },
      false,
    ],
    [
      "this end terminates",
      ({ connection }) => connection.terminate(),
      {
        code: 1006,
        reason: "",
        wasClean: false,
        sent: undefined,
        received: undefined,
        error: undefined,
        unsentBytes: 0,
      },
    ],
    [
      "this end terminates while it closes",
      ({ connection }) => {
        connection.close(4001, "bye");
        connection.terminate();
      },
      { code: 1006, reason: "", wasClean: false, sent: bye, received: undefined, error: undefined, unsentBytes: 7 },
      false,
    ],
    [
      "the peer ends without a Close frame",
      ({ peer }) => peer.end(),
      {
        code: 1006,
        reason: "",
        wasClean: false,
        sent: undefined,
        received: undefined,
        error: undefined,
        unsentBytes: 0,
      },
    ],
    [
      "the peer resets",
      ({ peer }) => peer.reset(),
      {
        code: 1006,
        reason: "",
        wasClean: false,
        sent: undefined,
        received: undefined,
        error: "TRANSPORT_FAILED",
        unsentBytes: 0,
      },
    ],
    [
      "the peer breaks the protocol",
      ({ peer }) => peer.send(text("a", { mask: null })),
      {
        code: 1002,
        reason: "",
        wasClean: false,
        sent: { code: 1002, reason: "" },
        received: undefined,
        error: "MASK_MISSING",
        unsentBytes: 0,
      },
      false,
    ],
  ];
  for (const [what, end, expected, polite = true] of ways) {
    test(`${what}`, async () => {
      const { handlers, journal } = recorder("close");
      const opened = rig(handlers, { polite });
      await settled();
      end(opened);
      if (!polite) {
        await settled();
        opened.peer.end();
      }
      const [, event] = await journal.next();
      assert.deepEqual(facts(event as CloseEvent), expected);
      assert.equal(await opened.connection.closed, event, "closed resolves with the same");
      assert.equal(opened.connection.state, "closed");
      await settled();
      assert.deepEqual([journal.rest(), opened.ended], [[], [opened.connection]]);
    });
  }

  test("onEnded comes before the close handler, and that before closed", async () => {
    const order: string[] = [];
    const { ended, peer, connection } = rig({ close: () => order.push(`handler ${ended.length}`) });
    const closed = connection.closed.then(() => order.push("closed"));
    peer.send(closeFrame(1000));
    await closed;
    assert.deepEqual(order, ["handler 1", "closed"]);
  });

  test("closed may be asked for before and after the end, and is one promise", async () => {
    const { connection, peer } = rig();
    const { closed } = connection;
    peer.send(closeFrame(4000));
    assert.equal((await closed).code, 4000);
    assert.equal(connection.closed, closed);
    const late = rig();
    late.peer.send(closeFrame(4000));
    await late.peer.seen.find(([word]) => word === "gone");
    assert.equal((await late.connection.closed).code, 4000);
  });

  test("a reset after the peer's Close frame does not make it unclean", async () => {
    const { handlers, journal } = recorder("error", "close");
    const { peer } = rig(handlers, { polite: false });
    peer.send(closeFrame(1000));
    await peer.seen.find(([word]) => word === "end");
    peer.reset();
    const [word, event] = await journal.next();
    assert.deepEqual([word, (event as CloseEvent).wasClean], ["close", true]);
  });

  test("is not clean when the own Close frame never left", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({}, { capacity: 10 });
    await settled();
    peer.pause();
    connection.send("x".repeat(100));
    await settled();
    peer.send(closeFrame(1000));
    await settled();
    await clock.advance(6_000);
    const { wasClean, unsentBytes } = await connection.closed;
    assert.deepEqual([peer.frames.length, wasClean, unsentBytes > 0], [0, false, true]);
  });
});

describe("closing (RFC 6455 §7.1.2)", () => {
  test("the states follow", async () => {
    const { connection, peer } = rig({}, { polite: false });
    assert.equal(connection.state, "open");
    connection.close();
    assert.equal(connection.state, "closing");
    await settled();
    peer.send(closeFrame(1000));
    await settled();
    peer.end();
    await connection.closed;
    assert.equal(connection.state, "closed");
  });

  test("the server ends the transport after both Close frames, in one write with its own", async () => {
    const { peer, transport } = rig();
    await settled();
    peer.send(closeFrame(1000));
    assert.deepEqual(await peer.seen.take(2), [["close", 1000, ""], ["end"]]);
    assert.equal(transport.writes.length, 2);
  });

  test("closing twice, and closing after the end, does nothing", async () => {
    const { connection, peer } = rig();
    connection.close(4001);
    connection.close(4002);
    assert.equal((await connection.closed).code, 4001);
    connection.close(4003);
    connection.terminate();
    assert.equal(peer.frames.length, 1);
  });

  for (const [code, reason] of [
    [0, ""],
    [999, ""],
    [1004, ""],
    [1005, ""],
    [1006, ""],
    [1015, ""],
    [2999, ""],
    [5000, ""],
    [1000.5, ""],
    [Number.NaN, ""],
    ["1000", ""],
    [{}, ""],
    [null, "reason"],
    [1000, "x".repeat(124)],
    [1000, "€".repeat(42)],
    [1000, 5],
    [1000, new Float32Array(30)],
    [1000, Buffer.from("bytes")],
    [1000, null],
  ]) {
    test(`close(${String(code)}, ${typeof reason} of ${String(reason).length}) is refused, and nothing happens`, async () => {
      const { connection, peer } = rig();
      const close = (...given: unknown[]): unknown => Reflect.apply(connection.close, connection, given);
      assert.throws(() => close(code, reason), { code: "USAGE" });
      await settled();
      assert.deepEqual([connection.state, peer.frames], ["open", []]);
      connection.terminate();
      await connection.closed;
      assert.throws(() => close(code, reason), { code: "USAGE" }, "also when it is over");
    });
  }

  test("a reason of 123 bytes is carried", async () => {
    const { connection, peer } = rig();
    connection.close(1000, "€".repeat(41));
    assert.deepEqual(await peer.seen.next(), ["close", 1000, "€".repeat(41)]);
  });

  test("what was sent before close arrives before it", async () => {
    const { connection, peer, transport } = rig();
    await settled();
    connection.send("a");
    connection.send(Buffer.alloc(100_000));
    connection.close();
    const [first, second, third] = await peer.seen.take(3);
    assert.deepEqual([first, second?.length, third], ["a", 100_000, ["close", 1000, ""]]);
    assert.equal(transport.writes.length, 3, "the response; above the high-water mark; the Close frame");
  });

  test("messages that arrive while closing are delivered to a handler", async () => {
    const { handlers, journal } = recorder("message", "close");
    const { connection, peer } = rig(handlers, { polite: false });
    connection.close();
    await settled();
    peer.send(text("late"), closeFrame(1000));
    await settled();
    peer.end();
    assert.deepEqual(wordsOf(await journal.take(2)), ["message", "close"]);
  });

  test("pings are not answered after the Close frame (§5.5.1)", async () => {
    const { connection, peer } = rig({}, { polite: false });
    connection.close();
    await settled();
    peer.send(frame(PING, "p"), closeFrame(1000));
    await settled();
    assert.deepEqual(peer.seen.rest(), [["close", 1000, ""], ["end"]]);
  });

  test("terminate in the middle of a read: nothing more is delivered", async () => {
    const seen: unknown[] = [];
    const { connection, peer } = rig({
      message(opened, data) {
        seen.push(data);
        opened.terminate();
      },
    });
    peer.send(text("a"), text("b"));
    await connection.closed;
    assert.deepEqual(seen, ["a"]);
  });
});

describe("time", () => {
  test("a peer that does not answer the Close frame is given up after closeTimeoutMs", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("error", "close");
    const { connection, transport } = rig(handlers, { closeTimeoutMs: 300, polite: false });
    connection.close(4000);
    await clock.advance(299);
    assert.deepEqual([connection.state, transport.calls], ["closing", []]);
    await clock.advance(1);
    const [error, close] = await journal.take(2);
    assert.equal(errorIn(error).code, "CLOSE_TIMEOUT");
    const event = facts(eventIn(close));
    assert.deepEqual(event, {
      code: 1006,
      reason: "",
      wasClean: false,
      sent: { code: 4000, reason: "" },
      received: undefined,
      error: "CLOSE_TIMEOUT",
      unsentBytes: 0,
    });
    assert.deepEqual(transport.calls, ["destroy"]);
  });

  test("a peer that answers but does not end is cut off, and the end is clean", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("error", "close");
    const { connection, peer, transport } = rig(handlers, { closeTimeoutMs: 300, polite: false });
    peer.send(closeFrame(1000));
    await settled();
    await clock.advance(300);
    assert.deepEqual(wordsOf(await journal.take(1)), ["close"]);
    assert.equal((await connection.closed).wasClean, true);
    assert.deepEqual(transport.calls, ["end", "destroy"]);
  });

  test("a peer that broke the protocol and does not end is cut off", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer, transport } = rig({ error() {} }, { closeTimeoutMs: 300, polite: false });
    peer.send(text("a", { mask: null }));
    await settled();
    await clock.advance(300);
    assert.equal((await connection.closed).code, 1002);
    assert.deepEqual(transport.calls, ["end", "destroy"]);
  });

  test("a peer that ends while its own reading is stopped is cut off", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer, transport } = rig({ error() {} }, { closeTimeoutMs: 300, polite: false });
    peer.end();
    await settled();
    assert.deepEqual(transport.calls, ["end"]);
    connection.close();
    await clock.advance(300);
    assert.equal(connection.state, "closed");
  });

  test("a heartbeat in the past does not matter once the connection closes (the process would stand still)", async (t) => {
    const clock = new FakeClock(t);
    const { connection } = rig(
      { error() {} },
      { heartbeat: { intervalMs: 100, timeoutMs: 100 }, closeTimeoutMs: 1_000, polite: false },
    );
    await clock.advance(50);
    connection.close();
    await clock.advance(1_000);
    assert.equal((await connection.closed).error?.code, "CLOSE_TIMEOUT");
  });

  test("a half-open peer is found after interval and timeout, not before", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("error", "close");
    const { connection, peer, transport } = rig(handlers, {
      heartbeat: { intervalMs: 100, timeoutMs: 50 },
      polite: false,
    });
    await clock.advance(99);
    assert.deepEqual(peer.seen.all, []);
    await clock.advance(1);
    assert.deepEqual([peer.frames.length, peer.frames[0]?.opcode, peer.frames[0]?.payload.length], [1, PING, 4]);
    await clock.advance(49);
    assert.equal(connection.state, "open");
    await clock.advance(1);
    const [error, close] = await journal.take(2);
    assert.equal(errorIn(error).code, "HEARTBEAT_TIMEOUT");
    assert.deepEqual(facts(eventIn(close)), {
      code: 1006,
      reason: "",
      wasClean: false,
      sent: undefined,
      received: undefined,
      error: "HEARTBEAT_TIMEOUT",
      unsentBytes: 0,
    });
    assert.deepEqual([transport.calls, peer.seen.all.length], [["destroy"], 2]);
  });

  test("a half-open peer is found in real time, in the order of ping, error, close", async (t) => {
    // The connection's own timer does not keep the process alive.
    const alive = setInterval(() => {}, 1_000);
    t.after(() => clearInterval(alive));
    const { handlers, journal } = recorder("error", "close");
    const { peer } = rig(handlers, { heartbeat: { intervalMs: 20, timeoutMs: 20 }, polite: false });
    assert.equal((await peer.seen.next())[0], "ping");
    assert.deepEqual(journal.all, []);
    assert.deepEqual(wordsOf(await journal.take(2)), ["error", "close"]);
  });

  test("the heartbeat's round trip is measured, not that of the application's pings", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({}, { heartbeat: { intervalMs: 100, timeoutMs: 50 }, polite: false });
    const roundTrip = connection.ping("mine");
    await clock.advance(5);
    peer.send(frame(PONG, "mine"));
    await settled();
    assert.deepEqual([await roundTrip, connection.roundTripMs], [5, undefined]);
    await clock.advance(100);
    const beat = peer.frames.at(-1);
    assert.ok(beat !== undefined && beat.payload.length === 4);
    await clock.advance(30);
    peer.send(frame(PONG, "none's"));
    await clock.advance(12);
    peer.send(frame(PONG, beat.payload));
    await settled();
    assert.equal(connection.roundTripMs, 42);
  });

  for (const [what, send] of [
    ["a pong", (r) => r.peer.send(frame(PONG, ""))],
    ["a message", (r) => r.peer.send(text("a"))],
    ["part of a header", (r) => r.peer.send(text("a").subarray(0, 1))],
  ] as [string, (r: Rig) => void][]) {
    test(`${what} counts as life`, async (t) => {
      const clock = new FakeClock(t);
      const opened = rig({ message() {} }, { heartbeat: { intervalMs: 100, timeoutMs: 50 }, polite: false });
      await clock.advance(140);
      send(opened);
      await settled();
      await clock.advance(99);
      assert.equal(opened.connection.state, "open");
      assert.equal(opened.peer.seen.all.length, 1);
      await clock.advance(1);
      assert.equal(opened.peer.seen.all.length, 2, "silence is counted anew");
      await clock.advance(50);
      assert.equal(opened.connection.state, "closed");
    });
  }

  test("a peer that answers is pinged once an interval for ever, by one timer", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({}, { heartbeat: { intervalMs: 100, timeoutMs: 50 } });
    await clock.advance(10_000);
    assert.equal(connection.state, "open");
    assert.equal(peer.seen.all.length, 100);
    assert.ok(clock.mostTimers <= 1);
    connection.terminate();
    await connection.closed;
  });

  test("timeoutMs: Infinity pings and gives nobody up", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig(
      {},
      { heartbeat: { intervalMs: 100, timeoutMs: Number.POSITIVE_INFINITY }, polite: false },
    );
    await clock.advance(1_000);
    assert.deepEqual([connection.state, peer.seen.all.length], ["open", 10]);
    connection.terminate();
    await connection.closed;
  });

  test("heartbeat: false sets no timer at all", async (t) => {
    await endAll();
    const clock = new FakeClock(t);
    const { connection } = rig({});
    assert.deepEqual([clock.timers, deadlines.size], [0, 0]);
    await clock.advance(1_000_000);
    assert.equal(connection.state, "open");
  });

  test("a heartbeat that finds its peer gone while a write is blocked ends it too", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig(
      { error() {} },
      { heartbeat: { intervalMs: 100, timeoutMs: 50 }, capacity: 10, polite: false },
    );
    peer.pause();
    connection.send("x".repeat(1_000));
    connection.send("y");
    await clock.advance(150);
    const { error, unsentBytes } = await connection.closed;
    assert.equal(error?.code, "HEARTBEAT_TIMEOUT");
    assert.ok(unsentBytes >= 1_000, `${unsentBytes} bytes`);
  });

  test("a message that is not completed in time closes with 1008", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message", "error", "close");
    const { peer } = rig(handlers, { limits: { messageTimeoutMs: 200 } });
    peer.send(text("a", { fin: false }));
    await settled();
    await clock.advance(100);
    peer.send(frame(0, "b", { fin: false }));
    await settled();
    await clock.advance(99);
    assert.deepEqual(journal.all, []);
    await clock.advance(1);
    const [error, close] = await journal.take(2);
    assert.equal(errorIn(error).code, "MESSAGE_TIMEOUT");
    assert.equal(eventIn(close).code, 1008);
  });

  test("each message has its own time, also when they follow one another without a gap", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message", "error");
    const { connection, peer } = rig(handlers, { limits: { messageTimeoutMs: 200 } });
    peer.send(text("a", { fin: false }));
    await settled();
    for (let i = 0; i < 5; i++) {
      await clock.advance(150);
      peer.send(frame(0, "b"), text("a", { fin: false }));
      await settled();
    }
    assert.deepEqual([journal.all.length, connection.state], [5, "open"]);
    await clock.advance(200);
    assert.equal(journal.all.at(-1)?.[0], "error");
  });

  test("nothing is watched after connections have ended, however that was", async (t) => {
    await endAll();
    const clock = new FakeClock(t);
    const ends: ((r: Rig) => void)[] = [
      ({ connection }) => connection.close(),
      ({ connection }) => connection.terminate(),
      ({ peer }) => peer.reset(),
      ({ peer }) => peer.end(),
      ({ peer }) => peer.send(closeFrame(1000)),
      ({ peer }) => peer.send(text("a", { mask: null })),
    ];
    const closed: Promise<CloseEvent>[] = [];
    for (let i = 0; i < 60; i++) {
      const opened = rig({ error() {} }, { heartbeat: { intervalMs: 1_000 + i }, closeTimeoutMs: 100 + i });
      closed.push(opened.connection.closed);
      ends[i % ends.length]?.(opened);
    }
    assert.equal(deadlines.size, 60);
    await settled();
    await clock.advance(300);
    await Promise.all(closed);
    assert.equal(deadlines.size, 0);
    await clock.advance(1_000_000);
    assert.equal(clock.timers, 0);
  });
});

describe("pings of the peer", () => {
  test("a peer that reads gets all of 5,000 pings in one piece answered, in order", async () => {
    const { peer } = rig();
    peer.send(...Array.from({ length: 5_000 }, (_, i) => frame(PING, String(i))));
    const pongs = await peer.seen.take(5_000);
    assert.deepEqual(
      pongs.map(([, payload]) => String(payload)),
      Array.from({ length: 5_000 }, (_, i) => String(i)),
    );
  });

  test("a peer that never reads is closed at the limit, before its pongs fill memory", async () => {
    const { handlers, journal } = recorder("error", "close");
    const { connection, peer } = rig(handlers, { capacity: 100, polite: false });
    await settled();
    peer.pause();
    let pings = 0;
    for (; connection.state === "open" && pings < 100_000; pings += 100) {
      peer.send(...Array.from({ length: 100 }, () => frame(PING, "x".repeat(125))));
      await settled(1);
    }
    assert.ok(pings < 2_000, `${pings} pings`);
    const [, error] = await journal.next();
    assert.equal((error as { code: string }).code, "TOO_MANY_PENDING_PONGS");
    assert.ok(connection.bufferedBytes < 300_000, `${connection.bufferedBytes} bytes`);
  });

  test("a peer that reads slowly is not closed: pongs that were taken do not count", async () => {
    const { connection, peer } = rig({}, { capacity: 100, limits: { maxPendingPongs: 50 } });
    for (let i = 0; i < 100; i++) {
      peer.send(...Array.from({ length: 40 }, () => frame(PING, "p")));
      await settled(3);
    }
    assert.equal(connection.state, "open");
    await peer.seen.take(4_000);
  });

  test("a peer that reads is not closed because its transport tells late that it has taken the pongs", async () => {
    const { connection, peer } = rig({ message() {} }, { capacity: 1, limits: { maxPendingPongs: 300 } });
    peer.send(...Array.from({ length: 1_000 }, (_, i) => frame(PING, String(i))), text("a"));
    const pongs = await peer.seen.take(1_000);
    assert.deepEqual(
      pongs.map(([, payload]) => Number(payload)),
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    assert.equal(connection.state, "open");
  });

  test("without automaticPong nothing is pending", async () => {
    const { connection, peer } = rig({}, { automaticPong: false, limits: { maxPendingPongs: 1 } });
    peer.send(frame(PING, ""), frame(PING, ""), frame(PING, ""));
    await settled();
    assert.deepEqual([connection.state, peer.seen.all], ["open", []]);
  });
});

describe("many connections", () => {
  test("end each with an event of its own", async () => {
    const events: [Connection<string>, number][] = [];
    const rigs = Array.from({ length: 50 }, () =>
      rig({ close: (connection, { code }) => events.push([connection, code]) }),
    );
    rigs.forEach(({ peer }, i) => {
      peer.send(closeFrame(4000 + i));
    });
    await Promise.all(rigs.map(({ connection }) => connection.closed));
    assert.equal(new Set(events.map(([connection]) => connection)).size, 50);
    rigs.forEach(({ connection }, i) => {
      assert.equal(events.find(([ended]) => ended === connection)?.[1], 4000 + i);
    });
  });
});
