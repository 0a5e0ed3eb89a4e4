import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import { type Connection, type ConnectionCloseEvent, connect } from "../../src/node/index.ts";
import { ExampleProcess, type ServerProcess } from "./example-process.ts";

const SPREAD_MS = 1_500;
const QUICK = { NOTICE_MS: "100", SPREAD_MS: String(SPREAD_MS), TIMEOUT_MS: "20000", TICK_MS: "2" };

/** A client that always has a message under way, and reads all that comes. */
class BusyClient {
  readonly connection: Connection;
  readonly closed: Promise<ConnectionCloseEvent>;
  received = 0;
  /** Undefined while it is open. */
  closedMs: number | undefined;
  #asked = 0;
  #echoed = 0;
  #latest = 0;

  static async connect(url: string): Promise<BusyClient> {
    let client: BusyClient | undefined;
    const connection = await connect(url, { message: (_connection, message) => client?.receive(String(message)) });
    client = new BusyClient(connection);
    client.ask();
    return client;
  }

  private constructor(connection: Connection) {
    this.connection = connection;
    this.closed = connection.closed.then((event) => {
      this.closedMs = performance.now();
      return event;
    });
  }

  /** How many of its messages were answered. */
  get echoed(): number {
    return this.#echoed;
  }

  ask(): void {
    this.#asked += 1;
    this.connection.send(`message ${this.#asked}`);
  }

  receive(message: string): void {
    this.received += 1;
    if (message.startsWith("message ")) {
      this.#echoed += 1;
      assert.equal(message, `message ${this.#echoed}`);
      if (this.connection.state === "open") this.ask();
    } else {
      const { time } = JSON.parse(message);
      assert.ok(time >= this.#latest, "the time went backwards");
      this.#latest = time;
    }
  }
}

async function serve(t: TestContext, environment: Record<string, string> = QUICK): Promise<ServerProcess> {
  const server = await ExampleProcess.serve("draining/server.js", environment);
  t.after(() => server.kill());
  return server;
}

async function untilHealthIs(server: ServerProcess, status: number): Promise<void> {
  while ((await fetch(server.at("/health"))).status !== status);
}

describe("the draining example", { timeout: 60_000 }, () => {
  test("SIGTERM under load loses nothing that was accepted: every client reads all of it, and then 1012", async (t) => {
    const server = await serve(t);
    const clients = await Promise.all(Array.from({ length: 40 }, () => BusyClient.connect(server.url)));
    assert.equal((await fetch(server.at("/health"))).status, 200);
    server.signal("SIGTERM");
    await untilHealthIs(server, 503);

    await Promise.race(clients.map(({ closed }) => closed));
    const last = clients.at(-1);
    assert.ok(last !== undefined);
    const echoedBefore = last.echoed;
    await t.test(
      "who comes when the first one has been sent away is refused, and told when to come again",
      async () => {
        const refused = await connect(server.url).catch((error: unknown) => error);
        assert.ok(refused instanceof Error && "statusCode" in refused && "response" in refused, String(refused));
        assert.equal(refused.statusCode, 503);
        const { headers } = refused.response as { headers: Record<string, string> };
        assert.match(headers["retry-after"] ?? "", /^\d+$/);
        assert.equal((await fetch(server.at("/health"))).status, 503);
      },
    );

    const events = await Promise.all(clients.map(({ closed }) => closed));
    for (const { code, reason, wasClean } of events) {
      assert.deepEqual([code, reason, wasClean], [1012, "the server restarts", true]);
    }
    await t.test("the closes are spread: the last one goes on as before until its turn", () => {
      const times = clients.map(({ closedMs = 0 }) => closedMs);
      // A third of it, since either end of this may be late on a busy machine
      assert.ok(Math.max(...times) - Math.min(...times) > SPREAD_MS / 3, times.join());
      assert.ok(last.echoed > echoedBefore);
    });

    assert.equal(await server.end(), 0);
    const [, connections, sent] = await server.says(/drained: (\d+) connections, (\d+) messages/);
    assert.equal(Number(connections), clients.length);
    const received = clients.reduce((sum, client) => sum + client.received, 0);
    assert.equal(received, Number(sent), "what was accepted for sending is what was received");
  });

  test("a client that does not answer its Close frame is cut off, and the process ends with 0", async (t) => {
    const server = await serve(t, { ...QUICK, NOTICE_MS: "0", SPREAD_MS: "0", TIMEOUT_MS: "200" });
    const deaf = net.connect({ port: Number(server.port), host: "127.0.0.1", allowHalfOpen: true });
    deaf.write(
      `GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n\r\n`,
    );
    await once(deaf, "data");
    deaf.pause();
    deaf.on("error", () => {});
    server.signal("SIGTERM");
    assert.equal(await server.end(), 0);
    assert.match(server.said, /drained: 1 connections/);
    deaf.destroy();
  });

  test("while the load balancer learns of it who comes is still served; a second signal ends it at once", async (t) => {
    const server = await serve(t, { ...QUICK, NOTICE_MS: "600000" });
    server.signal("SIGTERM");
    await untilHealthIs(server, 503);
    const client = await BusyClient.connect(server.url);
    while (client.echoed < 3) await new Promise(setImmediate);
    server.signal("SIGTERM");
    assert.equal(await server.end(), "SIGTERM");
    assert.equal((await client.closed).code, 1006);
  });
});

describe("the client of the draining example", { timeout: 60_000 }, () => {
  test("comes back to the server that takes the old one's place, and loses nothing that it sent meanwhile", async (t) => {
    const first = await serve(t, { ...QUICK, NOTICE_MS: "0", SPREAD_MS: "0" });
    const client = new ExampleProcess("draining/client.js", { EVERY_MS: "100" }, [first.url]);
    t.after(() => client.kill());
    await client.says(/echo of number 1\n/);
    first.signal("SIGTERM");
    assert.equal(await first.end(), 0);
    await client.says(/away: 1012 the server restarts\n/);

    await serve(t, { ...QUICK, PORT: first.port });
    await client.says(/connected again, attempt \d+\n/);
    const [, number] = await client.says(/echo of number (\d+)\n/, client.said.length);
    client.signal("SIGTERM");
    assert.equal(await client.end(), 0);
    // What was echoed may be told as unacknowledged too, where the end came between the two
    const outcomes = [...client.said.matchAll(/(?:echo of|lost \(unacknowledged\):) number (\d+)\n/g)];
    const known = new Set(outcomes.map(([, said]) => Number(said)));
    for (let sent = 1; sent <= Number(number); sent++) assert.ok(known.has(sent), `number ${sent}: ${client.said}`);
    assert.match(client.said, /ended: 1000\n$/);
  });
});
