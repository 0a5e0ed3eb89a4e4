import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { BINARY, closeFrame, frame, PING, text } from "./frames.ts";
import { randomFrom } from "./random.ts";
import { type Peer, rig, settled } from "./rig.ts";

/** Run in a turn of its own, and wait until what it sent has arrived. */
async function inOneTurn(work: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      work();
      resolve();
    });
  });
  await settled();
}

/** How many writes the work makes, after the response of the handshake. */
async function writesOf(
  r: ReturnType<typeof rig>,
  work: (connection: Connection<string>, peer: Peer) => void,
): Promise<number> {
  await settled();
  const before = r.transport.writes.length;
  await inOneTurn(() => work(r.connection, r.peer));
  return r.transport.writes.length - before;
}

const SIXTY_FOUR = Array.from({ length: 64 }, (_, i) => text(String(i)));

describe("one write a turn", () => {
  test("64 messages in one read are echoed in one write", async () => {
    const r = rig({ message: (connection, data) => void connection.send(data) });
    assert.equal(await writesOf(r, (_, peer) => peer.send(...SIXTY_FOUR)), 1);
    assert.equal(r.peer.frames.length, 64);
    assert.equal(r.transport.chunks.at(-1), 1, "small messages lie side by side");
  });

  test("so they are when the handler waits for something that is settled already", async () => {
    const r = rig({
      async message(connection, data) {
        for (let i = 0; i < 5; i++) await undefined;
        connection.send(data);
      },
    });
    assert.equal(await writesOf(r, (_, peer) => peer.send(...SIXTY_FOUR)), 1);
    assert.equal(r.peer.frames.length, 64);
  });

  test("so they are when the handler sends before and after it waits", async () => {
    const r = rig({
      async message(connection, data) {
        connection.send(`before ${String(data)}`);
        await undefined;
        connection.send(`after ${String(data)}`);
      },
    });
    assert.equal(await writesOf(r, (_, peer) => peer.send(...SIXTY_FOUR)), 1);
    assert.equal(r.peer.frames.length, 128);
  });

  test("messages, pongs, pings and a Close frame leave together, in order", async () => {
    const r = rig({
      message(connection) {
        connection.send("echo");
        void connection.ping("ping");
        connection.send(Buffer.from("bytes"));
        connection.close(4000);
      },
    });
    assert.equal(await writesOf(r, (_, peer) => peer.send(frame(PING, "p"), text("a"))), 1);
    assert.deepEqual(r.peer.seen.rest(), [
      ["pong", Buffer.from("p")],
      "echo",
      ["ping", Buffer.from("ping")],
      Buffer.from("bytes"),
      ["close", 4000, ""],
      ["end"],
      ["gone"],
    ]);
  });

  test("sends in one tick leave in one write", async () => {
    const r = rig();
    const writes = await writesOf(r, (connection) => {
      for (let i = 0; i < 100; i++) connection.send(String(i));
    });
    assert.deepEqual([writes, r.peer.frames.length], [1, 100]);
  });

  test("sends in one tick, after awaits, and in ticks and reactions of the same turn leave in one write", async () => {
    const r = rig();
    const writes = await writesOf(r, (connection) => {
      connection.send("now");
      process.nextTick(() => connection.send("tick"));
      queueMicrotask(() => connection.send("microtask"));
      void (async () => {
        for (let i = 0; i < 10; i++) {
          await undefined;
          connection.send(`await ${i}`);
        }
      })();
    });
    assert.deepEqual([writes, r.peer.frames.length], [1, 13]);
  });

  test("sends of two turns leave in two writes", async () => {
    const r = rig();
    const writes = await writesOf(r, (connection) => {
      connection.send("a");
      setImmediate(() => connection.send("b"));
    });
    assert.equal(writes, 2);
  });

  test("one handler that sends to 100 connections makes one write for each", async () => {
    const others = Array.from({ length: 100 }, () => rig());
    const r = rig({
      message(_, data) {
        for (const { connection } of others) connection.send(data);
      },
    });
    await settled();
    const before = others.map(({ transport }) => transport.writes.length);
    assert.equal(await writesOf(r, (_, peer) => peer.send(...SIXTY_FOUR)), 0);
    others.forEach(({ transport, peer }, i) => {
      assert.equal(transport.writes.length - (before[i] ?? 0), 1);
      assert.deepEqual(
        peer.seen.rest(),
        Array.from({ length: 64 }, (_, k) => String(k)),
      );
    });
  });

  test("a burst above the high-water mark is written as it grows, a write for each mark", async () => {
    const r = rig({}, { backpressure: { highWaterMarkBytes: 10_000 } });
    const writes = await writesOf(r, (connection) => {
      for (let i = 0; i < 100; i++) assert.equal(connection.send("x".repeat(998)), true);
    });
    assert.ok(writes >= 9 && writes <= 10, `${writes} writes`);
    assert.equal(r.peer.frames.length, 100);
  });

  test("large payloads are handed over as they are, in one gathering write with what is around them", async () => {
    const large = Buffer.alloc(20_000, "large");
    const r = rig({}, { backpressure: { highWaterMarkBytes: 1_000_000 } });
    const writes = await writesOf(r, (connection) => {
      connection.send("a");
      connection.send(large);
      connection.send("b");
      connection.send("c");
      connection.send(large);
    });
    assert.deepEqual([writes, r.transport.chunks.at(-1)], [1, 4]);
    assert.deepEqual(r.peer.seen.rest(), ["a", large, "b", "c", large]);
  });

  test("a small payload is copied: the caller may change it at once", async () => {
    const r = rig();
    await writesOf(r, (connection) => {
      const payload = Buffer.from("before");
      connection.send(payload);
      payload.fill("x");
    });
    assert.deepEqual(r.peer.seen.rest(), [Buffer.from("before")]);
  });

  test("nothing to say is no write", async () => {
    const r = rig({ message() {} });
    assert.equal(await writesOf(r, (_, peer) => peer.send(...SIXTY_FOUR)), 0);
  });

  test("while the peer does not read, all that is sent waits, and leaves in one write when it does", async () => {
    const r = rig({}, { capacity: 10 });
    await settled();
    r.peer.pause();
    const writes = await writesOf(r, (connection) => connection.send("x".repeat(100)));
    assert.equal(writes, 1);
    for (let i = 0; i < 50; i++) {
      r.connection.send(String(i));
      await settled(1);
    }
    assert.equal(r.transport.writes.length, 2);
    r.peer.resume();
    await settled();
    assert.deepEqual([r.transport.writes.length, r.peer.frames.length], [3, 51]);
  });

  test("the Close frame and what waited leave before the end, even though the transport is busy", async () => {
    const r = rig({}, { capacity: 10 });
    await settled();
    r.peer.pause();
    r.connection.send("x".repeat(100));
    await settled();
    r.connection.send("waits");
    r.peer.send(closeFrame(1000));
    await settled();
    assert.equal(r.transport.calls.at(-1), "end");
    r.peer.resume();
    assert.deepEqual(await r.peer.seen.take(4), ["x".repeat(100), "waits", ["close", 1000, ""], ["end"]]);
    assert.equal((await r.connection.closed).unsentBytes, 0);
  });

  test("bytesSent counts what was written", async () => {
    const r = rig();
    r.connection.send("abc");
    await settled();
    assert.equal(
      r.counters.bytesSent,
      r.transport.writes.reduce((sum, write) => sum + write.length, 0),
    );
  });
});

