import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { FakeClock } from "./fake-clock.ts";
import { BINARY, closeFrame, frame, PING, text } from "./frames.ts";
import { Journal } from "./journal.ts";
import { randomFrom } from "./random.ts";
import { recorder, rig, settled, wordsOf } from "./rig.ts";

type Message = string | Uint8Array;

async function collect(connection: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of connection) messages.push(message);
  return messages;
}

function texts(count: number, from = 0): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => text(String(from + i))));
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => String(from + i));
}

describe("for await", () => {
  test("gives text as strings and binary as Buffers, in order, until the peer closes", async () => {
    const { connection, peer } = rig();
    const collected = collect(connection);
    peer.send(text("a"), frame(BINARY, "b"), text("", { fin: false }), frame(0, "c"));
    await settled();
    peer.send(text(""), closeFrame(1000));
    assert.deepEqual(await collected, ["a", Buffer.from("b"), "c", ""]);
    assert.equal((await connection.closed).wasClean, true);
  });

  test("gives what arrived before anybody asked", async () => {
    const { connection, peer } = rig({}, { head: texts(3) });
    peer.send(texts(3, 3), closeFrame(1000));
    await settled();
    assert.equal(connection.state, "open");
    assert.deepEqual(await collect(connection), numbers(6));
  });

  test("answers pings only after the messages before them were asked for", async () => {
    const { connection, peer } = rig();
    const iterator = connection[Symbol.asyncIterator]();
    peer.send(text("a"), frame(PING, "p"), text("b"));
    await settled();
    assert.deepEqual(peer.seen.rest(), []);
    assert.equal((await iterator.next()).value, "a");
    assert.equal((await iterator.next()).value, "b");
    assert.deepEqual(await peer.seen.next(), ["pong", Buffer.from("p")]);
  });

  test("a slow consumer stops the reading: a bounded number of bytes is taken from the transport", async () => {
    const { connection, peer, transport, counters } = rig();
    const payload = Buffer.alloc(10_000);
    const iterator = connection[Symbol.asyncIterator]();
    for (let i = 0; i < 100; i++) peer.send(frame(BINARY, payload));
    await settled();
    assert.deepEqual(transport.calls, ["pause"]);
    assert.ok(counters.bytesReceived < 3 * 10_100, `${counters.bytesReceived} bytes were read`);
    for (let i = 0; i < 50; i++) await iterator.next();
    await settled();
    assert.ok(counters.bytesReceived < 53 * 10_100, `${counters.bytesReceived} bytes were read`);
    for (let i = 0; i < 50; i++) assert.equal(((await iterator.next()).value as Buffer).length, 10_000);
    assert.equal(counters.messagesReceived, 100);
  });

  test("nor does what is kept for it grow while it takes small messages one by one", async () => {
    const { connection, peer, counters } = rig();
    const iterator = connection[Symbol.asyncIterator]();
    const chunk = texts(1_000);
    for (let i = 0; i < 100; i++) peer.send(chunk);
    for (let i = 0; i < 50; i++) {
      assert.equal((await iterator.next()).value, String(i));
      await settled(2);
    }
    assert.ok(counters.bytesReceived <= 2 * chunk.length, `${counters.bytesReceived} bytes of ${chunk.length} each`);
  });

  test("a quick consumer never stops the transport", async () => {
    const { connection, peer, transport } = rig();
    const collected = collect(connection);
    for (let i = 0; i < 50; i++) {
      peer.send(text(String(i)));
      await settled(2);
    }
    peer.send(closeFrame(1000));
    assert.deepEqual(await collected, numbers(50));
    assert.deepEqual(transport.calls, ["end"]);
  });

  test("64 messages in one read are given one by one", async () => {
    const { connection, peer } = rig();
    peer.send(texts(64), closeFrame(1000));
    const seen: Message[] = [];
    for await (const message of connection) {
      seen.push(message);
      await settled(1);
      assert.equal(connection.state, "open", "the Close frame stands behind messages that were not asked for");
      if (seen.length === 64) break;
    }
    assert.deepEqual(seen, numbers(64));
  });

  test("break, then close() finishes the closing handshake although messages are waiting", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig();
    for (let i = 0; i < 10; i++) peer.send(texts(10, 10 * i));
    for await (const message of connection) {
      assert.equal(message, "0");
      break;
    }
    connection.close(4001, "enough");
    assert.deepEqual(await peer.seen.next(), ["close", 4001, "enough"]);
    const ended = await connection.closed;
    assert.deepEqual([ended.wasClean, ended.code, clock.nowMs], [true, 4001, 1_000]);
    assert.deepEqual(await collect(connection), [], "nobody asked for them");
  });

  test("a loop whose own end has closed gets all that came before the peer's Close frame, without a hole", async () => {
    const { connection, peer } = rig({}, { polite: false });
    const got: Message[] = [];
    const looped = (async () => {
      for await (const message of connection) {
        got.push(message);
        if (message === "0") connection.close(1000);
      }
    })();
    for (let i = 0; i < 5; i++) {
      peer.send(texts(3, 3 * i));
      await settled();
    }
    peer.send(closeFrame(1000));
    peer.end();
    await looped;
    assert.deepEqual(got, numbers(15));
  });

  test("and more than may wait for it waits with the peer, and comes as it is asked for", async () => {
    const { connection, peer, counters, transport } = rig({}, { polite: false });
    const iterator = connection[Symbol.asyncIterator]();
    peer.send(text("0"));
    assert.equal((await iterator.next()).value, "0");
    connection.close(1000);
    for (let i = 1; i < 40; i++) {
      peer.send(text(`${i} ${"x".repeat(60_000)}`));
      await settled(2);
    }
    peer.send(closeFrame(1000));
    peer.end();
    await settled();
    assert.equal(counters.messagesReceived, 19);
    assert.deepEqual(transport.calls, ["pause"]);
    const seen = (await collect(connection)).map((message) => String(message).split(" ")[0]);
    assert.deepEqual(seen, numbers(39, 1));
    assert.equal((await connection.closed).wasClean, true);
  });

  test("and where the loop is left, the closing handshake goes on without it", async () => {
    const { connection, peer } = rig();
    const iterator = connection[Symbol.asyncIterator]();
    peer.send(text("0"));
    await iterator.next();
    connection.close(1000);
    for (let i = 1; i < 40; i++) peer.send(text("x".repeat(60_000)));
    await settled();
    await iterator.return?.();
    peer.send(closeFrame(1000));
    assert.equal((await connection.closed).wasClean, true);
  });

  test("break, and iterating again goes on with the next message", async () => {
    const { connection, peer } = rig();
    peer.send(texts(3), closeFrame(1000));
    for await (const message of connection) {
      assert.equal(message, "0");
      break;
    }
    assert.deepEqual(await collect(connection), ["1", "2"]);
  });

  test("an iterator that was left gives no more, and takes no message from others", async () => {
    const { connection, peer } = rig();
    const left = connection[Symbol.asyncIterator]();
    const waiting = left.next();
    assert.deepEqual(await left.return?.(), { done: true, value: undefined });
    assert.deepEqual(await waiting, { done: true, value: undefined });
    peer.send(texts(1), closeFrame(1000));
    assert.deepEqual(await left.next(), { done: true, value: undefined });
    assert.deepEqual(await collect(connection), ["0"]);
  });

  test("two iterators share the messages, each given once", async () => {
    const { connection, peer } = rig();
    const both = [collect(connection), collect(connection)];
    for (let i = 0; i < 10; i++) peer.send(texts(10, 10 * i));
    peer.send(closeFrame(1000));
    const [one = [], other = []] = await Promise.all(both);
    assert.deepEqual(
      [...one, ...other].sort((a, b) => Number(a) - Number(b)),
      numbers(100),
    );
    assert.ok(one.length > 0 && other.length > 0);
    for (const part of [one, other])
      assert.deepEqual(
        part,
        [...part].sort((a, b) => Number(a) - Number(b)),
      );
  });

  test("an iterator iterates over itself", () => {
    const iterator = rig().connection[Symbol.asyncIterator]();
    assert.equal(iterator[Symbol.asyncIterator](), iterator);
  });

  for (const [how, end] of [
    ["the peer's Close frame", (r) => r.peer.send(closeFrame(1001))],
    ["a reset", (r) => r.peer.reset()],
    ["the peer's FIN", (r) => r.peer.end()],
    ["terminate", (r) => r.connection.terminate()],
    ["a mistake of the peer", (r) => r.peer.send(text("a", { mask: null }))],
    ["close()", (r) => r.connection.close()],
  ] as [string, (r: ReturnType<typeof rig>) => void][]) {
    test(`ends with ${how}`, async () => {
      const opened = rig();
      const collected = collect(opened.connection);
      opened.peer.send(text("a"));
      await settled();
      end(opened);
      assert.deepEqual(await collected, ["a"]);
      await opened.connection.closed;
      assert.deepEqual(await collect(opened.connection), []);
    });
  }

  test("messages that arrived before a reset still come out, all of them", async () => {
    const { connection, peer } = rig();
    const iterator = connection[Symbol.asyncIterator]();
    peer.send(texts(40));
    assert.equal((await iterator.next()).value, "0");
    peer.reset();
    const { code, error } = await connection.closed;
    assert.deepEqual([code, error?.code], [1006, "TRANSPORT_FAILED"]);
    const rest: Message[] = [];
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) rest.push(next.value);
    assert.deepEqual(rest, numbers(39, 1));
  });

  test("messages that arrived before a FIN still come out, and then it takes effect", async () => {
    const { connection, peer } = rig();
    peer.send(texts(40));
    peer.end();
    await settled();
    assert.equal(connection.state, "open");
    assert.deepEqual(await collect(connection), numbers(40));
    assert.equal((await connection.closed).code, 1006);
  });

  test("messages handed to the iterator that were not taken when it ended are still given", async () => {
    const { connection, peer } = rig();
    peer.send(texts(1), closeFrame(1000));
    await settled();
    connection.terminate();
    await connection.closed;
    assert.deepEqual(await collect(connection), ["0"]);
  });

  test("is refused with a message handler, or without whole messages", () => {
    for (const { connection } of [
      rig({ message() {} }),
      rig({}, { reception: "fragments" }),
      rig({}, { reception: "frames" }),
    ]) {
      assert.throws(() => connection[Symbol.asyncIterator](), { code: "USAGE" });
    }
  });

  test("where nobody ever asks, a connection with messages ends by heartbeat", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("error", "close");
    const { connection, peer, transport } = rig(handlers, { heartbeat: { intervalMs: 100, timeoutMs: 50 } });
    peer.send(texts(3));
    await settled();
    peer.send(texts(3));
    await settled();
    assert.deepEqual(transport.calls, ["pause"]);
    await clock.advance(151);
    assert.deepEqual(wordsOf(await journal.take(2)), ["error", "close"]);
    assert.equal((await connection.closed).error?.code, "HEARTBEAT_TIMEOUT");
  });

  test("pausing and resuming it does not make it live for ever", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({ error() {} }, { heartbeat: { intervalMs: 100, timeoutMs: 50 } });
    peer.send(texts(3));
    await settled();
    connection.pause();
    connection.resume();
    await clock.advance(500);
    assert.equal(connection.state, "closed");
  });

  test("a consumer may be as slow as it likes: silence is not held against the peer", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig({}, { heartbeat: { intervalMs: 100, timeoutMs: 50 } });
    const iterator = connection[Symbol.asyncIterator]();
    peer.send(texts(3));
    peer.send(texts(3, 3));
    assert.equal((await iterator.next()).value, "0");
    await clock.advance(10_000);
    assert.equal(connection.state, "open");
    for (let i = 1; i < 6; i++) assert.equal((await iterator.next()).value, String(i));
    await clock.advance(99);
    assert.equal(connection.state, "open");
  });
});

