import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { WebSocket } from "../../../src/node/web-socket/web-socket.ts";
import { listen } from "./listening.ts";

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
const READ_ONLY = ["url", "readyState", "bufferedAmount", "extensions", "protocol"];
const WRITABLE = ["onopen", "onmessage", "onerror", "onclose", "binaryType"];
const METHODS = { send: 1, close: 0 };

/** A WebSocket whose port is one that nothing is dialed at. */
function unconnected(t: TestContext): WebSocket {
  return listen(t, "ws://127.0.0.1:1/").socket;
}

describe("the WebSocket interface (WHATWG WebSockets, interface definition; Web IDL)", () => {
  test("is a class named WebSocket that needs one argument, and extends EventTarget", (t) => {
    assert.deepEqual([WebSocket.name, Reflect.get(WebSocket, "length")], ["WebSocket", 1]);
    assert.equal(Object.getPrototypeOf(WebSocket), EventTarget);
    const socket = unconnected(t);
    assert.ok(socket instanceof EventTarget && socket instanceof WebSocket);
    assert.equal(String(socket), "[object WebSocket]");
    assert.equal(Object.getOwnPropertyDescriptor(WebSocket, "prototype")?.writable, false);
    assert.equal(Object.getOwnPropertyDescriptor(WebSocket.prototype, "constructor")?.enumerable, false);
  });

  test("is not called without new", () => {
    assert.throws(() => Reflect.apply(WebSocket, undefined, ["ws://127.0.0.1:1/"]), TypeError);
  });

  test("has its constants on the class and on its objects, not to be changed", (t) => {
    const socket = unconnected(t);
    for (const [name, value] of Object.entries(STATES)) {
      for (const holder of [WebSocket, WebSocket.prototype]) {
        const expected = { value, writable: false, enumerable: true, configurable: false };
        assert.deepEqual(Object.getOwnPropertyDescriptor(holder, name), expected);
      }
      assert.equal(Reflect.get(socket, name), value);
      assert.equal(Reflect.set(socket, name, 7), false);
      assert.equal(Reflect.deleteProperty(WebSocket, name), false);
    }
  });

  test("has its attributes as accessors on the prototype", () => {
    for (const name of [...READ_ONLY, ...WRITABLE]) {
      const found = Object.getOwnPropertyDescriptor(WebSocket.prototype, name);
      assert.deepEqual([found?.enumerable, found?.configurable], [true, true], name);
      assert.equal(found?.get?.name, `get ${name}`);
      assert.equal(found?.set?.name, WRITABLE.includes(name) ? `set ${name}` : undefined);
    }
  });

  test("has its operations on the prototype, with as many arguments as they need", () => {
    for (const [name, length] of Object.entries(METHODS)) {
      const found = Object.getOwnPropertyDescriptor(WebSocket.prototype, name);
      assert.deepEqual([found?.enumerable, found?.configurable, found?.writable], [true, true, true], name);
      assert.deepEqual([found?.value.name, found?.value.length], [name, length]);
    }
  });

  test("has no members but the standard's, and its objects none of their own", (t) => {
    const expected = [...READ_ONLY, ...WRITABLE, ...Object.keys(METHODS), ...Object.keys(STATES)];
    assert.deepEqual(Object.keys(WebSocket.prototype).sort(), expected.sort());
    assert.deepEqual(Object.getOwnPropertyNames(WebSocket.prototype).sort(), [...expected, "constructor"].sort());
    assert.deepEqual(Object.keys(WebSocket), Object.keys(STATES));
    assert.deepEqual(Object.getOwnPropertyNames(unconnected(t)), []);
  });

  test("has attributes that cannot be assigned, and ignores being asked to delete any", (t) => {
    const socket = unconnected(t);
    for (const name of READ_ONLY) {
      const before: unknown = Reflect.get(socket, name);
      assert.equal(Reflect.set(socket, name, "other"), false, name);
      assert.equal(Reflect.deleteProperty(socket, name), true);
      assert.equal(Reflect.get(socket, name), before);
    }
  });

  test("answers with a TypeError to what is no WebSocket", () => {
    const strangers = [{}, WebSocket.prototype, new EventTarget(), null];
    for (const stranger of strangers) {
      for (const name of [...READ_ONLY, ...WRITABLE]) {
        const found = Object.getOwnPropertyDescriptor(WebSocket.prototype, name);
        assert.throws(() => found?.get?.call(stranger), TypeError, name);
        if (found?.set !== undefined) assert.throws(() => found.set?.call(stranger, null), TypeError, name);
      }
      assert.throws(() => Reflect.apply(WebSocket.prototype.send, stranger, ["text"]), TypeError);
      assert.throws(() => Reflect.apply(WebSocket.prototype.close, stranger, []), TypeError);
    }
  });

  test("can be extended", (t) => {
    class Mine extends WebSocket {
      readonly mine = 1;
    }
    const socket = new Mine("ws://127.0.0.1:1/");
    t.after(() => socket.close());
    assert.deepEqual([socket.mine, socket.url, String(socket)], [1, "ws://127.0.0.1:1/", "[object WebSocket]"]);
  });
});
