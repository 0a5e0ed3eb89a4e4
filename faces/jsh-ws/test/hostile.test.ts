import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { WebSocket } from "@polysocket/jsh-ws";
import ws from "ws";
import { answerTo, clientEnd, dialing, next, rawClient, record, serve, serverEnd, turns } from "./ends.ts";
import { frame, masked, RawPeer, request } from "./raw-peer.ts";

/** The head of a frame that announces more than it has: 64-bit length. */
function announcing(first: number, bytes: bigint): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(first, 0);
  head.writeUInt8(0xff, 1);
  head.writeBigUInt64BE(bytes, 2);
  return head;
}

const BAD_UTF8 = Buffer.from([0xc3, 0x28]);

describe("frames that no client may send", () => {
  for (const [name, bytes, code] of [
    ["unmasked", frame(1, "x"), 1002],
    ["an opcode that is not defined", masked(3), 1002],
    ["a reserved bit", masked(1, "x", { rsv1: true }), 1002],
    ["text that is not UTF-8", masked(1, BAD_UTF8), 1007],
    ["a ping in fragments", masked(9, "x", { fin: false }), 1002],
    ["a ping of 126 bytes", masked(9, "x".repeat(126)), 1002],
    ["a continuation of nothing", masked(0, "x"), 1002],
    ["a message within a message", Buffer.concat([masked(1, "x", { fin: false }), masked(1, "x")]), 1002],
    ["a length with its highest bit", announcing(0x82, 1n << 63n), 1009],
    ["2^53 bytes", announcing(0x82, 1n << 53n), 1009],
    ["a byte more than 16 MiB", announcing(0x81, (16n << 20n) + 1n), 1009],
    ["a Close frame of one byte", masked(8, "x"), 1002],
    ["a Close frame with 1005", masked(8, Buffer.from([3, 0xed])), 1002],
    ["a close reason that is not UTF-8", masked(8, Buffer.concat([Buffer.from([3, 0xe8]), BAD_UTF8])), 1007],
  ] as const) {
    test(`${name}: error, close, and ${code} for the peer; the server goes on`, async (t) => {
      const { socket, peer, port } = await serverEnd(t);
      const seen = record(socket, "message", "error", "close");
      const closed = next(socket, "close");
      peer.write(bytes, masked(1, "after it"));
      await closed;
      assert.deepEqual([seen.map(([kind]) => kind), socket.readyState], [["error", "close"], 3]);
      const { opcode, payload } = await peer.frame();
      assert.deepEqual([opcode, payload.readUInt16BE(0)], [8, code]);
      await rawClient(t, port);
    });
  }
});

describe("frames that no server may send", () => {
  for (const [name, bytes, code] of [
    ["masked", masked(1, "x"), 1002],
    ["a reserved bit", frame(1, "x", { rsv1: true }), 1002],
    ["text that is not UTF-8", frame(1, BAD_UTF8), 1007],
  ] as const) {
    test(`${name}: error, close, and ${code} for the peer`, async (t) => {
      const { socket, peer } = await clientEnd(t);
      const seen = record(socket, "message", "error", "close");
      const closed = next(socket, "close");
      peer.write(bytes);
      await closed;
      assert.deepEqual(
        seen.map(([kind]) => kind),
        ["error", "close"],
      );
      assert.equal((await peer.frame()).payload.readUInt16BE(0), code);
    });
  }
});

