import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { UsageError } from "../../../src/engine/errors.ts";
import { connect } from "../../../src/node/client/connect.ts";
import { prepare } from "../../../src/node/connection/prepared-message.ts";
import { Connection } from "../../../src/node/connection/connection.ts";
import { connectFor, connectLogged, Log, nameOf, QUICK, serveFor } from "./reconnecting-rig.ts";

/** A server that refuses every handshake. */
async function refuse(
  t: { after(end: () => unknown): void },
  statusCode: number,
  headers: http.OutgoingHttpHeaders = {},
): Promise<{ url: string; asked: number[] }> {
  const asked: number[] = [];
  const server = http.createServer((_request, response) => {
    asked.push(performance.now());
    response.writeHead(statusCode, { connection: "close", ...headers }).end();
  });
  t.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe("connect with reconnect", () => {
  test("without it nothing is as it was not: a single connection", async (t) => {
    const server = await serveFor(t);
    const connection = await connect(server.url, { reconnect: false });
    assert.ok(connection instanceof Connection);
    connection.close();
    await assert.rejects(
      Reflect.apply(connect, undefined, [() => server.url, {}]),
      /^UsageError: the URL is a function; give one only together with reconnect/,
    );
    await assert.rejects(Reflect.apply(connect, undefined, [server.url, { headers: () => [] }]), UsageError);
  });

  test("resolves at the first opening, and exchanges messages", async (t) => {
    const server = await serveFor(t, { message: (connection, message) => void connection.send(message) });
    const { client, log } = await connectFor(t, server.url);
    assert.deepEqual(log.lines, ["attempt 1", "open 101 1 true"]);
    assert.deepEqual([client.state, client.attempts, client.connection?.state], ["open", 0, "open"]);
    assert.equal(client.send("hello"), true);
    await log.until("message hello");
    client.send(new Uint8Array([104, 105]), { kind: "text" });
    await log.until("message hi");
    client.send(prepare("prepared"));
    await log.until("message prepared");
    assert.ok((await client.ping()) > 0);
    client.close(4001, "done");
    assert.deepEqual(await log.until("close"), ["close closed 4001"]);
    assert.equal((await client.closed).last?.reason, "done");
    await assert.rejects(client.ping(), { code: "CONNECTION_CLOSED" });
  });

  test("what awaits it runs before the first message is handed over", async (t) => {
    const server = await serveFor(t, { open: (connection) => void connection.send("early") });
    const order: string[] = [];
    const client = await connect(server.url, {
      message: () => order.push("message"),
      pong: () => order.push("pong"),
      reconnect: true,
    });
    order.push("awaited");
    await client.ping();
    assert.deepEqual(order, ["awaited", "message", "pong"]);
    client.close();
    await client.closed;
  });

  test("the handlers are called on the options, with the application's data", async (t) => {
    const server = await serveFor(t, { message: (connection, message) => void connection.send(message) });
    const seen: unknown[] = [];
    const options = {
      data: { name: "lasting" },
      open(this: unknown, client: { data: { name: string } }) {
        seen.push(this === options, client.data.name);
      },
      message(this: unknown, client: { data: { name: string } }) {
        seen.push(this === options, client.data.name);
      },
      away(this: unknown) {
        seen.push(this === options);
      },
      reconnect: QUICK,
    };
    const client = await connect(server.url, options);
    assert.equal(client.connection?.data.name, "lasting");
    client.send("x");
    await client.ping();
    client.connection?.terminate();
    while (seen.length < 7) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, [true, "lasting", true, "lasting", true, true, "lasting"]);
    client.close();
    await client.closed;
  });

  test("dials again when the server ends the connection, with what has waited", async (t) => {
    const got: string[] = [];
    const server = await serveFor(t, { message: (_connection, message) => void got.push(String(message)) });
    const { client, log } = await connectFor(t, server.url);
    log.lines.length = 0;
    for (const connection of server.connections) connection.close(1012);
    assert.deepEqual(await log.until("away"), ["away 1012 true"]);
    assert.deepEqual([client.state, client.connection], ["away", undefined]);
    assert.equal(client.send("waited"), false);
    assert.equal(client.queuedMessages, 1);
    await log.until("open");
    await client.ping();
    assert.deepEqual(got, ["waited"]);
  });

  test("does not when the close code says that there is no sense in it", async (t) => {
    const server = await serveFor(t);
    const { client, log } = await connectFor(t, server.url);
    for (const connection of server.connections) connection.close(1008, "no more");
    await client.closed;
    assert.deepEqual(log.lines.slice(-2), ["away 1008 false", "close stopped 1008"]);
  });

  test("or a function does", async (t) => {
    const server = await serveFor(t);
    const seen: number[] = [];
    const stopCodes = ({ code }: { code: number }): boolean => {
      seen.push(code);
      return code === 4000;
    };
    const { client, log } = await connectFor(t, server.url, { reconnect: { ...QUICK, stopCodes } });
    for (const connection of server.connections) connection.close(1000);
    await log.until("away");
    await log.until("open");
    for (const connection of server.connections) connection.close(4000);
    assert.equal((await client.closed).cause, "stopped");
    assert.deepEqual(seen, [1000, 4000]);
  });

  test("a handler that fails ends the single connection with 1011, and the next one comes", async (t) => {
    const server = await serveFor(t, { open: (connection) => void connection.send("x") });
    let failures = 0;
    const { log } = await connectFor(t, server.url, {
      message() {
        if (failures++ === 0) throw new Error("no");
      },
    });
    await log.until("error HANDLER_FAILED");
    assert.deepEqual((await log.until("away")).at(-1), "away 1011 true");
    await log.until("open");
  });

  test("a handler of a step that fails is reported, and holds nothing up", async (t) => {
    const server = await serveFor(t);
    const { log } = await connectFor(t, server.url, {
      attempt: () => Promise.reject(new Error("rejected")),
      away() {
        throw new Error("thrown");
      },
      reconnect: {
        ...QUICK,
        stopCodes() {
          throw new Error("undecided");
        },
      },
    });
    await log.until("error HANDLER_FAILED the handler attempt failed: rejected");
    for (const connection of server.connections) connection.terminate();
    await log.until("error HANDLER_FAILED the handler stopCodes failed: undecided");
    await log.until("error HANDLER_FAILED the handler away failed: thrown");
    await log.until("open");
  });
});

