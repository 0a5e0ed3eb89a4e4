import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EventHandler, type EventHandlerOf } from "../../../src/node/web-socket/event-handler.ts";

type Handler = EventHandlerOf<EventTarget, Event>;

function setUp(): {
  target: EventTarget;
  attribute: EventHandler<EventTarget, Event>;
  calls: string[];
  fire(): string[];
} {
  const target = new EventTarget();
  const calls: string[] = [];
  const fire = (): string[] => {
    target.dispatchEvent(new Event("note"));
    return calls.splice(0);
  };
  return { target, attribute: new EventHandler(target, "note"), calls, fire };
}

/** A value of a type that the compiler would not let through. */
function foreign(value: unknown): Handler {
  return value as Handler;
}

describe("event handler IDL attributes (HTML §8.1.8.1)", () => {
  test("is null at first, and then what it was set to", () => {
    const { attribute, fire } = setUp();
    assert.equal(attribute.value, null);
    assert.deepEqual(fire(), []);
    const handler: Handler = () => {};
    attribute.value = handler;
    assert.equal(attribute.value, handler);
  });

  test("is called with the event, and with its target as this", () => {
    const { target, attribute, fire } = setUp();
    const seen: unknown[] = [];
    target.addEventListener("note", () => seen.push("listener"));
    attribute.value = function (event) {
      seen.push(this, event.type, event.target);
    };
    fire();
    assert.deepEqual(seen, ["listener", target, "note", target]);
  });

  test("has the place among the listeners where it was first set, though it is set to something else later", () => {
    const { target, attribute, calls, fire } = setUp();
    target.addEventListener("note", () => calls.push("before"));
    attribute.value = () => calls.push("first");
    target.addEventListener("note", () => calls.push("after"));
    attribute.value = () => calls.push("second");
    assert.deepEqual(fire(), ["before", "second", "after"]);
  });

  test("null takes it away, and with it its place", () => {
    const { target, attribute, calls, fire } = setUp();
    attribute.value = () => calls.push("handler");
    target.addEventListener("note", () => calls.push("listener"));
    attribute.value = null;
    assert.deepEqual([attribute.value, fire()], [null, ["listener"]]);
    attribute.value = () => calls.push("handler");
    assert.deepEqual(fire(), ["listener", "handler"]);
  });

  test("what is no object is null", () => {
    const { attribute, calls, fire } = setUp();
    for (const value of [undefined, 0, 5, "text", true, Symbol("a"), 1n]) {
      attribute.value = () => calls.push("handler");
      attribute.value = foreign(value);
      assert.equal(attribute.value, null);
    }
    assert.deepEqual(fire(), []);
  });

  test("an object that cannot be called is kept, does nothing, and has its place", () => {
    const { target, attribute, calls, fire } = setUp();
    const object = { handleEvent: () => calls.push("never") };
    attribute.value = foreign(object);
    assert.equal(attribute.value, object);
    target.addEventListener("note", () => calls.push("listener"));
    assert.deepEqual(fire(), ["listener"]);
    attribute.value = () => calls.push("handler");
    assert.deepEqual(fire(), ["handler", "listener"]);
  });

  test("returning false prevents the default, and nothing else does", () => {
    const { target, attribute } = setUp();
    const prevented = [false, true, undefined, 0, null, ""].map((result) => {
      attribute.value = () => result;
      return !target.dispatchEvent(new Event("note", { cancelable: true }));
    });
    assert.deepEqual(prevented, [true, false, false, false, false, false]);
  });

  test("what a handler sets during an event counts for the next one", () => {
    const { attribute, calls, fire } = setUp();
    attribute.value = () => {
      calls.push("first");
      attribute.value = () => calls.push("second");
    };
    assert.deepEqual([fire(), fire()], [["first"], ["second"]]);
  });

  test("methods that a target has of its own are not called for it", () => {
    class Stubborn extends EventTarget {
      override addEventListener(): void {
        throw new Error("called");
      }
      override removeEventListener(): void {
        throw new Error("called");
      }
    }
    const target = new Stubborn();
    const attribute = new EventHandler<EventTarget, Event>(target, "note");
    let calls = 0;
    attribute.value = () => (calls += 1);
    target.dispatchEvent(new Event("note"));
    attribute.value = null;
    target.dispatchEvent(new Event("note"));
    assert.equal(calls, 1);
  });
});
