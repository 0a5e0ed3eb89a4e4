import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { describe, test } from "node:test";
import { CloseEvent } from "../../../src/node/web-socket/close-event.ts";
import type { WebSocket } from "../../../src/node/web-socket/web-socket.ts";
import { RawServer } from "../client/raw-server.ts";
import { BINARY, CLOSE, closeBody, TEXT } from "../connection/frames.ts";
import {
  checkOnceClosing,
  domException,
  echo,
  FAILED,
  listen,
  nextTask,
  openRaw,
  serverFrame,
  serverText,
  until,
} from "./listening.ts";

/** Close with what the compiler would not let through. */
function closeForeign(socket: WebSocket, ...given: unknown[]): void {
  Reflect.apply(socket.close, socket, given);
}

function serverClose(code: number, reason = ""): Buffer {
  return serverFrame(CLOSE, closeBody(code, reason));
}

describe("close() (WHATWG WebSockets, close steps)", () => {
  test("sends a Close frame with what it was given, and close tells what the server answered", async (t) => {
    const cases: [given: unknown[], sent: Buffer][] = [
      [[], Buffer.alloc(0)],
      [[undefined], Buffer.alloc(0)],
      [[undefined, undefined], Buffer.alloc(0)],
      [[undefined, ""], Buffer.alloc(0)],
      [[undefined, "reason"], closeBody(1000, "reason")],
      [[1000], closeBody(1000)],
      [[1000, ""], closeBody(1000)],
      [[1000, "reason"], closeBody(1000, "reason")],
      [[3000, "é".repeat(61)], closeBody(3000, "é".repeat(61))],
      [[4999, "x".repeat(123)], closeBody(4999, "x".repeat(123))],
      [[1000, "\ud800"], closeBody(1000, "\ufffd")],
      [[1000, null], closeBody(1000, "null")],
      [["1000"], closeBody(1000)],
      [[999.5], closeBody(1000)],
      [[3000.5, 7], closeBody(3000, "7")],
      [[{ valueOf: () => 3001 }], closeBody(3001)],
    ];
    for (const [given, sent] of cases) {
      const { socket, peer, journal } = await openRaw(t);
      closeForeign(socket, ...given);
      assert.equal(socket.readyState, 2);
      const { opcode, payload, masked } = await peer.frame();
      assert.deepEqual([opcode, payload, masked], [CLOSE, sent, true]);
      peer.write(serverFrame(CLOSE, payload));
      peer.end();
      const [code, reason] = sent.length === 0 ? [1005, ""] : [sent.readUInt16BE(), String(sent.subarray(2))];
      assert.deepEqual(await journal.next(), ["close", 3, [code, reason, true]]);
    }
  });

  test("throws for a wrong code or reason, in every state, and changes nothing", async (t) => {
    const opened = await openRaw(t);
    const { socket, peer } = opened;
    const connecting = listen(t, (await RawServer.listen(t)).url()).socket;
    const codes = [0, 500, 999, 1001, 1005, 1006, 1011, 1015, 2999, 5000, 66_536, -1, Number.NaN, "text", null, {}];
    const check = (one: WebSocket): void => {
      const before = one.readyState;
      for (const code of codes) assert.throws(() => closeForeign(one, code), domException("InvalidAccessError"));
      assert.throws(() => one.close(1000, "x".repeat(124)), domException("SyntaxError"));
      assert.throws(() => one.close(undefined, "é".repeat(62)), domException("SyntaxError"));
      assert.throws(() => closeForeign(one, 1000, Symbol("a")), TypeError);
      assert.throws(() => closeForeign(one, 1n), TypeError);
      assert.equal(one.readyState, before);
    };
    check(connecting);
    check(socket);
    assert.deepEqual(peer.frames, []);
    await checkOnceClosing(opened, check);
  });

  test("comes after all that was sent before it, also after a Blob", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.send("text");
    socket.send(new Blob([new Uint8Array(200_000)]));
    socket.send(new Uint8Array(100_000));
    socket.close(3000);
    assert.equal(socket.readyState, 2);
    let bytes = 0;
    let frame = await peer.frame();
    const opcodes: number[] = [];
    for (; frame.opcode !== CLOSE; frame = await peer.frame()) {
      bytes += frame.payload.length;
      if (frame.opcode !== 0) opcodes.push(frame.opcode);
    }
    assert.deepEqual([opcodes, bytes], [[TEXT, BINARY, BINARY], 300_004]);
    peer.write(serverClose(3000));
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [3000, "", true]]);
  });

  test("counts once: later calls change neither code nor state, nor does one in CLOSED", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.close(3000, "first");
    socket.close(3001, "second");
    socket.close();
    assert.deepEqual((await peer.frame()).payload, closeBody(3000, "first"));
    peer.write(serverClose(3000, "first"));
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [3000, "first", true]]);
    socket.close();
    socket.close(1000);
    assert.equal(socket.readyState, 3);
    await nextTask();
    assert.deepEqual([journal.rest(), peer.frames.length], [[], 1]);
  });

  test("may be called in every handler", async (t) => {
    const server = await echo(t);
    const { socket, journal } = listen(t, server.url);
    socket.onopen = () => {
      socket.send("text");
      socket.close(3000);
      socket.close();
    };
    socket.onclose = () => socket.close();
    assert.deepEqual(await journal.take(2), [
      ["open", 1],
      ["close", 3, [3000, "", true]],
    ]);
  });

  test("while CONNECTING gives the connection up: CLOSING at once, error and close in a later task", async (t) => {
    for (const given of [[], [1000], [3000, "reason"]]) {
      const server = await RawServer.listen(t);
      const { socket, journal } = listen(t, server.url());
      const peer = await server.next();
      await peer.request();
      closeForeign(socket, ...given);
      assert.equal(socket.readyState, 2);
      await Promise.resolve();
      assert.deepEqual(journal.all, []);
      socket.close();
      assert.deepEqual(await journal.take(2), FAILED);
      await peer.gone;
      assert.deepEqual(peer.frames, []);
    }
  });

  test("in the task of the constructor gives the connection up", async (t) => {
    const server = await echo(t);
    const { socket, journal } = listen(t, server.url);
    socket.close();
    assert.equal(socket.readyState, 2);
    assert.deepEqual(journal.all, []);
    assert.deepEqual(await journal.take(2), FAILED);
    await nextTask();
    assert.deepEqual(journal.rest(), []);
  });

  test("between the connection's opening and the task of open is a closing handshake, and open never comes", async (t) => {
    const server = await RawServer.listen(t);
    const { socket, journal } = listen(t, server.url());
    const peer = await server.next();
    await peer.request();
    // Called when the connection takes the socket over, in the task in which the response has arrived
    const takesOver = t.mock.method(net.Socket.prototype, "setNoDelay", function (this: net.Socket) {
      queueMicrotask(() => socket.close(3000, "reason"));
      return this;
    });
    await peer.accept({}, serverText("early"));
    assert.deepEqual((await peer.frame()).payload, closeBody(3000, "reason"));
    assert.equal(takesOver.mock.callCount(), 1);
    peer.write(serverClose(3000, "reason"));
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [3000, "reason", true]]);
    assert.equal(journal.all.length, 1);
  });
});

