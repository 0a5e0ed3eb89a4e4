import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { constants, inflateRawSync } from "node:zlib";
import type { SendData } from "../../../src/node/web-socket/sent-data.ts";
import type { WebSocket } from "../../../src/node/web-socket/web-socket.ts";
import { RawServer } from "../client/raw-server.ts";
import { BINARY, CLOSE, type SeenFrame, TEXT } from "../connection/frames.ts";
import {
  checkOnceClosing,
  domException,
  echo,
  FAILED,
  listen,
  nextTask,
  openDeflating,
  openRaw,
  serverFrame,
  until,
} from "./listening.ts";

/** Send what the compiler would not let through. */
function sendForeign(socket: WebSocket, ...data: unknown[]): void {
  Reflect.apply(socket.send, socket, data);
}

/** The next message, its fragments joined, which must not be compressed. */
async function messageOf(peer: { frame(): Promise<SeenFrame> }): Promise<[opcode: number, payload: Buffer]> {
  const first = await peer.frame();
  const parts = [first.payload];
  for (let last = first; !last.fin; parts.push(last.payload)) last = await peer.frame();
  assert.equal(first.rsv, 0);
  return [first.opcode, Buffer.concat(parts)];
}

/** What a frame of a message in one frame says. */
function inflated({ rsv, payload }: SeenFrame): Buffer {
  if (rsv === 0) return payload;
  // RFC 7692 §7.2.2: these four bytes were left out
  return inflateRawSync(Buffer.concat([payload, Buffer.from("0000ffff", "hex")]), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
}

function numbered(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

describe("send (WHATWG WebSockets, send steps)", () => {
  test("throws an InvalidStateError while CONNECTING", async (t) => {
    const server = await RawServer.listen(t);
    const { socket } = listen(t, server.url());
    for (const data of ["text", new Uint8Array(1), new Blob([]), new ArrayBuffer(0)]) {
      assert.throws(() => socket.send(data), domException("InvalidStateError"));
    }
    assert.equal(socket.bufferedAmount, 0);
    const peer = await server.next();
    await peer.request();
    assert.deepEqual(peer.frames, []);
  });

  test("throws a TypeError without an argument, or for one that cannot be converted, in every state", async (t) => {
    const opened = await openRaw(t);
    const check = (one: WebSocket): void => {
      assert.throws(() => sendForeign(one), TypeError);
      assert.throws(() => sendForeign(one, Symbol("a")), TypeError);
      assert.throws(() => sendForeign(one, new Uint8Array(new SharedArrayBuffer(1))), TypeError);
      assert.equal(one.bufferedAmount, 0);
    };
    check(listen(t, "ws://127.0.0.1:1/").socket);
    check(opened.socket);
    await checkOnceClosing(opened, check);
  });

  test("strings go out as text, masked, in one frame each", async (t) => {
    const { socket, peer } = await openRaw(t);
    const texts = [
      "",
      "a",
      "Grüße \u20ac \ud83d\ude00",
      "\u0000",
      "x".repeat(125),
      "x".repeat(126),
      "é".repeat(40_000),
    ];
    for (const text of texts) socket.send(text);
    for (const text of texts) {
      const { fin, opcode, masked, payload } = await peer.frame();
      assert.deepEqual([fin, opcode, masked, payload.toString()], [true, TEXT, true, text]);
    }
  });

  test("an unpaired surrogate is sent as U+FFFD, a pair as it is, however long the text is", async (t) => {
    const { socket, peer } = await openRaw(t);
    for (const padding of ["", "x".repeat(100), "x".repeat(30_000), "\u20ac".repeat(30_000)]) {
      socket.send(`${padding}a\ud800b\udc00\ud83d\ude00\udc00`);
      assert.deepEqual(await messageOf(peer), [TEXT, Buffer.from(`${padding}a\ufffdb\ufffd\ud83d\ude00\ufffd`)]);
    }
  });

  test("what is no string, bytes or Blob is sent as its string", async (t) => {
    const { socket, peer } = await openRaw(t);
    const values = [undefined, null, 12, true, [1, 2], {}, { toString: () => "mine" }, new SharedArrayBuffer(2)];
    for (const value of values) sendForeign(socket, value);
    const expected = [
      "undefined",
      "null",
      "12",
      "true",
      "1,2",
      "[object Object]",
      "mine",
      "[object SharedArrayBuffer]",
    ];
    for (const text of expected) assert.deepEqual(await messageOf(peer), [TEXT, Buffer.from(text)]);
  });

  test("every TypedArray, DataView and ArrayBuffer goes out as binary, with just the bytes that it shows", async (t) => {
    const { socket, peer } = await openRaw(t);
    for (const size of [64, 70_000, 200_000]) {
      const { buffer } = numbered(size);
      const part = Buffer.from(buffer, 16, 32);
      const data: [data: ArrayBuffer | ArrayBufferView, expected: Uint8Array][] = [
        [buffer, new Uint8Array(buffer)],
        [new Int8Array(buffer, 16, 32), part],
        [new Uint8Array(buffer, 16, 32), part],
        [new Uint8ClampedArray(buffer, 16, 32), part],
        [new Int16Array(buffer, 16, 16), part],
        [new Uint16Array(buffer, 16, 16), part],
        [new Int32Array(buffer, 16, 8), part],
        [new Uint32Array(buffer, 16, 8), part],
        [new Float32Array(buffer, 16, 8), part],
        [new Float64Array(buffer, 16, 4), part],
        [new BigInt64Array(buffer, 16, 4), part],
        [new BigUint64Array(buffer, 16, 4), part],
        [new DataView(buffer, 16, 32), part],
        [new DataView(buffer, 1), new Uint8Array(buffer, 1)],
        [Buffer.from("text"), Buffer.from("text")],
      ];
      for (const [one, expected] of data) {
        socket.send(one);
        const [opcode, payload] = await messageOf(peer);
        assert.equal(opcode, BINARY);
        assert.ok(payload.equals(expected), `${one.constructor.name} of ${size}`);
      }
    }
  });

  test("memory that was transferred away is an empty message", async (t) => {
    const { socket, peer } = await openRaw(t);
    const buffer = new ArrayBuffer(8);
    const view = new DataView(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    socket.send(buffer);
    socket.send(view);
    assert.equal(socket.bufferedAmount, 0);
    for (let i = 0; i < 2; i++) assert.deepEqual(await messageOf(peer), [BINARY, Buffer.alloc(0)]);
  });

  test("a Blob goes out as one binary message in its place", async (t) => {
    const { socket, peer } = await openRaw(t);
    const large = numbered(300_000);
    socket.send("before");
    socket.send(new Blob([large]));
    socket.send("between");
    socket.send(new Blob([]));
    socket.send(new Blob(["é", Uint8Array.of(1)]).slice(1));
    socket.send(Uint8Array.of(9));
    assert.deepEqual(await messageOf(peer), [TEXT, Buffer.from("before")]);
    const [opcode, payload] = await messageOf(peer);
    assert.equal(opcode, BINARY);
    assert.ok(payload.equals(large));
    assert.deepEqual(await messageOf(peer), [TEXT, Buffer.from("between")]);
    assert.deepEqual(await messageOf(peer), [BINARY, Buffer.alloc(0)]);
    assert.deepEqual(await messageOf(peer), [BINARY, Buffer.from([0xa9, 1])]);
    assert.deepEqual(await messageOf(peer), [BINARY, Buffer.from([9])]);
  });

  test("bytes may be changed or given away at once, behind a Blob too, and are not changed by sending", async (t) => {
    const { socket, peer } = await openRaw(t);
    for (const size of [1, 100, 20_000, 500_000]) {
      const expected = Buffer.from(numbered(size));
      for (const blobs of [0, 1]) {
        if (blobs === 1) socket.send(new Blob(["blob"]));
        const written = numbered(size);
        socket.send(written);
        assert.ok(expected.equals(written), "sending masks a copy");
        written.fill(0xff);
        const moved = numbered(size);
        socket.send(moved.buffer);
        structuredClone(moved.buffer, { transfer: [moved.buffer] });
        if (blobs === 1) await messageOf(peer);
        for (let i = 0; i < 2; i++) assert.ok((await messageOf(peer))[1].equals(expected), `${size}, ${blobs} Blobs`);
      }
    }
  });

  test("where that was agreed on, messages from 1,024 bytes on go out compressed, and Blobs as they are", async (t) => {
    const { socket, peer } = await openDeflating(t);
    for (const size of [1_023, 1_024, 20_000, 500_000]) {
      const rsv = size < 1_024 ? 0 : 4;
      const expected = Buffer.from(numbered(size));
      const written = numbered(size);
      socket.send(written);
      written.fill(0xff);
      const bytes = await peer.frame();
      assert.deepEqual([bytes.rsv, bytes.opcode], [rsv, BINARY]);
      assert.ok(expected.equals(inflated(bytes)), `${size} bytes as they were when they were sent`);
      socket.send("x".repeat(size));
      socket.send(new Blob([expected]));
      socket.send("y".repeat(size));
      const [text, blob, behind] = [await peer.frame(), await messageOf(peer), await peer.frame()];
      assert.deepEqual([text.rsv, text.opcode, behind.rsv, behind.opcode], [rsv, TEXT, rsv, TEXT]);
      assert.ok(String(inflated(text)) === "x".repeat(size), `${size} characters`);
      assert.ok(blob[1].equals(expected), "a Blob as it is");
      assert.ok(String(inflated(behind)) === "y".repeat(size), `${size} characters behind a Blob`);
    }
  });

  test("a Blob that cannot be read fails the connection, without a word to the process", async (t) => {
    const warnings: Error[] = [];
    const warn = (warning: Error): unknown => warnings.push(warning);
    process.on("warning", warn);
    t.after(() => process.off("warning", warn));
    const { socket, peer, journal } = await openRaw(t);
    const blob = new Blob(["text"]);
    blob.stream = () => new ReadableStream({ pull: () => Promise.reject(new Error("not readable")) });
    socket.send(blob);
    const { opcode, payload } = await peer.frame();
    assert.deepEqual([opcode, payload.readUInt16BE()], [CLOSE, 1011]);
    peer.end();
    assert.deepEqual(await journal.take(2), FAILED);
    await nextTask();
    assert.deepEqual(warnings, []);
    assert.equal(socket.bufferedAmount, 4);
  });

  test("messages come back as they were sent, of each kind", async (t) => {
    const server = await echo(t);
    const { socket, journal } = listen(t, server.url);
    await journal.next();
    socket.binaryType = "arraybuffer";
    const data: SendData[] = ["text", numbered(65_536), new Blob(["blob"]), "x".repeat(1 << 20)];
    for (const one of data) socket.send(one);
    const [text, bytes, blob, long] = (await journal.take(4)).map(([, , one]) => one);
    assert.deepEqual([text, long], [data[0], data[3]]);
    assert.ok(bytes instanceof ArrayBuffer && blob instanceof ArrayBuffer);
    assert.ok(Buffer.from(bytes).equals(numbered(65_536)));
    assert.equal(Buffer.from(blob).toString(), "blob");
  });

  test("after close(), and after the server's Close frame, nothing is sent and nothing is thrown", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.send("before");
    socket.close();
    for (const data of ["text", new Uint8Array(3), new Blob(["blob"])]) socket.send(data);
    assert.deepEqual((await messageOf(peer))[1].toString(), "before");
    assert.equal((await peer.frame()).opcode, CLOSE);
    peer.write(serverFrame(CLOSE));
    peer.end();
    await journal.next();
    socket.send("after");
    await peer.gone;
    assert.equal(peer.frames.length, 2);

    const other = await openRaw(t);
    other.peer.write(serverFrame(CLOSE));
    await until(() => other.socket.readyState === 2);
    other.socket.send("late");
    assert.equal((await other.peer.frame()).opcode, CLOSE);
    other.peer.end();
    await other.journal.next();
    assert.equal(other.peer.frames.length, 1);
    assert.equal(other.socket.bufferedAmount, 4);
  });
});

describe("bufferedAmount (WHATWG WebSockets)", () => {
  const SIZED: [name: string, data: SendData, bytes: number][] = [
    ["nothing", "", 0],
    ["ASCII", "12345", 5],
    ["UTF-8", "é\u20ac\ud83d\ude00\ud800", 12],
    ["an ArrayBuffer", new ArrayBuffer(7), 7],
    ["a view, without the rest of its memory", new Uint16Array(new ArrayBuffer(100), 10, 4), 8],
    ["a Blob", new Blob(["é", new Uint8Array(5)]), 7],
    ["what is large", new Uint8Array(100_000), 100_000],
  ];

  test("grows at once by the payload of what is sent, without framing", async (t) => {
    const { socket } = await openRaw(t);
    let expected = 0;
    for (const [name, data, bytes] of SIZED) {
      socket.send(data);
      expected += bytes;
      assert.equal(socket.bufferedAmount, expected, name);
    }
  });

  test("stays for the rest of the task and its promise reactions, and is 0 in a later one", async (t) => {
    for (const [name, data, bytes] of SIZED) {
      const { socket, peer } = await openRaw(t);
      socket.send(data);
      await Promise.resolve();
      await null;
      assert.equal(socket.bufferedAmount, bytes, name);
      await messageOf(peer);
      await until(() => socket.bufferedAmount === 0);
    }
  });

  test("does not sink while a task goes on, however long that is", async (t) => {
    const { socket } = await openRaw(t);
    socket.send("12345");
    for (let i = 0; i < 100; i++) await Promise.resolve();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    assert.equal(socket.bufferedAmount, 5);
  });

  test("stays while the server does not read, and is 0 once it has", async (t) => {
    const { socket, peer } = await openRaw(t);
    peer.socket.pause();
    const message = new Uint8Array(4 << 20);
    for (let i = 0; i < 4; i++) socket.send(message);
    for (let i = 0; i < 50; i++) await nextTask();
    const stuck = socket.bufferedAmount;
    assert.ok(stuck > 0 && stuck <= 16 << 20, String(stuck));
    socket.send("12345");
    assert.equal(socket.bufferedAmount, stuck + 5);
    peer.socket.resume();
    await until(() => socket.bufferedAmount === 0);
    socket.send("123");
    assert.equal(socket.bufferedAmount, 3);
    await until(() => socket.bufferedAmount === 0);
  });

  test("has a Blob until it was read and sent", async (t) => {
    const { socket, peer } = await openRaw(t);
    peer.socket.pause();
    socket.send(new Blob([new Uint8Array(16 << 20)]));
    socket.send("12345");
    for (let i = 0; i < 50; i++) await nextTask();
    assert.equal(socket.bufferedAmount, (16 << 20) + 5);
    peer.socket.resume();
    await until(() => socket.bufferedAmount === 0);
  });

  test("grows in CLOSING and CLOSED, and never sinks again", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.close();
    let expected = 0;
    const sendAll = (): void => {
      for (const [name, data, bytes] of SIZED) {
        socket.send(data);
        expected += bytes;
        assert.equal(socket.bufferedAmount, expected, name);
      }
    };
    sendAll();
    await nextTask();
    assert.equal(socket.bufferedAmount, expected);
    peer.write(serverFrame(CLOSE));
    peer.end();
    await journal.next();
    assert.deepEqual([socket.readyState, socket.bufferedAmount], [3, expected]);
    sendAll();
    await nextTask();
    assert.equal(socket.bufferedAmount, expected);
  });

  test("is not reset by close(): what was sent before still goes out, and then counts no more", async (t) => {
    const { socket, peer } = await openRaw(t);
    socket.send("12345");
    socket.close();
    assert.equal(socket.bufferedAmount, 5);
    await messageOf(peer);
    await until(() => socket.bufferedAmount === 0);
    socket.send("123");
    assert.equal(socket.bufferedAmount, 3);
  });

  test("counts what is sent after close() as lost, also while a Blob is still on its way", async (t) => {
    const { socket, peer } = await openRaw(t);
    peer.socket.pause();
    socket.send(new Blob([new Uint8Array(8 << 20)]));
    socket.close();
    socket.send("12345");
    peer.socket.resume();
    assert.equal((await messageOf(peer))[1].length, 8 << 20);
    assert.equal((await peer.frame()).opcode, CLOSE);
    await until(() => socket.bufferedAmount <= 5);
    for (let i = 0; i < 5; i++) await nextTask();
    assert.equal(socket.bufferedAmount, 5);
  });

  test("keeps what a connection that is lost has not sent", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    peer.socket.pause();
    socket.send(new Uint8Array(16 << 20));
    for (let i = 0; i < 20; i++) await nextTask();
    peer.reset();
    assert.deepEqual(await journal.take(2), FAILED);
    assert.equal(socket.bufferedAmount, 16 << 20);
    socket.send("12345");
    await nextTask();
    assert.equal(socket.bufferedAmount, (16 << 20) + 5);
  });

  test("counts in a connection that never was", async (t) => {
    const { socket, journal } = listen(t, "ws://127.0.0.1:1/");
    socket.close();
    socket.send("123");
    assert.equal(socket.bufferedAmount, 3);
    await journal.take(2);
    socket.send("45");
    assert.equal(socket.bufferedAmount, 5);
  });
});

describe("a buffer that is full (WHATWG WebSockets, send steps)", () => {
  test("fails the connection: the message counts, OPEN stays for the task, then error and 1006", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    peer.socket.pause();
    const first = 16 << 20;
    const second = 256 << 20;
    socket.send(new Uint8Array(first));
    await nextTask();
    socket.send(new Uint8Array(second));
    assert.deepEqual([socket.readyState, socket.bufferedAmount], [1, first + second]);
    await Promise.resolve();
    assert.equal(socket.readyState, 1);
    await nextTask();
    assert.equal(socket.readyState, 2);
    peer.socket.resume();
    assert.deepEqual(await journal.take(2), FAILED);
    await until(() => peer.left !== undefined);
    const close = peer.frames.at(-1);
    assert.deepEqual([close?.opcode, close?.payload.readUInt16BE()], [CLOSE, 1013]);
    assert.equal(socket.bufferedAmount, second);
  });
});
