import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import type { BinaryType } from "../../../src/node/web-socket/received-data.ts";
import { BINARY, CLOSE, TEXT } from "../connection/frames.ts";
import { echo, FAILED, listen, openDeflating, openRaw, serverFrame, serverText, until } from "./listening.ts";

function bytes(length: number, from = 0): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => i + from));
}

describe("a message has been received (WHATWG WebSockets, feedback from the protocol)", () => {
  test("message is a MessageEvent with the data and the origin of the URL", async (t) => {
    const { socket, peer } = await openRaw(t);
    peer.write(serverText("text"));
    const [event] = await once(socket, "message");
    assert.equal(Object.getPrototypeOf(event), MessageEvent.prototype);
    assert.deepEqual(
      [event.data, event.origin, event.lastEventId, event.source],
      ["text", socket.url.slice(0, -1), "", null],
    );
    assert.deepEqual([[...event.ports], event.bubbles, event.cancelable, event.target], [[], false, false, socket]);
  });

  test("the origin is scheme, host and port of the ws: URL, though http: was given, and has no user information", async (t) => {
    const server = await echo(t, { path: "/chat" });
    const { socket } = listen(t, server.url.replace("ws://", "http://user@"));
    await once(socket, "open");
    socket.send("text");
    const [event] = await once(socket, "message");
    assert.equal(event.origin, server.url.replace("/chat", ""));
  });

  test("text is a string, from nothing to more than a frame's short lengths", async (t) => {
    const { peer, journal } = await openRaw(t);
    const texts = ["", "a", "é\u20ac\ud83d\ude00", "\u0000\ufeff", "x".repeat(126), "é".repeat(70_000)];
    for (const text of texts) peer.write(serverText(text));
    for (const text of texts) assert.deepEqual(await journal.next(), ["message", 1, text]);
  });

  test("bytes are a Blob at first", async (t) => {
    const { socket, peer } = await openRaw(t);
    for (const length of [0, 3, 70_000]) {
      peer.write(serverFrame(BINARY, Buffer.alloc(length, 7)));
      const [{ data }] = await once(socket, "message");
      assert.ok(data instanceof Blob);
      assert.deepEqual([data.size, data.type], [length, ""]);
      assert.deepEqual(Buffer.from(await data.arrayBuffer()), Buffer.alloc(length, 7));
    }
  });

  test("bytes are an ArrayBuffer of just their size where binaryType is arraybuffer", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.binaryType = "arraybuffer";
    const lengths = [0, 1, 16, 17, 125, 126, 4_000, 4_096, 8_192, 16_384, 65_535, 65_536, 1 << 20];
    for (const length of lengths) {
      peer.write(serverFrame(BINARY, Buffer.alloc(length, length)));
      const [, , data] = await journal.next();
      assert.ok(data instanceof ArrayBuffer);
      assert.equal(data.byteLength, length);
      assert.deepEqual(Buffer.from(data), Buffer.alloc(length, length));
    }
  });

  test("each ArrayBuffer is the message's alone: writing to it, or giving it away, changes no other", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.binaryType = "arraybuffer";
    for (const length of [10, 5_000, 100_000]) {
      peer.write(serverFrame(BINARY, bytes(length)), serverFrame(BINARY, bytes(length, 1)));
      const [first, second] = (await journal.take(2)).map(([, , data]) => data);
      assert.ok(first instanceof ArrayBuffer && second instanceof ArrayBuffer);
      new Uint8Array(first).fill(0xff);
      structuredClone(first, { transfer: [first] });
      assert.deepEqual(Buffer.from(second), bytes(length, 1));
      peer.write(serverFrame(BINARY, bytes(length, 2)));
      const [, , third] = await journal.next();
      assert.ok(third instanceof ArrayBuffer);
      assert.deepEqual(Buffer.from(third), bytes(length, 2));
    }
  });

  test("binaryType counts as it is when the event's task runs", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    const types: BinaryType[] = ["arraybuffer", "blob"];
    socket.addEventListener("message", () => {
      socket.binaryType = types.shift() ?? "blob";
    });
    peer.write(serverFrame(BINARY, "a"), serverFrame(BINARY, "b"), serverFrame(BINARY, "c"));
    const data = (await journal.take(3)).map(([, , one]) => one);
    assert.deepEqual(
      data.map((one) => one instanceof Blob),
      [true, false, true],
    );
  });

  test("binaryType ignores what it does not know, and is the last that it knew", async (t) => {
    const { socket } = await openRaw(t);
    for (const wrong of ["", "Blob", "ArrayBuffer", "nodebuffer", null, undefined, 0, {}]) {
      assert.equal(Reflect.set(socket, "binaryType", wrong), true);
      assert.equal(socket.binaryType, "blob");
    }
    socket.binaryType = "arraybuffer";
    Reflect.set(socket, "binaryType", "wrong");
    assert.equal(socket.binaryType, "arraybuffer");
    Reflect.set(socket, "binaryType", { toString: () => "blob" });
    assert.equal(socket.binaryType, "blob");
    assert.throws(() => Reflect.set(socket, "binaryType", Symbol("a")), TypeError);
  });

  test("a message in fragments is one event, and pings between them are answered and not told", async (t) => {
    const { peer, journal } = await openRaw(t);
    const first = serverFrame(TEXT, "one ", { fin: false });
    peer.write(first, serverFrame(9, "ping"), serverFrame(0, "two ", { fin: false }), serverFrame(0, "three"));
    assert.deepEqual(await journal.next(), ["message", 1, "one two three"]);
    const pong = await peer.frame();
    assert.deepEqual([pong.opcode, String(pong.payload)], [10, "ping"]);
  });

  test("is told only while OPEN: after close() messages are read and dropped", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.addEventListener("message", () => socket.close(), { once: true });
    peer.write(serverText("first"), serverText("second"));
    assert.deepEqual(await journal.next(), ["message", 1, "first"]);
    const close = await peer.frame();
    peer.write(serverText("third"), serverFrame(CLOSE, close.payload));
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [1005, "", true]]);
  });

  test("that the server compressed is told as it was before, in its place", async (t) => {
    const { socket, peer, journal } = await openDeflating(t);
    socket.binaryType = "arraybuffer";
    // RFC 7692 §7.2.3.1 and §7.2.3.6: "Hello", and nothing
    peer.write(serverFrame(TEXT, Buffer.from("f248cdc9c90700", "hex"), { rsv: 4 }), serverText("between"));
    peer.write(serverFrame(BINARY, Buffer.from([0]), { rsv: 4 }));
    // Squares leave little to compress, so that it is inflated in another thread
    const large = Buffer.from(Uint32Array.from({ length: 200_000 }, (_, i) => (i * i) % 1_000_003).buffer);
    const deflated = deflateRawSync(large, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    assert.ok(deflated.length > 100_000);
    peer.write(serverFrame(BINARY, deflated, { rsv: 4 }), serverText("last"));
    assert.deepEqual(await journal.take(3), [
      ["message", 1, "Hello"],
      ["message", 1, "between"],
      ["message", 1, new ArrayBuffer(0)],
    ]);
    const [, , data] = await journal.next();
    assert.ok(data instanceof ArrayBuffer && large.equals(Buffer.from(data)));
    assert.deepEqual(await journal.next(), ["message", 1, "last"]);
  });

  test("may have more than a server's default limit", async (t) => {
    const { peer, journal } = await openRaw(t);
    peer.write(serverText("x".repeat(5 << 20)));
    const [, , data] = await journal.next();
    assert.equal(String(data).length, 5 << 20);
  });

  test("over 128 MiB fails the connection with 1009", async (t) => {
    const { peer, journal } = await openRaw(t);
    const header = Buffer.from([0x82, 127, 0, 0, 0, 0, 0x08, 0, 0, 1]);
    peer.write(header, Buffer.alloc(100));
    assert.deepEqual((await peer.frame()).payload, Buffer.from([0x03, 0xf1]));
    peer.end();
    assert.deepEqual(await journal.take(2), FAILED);
  });

  test("that breaks the protocol fails the connection: error, then 1006, whatever the server is told", async (t) => {
    const cases: [code: number, ...frames: Buffer[]][] = [
      [1007, serverFrame(TEXT, Buffer.from([0xff]))],
      [1002, serverFrame(3, "")],
      [1002, serverFrame(0, "")],
      [1002, serverFrame(TEXT, "a", { rsv: 4 })],
      [1002, serverFrame(TEXT, "masked", { mask: [1, 2, 3, 4] })],
      [1002, serverFrame(CLOSE, Buffer.from([0x03, 0xed]))],
    ];
    for (const [code, ...frames] of cases) {
      const { socket, peer, journal } = await openRaw(t);
      peer.write(...frames, serverText("never"));
      assert.equal((await peer.frame()).payload.readUInt16BE(), code);
      await until(() => socket.readyState === 2);
      peer.write(serverFrame(CLOSE, Buffer.from([0x03, 0xe8])));
      peer.end();
      assert.deepEqual(await journal.take(2), FAILED);
    }
  });
});
