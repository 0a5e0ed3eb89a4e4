import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type * as net from "node:net";
import { describe, test } from "node:test";
import { SocketTransport } from "../../../src/node/transport/socket-transport.ts";
import { runAgain } from "../connection/run-again.ts";
import { TurnCounter } from "../connection/turn-counter.ts";
import { RecordingSink } from "./recording-sink.ts";
import { readAll, reset, SOCKET_KINDS, socketPair, turns, write } from "./sockets.ts";

const PUBLIC_API_ONLY = "POLYSOCKET_PUBLIC_API_ONLY";

function adopt(socket: net.Socket): { transport: SocketTransport; sink: RecordingSink } {
  const transport = new SocketTransport(socket);
  const sink = new RecordingSink();
  transport.start(sink);
  return { transport, sink };
}

/** Write until the system takes no more. */
function fill(transport: SocketTransport, chunk: Buffer): number {
  let written = chunk.length;
  while (transport.write([chunk])) written += chunk.length;
  return written;
}

const PIECE = Buffer.alloc(1 << 20, 1);

/** Wait until the system takes no more of what was written. */
async function settledBacklog(transport: SocketTransport): Promise<void> {
  for (let before = -1; before !== transport.backlog; ) {
    before = transport.backlog;
    await turns(20);
  }
}

/** Read so many bytes or a little more, and stop. */
async function readSome(socket: net.Socket, bytes: number): Promise<void> {
  let left = bytes;
  await new Promise<void>((resolve) => {
    const take = (piece: Buffer): void => {
      left -= piece.length;
      if (left > 0) return;
      socket.off("data", take);
      socket.pause();
      resolve();
    };
    socket.on("data", take);
    socket.resume();
  });
}

