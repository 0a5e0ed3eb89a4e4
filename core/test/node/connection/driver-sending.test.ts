import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import type { ConnectionClosedError, LimitError } from "../../../src/engine/errors.ts";
import type { CloseEvent } from "../../../src/node/connection/settings.ts";
import { BINARY, closeFrame, TEXT, text } from "./frames.ts";
import { Journal } from "./journal.ts";
import { errorIn, recorder, rig, settled } from "./rig.ts";

const BYTES = Buffer.from([0, 1, 2, 250, 251, 252, 253, 254, 255, 0, 10, 13]);

/** The same twelve bytes in the middle of a larger buffer. */
function windowed<T extends ArrayBufferLike>(buffer: T): T {
  new Uint8Array(buffer).fill(0xee).set(BYTES, 8);
  return buffer;
}

function exactly(buffer: ArrayBuffer | SharedArrayBuffer): typeof buffer {
  new Uint8Array(buffer).set(BYTES);
  return buffer;
}

/** Call `send` as an application without types might. */
function sendAny(connection: ReturnType<typeof rig>["connection"], ...given: unknown[]): unknown {
  return Reflect.apply(connection.send, connection, given);
}

describe("what may be sent", () => {
  const binary: [string, () => unknown][] = [
    ["a Buffer", () => Buffer.from(BYTES)],
    ["a Uint8Array", () => new Uint8Array(BYTES)],
    ["a Uint8Array window", () => new Uint8Array(windowed(new ArrayBuffer(40)), 8, 12)],
    ["a Uint8Array over shared memory", () => new Uint8Array(windowed(new SharedArrayBuffer(40)), 8, 12)],
    ["a DataView window", () => new DataView(windowed(new ArrayBuffer(40)), 8, 12)],
    ["a Float32Array window", () => new Float32Array(windowed(new ArrayBuffer(40)), 8, 3)],
    ["an Int16Array window", () => new Int16Array(windowed(new ArrayBuffer(40)), 8, 6)],
    ["an ArrayBuffer", () => exactly(new ArrayBuffer(12))],
    ["a SharedArrayBuffer", () => exactly(new SharedArrayBuffer(12))],
    ["a Blob", () => new Blob([BYTES.subarray(0, 5), BYTES.subarray(5)])],
    ["a Readable of bytes", () => Readable.from([BYTES.subarray(0, 5), new Uint8Array(BYTES.subarray(5))])],
  ];
  for (const [what, make] of binary) {
    test(`${what} arrives as a binary message`, async () => {
      const { connection, peer } = rig();
      sendAny(connection, make());
      assert.deepEqual(await peer.seen.next(), BYTES);
      assert.equal(peer.frames[0]?.opcode, BINARY);
      assert.equal(peer.frames[0]?.masked, false);
    });
  }

  for (const made of [
    "new ArrayBuffer(3)",
    "new SharedArrayBuffer(3)",
    "new Uint8Array(3)",
    "new DataView(new ArrayBuffer(3))",
  ]) {
    test(`${made} of another realm arrives too`, async () => {
      const { connection, peer } = rig();
      sendAny(connection, runInNewContext(made));
      assert.deepEqual(await peer.seen.next(), Buffer.alloc(3));
    });
  }

  for (const size of [0, 125, 126, 16_384, 16_385, 65_535, 65_536, 300_000]) {
    test(`text and bytes of ${size} arrive, the caller's own unchanged`, async () => {
      const { connection, peer } = rig();
      const bytes = Buffer.alloc(size, "abc\xff", "latin1");
      const before = Buffer.from(bytes);
      const shared = new Uint8Array(new SharedArrayBuffer(size));
      shared.set(bytes);
      const string = "é".repeat(size / 2);
      connection.send(bytes);
      connection.send(shared);
      connection.send(string);
      assert.equal(bytes.equals(before), true);
      const [one, two, three] = await peer.seen.take(3);
      assert.equal(Buffer.isBuffer(one) && one.equals(before), true);
      assert.equal(Buffer.isBuffer(two) && two.equals(before), true);
      assert.equal(three, string);
      assert.equal(bytes.equals(before), true);
    });
  }

  for (const string of ["", "a", "é", "\u{1f600}", "\ufeff", "\0", "x".repeat(70_000)]) {
    test(`the string ${JSON.stringify(string.slice(0, 3))} of ${string.length} arrives as text`, async () => {
      const { connection, peer } = rig();
      connection.send(string);
      assert.equal(await peer.seen.next(), string);
      assert.equal(peer.frames[0]?.opcode, TEXT);
    });
  }

  test("an unpaired surrogate arrives as U+FFFD", async () => {
    const { connection, peer } = rig();
    connection.send("a\ud800b");
    assert.equal(await peer.seen.next(), "a\ufffdb");
  });

  test("kind decides what is sent", async () => {
    const { connection, peer } = rig();
    connection.send("é", { kind: "binary" });
    connection.send(Buffer.from("é"), { kind: "text" });
    connection.send(new Blob(["é"]), { kind: "text" });
    connection.send(Readable.from(["é"]), { kind: "binary" });
    connection.send(Readable.from([Buffer.from("é")]), { kind: "text" });
    connection.send("plain", { kind: undefined });
    connection.send("plain", {});
    assert.deepEqual(await peer.seen.take(7), [Buffer.from("é"), "é", "é", Buffer.from("é"), "é", "plain", "plain"]);
  });

  const wrong: unknown[] = [
    ...[0, 1, 1_000, 2 ** 31, 1e20, Number.NaN, -1, 10n, true, Symbol("s")],
    ...[null, undefined, {}, [], [1, 2], () => {}, new Date(), /x/, new Map(), { length: 1_000 }],
    ...[{ pipe: 1 }, { [Symbol.asyncIterator]: () => {} }, Object.create(null), Promise.resolve("a")],
  ];
  for (const value of wrong) {
    const name = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
    test(`${typeof value} ${name} is refused, and nothing is sent`, async () => {
      const { connection, peer } = rig();
      assert.throws(() => sendAny(connection, value), { name: "UsageError", code: "USAGE" });
      await settled();
      assert.deepEqual([peer.bytes, connection.state, connection.droppedMessages], [0, "open", 0]);
    });
  }

  for (const value of [0, 5, 1e20, null, {}, [], true]) {
    test(`ping and pong of ${String(value)} are refused, and nothing is sent`, async () => {
      const { connection, peer } = rig();
      assert.throws(() => Reflect.apply(connection.ping, connection, [value]), { code: "USAGE" });
      assert.throws(() => Reflect.apply(connection.pong, connection, [value]), { code: "USAGE" });
      await settled();
      assert.equal(peer.bytes, 0);
    });
  }

  test("another kind is refused", () => {
    const { connection } = rig();
    for (const kind of ["Text", "", 1, null, "__proto__"]) {
      assert.throws(() => sendAny(connection, "a", { kind }), { code: "USAGE" });
    }
  });

  test("bytes sent as text must be UTF-8", async () => {
    const { connection, peer } = rig();
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
      assert.throws(() => connection.send(Buffer.from(bytes), { kind: "text" }), { code: "USAGE" });
    }
    connection.send("still open");
    assert.equal(await peer.seen.next(), "still open");
  });
});

