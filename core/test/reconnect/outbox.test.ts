import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AcknowledgeOptions, createOutbox, type Outbox, type QueueOptions } from "../../src/reconnect/outbox.ts";
import type { Message } from "./world.ts";

function outboxOf(queue: QueueOptions = {}, acknowledge: AcknowledgeOptions = {}): Outbox<Message> {
  return createOutbox<Message>(queue, acknowledge);
}

/** A message of as many bytes as it has letters. */
function message(text: string): Message {
  return { text, bytes: text.length };
}

function texts(messages: readonly Message[]): string {
  return messages.map(({ text }) => text).join(" ");
}

function put(outbox: Outbox<Message>, ...all: string[]): string[] {
  return all.map((text) => texts(outbox.put(message(text))));
}

function send(outbox: Outbox<Message>, ...all: string[]): void {
  for (const text of all) outbox.sent(message(text));
}

describe("outbox: what waits for a connection", () => {
  test("is taken in the order in which it was given", () => {
    const outbox = outboxOf();
    assert.deepEqual(put(outbox, "a", "bb", "ccc"), ["", "", ""]);
    assert.deepEqual([outbox.queue.messages.length, outbox.queue.bytes], [3, 6]);
    assert.equal(texts(outbox.takeQueued()), "a bb ccc");
    assert.deepEqual([outbox.queue.messages.length, outbox.queue.bytes], [0, 0]);
  });

  test("is 1,000 messages by default: one more is refused", () => {
    const outbox = outboxOf();
    for (let i = 0; i < 1_000; i++) assert.deepEqual(outbox.put(message("x")), []);
    assert.deepEqual(put(outbox, "y"), ["y"]);
    assert.equal(outbox.queue.messages.length, 1_000);
  });

  test("is 1 MiB by default: a byte more is refused, what fits is still taken", () => {
    const outbox = outboxOf();
    assert.deepEqual(outbox.put({ text: "large", bytes: 2 ** 20 - 2 }), []);
    assert.deepEqual(put(outbox, "abc", "ab", "a"), ["abc", "", "a"]);
    assert.equal(outbox.queue.bytes, 2 ** 20);
  });

  test("drop-oldest: the oldest make room, as many as it takes", () => {
    const outbox = outboxOf({ maxBytes: 6, maxMessages: 3, policy: "drop-oldest" });
    assert.deepEqual(put(outbox, "a", "b", "c", "d"), ["", "", "", "a"]);
    assert.deepEqual(put(outbox, "eeeee"), ["b c"]);
    assert.deepEqual([texts(outbox.queue.messages), outbox.queue.bytes], ["d eeeee", 6]);
  });

  test("drop-oldest: what has no room alone is lost, with all that was to make room for it", () => {
    const outbox = outboxOf({ maxBytes: 3, policy: "drop-oldest" });
    assert.deepEqual(put(outbox, "a", "bbbb"), ["", "a bbbb"]);
    assert.equal(outbox.queue.bytes, 0);
  });

  test("what is put back has its place whatever the limits are", () => {
    const outbox = outboxOf({ maxMessages: 1 });
    outbox.putBack(message("a"));
    outbox.putBack(message("b"));
    assert.equal(texts(outbox.takeQueued()), "a b");
  });
});

describe("outbox: what was sent", () => {
  test("is unacknowledged until its mark is confirmed", () => {
    const outbox = outboxOf();
    send(outbox, "a", "b");
    const mark = outbox.mark();
    send(outbox, "c");
    assert.equal(outbox.unacknowledged(), 3);
    outbox.confirm(mark);
    assert.equal(outbox.unacknowledged(), 1);
    assert.deepEqual(outbox.disconnected(), [[message("c")], 0]);
  });

  test("a mark that was overtaken confirms nothing, one too high no more than there is", () => {
    const outbox = outboxOf();
    send(outbox, "a", "b", "c");
    outbox.confirm(2);
    outbox.confirm(1);
    assert.equal(outbox.unacknowledged(), 1);
    outbox.confirm(99);
    assert.equal(outbox.unacknowledged(), 0);
    send(outbox, "d");
    assert.equal(outbox.unacknowledged(), 1);
  });

  test("so many of the oldest can be confirmed", () => {
    const outbox = outboxOf();
    send(outbox, "a", "b", "c");
    outbox.confirm(0, 2);
    assert.deepEqual(outbox.disconnected(), [[message("c")], 0]);
  });

  test("above the limits the oldest are counted alone", () => {
    const outbox = outboxOf({}, { maxMessages: 2 });
    send(outbox, "a", "b", "c", "d");
    assert.equal(outbox.unacknowledged(), 4);
    const [messages, forgotten] = outbox.disconnected();
    assert.deepEqual([texts(messages), forgotten], ["c d", 2]);
  });

  test("a message above the limit alone is counted, with those before it", () => {
    const outbox = outboxOf({}, { maxBytes: 3 });
    send(outbox, "a", "bbbb", "c");
    const [messages, forgotten] = outbox.disconnected();
    assert.deepEqual([texts(messages), forgotten], ["c", 2]);
  });

  test("confirming takes the counted ones first, because they are older", () => {
    const outbox = outboxOf({}, { maxMessages: 2 });
    send(outbox, "a", "b", "c", "d");
    outbox.confirm(1);
    outbox.confirm(3);
    assert.deepEqual(outbox.disconnected(), [[message("d")], 0]);
  });

  test("each connection counts anew", () => {
    const outbox = outboxOf();
    send(outbox, "a", "b");
    outbox.disconnected();
    assert.deepEqual([outbox.unacknowledged(), outbox.mark()], [0, 0]);
    send(outbox, "c");
    outbox.confirm(1);
    assert.equal(outbox.unacknowledged(), 0);
  });

  test("resend: waits before everything else, also above the queue's limits; what was not kept is lost", () => {
    const outbox = outboxOf({ maxMessages: 1 }, { resend: true, maxMessages: 2 });
    send(outbox, "a", "b", "c");
    put(outbox, "later");
    assert.deepEqual(outbox.disconnected(), [[], 1]);
    assert.equal(outbox.queue.bytes, 7);
    assert.equal(texts(outbox.takeQueued()), "b c later");
  });
});
