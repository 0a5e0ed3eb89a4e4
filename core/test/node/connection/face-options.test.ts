import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedLimits } from "../../../src/engine/messages/limits.ts";
import { connect } from "../../../src/node/client/connect.ts";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { serve } from "../../../src/node/server/serve.ts";
import { FakeClock } from "./fake-clock.ts";
import { BINARY, frame, PING, PONG, TEXT, text } from "./frames.ts";
import { Journal } from "./journal.ts";
import { errorIn, recorder, rig, settled } from "./rig.ts";

describe("limits that a server and a client share", () => {
  test("change for connections that are open already, at both ends", async (t) => {
    const { limits, change } = sharedLimits({ maxMessageBytes: 5 });
    const codes = new Journal<string>();
    const opened = new Journal<Connection>();
    const error = (_connection: Connection, { code }: { code: string }): void => codes.add(code);
    const messages = new Journal<number>();
    const message = (_connection: Connection, { length }: { length: number }): void => messages.add(length);
    const server = await serve({ host: "127.0.0.1", limits, error, message, open: (one) => opened.add(one) });
    t.after(() => server.close({ timeoutMs: 0 }));
    const client = await connect(server.url, { limits, error, message });
    const serverEnd = await opened.next();
    change({ maxMessageBytes: 10 });
    client.send("x".repeat(10));
    serverEnd.send("x".repeat(9));
    assert.deepEqual((await messages.take(2)).sort(), [10, 9]);
    change({ maxMessageBytes: 4 });
    serverEnd.send("x".repeat(5));
    assert.equal(await codes.next(), "MESSAGE_TOO_BIG");
    assert.equal((await client.closed).code, 1009);
  });

  test("hold for a compressed message's inflated size, as they are when it comes", async (t) => {
    const { limits, change } = sharedLimits({ maxMessageBytes: 100 });
    const got = new Journal<number | string>();
    const server = await serve({
      host: "127.0.0.1",
      limits,
      compression: true,
      message: (_connection, { length }) => got.add(length),
      error: (_connection, { code }) => got.add(code),
    });
    t.after(() => server.close({ timeoutMs: 0 }));
    const client = await connect(server.url, { compression: true });
    t.after(() => client.terminate());
    assert.match(client.extensions, /^permessage-deflate/);
    change({ maxMessageBytes: 5_000 });
    client.send("x".repeat(5_000));
    assert.equal(await got.next(), 5_000);
    change({ maxMessageBytes: 4_999 });
    client.send("x".repeat(5_000));
    assert.equal(await got.next(), "MESSAGE_TOO_BIG");
  });

  test("hold for incomplete frames and assembled messages of connections", async () => {
    const { limits, change } = sharedLimits();
    const { handlers, journal } = recorder("message", "error");
    const [one, two] = [rig(handlers, { limits }), rig(handlers, { limits })];
    change({ maxAssembledBytes: 3, maxIncompleteFrameBytes: 3 });
    one.peer.send(frame(TEXT, "ab", { fin: false }), frame(0, "cd"));
    const assembled = errorIn(await journal.next());
    assert.deepEqual([assembled.code, Reflect.get(assembled, "limit")], ["MESSAGE_TOO_BIG", "maxAssembledBytes"]);
    two.peer.send(text("whole frames"), text("a longer one").subarray(0, -2));
    const [message, failed] = await journal.take(2);
    assert.deepEqual(message, ["message", "whole frames", "text"]);
    assert.equal(Reflect.get(errorIn(failed), "limit"), "maxIncompleteFrameBytes");
  });
});

describe('reception "binary-fragments" of a connection', () => {
  test("hands text to message and binary to fragment, in their order", async () => {
    const { handlers, journal } = recorder("message", "fragment");
    const { peer, counters } = rig(handlers, { reception: "binary-fragments" });
    peer.send(
      frame(TEXT, "a", { fin: false }),
      frame(0, "b"),
      frame(BINARY, "c", { fin: false }),
      frame(0, "d"),
      text("e"),
    );
    const [first, second, third, fourth] = await journal.take(4);
    assert.deepEqual(
      [first, fourth],
      [
        ["message", "ab", "text"],
        ["message", "e", "text"],
      ],
    );
    const pieces = [second, third].map((entry) => {
      const { kind, data, first: isFirst, last } = Object(entry?.[1]);
      return [entry?.[0], kind, String(data), isFirst, last];
    });
    assert.deepEqual(pieces, [
      ["fragment", "binary", "c", true, false],
      ["fragment", "binary", "d", false, true],
    ]);
    assert.equal(counters.messagesReceived, 3);
  });
});

describe("heartbeat.payload of a connection", () => {
  test("empty pings without a payload; by default there are 4 bytes", async (t) => {
    const clock = new FakeClock(t);
    for (const [payload, length] of [
      ["empty", 0],
      ["random", 4],
      [undefined, 4],
    ] as const) {
      const beat = payload === undefined ? {} : { payload };
      const { peer, connection } = rig({}, { heartbeat: { intervalMs: 100, timeoutMs: 50, ...beat } });
      await clock.advance(110);
      const [ping] = peer.frames;
      assert.deepEqual([ping?.opcode, ping?.payload.length], [PING, length]);
      await settled();
      assert.notEqual(connection.roundTripMs, undefined);
      connection.terminate();
    }
  });

  test("is empty or random", () => {
    for (const payload of ["", "none", 4, null]) {
      assert.throws(() => Reflect.apply(rig, undefined, [{}, { heartbeat: { payload } }]), {
        code: "USAGE",
        message: /^heartbeat\.payload is /,
      });
    }
  });
});

describe("pongs by hand", () => {
  test("above maxPendingPongs close the connection of a peer that does not read them", async () => {
    const { handlers, journal } = recorder("error");
    const answered: number[] = [];
    const { peer, connection } = rig(
      {
        ...handlers,
        ping(opened, data) {
          answered.push(data.length);
          opened.pong(data);
        },
      },
      { capacity: 10, automaticPong: false, limits: { maxPendingPongs: 5 } },
    );
    await settled();
    peer.pause();
    connection.send("x".repeat(100));
    await settled();
    peer.send(...Array.from({ length: 20 }, () => frame(PING, "p")));
    assert.equal(errorIn(await journal.next()).code, "TOO_MANY_PENDING_PONGS");
    assert.equal(answered.length, 6);
  });

  test("of a peer that reads them are as many as one likes, and after the end nothing", async () => {
    const { peer, connection } = rig({}, { automaticPong: false, limits: { maxPendingPongs: 5 } });
    for (let i = 0; i < 20; i++) {
      connection.pong(String(i));
      await settled(1);
    }
    assert.equal((await peer.seen.take(20)).length, 20);
    assert.ok(peer.frames.every(({ opcode }) => opcode === PONG));
    connection.close();
    connection.pong("late");
    await connection.closed;
    connection.pong("later");
    assert.equal(peer.frames.filter(({ opcode }) => opcode === PONG).length, 20);
  });
});
