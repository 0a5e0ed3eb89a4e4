import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OutgoingFrame } from "../../../src/engine/frames/frame.ts";
import { prepare } from "../../../src/node/connection/prepared-message.ts";
import { BINARY, CLOSE, closeBody, closeFrame, PONG, TEXT } from "./frames.ts";
import { errorIn, eventIn, recorder, rig, settled, wordsOf } from "./rig.ts";

function frameOf(opcode: number, payload: string | Buffer = "", given: Partial<OutgoingFrame> = {}): OutgoingFrame {
  return {
    ...{ fin: true, rsv1: false, rsv2: false, rsv3: false, opcode, maskingKey: "auto" },
    payload: Buffer.from(payload),
    ...given,
  } as const;
}

describe("sendFrame (RFC 6455 §5.2)", () => {
  test("of a server masks nothing with auto, and with a key what it is told to", async () => {
    const { connection, peer } = rig();
    assert.equal(connection.sendFrame(frameOf(TEXT, "a")), true);
    connection.sendFrame(frameOf(BINARY, "b", { maskingKey: 0x01020304, rsv2: true }));
    connection.sendFrame(frameOf(TEXT, "c", { maskingKey: undefined }));
    await peer.seen.take(3);
    assert.deepEqual(
      peer.frames.map(({ opcode, masked, rsv, payload }) => [opcode, masked, rsv, String(payload)]),
      [
        [TEXT, false, 0, "a"],
        [BINARY, true, 2, "b"],
        [TEXT, false, 0, "c"],
      ],
    );
  });

  test("leaves in one write with what is sent beside it, in order", async () => {
    const { connection, peer, transport } = rig();
    await settled();
    const before = transport.writes.length;
    connection.send("one");
    connection.sendFrame(frameOf(TEXT, "tw", { fin: false }));
    connection.sendFrame(frameOf(0, "o"));
    connection.send("three");
    assert.deepEqual(await peer.seen.take(3), ["one", "two", "three"]);
    assert.equal(transport.writes.length - before, 1);
  });

  test("returns false above the high-water mark, and drain follows", async () => {
    const { handlers, journal } = recorder("drain");
    const { connection, peer } = rig(handlers, { capacity: 10, backpressure: { highWaterMarkBytes: 50 } });
    await settled();
    peer.pause();
    assert.equal(connection.sendFrame(frameOf(BINARY, "x".repeat(40))), true);
    assert.equal(connection.sendFrame(frameOf(BINARY, "x".repeat(40))), false);
    assert.equal(connection.sendFrame(frameOf(BINARY, "y")), false);
    await settled();
    assert.deepEqual(journal.all, []);
    peer.resume();
    assert.deepEqual(wordsOf(await journal.take(1)), ["drain"]);
    assert.equal((await peer.seen.take(3)).length, 3);
    assert.equal(connection.sendFrame(frameOf(BINARY, "z")), true);
  });

  for (const policy of ["close", "drop"] as const) {
    test(`above maxBufferedBytes the connection is closed with 1013, with policy ${policy}: a frame cannot be dropped`, async () => {
      const { handlers, journal } = recorder("error", "close");
      const { connection, peer } = rig(handlers, { capacity: 10, backpressure: { maxBufferedBytes: 100, policy } });
      await settled();
      peer.pause();
      connection.sendFrame(frameOf(TEXT, "x".repeat(80), { fin: false }));
      await settled();
      assert.equal(connection.sendFrame(frameOf(0, "y".repeat(80))), false);
      const error = errorIn(await journal.next());
      assert.equal(error.code, "OUTBOUND_FULL");
      assert.throws(() => connection.sendFrame(frameOf(0)), { code: "USAGE" });
      peer.resume();
      assert.deepEqual(await peer.seen.next(), ["close", 1013, ""]);
      assert.deepEqual(
        peer.frames.map(({ opcode }) => opcode),
        [TEXT, CLOSE],
      );
      assert.equal(eventIn(await journal.next()).error, error);
    });
  }

  for (const [code, reason] of [
    [1000, "bye"],
    [1006, ""],
    [2999, "€"],
  ] as const) {
    test(`a Close frame with ${code} begins the closing handshake`, async () => {
      const { handlers, journal } = recorder("closing", "close");
      const { connection, peer } = rig(handlers, { polite: false });
      connection.sendFrame(frameOf(CLOSE, closeBody(code, reason)));
      assert.equal(connection.state, "closing");
      assert.equal(connection.send("after"), false);
      assert.deepEqual(await peer.seen.next(), ["close", code, reason]);
      peer.send(closeFrame(1000));
      assert.deepEqual(wordsOf(await journal.take(1)), ["closing"]);
      peer.end();
      const { sent, received, wasClean } = eventIn(await journal.next());
      assert.deepEqual(
        [sent, received],
        [
          { code, reason },
          { code: 1000, reason: "" },
        ],
      );
      assert.equal(wasClean, true);
    });
  }

  test("a Close frame from one that does not read makes it read on, to the peer's", async () => {
    const { connection, peer } = rig({ message() {} });
    connection.pause();
    peer.send(Buffer.alloc(96, Buffer.from([0x81, 0x80, 0, 0, 0, 0])));
    await settled();
    connection.sendFrame(frameOf(CLOSE, closeBody(1000)));
    assert.equal((await connection.closed).wasClean, true);
  });

  test("goes out between the pieces of a message that is streamed", async () => {
    const { connection, peer } = rig();
    const message = connection.beginMessage("text");
    message.write("a");
    connection.sendFrame(frameOf(PONG, "p"));
    message.end("b");
    assert.deepEqual(await peer.seen.take(2), [["pong", Buffer.from("p")], "ab"]);
  });

  test("is refused when the connection is not open, and for what no frame can have", async () => {
    const { connection, peer } = rig();
    for (const given of [
      { opcode: 16 },
      { opcode: -1 },
      { opcode: 1.5 },
      { payload: "text" },
      { payload: undefined },
    ]) {
      const wrong = { ...frameOf(TEXT, "a"), ...given };
      assert.throws(() => Reflect.apply(connection.sendFrame, connection, [wrong]), { code: "USAGE" });
    }
    connection.send("still open");
    assert.equal(await peer.seen.next(), "still open");
    connection.close();
    assert.throws(() => connection.sendFrame(frameOf(TEXT, "a")), { code: "USAGE" });
    await connection.closed;
    assert.throws(() => connection.sendFrame(frameOf(TEXT, "a")), { code: "USAGE" });
  });
});

