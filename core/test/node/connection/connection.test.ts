import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Frame } from "../../../src/engine/frames/frame.ts";
import { CLOSE, closeBody, closeFrame, frame, PONG, text } from "./frames.ts";
import { rig, settled } from "./rig.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function rawFrame(fields: Partial<Frame>): Frame {
  const plain = { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 1, maskingKey: undefined };
  return { ...plain, payload: Buffer.from("raw"), ...fields };
}

describe("what a connection tells", () => {
  test("its id is a random UUID that stays", () => {
    const { connection } = rig();
    assert.match(connection.id, UUID);
    assert.equal(connection.id, connection.id);
    assert.notEqual(connection.id, rig().connection.id);
  });

  test("what the handshake found, and the application's own data", () => {
    const { connection } = rig();
    const { path, remoteAddress, subprotocol, extensions, state, bufferedBytes, droppedMessages } = connection;
    assert.deepEqual(
      { path, remoteAddress, subprotocol, extensions, state, bufferedBytes, droppedMessages },
      {
        path: "/rig",
        remoteAddress: "192.0.2.1",
        subprotocol: "sub",
        extensions: "",
        state: "open",
        bufferedBytes: 0,
        droppedMessages: 0,
      },
    );
    assert.equal(connection.data, "data");
    connection.data = "other";
    assert.equal(connection.data, "other");
  });
});

describe("ping and pong", () => {
  test("ping resolves with the round trip in milliseconds", async () => {
    const { connection, peer } = rig();
    const ms = await connection.ping("are you there");
    assert.ok(ms >= 0 && ms < 10_000);
    assert.deepEqual(await peer.seen.next(), ["ping", Buffer.from("are you there")]);
  });

  test("without data each ping has its own", async () => {
    const { connection, peer } = rig();
    await Promise.all([connection.ping(), connection.ping()]);
    const [one, other] = await peer.seen.take(2);
    assert.match(String(one), /^ping,/);
    assert.equal(peer.frames[0]?.payload.length, 8);
    assert.notDeepEqual(one, other);
  });

  test("a pong answers the pings before it", async () => {
    const { connection, peer } = rig({}, { polite: false });
    const answered = [connection.ping("a"), connection.ping("b")];
    await settled();
    peer.send(frame(PONG, "b"));
    await Promise.all(answered);
  });

  test("the payload may be any bytes up to 125, and may be changed afterwards", async () => {
    const { connection, peer } = rig();
    const payload = Buffer.alloc(125, "x");
    const answered = connection.ping(payload);
    payload.fill("y");
    await answered;
    assert.deepEqual(await peer.seen.next(), ["ping", Buffer.alloc(125, "x")]);
    const view = new Float32Array(10).subarray(1, 3);
    connection.pong(view as unknown as Uint8Array);
    assert.deepEqual(await peer.seen.next(), ["pong", Buffer.alloc(8)]);
  });

  test("more than 125 bytes are refused, and nothing is left waiting", async () => {
    const { connection, peer } = rig();
    assert.throws(() => connection.ping(Buffer.alloc(126)), { code: "USAGE" });
    assert.throws(() => connection.ping("€".repeat(42)), { code: "USAGE" });
    assert.throws(() => connection.pong(Buffer.alloc(126)), { code: "USAGE" });
    await settled();
    assert.equal(peer.bytes, 0);
    connection.pong();
    assert.deepEqual(await peer.seen.next(), ["pong", Buffer.alloc(0)]);
  });

  test("ping rejects when the connection ends, and at once when it is not open", async () => {
    const { connection, peer } = rig({ error() {} }, { polite: false });
    const lost = connection.ping();
    await settled();
    peer.reset();
    await assert.rejects(lost, { code: "CONNECTION_CLOSED" });
    await assert.rejects(connection.ping(), { code: "CONNECTION_CLOSED" });
    void connection.ping();
    await settled();
  });

  test("a ping that was sent before close() may still be answered", async () => {
    const { connection, peer } = rig({}, { polite: false });
    const answered = connection.ping("a");
    connection.close();
    await assert.rejects(connection.ping("b"), { code: "CONNECTION_CLOSED" });
    await settled();
    peer.send(frame(PONG, "a"));
    await answered;
  });

  test("pong when it is not open does nothing", async () => {
    const { connection, peer } = rig();
    connection.close();
    connection.pong("late");
    await connection.closed;
    connection.pong("late");
    assert.equal(peer.frames.length, 1);
  });
});

describe("raw frames", () => {
  test("leave exactly as they are, with other things in order", async () => {
    const { connection, peer } = rig({}, { polite: false });
    connection.send("a");
    connection.sendFrame(rawFrame({ fin: false }));
    connection.sendFrame(rawFrame({ opcode: 0, payload: Buffer.from("!") }));
    connection.sendFrame(rawFrame({ opcode: 11, payload: Buffer.alloc(0) }));
    connection.send("b");
    assert.deepEqual(await peer.seen.take(4), ["a", "raw!", ["frame", 11, Buffer.alloc(0)], "b"]);
  });

  test("may be masked", async () => {
    const { connection, peer, transport } = rig();
    connection.sendFrame(rawFrame({ maskingKey: 0x01020304 }));
    assert.equal(await peer.seen.next(), "raw");
    assert.equal(peer.frames[0]?.masked, true);
    assert.equal(transport.writes.at(-1)?.equals(text("raw")), true);
  });

  test("a Close frame begins the closing handshake", async () => {
    const { connection, peer } = rig();
    connection.sendFrame(rawFrame({ opcode: CLOSE, payload: closeBody(4001) }));
    assert.equal(connection.state, "closing");
    assert.deepEqual(await peer.seen.next(), ["close", 4001, ""]);
    assert.equal((await connection.closed).wasClean, true);
  });

  test("are refused when the connection is not open, or a field cannot be encoded", async () => {
    const { connection, peer } = rig();
    assert.throws(() => connection.sendFrame(rawFrame({ opcode: 16 })), { code: "USAGE" });
    assert.throws(() => connection.sendFrame(rawFrame({ opcode: 1.5 })), { code: "USAGE" });
    for (const payload of [5, 1e20, null, undefined, "text", {}, new ArrayBuffer(8), [1, 2]]) {
      assert.throws(() => Reflect.apply(connection.sendFrame, connection, [{ ...rawFrame({}), payload }]), {
        code: "USAGE",
      });
    }
    await settled();
    assert.equal(peer.bytes, 0);
    peer.send(closeFrame(1000));
    await connection.closed;
    assert.throws(() => connection.sendFrame(rawFrame({})), { code: "USAGE" });
    assert.equal(peer.frames.length, 1);
  });
});