describe("streamed messages", () => {
  test("what is sent after one waits for it, and order is kept", async () => {
    const { connection, peer } = rig();
    const source = new PassThrough();
    const results = [
      connection.send("before"),
      connection.send(source, { kind: "text" }),
      connection.send("between"),
      connection.send(Buffer.from("bytes")),
      connection.send(Readable.from(["stream"])),
      connection.send(new Blob(["blob"])),
      connection.send("after"),
    ];
    assert.deepEqual(results, [true, false, false, false, false, false, false]);
    await settled();
    assert.deepEqual(peer.seen.rest(), ["before"]);
    source.write("long ");
    await settled();
    source.end("message");
    const expected = ["long message", "between", Buffer.from("bytes"), "stream", Buffer.from("blob"), "after"];
    assert.deepEqual(await peer.seen.take(6), expected);
    assert.equal(connection.send("direct again"), true);
  });

  test("control frames go between the fragments", async () => {
    const { connection, peer } = rig();
    const source = new PassThrough();
    connection.send(source);
    source.write("a");
    await settled();
    const roundTrip = connection.ping("p");
    connection.pong("q");
    assert.deepEqual(await peer.seen.take(2), [
      ["ping", Buffer.from("p")],
      ["pong", Buffer.from("q")],
    ]);
    assert.ok((await roundTrip) >= 0);
    source.end("b");
    assert.deepEqual(await peer.seen.next(), Buffer.from("ab"));
  });

  test("a thousand small messages behind one arrive in order", async () => {
    const { connection, peer } = rig();
    const source = new PassThrough();
    connection.send(source);
    for (let i = 0; i < 1_000; i++) connection.send(String(i));
    source.end("first");
    assert.deepEqual(await peer.seen.take(1_001), [
      Buffer.from("first"),
      ...Array.from({ length: 1_000 }, (_, i) => String(i)),
    ]);
  });

  test("a mistake in what waits is told to its caller", async () => {
    const { connection, peer } = rig();
    const source = new PassThrough();
    connection.send(source);
    assert.throws(() => connection.send(Buffer.from([0xff]), { kind: "text" }), { code: "USAGE" });
    assert.throws(() => connection.close(5), { code: "USAGE" });
    assert.throws(() => sendAny(connection, 5), { code: "USAGE" });
    connection.send("good");
    source.end("x");
    assert.deepEqual(await peer.seen.take(2), [Buffer.from("x"), "good"]);
  });

  test("bytes that wait behind one are those that were given, whatever the caller does to the array", async () => {
    const { connection, peer } = rig();
    const source = new PassThrough();
    connection.send(source);
    const texts = Buffer.from("text");
    const binary = Buffer.alloc(100_000, "b");
    connection.send(texts, { kind: "text" });
    connection.send(binary);
    texts.fill(0xff);
    binary.fill(0);
    source.end("x");
    assert.deepEqual(await peer.seen.take(3), [Buffer.from("x"), "text", Buffer.alloc(100_000, "b")]);
    assert.equal(connection.droppedMessages, 0);
  });

  test("close() during one lets it end, and sends the Close frame behind it", async () => {
    const { connection, peer } = rig();
    const source = new PassThrough();
    connection.send(source);
    connection.send("queued");
    connection.close(4001, "bye");
    connection.close(4002);
    assert.equal(connection.send("after close"), false);
    assert.equal(connection.send(Readable.from(["after close"])), false);
    assert.equal(connection.droppedMessages, 2);
    source.end("whole");
    assert.deepEqual(await peer.seen.take(3), [Buffer.from("whole"), "queued", ["close", 4001, "bye"]]);
    assert.equal((await connection.closed).wasClean, true);
    assert.equal(connection.droppedMessages, 2);
  });

  for (const [when, chunks] of [
    ["before its first chunk", []],
    ["in the middle", ["part"]],
  ] as const) {
    test(`a source that fails ${when} ends the connection with 1011`, async () => {
      const { handlers, journal } = recorder("error", "close");
      const { connection, peer, counters } = rig(handlers);
      const failure = new Error("disk");
      connection.send(
        Readable.from(
          (function* () {
            yield* chunks;
            throw failure;
          })(),
        ),
      );
      connection.send("never sent");
      assert.deepEqual(await peer.seen.next(), ["close", 1011, ""]);
      const [error, close] = await journal.take(2);
      assert.deepEqual([errorIn(error).cause, close?.[0]], [failure, "close"]);
      assert.deepEqual([connection.droppedMessages, counters.messagesDropped, counters.messagesSent], [2, 2, 0]);
    });
  }

  for (const [how, end] of [
    ["a reset", (r) => r.peer.reset()],
    ["the peer's Close frame", (r) => r.peer.send(closeFrame(1000))],
    ["terminate", (r) => r.connection.terminate()],
  ] as [string, (r: ReturnType<typeof rig>) => void][]) {
    test(`${how} during one: it and what waits is dropped and counted, and the sources are destroyed`, async () => {
      const { handlers, journal } = recorder("close");
      const opened = rig({ ...handlers, error() {} });
      const { connection, counters } = opened;
      const running = new PassThrough();
      const waiting = new PassThrough();
      connection.send(running);
      running.write("begun");
      connection.send("a");
      connection.send(waiting);
      connection.send("b");
      void connection.flush();
      await settled();
      end(opened);
      await journal.next();
      assert.equal(connection.droppedMessages, 4, "in the close handler already");
      await settled();
      assert.deepEqual([connection.droppedMessages, counters.messagesDropped, counters.messagesSent], [4, 4, 0]);
      assert.deepEqual([running.destroyed, waiting.destroyed], [true, true]);
      assert.equal(connection.bufferedBytes, 0);
    });
  }

  test("a source that fails while it waits for its turn fails the connection then, not the process", async () => {
    const { handlers, journal } = recorder("error");
    const { connection, peer } = rig(handlers);
    const first = new PassThrough();
    connection.send(first);
    const missing = createReadStream("/there/is/no/such/file");
    connection.send(missing);
    await new Promise<void>((resolve) => missing.once("close", () => resolve()));
    await settled();
    assert.deepEqual([connection.state, journal.all], ["open", []]);
    first.end("first");
    assert.deepEqual(await peer.seen.take(2), [Buffer.from("first"), ["close", 1011, ""]]);
    const { cause } = errorIn(await journal.next());
    assert.equal(cause instanceof Error && "code" in cause && cause.code, "ENOENT");
  });

  test("a source given to a connection that is over may fail without harm", async () => {
    const { connection } = rig();
    connection.terminate();
    const source = new PassThrough();
    connection.send(source);
    source.emit("error", new Error("late"));
    await connection.closed;
  });

  test("a source that is stuck when the connection ends is let go", async () => {
    const { connection, peer } = rig({ error() {} });
    const stuck = new Readable({ read() {} });
    connection.send(stuck);
    await settled();
    peer.reset();
    await once(stuck, "close");
    assert.equal(connection.droppedMessages, 1);
  });

  test("a source given to a connection that is not open is destroyed, and counted", async () => {
    const { connection } = rig();
    connection.terminate();
    const source = new PassThrough();
    assert.equal(connection.send(source), false);
    assert.deepEqual([source.destroyed, connection.droppedMessages], [true, 1]);
  });

  test("a source is read no faster than the peer reads", async () => {
    const { connection, peer } = rig({}, { capacity: 1_000 });
    let given = 0;
    const source = new Readable({
      highWaterMark: 10_000,
      read() {
        given += 1;
        this.push(given <= 500 ? Buffer.alloc(10_000) : null);
      },
    });
    await settled();
    peer.pause();
    connection.send(source);
    await settled(50);
    assert.ok(given < 15, `${given} chunks were taken`);
    peer.resume();
    assert.equal((await peer.seen.next()).length, 5_000_000);
  });

  test("many small chunks of one turn leave in few writes", async () => {
    const { connection, peer, transport } = rig();
    connection.send(Readable.from(Array.from({ length: 1_000 }, () => "chunk")));
    assert.equal((await peer.seen.next()).length, 5_000);
    assert.ok(transport.writes.length < 200, `${transport.writes.length} writes`);
  });

  test("drain follows when all is sent, exactly once", async () => {
    const { handlers, journal } = recorder("drain");
    const { connection } = rig(handlers);
    const source = new PassThrough();
    connection.send(source);
    connection.send("a");
    await settled();
    assert.deepEqual(journal.all, []);
    source.end("x");
    await journal.next();
    await settled();
    assert.deepEqual(journal.rest(), []);
  });

  test("one whose last fragment is more than may wait is counted as dropped", async () => {
    const { connection, peer } = rig({}, { capacity: 10, backpressure: { maxBufferedBytes: 200 } });
    await settled();
    peer.pause();
    const writer = connection.beginMessage("text");
    writer.write("x".repeat(50));
    await settled();
    assert.equal(writer.end("y".repeat(500)), false);
    peer.resume();
    assert.equal((await connection.closed).error?.code, "OUTBOUND_FULL");
    assert.equal(connection.droppedMessages, 1);
  });
});

