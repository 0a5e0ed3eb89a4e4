/**
 * What our client must find at every server: the same scenarios for each library, version and way to it.
 * In: a ServerPeer and a Route. Out: tests. They use the built package, as applications do.
 */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, describe, type TestContext, test } from "node:test";
import { type Connection, type ConnectOptions, connect } from "polysocket";
import { requirePeer } from "../../../tools/require-peer.js";
import { refusalOf } from "./client-failures.ts";
import { Mailbox } from "./mailbox.ts";
import {
  assertBytes,
  assertWaits,
  LARGE,
  type Message,
  receiveLarge,
  SIZES,
  sendLarge,
  TEXTS,
} from "./sample-messages.ts";
import { polysocketServer } from "./servers/polysocket.ts";
import { PythonWebsocketsServer } from "./servers/python-websockets.ts";
import type { ListenOptions, RunningServer, ServerAbility, ServerPeer, ServerSocket } from "./servers/server-peer.ts";
import { websocketNodeServer } from "./servers/websocket-node.ts";
import { wsServer } from "./servers/ws.ts";

/** How the client comes to a server. */
export interface Route {
  readonly name: string;
  /** Where the server has to be for it. */
  listen?(): ListenOptions;
  /** What is dialed for the server's URL, and with which options. */
  dial?(url: string): { readonly url: string; readonly options?: ConnectOptions };
}

export const direct: Route = { name: "directly" };

interface Opened {
  readonly running: RunningServer;
  readonly connection: Connection;
  readonly socket: ServerSocket;
  /** What the client receives; without a handler of the test's own. */
  readonly messages: Mailbox<Message>;
}

/** A server, the client's way to it, and a version of the protocol. */
class Stage {
  readonly server: ServerPeer;
  readonly route: Route;
  readonly version: 13 | 8;

  constructor(server: ServerPeer, route: Route, version: 13 | 8) {
    this.server = server;
    this.route = route;
    this.version = version;
  }

  can(ability: ServerAbility): boolean {
    return this.server.abilities.includes(ability);
  }

  /** A test of what not every server offers; for the others there is none. */
  testOf(ability: ServerAbility, name: string, body: (t: TestContext) => Promise<void>): void {
    if (this.can(ability)) test(name, body);
  }

  async start(t: TestContext, options: ListenOptions = {}): Promise<RunningServer> {
    const running = await this.server.listen({ ...this.route.listen?.(), ...options });
    t.after(() => running.stop());
    return running;
  }

  async dial(t: TestContext, url: string, options: ConnectOptions = {}): Promise<Connection> {
    const dialed = this.route.dial?.(url) ?? { url };
    const connection = await connect(dialed.url, { version: this.version, ...dialed.options, ...options });
    t.after(() => connection.terminate());
    return connection;
  }

  async open(t: TestContext, options: ConnectOptions = {}, listen: ListenOptions = {}): Promise<Opened> {
    const running = await this.start(t, listen);
    const messages = new Mailbox<Message>();
    const connection = await this.dial(t, `${running.url}/chat`, {
      message: (_connection, message) => messages.put(message),
      close: (_connection, { code }) => messages.end(`closed with ${code}`),
      ...options,
    });
    return { running, connection, socket: await running.accept(), messages };
  }
}

/** Everything there is, with nothing between client and server. */
export function runClientScenarios(server: ServerPeer, version: 13 | 8): void {
  const stage = new Stage(server, direct, version);
  describe(`client to ${server.name}, version ${version}`, { timeout: 20_000 }, () => {
    messages(stage);
    order(stage);
    longMessages(stage);
    limits(stage);
    pings(stage);
    closing(stage);
    moreOfClosing(stage);
    opening(stage);
    moreOfOpening(stage);
    // The versions differ in nothing that is about amounts
    if (version === 13) backpressure(stage);
  });
}

