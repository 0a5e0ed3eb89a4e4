import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import * as http from "node:http";
import { describe, test } from "node:test";
import { WebSocket, WebSocketServer } from "@polysocket/jsh-ws";
import { record } from "./ends.ts";

/** An emitter that programs have; it is closed, so that nothing but the test emits. */
function emitter(): EventEmitter {
  const socket = new WebSocket("ws://127.0.0.1:1");
  socket.close();
  return socket as unknown as EventEmitter;
}

const thrower = (): never => {
  throw new Error("of a listener");
};

describe("emitter", () => {
  test("both classes are Node's EventEmitter, and `on` returns what it was called on", () => {
    const server = new WebSocketServer({ server: http.createServer() });
    for (const one of [emitter(), server as unknown as EventEmitter]) {
      assert.ok(one instanceof EventEmitter);
      assert.equal(
        one.on("x", () => {}),
        one,
      );
      assert.equal(
        one.off("x", () => {}),
        one,
      );
    }
  });

  test("emit says whether there were listeners, and hands them all values", () => {
    const one = emitter();
    assert.equal(one.emit("x", 1), false);
    const seen = record(one, "x");
    assert.equal(one.emit("x", 1, 2), true);
    assert.deepEqual(seen, [["x", 1, 2]]);
  });

  test("an `error` without a listener throws nothing", () => {
    assert.equal(emitter().emit("error", new Error("nobody's")), false);
  });

  test("what a single listener throws is emitted as `error`, and does not reach the caller", () => {
    const one = emitter();
    const seen = record(one, "error");
    one.on("x", thrower);
    assert.equal(one.emit("x"), true);
    assert.deepEqual(seen, [["error", "of a listener"]]);
  });

  test("a listener that throws does not stop the others", () => {
    const one = emitter();
    const errors = record(one, "error");
    const calls: string[] = [];
    one.on("x", thrower);
    one.on("x", () => calls.push("second"));
    one.prependListener("x", () => calls.push("first"));
    assert.equal(one.emit("x"), true);
    assert.deepEqual(calls, ["first", "second"]);
    assert.deepEqual(errors, [["error", "of a listener"]]);
  });

  test("what a listener throws is dropped where nobody listens to `error`", () => {
    const one = emitter();
    one.on("x", thrower);
    assert.equal(one.emit("x"), true);
    one.on("x", thrower);
    assert.equal(one.emit("x"), true);
  });

  test("what an `error` listener throws does reach the caller", () => {
    const one = emitter();
    one.on("error", thrower);
    assert.throws(() => one.emit("error", new Error("first")), /of a listener/);
    one.on("x", thrower);
    assert.throws(() => one.emit("x"), /of a listener/);
  });

  test("listeners have the emitter as `this`, alone and among others", () => {
    const one = emitter();
    const seen: unknown[] = [];
    for (let count = 1; count <= 2; count++) {
      one.on("x", function (this: unknown) {
        seen.push(this);
      });
      one.emit("x");
    }
    assert.deepEqual(seen, [one, one, one]);
  });

  test("`once` calls once, alone and among others, also when it throws", () => {
    const one = emitter();
    let calls = 0;
    one.once("x", () => {
      calls += 1;
    });
    one.emit("x");
    one.emit("x");
    one.once("x", thrower);
    one.once("x", () => {
      calls += 1;
    });
    one.emit("x");
    assert.deepEqual([calls, one.listenerCount("x")], [2, 0]);
  });

  test("a listener that is taken away while the event is emitted is still called that time", () => {
    const one = emitter();
    let calls = 0;
    const second = (): void => {
      calls += 1;
    };
    one.on("x", () => one.off("x", second));
    one.on("x", second);
    one.emit("x");
    one.emit("x");
    assert.equal(calls, 1);
  });

  test("`off` of a function that was added twice takes one away", () => {
    const one = emitter();
    const listener = (): void => {};
    one.on("x", listener).on("x", listener).off("x", listener);
    assert.equal(one.listenerCount("x"), 1);
  });

  test("what is no function is no listener", () => {
    assert.throws(() => Reflect.apply(emitter().on, emitter(), ["x", 5]), TypeError);
  });

  test("Node's `once` waits for its events", async () => {
    const one = emitter();
    const met = once(one, "x");
    one.emit("x", 7);
    assert.deepEqual(await met, [7]);
  });
});
