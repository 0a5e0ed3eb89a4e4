import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import type { Connection } from "../../src/node/connection/connection.ts";
import { prepare } from "../../src/node/connection/prepared-message.ts";
import { BINARY, CLOSE, closeFrame, text } from "../node/connection/frames.ts";
import { type Seen, settled } from "../node/connection/rig.ts";
import { type Guest, Room } from "./room.ts";

/** What came since the last time, by peer. */
async function seenBy(...guests: readonly Guest[]): Promise<Seen[][]> {
  await settled();
  return guests.map(({ peer }) => peer.seen.rest());
}

function codesIn(seen: readonly Seen[]): unknown[] {
  return seen.filter((entry) => entry[0] === "close").map((entry) => entry[1]);
}

describe("publishing over connections", () => {
  test("reaches all subscribers but the publisher, who need not be one", async () => {
    const room = new Room();
    const [a, b, c] = (await room.seat(3, "x")) as [Guest, Guest, Guest];
    c.connection.unsubscribe("x");
    assert.equal(a.connection.publish("x", "from a"), 1);
    assert.equal(c.connection.publish("x", "from c"), 2);
    assert.equal(room.hub.publish("x", "from the server"), 2);
    assert.deepEqual(await seenBy(a, b, c), [
      ["from c", "from the server"],
      ["from a", "from c", "from the server"],
      [],
    ]);
  });

  test("what is sent and published in one turn arrives in order and leaves in one write", async () => {
    const room = new Room();
    const guests = (await room.seat(3, "x")) as [Guest, Guest, Guest];
    for (const { connection } of guests) connection.send("1");
    room.hub.publish("x", "2");
    guests[0].connection.publish("x", Buffer.from("3"));
    room.hub.publish("x", prepare("4"));
    for (const { connection } of guests) connection.send("5");
    const [first, ...others] = await seenBy(...guests);
    assert.deepEqual(first, ["1", "2", "4", "5"]);
    for (const seen of others) assert.deepEqual(seen, ["1", "2", Buffer.from("3"), "4", "5"]);
    assert.deepEqual(
      guests.map(({ transport }) => transport.writes.length),
      [1, 1, 1],
    );
  });

  test("kind and compress are those of a send, for one and for several", async () => {
    for (const count of [1, 2]) {
      const room = new Room();
      const [a] = (await room.seat(count, "x")) as [Guest];
      assert.equal(room.hub.publish("x", "as bytes", { kind: "binary" }), count);
      assert.equal(room.hub.publish("x", Buffer.from("as text"), { kind: "text", compress: false }), count);
      assert.deepEqual(await seenBy(a), [[Buffer.from("as bytes"), "as text"]]);
    }
  });

  test("what is prepared can be published again and sent besides", async () => {
    const room = new Room();
    const guests = await room.seat(2, "x");
    const message = prepare("m", { kind: "binary" });
    assert.equal(room.hub.publish("x", message), 2);
    assert.equal(room.hub.publish("x", message), 2);
    for (const { connection } of guests) connection.send(message);
    const [first, second] = await seenBy(...guests);
    const expected = Array.from({ length: 3 }, () => Buffer.from("m"));
    assert.deepEqual([first, second], [expected, expected]);
    assert.deepEqual(
      guests[0]?.peer.frames.map(({ opcode, masked }) => [opcode, masked]),
      [
        [BINARY, false],
        [BINARY, false],
        [BINARY, false],
      ],
    );
  });

  test("bytes for several may be changed at once", async () => {
    const room = new Room();
    const guests = await room.seat(2, "x");
    const bytes = Buffer.alloc(100_000, "a");
    assert.equal(room.hub.publish("x", bytes), 2);
    bytes.fill("b");
    for (const seen of await seenBy(...guests)) assert.deepEqual(seen, [Buffer.alloc(100_000, "a")]);
  });

  test("waits behind a message that is sent piece by piece, and counts it as accepted", async () => {
    const room = new Room();
    const [a, b] = (await room.seat(2, "x")) as [Guest, Guest];
    a.connection.send(Readable.from(["long ", "message"]));
    assert.equal(room.hub.publish("x", "after"), 2);
    assert.deepEqual(await seenBy(a, b), [["long message", "after"], ["after"]]);
  });

  test("a mistake is told at once, and nothing is sent or subscribed", async () => {
    const room = new Room();
    const [a, b] = (await room.seat(2, "x")) as [Guest, Guest];
    const { connection } = a;
    const calls: ((topic: string) => unknown)[] = [
      (topic) => connection.subscribe(topic),
      (topic) => connection.unsubscribe(topic),
      (topic) => connection.isSubscribed(topic),
      (topic) => connection.publish(topic, "m"),
    ];
    for (const topic of ["", "t".repeat(4_097), 5 as unknown as string]) {
      for (const call of calls) assert.throws(() => call(topic), { code: "USAGE" });
    }
    assert.throws(() => connection.publish("x", new Blob([]) as unknown as string), { code: "USAGE" });
    assert.throws(() => room.hub.publish("x", new Blob([]) as unknown as string), { code: "USAGE" });
    assert.deepEqual([await seenBy(a, b), connection.topics, connection.state], [[[], []], ["x"], "open"]);
  });
});