/** What a way between client and server could spoil, for every library. */
export function runRouteScenarios(route: Route): void {
  const { command, skip } = requirePeer("python3-websockets");
  const python = new PythonWebsocketsServer(command);
  for (const server of [wsServer, websocketNodeServer, polysocketServer]) runOver(route, server);
  describe("python3-websockets", { skip }, () => {
    after(() => python.stop());
    runOver(route, python);
  });
  // Backpressure is the way's more than the library's
  const stage = new Stage(wsServer, route, 13);
  describe(`client to ${wsServer.name} ${route.name}`, { timeout: 20_000 }, () => backpressure(stage));
}

/** The same with one library and small amounts: enough for a way that is put together from others. */
export function runOver(route: Route, server: ServerPeer): void {
  const stage = new Stage(server, route, 13);
  describe(`client to ${server.name} ${route.name}`, { timeout: 20_000 }, () => {
    messages(stage);
    pings(stage);
    closing(stage);
    opening(stage);
  });
}

function messages(stage: Stage): void {
  describe("messages", () => {
    test("text arrives as it was sent", async (t) => {
      const { connection, socket, messages } = await stage.open(t);
      for (const text of TEXTS) {
        connection.send(text);
        socket.send(text);
      }
      for (const text of TEXTS) assert.deepEqual([await socket.receive(), await messages.take()], [text, text]);
    });

    for (const compression of [false, true]) {
      const how = compression ? "compressed where the server does that" : "as they are";
      test(`bytes of every length's encoding arrive as they were sent, ${how}`, async (t) => {
        const { connection, socket, messages } = await stage.open(t, { compression });
        for (const size of SIZES) {
          const bytes = Buffer.alloc(size, `${size} bytes.`);
          connection.send(bytes);
          assertBytes(await socket.receive(), bytes);
          socket.send(bytes);
          assertBytes(await messages.take(), bytes);
        }
      });
    }

    test("the server speaks first", async (t) => {
      const { messages } = await stage.open(t, {}, { greeting: "welcome" });
      assert.equal(await messages.take(), "welcome");
    });
  });
}

function order(stage: Stage): void {
  describe("order", () => {
    test("a thousand at once keep their order, and each its kind", async (t) => {
      const { connection, socket, messages } = await stage.open(t);
      const sent = Array.from({ length: 1_000 }, (_, i) => (i % 3 === 0 ? Buffer.from([i & 255, 1]) : `number ${i}`));
      for (const message of sent) {
        connection.send(message);
        socket.send(message);
      }
      for (const message of sent) {
        assert.deepEqual(await socket.receive(), message);
        assert.deepEqual(await messages.take(), message);
      }
    });

    test("what comes with the response is handed over after the opening is known", async (t) => {
      const { url } = await stage.start(t, { greeting: "welcome" });
      const told: Message[] = [];
      const messages = new Mailbox<void>();
      await stage.dial(t, `${url}/`, {
        open: () => told.push("open handler"),
        message: (_connection, message) => {
          told.push(message);
          messages.put();
        },
      });
      told.push("connect's promise");
      await messages.take();
      assert.deepEqual(told, ["open handler", "connect's promise", "welcome"]);
    });

    test("for await gives all messages until the end, and the first one too", async (t) => {
      const { url, accept } = await stage.start(t, { greeting: "welcome" });
      const connection = await stage.dial(t, `${url}/`);
      const socket = await accept();
      for (const text of ["one", "two"]) socket.send(text);
      socket.close(1000, "that was all");
      const received: Message[] = [];
      for await (const message of connection) received.push(message);
      assert.deepEqual(received, ["welcome", "one", "two"]);
      assert.deepEqual((await connection.closed).received, { code: 1000, reason: "that was all" });
    });
  });
}

