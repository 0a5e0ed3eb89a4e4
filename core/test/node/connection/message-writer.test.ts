import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closeFrame, frame, PING } from "./frames.ts";
import { errorIn, recorder, rig, settled, wordsOf } from "./rig.ts";

describe("a message sent fragment by fragment (RFC 6455 §5.4)", () => {
  test("each write is a frame, the first with the opcode, the last with FIN", async () => {
    const { connection, peer } = rig();
    const writer = connection.beginMessage("text");
    assert.equal(writer.write("one "), true);
    writer.write("");
    writer.end("two");
    await settled();
    assert.deepEqual(
      peer.frames.map(({ opcode, fin, payload }) => [opcode, fin, payload.toString()]),
      [
        [1, false, "one "],
        [0, false, ""],
        [0, true, "two"],
      ],
    );
    assert.deepEqual(peer.seen.rest(), ["one two"]);
  });

  test("an end without data is an empty last fragment, of either kind", async () => {
    const { connection, peer } = rig();
    connection.beginMessage("binary").end();
    connection.beginMessage("text").end();
    await settled();
    assert.deepEqual(peer.seen.rest(), [Buffer.alloc(0), ""]);
  });

  test("what is sent meanwhile waits, in order, and pongs do not", async () => {
    const { connection, peer, counters } = rig();
    const first = connection.beginMessage("text");
    first.write("a");
    assert.equal(connection.send("second"), false);
    const third = connection.beginMessage("binary");
    assert.equal(third.write(Buffer.from("c")), false);
    third.end(Buffer.from("d"));
    connection.close(4000, "last");
    peer.send(frame(PING, "between"));
    await settled();
    assert.deepEqual(peer.seen.rest(), [["pong", Buffer.from("between")]]);
    first.end("b");
    await connection.closed;
    await settled();
    assert.deepEqual(peer.seen.rest().slice(0, 4), ["ab", "second", Buffer.from("cd"), ["close", 4000, "last"]]);
    assert.equal(counters.messagesSent, 3);
    assert.equal(counters.messagesDropped, 0);
  });

  test("a character may be cut between two pieces of text", async () => {
    const { connection, peer } = rig();
    const writer = connection.beginMessage("text");
    writer.write("\ud83d");
    writer.end("\ude00");
    await settled();
    assert.deepEqual(peer.seen.rest(), ["😀"]);
  });

  test("write says false above the high-water mark, and writable waits for the peer to read", async () => {
    const { connection, peer } = rig({}, { capacity: 1_000, backpressure: { highWaterMarkBytes: 2_000 } });
    peer.pause();
    const writer = connection.beginMessage("binary");
    while (writer.write(Buffer.alloc(500))) await settled(1);
    let ready = false;
    const waiting = writer.writable().then(() => {
      ready = true;
    });
    await settled();
    assert.equal(ready, false);
    peer.resume();
    await waiting;
    assert.equal(writer.write(Buffer.alloc(1)), true);
  });

  test("mistakes throw at once and send nothing", async () => {
    const { connection, peer } = rig();
    assert.throws(() => Reflect.apply(connection.beginMessage, connection, ["blob"]), { code: "USAGE" });
    const writer = connection.beginMessage("binary");
    const early = connection.beginMessage("text");
    for (const piece of [5, 1e20, null, {}, [1], new ArrayBuffer(8), new DataView(new ArrayBuffer(8))]) {
      for (const wrong of [writer, early]) {
        assert.throws(() => Reflect.apply(wrong.write, wrong, [piece]), { code: "USAGE" });
      }
    }
    early.end("early");
    assert.throws(() => writer.write("text"), { code: "USAGE", message: /give bytes/ });
    writer.end(Buffer.from("x"));
    assert.throws(() => writer.write(Buffer.alloc(1)), { code: "USAGE", message: /has ended/ });
    assert.throws(() => writer.end(), { code: "USAGE" });
    const text = connection.beginMessage("text");
    await settled();
    assert.throws(() => text.write(Buffer.from([0xff])), { code: "USAGE", message: /not UTF-8/ });
    text.end("fine");
    await settled();
    assert.deepEqual(peer.seen.rest(), [Buffer.from("x"), "early", "fine"]);
  });

  test("a connection that ends in the middle drops the message, and whoever waits is told", async () => {
    const { connection, peer } = rig();
    const writer = connection.beginMessage("text");
    const waiting = connection.beginMessage("text");
    const turn = waiting.writable();
    writer.write("never finished");
    await settled();
    peer.reset();
    await connection.closed;
    await assert.rejects(turn, { code: "CONNECTION_CLOSED" });
    assert.equal(connection.droppedMessages, 2);
    assert.equal(writer.write("more"), false);
    assert.equal(waiting.end(), false);
    await assert.rejects(writer.writable(), { code: "CONNECTION_CLOSED" });
    assert.equal(connection.beginMessage("text").write("late"), false);
    assert.equal(connection.droppedMessages, 3);
  });

  test("writable rejects when the connection has ended, also where its last write was never taken", async () => {
    const { connection, peer } = rig({ error() {} }, { capacity: 10 });
    await settled();
    peer.pause();
    const writer = connection.beginMessage("binary");
    writer.write(Buffer.alloc(100));
    await settled();
    const during = writer.writable();
    peer.reset();
    await assert.rejects(during, { code: "CONNECTION_CLOSED" });
    await assert.rejects(writer.writable(), { code: "CONNECTION_CLOSED" });
  });

  test("one whose turn comes when the peer has closed is dropped, its waiter told, and nothing is reported", async () => {
    const { handlers, journal } = recorder("error", "close");
    const { connection, peer } = rig(handlers, { polite: false });
    const first = connection.beginMessage("text");
    first.write("begun");
    const second = connection.beginMessage("text");
    const turn = second.writable();
    await settled();
    peer.send(closeFrame(1000));
    await settled();
    first.end();
    await assert.rejects(turn, { code: "CONNECTION_CLOSED" });
    assert.equal(connection.droppedMessages, 2);
    peer.end();
    assert.deepEqual(wordsOf(await journal.take(1)), ["close"]);
    assert.equal(connection.droppedMessages, 2);
  });

  test("early pieces that turn out wrong end the connection, and whoever waits is told", async () => {
    const { handlers, journal } = recorder("error");
    const { connection, peer } = rig(handlers);
    const first = connection.beginMessage("text");
    const second = connection.beginMessage("text");
    second.write(Buffer.from([0xff]));
    const turn = second.writable();
    first.end("first");
    assert.deepEqual(await peer.seen.take(2), ["first", ["close", 1011, ""]]);
    await assert.rejects(turn, { code: "CONNECTION_CLOSED" });
    assert.match(errorIn(await journal.next()).message, /not UTF-8/);
    assert.equal(connection.droppedMessages, 1);
  });

  for (const policy of ["close", "drop"] as const) {
    test(`pieces that nobody reads are limited by maxBufferedBytes (policy ${policy}): part of a message cannot be dropped`, async () => {
      const { handlers, journal } = recorder("error");
      const { connection, peer } = rig(handlers, { capacity: 10, backpressure: { maxBufferedBytes: 10_000, policy } });
      await settled();
      peer.pause();
      const writer = connection.beginMessage("binary");
      writer.write(Buffer.alloc(1_000));
      await settled();
      let written = 1;
      for (; connection.state === "open" && written < 100; written++) writer.write(Buffer.alloc(1_000));
      assert.ok(written <= 11, `${written} pieces`);
      assert.equal(errorIn(await journal.next()).code, "OUTBOUND_FULL");
      assert.equal(writer.write(Buffer.alloc(1)), false);
      assert.equal(connection.droppedMessages, 1);
    });

    test(`so are pieces that are all written in one turn (policy ${policy})`, async () => {
      const { connection, peer } = rig(
        { error() {} },
        { capacity: 10, backpressure: { maxBufferedBytes: 500_000, policy } },
      );
      await settled();
      peer.pause();
      const writer = connection.beginMessage("binary");
      let written = 0;
      for (; connection.state === "open" && written < 100; written++) writer.write(Buffer.alloc(50_000));
      assert.ok(written <= 11, `${written} pieces`);
    });

    test(`so are pieces that wait for their turn (policy ${policy})`, async () => {
      const { connection } = rig({ error() {} }, { backpressure: { maxBufferedBytes: 10_000, policy } });
      connection.beginMessage("text");
      const writer = connection.beginMessage("text");
      let written = 0;
      for (; connection.state === "open" && written < 100; written++) writer.write("x".repeat(1_000));
      assert.ok(written <= 11, `${written} pieces`);
      assert.ok(connection.bufferedBytes <= 10_100);
      connection.terminate();
      await connection.closed;
      assert.equal(connection.droppedMessages, 2);
    });
  }

  test("pieces that waited for their turn count as buffered until it comes", async () => {
    const { connection, peer } = rig();
    const first = connection.beginMessage("text");
    const second = connection.beginMessage("text");
    second.write("1234");
    second.write("56");
    assert.equal(connection.bufferedBytes, 6);
    first.end();
    second.end();
    assert.deepEqual(await peer.seen.take(2), ["", "123456"]);
    assert.equal(connection.bufferedBytes, 0);
  });
});
