import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { PreparedMessage, SendOptions } from "../../src/node/connection/prepared-message.ts";
import { checkPublishable, type Publishable, preparePublishable } from "../../src/node/connection/topics.ts";
import { LocalHub } from "../../src/pubsub/local-hub.ts";
import { type Random, randomFrom } from "../node/connection/random.ts";
import { type FakeSubscriber, fakes, sentBy } from "./fake-subscriber.ts";

/** A hub, and what it has had checked and prepared. */
function makeHub(): { hub: LocalHub<FakeSubscriber>; made: [word: string, message: unknown, options: unknown][] } {
  const made: [string, unknown, unknown][] = [];
  const hub = new LocalHub<FakeSubscriber>({
    check(message: Publishable, options: SendOptions | undefined): void {
      made.push(["check", message, options]);
      checkPublishable(message, options);
    },
    prepare(message: Publishable, options: SendOptions | undefined): PreparedMessage {
      made.push(["prepare", message, options]);
      return preparePublishable(message, options);
    },
  });
  return { hub, made };
}

function textOf(message: unknown): string {
  return typeof message === "string" ? message : Buffer.from((message as PreparedMessage).payload).toString();
}

describe("LocalHub: subscriptions", () => {
  test("each topic has its own subscribers, in each hub", () => {
    const [a, b] = fakes("a", "b");
    const [{ hub }, { hub: other }] = [makeHub(), makeHub()];
    hub.subscribe(a, "x");
    hub.subscribe(a, "y");
    hub.subscribe(b, "y");
    hub.subscribe(b, "y");
    assert.deepEqual(
      ["x", "y", "X", "*"].map((topic) => hub.subscriberCount(topic)),
      [1, 2, 0, 0],
    );
    assert.deepEqual(
      [hub.isSubscribed(a, "x"), hub.isSubscribed(b, "x"), hub.isSubscribed(b, "z")],
      [true, false, false],
    );
    assert.deepEqual([hub.topicsOf(a), hub.topicsOf(b)], [["x", "y"], ["y"]]);
    assert.deepEqual([other.subscriberCount("y"), other.topicsOf(a), other.isEmpty], [0, [], true]);
    assert.equal(other.publish("y", "m"), 0);
  });

  test("unsubscribing tells whether it was subscribed, and the last one leaves nothing", () => {
    const [a, b] = fakes("a", "b");
    const { hub } = makeHub();
    for (const member of [a, b]) hub.subscribe(member, "x");
    assert.equal(hub.unsubscribe(a, "x"), true);
    assert.equal(hub.unsubscribe(a, "x"), false);
    assert.equal(hub.unsubscribe(b, "other"), false);
    assert.equal(hub.isEmpty, false);
    assert.equal(hub.unsubscribe(b, "x"), true);
    assert.equal(hub.isEmpty, true);
  });

  test("one that has ended cannot subscribe, one that is closing can", () => {
    const [a, b] = fakes("a", "b");
    [a.state, b.state] = ["closed", "closing"];
    const { hub } = makeHub();
    for (const member of [a, b]) hub.subscribe(member, "x");
    assert.deepEqual([hub.topicsOf(a), hub.topicsOf(b), hub.subscriberCount("x")], [[], ["x"], 1]);
  });

  test("leaving ends all of a member's subscriptions and nobody else's", () => {
    const [a, b] = fakes("a", "b");
    const { hub } = makeHub();
    for (const topic of ["x", "y", "z"]) hub.subscribe(a, topic);
    hub.subscribe(b, "y");
    hub.leave(a);
    hub.leave(a);
    assert.deepEqual([hub.topicsOf(a), hub.topicsOf(b)], [[], ["y"]]);
    assert.deepEqual(
      ["x", "y", "z"].map((topic) => hub.subscriberCount(topic)),
      [0, 1, 0],
    );
    hub.leave(b);
    assert.equal(hub.isEmpty, true);
  });
});

describe("LocalHub: memory", () => {
  test("a topic keeps nothing of the message that it was cut out of", () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const [a] = fakes("a");
    const { hub } = makeHub();
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 100; i++) {
      const message = `{"subscribe":"a topic with the number ${i}"}`.padEnd(100_000, ".");
      hub.subscribe(a, message.slice(14, message.indexOf("}") - 1));
    }
    collect();
    const grown = process.memoryUsage().heapUsed - before;
    assert.equal(hub.topicsOf(a)[42], "a topic with the number 42");
    assert.ok(grown < 2_000_000, `${grown} bytes for 100 topics`);
  });
});