describe("publishing to slow subscribers", () => {
  const KILOBYTE = "k".repeat(1_000);

  test("a message above the high-water mark is accepted, and all that was accepted arrives", async () => {
    const room = new Room({}, { backpressure: { highWaterMarkBytes: 500 } });
    const [quick] = (await room.seat(1, "x")) as [Guest];
    const slow = room.open("slow", 100);
    slow.connection.subscribe("x");
    await settled();
    slow.peer.pause();
    assert.equal(slow.connection.send(KILOBYTE), false);
    for (let i = 0; i < 5; i++) assert.equal(room.hub.publish("x", KILOBYTE), 2);
    slow.peer.resume();
    const [some, all] = await seenBy(slow, quick);
    assert.deepEqual([some?.length, all?.length, room.counters.messagesDropped], [6, 5, 0]);
  });

  test("who drops is not counted; what was counted arrives, in order", async () => {
    const room = new Room({}, { backpressure: { maxBufferedBytes: 5_000, policy: "drop" } });
    const [quick] = (await room.seat(1, "x")) as [Guest];
    const slow = room.open("slow", 100);
    slow.connection.subscribe("x");
    await settled();
    slow.peer.pause();
    const accepted: string[] = [];
    for (let i = 0; i < 12; i++) {
      const message = `${i} ${KILOBYTE}`;
      const count = room.hub.publish("x", message);
      if (count === 2) accepted.push(message);
      else assert.equal(count, 1);
      await settled(2);
    }
    assert.ok(accepted.length >= 4 && accepted.length <= 6, `${accepted.length} accepted`);
    assert.equal(slow.connection.droppedMessages, 12 - accepted.length);
    slow.peer.resume();
    const [all, some] = await seenBy(quick, slow);
    assert.equal(all?.length, 12);
    assert.deepEqual(some, accepted);
    assert.equal(room.hub.publish("x", "again"), 2);
    assert.deepEqual(await seenBy(slow), [["again"]]);
  });

  test("who is closed for it is not counted, and is unsubscribed at its end", async () => {
    const room = new Room({ error() {} }, { backpressure: { maxBufferedBytes: 5_000 } });
    const [quick] = (await room.seat(1, "x")) as [Guest];
    const slow = room.open("slow", 100);
    slow.connection.subscribe("x");
    await settled();
    slow.peer.pause();
    const counts: number[] = [];
    for (let i = 0; i < 8; i++) {
      counts.push(room.hub.publish("x", `${i} ${KILOBYTE}`));
      await settled(2);
    }
    assert.deepEqual([counts[0], counts.at(-1), slow.connection.state], [2, 1, "closing"]);
    assert.equal(room.hub.subscriberCount("x"), 2);
    slow.peer.resume();
    const [seen = [], all] = await seenBy(slow, quick);
    assert.deepEqual(codesIn(seen), [1013]);
    assert.equal(
      seen.filter((entry) => typeof entry === "string").length,
      counts.filter((count) => count === 2).length,
    );
    assert.equal(all?.length, 8);
    assert.deepEqual([slow.connection.state, room.hub.subscriberCount("x")], ["closed", 1]);
  });
});

