/** The WebSocket class in the place of a browser's: under client libraries that expect one, given to them or as the global. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { type Client, createClient } from "graphql-ws";
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from "graphql-ws";
import { CloseEvent, type Server, serve, WebSocket } from "polysocket";
import { firstValueFrom, lastValueFrom, take, toArray } from "rxjs";
import { webSocket } from "rxjs/webSocket";

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: {
      hello: {
        type: GraphQLString,
        args: { name: { type: GraphQLString } },
        resolve: (_source, { name }: { name?: string }) => `hello ${name ?? "world"}`,
      },
    },
  }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      greetings: {
        type: GraphQLString,
        async *subscribe() {
          for (const greeting of ["Hi", "Grüße", "こんにちは"]) yield { greetings: greeting };
        },
      },
    },
  }),
});

interface Talk {
  received(message: string): Promise<void>;
  closed(code: number, reason: string): void;
}

/** graphql-ws's own server behind ours: it takes any socket. */
async function serveGraphql(t: TestContext): Promise<Server<Talk | undefined>> {
  const graphql = makeServer({ schema });
  const server = await serve<Talk | undefined>({
    host: "127.0.0.1",
    path: "/graphql",
    subprotocols: [GRAPHQL_TRANSPORT_WS_PROTOCOL],
    open(connection) {
      let receive = (_message: string): Promise<void> => Promise.resolve();
      const closed = graphql.opened(
        {
          protocol: connection.subprotocol,
          send: (message) => void connection.send(message),
          close: (code, reason) => connection.close(code, reason),
          onMessage(listener) {
            receive = listener;
          },
        },
        {},
      );
      connection.data = { received: (message) => receive(message), closed };
    },
    message: (connection, message) => connection.data?.received(String(message)),
    close: (connection, { code, reason }) => void connection.data?.closed(code, reason),
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** Put a class where scripts of browsers find it, for one test. */
function setGlobal(t: TestContext, name: string, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => {
    if (before === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, before);
  });
}

async function valuesOf(client: Client, query: string, variables: Record<string, unknown> = {}): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { data, errors } of client.iterate({ query, variables })) values.push(errors ?? { ...data });
  return values;
}

async function checkClient(client: Client): Promise<void> {
  const hello = "query ($name: String) { hello(name: $name) }";
  assert.deepEqual(await valuesOf(client, hello), [{ hello: "hello world" }]);
  assert.deepEqual(await valuesOf(client, hello, { name: "é\u20ac\ud83d\ude00" }), [
    { hello: "hello é\u20ac\ud83d\ude00" },
  ]);
  const greetings = await valuesOf(client, "subscription { greetings }");
  assert.deepEqual(greetings, [{ greetings: "Hi" }, { greetings: "Grüße" }, { greetings: "こんにちは" }]);
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => valuesOf(client, hello, { name: String(i) })));
  assert.deepEqual(
    many,
    Array.from({ length: 50 }, (_, i) => [{ hello: `hello ${i}` }]),
  );
}

