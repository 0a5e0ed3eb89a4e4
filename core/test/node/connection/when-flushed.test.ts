import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { ConnectionClosedError } from "../../../src/engine/errors.ts";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { type FlushHost, whenFlushed } from "../../../src/node/connection/when-flushed.ts";
import type { CloseEvent } from "../../../src/node/connection/settings.ts";
import { SOCKET_KINDS, socketPair, turns } from "../transport/sockets.ts";
import { Journal } from "./journal.ts";
import { openOver } from "./open-over.ts";
import { rig, settled } from "./rig.ts";

type Told = readonly [name: string, outcome: string];

/** Callbacks that write down who was called with what. */
function writer(): { told: Journal<Told>; note: (name: string) => (error?: ConnectionClosedError) => void } {
  const told = new Journal<Told>();
  return { told, note: (name) => (error) => told.add([name, error === undefined ? "sent" : error.code]) };
}

describe("flush with a callback", () => {
  test("calls back in a later turn when nothing was sent", async () => {
    const { connection } = rig();
    await settled();
    const { told, note } = writer();
    assert.equal(connection.flush(note("a")), undefined);
    assert.deepEqual(told.all, []);
    assert.deepEqual(await told.next(), ["a", "sent"]);
  });

  test("calls back for each message, in order, and all leave in one write", async () => {
    const { connection, transport, peer } = rig();
    await settled();
    const before = transport.writes.length;
    const { told, note } = writer();
    for (let i = 0; i < 100; i++) {
      connection.send(`m${i}`);
      connection.flush(note(String(i)));
    }
    connection.flush(note("last"));
    assert.deepEqual(told.all, []);
    await told.take(101);
    assert.deepEqual(
      told.all,
      [...Array.from({ length: 100 }, (_, i) => String(i)), "last"].map((name) => [name, "sent"]),
    );
    assert.equal(transport.writes.length - before, 1);
    assert.equal((await peer.seen.take(100)).length, 100);
  });

  test("calls back those of promises and of functions in the order of the calls", async () => {
    const { connection } = rig();
    const order: string[] = [];
    connection.send("a");
    connection.flush(() => order.push("one"));
    const two = connection.flush();
    connection.flush(() => order.push("three"));
    await two;
    await settled();
    assert.deepEqual(order, ["one", "three"]);
  });

  test("within a handler, waits for the answer that it sends", async () => {
    const { told, note } = writer();
    const { peer } = rig({
      message(connection) {
        connection.send("answer");
        connection.flush(note("flush"));
        assert.deepEqual(told.all, []);
      },
    });
    peer.send(Buffer.from([0x81, 0x80, 0, 0, 0, 0]));
    assert.equal(await peer.seen.next(), "answer");
    assert.deepEqual(told.all, [["flush", "sent"]]);
  });

  test("while the peer does not read, waits until the system has what was sent before it, and not for what comes later", async () => {
    const { connection, peer } = rig({}, { capacity: 10 });
    await settled();
    peer.pause();
    const { told, note } = writer();
    connection.send("x".repeat(100));
    connection.flush(note("first"));
    await settled();
    connection.flush(note("second"));
    connection.send("y".repeat(100));
    connection.flush(note("third"));
    await settled();
    assert.equal(told.all.length, 0);
    peer.resume();
    await told.take(3);
    assert.deepEqual(
      told.all.map(([name]) => name),
      ["first", "second", "third"],
    );
    assert.equal(connection.bufferedBytes, 0);
  });

  test("behind a message that is streamed, waits for it", async () => {
    const { connection, peer } = rig();
    const { told, note } = writer();
    const message = connection.beginMessage("text");
    message.write("a");
    connection.send("behind");
    connection.flush(note("flush"));
    await settled();
    assert.deepEqual(told.all, []);
    message.end("b");
    assert.deepEqual(await told.next(), ["flush", "sent"]);
    assert.deepEqual(await peer.seen.take(2), ["ab", "behind"]);
  });

  test("may send and flush again within the callback", async () => {
    const { connection, peer } = rig();
    const { told, note } = writer();
    connection.send("a");
    connection.flush(() => {
      connection.send("b");
      connection.flush(note("inner"));
    });
    connection.flush(note("outer"));
    await told.take(2);
    assert.deepEqual(
      told.all.map(([name]) => name),
      ["outer", "inner"],
    );
    assert.deepEqual(await peer.seen.take(2), ["a", "b"]);
  });

  test("is told of a loss when the connection ends first, once and after the close handler", async () => {
    const order: string[] = [];
    const { connection, peer } = rig({ close: () => order.push("close") }, { capacity: 10 });
    await settled();
    peer.pause();
    const { told, note } = writer();
    connection.send("x".repeat(100));
    for (const name of ["a", "b"]) connection.flush(note(name));
    connection.flush((error) => order.push(`${error?.code} ${(error?.unsentBytes ?? 0) > 0}`));
    await settled();
    connection.terminate();
    await connection.closed;
    await settled();
    assert.deepEqual(told.all, [
      ["a", "CONNECTION_CLOSED"],
      ["b", "CONNECTION_CLOSED"],
    ]);
    assert.deepEqual(order, ["close", "CONNECTION_CLOSED true"]);
  });

  test("is told that all was sent when the connection ends after it", async () => {
    const { connection, peer } = rig();
    const { told, note } = writer();
    connection.send("a");
    connection.close(1000);
    connection.flush(note("flush"));
    await connection.closed;
    await settled();
    assert.deepEqual(told.all, [["flush", "sent"]]);
    assert.equal(await peer.seen.next(), "a");
  });

  for (const [how, isSent] of [
    ["cleanly", true],
    ["with something unsent", false],
  ] as const) {
    test(`after the connection has ended ${how}, in a later turn`, async () => {
      const { connection, peer } = rig({}, { capacity: 10 });
      await settled();
      if (!isSent) {
        peer.pause();
        connection.send("x".repeat(100));
        await settled();
        connection.terminate();
      } else connection.close();
      await connection.closed;
      const { told, note } = writer();
      connection.flush(note("late"));
      assert.deepEqual(told.all, []);
      assert.deepEqual(await told.next(), ["late", isSent ? "sent" : "CONNECTION_CLOSED"]);
      await settled();
      assert.deepEqual(told.rest(), []);
    });
  }

  test("leaves nothing behind when it has called back", async () => {
    const listeners = new Set<unknown>();
    const host: FlushHost = {
      ending: undefined,
      onceEnded(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      outbound: { lostMessages: 0, flush: (done) => done() },
    };
    const { told, note } = writer();
    whenFlushed(host, note("a"));
    assert.deepEqual([told.all, listeners.size], [[["a", "sent"]], 0]);
  });

  test("calls back once, whatever is told", () => {
    let end: ((ending: CloseEvent) => void) | undefined;
    let lose: (() => void) | undefined;
    const host: FlushHost = {
      ending: undefined,
      onceEnded(listener) {
        end = listener;
        return () => {};
      },
      outbound: {
        lostMessages: 1,
        flush(done, lost) {
          lose = lost;
          lost();
          done();
        },
      },
    };
    const { told, note } = writer();
    whenFlushed(host, note("a"));
    lose?.();
    const [wasClean, unsentBytes] = [true, 0];
    end?.({ code: 1000, reason: "", wasClean, unsentBytes, sent: undefined, received: undefined, error: undefined });
    assert.deepEqual(told.all, [["a", "CONNECTION_CLOSED"]]);
  });

  test("a callback that throws is an uncaught error, and the others are called all the same", async () => {
    const { connection } = rig();
    const { told, note } = writer();
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const uncaught = new Journal<unknown>();
    process.on("uncaughtException", (error) => uncaught.add(error));
    const oops = new Error("oops");
    try {
      connection.send("a");
      connection.flush(note("one"));
      connection.flush(() => {
        throw oops;
      });
      connection.flush(note("three"));
      assert.equal(await uncaught.next(), oops);
      await settled();
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    }
    assert.deepEqual(
      told.all.map(([name]) => name),
      ["one", "three"],
    );
  });

  test("takes a function, or nothing", () => {
    const { connection } = rig();
    for (const given of [null, 5, "done", {}]) {
      assert.throws(() => Reflect.apply(connection.flush, connection, [given]), { code: "USAGE" }, String(given));
    }
  });
});

for (const kind of SOCKET_KINDS) {
  describe(`flush with a callback over a ${kind} socket`, () => {
    async function open(t: TestContext): Promise<{ connection: Connection; far: import("node:net").Socket }> {
      const { near, far } = await socketPair(t, kind);
      const backpressure = { maxBufferedBytes: 1e9 };
      return { connection: openOver(near, {}, { backpressure }).connection, far };
    }

    test("under backpressure keeps the order of the calls, and comes when the system has all", async (t) => {
      const { connection, far } = await open(t);
      far.pause();
      const called: number[] = [];
      let asked = 0;
      const flush = (): void => {
        const own = asked;
        asked += 1;
        connection.flush((error) => {
          assert.equal(error, undefined);
          called.push(own);
        });
      };
      while (connection.bufferedBytes < 3_000_000) {
        flush();
        connection.send(Buffer.alloc(200_000));
        flush();
        await turns(1);
      }
      const before = called.length;
      assert.ok(before < asked, "some wait");
      far.resume();
      // Some are asked for while it drains
      for (let i = 0; i < 200 || called.length < asked; i++) {
        if (i < 200) {
          flush();
          connection.send(Buffer.alloc(i % 3 === 0 ? 100_000 : 10));
          flush();
        }
        await turns(1);
      }
      assert.deepEqual(
        called,
        Array.from({ length: asked }, (_, i) => i),
      );
      assert.equal(connection.bufferedBytes, 0);
    });

    test("tells of a loss when the peer resets", async (t) => {
      const { connection, far } = await open(t);
      far.pause();
      while (connection.bufferedBytes < 3_000_000) {
        connection.send(Buffer.alloc(500_000));
        await turns(1);
      }
      const codes = new Journal<string | undefined>();
      for (let i = 0; i < 3; i++) connection.flush((error) => codes.add(error?.code));
      far.destroy();
      assert.deepEqual(await codes.take(3), ["CONNECTION_CLOSED", "CONNECTION_CLOSED", "CONNECTION_CLOSED"]);
      await connection.closed;
      await turns(3);
      assert.deepEqual(codes.rest(), []);
    });
  });
}
