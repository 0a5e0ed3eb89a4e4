/**
 * What every client must find at our server: the same scenarios for each library and each version.
 * In: a Peer. Out: tests. They use the built package, as applications do.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type Connection, type Server, type ServeOptions, serve } from "polysocket";
import { Mailbox } from "./mailbox.ts";
import { type Ability, type ConnectOptions, type Peer, type PeerSocket, Refused } from "./peers/peer.ts";
import { assertBytes, assertWaits, receiveLarge, SIZES, sendLarge, TEXTS } from "./sample-messages.ts";

const echo: ServeOptions = {
  message: (connection, message) => connection.send(message),
};

interface Opened {
  readonly server: Server;
  readonly connection: Connection;
  readonly socket: PeerSocket;
}

export function runScenarios(peer: Peer): void {
  const can = (ability: Ability): boolean => peer.abilities.includes(ability);
  /** A test of what not every peer offers; for the others there is none. */
  const testOf = (ability: Ability, name: string, body: (t: TestContext) => Promise<void>): void => {
    if (can(ability)) test(name, body);
  };

  async function start(t: TestContext, options: ServeOptions): Promise<Server> {
    const server = await serve({ host: "127.0.0.1", ...options });
    t.after(() => server.close({ timeoutMs: 0 }));
    return server;
  }

  async function open(t: TestContext, options: ServeOptions, how?: ConnectOptions): Promise<Opened> {
    const server = await start(t, options);
    const socket = await peer.connect(server.url, how);
    const [connection] = server.connections;
    assert.ok(connection);
    return { server, connection, socket };
  }

  describe(`${peer.name}, version ${peer.version}`, { timeout: 20_000 }, () => {
    describe("messages", () => {
      test("text comes back as it was sent", async (t) => {
        const { socket } = await open(t, echo);
        for (const text of TEXTS) socket.send(text);
        for (const text of TEXTS) assert.equal(await socket.receive(), text);
      });

      for (const compression of [false, true]) {
        const how = compression ? "compressed where the client does that" : "without compression";
        test(`bytes of every length's encoding come back as they were sent, ${how}`, async (t) => {
          const { socket } = await open(t, { ...echo, compression });
          for (const size of SIZES) {
            const bytes = Buffer.alloc(size, `${size} bytes.`);
            socket.send(bytes);
            assertBytes(await socket.receive(), bytes);
          }
        });

        test(`text of every length's encoding comes back as it was sent, ${how}`, async (t) => {
          const { socket } = await open(t, { ...echo, compression });
          for (const size of SIZES) {
            const text = "é7".repeat(size).slice(0, Math.floor(size / 1.5));
            socket.send(text);
            assert.ok((await socket.receive()) === text, `about ${size} bytes`);
          }
        });
      }

      test("a thousand at once keep their order, and each its kind", async (t) => {
        const { socket, server } = await open(t, echo);
        const sent = Array.from({ length: 1_000 }, (_, i) => (i % 3 === 0 ? Buffer.from([i & 255, 1]) : `number ${i}`));
        for (const message of sent) socket.send(message);
        for (const message of sent) assert.deepEqual(await socket.receive(), message);
        const { messagesReceived, messagesSent } = server.stats();
        assert.deepEqual([messagesReceived, messagesSent], [1_000, 1_000]);
      });

      test("the server speaks first", async (t) => {
        const { socket } = await open(t, { ...echo, open: (connection) => connection.send("welcome") });
        assert.equal(await socket.receive(), "welcome");
      });

      testOf("fragments", "fragments become one message, and pings between them are answered", async (t) => {
        const pings: string[] = [];
        const { socket } = await open(t, { ...echo, ping: (_connection, data) => pings.push(data.toString()) });
        const parts = ["one ", "", "twö ", "three"];
        socket.sendFragments(parts);
        assert.equal(await socket.receive(), parts.join(""));
        assert.deepEqual(pings, ["before 1", "before 2", "before 3"]);
      });

      test("one over the limit closes the connection with 1009", async (t) => {
        const errors: string[] = [];
        const { socket, connection } = await open(t, {
          ...echo,
          limits: { maxMessageBytes: 1_000 },
          error: (_connection, error) => errors.push(error.code),
        });
        socket.send("x".repeat(1_001));
        assert.equal((await socket.closed).code, 1009);
        assert.equal((await connection.closed).code, 1009);
        assert.deepEqual(errors, ["MESSAGE_TOO_BIG"]);
      });
    });

    describe("ping and pong", () => {
      test("the server's ping is answered", async (t) => {
        const pongs: string[] = [];
        const { connection } = await open(t, { ...echo, pong: (_connection, data) => pongs.push(data.toString()) });
        const roundTripMs = await connection.ping("are you there?");
        assert.ok(roundTripMs >= 0 && roundTripMs < 10_000);
        assert.deepEqual(pongs, ["are you there?"]);
      });

      testOf("ping", "the client's ping is answered", async (t) => {
        const { socket } = await open(t, echo);
        for (const payload of ["", "are you there?", "x".repeat(125)]) {
          assert.equal(await socket.ping(payload), payload);
        }
      });
    });

    describe("closing", () => {
      const endings: [code: number, reason: string][] = [
        [1000, ""],
        [1000, "done"],
        [4001, `gone fishing 🎣 ${"é".repeat(50)}`],
      ];

      test("the client's code and reason reach the server and come back", async (t) => {
        for (const [code, reason] of endings) {
          const { socket, connection } = await open(t, echo);
          socket.close(code, reason);
          assert.deepEqual(await socket.closed, { code, reason });
          const ending = await connection.closed;
          assert.deepEqual([ending.code, ending.reason, ending.wasClean], [code, reason, true]);
        }
      });

      test("the server's code and reason reach the client", async (t) => {
        for (const [code, reason] of endings.filter((ending) => !ending.includes("") || can("emptyClose"))) {
          const { socket, connection } = await open(t, echo);
          connection.close(code, reason);
          assert.deepEqual(await socket.closed, { code, reason });
          const { sent, wasClean } = await connection.closed;
          assert.deepEqual([sent, wasClean], [{ code, reason }, true]);
        }
      });

      test("a Close frame without a code is understood", async (t) => {
        const { socket, connection } = await open(t, echo);
        connection.close(null);
        assert.equal((await socket.closed).code, can("emptyClose") ? 1005 : 1006);
        assert.equal((await connection.closed).wasClean, true);
      });

      test("what was sent before the Close frame arrives before it", async (t) => {
        const { socket, connection } = await open(t, echo);
        for (const text of ["one", "two"]) connection.send(text);
        connection.close(4002, "that was all");
        assert.deepEqual([await socket.receive(), await socket.receive()], ["one", "two"]);
        assert.deepEqual(await socket.closed, { code: 4002, reason: "that was all" });
      });

      test("a terminated connection is 1006 at the client", async (t) => {
        const { socket, connection } = await open(t, echo);
        connection.terminate();
        assert.equal((await socket.closed).code, 1006);
        assert.equal((await connection.closed).wasClean, false);
      });

      test("a server that closes tells the client 1001, and is gone when both are done", async (t) => {
        const { server, socket, connection } = await open(t, echo);
        const closing = server.close({ reason: "restart" });
        assert.deepEqual(await socket.closed, { code: 1001, reason: "restart" });
        await closing;
        assert.equal((await connection.closed).wasClean, true);
        await assert.rejects(peer.connect(server.url));
      });
    });

    describe("opening", () => {
      test("the server learns what the client asked for, and agrees to compression where that is offered", async (t) => {
        const seen: unknown[] = [];
        const { connection } = await open(t, {
          path: "/chat",
          open: (_connection, { version, path }) => seen.push(version, path),
        });
        assert.deepEqual(seen, [peer.version, "/chat"]);
        const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        assert.equal(connection.extensions, can("compression") ? agreed : "");
        assert.equal(connection.remoteAddress, "127.0.0.1");
      });

      test("the server declines every extension where compression is false", async (t) => {
        const { connection, socket } = await open(t, { ...echo, compression: false });
        assert.equal(connection.extensions, "");
        socket.send("hello");
        assert.equal(await socket.receive(), "hello");
      });

      test("the server's preference decides on the subprotocol", async (t) => {
        const subprotocols = ["v2.chat", "v1.chat"];
        const { socket, connection } = await open(
          t,
          { subprotocols },
          { subprotocols: ["v1.chat", "v2.chat", "v3.chat"] },
        );
        assert.deepEqual([socket.subprotocol, connection.subprotocol], ["v2.chat", "v2.chat"]);
      });

      test("a refusal is reported as far as the library does that", async (t) => {
        const refused: unknown[] = [];
        const server = await start(t, {
          upgrade: () => ({ statusCode: 403, body: "members only" }),
          upgradeError: (error) => refused.push(error.code, error.statusCode),
        });
        await assert.rejects(peer.connect(server.url), {
          statusCode: can("statusCode") ? 403 : undefined,
          body: can("body") ? "members only" : undefined,
        });
        assert.deepEqual(refused, ["UPGRADE_REFUSED", 403]);
        assert.deepEqual([server.stats().refused, server.stats().opened], [1, 0]);
      });

      test("an origin is let in if it is in the list", async (t) => {
        const origins = ["https://good.example"];
        const origin = "https://good.example";
        const seen: unknown[] = [];
        const { server } = await open(
          t,
          { origins, open: (_connection, request) => seen.push(request.origin) },
          { origin },
        );
        assert.deepEqual(seen, [origin]);
        await assert.rejects(peer.connect(server.url, { origin: "https://evil.example" }), Refused);
        assert.deepEqual(server.stats().errors, { ORIGIN_REFUSED: 1 });
      });
    });

    // Without compression, which makes next to nothing of the large messages
    describe("backpressure", () => {
      test("8 MiB arrive in order at a client that reads", async (t) => {
        const drains = new Mailbox<void>();
        const { socket, connection } = await open(t, { compression: false, drain: () => drains.put() });
        await Promise.all([receiveLarge(128, () => socket.receive()), sendLarge(128, connection, drains)]);
        assert.deepEqual([connection.bufferedBytes, connection.droppedMessages], [0, 0]);
      });

      testOf("pause", "the server waits for a client that does not read, and nothing is lost", async (t) => {
        const drains = new Mailbox<void>();
        const { socket, connection } = await open(t, { compression: false, drain: () => drains.put() });
        await assertWaits(connection, drains, socket);
      });
    });
  });
}
