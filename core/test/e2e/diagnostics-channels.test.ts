import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, type TestContext, test } from "node:test";
import { type Connection, connect, prepare, type ServeOptions, type Server, serve } from "../../src/node/index.ts";

const NAMES = ["upgrade", "open", "message", "drop", "error", "close"] as const;
type Name = (typeof NAMES)[number];
type Field =
  | "connection"
  | "request"
  | "statusCode"
  | "error"
  | "direction"
  | "kind"
  | "data"
  | "reason"
  | "bytes"
  | "event";
type Told = { readonly name: Name } & { readonly [field in Field]?: unknown };

/** Hear all channels until the test is over. */
function listen(t: TestContext): Told[] {
  const told: Told[] = [];
  for (const name of NAMES) {
    const hear = (event: unknown): void => {
      assert.ok(typeof event === "object");
      told.push({ name, ...event });
    };
    subscribe(`polysocket:${name}`, hear);
    t.after(() => unsubscribe(`polysocket:${name}`, hear));
  }
  return told;
}

async function start(t: TestContext, options: ServeOptions): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", ...options });
  t.after(() => server.close());
  return server;
}

/** The server's own end of the only connection there is. */
function endOf(server: Server): Connection {
  const [connection, ...others] = server.connections;
  assert.ok(connection !== undefined && others.length === 0);
  return connection;
}

const namesOf = (told: readonly Told[]): string[] => told.map(({ name }) => name);
const of = (told: readonly Told[], connection: Connection): Told[] =>
  told.filter((event) => event.connection === connection);

describe("the diagnostics channels", { timeout: 20_000 }, () => {
  test("tell of both ends of a connection: the same objects as the handlers get, and just before them", async (t) => {
    const told = listen(t);
    const seen: unknown[] = [];
    const server = await start(t, {
      upgrade(request) {
        seen.push(["upgrade", request, told.length]);
      },
      open(_connection, request) {
        seen.push(["open", request, namesOf(told).includes("open")]);
      },
      message(connection, message, kind) {
        seen.push(["message", message, told.at(-1)?.data === message]);
        connection.send(message, { kind });
      },
      close(_connection, event) {
        seen.push(["close", event, told.some((other) => other.event === event)]);
      },
    });
    const client = await connect(server.url, { message: (connection) => connection.close(4_000, "enough") });
    const accepted = endOf(server);
    client.send("hello");
    await Promise.all([client.closed, accepted.closed]);

    const [upgrade] = told;
    const [, request] = seen[0] as [string, unknown, number];
    assert.deepEqual({ ...upgrade }, { name: "upgrade", request, statusCode: 101, error: undefined });
    const [open, received, sent, close] = of(told, accepted);
    assert.deepEqual(namesOf(of(told, accepted)), ["open", "message", "message", "close"]);
    assert.equal(open?.request, request);
    assert.deepEqual([received?.direction, received?.kind, received?.data], ["received", "text", "hello"]);
    assert.deepEqual([sent?.direction, sent?.kind, sent?.data], ["sent", "text", "hello"]);
    assert.equal(close?.event, await accepted.closed);
    assert.deepEqual(seen.slice(1), [
      ["open", request, true],
      ["message", "hello", true],
      ["close", close?.event, true],
    ]);

    const ofClient = of(told, client);
    assert.deepEqual(namesOf(ofClient), ["open", "message", "message", "close"]);
    assert.equal(Reflect.get(Object(ofClient[0]?.request), "statusCode"), 101, "a client's request is the response");
    assert.deepEqual([ofClient[1]?.direction, ofClient[2]?.direction], ["sent", "received"]);
    assert.equal(Reflect.get(Object(ofClient[3]?.event), "code"), 4_000);
  });

  test("upgrade tells of refusals, with the error and the status that is answered", async (t) => {
    const told = listen(t);
    const server = await start(t, { upgrade: () => ({ statusCode: 402 }) });
    await assert.rejects(connect(server.url), { statusCode: 402 });
    await assert.rejects(connect(server.url, { origin: "https://elsewhere.example" }), { statusCode: 403 });
    assert.deepEqual(
      told.map(({ name, statusCode, error }) => [name, statusCode, Reflect.get(Object(error), "code")]),
      [
        ["upgrade", 402, "UPGRADE_REFUSED"],
        ["upgrade", 403, "ORIGIN_REFUSED"],
      ],
    );
  });

  test("message tells what was prepared or published once for each who accepted it, and bytes as they were given", async (t) => {
    const told = listen(t);
    const server = await start(t, { open: (connection) => connection.subscribe("all") });
    const clients = await Promise.all([connect(server.url), connect(server.url)]);
    assert.equal(server.publish("all", "news"), 2);
    const [first] = [...server.connections];
    const bytes = Uint8Array.of(1, 2, 3);
    first?.send(bytes);
    first?.send(prepare("ready"));
    const sent = told.filter(({ direction }) => direction === "sent");
    assert.deepEqual(
      sent.map(({ kind, data }) => [
        kind,
        typeof data === "string" ? data : Buffer.from(data as Uint8Array).toString(),
      ]),
      [
        ["text", "news"],
        ["text", "news"],
        ["binary", "\u0001\u0002\u0003"],
        ["text", "ready"],
      ],
    );
    assert.equal(sent[2]?.data, bytes);
    for (const client of clients) client.close();
  });

  test("error and close tell what a peer has done wrong", async (t) => {
    const told = listen(t);
    const server = await start(t, { limits: { maxMessageBytes: 10 }, error() {} });
    const client = await connect(server.url);
    const accepted = endOf(server);
    client.send("x".repeat(11));
    await accepted.closed;
    const [, error, close] = of(told, accepted);
    assert.equal(Reflect.get(Object(error?.error), "code"), "MESSAGE_TOO_BIG");
    assert.equal(error?.name, "error");
    assert.equal(Reflect.get(Object(close?.event), "error"), error?.error);
  });

  test("drop tells what was sent too late, and what came too quickly", async (t) => {
    const told = listen(t);
    const handed: unknown[] = [];
    const rate = { messagesPerSecond: 1, burstMs: 2_000, policy: "drop" } as const;
    const server = await start(t, { rate, message: (_connection, message) => handed.push(message), error() {} });
    const client = await connect(server.url);
    const accepted = endOf(server);
    for (let i = 0; i < 10; i++) client.send(`message ${i}`);
    client.close();
    await Promise.all([client.closed, accepted.closed]);
    const refused = told.filter(({ name, reason }) => name === "drop" && reason === "rate");
    assert.equal(refused.length, 10 - handed.length);
    assert.ok(refused.length > 0 && refused.every(({ connection, bytes }) => connection === accepted && bytes === 9));
    assert.equal(server.stats().messagesRefused, refused.length);

    assert.equal(accepted.send("too late"), false);
    assert.deepEqual([told.at(-1)?.connection, told.at(-1)?.reason], [accepted, "closed"]);
    assert.ok(!told.some(({ name, data }) => name === "message" && data === "too late"));
  });
});
