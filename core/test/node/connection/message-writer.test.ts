import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frame, PING } from "./frames.ts";
import { rig, settled } from "./rig.ts";

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
    assert.throws(() => writer.write("text"), { code: "USAGE", message: /give bytes/ });
    writer.end(Buffer.from("x"));
    assert.throws(() => writer.write(Buffer.alloc(1)), { code: "USAGE", message: /has ended/ });
    assert.throws(() => writer.end(), { code: "USAGE" });
    const text = connection.beginMessage("text");
    await settled();
    assert.throws(() => text.write(Buffer.from([0xff])), { code: "USAGE", message: /not UTF-8/ });
    text.end("fine");
    await settled();
    assert.deepEqual(peer.seen.rest(), [Buffer.from("x"), "fine"]);
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
});
