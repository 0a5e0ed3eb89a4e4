/** What arrives, what is sent, and under which names and encodings. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { join, next, pair, record, serve, turns, until, catchUncaught } from "./ends.ts";
import { masked } from "./raw-peer.ts";

describe("events of messages", () => {
  const rows: readonly [target: string, event: string][] = [
    ["/", "message"],
    ["/?x=1", "message"],
    ["/chat", "/chat"],
    ["/chat?x=/other", "/chat"],
    ["/room%201/", "/room%201/"],
    ["//other.test/a", "//other.test/a"],
    ["/open", "/open"],
    ["http://localhost?x=1", "message"],
    ["http://localhost/chat?x=1", "/chat"],
  ];
  for (const [target, event] of rows) {
    test(`${target} is ${event}`, async (context) => {
      const ends = await serve(context);
      const message = next(ends.webSocket, event);
      const { peer, id } = await join(context, ends, {}, target);
      peer.write(masked(1, "hi"));
      assert.deepEqual(await message, [id, "hi"]);
    });
  }

  test("a path that nobody listens to is accepted, and its messages go nowhere", async (context) => {
    const ends = await serve(context);
    const seen = record(ends.webSocket, "message", "close");
    const { peer, id } = await join(context, ends, {}, "/nobody");
    peer.write(masked(1, "hi"), masked(9, "p"));
    assert.equal((await peer.frame()).opcode, 10);
    assert.deepEqual([seen, ends.webSocket.clients], [[], [id]]);
  });

  test("binary is a Buffer, text a string, also in fragments and byte by byte", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const seen = record(webSocket, "message");
    const bytes = Buffer.concat([
      masked(1, "he", { fin: false }),
      masked(9, "between"),
      masked(0, "llo"),
      masked(2, Buffer.from([0xff]), { fin: false }),
      masked(0, ""),
    ]);
    peer.socket.setNoDelay(true);
    for (const byte of bytes) {
      peer.write(Buffer.from([byte]));
      await turns(1);
    }
    await until(() => seen.length === 2);
    assert.deepEqual(seen, [
      ["message", id, "hello"],
      ["message", id, Buffer.from([0xff])],
    ]);
    assert.ok(Buffer.isBuffer(seen[1]?.[2]));
  });

  test("a message of very many fragments is one message", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const message = next(webSocket, "message");
    const pieces = Array.from({ length: 20_000 }, () => masked(0, "a", { fin: false }));
    peer.write(masked(1, "a", { fin: false }), ...pieces, masked(0, "a"));
    assert.deepEqual(await message, [id, "a".repeat(20_002)]);
  });

  test("a listener that throws is an uncaught exception, and the next message comes", async (context) => {
    const nextUncaught = catchUncaught(context);
    const { webSocket, peer, id } = await pair(context);
    const uncaught = nextUncaught();
    webSocket.once("message", () => {
      throw new Error("mine");
    });
    peer.write(masked(1, "a"));
    assert.equal((await uncaught).message, "mine");
    const message = next(webSocket, "message");
    peer.write(masked(1, "b"));
    assert.deepEqual(await message, [id, "b"]);
  });

  test("a listener whose promise is rejected is the event error, with the client's ID", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const failed = next(webSocket, "error");
    const mine = new Error("mine");
    webSocket.once("message", () => Promise.reject(mine));
    peer.write(masked(1, "a"));
    assert.deepEqual(await failed, [id, mine]);
    assert.deepEqual(webSocket.clients, [id]);
  });

  test("where nobody listens to error, or that listener rejects, it is an uncaught exception", async (context) => {
    const nextUncaught = catchUncaught(context);
    const { webSocket, peer } = await pair(context);
    webSocket.removeAllListeners("error");
    for (const event of ["message", "error"]) {
      const uncaught = nextUncaught();
      webSocket.on(event as "message", () => Promise.reject(new Error(`mine of ${event}`)));
      peer.write(masked(1, "a"));
      assert.equal((await uncaught).message, `mine of ${event}`);
    }
  });
});

describe("encodings of received text", () => {
  const text = "hé";
  for (const encoding of ["ascii", "base64", "hex", "binary", "utf16le", "ucs2", "utf8"] as const) {
    test(`${encoding} is how its bytes are written`, async (context) => {
      const { webSocket, peer, id } = await pair(context, { encoding });
      const seen = record(webSocket, "message");
      peer.write(masked(1, Buffer.from(text)), masked(2, Buffer.from(text)));
      await until(() => seen.length === 2);
      assert.deepEqual(seen, [
        ["message", id, Buffer.from(text).toString(encoding)],
        ["message", id, Buffer.from(text)],
      ]);
    });
  }

  test("a client's own is stronger, and an unknown name changes nothing", async (context) => {
    const ends = await pair(context, { encoding: "base64" });
    const { webSocket, peer, id } = ends;
    assert.equal(webSocket.setEncoding(id, "hex"), true);
    assert.equal(Reflect.apply(webSocket.setEncoding, webSocket, [id, "latin1"]), false);
    const other = await join(context, ends);
    const seen = record(webSocket, "message");
    peer.write(masked(1, "hi"));
    await until(() => seen.length === 1);
    other.peer.write(masked(1, "hi"));
    await until(() => seen.length === 2);
    assert.equal(webSocket.setEncoding(id), true);
    peer.write(masked(1, "hi"));
    await until(() => seen.length === 3);
    assert.deepEqual(
      seen.map((values) => values[2]),
      ["6869", "aGk=", "hi"],
    );
  });
});

describe("send", () => {
  test("a string is text, bytes of all kinds are binary", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const two = Uint8Array.from([1, 2]);
    const shared = new SharedArrayBuffer(1);
    const all = [
      "hé",
      "",
      Buffer.from("b"),
      new Uint16Array([1]),
      new DataView(two.buffer, 1),
      two.buffer,
      shared,
      [7, 8],
    ];
    for (const data of all) assert.equal(webSocket.send(id, data), true);
    const expected = ["1:68c3a9", "1:", "2:62", "2:0100", "2:02", "2:0102", "2:00", "2:0708"];
    for (const frame of expected) {
      const { fin, opcode, payload } = await peer.frame();
      assert.deepEqual([fin, `${opcode}:${payload.toString("hex")}`], [true, frame]);
    }
  });

  test("what is no message is a TypeError, before the ID is looked at", async (context) => {
    const { webSocket, id } = await pair(context);
    for (const data of [5, null, undefined, {}, true, Symbol("s"), () => {}, 5n]) {
      for (const to of [id, "nobody"]) {
        assert.throws(() => Reflect.apply(webSocket.send, webSocket, [to, data]), TypeError);
      }
    }
  });

  test("a string stands for bytes by its encoding; what is no UTF-8 goes out as binary", async (context) => {
    const { webSocket, peer, id } = await pair(context, { encoding: "hex" });
    webSocket.send(id, "6869", "hex");
    webSocket.send(id, "aGk=", "base64");
    webSocket.send(id, "ff", "hex");
    webSocket.send(id, "é", "binary");
    webSocket.send(id, "h", "utf16le");
    webSocket.send(id, "6869");
    Reflect.apply(webSocket.send, webSocket, [id, "6869", "unknown"]);
    const expected = ["1:6869", "1:6869", "2:ff", "2:e9", "1:6800", "1:36383639", "1:36383639"];
    for (const frame of expected) {
      const { opcode, payload } = await peer.frame();
      assert.equal(`${opcode}:${payload.toString("hex")}`, frame);
    }
  });

  test("it is false once more waits than the mark, and all arrives all the same", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    peer.socket.pause();
    const data = Buffer.alloc(1 << 20, 1);
    let sent = 0;
    while (webSocket.send(id, data)) sent += 1;
    for (let n = 0; n < 30; n++) {
      assert.equal(webSocket.send(id, data), false);
      sent += 1;
    }
    assert.deepEqual([webSocket.ping(id), webSocket.clients], [false, [id]]);
    peer.socket.resume();
    for (let n = 0; n <= sent; n++) assert.equal((await peer.frame()).payload.length, data.length);
  });

  test("each method throws ReferenceError for an ID that is none", async (context) => {
    const { webSocket } = await serve(context);
    const methods = ["send", "close", "ping", "url", "readyState", "bytesRead", "bytesWritten", "isPaused"] as const;
    const more = ["pause", "resume", "setEncoding", "setKeepAlive", "setNoDelay"] as const;
    for (const method of [...methods, ...more]) {
      for (const id of ["nobody", "constructor", "__proto__", undefined, null, 5]) {
        assert.throws(() => Reflect.apply(webSocket[method], webSocket, [id, "data"]), {
          name: "ReferenceError",
          message: "Not Found",
        });
      }
    }
  });
});

describe("permessage-deflate (RFC 7692)", () => {
  const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate; client_no_context_takeover" };

  function deflated(text: string): Buffer {
    return deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);
  }

  test("it is agreed on where it is offered, and messages are inflated", async (context) => {
    const ends = await serve(context);
    const message = next(ends.webSocket, "message");
    const { peer, id } = await join(context, ends, OFFER);
    peer.write(masked(1, deflated("hello"), { rsv1: true }));
    assert.deepEqual(await message, [id, "hello"]);
  });

  test("maxPayload holds for the inflated message", async (context) => {
    const ends = await serve(context, { maxPayload: 1_000 });
    const closed = next(ends.webSocket, "close");
    const { peer, id } = await join(context, ends, OFFER);
    peer.write(masked(1, deflated("a".repeat(100_000)), { rsv1: true }));
    assert.deepEqual(await closed, [id, { code: 1009, message: "Message Too Big" }]);
    const { opcode, payload } = await peer.frame();
    assert.deepEqual([opcode, payload.readUInt16BE()], [8, 1009]);
  });

  test("an offer with an unknown parameter, and another extension, are not accepted", async (context) => {
    for (const offer of ["permessage-deflate; color", "permessage-deflate; server_max_window_bits=7", "x-other"]) {
      const ends = await serve(context);
      const closed = next(ends.webSocket, "close");
      const { peer, id } = await join(context, ends, { "Sec-WebSocket-Extensions": offer });
      peer.write(masked(1, deflated("hello"), { rsv1: true }));
      assert.deepEqual(await closed, [id, { code: 1003, message: "Unacceptable Data Type" }], offer);
    }
  });
});

test("pause and resume: what waited comes after resume, in order", async (context) => {
  const { webSocket, peer, id } = await pair(context);
  const seen = record(webSocket, "message");
  const before = webSocket.bytesRead(id);
  assert.deepEqual([webSocket.isPaused(id), webSocket.pause(id), webSocket.isPaused(id)], [false, true, true]);
  peer.write(masked(1, "a"), masked(1, "b"));
  await until(() => webSocket.bytesRead(id) === before + 14);
  await turns();
  assert.deepEqual(seen, []);
  assert.deepEqual([webSocket.resume(id), webSocket.isPaused(id), seen], [true, false, []]);
  await until(() => seen.length === 2);
  assert.deepEqual(seen, [
    ["message", id, "a"],
    ["message", id, "b"],
  ]);
  peer.socket.destroy();
  await once(webSocket, "close");
});