for (const kind of SOCKET_KINDS) {
  describe(`a ${kind} socket`, () => {
    test("delivers what arrives, in order", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { sink } = adopt(near);
      const data = randomBytes(3_000_000);
      far.end(data);
      assert.equal((await sink.bytes(data.length)).equals(data), true);
      assert.equal(await sink.events.next(), "end");
    });

    test("says of the last piece of a turn that it is, if it can know, and of no other", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { sink } = adopt(near);
      const turnOfPiece: number[] = [];
      const counter = new TurnCounter();
      sink.onPiece = () => turnOfPiece.push(counter.turn);
      far.write(randomBytes(1_000_000));
      await sink.bytes(1_000_000);
      counter.stop();
      const wrong = turnOfPiece.filter((of, index) => sink.lasts[index] === true && turnOfPiece[index + 1] === of);
      assert.deepEqual(wrong, []);
      const canKnow = kind !== "tls" && process.env[PUBLIC_API_ONLY] !== "1";
      assert.equal(sink.lasts.includes(true), canKnow);
    });

    test("delivers what had been read before it was adopted, then the rest", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const readable = once(near, "readable");
      far.write("early ");
      await readable;
      near.removeAllListeners("readable");
      near.unshift(Buffer.from("earlier and "));
      await turns();
      const { sink } = adopt(near);
      far.write("late");
      const expected = "earlier and early late";
      assert.equal(String(await sink.bytes(expected.length)), expected);
    });

    test("delivers all pieces that a flowing socket holds when it is adopted", async (t) => {
      const { near, far } = await socketPair(t, kind);
      for (const piece of ["c", "b", "a"]) near.unshift(Buffer.from(piece));
      near.resume();
      const { sink } = adopt(near);
      far.write("d");
      assert.equal(String(await sink.bytes(4)), "abcd");
    });

    test("delivers what was read by 'data' events and then paused", async (t) => {
      const { near, far } = await socketPair(t, kind);
      far.write("one");
      const keep = (): unknown => near.pause();
      near.on("data", keep);
      near.resume();
      await once(near, "data");
      near.off("data", keep);
      await write(far, "two");
      await turns();
      const { sink } = adopt(near);
      far.write("three");
      assert.equal(String(await sink.bytes(8)), "twothree");
    });

    test("writes arrays in order as one, whatever their number and kind", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const all = readAll(far);
      const { transport } = adopt(near);
      transport.write([Buffer.from("a")]);
      transport.write([Buffer.from("b"), new Uint8Array([99]), Buffer.alloc(0), Buffer.from("d")]);
      transport.write([new Uint8Array(new SharedArrayBuffer(1)).fill(101), Buffer.alloc(100_000, "f")]);
      transport.end();
      assert.equal(String(await all), `abcde${"f".repeat(100_000)}`);
    });

    test("arrays may be used again at once when write says true", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const all = readAll(far);
      const { transport } = adopt(near);
      let expected = "";
      for (let i = 0; i < 200; i++) {
        const piece = String(i).padEnd(100);
        const chunk = Buffer.from(piece);
        expected += piece;
        if (transport.write(i % 2 === 0 ? [chunk] : [chunk.subarray(0, 50), chunk.subarray(50)])) chunk.fill("x");
        if (i % 10 === 0) await turns(1);
      }
      transport.end();
      assert.equal(String(await all), expected);
    });

    test("a peer that does not read: write says false, drain comes once when the system has everything", async (t) => {
      const { near, far } = await socketPair(t, kind);
      far.pause();
      const { transport, sink } = adopt(near);
      const chunk = randomBytes(100_000);
      let written = fill(transport, chunk);
      for (let i = 0; i < 5; i++) {
        assert.equal(transport.write([chunk, chunk]), false);
        written += 2 * chunk.length;
      }
      // A TLS socket answers late even when the system would take it.
      while (kind === "tls" && transport.bufferedBytes < 3_000_000) {
        written += fill(transport, chunk);
        await turns(1);
      }
      assert.ok(transport.bufferedBytes > 0);
      await turns();
      sink.events.rest();
      const all = readAll(far);
      assert.equal(await sink.events.next(), "drain");
      assert.equal(transport.bufferedBytes, 0);
      transport.end();
      assert.equal((await all).length, written);
      await turns();
      assert.equal(sink.events.rest().includes("drain"), false);
    });

    test("flushed calls back when all is with the system, in order, also when nothing waits", async (t) => {
      const { near, far } = await socketPair(t, kind);
      far.pause();
      const { transport } = adopt(near);
      const order: string[] = [];
      await new Promise<void>((resolve) => transport.flushed(resolve));
      do fill(transport, randomBytes(1_000_000));
      while (kind === "tls" && transport.bufferedBytes < 10_000_000);
      transport.flushed(() => order.push("first"));
      transport.write([randomBytes(3_000_000)]);
      const second = new Promise<void>((resolve) => {
        transport.flushed(() => {
          order.push(`second ${transport.bufferedBytes}`);
          resolve();
        });
      });
      await turns();
      assert.deepEqual(order, []);
      far.resume();
      await second;
      assert.deepEqual(order, ["first", "second 0"]);
    });

    test("backlog falls while the peer reads, before all of a write is with the system", async (t) => {
      const { near, far } = await socketPair(t, kind);
      far.pause();
      const { transport } = adopt(near);
      const { length } = PIECE;
      transport.write(Array.from({ length: 30 }, () => PIECE));
      await settledBacklog(transport);
      const falling = [transport.backlog];
      assert.ok(transport.bufferedBytes >= transport.backlog && transport.backlog > 20 * length, `${falling}`);
      for (let part = 1; part < 4; part++) {
        await readSome(far, 5 * length);
        await settledBacklog(transport);
        assert.ok(transport.backlog < (falling.at(-1) ?? 0), `${falling}, then ${transport.backlog}`);
        falling.push(transport.backlog);
      }
      assert.ok(transport.backlog > 0);
      far.resume();
      await new Promise<void>((resolve) => transport.flushed(resolve));
      assert.equal(transport.backlog, 0);
    });

    test("flushed never calls back when the socket ends first", async (t) => {
      const { near, far } = await socketPair(t, kind);
      far.pause();
      const { transport, sink } = adopt(near);
      const called = t.mock.fn();
      do fill(transport, randomBytes(1_000_000));
      while (kind === "tls" && transport.bufferedBytes < 10_000_000);
      transport.flushed(called);
      transport.destroy();
      transport.flushed(called);
      assert.deepEqual(await sink.events.next(), ["close", undefined]);
      transport.flushed(called);
      await turns();
      assert.equal(called.mock.callCount(), 0);
    });

    test("end: the peer sees it after all bytes, and may go on sending", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const all = readAll(far);
      const { transport, sink } = adopt(near);
      const data = randomBytes(2_000_000);
      transport.write([data]);
      transport.end();
      assert.equal((await all).equals(data), true);
      await write(far, "still here");
      assert.equal(String(await sink.bytes(10)), "still here");
      assert.deepEqual(
        sink.events.rest().filter((event) => event !== "drain"),
        [],
      );
      far.end();
      assert.equal(await sink.events.next(), "end");
      assert.deepEqual(await sink.events.next(), ["close", undefined]);
    });

    for (const allowHalfOpen of [true, false]) {
      test(`the peer's end leaves this end open (the server's sockets: allowHalfOpen ${allowHalfOpen})`, async (t) => {
        const { near, far } = await socketPair(t, kind, { allowHalfOpen });
        const all = readAll(far);
        const { transport, sink } = adopt(near);
        far.end("bye");
        assert.equal(await sink.events.next(), "end");
        assert.equal(String(sink.received), "bye");
        await turns();
        assert.equal(transport.write([Buffer.from("answer")]), kind !== "tls");
        transport.end();
        assert.equal(String(await all), "answer");
        assert.deepEqual(await sink.events.find((event) => event !== "drain"), ["close", undefined]);
      });
    }

    test("write after end and after the end of all says false, and throws nothing", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { transport, sink } = adopt(near);
      transport.end();
      assert.equal(transport.write([Buffer.from("a")]), false);
      assert.equal(transport.write([Buffer.from("a"), Buffer.from("b")]), false);
      transport.end();
      far.end();
      assert.equal((await readAll(far)).length, 0);
      assert.deepEqual(await sink.events.find((event) => event !== "end"), ["close", undefined]);
      assert.equal(transport.write([Buffer.from("a")]), false);
      transport.end();
      transport.destroy();
      transport.pause();
      transport.resume();
      await turns();
      assert.deepEqual(sink.events.rest(), []);
    });

    test("destroy: the peer is cut off, and close comes once without an error", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { transport, sink } = adopt(near);
      far.resume();
      transport.destroy();
      transport.destroy();
      assert.deepEqual(await sink.events.next(), ["close", undefined]);
      await once(far, "end");
      assert.deepEqual(sink.events.rest(), []);
    });

    test("a reset by the peer: close comes once, with the error", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { sink } = adopt(near);
      await write(far, "a");
      await sink.bytes(1);
      await reset(near, far);
      const [word, error] = (await sink.events.find((event) => event !== "end")) as ["close", NodeJS.ErrnoException];
      assert.equal(word, "close");
      assert.match(error.code ?? "", /^(ECONNRESET|EPIPE)$/);
      await turns();
      assert.deepEqual(sink.events.rest(), []);
    });

    test("a reset before start harms nobody, and is told after start", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const transport = new SocketTransport(near);
      const closed = new Promise((resolve) => near.once("close", resolve));
      await reset(near, far);
      near.resume();
      await closed;
      const sink = new RecordingSink();
      transport.start(sink);
      assert.deepEqual(sink.events.all, [], "not from within start");
      const [word, error] = (await sink.events.next()) as ["close", NodeJS.ErrnoException];
      assert.equal(word, "close");
      assert.match(error.code ?? "", /^(ECONNRESET|EPIPE)$/);
      await turns();
      assert.deepEqual(sink.events.rest(), []);
    });

    test("pause: nothing is delivered until resume, and nothing is lost", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { transport, sink } = adopt(near);
      await write(far, "a");
      await sink.bytes(1);
      transport.pause();
      const data = randomBytes(5_000_000);
      far.write(data);
      await turns(50);
      assert.equal(sink.length, 1);
      assert.ok(far.writableLength > 0, "the peer is slowed down");
      transport.resume();
      assert.equal((await sink.bytes(1 + data.length)).subarray(1).equals(data), true);
    });

    test("pause while bytes are handed over: they are the last until resume", async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { transport, sink } = adopt(near);
      sink.onPiece = () => transport.pause();
      const data = randomBytes(600_000);
      far.end(data);
      let pieces = 0;
      while (sink.length < data.length) {
        await sink.pieces.next();
        pieces += 1;
        await turns(5);
        assert.equal(sink.pieces.all.length, pieces);
        // Nothing is left to hold back the end when all bytes were handed over.
        if (sink.length < data.length) assert.deepEqual(sink.events.all, []);
        transport.resume();
      }
      assert.equal(sink.received.equals(data), true);
      assert.equal(await sink.events.next(), "end");
    });

    test("the peer's end while paused is told after what came before it", async (t) => {
      const { near, far } = await socketPair(t, kind, { allowHalfOpen: false });
      const { transport, sink } = adopt(near);
      await write(far, "a");
      await sink.bytes(1);
      transport.pause();
      far.end("b");
      await once(far, "finish");
      await turns(30);
      assert.deepEqual([sink.length, sink.events.all], [1, []]);
      assert.notEqual(transport.write([Buffer.from("out")]), undefined);
      transport.resume();
      assert.equal(String(await sink.bytes(2)), "ab");
      assert.equal(await sink.events.find((event) => event !== "drain"), "end");
      const all = readAll(far);
      transport.end();
      assert.equal(String(await all), "out");
    });

    test("a timeout that somebody set before is switched off", async (t) => {
      const { near } = await socketPair(t, kind);
      near.setTimeout(1_000);
      adopt(near);
      assert.equal(near.timeout, 0);
    });

    test("all sockets share their listeners", async (t) => {
      const [one, other] = [await socketPair(t, kind), await socketPair(t, kind)];
      const before = one.near.eventNames().map((name) => [name, one.near.listenerCount(name)] as const);
      adopt(one.near);
      adopt(other.near);
      const known = new Map(before);
      for (const name of one.near.eventNames()) {
        const ours = one.near.listeners(name).slice(known.get(name) ?? 0);
        const theirs = new Set(other.near.listeners(name));
        for (const listener of ours)
          assert.equal(theirs.has(listener), true, `a listener of its own for ${String(name)}`);
      }
    });
  });
}

test("with public API alone all of this is the same", { skip: process.env[PUBLIC_API_ONLY] === "1" }, () => {
  runAgain(import.meta.url, { [PUBLIC_API_ONLY]: "1" });
});
