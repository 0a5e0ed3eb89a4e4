import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import {
  attach,
  type Connection,
  connect,
  createEndpoint,
  prepare,
  type ServeOptions,
  type Server,
  serve,
} from "polysocket";
import { type ClientOptions, WebSocket } from "ws";
import { Mailbox } from "./mailbox.ts";

/** A server that refers to earlier messages where the client does not mind. */
const TAKEOVER = { serverNoContextTakeover: false, clientNoContextTakeover: false, thresholdBytes: 20 } as const;
/** What clients of the package `ws` ask for: no compression, and two agreements, with reference to earlier messages and without. */
const MANNERS: readonly ClientOptions["perMessageDeflate"][] = [
  false,
  true,
  { serverNoContextTakeover: true, serverMaxWindowBits: 10 },
];

interface Guest {
  readonly socket: WebSocket;
  readonly messages: Mailbox<string | Buffer>;
  readonly closed: Promise<unknown>;
}

async function start<Data = undefined>(t: TestContext, options: ServeOptions<Data>): Promise<Server<Data>> {
  const server = await serve<Data>({ host: "127.0.0.1", ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

async function join(url: string, perMessageDeflate: ClientOptions["perMessageDeflate"] = false): Promise<Guest> {
  const socket = new WebSocket(url, { perMessageDeflate });
  const messages = new Mailbox<string | Buffer>();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("message", (data: Buffer, isBinary) => messages.put(isBinary ? data : data.toString()));
  await once(socket, "open");
  return { socket, messages, closed };
}

/** @param count how many, a third of them in each manner */
function joinAll(url: string, count: number): Promise<Guest[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => join(url, MANNERS[i % MANNERS.length])));
}

async function take(guest: Guest, count: number): Promise<(string | Buffer)[]> {
  const taken: (string | Buffer)[] = [];
  while (taken.length < count) taken.push(await guest.messages.take());
  return taken;
}

async function leaveAll(guests: readonly Guest[]): Promise<void> {
  for (const { socket } of guests) socket.close();
  await Promise.all(guests.map(({ closed }) => closed));
}

describe("topics among 50 clients, compressed and not", () => {
  test("what one publishes reaches the other 49 in order, and itself only what the server publishes", async (t) => {
    const counts: number[] = [];
    const server = await start(t, {
      compression: TAKEOVER,
      open: (connection) => connection.subscribe("room"),
      message: (connection, message, kind) => counts.push(connection.publish("room", message, { kind })),
    });
    const guests = await joinAll(server.url, 50);
    assert.equal(server.subscriberCount("room"), 50);
    const agreements = new Set([...server.connections].map(({ extensions }) => extensions));
    assert.equal(agreements.size, 3, [...agreements].join("; "));
    // Below the threshold, deflated in the turn, deflated on the thread pool, and what cannot be deflated
    const sent = ["small", "q".repeat(10_000), Buffer.alloc(200_000, "zyx"), randomBytes(5_000), "", "small again"];
    for (const message of sent) guests[7]?.socket.send(message);
    for (const [i, guest] of guests.entries()) if (i !== 7) assert.deepEqual(await take(guest, sent.length), sent);
    assert.deepEqual(
      counts,
      sent.map(() => 49),
    );
    assert.equal(server.publish("room", "end"), 50);
    for (const guest of guests) assert.deepEqual(await take(guest, 1), ["end"]);
    assert.equal(server.stats().messagesSent, 50 + 49 * sent.length);
    const ended = [...server.connections].map(({ closed }) => closed);
    await Promise.all([...ended, leaveAll(guests)]);
    assert.deepEqual([server.subscriberCount("room"), server.publish("room", "nobody")], [0, 0]);
  });

  test("several publish and send at once, and all agree on the order", async (t) => {
    const server = await start(t, {
      compression: TAKEOVER,
      open: (connection) => connection.subscribe("room"),
      message(connection, message) {
        connection.publish("room", `${message} first`);
        for (const other of server.connections) other.send(`${message} to each, in all manners`);
        server.publish("room", prepare(`${message} ${"long".repeat(10_000)}`));
        server.publish("room", `${message} last`);
      },
    });
    const guests = await joinAll(server.url, 9);
    for (let i = 0; i < 9; i++) guests[i]?.socket.send(`${i}`);
    const expected = ["first", "to each, in all manners", "long".repeat(10_000), "last"];
    let order: string[] | undefined;
    for (const [i, guest] of guests.entries()) {
      const seen = (await take(guest, 9 * expected.length - 1)).map(String);
      const speakers = seen.filter((message) => message.endsWith("last")).map((message) => message.slice(0, 1));
      order ??= speakers;
      assert.deepEqual(speakers, order);
      const all = order.flatMap((name) => expected.map((rest) => `${name} ${rest}`));
      assert.deepEqual(
        seen,
        all.filter((message) => message !== `${i} first`),
      );
    }
  });

  test("is compressed for those who agreed on it, and only if it is wanted", async (t) => {
    const server = await start(t, { compression: TAKEOVER, open: (connection) => connection.subscribe("room") });
    const guests = await joinAll(server.url, 6);
    const bytesFor = async (publish: () => number): Promise<number> => {
      const before = server.stats().bytesSent;
      assert.equal(publish(), 6);
      for (const guest of guests) assert.deepEqual(await take(guest, 1), [message]);
      return server.stats().bytesSent - before;
    };
    const message = "abc".repeat(5_000);
    const [plain, some] = [6 * (message.length + 4), 2 * (message.length + 4)];
    const compressed = await bytesFor(() => server.publish("room", message));
    assert.ok(compressed > some && compressed < some + 4 * 200, `${compressed} bytes`);
    assert.equal(await bytesFor(() => server.publish("room", message, { compress: false })), plain);
    assert.equal(await bytesFor(() => server.publish("room", prepare(message))), compressed);
    assert.equal(await bytesFor(() => server.publish("room", prepare(message, { compress: false }))), plain);
    await leaveAll(guests);
  });

  test("a lone subscriber's messages take no more bytes than if they were sent to it", async (t) => {
    const server = await start(t, { compression: TAKEOVER });
    const message = randomBytes(1_500).toString("base64");
    /** The sizes of the same message twice, on a connection of its own. */
    const sizesBy = async (send: (connection: Connection) => unknown): Promise<number[]> => {
      const guest = await join(server.url, true);
      const [connection] = server.connections;
      assert.ok(connection !== undefined);
      const sizes: number[] = [];
      connection.subscribe("room");
      for (let i = 0; i < 2; i++) {
        const before = server.stats().bytesSent;
        send(connection);
        assert.deepEqual(await take(guest, 1), [message]);
        sizes.push(server.stats().bytesSent - before);
      }
      await Promise.all([connection.closed, leaveAll([guest])]);
      return sizes;
    };
    const sent = await sizesBy((connection) => connection.send(message));
    assert.deepEqual(await sizesBy(() => assert.equal(server.publish("room", message), 1)), sent);
  });
});

describe("topics in a server's handlers", () => {
  test("who opens is announced, who ends is said goodbye to, however it ends", async (t) => {
    const server: Server<{ name: string }> = await start(t, {
      upgrade: ({ query }) => ({ data: { name: query.get("name") ?? "" } }),
      open(connection) {
        connection.subscribe("lobby");
        connection.subscribe(`user/${connection.data.name}`);
        connection.publish("lobby", `${connection.data.name} is here`);
      },
      close: ({ data, topics }) => server.publish("lobby", `${data.name} has left, with ${topics.length} topics`),
    });
    const [a, b, c] = [
      await join(`${server.url}?name=a`),
      await join(`${server.url}?name=b`),
      await join(`${server.url}?name=c`),
    ];
    assert.deepEqual(await take(a, 2), ["b is here", "c is here"]);
    assert.equal(server.publish("user/b", "only you"), 1);
    assert.deepEqual(await take(b, 2), ["c is here", "only you"]);
    b.socket.close();
    assert.deepEqual(
      [await take(a, 1), await take(c, 1)],
      [["b has left, with 0 topics"], ["b has left, with 0 topics"]],
    );
    c.socket.terminate();
    assert.deepEqual(await take(a, 1), ["c has left, with 0 topics"]);
    assert.deepEqual(
      ["lobby", "user/a", "user/b", "user/c"].map((topic) => server.subscriberCount(topic)),
      [1, 1, 0, 0],
    );
    await leaveAll([a]);
  });

  test("clients subscribe, look and unsubscribe by what they send", async (t) => {
    const server = await start(t, {
      message(connection, message) {
        const [verb = "", topic = "", ...words] = String(message).split(" ");
        if (verb === "join") connection.subscribe(topic);
        if (verb === "part") connection.send(`${connection.unsubscribe(topic)}`);
        if (verb === "say") connection.send(`${connection.publish(topic, words.join(" "))}`);
        if (verb === "list") connection.send(`${connection.topics} ${connection.isSubscribed(topic)}`);
      },
    });
    const [a, b] = [await join(server.url), await join(server.url)];
    for (const message of ["join red", "join blue", "list blue"]) a.socket.send(message);
    assert.deepEqual(await take(a, 1), ["red,blue true"]);
    for (const message of ["say blue hello", "say green hello", "list blue"]) b.socket.send(message);
    assert.deepEqual([await take(b, 3), await take(a, 1)], [["1", "0", " false"], ["hello"]]);
    for (const message of ["part blue", "part blue", "list blue"]) a.socket.send(message);
    assert.deepEqual(await take(a, 3), ["true", "false", "red false"]);
    b.socket.send("say blue hello");
    assert.deepEqual(await take(b, 1), ["0"]);
    await leaveAll([a, b]);
  });

  test("a filter of the compression may subscribe, publish and close while a message is published", async (t) => {
    const connections: Connection[] = [];
    let late: Connection | undefined;
    let asked = 0;
    const server = await start(t, {
      open: (connection) => connections.push(connection),
      compression: {
        thresholdBytes: 0,
        filter(message) {
          if (String(message) !== "outer") return true;
          asked += 1;
          late?.subscribe("room");
          if (asked === 1) assert.equal(server.publish("room", "inner"), 5);
          if (asked === 2) connections[3]?.close(4001);
          return true;
        },
      },
    });
    const guests: Guest[] = [];
    for (let i = 0; i < 5; i++) guests.push(await join(server.url, true));
    for (const connection of connections.slice(0, 4)) connection.subscribe("room");
    late = connections[4];
    assert.equal(server.publish("room", "outer"), 3);
    assert.equal(server.publish("room", "after"), 4);
    const [a, , , closed, newcomer] = guests as [Guest, Guest, Guest, Guest, Guest];
    for (const guest of guests.slice(0, 3)) assert.deepEqual(await take(guest, 3), ["inner", "outer", "after"]);
    assert.deepEqual([await take(newcomer, 2), await take(closed, 1)], [["inner", "after"], ["inner"]]);
    assert.deepEqual([await closed.closed, a.socket.readyState], [4001, WebSocket.OPEN]);
    await leaveAll(guests);
  });
});

describe("topics of several servers", () => {
  test("serve, attach and createEndpoint have their own, and one prepared message serves them all", async (t) => {
    const open = (connection: Connection): void => connection.subscribe("room");
    const base = http.createServer().listen(0, "127.0.0.1");
    await once(base, "listening");
    const served = await start(t, { open });
    const attached = attach(base, { path: "/attached", open });
    const endpoint = createEndpoint({ path: "/endpoint", open });
    base.on("upgrade", (request, socket, head) => {
      if (request.url === "/endpoint") endpoint.handleUpgrade(request, socket, head);
    });
    t.after(async () => {
      await Promise.all([attached.close({ timeoutMs: 0 }), endpoint.close({ timeoutMs: 0 })]);
      base.close();
    });
    const url = `ws://127.0.0.1:${(base.address() as AddressInfo).port}`;
    const message = prepare("m".repeat(2_000));
    const guests = {
      served: await joinAll(served.url, 3),
      attached: await joinAll(`${url}/attached`, 4),
      endpoint: await joinAll(`${url}/endpoint`, 5),
    };
    for (const [name, server] of Object.entries({ served, attached, endpoint })) {
      const mine = guests[name as keyof typeof guests];
      const { length } = mine;
      assert.deepEqual([server.subscriberCount("room"), server.subscriberCount("other")], [length, 0]);
      assert.equal(server.publish("room", message), length);
      assert.equal(server.publish("room", name, { kind: "binary" }), length);
      for (const guest of mine) assert.deepEqual(await take(guest, 2), ["m".repeat(2_000), Buffer.from(name)]);
      assert.throws(() => server.publish("", "m"), { code: "USAGE" });
      assert.throws(() => server.subscriberCount(""), { code: "USAGE" });
    }
    for (const server of [served, attached, endpoint]) {
      await server.close();
      assert.deepEqual([server.subscriberCount("room"), server.publish("room", message)], [0, 0]);
    }
  });

  test("a client has none", async (t) => {
    const server = await start(t, {});
    const connection = await connect(server.url);
    assert.throws(() => connection.publish("room", "m"), { code: "USAGE", message: /topics are a server's/ });
    connection.close();
    await connection.closed;
  });
});

describe("topics and a client that does not read", () => {
  test("it is left out of the count for what it drops, gets what was counted, and holds nobody up", async (t) => {
    const server = await start(t, {
      backpressure: { maxBufferedBytes: 300_000, policy: "drop" },
      open: (connection) => connection.subscribe("room"),
    });
    const slow = await join(server.url);
    const [slowConnection] = server.connections;
    const quick = await join(server.url, true);
    slow.socket.pause();
    const accepted: string[] = [];
    let published = 0;
    for (let dropped = 0; dropped < 3; published++) {
      assert.ok(published < 2_000, "nothing is ever dropped");
      const message = `${published} `.padEnd(100_000, "x");
      const count = server.publish("room", message);
      assert.deepEqual(await take(quick, 1), [message]);
      if (count === 2) accepted.push(message);
      else dropped += 1;
      assert.equal(slowConnection?.droppedMessages, dropped);
    }
    slow.socket.resume();
    for (const message of accepted) assert.deepEqual(await take(slow, 1), [message]);
    await slowConnection?.flush();
    assert.equal(server.publish("room", "again"), 2);
    assert.deepEqual([await take(slow, 1), await take(quick, 1)], [["again"], ["again"]]);
    await leaveAll([slow, quick]);
  });
});
