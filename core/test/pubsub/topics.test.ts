import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { prepare, type SendOptions } from "../../src/node/connection/prepared-message.ts";
import {
  checkPublishable,
  checkTopic,
  type Publishable,
  preparePublishable,
} from "../../src/node/connection/topics.ts";
import { openWithoutTopics } from "./room.ts";

const LONGEST = "t".repeat(4_096);

describe("what a topic is", () => {
  test("any text of 1 to 4,096 characters", () => {
    for (const topic of ["a", " ", "chat/5", "#", "*", "日本", "\0", "__proto__", LONGEST]) checkTopic(topic);
  });

  test("nothing else, which is told without the topic's text", () => {
    const mistakes: readonly [unknown, RegExp][] = [
      ["", /the topic has 0 characters; give 1 to 4096/],
      [`${LONGEST}t`, /the topic has 4097 characters/],
      [undefined, /of type undefined; give a string/],
      [null, /of type null/],
      [5, /of type number/],
      [new String("a"), /of type object/],
      [["a"], /of type object/],
    ];
    for (const [topic, message] of mistakes) assert.throws(() => checkTopic(topic), { code: "USAGE", message });
  });
});

describe("what may be published", () => {
  const bad = Buffer.from([0xff]);
  const good: readonly [message: Publishable, options?: SendOptions][] = [
    ["text"],
    ["text", { kind: "binary", compress: true }],
    ["\ud800"],
    [""],
    [bad],
    [bad, { kind: "binary" }],
    [Buffer.from("é"), { kind: "text" }],
    [new Uint8Array(3).buffer, { kind: "text" }],
    [new DataView(new ArrayBuffer(2)), { compress: false }],
    [prepare("m")],
    [prepare(bad, { compress: true }), {}],
  ];
  const wrong: readonly [message: unknown, options: unknown, problem: RegExp][] = [
    [bad, { kind: "text" }, /not UTF-8/],
    [new Uint8Array([0xff]).buffer, { kind: "text" }, /not UTF-8/],
    [undefined, undefined, /cannot be \w+ of undefined/],
    [null, undefined, /cannot be \w+ of null/],
    [5, {}, /cannot be \w+ of number/],
    [[1, 2], {}, /cannot be \w+ of object/],
    [new Blob(["m"]), undefined, /cannot be \w+ of object; give a string/],
    [Readable.from(["m"]), undefined, /cannot be \w+ of object; give a string/],
    ["text", { kind: "ping" }, /kind is ping/],
    ["text", { compress: 1 }, /compress is 1/],
    [prepare("m"), { kind: "text" }, /has its kind and compression already/],
    [prepare("m"), { compress: false }, /has its kind and compression already/],
  ];

  test("the same for many, who get it prepared, and for one or none", () => {
    for (const [message, options] of good) {
      checkPublishable(message, options);
      assert.doesNotThrow(() => preparePublishable(message, options));
    }
    for (const [message, options, problem] of wrong) {
      const expected = { code: "USAGE", message: problem };
      assert.throws(() => checkPublishable(message, options as SendOptions), expected);
      assert.throws(() => preparePublishable(message as Publishable, options as SendOptions), expected);
    }
  });

  test("what is prepared stays the one object that it is", () => {
    const prepared = prepare("m");
    assert.equal(preparePublishable(prepared), prepared);
    const { kind, compress, payload } = preparePublishable("é", { kind: "binary", compress: true });
    assert.deepEqual([kind, compress, Buffer.from(payload).toString()], ["binary", true, "é"]);
  });
});

describe("a client's connection", () => {
  test("says that topics are a server's, and goes on", () => {
    const { connection } = openWithoutTopics("client");
    const calls = [
      () => connection.subscribe("x"),
      () => connection.unsubscribe("x"),
      () => connection.isSubscribed("x"),
      () => connection.topics,
      () => connection.publish("x", "m"),
    ];
    for (const call of calls) assert.throws(call, { code: "USAGE", message: /topics are a server's/ });
    assert.equal(connection.state, "open");
    connection.terminate();
  });
});
