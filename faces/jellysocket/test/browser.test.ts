/** The build for browsers, over a WebSocket as the standard wants it: the core's. Real browsers have tests of their own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { describe, type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import * as vm from "node:vm";
import type BrowserSocket from "@polysocket/jellysocket/browser";
import { OPCODE, WebSocket } from "polysocket";
import { buildBrowser } from "../build-browser.js";
import { connectionOf, listen, messageOf, record, type Served, serve, turns } from "./ends.ts";
import { closing, frame, RawPeer } from "./raw-peer.ts";

type BrowserClass = typeof BrowserSocket;

buildBrowser();
/** What is built now, not what was there before. */
const ScriptBuild: BrowserClass = require("@polysocket/jellysocket/browser");
const folder = path.resolve(__dirname, "../browser/dist");
Object.assign(globalThis, { WebSocket });

async function importModule(): Promise<{ readonly default: BrowserClass }> {
  return import(pathToFileURL(path.join(folder, "jellysocket.mjs")).href);
}

const BUILDS: readonly [string, () => Promise<BrowserClass>][] = [
  ["script", async () => ScriptBuild],
  ["ES module", async () => (await importModule()).default],
];

/** A subclass with the protocol of the tests. */
function plainOf(Base: BrowserClass): BrowserClass {
  class Plain extends Base {}
  Plain.prototype.protocol = "plain-1.0";
  return Plain;
}

type Ended = (Error & { readonly code?: unknown }) | null;

function ended(socket: BrowserSocket): Promise<Ended> {
  return new Promise((resolve) => socket.once("disconnect", resolve));
}

/** All that these events say, as it comes. */
function recordOf(socket: BrowserSocket, ...events: string[]): unknown[][] {
  const seen: unknown[][] = [];
  for (const event of events) socket.on(event, (...values: unknown[]) => seen.push([event, ...values]));
  return seen;
}

/** A client that is connected to a raw server. */
async function clientEnd(context: TestContext, Base: BrowserClass): Promise<{ client: BrowserSocket; peer: RawPeer }> {
  const server = net.createServer({ allowHalfOpen: true });
  const port = await listen(server);
  const accepted = once(server, "connection");
  const client = new (plainOf(Base))(`ws://127.0.0.1:${port}`);
  const [socket]: net.Socket[] = await accepted;
  if (socket === undefined) throw new Error("no socket");
  context.after(() => {
    socket.destroy();
    server.close();
  });
  return { client, peer: new RawPeer(socket) };
}

async function connected(context: TestContext, Base: BrowserClass): Promise<{ client: BrowserSocket; peer: RawPeer }> {
  const ends = await clientEnd(context, Base);
  const opened = new Promise<void>((resolve) => ends.client.once("connect", resolve));
  await ends.peer.answer("plain-1.0");
  await opened;
  return ends;
}

/** A client of the build, and the socket of an application that it is connected to. */
async function pair(
  context: TestContext,
  Base: BrowserClass,
): Promise<Served & { client: BrowserSocket; socket: Awaited<ReturnType<typeof connectionOf>> }> {
  const served = await serve(context);
  const client = new (plainOf(Base))(served.url);
  const opened = new Promise<void>((resolve) => client.once("connect", resolve));
  const [socket] = await Promise.all([connectionOf(served.app), opened]);
  return { ...served, client, socket };
}

