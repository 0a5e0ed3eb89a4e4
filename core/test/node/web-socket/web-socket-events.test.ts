import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CloseEvent } from "../../../src/node/web-socket/close-event.ts";
import { CLOSE } from "../connection/frames.ts";
import { listen, nextTask, openRaw, serverFrame, serverText } from "./listening.ts";

/** The findings of one of event-probes.ts, in a process of its own. */
function probe(name: string): unknown {
  const file = fileURLToPath(new URL("event-probes.ts", import.meta.url));
  const run = spawnSync(process.execPath, ["--expose-gc", "--import", "tsx", file, name], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

describe("tasks (WHATWG WebSockets, WebSocket task source; HTML, event loops)", () => {
  test("each message has a task of its own: all promise reactions of one run before the next", async (t) => {
    const { socket, peer } = await openRaw(t);
    const log: string[] = [];
    socket.onmessage = async ({ data }) => {
      log.push(data);
      for (let i = 1; i <= 3; i++) {
        await null;
        log.push(`${data}${i}`);
      }
      process.nextTick(() => log.push(`${data} tick`));
    };
    peer.write(serverText("a"), serverText("b"), serverText("c"));
    while (!log.includes("c tick")) await nextTask();
    assert.deepEqual(
      log,
      ["a", "b", "c"].flatMap((name) => [name, `${name}1`, `${name}2`, `${name}3`, `${name} tick`]),
    );
  });

  test("events of several sockets do not mix within a task", async (t) => {
    const [one, other] = [await openRaw(t), await openRaw(t)];
    const log: string[] = [];
    for (const { socket } of [one, other]) {
      socket.onmessage = async ({ data }) => {
        log.push(data);
        await null;
        log.push(`${data}1`);
      };
    }
    one.peer.write(serverText("a"), serverText("b"));
    other.peer.write(serverText("A"), serverText("B"));
    while (log.length < 8) await nextTask();
    for (let i = 0; i < 8; i += 2) assert.equal(log[i + 1], `${log[i]}1`);
  });

  test("no event comes within a call of the script", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    peer.write(serverText("a"), serverText("b"), serverFrame(CLOSE));
    await journal.next();
    let inside = false;
    for (const type of ["message", "close", "error"]) socket.addEventListener(type, () => assert.equal(inside, false));
    inside = true;
    socket.send("text");
    socket.binaryType = "arraybuffer";
    socket.close();
    inside = false;
    peer.end();
    assert.equal((await journal.next())[0], "close");
  });
});

describe("events (WHATWG WebSockets; DOM, EventTarget; HTML, event handlers)", () => {
  test("handlers and listeners are called in the order in which they were first set", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    const log: string[] = [];
    socket.addEventListener("message", () => log.push("listener 1"));
    socket.onmessage = () => log.push("never");
    socket.addEventListener("message", { handleEvent: () => log.push("listener 2") });
    socket.onmessage = () => log.push("handler");
    peer.write(serverText("a"));
    await journal.next();
    await nextTask();
    assert.deepEqual(log, ["listener 1", "handler", "listener 2"]);
  });

  test("each attribute is for its own event, with the socket as this", async (t) => {
    const { peer, ...plain } = await openRaw(t);
    const log: unknown[] = [];
    const { socket } = listen(t, plain.socket.url.replace(/:\d+/, ":1"));
    for (const one of [plain.socket, socket]) {
      one.onopen = () => log.push("open");
      one.onmessage = function ({ data }) {
        log.push("message", data, this === one);
      };
      one.onerror = function ({ type }) {
        log.push("error", type, this === one);
      };
      one.onclose = function ({ code }) {
        log.push("close", code, this === one);
      };
    }
    await once(socket, "close");
    assert.deepEqual(log.splice(0), ["error", "error", true, "close", 1006, true]);
    peer.write(serverText("a"), serverFrame(CLOSE));
    peer.end();
    await once(plain.socket, "close");
    assert.deepEqual(log, ["message", "a", true, "close", 1005, true]);
  });

  test("attributes are what they were set to, null for what is no object", async (t) => {
    const { socket } = listen(t, "ws://127.0.0.1:1/");
    for (const name of ["onopen", "onmessage", "onerror", "onclose"]) {
      assert.equal(Reflect.get(socket, name), null);
      for (const value of [() => 0, {}, [], null]) {
        Reflect.set(socket, name, value);
        assert.equal(Reflect.get(socket, name), value, name);
      }
      for (const value of [undefined, 1, "text", true, Symbol("a")]) {
        Reflect.set(socket, name, value);
        assert.equal(Reflect.get(socket, name), null, name);
      }
    }
  });

  test("listeners can be for once, removed, and bound to a signal", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    const log: string[] = [];
    const removed = (): unknown => log.push("removed");
    const aborter = new AbortController();
    socket.addEventListener("message", () => log.push("once"), { once: true });
    socket.addEventListener("message", removed);
    socket.removeEventListener("message", removed);
    socket.addEventListener("message", () => log.push("signal"), { signal: aborter.signal });
    peer.write(serverText("a"));
    await journal.next();
    await nextTask();
    aborter.abort();
    peer.write(serverText("b"));
    await journal.next();
    await nextTask();
    assert.deepEqual(log, ["once", "signal"]);
  });

  test("a script may dispatch events of its own, which change nothing", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.dispatchEvent(new CloseEvent("close", { code: 7, reason: "mine" }));
    socket.dispatchEvent(new MessageEvent("message", { data: "mine" }));
    assert.deepEqual(journal.rest(), [
      ["close", 1, [7, "mine", false]],
      ["message", 1, "mine"],
    ]);
    peer.write(serverText("theirs"));
    assert.deepEqual(await journal.next(), ["message", 1, "theirs"]);
  });

  test("dispatchEvent of a subclass is not called for the events of the standard", async (t) => {
    const { socket, peer, journal } = await openRaw(t);
    socket.dispatchEvent = () => {
      throw new Error("called");
    };
    peer.write(serverText("a"));
    assert.deepEqual(await journal.next(), ["message", 1, "a"]);
  });

  test("what a listener throws is reported, and hinders neither the others nor what follows", () => {
    assert.deepEqual(probe("throwingListeners"), {
      events: ["open", "message a", "message b", "close 1000"],
      reported: ["open", "message", "message", "close"],
    });
  });
});

describe("garbage collection (WHATWG WebSockets)", () => {
  test("a socket that nobody holds but that has listeners stays, CONNECTING, OPEN and CLOSING", () => {
    assert.deepEqual(probe("unheldSockets"), ["open", "message a", "message late", "error", "close 1006"]);
  });

  test("a socket that nobody holds sends what was given to it, and closes as it was told", () => {
    assert.deepEqual(probe("unheldSending"), { bytes: 8 << 20, code: 3000 });
  });

  test("a socket whose connection has ended does not stay", () => {
    assert.deepEqual(probe("ended"), { alive: 0 });
  });
});