describe("the slab that connections share", () => {
  test("connections that send at the same time do not write into each other's bytes", async (t) => {
    const random = randomFrom(t);
    const rigs = Array.from({ length: 20 }, (_, i) => rig({}, { capacity: i % 2 === 0 ? 1_000_000 : 300 }));
    const sent: (string | Buffer)[][] = rigs.map(() => []);
    for (let round = 0; round < 60; round++) {
      for (let k = 0; k < 40; k++) {
        const i = random.below(rigs.length);
        const length = random.pick([0, 1, 10, 100, 5_000, 17_000]);
        const message =
          random.below(2) === 0 ? `${i} ${round} ${k} `.padEnd(length, "é") : Buffer.alloc(length, `${i},${k}`);
        rigs[i]?.connection.send(message);
        sent[i]?.push(message);
        const { peer } = rigs[random.below(rigs.length)] ?? {};
        if (random.below(20) === 0) peer?.pause();
        else peer?.resume();
      }
      await settled(1 + random.below(2));
    }
    for (const [i, { peer }] of rigs.entries()) {
      peer.resume();
      const seen = await peer.seen.take(sent[i]?.length ?? 0);
      seen.forEach((message, k) => {
        const expected = sent[i]?.[k];
        assert.equal(Buffer.from(message as string).equals(Buffer.from(expected ?? "")), true, `message ${k} of ${i}`);
      });
    }
  });

  test("an echo of binary messages gives each its own bytes", async () => {
    const rigs = Array.from({ length: 10 }, () => rig({ message: (connection, data) => void connection.send(data) }));
    for (let round = 0; round < 20; round++) {
      rigs.forEach(({ peer }, i) => {
        peer.send(frame(BINARY, Buffer.alloc(1 + round * 37, `${i}-${round}`)));
      });
    }
    for (const [i, { peer }] of rigs.entries()) {
      const seen = await peer.seen.take(20);
      seen.forEach((message, round) => {
        assert.deepEqual(message, Buffer.alloc(1 + round * 37, `${i}-${round}`));
      });
    }
  });
});