describe("connect with reconnect: providers", () => {
  test("the URL and the headers are made for each attempt, with what is known of it", async (t) => {
    const seen: unknown[] = [];
    const server = await serveFor(t, { open: (_connection, request) => void seen.push(request.headers["x-token"]) });
    let made = 0;
    const causes: unknown[] = [];
    const { log } = await connectFor(t, async () => server.url, {
      headers: async ({ number, isFirst, cause }) => {
        made += 1;
        causes.push([number, isFirst, cause === undefined]);
        return { "X-Token": `token-${made}` };
      },
    });
    for (const connection of server.connections) connection.terminate();
    await log.until("away");
    await log.until("open");
    assert.deepEqual(seen, ["token-1", "token-2"]);
    assert.deepEqual(causes, [
      [1, true, true],
      [2, false, false],
    ]);
  });

  for (const [how, fail] of [
    ["rejects", () => Promise.reject(new Error("no token"))],
    [
      "throws",
      () => {
        throw new Error("no token");
      },
    ],
  ] as const) {
    test(`one that ${how} is a failed attempt, and no more`, async (t) => {
      const server = await serveFor(t);
      let calls = 0;
      const { log } = await connectFor(t, () => (++calls < 3 ? fail() : server.url));
      assert.deepEqual(log.lines, [
        ...["attempt 1", "attemptFailed no token true"],
        ...["attempt 2", "attemptFailed no token true"],
        ...["attempt 3", "open 101 3 true"],
      ]);
    });
  }

  test("what cannot be used is a failed attempt, too", async (t) => {
    const server = await serveFor(t);
    const urls = ["no URL", "ftp://example.org", server.url];
    const headers = [{}, {}, { "bad name": "x" }, { Upgrade: "x" }, {}];
    const { log } = await connectFor(t, ({ number }) => urls[number - 1] ?? server.url, {
      headers: ({ number }) => headers[number - 1] ?? {},
    });
    assert.deepEqual(
      log.lines.filter((line) => !line.startsWith("attempt ")),
      [...Array.from({ length: 4 }, () => "attemptFailed USAGE true"), "open 101 5 true"],
    );
  });

  test("one that never answers is given up after the handshake's time", async (t) => {
    const server = await serveFor(t);
    let calls = 0;
    const { log } = await connectFor(t, () => (++calls === 1 ? new Promise(() => {}) : server.url), {
      handshakeTimeoutMs: 30,
    });
    assert.deepEqual(log.lines.slice(0, 2), ["attempt 1", "attemptFailed HANDSHAKE_TIMEOUT true"]);
  });

  test("one that answers too late opens nothing", async (t) => {
    const server = await serveFor(t);
    const late: (() => void)[] = [];
    const { client, log } = await connectFor(
      t,
      ({ number }) => (number === 1 ? new Promise((resolve) => late.push(() => resolve(server.url))) : server.url),
      { handshakeTimeoutMs: 300 },
    );
    assert.deepEqual(log.lines.slice(0, 3), ["attempt 1", "attemptFailed HANDSHAKE_TIMEOUT true", "attempt 2"]);
    late[0]?.();
    // Whoever was to dial has done so before this connection's ping is answered, and the other's opening before the second's
    await client.ping();
    await client.ping();
    assert.deepEqual([server.connections.size, server.stats().opened], [1, 1]);
  });

  test("headers that can be read but once are sent each time", async (t) => {
    const seen: unknown[] = [];
    const server = await serveFor(t, { open: (_connection, { headers }) => void seen.push(headers["x-once"]) });
    function* pairs(): Iterable<readonly [string, string]> {
      yield ["X-Once", "value"];
    }
    const { log } = await connectFor(t, server.url, { headers: pairs() });
    for (const connection of server.connections) connection.terminate();
    await log.until("away");
    await log.until("open");
    assert.deepEqual(seen, ["value", "value"]);
  });
});