function longMessages(stage: Stage): void {
  describe("messages of several frames", () => {
    const parts = ["one ", "", "twö ", "three"];

    test("the server's fragments become one message, and pings between them are answered", async (t) => {
      const pings: string[] = [];
      const { socket, messages } = await stage.open(t, { ping: (_connection, data) => pings.push(data.toString()) });
      socket.sendFragments(parts);
      assert.equal(await messages.take(), parts.join(""));
      assert.deepEqual(pings, ["before 1", "before 2", "before 3"]);
    });

    test("a message sent piece by piece is one at the server, and pings may go between", async (t) => {
      const { connection, socket } = await stage.open(t);
      const writer = connection.beginMessage("text");
      for (const part of parts) {
        writer.write(part);
        await connection.ping(part);
      }
      writer.end();
      connection.send("the next one");
      assert.deepEqual([await socket.receive(), await socket.receive()], [parts.join(""), "the next one"]);
    });

    test("a Readable and a Blob become one message each", async (t) => {
      const { connection, socket } = await stage.open(t);
      const bytes = Buffer.alloc(300_000, "all kinds of bytes.");
      connection.send(Readable.from(parts), { kind: "text" });
      connection.send(Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]));
      connection.send(new Blob([bytes]));
      connection.send("the last one");
      assert.equal(await socket.receive(), parts.join(""));
      assertBytes(await socket.receive(), bytes);
      assertBytes(await socket.receive(), bytes);
      assert.equal(await socket.receive(), "the last one");
    });
  });
}

function limits(stage: Stage): void {
  describe("limits", () => {
    test("the server's message over our limit closes the connection with 1009", async (t) => {
      const errors: string[] = [];
      const { connection, socket } = await stage.open(t, {
        limits: { maxMessageBytes: 1_000 },
        error: (_connection, error) => errors.push(error.code),
      });
      socket.send("x".repeat(1_001));
      assert.equal((await socket.closed).code, 1009);
      assert.equal((await connection.closed).code, 1009);
      assert.deepEqual(errors, ["MESSAGE_TOO_BIG"]);
    });

    test("our message over the server's limit closes the connection with 1009", async (t) => {
      const errors: string[] = [];
      const error = (_connection: Connection, { code }: { code: string }): unknown => errors.push(code);
      const { connection } = await stage.open(t, { error }, { maxMessageBytes: 1_000 });
      connection.send("x".repeat(1_001));
      assert.equal((await connection.closed).received?.code, 1009);
      assert.deepEqual(errors, []);
    });
  });
}

function pings(stage: Stage): void {
  describe("ping and pong", () => {
    test("our ping is answered", async (t) => {
      const pongs: string[] = [];
      const { connection } = await stage.open(t, { pong: (_connection, data) => pongs.push(data.toString()) });
      const payloads = ["", "are you there?", "x".repeat(125)];
      for (const payload of payloads) assert.ok((await connection.ping(payload)) >= 0);
      assert.deepEqual(pongs, payloads);
    });

    test("the server's ping is answered", async (t) => {
      const pings: string[] = [];
      const { socket } = await stage.open(t, { ping: (_connection, data) => pings.push(data.toString()) });
      const payloads = ["are you there?", "x".repeat(125)];
      for (const payload of payloads) assert.equal(await socket.ping(payload), payload);
      assert.deepEqual(pings, payloads);
    });

    test("the heartbeat of a silent connection measures the round trip", async (t) => {
      const pongs = new Mailbox<void>();
      const { connection } = await stage.open(t, { heartbeat: { intervalMs: 10 }, pong: () => pongs.put() });
      await pongs.take();
      assert.ok(Number(connection.roundTripMs) >= 0);
    });
  });
}

/** Codes and reasons that have to arrive unchanged. */
const endings: [code: number, reason: string][] = [
  [1000, "done"],
  [4001, `gone fishing 🎣 ${"é".repeat(50)}`],
];

function closing(stage: Stage): void {
  describe("closing", () => {
    test("our code and reason reach the server, and the closing handshake is finished", async (t) => {
      for (const [code, reason] of endings) {
        const { socket, connection } = await stage.open(t);
        connection.close(code, reason);
        assert.deepEqual(await socket.closed, { code, reason });
        const { sent, received, wasClean } = await connection.closed;
        assert.deepEqual([sent, wasClean], [{ code, reason }, true]);
        assert.equal(received?.code, stage.can("echoesCode") ? code : 1000);
      }
    });

    test("the server's code and reason reach us", async (t) => {
      for (const [code, reason] of endings) {
        const { socket, connection } = await stage.open(t);
        socket.close(code, reason);
        const ending = await connection.closed;
        assert.deepEqual([ending.code, ending.reason, ending.wasClean], [code, reason, true]);
        assert.deepEqual(await socket.closed, { code, reason });
      }
    });

    test("a connection that the server cuts is 1006", async (t) => {
      const { socket, connection } = await stage.open(t);
      socket.terminate();
      const { code, received, wasClean } = await connection.closed;
      assert.deepEqual([code, received, wasClean], [1006, undefined, false]);
    });

    test("a connection that we cut is 1006 at the server", async (t) => {
      const { socket, connection } = await stage.open(t);
      connection.terminate();
      assert.equal((await socket.closed).code, 1006);
      assert.equal((await connection.closed).code, 1006);
    });
  });
}

