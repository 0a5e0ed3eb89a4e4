import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type Connection, connect, type LostMessage, type ReconnectOptions, type Server, serve } from "polysocket";
import { chancesOf } from "../reconnect/world.ts";

const MESSAGES = 3_000;
const QUICK: ReconnectOptions = { minDelayMs: 2, maxDelayMs: 20 };

/** What a server has got of numbered messages, each connection's in a list of its own. */
class Receiver {
  readonly runs: number[][] = [];

  readonly handlers = {
    open: (connection: Connection<number[]>): void => {
      connection.data = [];
      this.runs.push(connection.data);
    },
    message: (connection: Connection<number[]>, message: string | Uint8Array): void => {
      connection.data.push(Number.parseInt(String(message), 10));
    },
  };

  get all(): number[] {
    return this.runs.flat();
  }
}

/** A number, in messages that are compressed on the spot, in another thread, or not at all. */
function textOf(number: number): string {
  const padding = number % 50 === 0 ? 300_000 : number % 10 === 0 ? 5_000 : 10;
  return `${number} ${"lorem ipsum ".repeat(padding / 12)}`;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function numbersOf(lost: readonly LostMessage[]): number[] {
  return lost.map(({ data }) => Number.parseInt(String(data), 10));
}

/** Send numbered messages, a few in each turn, while connections are reset at random times.
 * @returns what became of them, when the last one is confirmed or lost */
async function sendUnderResets(t: TestContext, resend: boolean): Promise<{ got: Receiver; lost: number[] }> {
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  const chance = chancesOf(seed);
  const got = new Receiver();
  const server = await serve<number[]>({ host: "127.0.0.1", rate: false, ...got.handlers });
  t.after(() => server.close({ timeoutMs: 0 }));
  const lost: number[] = [];
  const client = await connect(server.url, {
    message() {},
    lost: (_client, { messages, forgotten }) => {
      assert.equal(forgotten, 0);
      lost.push(...numbersOf(messages));
    },
    reconnect: {
      ...QUICK,
      queue: { maxBytes: 1 << 30, maxMessages: MESSAGES },
      acknowledge: { intervalMs: 5, maxBytes: 1 << 30, maxMessages: MESSAGES, resend },
    },
  });
  let resets = 0;
  for (let number = 0; number < MESSAGES; number++) {
    client.send(textOf(number));
    if (chance() < 0.3) await turn();
    if (chance() < 0.01) {
      for (const connection of server.connections) connection.socket?.resetAndDestroy();
      resets += 1;
    }
  }
  while (client.queuedMessages + client.unacknowledged > 0) await turn();
  client.close();
  await client.closed;
  t.diagnostic(`${resets} resets, ${got.runs.length} connections, ${lost.length} messages lost`);
  assert.ok(got.runs.length > 3);
  return { got, lost };
}

describe("a client that reconnects", () => {
  test("comes back to a server that was restarted, which gets what has waited", async (t) => {
    const got = new Receiver();
    const start = (port: number): Promise<Server<number[]>> =>
      serve<number[]>({ host: "127.0.0.1", port, ...got.handlers });
    let server = await start(0);
    t.after(() => server.close({ timeoutMs: 0 }));
    const { url } = server;
    const port = Number(new URL(url).port);
    const steps: string[] = [];
    const client = await connect(url, {
      message() {},
      open: () => steps.push("open"),
      away: (_client, { code }) => steps.push(`away ${code}`),
      lost: () => steps.push("lost"),
      reconnect: QUICK,
    });
    for (let round = 0; round < 3; round++) {
      client.send(`${round * 2} while it is there`);
      await client.ping();
      await server.close({ code: 1012, timeoutMs: 1_000 });
      assert.equal(client.send(`${round * 2 + 1} while it is away`), false);
      server = await start(port);
      while (client.state !== "open") await turn();
    }
    await client.ping();
    client.close();
    const { cause } = await client.closed;
    assert.equal(cause, "closed");
    assert.deepEqual(got.all, [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(
      steps.filter((step) => step !== "lost"),
      ["open", "away 1012", "open", "away 1012", "open", "away 1012", "open"],
    );
  });

  test("under load and resets: what is not reported as lost has arrived once, in order", {
    timeout: 120_000,
  }, async (t) => {
    const { got, lost } = await sendUnderResets(t, false);
    const reported = new Set(lost);
    assert.equal(reported.size, lost.length, "each message is reported once");
    const kept = got.all.filter((number) => !reported.has(number));
    const expected = Array.from({ length: MESSAGES }, (_, number) => number).filter((number) => !reported.has(number));
    assert.deepEqual(kept, expected);
    assert.equal(new Set(got.all).size, got.all.length, "nothing arrives twice");
  });

  test("under load and resets, with resend: everything arrives, in order on each connection", {
    timeout: 120_000,
  }, async (t) => {
    const { got, lost } = await sendUnderResets(t, true);
    assert.deepEqual(lost, []);
    assert.equal(new Set(got.all).size, MESSAGES);
    for (const run of got.runs) {
      const sorted = [...run].sort((a, b) => a - b);
      assert.deepEqual(run, sorted);
    }
  });

  test("leaves nothing behind that keeps the process", async (t) => {
    const server = await serve({ host: "127.0.0.1", message() {} });
    t.after(() => server.close({ timeoutMs: 0 }));
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => connect(server.url, { message() {}, reconnect: QUICK })),
    );
    for (const client of clients) client.send("x");
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.connection?.terminate();
      client.close();
    }
    await Promise.all(clients.map(({ closed }) => closed));
    assert.ok(timers() <= before, `${timers()} timers, ${before} before`);
  });
});
