import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { connect } from "../../src/node/index.ts";
import { ExampleProcess, type ServerProcess } from "./example-process.ts";

interface ExportedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links: readonly string[];
  readonly durationMs: number;
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const CALLER = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const ERROR = 2;

async function serve(t: TestContext, ratio: string): Promise<ServerProcess> {
  const server = await ExampleProcess.serve("tracing/server.js", { MESSAGE_RATIO: ratio });
  t.after(() => server.kill());
  return server;
}

/** End it, whereupon all spans have been exported. */
async function spansOf(server: ServerProcess): Promise<ExportedSpan[]> {
  server.signal("SIGTERM");
  assert.equal(await server.end(), 0);
  const lines = server.said.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line));
}

/** One connection that sends this, and closes when all of it was answered. */
async function visit(url: string, messages: readonly string[], headers: Record<string, string> = {}): Promise<void> {
  const connection = await connect(url, { headers });
  const answers = connection[Symbol.asyncIterator]();
  for (const message of messages) {
    connection.send(message);
    await answers.next();
  }
  connection.close(1_000);
  await connection.closed;
}

function only(spans: readonly ExportedSpan[], name: string): ExportedSpan {
  const found = spans.filter((span) => span.name === name);
  const [span] = found;
  assert.ok(span !== undefined && found.length === 1, `${found.length} spans ${name}`);
  return span;
}

describe("the tracing example", { timeout: 60_000 }, () => {
  test("the upgrade is a child of the client's span; messages and the end have traces of their own, linked to it", async (t) => {
    const server = await serve(t, "1");
    const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
    await visit(`${server.url}/room`, ["hello"], { traceparent });
    const spans = await spansOf(server);
    assert.equal(spans.length, 5);

    const upgrade = only(spans, "websocket upgrade");
    assert.deepEqual([upgrade.traceId, upgrade.parentSpanId], [CALLER.traceId, CALLER.spanId]);
    assert.deepEqual(upgrade.attributes, {
      "http.request.method": "GET",
      "http.response.status_code": 101,
      "network.protocol.version": "1.1",
      "url.path": "/room",
    });
    const user = only(spans, "look up user");
    assert.deepEqual([user.traceId, user.parentSpanId], [CALLER.traceId, upgrade.spanId]);
    assert.ok(upgrade.durationMs >= user.durationMs - 1, "the upgrade's span has the application's time in it");

    const message = only(spans, "websocket message");
    const answer = only(spans, "work out answer");
    const close = only(spans, "websocket close");
    assert.deepEqual([answer.traceId, answer.parentSpanId], [message.traceId, message.spanId]);
    assert.ok(message.durationMs >= answer.durationMs - 1, "the message's span lasts until the promise is settled");
    for (const span of [message, close]) {
      assert.deepEqual([span.links, span.parentSpanId], [[upgrade.spanId], undefined]);
      assert.notEqual(span.traceId, upgrade.traceId);
    }
    assert.equal(message.attributes["websocket.message.length"], 5);
    assert.equal(close.attributes["websocket.close.code"], 1_000);
    assert.equal(close.attributes["websocket.close.clean"], true);
    assert.equal(close.status, 0);
  });

  test("what is refused has a span with its status, also where the application was not asked", async (t) => {
    const server = await serve(t, "1");
    await assert.rejects(connect(`${server.url}/?user=nobody`), { statusCode: 401 });
    await assert.rejects(connect(server.url, { origin: "https://elsewhere.example" }), { statusCode: 403 });
    const spans = (await spansOf(server)).filter(({ name }) => name.startsWith("websocket"));
    const seen = spans.map(({ name, status, attributes }) => {
      return [name, attributes["http.response.status_code"], attributes["error.type"], status];
    });
    assert.deepEqual(seen, [
      ["websocket upgrade", 401, "UPGRADE_REFUSED", 0],
      ["websocket upgrade", 403, "ORIGIN_REFUSED", 0],
    ]);
  });

  test("a handler that fails marks the message's span, and the end tells the code", async (t) => {
    const server = await serve(t, "1");
    await visit(server.url, ["fail"]);
    const spans = await spansOf(server);
    assert.equal(only(spans, "websocket message").status, ERROR);
    assert.equal(only(spans, "websocket close").attributes["websocket.close.code"], 1_011);
  });

  test("a peer that vanishes marks the end's span with the error's code", async (t) => {
    const server = await serve(t, "1");
    const connection = await connect(server.url);
    connection.terminate();
    await connection.closed;
    const close = only(await spansOf(server), "websocket close");
    assert.equal(close.attributes["websocket.close.code"], 1_006);
    assert.equal(close.attributes["websocket.close.clean"], false);
  });

  test("with a ratio of 0.5 some of the messages have spans and some do not", async (t) => {
    const server = await serve(t, "0.5");
    await visit(
      server.url,
      Array.from({ length: 40 }, () => "hello"),
    );
    const traced = (await spansOf(server)).filter(({ name }) => name === "websocket message").length;
    // All or none would be a chance of 2 in 2^40
    assert.ok(traced > 0 && traced < 40, `${traced} of 40`);
  });

  test("with a ratio of 0 there are no spans of messages, and everything else is there", async (t) => {
    const server = await serve(t, "0");
    await visit(server.url, ["a", "b", "c"]);
    const names = (await spansOf(server)).map(({ name }) => name).filter((name) => name.startsWith("websocket"));
    assert.deepEqual(names, ["websocket upgrade", "websocket close"]);
  });
});