describe("backpressure", () => {
  test("send is true while the peer keeps up, however much it is", async () => {
    const { handlers, journal } = recorder("drain");
    const { connection, peer } = rig(handlers);
    for (let i = 0; i < 200; i++) assert.equal(connection.send("x".repeat(10_000)), true);
    await peer.seen.take(200);
    assert.deepEqual([journal.all, connection.bufferedBytes], [[], 0]);
  });

  test("send is false above the high-water mark, and drain comes once when all is with the system", async () => {
    const { handlers, journal } = recorder("drain");
    const { connection, peer } = rig(handlers, { capacity: 100, backpressure: { highWaterMarkBytes: 1_000 } });
    await settled();
    peer.pause();
    assert.equal(connection.send("x".repeat(500)), true, "not yet above the mark");
    await settled();
    assert.equal(connection.send("x".repeat(400)), true);
    assert.equal(connection.send("x".repeat(400)), false);
    assert.equal(connection.send("x".repeat(400)), false);
    const seen = connection.bufferedBytes;
    assert.ok(seen > 1_500 && seen <= 1_720, `${seen} bytes`);
    await settled();
    assert.deepEqual(journal.all, []);
    peer.resume();
    await journal.next();
    assert.equal(connection.bufferedBytes, 0);
    await peer.seen.take(4);
    await settled();
    assert.deepEqual(journal.rest(), []);
    assert.equal(connection.send("again"), true);
  });

  test("a drain handler that sends on is called again, and never within itself", async () => {
    let inside = 0;
    let sent = 0;
    const { connection, peer } = rig(
      {
        drain(drained) {
          assert.equal(inside, 0);
          inside += 1;
          while (sent < 100 && drained.send(String(sent++).padEnd(1_000))) {}
          inside -= 1;
        },
      },
      { capacity: 100, backpressure: { highWaterMarkBytes: 3_000 } },
    );
    while (connection.send(String(sent++).padEnd(1_000))) {}
    const seen = await peer.seen.take(100);
    assert.deepEqual(
      seen.map(Number),
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  test("order is kept through blocked writes", async () => {
    const { connection, peer } = rig({}, { capacity: 300 });
    for (let i = 0; i < 500; i++) {
      connection.send(String(i));
      if (i % 7 === 0) connection.send(Buffer.alloc(20_000, i));
      if (i % 50 === 0) await settled(2);
    }
    const seen = await peer.seen.take(500 + 72);
    assert.deepEqual(
      seen.filter((one) => typeof one === "string").map(Number),
      Array.from({ length: 500 }, (_, i) => i),
    );
    const large = seen.filter((one) => Buffer.isBuffer(one));
    assert.equal(
      large.every((one, i) => one.equals(Buffer.alloc(20_000, 7 * i))),
      true,
    );
  });

  test('at the maximum, "close" ends with 1013, tells OUTBOUND_FULL and drops the message', async () => {
    const { handlers, journal } = recorder("error", "close", "drain");
    const { connection, peer, counters } = rig(handlers, {
      capacity: 100,
      backpressure: { highWaterMarkBytes: 1_000, maxBufferedBytes: 5_000 },
    });
    await settled();
    peer.pause();
    for (let i = 0; i < 4; i++) connection.send("x".repeat(1_000));
    await settled();
    assert.equal(connection.state, "open");
    assert.equal(connection.send("x".repeat(1_500)), false);
    assert.equal(connection.state, "closing");
    assert.equal(connection.send("after"), false);
    assert.deepEqual([connection.droppedMessages, counters.messagesDropped, counters.messagesSent], [2, 2, 4]);
    const [, error] = await journal.next();
    const { code, limit, max, actual } = error as LimitError;
    assert.deepEqual([code, limit, max], ["OUTBOUND_FULL", "maxBufferedBytes", 5_000]);
    assert.ok(actual > 5_000 && actual < 6_000);
    peer.resume();
    await peer.seen.take(4);
    assert.deepEqual(await peer.seen.next(), ["close", 1013, ""]);
    assert.equal(((await journal.next())[1] as CloseEvent).code, 1013);
    assert.deepEqual(journal.rest(), []);
  });

  test('at the maximum, "drop" drops the newest, counts it, and goes on after drain', async () => {
    const { handlers, journal } = recorder("error", "drain");
    const { connection, peer, counters } = rig(handlers, {
      capacity: 100,
      backpressure: { highWaterMarkBytes: 1_000, maxBufferedBytes: 3_000, policy: "drop" },
    });
    await settled();
    peer.pause();
    for (let i = 0; i < 10; i++) connection.send(String(i).padEnd(1_000));
    await settled();
    assert.equal(connection.state, "open");
    assert.equal(connection.droppedMessages, counters.messagesDropped);
    const dropped = connection.droppedMessages;
    assert.ok(dropped >= 7, `${dropped} dropped`);
    peer.resume();
    assert.deepEqual(await journal.next(), ["drain", undefined]);
    connection.send("later");
    const seen = await peer.seen.take(11 - dropped);
    assert.deepEqual(
      seen.slice(0, -1).map(Number),
      Array.from({ length: 10 - dropped }, (_, i) => i),
    );
    assert.equal(seen.at(-1), "later");
    assert.deepEqual(journal.rest(), []);
  });

  test("messages that wait behind a stream count against the maximum", async () => {
    for (const message of ["", "x".repeat(1_000), Buffer.alloc(1_000)]) {
      const { connection } = rig({ error() {} }, { backpressure: { maxBufferedBytes: 100_000 } });
      connection.send(new PassThrough());
      let accepted = 0;
      while (connection.state === "open" && accepted < 10_000) {
        connection.send(message);
        accepted += 1;
      }
      assert.equal(connection.state, "closing");
      assert.ok(accepted <= 1_000, `${accepted} messages of ${message.length}`);
      assert.ok(connection.bufferedBytes <= 100_100, `${connection.bufferedBytes} bytes`);
      connection.terminate();
    }
  });

  test("bufferedBytes counts framing, and is 0 after the end", async () => {
    const { connection, peer } = rig({}, { capacity: 1 });
    await settled();
    peer.pause();
    connection.send("abc");
    assert.equal(connection.bufferedBytes, 5);
    await settled();
    assert.equal(connection.bufferedBytes, 4, "the link has taken one");
    connection.send(Buffer.alloc(200));
    assert.equal(connection.bufferedBytes, 4 + 204);
    connection.terminate();
    await connection.closed;
    assert.equal(connection.bufferedBytes, 0);
  });

  test("send after close is false and counted; so is send after the end", async () => {
    const { connection, peer, counters } = rig();
    connection.close();
    assert.equal(connection.send("a"), false);
    assert.equal(connection.send(Buffer.from("b")), false);
    await connection.closed;
    assert.equal(connection.send("c"), false);
    assert.equal(connection.send(new Blob(["d"])), false);
    assert.deepEqual([connection.droppedMessages, counters.messagesDropped, counters.messagesSent], [4, 4, 0]);
    assert.equal(peer.frames.length, 1);
    assert.throws(() => sendAny(connection, 5), { code: "USAGE" });
  });

  test("what is sent after the peer's FIN is dropped", async () => {
    const { connection, peer } = rig({}, { polite: false });
    peer.end();
    await settled();
    assert.equal(connection.send("a"), false);
    assert.equal(connection.droppedMessages, 1);
  });
});

describe("flush", () => {
  test("resolves when all that was sent is with the system", async () => {
    const { connection, transport } = rig();
    connection.send("a");
    assert.equal(transport.writes.length, 1);
    await connection.flush();
    assert.equal(transport.writes.length, 2);
    await connection.flush();
  });

  test("does not resolve while any of it waits, though later messages may", async () => {
    const { connection, peer } = rig({}, { capacity: 10 });
    const order = new Journal<string>();
    await settled();
    peer.pause();
    connection.send("x".repeat(100));
    await settled();
    connection.send("y".repeat(100));
    const flushed = connection.flush().then(() => order.add(`flushed at ${connection.bufferedBytes}`));
    connection.send("z".repeat(100));
    await settled();
    assert.deepEqual(order.all, []);
    peer.resume();
    await flushed;
    assert.deepEqual(order.all, ["flushed at 0"]);
    await peer.seen.take(3);
  });

  test("resolves while the connection is closing, not only when it has ended", async () => {
    const { connection, peer } = rig({}, { capacity: 10, polite: false });
    await settled();
    peer.pause();
    connection.send("x".repeat(100));
    await settled();
    connection.send("y".repeat(50));
    const flushed = connection.flush();
    peer.send(closeFrame(1000));
    await settled();
    peer.resume();
    await flushed;
    assert.equal(connection.state, "closing");
    peer.end();
    assert.equal((await connection.closed).unsentBytes, 0);
  });

  test("several flushes resolve in order", async () => {
    const { connection, peer } = rig({}, { capacity: 10 });
    const order: number[] = [];
    const flushes: Promise<unknown>[] = [];
    for (let i = 0; i < 5; i++) {
      connection.send("x".repeat(100));
      flushes.push(connection.flush().then(() => order.push(i)));
    }
    await Promise.all(flushes);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
    await peer.seen.take(5);
  });

  test("waits for streamed messages sent before it, and not for those after", async () => {
    const { connection, peer } = rig();
    const before = new PassThrough();
    const after = new PassThrough();
    const order = new Journal<string>();
    connection.send(before);
    const flushed = connection.flush().then(() => order.add("flushed"));
    connection.send(after);
    await settled();
    assert.deepEqual(order.all, []);
    before.end("a");
    await flushed;
    after.end("b");
    await peer.seen.take(2);
  });

  test("rejects with the bytes that were not sent when the connection ends first", async () => {
    const { connection, peer } = rig({ error() {} }, { capacity: 10 });
    await settled();
    peer.pause();
    connection.send("x".repeat(100));
    await settled();
    connection.send("y".repeat(50));
    const flushed = connection.flush();
    peer.reset();
    const { unsentBytes } = await connection.closed;
    assert.ok(unsentBytes > 150 - 10 && unsentBytes <= 154, `${unsentBytes} bytes`);
    await assert.rejects(flushed, (error: ConnectionClosedError) => {
      assert.deepEqual([error.code, error.unsentBytes], ["CONNECTION_CLOSED", unsentBytes]);
      return true;
    });
    await assert.rejects(connection.flush(), { code: "CONNECTION_CLOSED", unsentBytes });
  });

  test("bytes that were handed over with the end count as unsent until the system has them", async () => {
    const { connection, peer } = rig({ error() {} }, { capacity: 10, polite: false });
    await settled();
    peer.pause();
    connection.send("x".repeat(100));
    await settled();
    connection.send("y".repeat(50));
    const flushed = connection.flush();
    peer.send(closeFrame(1000));
    await settled();
    peer.reset();
    const { unsentBytes } = await connection.closed;
    assert.equal(unsentBytes, 102 + 52 + 4);
    await assert.rejects(flushed, { code: "CONNECTION_CLOSED", unsentBytes });
  });

  test("rejects when a message that waits behind a stream is lost, also if no byte of it was counted", async () => {
    const { connection, peer } = rig({ error() {} });
    connection.send(new PassThrough());
    connection.send("");
    const flushed = connection.flush();
    await settled();
    peer.reset();
    await assert.rejects(flushed, { code: "CONNECTION_CLOSED" });
  });

  test("resolves after a clean end", async () => {
    const { connection } = rig();
    connection.send("a");
    connection.close();
    const during = connection.flush();
    const { unsentBytes, wasClean } = await connection.closed;
    assert.deepEqual([unsentBytes, wasClean], [0, true]);
    await during;
    await connection.flush();
  });

  test("resolves when the connection is lost after the bytes were taken", async () => {
    const { connection, peer } = rig({ error() {} });
    connection.send("a");
    const flushed = connection.flush();
    await peer.seen.next();
    peer.reset();
    await flushed;
    await connection.closed;
    await connection.flush();
  });

  test("a promise that is dropped does no harm", async () => {
    const { connection, peer } = rig({ error() {} }, { capacity: 1 });
    await settled();
    peer.pause();
    connection.send("abc");
    void connection.flush();
    connection.terminate();
    void connection.flush();
    await connection.closed;
    void connection.flush();
    await settled();
  });

  test("after the end it says that a message was lost of which no byte had been read", async () => {
    const { connection, peer } = rig();
    connection.send(new Readable({ read() {} }));
    peer.reset();
    await connection.closed;
    assert.equal(connection.droppedMessages, 1);
    await assert.rejects(connection.flush(), { code: "CONNECTION_CLOSED" });
  });

  test("behind a streamed message it says that the peer closed before what waits was sent", async () => {
    const { connection, peer } = rig();
    const source = new Readable({ objectMode: true, read() {} });
    connection.send(source);
    connection.send("behind");
    const flushed = connection.flush();
    peer.send(closeFrame(1000));
    await settled(2);
    source.push("more");
    await connection.closed;
    assert.equal(connection.droppedMessages, 2);
    await assert.rejects(flushed, { code: "CONNECTION_CLOSED" });
  });
});

describe("a message handler that echoes", () => {
  test("gives back everything in order, whatever it is", async () => {
    const { peer } = rig({ message: (connection, data) => void connection.send(data) });
    for (let i = 0; i < 100; i++) {
      peer.send(text(`t${i}`));
      peer.send(Buffer.concat([text(`a${i}`, { fin: false }), text("", { fin: true }).fill(0x80, 0, 1)]));
    }
    assert.deepEqual(await peer.seen.take(200), Array.from({ length: 100 }, (_, i) => [`t${i}`, `a${i}`]).flat());
  });
});