describe("the connection is closed (WHATWG WebSockets, feedback from the protocol; RFC 6455 §7.1)", () => {
  test("close is a CloseEvent, that does not bubble and cannot be cancelled", async (t) => {
    const { socket, peer } = await openRaw(t);
    peer.write(serverClose(4000, "gone"));
    peer.end();
    const [event] = await once(socket, "close");
    assert.equal(Object.getPrototypeOf(event), CloseEvent.prototype);
    assert.deepEqual([event.bubbles, event.cancelable, event.target], [false, false, socket]);
    assert.deepEqual([event.code, event.reason, event.wasClean], [4000, "gone", true]);
  });

  test("code and reason are those of the server's Close frame, and no error comes", async (t) => {
    const cases: [code: number, reason: string][] = [
      [1000, ""],
      [1001, "going away"],
      [1011, "é\u20ac\ud83d\ude00"],
      [3000, "\ufeffwith a byte order mark"],
      [4999, "x".repeat(123)],
    ];
    for (const [code, reason] of cases) {
      const { peer, journal } = await openRaw(t);
      peer.write(serverClose(code, reason));
      assert.deepEqual((await peer.frame()).payload, closeBody(code, reason));
      peer.end();
      assert.deepEqual(await journal.next(), ["close", 3, [code, reason, true]]);
    }
  });

  test("the code is 1005 for a Close frame without one", async (t) => {
    const { peer, journal } = await openRaw(t);
    peer.write(serverFrame(CLOSE));
    assert.deepEqual((await peer.frame()).payload, Buffer.alloc(0));
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [1005, "", true]]);
  });

  test("the code is what the server said, also where this end said something else first", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.close(3000, "ours");
    await peer.frame();
    peer.write(serverClose(4001, "theirs"));
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [4001, "theirs", true]]);
  });

  test("messages before the Close frame come first, in OPEN; then it is CLOSING, until the server ends", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    const later: number[] = [];
    socket.addEventListener("message", () => {
      void Promise.resolve().then(() => Promise.resolve().then(() => later.push(socket.readyState)));
    });
    peer.write(serverText("a"), serverText("b"), serverClose(1000));
    assert.deepEqual(await journal.take(2), [
      ["message", 1, "a"],
      ["message", 1, "b"],
    ]);
    await until(() => socket.readyState === 2);
    assert.deepEqual(later, [1, 1], "reactions belong to the task of their message");
    await nextTask();
    assert.deepEqual([socket.readyState, journal.rest()], [2, []]);
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [1000, "", true]]);
  });

  test("it is CLOSING without a message before the Close frame, too, and close() changes nothing then", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    peer.write(serverClose(1000));
    await until(() => socket.readyState === 2);
    socket.close(3000);
    peer.end();
    assert.deepEqual(await journal.next(), ["close", 3, [1000, "", true]]);
    assert.equal(peer.frames.length, 1);
  });

  test("a server that ends or resets without a Close frame is an error, then 1006", async (t) => {
    for (const leave of ["end", "reset"] as const) {
      const { peer, journal } = await openRaw(t);
      peer.write(serverText("last"));
      assert.deepEqual(await journal.next(), ["message", 1, "last"]);
      peer[leave]();
      assert.deepEqual(await journal.take(2), FAILED, leave);
    }
  });

  test("a server that ends without answering the Close frame is an error, then 1006", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.close(3000);
    await peer.frame();
    peer.end();
    assert.deepEqual(await journal.take(2), FAILED);
  });

  test("error and close come in one task, CLOSED in both", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    let tasks = 0;
    socket.onerror = () => setImmediate(() => (tasks += 1));
    socket.onclose = () => assert.equal(tasks, 0);
    peer.reset();
    assert.deepEqual(await journal.take(2), FAILED);
  });

  test("is told once, and nothing comes after it", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    peer.write(serverClose(1000), serverText("after"));
    peer.end();
    await journal.next();
    socket.close();
    for (let i = 0; i < 5; i++) await nextTask();
    assert.deepEqual(journal.rest(), []);
  });
});
