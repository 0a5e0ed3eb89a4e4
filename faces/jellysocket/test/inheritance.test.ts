/** The class as programs of different times extend it. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, test } from "node:test";
import * as util from "node:util";
import JellySocket from "@polysocket/jellysocket";
import { connectionOf, messageOf, Plain, serve } from "./ends.ts";

interface OldSocket extends JellySocket {
  send(data: Uint8Array): this;
}

type OldClass = new (uri?: string) => OldSocket;

/** A function, as classes were before ES2015. */
function oldClass(inherit: (target: OldClass) => unknown): OldClass {
  const target = function (this: OldSocket, uri?: string): void {
    JellySocket.call(this, uri);
    this.on("_message", (data) => this.emit("message", data));
  } as unknown as OldClass;
  inherit(target);
  target.prototype.protocol = "plain-1.0";
  target.prototype.send = function (data: Uint8Array) {
    return this._send(data);
  };
  return target;
}

const WAYS: readonly [string, () => OldClass][] = [
  [
    "prototype.__proto__",
    () => oldClass((target) => Reflect.set(target.prototype, "__proto__", JellySocket.prototype)),
  ],
  ["util.inherits", () => oldClass((target) => util.inherits(target, JellySocket))],
  [
    "Object.create",
    () => oldClass((target) => Object.assign(target, { prototype: Object.create(JellySocket.prototype) })),
  ],
  [
    "class extends",
    () =>
      class extends JellySocket {
        override get protocol(): string {
          return "plain-1.0";
        }
        constructor(uri?: string) {
          super(uri);
          this.on("_message", (data) => this.emit("message", data));
        }
        send(data: Uint8Array): this {
          return this._send(data);
        }
      },
  ],
];

describe("subclasses", () => {
  for (const [name, make] of WAYS) {
    test(`by ${name}: both ends are instances, and messages go both ways`, async (context) => {
      const Class = make();
      const { app, url } = await serve(context, {}, Class);
      const met = connectionOf(app);
      const client = new Class(url);
      await once(client, "connect");
      const socket = (await met) as OldSocket;
      for (const end of [client, socket]) {
        assert.ok(end instanceof Class && end instanceof JellySocket && end instanceof EventEmitter);
      }
      socket.on("message", (data: Uint8Array) => socket.send(data));
      const answered = once(client, "message");
      assert.equal(client.send(Buffer.from("hello")), client);
      assert.deepEqual(await answered, [Buffer.from("hello")]);
    });
  }

  test("a subclass of a subclass inherits its protocol", async (context) => {
    class First extends JellySocket {}
    First.prototype.protocol = "plain-1.0";
    class Second extends First {}
    const { app, url } = await serve(context, {}, Second);
    const met = connectionOf(app);
    const client = new Second(url);
    const got = messageOf(client);
    (await met)._send(Buffer.from("second"));
    assert.equal(String(await got), "second");
  });

  test("the class itself is called with new, or on an instance, and nothing else", () => {
    const call = JellySocket as unknown as (this: unknown, uri: string) => void;
    assert.throws(() => call("ws://127.0.0.1:1"), TypeError);
    assert.throws(() => call.call({}, "ws://127.0.0.1:1"), TypeError);
  });

  test("without a valid protocol on the prototype the constructor throws a TypeError", () => {
    for (const protocol of [undefined, 5, "", "two words", "a,b", "ä", null]) {
      class Wrong extends JellySocket {}
      Object.assign(Wrong.prototype, { protocol });
      assert.throws(() => new Wrong("ws://127.0.0.1:1"), TypeError, String(protocol));
    }
    assert.throws(() => new JellySocket("ws://127.0.0.1:1"), TypeError);
  });

  test("on the server a subclass with an address of its own takes the connection that was accepted", async (context) => {
    class Fixed extends Plain {
      constructor() {
        super("ws://127.0.0.1:1/nobody");
      }
    }
    const { app, port } = await serve(context, {}, Fixed);
    const met = connectionOf(app);
    const got = messageOf(new Plain(`ws://127.0.0.1:${port}`));
    const socket = await met;
    assert.equal(socket.connected, true);
    socket._send(Buffer.from("mine"));
    assert.equal(String(await got), "mine");
  });

  test("a client of another class that is made within the constructor dials, and does not take the connection", async (context) => {
    class Upstream extends Plain {}
    const other = await serve(context, {}, Upstream);
    class Relay extends Plain {
      readonly upstream: Upstream;
      constructor() {
        const upstream = new Upstream(other.url);
        super();
        this.upstream = upstream;
      }
    }
    const { app, url } = await serve(context, {}, Relay);
    const met = connectionOf(app);
    const reached = connectionOf(other.app);
    const got = messageOf(new Upstream(url));
    const relay = (await met) as Relay;
    relay._send(Buffer.from("relay"));
    assert.equal(String(await got), "relay");
    assert.ok((await reached) instanceof Upstream);
  });

  test("where the subclass throws, the client is closed with 1011 and the error goes to who emitted `upgrade`", async (context) => {
    class Broken extends Plain {
      constructor() {
        super();
        throw new RangeError("broken");
      }
    }
    class Forgetful {}
    Object.setPrototypeOf(Forgetful.prototype, JellySocket.prototype);
    Object.assign(Forgetful.prototype, { protocol: "plain-1.0" });
    const classes: [JellySocket.SocketClass<JellySocket>, ErrorConstructor][] = [
      [Broken, RangeError],
      [Forgetful as unknown as JellySocket.SocketClass<JellySocket>, TypeError],
    ];
    for (const [Class, expected] of classes) {
      const { app, server, url } = await serve(context, {}, Class);
      const [listener] = server.listeners("upgrade");
      server.removeAllListeners("upgrade");
      const thrown = new Promise((resolve) => {
        server.on("upgrade", (...event) => {
          try {
            listener?.apply(server, event);
          } catch (error) {
            resolve(error);
          }
        });
      });
      app.on("connection", () => assert.fail("no connection"));
      const [error] = await once(new Plain(url), "disconnect");
      assert.ok((await thrown) instanceof expected);
      assert.equal(error.code, 1011);
      assert.equal(app.clients.size, 0);
    }
  });
});