describe("connect with reconnect: what it cannot get", () => {
  test("nobody there: maxAttempts attempts, then the last one's error", async () => {
    const log = new Log();
    // Port 9 of the loopback: nobody listens there
    await assert.rejects(connectLogged("ws://127.0.0.1:9", log, { reconnect: { ...QUICK, maxAttempts: 3 } }), {
      code: "CONNECT_FAILED",
    });
    assert.deepEqual(log.lines, [
      ...["attempt 1", "attemptFailed CONNECT_FAILED true"],
      ...["attempt 2", "attemptFailed CONNECT_FAILED true"],
      ...["attempt 3", "attemptFailed CONNECT_FAILED false"],
    ]);
  });

  for (const statusCode of [400, 401, 403, 404, 405, 410, 426, 501]) {
    test(`a refusal with ${statusCode} ends it`, async (t) => {
      const { url, asked } = await refuse(t, statusCode);
      await assert.rejects(connectLogged(url, new Log()), { statusCode });
      assert.equal(asked.length, 1);
    });
  }

  test("which statuses do may be said, or asked", async (t) => {
    const { url, asked } = await refuse(t, 401);
    const never = { ...QUICK, maxAttempts: 2, stopStatuses: [] };
    await assert.rejects(connectLogged(url, new Log(), { reconnect: never }), { statusCode: 401 });
    assert.equal(asked.length, 2);
    const seen: string[] = [];
    const stopStatuses = (error: unknown): boolean => {
      seen.push(nameOf(error));
      return seen.length === 2;
    };
    await assert.rejects(connectLogged(url, new Log(), { reconnect: { ...QUICK, stopStatuses } }));
    assert.deepEqual(seen, ["STATUS_NOT_101", "STATUS_NOT_101"]);
  });

  for (const [statusCode, value] of [
    [503, "1"],
    [429, () => new Date(Date.now() + 2_000).toUTCString()],
  ] as const) {
    test(`Retry-After of a ${statusCode} is waited for`, async (t) => {
      const { url, asked } = await refuse(t, statusCode, {
        "retry-after": typeof value === "string" ? value : value(),
      });
      const log = new Log();
      await assert.rejects(connectLogged(url, log, { reconnect: { ...QUICK, maxAttempts: 2 } }), { statusCode });
      const [first = 0, second = 0] = asked;
      // A date has no milliseconds
      assert.ok(second - first >= 900, `${second - first} ms`);
    });
  }

  for (const value of ["soon", "-5", "", "Thu, 01 Jan 1970 00:00:00 GMT"]) {
    test(`Retry-After: ${JSON.stringify(value)} is not`, async (t) => {
      const { url, asked } = await refuse(t, 503, { "retry-after": value });
      const delays: number[] = [];
      const attempt = (_client: unknown, { delayMs }: { delayMs: number }): number => delays.push(delayMs);
      await assert.rejects(connectLogged(url, new Log(), { attempt, reconnect: { ...QUICK, maxAttempts: 2 } }));
      assert.equal(asked.length, 2);
      assert.ok(
        delays.every((delayMs) => delayMs >= 0 && delayMs <= 20),
        String(delays),
      );
    });
  }
});