describe("topics in handlers", () => {
  test("who subscribes and publishes when it opens reaches those who were there", async () => {
    const counts: number[] = [];
    const room = new Room({
      open(connection) {
        connection.subscribe("lobby");
        counts.push(connection.publish("lobby", `${connection.data} is here`));
        connection.send("welcome");
      },
    });
    const guests = ["a", "b", "c"].map((name) => room.open(name));
    assert.deepEqual(counts, [0, 1, 2]);
    assert.deepEqual(await seenBy(...guests), [
      ["welcome", "b is here", "c is here"],
      ["welcome", "c is here"],
      ["welcome"],
    ]);
  });

  test("a message's handler may publish, unsubscribe itself and others, and close", async () => {
    const connections = new Map<string, Connection<string>>();
    const room = new Room({
      open(connection) {
        connections.set(connection.data, connection);
        connection.subscribe("x");
      },
      message(connection, message) {
        const [word, name = ""] = String(message).split(" ");
        if (word === "leave") connection.unsubscribe("x");
        if (word === "expel") connections.get(name)?.unsubscribe("x");
        if (word === "close") connection.close(4000);
        if (word === "terminate") connections.get(name)?.terminate();
        connection.publish("x", `${connection.data}: ${message}`);
      },
    });
    const [a, b, c] = ["a", "b", "c"].map((name) => room.open(name)) as [Guest, Guest, Guest];
    await settled();
    a.peer.send(text("hello"), text("leave"), text("still"));
    assert.deepEqual(await seenBy(a, b, c), [[], ...Array(2).fill(["a: hello", "a: leave", "a: still"])]);
    b.peer.send(text("expel c"));
    assert.deepEqual(await seenBy(a, b, c), [[], [], []]);
    c.connection.subscribe("x");
    b.peer.send(text("close"));
    const [, seenByB = [], seenByC] = await seenBy(a, b, c);
    assert.deepEqual([codesIn(seenByB), seenByC, b.connection.state], [[4000], ["b: close"], "closed"]);
    a.peer.send(text("terminate c"));
    await settled();
    assert.deepEqual([c.connection.state, room.hub.isEmpty], ["closed", true]);
  });

  test("the end frees all of a connection's topics before its close handler, which can subscribe to none", async () => {
    const seen: unknown[] = [];
    const room = new Room({
      close(connection) {
        seen.push(connection.topics, room.hub.isEmpty);
        connection.subscribe("x");
        seen.push(connection.isSubscribed("x"), connection.publish("y", "left"), room.hub.publish("y", "left"));
      },
    });
    const [a] = (await room.seat(1, "x")) as [Guest];
    const other = room.open("other");
    for (const topic of ["y", "z"]) a.connection.subscribe(topic);
    assert.deepEqual(a.connection.topics, ["x", "y", "z"]);
    a.peer.send(closeFrame(1000));
    await settled();
    assert.deepEqual(seen, [[], true, false, 0, 0]);
    assert.equal(room.hub.isEmpty, true);
    other.connection.subscribe("y");
    assert.equal(a.connection.publish("y", "after the end"), 0);
    assert.equal(other.connection.state, "open");
    assert.deepEqual(await seenBy(other), [[]]);
    assert.throws(() => a.connection.publish("y", undefined as unknown as string), { code: "USAGE" });
  });

  test("who was terminated gets and subscribes to nothing, from then on", async () => {
    const room = new Room();
    const [a, b] = (await room.seat(2, "x")) as [Guest, Guest];
    a.connection.terminate();
    a.connection.subscribe("y");
    assert.equal(room.hub.publish("x", "m"), 1);
    assert.equal(a.connection.publish("x", "m"), 0);
    await settled();
    assert.deepEqual([a.connection.topics, room.hub.subscriberCount("y"), room.hub.subscriberCount("x")], [[], 0, 1]);
    assert.deepEqual(await seenBy(b), [["m"]]);
    assert.equal(a.peer.frames.filter(({ opcode }) => opcode !== CLOSE).length, 0);
  });
});