describe("the files", () => {
  const script = readFileSync(path.join(folder, "jellysocket.js"), "utf8");

  test("a script tag makes one global, JellySocket, the class without Application", () => {
    const page = vm.createContext({ WebSocket, TextEncoder, URL, setTimeout });
    const before = Object.getOwnPropertyNames(page);
    vm.runInContext(script, page);
    const added = Object.getOwnPropertyNames(page).filter((name) => !before.includes(name));
    assert.deepEqual(added, ["JellySocket"]);
    assert.equal(vm.runInContext("typeof JellySocket", page), "function");
    assert.equal(vm.runInContext("JellySocket.Application", page), undefined);
  });

  test("bundlers get the class by require, and the ES module's default", async () => {
    assert.equal(typeof ScriptBuild, "function");
    assert.deepEqual(Object.keys(await importModule()), ["default"]);
    const resolve = (specifier: string): string => require.resolve(specifier);
    assert.equal(resolve("@polysocket/jellysocket/browser"), path.join(folder, "jellysocket.js"));
  });

  test("a page exchanges messages with an application", async (context) => {
    const { app, url } = await serve(context);
    app.on("connection", (socket) => socket.on("_message", (data) => socket._send(Buffer.concat([data, data]))));
    const done = new Promise((resolve) => {
      vm.runInNewContext(
        `${script}
        function Old(uri) { JellySocket.call(this, uri); }
        Old.prototype.__proto__ = JellySocket.prototype;
        Old.prototype.protocol = "plain-1.0";
        var old = new Old(url);
        old.on("connect", function () { old._send(new Uint8Array([1, 2])); });
        old.on("_message", function (data) { done([data instanceof Bytes, Array.from(data).join(), old instanceof JellySocket]); });`,
        // What a WebSocket hands over is of its own realm
        { WebSocket, TextEncoder, URL, setTimeout, url, done: resolve, Bytes: Uint8Array, Uint8Array },
      );
    });
    assert.deepEqual([...((await done) as unknown[])], [true, "1,2,1,2", true]);
  });
});