describe("connect with reconnect: connections that are no use", () => {
  test("a server that answers too late is left", async (t) => {
    const gone = new Log();
    const later: (() => void)[] = [];
    const server = await serveFor(t, {
      upgrade: () =>
        later.length > 0 ? undefined : new Promise<undefined>((resolve) => later.push(() => resolve(undefined))),
      upgradeError: (error) => gone.add(error.code),
    });
    const { log } = await connectFor(t, server.url, { handshakeTimeoutMs: 300 });
    assert.deepEqual(log.lines.slice(0, 3), ["attempt 1", "attemptFailed HANDSHAKE_TIMEOUT true", "attempt 2"]);
    assert.deepEqual(await gone.until("PEER_GONE"), ["PEER_GONE"]);
    later[0]?.();
  });

  test("what a connection drops by its own policy is lost, and the connection goes on", async (t) => {
    const server = await serveFor(t);
    const { client, log } = await connectFor(t, server.url, {
      backpressure: { maxBufferedBytes: 1_000_000, policy: "drop" },
      compression: false,
    });
    for (const connection of server.connections) connection.pause();
    for (let i = 0; i < 200; i++) client.send("x".repeat(100_000));
    await log.until("lost full 1 0");
    assert.equal(client.unacknowledged, 200 - log.lost.length);
    assert.equal(client.state, "open");
  });
});

