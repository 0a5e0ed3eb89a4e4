import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CloseEvent, type CloseEventInit } from "../../../src/node/web-socket/close-event.ts";

/** An init of a type that the compiler would not let through. */
function foreign(init: unknown): CloseEventInit {
  return init as CloseEventInit;
}

describe("CloseEvent (WHATWG WebSockets, the CloseEvent interface)", () => {
  test("is an Event, with false, 0 and an empty string where nothing is said", () => {
    for (const event of [new CloseEvent("close"), new CloseEvent("close", {}), new CloseEvent("close", null)]) {
      assert.ok(event instanceof Event);
      const { type, wasClean, code, reason, bubbles, cancelable, composed } = event;
      assert.deepEqual([type, wasClean, code, reason], ["close", false, 0, ""]);
      assert.deepEqual([bubbles, cancelable, composed], [false, false, false]);
    }
  });

  test("tells what it was made with", () => {
    const init = { wasClean: true, code: 4001, reason: "gone", bubbles: true, cancelable: true, composed: true };
    const event = new CloseEvent("other", init);
    const { type, wasClean, code, reason, bubbles, cancelable, composed } = event;
    assert.deepEqual({ wasClean, code, reason, bubbles, cancelable, composed }, init);
    assert.equal(type, "other");
  });

  test("converts its values as Web IDL says", () => {
    const { wasClean, code, reason } = new CloseEvent(
      "x",
      foreign({ wasClean: "yes", code: "65537", reason: "\ud800" }),
    );
    assert.deepEqual([wasClean, code, reason], [true, 1, "\ufffd"]);
    assert.equal(new CloseEvent("x", foreign({ reason: null })).reason, "null");
    assert.equal(new CloseEvent("x", { reason: undefined, code: undefined, wasClean: undefined }).reason, "");
    assert.equal(new CloseEvent(foreign(undefined) as string).type, "undefined");
    assert.equal(new CloseEvent("x", foreign(Object.assign(() => 0, { code: 7 }))).code, 7);
  });

  test("refuses what is missing or no object", () => {
    assert.throws(() => Reflect.construct(CloseEvent, []), TypeError);
    for (const init of [1, "text", true, Symbol("a")]) {
      assert.throws(() => new CloseEvent("close", foreign(init)), TypeError, String(init));
    }
    assert.throws(() => new CloseEvent("close", foreign({ code: 1n })), TypeError);
    assert.throws(() => new CloseEvent("close", foreign({ reason: Symbol("a") })), TypeError);
    assert.throws(() => Reflect.apply(CloseEvent, undefined, ["close"]), TypeError);
  });

  test("has Web IDL's shape", () => {
    assert.deepEqual([CloseEvent.name, Reflect.get(CloseEvent, "length")], ["CloseEvent", 1]);
    assert.equal(String(new CloseEvent("close")), "[object CloseEvent]");
    assert.equal(Object.getPrototypeOf(CloseEvent), Event);
    for (const name of ["wasClean", "code", "reason"]) {
      const found = Object.getOwnPropertyDescriptor(CloseEvent.prototype, name);
      assert.deepEqual([found?.enumerable, found?.configurable, found?.set], [true, true, undefined], name);
      assert.throws(() => Reflect.get(CloseEvent.prototype, name), TypeError);
    }
  });

  test("can be dispatched", () => {
    const target = new EventTarget();
    const seen: unknown[] = [];
    target.addEventListener("close", (event) => seen.push(event));
    const event = new CloseEvent("close", { code: 1000 });
    assert.equal(target.dispatchEvent(event), true);
    assert.deepEqual(seen, [event]);
  });
});
