import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import type { Connection } from "../../../src/node/connection/connection.ts";
import type { CloseEvent, ConnectionOptions, Handlers } from "../../../src/node/connection/settings.ts";
import type { SocketKind } from "../transport/sockets.ts";
import { reset, SOCKET_KINDS, socketPair, turns } from "../transport/sockets.ts";
import { BINARY, closeFrame, FrameParser, frame, PING, type SeenFrame, text } from "./frames.ts";
import { Journal } from "./journal.ts";
import { type Opened, openOver } from "./open-over.ts";
import { PREFACE } from "./rig.ts";
import { runAgain } from "./run-again.ts";

const PUBLIC_API_ONLY = "POLYSOCKET_PUBLIC_API_ONLY";

interface SocketRig extends Opened {
  readonly near: net.Socket;
  readonly far: net.Socket;
  /** What the far end received, while it reads. */
  readonly frames: Journal<SeenFrame>;
}

async function open(
  t: TestContext,
  kind: SocketKind,
  handlers: Handlers = {},
  options: ConnectionOptions = {},
): Promise<SocketRig> {
  const { near, far } = await socketPair(t, kind);
  const frames = new Journal<SeenFrame>();
  const parser = new FrameParser();
  let skip = PREFACE.length;
  far.on("data", (bytes: Buffer) => {
    const skipped = Math.min(skip, bytes.length);
    skip -= skipped;
    for (const seen of parser.push(bytes.subarray(skipped))) frames.add(seen);
  });
  return { ...openOver(near, handlers, options), near, far, frames };
}

function echo(connection: Connection<undefined>, data: string | Uint8Array): void {
  connection.send(data);
}