for (const [name, load] of BUILDS) {
  describe(name, () => {
    test("connects, and exchanges binary messages; views send their window, and what was sent may be changed at once", async (context) => {
      const { client, socket } = await pair(context, await load());
      assert.equal(client.connected, true);
      const seen = record(socket, "_message");
      const data = new Uint8Array([1, 2, 3, 4, 5]);
      assert.equal(client._send(data.subarray(1, 3))._send(new Uint8Array(0)), client);
      assert.ok(client.bufferedAmount >= 2);
      data.fill(9);
      const got = new Promise<Uint8Array>((resolve) => client.once("_message", resolve));
      await once(socket, "_message");
      socket._send(Buffer.from([7, 8]));
      assert.deepEqual(await got, new Uint8Array([7, 8]));
      assert.deepEqual(seen, [
        ["_message", Buffer.from([2, 3])],
        ["_message", Buffer.alloc(0)],
      ]);
    });

    test("arguments are checked as on Node", async () => {
      const Plain = plainOf(await load());
      const Base = await load();
      for (const uri of [undefined, 5, "", "/x", "http://127.0.0.1", "ws://127.0.0.1/#a", "ws://127.0.0.1/#"]) {
        assert.throws(() => new Plain(uri as string), TypeError, String(uri));
      }
      for (const protocol of [undefined, "", "a b", "a,b", "ä", 5]) {
        class Wrong extends Base {}
        Object.assign(Wrong.prototype, { protocol });
        assert.throws(() => new Wrong("ws://127.0.0.1:1"), TypeError);
      }
      assert.throws(() => (Base as unknown as (uri: string) => void)("ws://127.0.0.1:1"), TypeError);
      const client = new Plain("ws://127.0.0.1:1", { ignored: true });
      for (const value of [
        "text",
        null,
        undefined,
        [1],
        new ArrayBuffer(1),
        new Uint16Array(1),
        new DataView(new ArrayBuffer(1)),
      ]) {
        assert.throws(() => client._send(value as unknown as Uint8Array), TypeError);
      }
      assert.throws(
        () => client._send(new Uint8Array(1)),
        (error) => error instanceof Error && !(error instanceof TypeError),
      );
      for (const value of ["text", 5, {}, true]) assert.throws(() => client.disconnect(value as Error), TypeError);
      assert.throws(() => Object.assign(client, { connected: true }), TypeError);
      assert.deepEqual([client.connected, client.bufferedAmount], [false, 0]);
      client.disconnect();
      assert.equal(client._send(new Uint8Array(1)), client);
    });

    test("disconnect is emitted within the call, once, with the very error, and its text is the other end's", async (context) => {
      const { client, socket } = await pair(context, await load());
      const told = once(socket, "disconnect");
      const error = new RangeError(`x${"😀".repeat(40)}`);
      const seen = recordOf(client, "disconnect");
      client.on("disconnect", () => assert.equal(client.disconnect().connected, false));
      client._send(new Uint8Array(3));
      const message = messageOf(socket);
      assert.equal(client.disconnect(error), client);
      assert.deepEqual(seen, [["disconnect", error]]);
      assert.equal((await message).length, 3);
      const [remote] = await told;
      assert.deepEqual([remote.message, remote.code], [`x${"😀".repeat(30)}`, 4000]);
      await turns();
      assert.equal(seen.length, 1);
    });

    test("disconnect without an error is null at both ends, and while connecting it gives up", async (context) => {
      const { client, socket } = await pair(context, await load());
      const told = once(socket, "disconnect");
      const mine = ended(client);
      client.disconnect(null);
      assert.deepEqual([await mine, await told], [null, [null]]);
      const early = await clientEnd(context, await load());
      const seen = recordOf(early.client, "connect", "disconnect");
      const error = new Error("never mind");
      early.client.disconnect(error);
      assert.deepEqual(seen, [["disconnect", error]]);
      await early.peer.over();
      await turns();
      assert.equal(seen.length, 1);
    });

    test("what the server's disconnect and other close codes become", async (context) => {
      const codes: readonly [Buffer, string | null, number?][] = [
        [closing(1000, "bye"), null],
        [closing(1001), null],
        [Buffer.alloc(0), null],
        [closing(4000, "bad"), "bad", 4000],
        [closing(4000), "", 4000],
        [closing(1011), "closed with code 1011", 1011],
      ];
      for (const [payload, message, code] of codes) {
        const { client, peer } = await connected(context, await load());
        const told = ended(client);
        peer.socket.end(frame(OPCODE.close, payload));
        const error = await told;
        if (message === null) assert.equal(error, null);
        else assert.deepEqual([error?.message, error?.code, error?.constructor], [message, code, Error]);
        assert.equal(client.connected, false);
      }
      const lost = await connected(context, await load());
      const told = ended(lost.client);
      lost.peer.socket.destroy();
      const error = await told;
      assert.deepEqual([error?.code, error?.message !== ""], [1006, true]);
    });

    test("failing to connect is one Error, not in the constructor's turn", async (context) => {
      const Plain = plainOf(await load());
      const refused = new Plain("ws://127.0.0.1:1");
      const seen = recordOf(refused, "connect", "disconnect");
      assert.equal((await ended(refused))?.code, 1006);
      await turns();
      assert.equal(seen.length, 1);
      for (const choice of [undefined, "other"]) {
        const { client, peer } = await clientEnd(context, await load());
        const events = recordOf(client, "connect", "disconnect");
        const told = ended(client);
        await peer.answer(choice);
        assert.ok((await told) instanceof Error);
        assert.equal(events.length, 1);
      }
    });

    test("a server that selects no subprotocol has failed, where the platform does not see to it", async (context) => {
      const real = globalThis.WebSocket;
      const opened: { onopen?: () => void; protocol: string; close(code: number): void }[] = [];
      const closed: number[] = [];
      class Lenient {
        protocol = "";
        constructor() {
          opened.push(this);
        }
        close(code: number): void {
          closed.push(code);
        }
      }
      Object.assign(globalThis, { WebSocket: Lenient });
      context.after(() => Object.assign(globalThis, { WebSocket: real }));
      const client = new (plainOf(await load()))("ws://127.0.0.1:1");
      const seen = recordOf(client, "connect", "disconnect");
      opened[0]?.onopen?.();
      assert.deepEqual([seen.length, seen[0]?.[1] instanceof Error, closed], [1, true, [1000]]);
    });

    test("a platform that refuses to dial is told by `disconnect` in a later turn", async (context) => {
      const real = globalThis.WebSocket;
      const error = new Error("mixed content");
      class Refusing {
        constructor() {
          throw error;
        }
      }
      Object.assign(globalThis, { WebSocket: Refusing });
      context.after(() => Object.assign(globalThis, { WebSocket: real }));
      const client = new (plainOf(await load()))("ws://127.0.0.1:1");
      assert.equal(await ended(client), error);
    });

    test("a text message ends it with 4000 on the wire and an Error, and nothing comes after it", async (context) => {
      const { client, peer } = await connected(context, await load());
      const seen = recordOf(client, "_message", "disconnect");
      peer.socket.write(Buffer.concat([frame(OPCODE.text, "hi"), frame(OPCODE.binary, "late")]));
      const { opcode, payload } = await peer.frame();
      assert.deepEqual([opcode, payload.readUInt16BE()], [OPCODE.close, 4000]);
      peer.socket.end(frame(OPCODE.close, payload));
      await peer.over();
      await turns();
      assert.equal(seen.length, 1);
      assert.equal(Reflect.get(Object(seen[0]?.[1]), "code"), 1003);
    });
  });
}

