import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Inbox } from "../../../src/node/connection/inbox.ts";

const me = {};
const other = {};
const done = { done: true, value: undefined };

function message(value: string): IteratorResult<string, undefined> {
  return { done: false, value };
}

describe("inbox", () => {
  test("hands messages out in the order in which they came", async () => {
    const inbox = new Inbox();
    inbox.put("a");
    inbox.put("b");
    assert.deepEqual([await inbox.take(me), await inbox.take(me)], [message("a"), message("b")]);
  });

  test("lets readers wait, and serves them in the order in which they asked", async () => {
    const inbox = new Inbox();
    const asked = [inbox.take(me), inbox.take(other)];
    assert.equal(inbox.wanted, true);
    inbox.put("a");
    assert.equal(inbox.wanted, true);
    inbox.put("b");
    assert.equal(inbox.wanted, false);
    assert.deepEqual(await Promise.all(asked), [message("a"), message("b")]);
  });

  test("hands over an empty message", async () => {
    const inbox = new Inbox();
    inbox.put("");
    assert.deepEqual(await inbox.take(me), message(""));
  });

  test("knows whether anybody has ever asked", () => {
    const inbox = new Inbox();
    inbox.put("a");
    assert.equal(inbox.asked, false);
    void inbox.take(me);
    assert.equal(inbox.asked, true);
  });

  test("is done once finished, but only after the messages that were there", async () => {
    const inbox = new Inbox();
    inbox.put("a");
    inbox.finish();
    assert.deepEqual([await inbox.take(me), await inbox.take(me), await inbox.take(me)], [message("a"), done, done]);
  });

  test("tells all who wait that it is finished", async () => {
    const inbox = new Inbox();
    const asked = [inbox.take(me), inbox.take(other)];
    inbox.finish();
    assert.deepEqual(await Promise.all(asked), [done, done]);
    assert.equal(inbox.wanted, false);
  });

  test("keeps the next message for others when a reader leaves while it waits", async () => {
    const inbox = new Inbox();
    const mine = [inbox.take(me), inbox.take(me)];
    const others = inbox.take(other);
    inbox.leave(me);
    assert.deepEqual(await Promise.all(mine), [done, done]);
    assert.equal(inbox.wanted, true);
    inbox.put("a");
    assert.deepEqual(await others, message("a"));
    inbox.leave(other);
    assert.equal(inbox.wanted, false);
  });
});