describe("pause and resume", () => {
  test("nothing is delivered while paused, and nothing is lost", async () => {
    const { handlers, journal } = recorder("message", "ping");
    const { connection, peer } = rig(handlers);
    connection.pause();
    for (let i = 0; i < 20; i++) peer.send(texts(10, 10 * i), frame(PING, String(i)));
    await settled();
    assert.deepEqual([journal.all, peer.seen.all], [[], []]);
    connection.resume();
    const all = await journal.take(220);
    assert.deepEqual(
      all.filter(([word]) => word === "message").map(([, data]) => data),
      numbers(200),
    );
  });

  test("the transport is stopped once more arrives than is taken, and goes on with resume", async () => {
    const { connection, peer, transport, counters } = rig({ message() {} });
    connection.pause();
    assert.deepEqual(transport.calls, []);
    for (let i = 0; i < 10; i++) peer.send(texts(1));
    await settled();
    assert.deepEqual(transport.calls, ["pause"]);
    assert.equal(counters.bytesReceived, texts(1).length);
    connection.resume();
    connection.resume();
    await settled();
    assert.deepEqual(transport.calls, ["pause", "resume"]);
    assert.equal(counters.messagesReceived, 10);
  });

  test("a message that is paused in its middle is whole after resume", async () => {
    const { handlers, journal } = recorder("message");
    const { connection, peer } = rig(handlers);
    const bytes = text("x".repeat(300));
    peer.send(bytes.subarray(0, 3));
    await settled();
    connection.pause();
    peer.send(bytes.subarray(3, 100));
    await settled();
    peer.send(bytes.subarray(100));
    await settled();
    connection.resume();
    assert.deepEqual(await journal.next(), ["message", "x".repeat(300), "text"]);
  });

  test("pause in a message handler in the middle of a read with 64 messages", async () => {
    const seen: unknown[] = [];
    const { connection, peer } = rig({
      message(opened, data) {
        seen.push(data);
        if (data === "20") opened.pause();
      },
    });
    peer.send(texts(64));
    await settled();
    assert.deepEqual(seen, numbers(21));
    peer.send(texts(64, 64));
    await settled();
    assert.deepEqual(seen, numbers(21));
    connection.resume();
    await settled();
    assert.deepEqual(seen, numbers(128));
  });

  test("pause and resume in the same handler change nothing", async () => {
    const { handlers, journal } = recorder("message");
    const { peer, transport } = rig({
      message(opened, data, kind) {
        opened.pause();
        opened.resume();
        return handlers.message?.(opened, data, kind);
      },
    });
    peer.send(texts(64));
    assert.deepEqual(
      (await journal.take(64)).map(([, data]) => data),
      numbers(64),
    );
    assert.deepEqual(transport.calls, []);
  });

  test("an async handler that pauses until it is done sees one message at a time", async (t) => {
    const random = randomFrom(t);
    const seen: unknown[] = [];
    let inside = 0;
    const done = new Journal<void>();
    const { peer } = rig({
      async message(opened, data) {
        inside += 1;
        assert.equal(inside, 1);
        opened.pause();
        await settled(random.below(3));
        seen.push(data);
        inside -= 1;
        if (seen.length === 100) done.add();
        opened.resume();
      },
    });
    for (let sent = 0; sent < 100; sent += 10) {
      peer.send(texts(10, sent));
      await settled(random.below(4));
    }
    await done.next();
    assert.deepEqual(seen, numbers(100));
  });

  test("pause in open: nothing is delivered until resume, the head included", async () => {
    const { handlers, journal } = recorder("message");
    const { connection, peer } = rig({ ...handlers, open: (opened) => opened.pause() }, { head: texts(2) });
    peer.send(texts(2, 2));
    await settled();
    assert.deepEqual(journal.all, []);
    connection.resume();
    assert.deepEqual(
      (await journal.take(4)).map(([, data]) => data),
      numbers(4),
    );
  });

  test("sending goes on while paused", async () => {
    const { connection, peer } = rig({ message() {} });
    connection.pause();
    connection.send("out");
    assert.equal(await peer.seen.next(), "out");
  });

  test("FIN while paused takes effect after what came before it", async () => {
    const { handlers, journal } = recorder("message", "close");
    const { connection, peer } = rig(handlers);
    connection.pause();
    peer.send(texts(2));
    peer.end();
    await settled();
    assert.deepEqual([journal.all, connection.state], [[], "open"]);
    connection.resume();
    assert.deepEqual(
      (await journal.take(3)).map(([word, data]) => (word === "message" ? data : word)),
      ["0", "1", "close"],
    );
  });

  test("FIN while paused with nothing before it", async () => {
    const { handlers, journal } = recorder("close");
    const { connection, peer } = rig(handlers);
    connection.pause();
    peer.end();
    await settled();
    assert.equal(connection.state, "open");
    connection.resume();
    assert.equal((await journal.next())[0], "close");
  });

  test("a reset while paused ends the connection; what was held back is lost with it", async () => {
    const { handlers, journal } = recorder("message", "error", "close");
    const { connection, peer } = rig(handlers);
    connection.pause();
    peer.send(texts(2));
    await settled();
    peer.reset();
    assert.deepEqual(wordsOf(await journal.take(2)), ["error", "close"]);
    connection.resume();
    await settled();
    assert.deepEqual(journal.rest(), []);
  });

  test("the peer's Close frame while paused takes effect with resume", async () => {
    const { handlers, journal } = recorder("message", "close");
    const { connection, peer } = rig(handlers);
    connection.pause();
    peer.send(texts(2), closeFrame(4000, "bye"));
    await settled();
    assert.deepEqual([connection.state, peer.seen.all], ["open", []]);
    connection.resume();
    assert.deepEqual(await peer.seen.next(), ["close", 4000, "bye"]);
    assert.deepEqual(wordsOf(await journal.take(3)), ["message", "message", "close"]);
  });

  test("close() while paused finishes the closing handshake, and hands nothing over", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message", "ping", "error", "close");
    const { connection, peer } = rig(handlers);
    connection.pause();
    peer.send(texts(5), frame(PING, "p"));
    peer.send(texts(5));
    await settled();
    connection.close(4000);
    assert.deepEqual(journal.all, [], "not from within close()");
    assert.deepEqual(await peer.seen.next(), ["close", 4000, ""]);
    assert.equal((await connection.closed).wasClean, true);
    assert.deepEqual(wordsOf(journal.all), ["close"]);
    assert.equal(clock.nowMs, 1_000);
  });

  test("a paused connection that is failed sees the peer's end at once", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig(
      { message() {}, error() {} },
      { capacity: 10, backpressure: { maxBufferedBytes: 1_000 } },
    );
    await settled();
    connection.pause();
    peer.send(texts(1));
    await settled();
    peer.pause();
    connection.send("x".repeat(500));
    await settled();
    connection.send("x".repeat(1_000));
    peer.resume();
    assert.equal((await connection.closed).code, 1013);
    assert.equal(clock.nowMs, 1_000);
  });

  test("a mistake of the peer after close() while paused is still reported", async () => {
    const { handlers, journal } = recorder("message", "error", "close");
    const { connection, peer } = rig(handlers, { polite: false });
    connection.pause();
    peer.send(texts(1), text("a", { mask: null }));
    await settled();
    connection.close();
    assert.deepEqual(wordsOf(await journal.take(1)), ["error"]);
    peer.end();
    assert.equal((await journal.next())[0], "close");
  });

  test("pausing a consumer of for await holds its next message back", async () => {
    const { connection, peer } = rig();
    const iterator = connection[Symbol.asyncIterator]();
    const journal = new Journal<unknown>();
    connection.pause();
    void iterator.next().then(({ value }) => journal.add(value));
    peer.send(texts(1));
    await settled();
    assert.deepEqual(journal.all, []);
    connection.resume();
    assert.equal(await journal.next(), "0");
  });

  test("a message that is paused in its middle is not held against the peer either", async (t) => {
    const clock = new FakeClock(t);
    const { handlers, journal } = recorder("message", "error");
    const { connection, peer } = rig(handlers, { limits: { messageTimeoutMs: 200 } });
    peer.send(text("a", { fin: false }));
    await settled();
    await clock.advance(150);
    connection.pause();
    peer.send(frame(0, "b"));
    await clock.advance(10_000);
    connection.resume();
    assert.deepEqual(await journal.next(), ["message", "ab", "text"]);
  });

  test("a paused connection is not given up for silence, and pings its peer all the same", async (t) => {
    const clock = new FakeClock(t);
    const { connection, peer } = rig(
      { message() {} },
      { heartbeat: { intervalMs: 100, timeoutMs: 50 }, polite: false },
    );
    connection.pause();
    await clock.advance(1_000);
    assert.equal(connection.state, "open");
    assert.equal(peer.seen.rest().length, 10);
    connection.resume();
    await clock.advance(99);
    assert.equal(connection.state, "open");
    await clock.advance(51);
    assert.equal(connection.state, "closed");
  });

  test("whatever is paused and resumed when, all messages come once and in order", async (t) => {
    const random = randomFrom(t);
    for (let round = 0; round < 30; round++) {
      const seen: unknown[] = [];
      const done = new Journal<void>();
      let paused = false;
      const toggle = (connection: Connection<string>): void => {
        if (random.below(3) > 0) return;
        paused = !paused;
        if (paused) connection.pause();
        else connection.resume();
      };
      const { connection, peer } = rig({
        message(opened, data) {
          assert.equal(paused, false);
          seen.push(data);
          if (seen.length === 200) done.add();
          toggle(opened);
        },
      });
      const bytes = texts(200);
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + random.below(random.pick([2, 20, 200]));
        peer.send(bytes.subarray(at, at + length));
        at += length;
        if (random.below(2) === 0) await settled(1);
        toggle(connection);
      }
      while (seen.length < 200) {
        paused = false;
        connection.resume();
        await settled(1);
      }
      await done.next();
      assert.deepEqual(seen, numbers(200));
    }
  });

  for (const reception of ["fragments", "frames"] as const) {
    test(`what was passed over between close() and resume() leaves no hole in a message (${reception})`, async () => {
      const seen: string[] = [];
      const { connection, peer } = rig(
        {
          fragment: (_connection, { data }) => seen.push(String(data)),
          frame: (_connection, { payload }) => seen.push(String(payload)),
        },
        { reception, polite: false },
      );
      peer.send(text("one ", { fin: false }));
      await settled();
      connection.pause();
      connection.close();
      await settled();
      peer.send(frame(0, "two ", { fin: false }));
      await settled();
      connection.resume();
      peer.send(frame(0, "three"));
      await settled();
      assert.deepEqual(seen, ["one "]);
      connection.terminate();
    });
  }
});