function moreOfClosing(stage: Stage): void {
  describe("closing in every way", () => {
    test("a code without a reason is understood", async (t) => {
      const ours = await stage.open(t);
      ours.connection.close(1000);
      const { code, reason } = await ours.socket.closed;
      assert.equal(code, 1000);
      if (stage.can("tellsEmptyClose")) assert.equal(reason, "");

      const theirs = await stage.open(t);
      theirs.socket.close(1000, "");
      assert.deepEqual((await theirs.connection.closed).received, { code: 1000, reason: "" });
    });

    test("our Close frame without a code is understood", async (t) => {
      const { socket, connection } = await stage.open(t);
      connection.close(null);
      assert.equal((await socket.closed).code, stage.can("tellsEmptyClose") ? 1005 : 1006);
      assert.equal((await connection.closed).wasClean, true);
    });

    stage.testOf("sendsEmptyClose", "the server's Close frame without a code is 1005", async (t) => {
      const { socket, connection } = await stage.open(t);
      socket.close();
      const { code, reason, wasClean } = await connection.closed;
      assert.deepEqual([code, reason, wasClean], [1005, "", true]);
    });

    test("what was sent before the Close frame arrives before it", async (t) => {
      const { socket, connection } = await stage.open(t);
      for (const text of ["one", "two"]) connection.send(text);
      connection.close(4002, "that was all");
      assert.deepEqual([await socket.receive(), await socket.receive()], ["one", "two"]);
      assert.deepEqual(await socket.closed, { code: 4002, reason: "that was all" });
    });

    test("a signal that aborts later says 1001 to the server", async (t) => {
      const controller = new AbortController();
      const { socket, connection } = await stage.open(t, { signal: controller.signal });
      controller.abort();
      assert.equal((await socket.closed).code, 1001);
      assert.equal((await connection.closed).wasClean, true);
    });
  });
}

function opening(stage: Stage): void {
  describe("opening", () => {
    test("the server learns path, query, headers and origin; compression is offered and nothing else", async (t) => {
      const running = await stage.start(t);
      const connection = await stage.dial(t, `${running.url}/chat%20room?name=%C3%A9&x=1`, {
        headers: { Authorization: "Bearer t0ken", Cookie: "a=1; b=2", "X-List": ["one", "two"] },
        origin: "https://page.example",
      });
      const { target, headers } = (await running.accept()).request;
      assert.equal(target, "/chat%20room?name=%C3%A9&x=1");
      assert.ok(connection.path.endsWith("/chat%20room"));
      const { authorization, cookie, "x-list": list } = headers;
      assert.deepEqual([authorization, cookie, list], ["Bearer t0ken", "a=1; b=2", "one, two"]);
      const originName = stage.version === 13 ? "origin" : "sec-websocket-origin";
      assert.equal(headers[originName], "https://page.example");
      assert.equal(headers["sec-websocket-version"], String(stage.version));
      assert.equal(headers["sec-websocket-extensions"], "permessage-deflate; client_max_window_bits");
      const [agreed] = connection.extensions.split(";");
      assert.equal(agreed, stage.can("compression") ? "permessage-deflate" : "");
    });

    test("the server chooses among the subprotocols", async (t) => {
      const subprotocols = ["v3.chat", "v2.chat"];
      const { socket, connection } = await stage.open(t, { subprotocols }, { subprotocols: ["v2.chat", "v1.chat"] });
      assert.deepEqual([socket.subprotocol, connection.subprotocol], ["v2.chat", "v2.chat"]);
    });

    test("a refusal is an error with its status, its headers and the start of its body", async (t) => {
      const body = `members only ${"é".repeat(20_000)}`;
      const refusal = { statusCode: 503, headers: { "Retry-After": "120", "X-Why": "too many" }, body };
      const { url } = await stage.start(t, { refusal });
      const { statusCode, headers, body: seen } = await refusalOf(stage.dial(t, `${url}/chat`));
      assert.deepEqual([statusCode, headers["retry-after"], headers["x-why"]], [503, "120", "too many"]);
      const expected = stage.can("refusalBody") ? Buffer.from(body).subarray(0, 16_384) : Buffer.alloc(0);
      assert.ok(expected.equals(seen));
    });
  });
}