describe("graphql-ws over polysocket's WebSocket", () => {
  test("queries and subscribes with the class given to it", async (t) => {
    const server = await serveGraphql(t);
    const events: string[] = [];
    const client = createClient({
      url: server.url,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      on: { opened: () => events.push("opened"), connected: () => events.push("connected") },
    });
    await checkClient(client);
    const closed = new Promise((resolve) => client.on("closed", resolve));
    await client.dispose();
    const event = await closed;
    assert.ok(event instanceof CloseEvent);
    assert.deepEqual([event.code, event.reason, event.wasClean], [1000, "Normal Closure", true]);
    assert.deepEqual(events, ["opened", "connected"]);
  });

  test("finds the class as the global WebSocket", async (t) => {
    setGlobal(t, "WebSocket", WebSocket);
    const server = await serveGraphql(t);
    const client = createClient({ url: server.url, retryAttempts: 0 });
    await checkClient(client);
    await client.dispose();
  });

  test("is told of a server that closes with a code of its own, and tries no more for it", async (t) => {
    const server = await serveGraphql(t);
    const client = createClient({
      url: server.url,
      webSocketImpl: WebSocket,
      retryAttempts: 3,
      on: {
        opened: (socket) => {
          assert.ok(socket instanceof WebSocket);
          socket.send("no JSON");
        },
      },
    });
    const failure = await new Promise((resolve) => {
      client.subscribe({ query: "{ hello }" }, { next() {}, complete() {}, error: resolve });
    });
    assert.ok(failure instanceof CloseEvent);
    assert.deepEqual([failure.code, failure.reason], [4400, "Invalid message received"]);
  });

  test("tries again after a connection that failed", async (t) => {
    const server = await serveGraphql(t);
    let attempts = 0;
    const client = createClient({
      url: () => (++attempts === 1 ? server.url.replace("/graphql", "/missing") : server.url),
      webSocketImpl: WebSocket,
      retryAttempts: 2,
      retryWait: () => Promise.resolve(),
      shouldRetry: () => true,
    });
    assert.deepEqual(await valuesOf(client, "{ hello }"), [{ hello: "hello world" }]);
    assert.equal(attempts, 2);
    await client.dispose();
  });
});

describe("rxjs over polysocket's WebSocket", () => {
  async function serveEcho(t: TestContext): Promise<Server> {
    const server = await serve({
      host: "127.0.0.1",
      subprotocols: ["echo"],
      message: (connection, message) => void connection.send(message),
    });
    t.after(() => server.close({ timeoutMs: 0 }));
    return server;
  }

  test("its subject sends and receives with the class given to it", async (t) => {
    const { url } = await serveEcho(t);
    const subject = webSocket<unknown>({ url, protocol: "echo", WebSocketCtor: WebSocket });
    const values = firstValueFrom(subject.pipe(take(3), toArray()));
    for (const value of [{ n: 1 }, "é\u20ac", [3]]) subject.next(value);
    assert.deepEqual(await values, [{ n: 1 }, "é\u20ac", [3]]);
  });

  test("its subject finds the class as the global WebSocket", async (t) => {
    setGlobal(t, "WebSocket", WebSocket);
    const { url } = await serveEcho(t);
    const subject = webSocket<number>(url);
    const values = firstValueFrom(subject.pipe(take(2), toArray()));
    subject.next(1);
    subject.next(2);
    assert.deepEqual(await values, [1, 2]);
  });

  test("its observers hear of opening and closing, code and reason included", async (t) => {
    const { url } = await serveEcho(t);
    const seen: unknown[] = [];
    const closed = new Promise<void>((resolve) => {
      const subject = webSocket<unknown>({
        url,
        WebSocketCtor: WebSocket,
        openObserver: { next: ({ type }) => seen.push(type) },
        closingObserver: { next: () => seen.push("closing") },
        closeObserver: {
          next: ({ code, reason, wasClean }) => {
            seen.push(code, reason, wasClean);
            resolve();
          },
        },
      });
      subject.subscribe(() => subject.error({ code: 4001, reason: "enough" }));
      subject.next("go");
    });
    await closed;
    assert.deepEqual(seen, ["open", "closing", 4001, "enough", true]);
  });

  test("binary messages come as what binaryType says", async (t) => {
    const { url } = await serveEcho(t);
    const subject = webSocket<Uint8Array>({
      url,
      WebSocketCtor: WebSocket,
      binaryType: "arraybuffer",
      serializer: (value) => value,
      deserializer: ({ data }) => new Uint8Array(data),
    });
    const values = firstValueFrom(subject);
    subject.next(Uint8Array.of(1, 2, 3));
    assert.deepEqual(await values, Uint8Array.of(1, 2, 3));
    subject.complete();
  });

  test("a connection that fails is the stream's error", async (t) => {
    const { url } = await serveEcho(t);
    const subject = webSocket<unknown>({ url: `${url}/missing?`, WebSocketCtor: WebSocket, protocol: "unknown" });
    await assert.rejects(lastValueFrom(subject), (error: unknown) => error instanceof Event && error.type === "error");
  });
});