describe("the emitter", () => {
  const make = (): BrowserSocket => Object.create(plainOf(ScriptBuild).prototype);

  test("calls listeners in order, with this and the arguments, and tells whether there were any", () => {
    const emitter = make();
    const seen: unknown[] = [];
    function listener(this: unknown, ...values: unknown[]): void {
      seen.push(this, ...values);
    }
    assert.equal(emitter.emit("a", 1), false);
    assert.equal(emitter.on("a", listener), emitter);
    assert.equal(
      emitter.addListener("a", () => seen.push("second")),
      emitter,
    );
    assert.equal(emitter.emit("a", 1, 2), true);
    assert.deepEqual(seen, [emitter, 1, 2, "second"]);
    assert.equal(emitter.listenerCount("a"), 2);
    assert.deepEqual(emitter.listeners("a")[0], listener);
    assert.throws(() => emitter.on("a", 5 as never), TypeError);
    assert.throws(() => emitter.once("a", undefined as never), TypeError);
  });

  test("once, also where the listener emits again, and taken away by the listener that was given", () => {
    const emitter = make();
    let count = 0;
    const listener = (): void => {
      count++;
      emitter.emit("a");
    };
    emitter.once("a", listener).once("a", listener);
    emitter.emit("a");
    assert.deepEqual([count, emitter.listenerCount("a")], [2, 0]);
    emitter.once("a", listener);
    assert.equal(emitter.removeListener("a", listener).emit("a"), false);
  });

  test("off takes the last one that was added, and an emission under way goes on", () => {
    const emitter = make();
    const seen: string[] = [];
    const first = (): void => {
      seen.push("first");
      emitter.off("a", second);
      emitter.on("a", () => seen.push("new"));
    };
    const second = (): number => seen.push("second");
    emitter.on("a", second).on("a", first).on("a", second);
    emitter.emit("a");
    assert.deepEqual(seen, ["second", "first", "second"]);
    assert.deepEqual(emitter.listeners("a").slice(0, 2), [second, first]);
    assert.equal(emitter.off("a", () => {}).listenerCount("a"), 3);
  });

  test("removeAllListeners takes those of one event, or all; objects have their own", () => {
    const [emitter, other] = [make(), make()];
    for (const name of ["a", "b"]) emitter.on(name, () => {});
    other.on("a", () => {});
    assert.equal(emitter.removeAllListeners("a"), emitter);
    assert.deepEqual([emitter.listenerCount("a"), emitter.listenerCount("b"), other.listenerCount("a")], [0, 1, 1]);
    emitter.removeAllListeners();
    assert.deepEqual([emitter.listenerCount("b"), emitter.listeners("b")], [0, []]);
  });
});