describe("connect with reconnect: the signal", () => {
  test("that was aborted before", async () => {
    const signal = AbortSignal.abort(new Error("before"));
    const log = new Log();
    await assert.rejects(connectLogged("ws://127.0.0.1:9", log, { signal }), /^Error: before$/);
    assert.deepEqual(log.lines, []);
  });

  for (const stage of ["attempt", "attemptFailed"]) {
    test(`at ${stage}`, async () => {
      const controller = new AbortController();
      const abort = (): void => controller.abort(new Error("enough"));
      const promise = connect("ws://127.0.0.1:9", {
        [stage]: abort,
        signal: controller.signal,
        reconnect: QUICK,
      });
      await assert.rejects(promise, /^Error: enough$/);
    });
  }

  test("while a provider is waited for", async () => {
    const controller = new AbortController();
    const url = (): Promise<string> => {
      setImmediate(() => controller.abort(new Error("enough")));
      return new Promise(() => {});
    };
    await assert.rejects(connectLogged(url, new Log(), { signal: controller.signal }), /^Error: enough$/);
  });

  test("while the server thinks", async (t) => {
    const controller = new AbortController();
    const server = await serveFor(t, {
      upgrade: () => {
        controller.abort(new Error("enough"));
        return new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
      },
    });
    await assert.rejects(connectLogged(server.url, new Log(), { signal: controller.signal }), /^Error: enough$/);
  });

  test("later closes the connection with 1001, and all ends", async (t) => {
    const ends = new Log();
    const server = await serveFor(t, { close: (_connection, { code }) => ends.add(`close ${code}`) });
    const controller = new AbortController();
    const { client } = await connectFor(t, server.url, { signal: controller.signal });
    controller.abort(new Error("enough"));
    const { cause, error, last } = await client.closed;
    assert.deepEqual([cause, String(error), last?.code], ["aborted", "Error: enough", 1001]);
    assert.deepEqual(await ends.until("close"), ["close 1001"]);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  test("while it waits for the next attempt", async (t) => {
    const server = await serveFor(t);
    const controller = new AbortController();
    const { client, log } = await connectFor(t, server.url, {
      signal: controller.signal,
      reconnect: { minDelayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    await server.close({ timeoutMs: 0 });
    await log.until("away");
    controller.abort(new Error("enough"));
    assert.equal((await client.closed).cause, "aborted");
  });
});

describe("connect with reconnect: mistakes", () => {
  for (const [what, options, text] of [
    ["a name", { minDelay: 5 }, /have no "minDelay"; did you mean minDelayMs/],
    ["a number", { minDelayMs: -1 }, /^UsageError: reconnect.minDelayMs is -1/],
    ["half an attempt", { maxAttempts: 1.5 }, /^UsageError: reconnect.maxAttempts is 1.5/],
    ["a policy", { queue: { policy: "drop-newest" } }, /^UsageError: reconnect.queue.policy is drop-newest/],
    ["a queue's name", { queue: { maxByte: 5 } }, /have no "maxByte"; did you mean maxBytes/],
    ["a size", { acknowledge: { maxBytes: 0 } }, /^UsageError: reconnect.acknowledge.maxBytes is 0/],
    ["a flag", { acknowledge: { resend: "yes" } }, /^UsageError: reconnect.acknowledge.resend is yes/],
    ["codes", { stopCodes: 1000 }, /^UsageError: reconnect.stopCodes is of type number/],
    ["statuses", { stopStatuses: ["401"] }, /^UsageError: reconnect.stopStatuses is of type object/],
    ["no options", null, /^UsageError: the options of reconnect are null/],
    ["a word", "yes", /^UsageError: the options of reconnect are yes/],
  ] as const) {
    test(`${what} that cannot be`, async () => {
      const call = Reflect.apply(connect, undefined, ["ws://127.0.0.1:9", { reconnect: options }]);
      await assert.rejects(call, text);
    });
  }

  test("that can be known before the first attempt are told without one", async () => {
    for (const [url, options] of [
      ["no URL", {}],
      ["ws://127.0.0.1:9", { headers: { "bad name": "x" } }],
      ["ws://127.0.0.1:9", { origin: "a\nb" }],
      ["ws://127.0.0.1:9", { limits: { maxMessageBytes: -1 } }],
      ["ws://127.0.0.1:9", { away: "no function" }],
      ["ws://127.0.0.1:9", { onMessage() {} }],
    ] as const) {
      const log = new Log();
      await assert.rejects(
        Reflect.apply(connectLogged, undefined, [url, log, options]),
        UsageError,
        JSON.stringify([url, options]),
      );
      assert.deepEqual(log.lines, []);
    }
  });

  test("in what is sent are told at once, with and without a connection", async (t) => {
    const server = await serveFor(t);
    const { client, log } = await connectFor(t, server.url);
    const send = (...values: unknown[]): unknown => Reflect.apply(client.send, client, values);
    for (const state of ["open", "away"]) {
      if (state === "away") {
        await server.close({ timeoutMs: 0 });
        await log.until("away");
      }
      assert.throws(() => send(new Uint8Array([0xff]), { kind: "text" }), UsageError, state);
      assert.throws(() => send("x", { kind: "other" }), UsageError, state);
      assert.throws(() => send({}), UsageError, state);
      assert.throws(() => send(new Blob(["x"])), /^UsageError: a message of type object cannot be kept/, state);
      assert.throws(() => send(prepare("x"), {}), UsageError, state);
      assert.throws(() => client.close(1005), UsageError, state);
    }
    assert.equal(client.queuedMessages, 0);
  });
});
