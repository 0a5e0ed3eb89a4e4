/** The application: its arguments, its members, its clients and `vacant`. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import * as net from "node:net";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import JellySocket from "@polysocket/jellysocket";
import { connectionOf, disconnected, pair, Plain, record, serve, serverEnd, turns } from "./ends.ts";
import { masked, RawPeer, request } from "./raw-peer.ts";

const { Application } = JellySocket;
type Options = JellySocket.ApplicationOptions;

describe("arguments", () => {
  test("with and without new it makes an EventEmitter that is an instance", () => {
    for (const server of [http.createServer(), https.createServer()]) {
      for (const app of [
        new Application(server, Plain),
        Application(server, Plain),
        Application(server, Plain, null),
      ]) {
        assert.ok(app instanceof Application && app instanceof EventEmitter);
        assert.equal(app.server, server);
        assert.equal(app.isLocked, false);
        assert.equal(app.constructor, Application);
      }
      assert.equal(server.listenerCount("upgrade"), 3);
    }
  });

  test("it can be extended", () => {
    class Own extends Application<Plain> {
      twice(): number {
        return this.clients.size * 2;
      }
    }
    const own = new Own(http.createServer(), Plain);
    assert.ok(own instanceof Own);
    assert.equal(own.twice(), 0);
  });

  test("another server is a TypeError", () => {
    for (const server of [undefined, null, {}, net.createServer(), http2.createServer(), new EventEmitter(), 8080]) {
      assert.throws(() => Application(server as http.Server, Plain), TypeError);
    }
  });

  test("another class, JellySocket itself, and one without a valid protocol are a TypeError", () => {
    class Nameless extends JellySocket {}
    class Misnamed extends JellySocket {}
    Misnamed.prototype.protocol = "not a token";
    const server = http.createServer();
    for (const Class of [undefined, null, {}, class {}, EventEmitter, JellySocket, Nameless, Misnamed, () => {}]) {
      assert.throws(() => Application(server, Class as typeof Plain), TypeError);
    }
    assert.equal(server.listenerCount("upgrade"), 0);
  });

  test("wrong options are a TypeError", () => {
    const wrong: readonly object[] = [
      ...["", "chat", 5, null, ["/"]].map((path) => ({ path })),
      ...["yes", null, true, {}].map((verifyClient) => ({ verifyClient })),
      ...[-1, 1.5, Number.NaN, "5", null, Number.NEGATIVE_INFINITY].flatMap((count) => [
        { heartbeat: count },
        { maxMissedHeartbeats: count },
      ]),
    ];
    for (const options of wrong) {
      assert.throws(() => Application(http.createServer(), Plain, options as Options), TypeError, inspect(options));
    }
    for (const options of ["/", 5, true]) {
      assert.throws(() => Application(http.createServer(), Plain, options as Options), TypeError);
    }
  });

  test("zero, Infinity and undefined are taken", () => {
    for (const count of [0, Number.POSITIVE_INFINITY, undefined, 7]) {
      Application(http.createServer(), Plain, { heartbeat: count, maxMissedHeartbeats: count, path: undefined });
    }
  });
});

describe("clients", () => {
  test("one live set that holds the sockets when `connection` is emitted, with the request", async (context) => {
    const { app, url } = await serve(context);
    const { clients } = app;
    const met = once(app, "connection");
    app.once("connection", (socket, req) => {
      assert.deepEqual([socket.connected, clients.has(socket), clients.size], [true, true, 1]);
      assert.equal(req.headers["sec-websocket-protocol"], "plain-1.0");
    });
    const client = new Plain(url);
    const [socket] = await met;
    assert.ok(clients instanceof Set);
    assert.equal(app.clients, clients);
    assert.deepEqual([...clients], [socket]);
    assert.deepEqual([...clients.values()], [socket]);
    assert.deepEqual([...clients.keys()], [socket]);
    assert.deepEqual([...clients.entries()], [[socket, socket]]);
    const visited: unknown[] = [];
    clients.forEach(function (this: unknown, ...given) {
      visited.push(this, ...given);
    }, app);
    assert.deepEqual(visited, [app, socket, socket, clients]);
    assert.match(inspect(clients), /^Set\(1\)/);
    const snapshot = new Set(clients);
    const gone = disconnected(socket);
    client.disconnect();
    await gone;
    assert.deepEqual([clients.size, clients.has(socket), snapshot.size], [0, false, 1]);
  });

  test("every method of Set's, those too that the language adds, asks the live one", async (context) => {
    const { app, socket } = await pair(context);
    const own: object = Object.getPrototypeOf(app.clients);
    for (const name of Object.getOwnPropertyNames(Set.prototype)) assert.ok(Object.hasOwn(own, name), name);
    const union: unknown = Reflect.get(app.clients, "union");
    const result = typeof union === "function" ? union.call(app.clients, new Set([1])) : [socket, 1];
    assert.deepEqual([...result], [socket, 1]);
  });

  test("nobody can write to it, not even with Set's own methods", async (context) => {
    const { app, socket } = await pair(context);
    const clients = app.clients as Set<unknown>;
    for (const write of [() => clients.add(1), () => clients.delete(socket), () => clients.clear()]) {
      assert.throws(write, TypeError);
    }
    Set.prototype.add.call(clients, "stranger");
    Set.prototype.delete.call(clients, socket);
    Set.prototype.clear.call(clients);
    assert.deepEqual([[...clients], clients.size], [[socket], 1]);
    for (const name of ["clients", "server", "isLocked", "size"]) {
      assert.throws(() => Object.assign(name === "size" ? clients : app, { [name]: 1 }), TypeError, name);
    }
    app.disconnect();
    assert.equal(clients.size, 0);
  });

  test("disconnecting while going through it is safe", async (context) => {
    const { app, url } = await serve(context);
    for (let i = 0; i < 5; i++) {
      const met = connectionOf(app);
      new Plain(url);
      await met;
    }
    let visited = 0;
    for (const socket of app.clients) {
      socket.disconnect();
      visited++;
    }
    assert.deepEqual([visited, app.clients.size], [5, 0]);
  });

  test("a client is not in it when its `disconnect` is emitted", async (context) => {
    const { app, socket } = await pair(context);
    let sizes: unknown[] = [];
    socket.on("disconnect", () => {
      sizes = [app.clients.size, app.clients.has(socket), socket.connected];
    });
    socket.disconnect();
    assert.deepEqual(sizes, [0, false, false]);
  });

  test("one that its own constructor has disconnected is told to nobody", async (context) => {
    class Shy extends Plain {
      constructor(uri?: string) {
        super(uri);
        if (uri === undefined) this.disconnect(new Error("too shy"));
      }
    }
    const { app, url } = await serve(context, {}, Shy);
    app.on("connection", () => assert.fail("no connection"));
    assert.equal((await disconnected(new Shy(url)))?.message, "too shy");
    assert.equal(app.clients.size, 0);
  });

  test("no message is lost that came together with the handshake", async (context) => {
    const { app, port } = await serve(context);
    const got = new Promise((resolve) => app.on("connection", (socket) => socket.on("_message", resolve)));
    const peer = await RawPeer.dial(port, Buffer.concat([Buffer.from(request()), masked(2, "early")]));
    assert.deepEqual(await got, Buffer.from("early"));
    peer.socket.destroy();
  });
});

describe("lock, unlock and vacant", () => {
  test("locked it answers 503 and keeps its clients; unlocked it takes new ones", async (context) => {
    const { app, port, url, client, socket } = await pair(context);
    assert.equal(app.lock(), app);
    assert.equal(app.isLocked, true);
    const peer = await RawPeer.dial(port, request());
    assert.equal((await peer.head())[0], "HTTP/1.1 503 Service Unavailable");
    assert.deepEqual([client.connected, socket.connected], [true, true]);
    assert.equal(app.unlock(), app);
    assert.equal(app.isLocked, false);
    const met = connectionOf(app);
    new Plain(url);
    await met;
    assert.equal(app.clients.size, 2);
  });

  test("vacant comes in a later turn, once for each time that it comes to be locked and empty", async (context) => {
    const { app } = await serve(context);
    app.lock().lock();
    const seen = record(app, "vacant");
    assert.deepEqual(seen, []);
    await turns();
    assert.deepEqual(seen, [["vacant"]]);
    app.lock();
    await turns();
    assert.equal(seen.length, 1);
    app.unlock().lock();
    await turns();
    assert.equal(seen.length, 2);
    app.unlock();
    await turns();
    app.lock().unlock();
    await turns();
    assert.equal(seen.length, 2);
  });

  test("vacant comes when the last client of a locked application has left", async (context) => {
    const { app, client, socket } = await pair(context);
    const seen = record(app, "vacant");
    app.lock();
    await turns();
    assert.deepEqual(seen, []);
    socket.on("disconnect", () => assert.deepEqual(seen, []));
    const vacant = once(app, "vacant");
    client.disconnect();
    await vacant;
    assert.equal(app.clients.size, 0);
  });
});

describe("disconnect", () => {
  test("locks and disconnects each client by its own method, with the error at both ends", async (context) => {
    const calls: unknown[] = [];
    class Own extends Plain {
      override disconnect(error?: Error | null): this {
        if (this.connected) calls.push(error);
        return super.disconnect(error);
      }
    }
    const { app, url } = await serve(context, {}, Own);
    const told: Promise<Error | null>[] = [];
    for (let i = 0; i < 3; i++) {
      const met = connectionOf(app);
      told.push(disconnected(new Plain(url)));
      await met;
    }
    const vacant = once(app, "vacant");
    const error = new Error("maintenance");
    assert.equal(app.disconnect(error), app);
    assert.deepEqual(calls, [error, error, error]);
    assert.deepEqual([app.isLocked, app.clients.size], [true, 0]);
    assert.deepEqual(
      (await Promise.all(told)).map((remote) => remote?.message),
      ["maintenance", "maintenance", "maintenance"],
    );
    await vacant;
  });

  test("a wrong argument is a TypeError and does not even lock", async (context) => {
    const { app, socket } = await pair(context);
    assert.throws(() => app.disconnect("text" as unknown as Error), TypeError);
    assert.deepEqual([app.isLocked, socket.connected], [false, true]);
  });

  test("a client that throws does not spare the others", async (context) => {
    const { app, url } = await serve(context);
    for (let i = 0; i < 2; i++) {
      const met = connectionOf(app);
      new Plain(url);
      (await met).on("disconnect", () => {
        throw new Error("listener");
      });
    }
    assert.throws(() => app.disconnect(), /listener/);
    assert.equal(app.clients.size, 0);
  });
});

test("two applications share a server, and each has its own clients", async (context) => {
  const { server, app, url, port } = await serve(context, { path: "/a" });
  class Other extends JellySocket {}
  Other.prototype.protocol = "other-2.0";
  const other = new Application(server, Other, { path: "/b" });
  const met = Promise.all([connectionOf(app), once(other, "connection")]);
  new Plain(`${url}/a?x=1`);
  new Other(`ws://127.0.0.1:${port}/b`);
  await met;
  assert.deepEqual([app.clients.size, other.clients.size], [1, 1]);
});

test("`_message` of a server's socket is a Buffer of its own", async (context) => {
  const { socket, peer } = await serverEnd(context);
  const seen = record(socket, "_message");
  peer.socket.write(masked(2, "first"));
  await once(socket, "_message");
  peer.socket.write(masked(2, "other"));
  await once(socket, "_message");
  assert.deepEqual(seen.flat(), ["_message", Buffer.from("first"), "_message", Buffer.from("other")]);
});