describe("LocalHub: publishing", () => {
  test("prepares one message for several, and hands it over without options", () => {
    const [a, b, c] = fakes("a", "b", "c");
    const { hub, made } = makeHub();
    for (const member of [a, b, c]) hub.subscribe(member, "x");
    assert.equal(hub.publish("x", "message", { compress: false }), 3);
    assert.deepEqual(made, [["prepare", "message", { compress: false }]]);
    const [prepared] = a.sent as PreparedMessage[];
    assert.deepEqual([prepared?.kind, prepared?.compress, textOf(prepared)], ["text", false, "message"]);
    for (const { sent, options } of [a, b, c]) {
      assert.deepEqual([sent.length, sent[0] === prepared, options], [1, true, undefined]);
    }
  });

  test("one receiver gets the message as it is, whether or not the publisher is subscribed too", () => {
    for (const publisherIsSubscribed of [true, false]) {
      const [a, publisher] = fakes("a", "publisher");
      const { hub, made } = makeHub();
      if (publisherIsSubscribed) hub.subscribe(publisher, "x");
      hub.subscribe(a, "x");
      const [message, options] = [Buffer.from("bytes"), { kind: "text" } as const];
      assert.equal(hub.publish("x", message, options, publisher), 1);
      assert.deepEqual(made, [["check", message, options]]);
      assert.deepEqual([a.sent[0] === message, a.options, publisher.sent], [true, options, []]);
    }
  });

  test("without a receiver the message is checked all the same", () => {
    const [a] = fakes("a");
    const { hub, made } = makeHub();
    assert.equal(hub.publish("x", "1"), 0);
    hub.subscribe(a, "x");
    assert.equal(hub.publish("x", "2", undefined, a), 0);
    assert.deepEqual(made, [
      ["check", "1", undefined],
      ["check", "2", undefined],
    ]);
    assert.throws(() => hub.publish("nobody", Buffer.from([0xff]), { kind: "text" }), { code: "USAGE" });
    assert.deepEqual(a.sent, []);
  });

  test("one that has ended publishes to nobody, one that is closing to all", () => {
    const [a, b, publisher] = fakes("a", "b", "publisher");
    const { hub, made } = makeHub();
    for (const member of [a, b]) hub.subscribe(member, "x");
    publisher.state = "closed";
    assert.equal(hub.publish("x", "1", undefined, publisher), 0);
    assert.deepEqual(made, [["check", "1", undefined]]);
    publisher.state = "closing";
    assert.equal(hub.publish("x", "2", undefined, publisher), 2);
    assert.deepEqual(
      sentBy(a, b).map((sent) => sent.map(textOf)),
      [["2"], ["2"]],
    );
  });

  test("delivers what is prepared to its own, without asking anybody, as for a broker", () => {
    const [a, b] = fakes("a", "b");
    const { hub, made } = makeHub();
    const message = preparePublishable("m");
    assert.equal(hub.deliver("x", message), 0);
    for (const member of [a, b]) hub.subscribe(member, "x");
    assert.equal(hub.deliver("x", message), 2);
    assert.equal(hub.deliver("x", message, b), 1);
    assert.deepEqual([sentBy(a, b), made], [[[message, message], [message]], []]);
  });

  test("a topic whose last subscriber leaves in the middle of a delivery is gone, and may begin anew", () => {
    const [a, b, c] = fakes("a", "b", "c");
    const { hub } = makeHub();
    for (const member of [a, b]) hub.subscribe(member, "x");
    a.onSend = () => {
      hub.leave(a);
      hub.leave(b);
      assert.equal(hub.isEmpty, true);
      hub.subscribe(c, "x");
      hub.subscribe(b, "x");
    };
    assert.equal(hub.publish("x", "m"), 1);
    assert.deepEqual([sentBy(b, c), hub.subscriberCount("x")], [[[], []], 2]);
    assert.equal(hub.publish("x", "n", undefined, a), 2);
    assert.deepEqual([textOf(b.sent[0]), textOf(c.sent[0])], ["n", "n"]);
  });
});

describe("LocalHub beside a list of pairs", () => {
  test("agrees with it on who gets what, whatever is done in whatever order", (t) => {
    const random = randomFrom(t);
    for (let round = 0; round < 100; round++) walk(random);
  });
});

/** Do the same to a hub and to a list of [member, topic], which is slow and plain. */
function walk(random: Random): void {
  const { hub } = makeHub();
  let pairs: [FakeSubscriber, string][] = [];
  const members = fakes("a", "b", "c", "d", "e");
  const expected = new Map<FakeSubscriber, string[]>(members.map((member) => [member, []]));
  const find = (member: FakeSubscriber, topic: string): [FakeSubscriber, string] | undefined =>
    pairs.find((pair) => pair[0] === member && pair[1] === topic);
  for (let step = 0; step < 80; step++) {
    const [member, topic] = [random.pick(members), random.pick(["x", "y", "z"])];
    const pair = find(member, topic);
    switch (random.below(8)) {
      case 0:
        hub.leave(member);
        pairs = pairs.filter(([other]) => other !== member);
        break;
      case 1:
      case 2:
        assert.equal(hub.unsubscribe(member, topic), pair !== undefined);
        pairs = pairs.filter((other) => other !== pair);
        break;
      case 3:
      case 4: {
        const publisher = random.below(2) === 0 ? member : undefined;
        const receivers = pairs.filter((other) => other[1] === topic && other[0] !== publisher);
        assert.equal(hub.publish(topic, `${step}`, undefined, publisher), receivers.length);
        for (const [receiver] of receivers) expected.get(receiver)?.push(`${step}`);
        break;
      }
      default:
        hub.subscribe(member, topic);
        if (pair === undefined) pairs.push([member, topic]);
    }
    assert.equal(hub.isSubscribed(member, topic), find(member, topic) !== undefined);
    assert.equal(hub.subscriberCount(topic), pairs.filter((other) => other[1] === topic).length);
    assert.deepEqual(
      hub.topicsOf(member),
      pairs.filter(([other]) => other === member).map(([, name]) => name),
    );
    assert.equal(hub.isEmpty, pairs.length === 0);
  }
  for (const [member, messages] of expected) assert.deepEqual(member.sent.map(textOf), messages);
}