for (const kind of SOCKET_KINDS) {
  describe(`a connection over a ${kind} socket`, () => {
    test("large texts of two connections, which are encoded in one memory, do not mix, read or unread", async (t) => {
      const [one, two] = [await open(t, kind), await open(t, kind)];
      two.far.pause();
      const textOf = (end: string, i: number): string => `${end}${i}`.padEnd(300_000, String(i));
      for (let i = 0; i < 10; i++) {
        for (const [rig, end] of [
          [one, "one"],
          [two, "two"],
        ] as const) {
          rig.connection.send(textOf(end, i));
        }
        await turns(i % 3);
      }
      two.far.resume();
      for (let i = 0; i < 10; i++) {
        assert.ok((await one.frames.next()).payload.equals(Buffer.from(textOf("one", i))));
        assert.ok((await two.frames.next()).payload.equals(Buffer.from(textOf("two", i))));
      }
    });

    test("echoes everything in order, small and large", async (t) => {
      const { far, frames } = await open(t, kind, { message: echo });
      const payloads = Array.from({ length: 300 }, (_, i) => randomBytes(i % 20 === 0 ? 100_000 : i));
      for (const payload of payloads) far.write(frame(BINARY, payload));
      const seen = await frames.take(300);
      assert.ok(seen.every(({ payload }, i) => payload.equals(payloads[i] ?? Buffer.alloc(0))));
    });

    test("answers 5,000 pings that come in one piece, in order", async (t) => {
      const { far, frames, connection } = await open(t, kind);
      far.write(Buffer.concat(Array.from({ length: 5_000 }, (_, i) => frame(PING, String(i)))));
      const pongs = await frames.take(5_000);
      assert.deepEqual(
        pongs.map(({ payload }) => String(payload)),
        Array.from({ length: 5_000 }, (_, i) => String(i)),
      );
      assert.equal(connection.state, "open");
    });

    test("a peer that sends pings and never reads is closed at the limit", async (t) => {
      const errors = new Journal<string>();
      const { far, connection } = await open(t, kind, { error: (_connection, { code }) => errors.add(code) });
      far.pause();
      const ping = Buffer.concat(Array.from({ length: 500 }, () => frame(PING, "x".repeat(125))));
      while (connection.state === "open") {
        await new Promise((written) => far.write(ping, written));
        await turns(2);
      }
      assert.equal(await errors.next(), "TOO_MANY_PENDING_PONGS");
      assert.ok(connection.bufferedBytes < 30_000_000);
    });

    test("a message of 1 MiB there and back leaves the sender's bytes as they were", async (t) => {
      const { connection, frames } = await open(t, kind);
      const payload = randomBytes(1 << 20);
      const before = Buffer.from(payload);
      connection.send(payload);
      assert.equal((await frames.next()).payload.equals(before), true);
      assert.equal(payload.equals(before), true);
    });

    test("a peer that does not read: send says false, drain comes once it reads, nothing is lost", async (t) => {
      const drained = new Journal<void>();
      const { connection, far, frames } = await open(
        t,
        kind,
        { drain: () => drained.add() },
        { backpressure: { maxBufferedBytes: 100_000_000 } },
      );
      far.pause();
      let sent = 0;
      while (connection.bufferedBytes < 2_000_000) {
        connection.send(Buffer.alloc(100_000, sent++));
        await turns(1);
      }
      assert.equal(connection.send("last"), false);
      assert.deepEqual(drained.all.length, kind === "tls" ? drained.all.length : 0);
      drained.rest();
      far.resume();
      await drained.next();
      assert.equal(connection.bufferedBytes, 0);
      const seen = await frames.take(sent + 1);
      assert.ok(seen.slice(0, -1).every(({ payload }, i) => payload[0] === (i & 255) && payload.length === 100_000));
      assert.equal(String(seen.at(-1)?.payload), "last");
    });

    test("flush under backpressure resolves only when the system has all", async (t) => {
      const { connection, far, frames } = await open(t, kind, {}, { backpressure: { maxBufferedBytes: 1e9 } });
      far.pause();
      let sent = 0;
      do {
        connection.send(Buffer.alloc(500_000));
        sent += 1;
        await turns(1);
      } while (connection.bufferedBytes < 10_000_000);
      connection.send("last");
      let flushed = false;
      const flush = connection.flush().then(() => {
        flushed = true;
        return connection.bufferedBytes;
      });
      await turns();
      assert.equal(flushed, false);
      far.resume();
      assert.equal(await flush, 0);
      await frames.take(sent + 1);
    });

    test("a slow for await reads no more than it must, and gets all", async (t) => {
      const { connection, far, counters } = await open(t, kind);
      const message = frame(BINARY, Buffer.alloc(10_000));
      for (let i = 0; i < 1_000; i++) far.write(message);
      const iterator = connection[Symbol.asyncIterator]();
      await iterator.next();
      await turns(50);
      assert.ok(counters.bytesReceived < 500_000, `${counters.bytesReceived} bytes`);
      assert.ok(far.writableLength > 0, "the peer is slowed down");
      for (let i = 1; i < 1_000; i++) assert.equal((await iterator.next()).done, false);
      assert.equal(counters.messagesReceived, 1_000);
    });

    test("messages before a FIN that comes while paused are not lost", async (t) => {
      const seen: unknown[] = [];
      const { connection, far } = await open(t, kind, {
        message(opened, data) {
          seen.push(data);
          if (seen.length === 1) opened.pause();
        },
      });
      far.write(Buffer.concat(["a", "b", "c"].map((data) => text(data))));
      far.end(text("d"));
      await once(far, "finish");
      await turns(30);
      assert.deepEqual([seen, connection.state], [["a"], "open"]);
      assert.equal(connection.send("still open"), true);
      connection.resume();
      assert.equal((await connection.closed).code, 1006);
      assert.deepEqual(seen, ["a", "b", "c", "d"]);
    });

    test("the closing handshake begun by the peer, and its end", async (t) => {
      const { connection, far, frames } = await open(t, kind);
      const ended = once(far, "end");
      far.write(closeFrame(4001, "bye"));
      assert.equal((await frames.next()).payload.toString("utf8", 2), "bye");
      await ended;
      far.end();
      const { code, reason, wasClean, unsentBytes } = await connection.closed;
      assert.deepEqual(
        { code, reason, wasClean, unsentBytes },
        { code: 4001, reason: "bye", wasClean: true, unsentBytes: 0 },
      );
    });

    test("a Close frame and FIN in one piece are answered", async (t) => {
      const { connection, far, frames } = await open(t, kind);
      far.end(closeFrame(4001));
      assert.equal((await frames.next()).payload.readUInt16BE(0), 4001);
      assert.equal((await connection.closed).wasClean, true);
    });

    test("what was sent before a FIN still goes out, though the peer was slow", async (t) => {
      const { connection, far, frames } = await open(t, kind, {}, { backpressure: { maxBufferedBytes: 100_000_000 } });
      far.pause();
      let sent = 0;
      while (connection.bufferedBytes < 2_000_000) {
        connection.send(Buffer.alloc(100_000));
        sent += 1;
        await turns(1);
      }
      connection.send("last");
      far.end();
      await turns(20);
      far.resume();
      const seen = await frames.take(sent + 1);
      assert.equal(String(seen.at(-1)?.payload), "last");
      assert.equal((await connection.closed).unsentBytes, 0);
    });

    test("a reset ends it with an error", async (t) => {
      const events = new Journal<readonly [string, unknown]>();
      const { connection, near, far } = await open(t, kind, {
        error: (_connection, error) => events.add(["error", error.code]),
        close: (_connection, event: CloseEvent) => events.add(["close", event.code]),
      });
      await reset(near, far);
      assert.equal((await connection.closed).error?.code, "TRANSPORT_FAILED");
      assert.deepEqual(events.all, [
        ["error", "TRANSPORT_FAILED"],
        ["close", 1006],
      ]);
    });

    test("terminate cuts the peer off", async (t) => {
      const { connection, far } = await open(t, kind);
      const ended = once(far, "end");
      connection.terminate();
      assert.equal((await connection.closed).code, 1006);
      await ended;
    });
  });
}

test("with public API alone all of this is the same", { skip: process.env[PUBLIC_API_ONLY] === "1" }, () => {
  runAgain(import.meta.url, { [PUBLIC_API_ONLY]: "1" });
});