function moreOfOpening(stage: Stage): void {
  describe("opening in every way", () => {
    test("the open handler gets the server's response", async (t) => {
      const seen: unknown[] = [];
      const { connection } = await stage.open(t, {
        open: (_connection, { statusCode, headers, body }) => {
          seen.push(statusCode, headers["upgrade"], typeof headers["sec-websocket-accept"], body.length);
        },
      });
      assert.deepEqual(seen, [101, "websocket", "string", 0]);
      assert.deepEqual([connection.path, connection.remoteAddress], ["/chat", "127.0.0.1"]);
    });

    test("no subprotocol is one of the answers", async (t) => {
      const { socket, connection } = await stage.open(t, { subprotocols: ["v3.chat"] });
      assert.deepEqual([socket.subprotocol, connection.subprotocol], ["", ""]);
    });

    test("the URL's host is the Host header, and its user information becomes Basic authentication", async (t) => {
      const running = await stage.start(t);
      const { host } = new URL(running.url);
      await stage.dial(t, `ws://us%C3%A9r:pass%3Aword@${host}/`);
      const { headers } = (await running.accept()).request;
      assert.equal(headers["host"], host);
      assert.equal(headers["authorization"], `Basic ${Buffer.from("usér:pass:word").toString("base64")}`);
    });

    test("http: is ws:", async (t) => {
      const running = await stage.start(t);
      await stage.dial(t, running.url.replace(/^ws/, "http"));
      assert.equal((await running.accept()).request.target, "/");
    });
  });
}

/** Without compression, which makes next to nothing of the large messages. */
function backpressure(stage: Stage): void {
  describe("backpressure", () => {
    test("8 MiB go each way at once, in order", async (t) => {
      const drains = new Mailbox<void>();
      const { socket, connection, messages } = await stage.open(t, { compression: false, drain: () => drains.put() });
      for (let i = 0; i < 128; i++) socket.send(Buffer.alloc(LARGE, i));
      await Promise.all([
        sendLarge(128, connection, drains),
        receiveLarge(128, () => socket.receive()),
        receiveLarge(128, () => messages.take()),
      ]);
      assert.deepEqual([connection.bufferedBytes, connection.droppedMessages], [0, 0]);
    });

    test("we wait for a server that does not read, and nothing is lost", async (t) => {
      const drains = new Mailbox<void>();
      const { socket, connection } = await stage.open(t, { compression: false, drain: () => drains.put() });
      await assertWaits(connection, drains, socket);
    });

    test("the server waits while for await stands still, and nothing is lost", async (t) => {
      const running = await stage.start(t);
      const connection = await stage.dial(t, `${running.url}/`, { compression: false });
      const socket = await running.accept();
      const other = await stage.dial(t, `${running.url}/`);
      for (let i = 0; i < 512; i++) socket.send(Buffer.alloc(LARGE, i));
      let count = 0;
      for await (const message of connection) {
        if (count === 0) assert.ok((await settled(() => socket.unsent, other)) > 0);
        assertBytes(message, Buffer.alloc(LARGE, count));
        count += 1;
        if (count === 512) break;
      }
      assert.equal(count, 512);
    });
  });
}

/** A number that has not changed during several round trips of another connection to the same server. */
async function settled(read: () => number, other: Connection): Promise<number> {
  let last = read();
  for (let unchanged = 0; unchanged < 10; ) {
    await other.ping();
    unchanged = read() === last ? unchanged + 1 : 0;
    last = read();
  }
  return last;
}