describe("floods", () => {
  test("pings whose pongs are never read end the connection", async (t) => {
    const { socket, peer } = await serverEnd(t);
    const seen = record(socket, "error");
    peer.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 2_000 }, () => masked(9, "x".repeat(125))));
    const closed = next(socket, "close");
    const flood = setInterval(() => peer.socket.write(pings), 1);
    t.after(() => clearInterval(flood));
    await closed;
    assert.match(String(seen[0]?.[1]), /maxPendingPongs/);
  });

  test("a message in more fragments than anybody needs ends with 1008", async (t) => {
    const { socket, peer } = await serverEnd(t);
    const closed = next(socket, "close");
    peer.write(
      masked(1, "", { fin: false }),
      Buffer.concat(Array.from({ length: 17_000 }, () => masked(0, "", { fin: false }))),
    );
    await closed;
    assert.equal((await peer.frame()).payload.readUInt16BE(0), 1008);
  });

  test("a message of 16 MiB arrives", async (t) => {
    const { socket, peer } = await serverEnd(t);
    const met = Promise.race([next(socket, "message"), next(socket, "close")]);
    peer.write(masked(2, Buffer.alloc(16 << 20, 7)));
    const [event] = await met;
    assert.equal(Object(event).data?.length, 16 << 20);
  });

  test("what a peer does not read is bounded: 1013, and an error", async (t) => {
    const { socket, peer } = await serverEnd(t, { backpressure: { maxBufferedBytes: 1 << 20 } });
    const seen = record(socket, "error", "close");
    peer.socket.pause();
    for (let count = 0; count < 100 && socket.readyState === WebSocket.OPEN; count++) socket.send("x".repeat(1 << 19));
    if (socket.readyState === WebSocket.OPEN) await next(socket, "close");
    assert.deepEqual(
      seen.map(([kind]) => kind),
      ["error", "close"],
    );
  });

  test("40 MiB that are sent in one turn arrive at a peer that reads", async (t) => {
    const { wss, port } = await serve(t);
    wss.on("connection", (socket) => {
      for (let count = 0; count < 40; count++) socket.send(Buffer.alloc(1 << 20, count));
      socket.close();
    });
    const client = new ws(`ws://127.0.0.1:${port}/`);
    let bytes = 0;
    client.on("message", (data: Buffer) => {
      bytes += data.length;
    });
    const [code] = await once(client, "close");
    assert.deepEqual([code, bytes], [1000, 40 << 20]);
  });
});

describe("peers that leave, or never come to the point", () => {
  test("one that leaves in the middle of its request is nobody's error", async (t) => {
    const { wss, port } = await serve(t);
    const seen = record(wss, "connection", "error");
    const peer = await RawPeer.dial(port);
    peer.write(request("/").slice(0, 60));
    peer.socket.resetAndDestroy();
    await rawClient(t, port);
    await turns();
    assert.deepEqual(
      seen.map(([kind]) => kind),
      ["connection"],
    );
  });

  test("one that is gone when its handshake is decided does no harm", async (t) => {
    const { wss, port } = await serve(t);
    const errors = record(wss, "error");
    wss.on("connection", (socket) => socket.send("x".repeat(100_000)));
    for (let count = 0; count < 20; count++) {
      const peer = await RawPeer.dial(port);
      peer.write(request("/"));
      setImmediate(() => peer.socket.resetAndDestroy());
    }
    await rawClient(t, port);
    while ((wss.clients?.size ?? 0) > 1) await turns();
    assert.deepEqual(errors, []);
  });

  test("a header of 20,000 bytes, and what is no HTTP, are answered, and the server goes on", async (t) => {
    const { port } = await serve(t);
    assert.equal((await answerTo(port, request("/", [`X: ${"x".repeat(20_000)}`]))).status, 431);
    assert.equal((await answerTo(port, "\x16\x03\x01 nonsense\r\n\r\n")).status, 400);
    assert.equal((await answerTo(port, request("*"))).status, 404);
    await rawClient(t, port);
  });

  test("a server's answer of 20,000 bytes is an error of the client's", async (t) => {
    const { socket, peer } = await dialing(t);
    const failed = next(socket, "error");
    await peer.welcome(`X: ${"x".repeat(20_000)}\r\n`);
    await failed;
    assert.equal(socket.readyState, 3);
  });

  test("one that says nothing stays, unless the added heartbeat notices", async (t) => {
    const { socket, peer } = await serverEnd(t, { heartbeat: { intervalMs: 20, timeoutMs: 20 } });
    const seen = record(socket, "error", "close");
    const closed = next(socket, "close");
    assert.equal((await peer.frame()).opcode, 9);
    await closed;
    assert.deepEqual(
      seen.map(([kind]) => kind),
      ["error", "close"],
    );
  });

  test("a server that never answers is an error after the added handshakeTimeoutMs", async (t) => {
    const { socket } = await dialing(t, null, { handshakeTimeoutMs: 30 });
    await next(socket, "error");
    assert.equal(socket.readyState, 3);
  });
});