describe("fragmentBytes (RFC 6455 §5.4)", () => {
  /** What the peer got of each frame. */
  function seen({ peer }: ReturnType<typeof rig>): (readonly [number, boolean, string])[] {
    return peer.frames.map(({ opcode, fin, payload }) => [opcode, fin, String(payload)] as const);
  }

  const CUT = [
    [TEXT, false, "abcd"],
    [0, false, "efgh"],
    [0, true, "i"],
  ];

  test("cuts a message that is sent, and one that was prepared, into frames", async () => {
    for (const send of [
      ({ connection }: ReturnType<typeof rig>) => connection.send("abcdefghi"),
      ({ connection }: ReturnType<typeof rig>) => connection.send(Buffer.from("abcdefghi"), { kind: "text" }),
      ({ connection }: ReturnType<typeof rig>) => connection.send(prepare("abcdefghi")),
    ]) {
      const opened = rig({}, { fragmentBytes: 4 });
      assert.equal(send(opened), true);
      assert.equal(await opened.peer.seen.next(), "abcdefghi");
      assert.deepEqual(seen(opened), CUT);
      assert.deepEqual(opened.counters.messagesSent, 1);
    }
  });

  test("leaves a prepared message as it is that fits", async () => {
    const opened = rig({}, { fragmentBytes: 9 });
    const prepared = prepare("abcdefghi");
    opened.connection.send(prepared);
    await opened.peer.seen.next();
    assert.deepEqual(seen(opened), [[TEXT, true, "abcdefghi"]]);
  });

  test("cuts what waits behind a streamed message, whose own pieces stay as they are written", async () => {
    const opened = rig({}, { fragmentBytes: 4 });
    const message = opened.connection.beginMessage("text");
    message.write("123456");
    opened.connection.send("abcdefghi");
    opened.connection.send(prepare("abcdefghi"));
    message.end("7");
    assert.deepEqual(await opened.peer.seen.take(3), ["1234567", "abcdefghi", "abcdefghi"]);
    assert.deepEqual(seen(opened), [[TEXT, false, "123456"], [0, true, "7"], ...CUT, ...CUT]);
  });

  test("is a whole number of bytes above 0, or Infinity", () => {
    for (const fragmentBytes of [0, -1, 0.5, 1.5, Number.NaN, "5", null]) {
      assert.throws(
        () => Reflect.apply(rig, undefined, [{}, { fragmentBytes }]),
        { code: "USAGE", message: /^fragmentBytes is / },
        String(fragmentBytes),
      );
    }
    rig({}, { fragmentBytes: Number.POSITIVE_INFINITY });
  });
});
