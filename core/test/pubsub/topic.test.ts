import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Topic } from "../../src/pubsub/topic.ts";
import { FakeSubscriber, fakes, sentBy } from "./fake-subscriber.ts";

function topicOf(...members: readonly FakeSubscriber[]): Topic<FakeSubscriber> {
  const topic = new Topic<FakeSubscriber>("news");
  for (const member of members) topic.add(member);
  return topic;
}

function deliver(topic: Topic<FakeSubscriber>, message: string): number {
  return topic.deliver(message, undefined, undefined);
}

describe("Topic", () => {
  test("adding and deleting tell whether that is news", () => {
    const [a] = fakes("a");
    const topic = topicOf();
    assert.deepEqual([topic.add(a), topic.add(a), topic.has(a), topic.size], [true, false, true, 1]);
    assert.deepEqual([topic.delete(a), topic.delete(a), topic.has(a), topic.size], [true, false, false, 0]);
  });

  test("hands message and options as they are to all but one", () => {
    const [a, b, c] = fakes("a", "b", "c");
    const [message, options] = [Buffer.from("m"), { compress: true }];
    assert.equal(topicOf(a, b, c).deliver(message, options, b), 2);
    assert.deepEqual(sentBy(a, b, c), [[message], [], [message]]);
    assert.equal(a.sent[0], message);
    assert.equal(c.options, options);
  });

  test("counts who accepted the message, even if it waits, but not who dropped it", () => {
    const [a, b, c] = fakes("a", "b", "c");
    [b.reception, c.reception] = ["waits", "drops"];
    // One that has dropped before has nothing to do with this message
    b.droppedMessages = 7;
    assert.equal(deliver(topicOf(a, b, c), "m"), 2);
  });

  test("what a send throws comes out, and the next delivery reaches all", () => {
    const [a, b] = fakes("a", "b");
    const topic = topicOf(a, b);
    a.onSend = () => {
      throw new RangeError("filter");
    };
    assert.throws(() => deliver(topic, "1"), RangeError);
    a.onSend = undefined;
    assert.equal(deliver(topic, "2"), 2);
    assert.deepEqual(sentBy(a, b), [["2"], ["2"]]);
  });

  test("copies a name of any characters as it is", () => {
    for (const name of ["a", "größer", "日本", "🙂", "\ud800 alone", "\0"]) assert.equal(new Topic(name).name, name);
  });
});

describe("Topic: what a send does in the middle of a delivery", () => {
  test("who subscribes gets the next message first", () => {
    const [a, b, late] = fakes("a", "b", "late");
    const topic = topicOf(a, b);
    a.onSend = () => topic.add(late);
    assert.equal(deliver(topic, "1"), 2);
    assert.deepEqual([topic.size, late.sent], [3, []]);
    assert.equal(deliver(topic, "2"), 3);
    assert.deepEqual(sentBy(a, b, late), [["1", "2"], ["1", "2"], ["2"]]);
  });

  test("a delivery ends even if each send brings a new subscriber", () => {
    const [a] = fakes("a");
    const topic = topicOf(a);
    const multiply = (): void => {
      if (topic.size > 1_000) throw new Error("it does not end");
      const next = new FakeSubscriber("next");
      next.onSend = multiply;
      topic.add(next);
    };
    a.onSend = multiply;
    assert.deepEqual([deliver(topic, "1"), topic.size], [1, 2]);
    assert.deepEqual([deliver(topic, "2"), topic.size], [2, 4]);
  });

  test("who is unsubscribed before its turn gets nothing", () => {
    const [a, b, c] = fakes("a", "b", "c");
    const topic = topicOf(a, b, c);
    a.onSend = () => topic.delete(b);
    assert.equal(deliver(topic, "m"), 2);
    assert.deepEqual(sentBy(a, b, c), [["m"], [], ["m"]]);
  });

  test("who is unsubscribed before its turn, and after another has subscribed, gets nothing", () => {
    const [a, b, c, late] = fakes("a", "b", "c", "late");
    const topic = topicOf(a, b, c);
    a.onSend = () => {
      topic.add(late);
      topic.delete(b);
    };
    assert.equal(deliver(topic, "m"), 2);
    assert.deepEqual(sentBy(a, b, c, late), [["m"], [], ["m"], []]);
  });

  test("who unsubscribes and subscribes again gets the message once", () => {
    const [a, b] = fakes("a", "b");
    const topic = topicOf(a, b);
    a.onSend = () => {
      if (a.sent.length > 5) throw new Error("it does not end");
      topic.delete(a);
      topic.add(a);
    };
    assert.equal(deliver(topic, "m"), 2);
    assert.deepEqual(sentBy(a, b), [["m"], ["m"]]);
  });

  test("what is published reaches who has subscribed before, and nobody twice", () => {
    const [a, b, late, later] = fakes("a", "b", "late", "later");
    const topic = topicOf(a, b);
    a.onSend = (message) => {
      if (message !== "outer") return;
      topic.add(late);
      deliver(topic, "inner");
      topic.add(later);
    };
    late.onSend = () => topic.add(later);
    assert.equal(deliver(topic, "outer"), 2);
    assert.deepEqual(sentBy(a, b, late, later), [["inner", "outer"], ["inner", "outer"], ["inner"], []]);
    assert.equal(deliver(topic, "after"), 4);
  });
});
