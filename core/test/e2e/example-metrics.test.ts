import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { after, before, describe, test } from "node:test";
import { connect } from "../../src/node/index.ts";
import { ExampleProcess, type ServerProcess } from "./example-process.ts";

type Series = Map<string, number>;

/** Read Prometheus' text format 0.0.4, strictly: each sample belongs to the family that was announced last. */
function parseScrape(text: string): Series {
  assert.ok(text.endsWith("\n"), "the last line has to end as well");
  const series: Series = new Map();
  const families = new Map<string, string>();
  let family = "";
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const type = /^# TYPE ([a-z][a-z0-9_]*) (counter|gauge|histogram|summary)$/.exec(line);
    if (type !== null) {
      [, family = ""] = type;
      assert.ok(!families.has(family), `${family} is announced twice`);
      families.set(family, type[2] ?? "");
      continue;
    }
    if (line.startsWith("# HELP ")) continue;
    // prom-client writes "Nan" for its own delays when it is asked twice within 10 ms; Prometheus reads it whatever the case
    const sample = /^([a-z][a-z0-9_]*)(\{(?:[a-z_]+="[^"\\\n]*",?)+\})? (-?[\d.e+-]+|NaN|Nan|[+-]Inf)$/.exec(line);
    assert.ok(sample !== null, `no sample: ${line}`);
    const [, name = "", labels = "", value = ""] = sample;
    const suffix = name.slice(family.length);
    const isHistogram = families.get(family) === "histogram";
    assert.ok(name.startsWith(family) && (isHistogram ? /^_(bucket|sum|count)$/ : /^$/).test(suffix), line);
    assert.ok(!series.has(name + labels), `twice: ${line}`);
    series.set(name + labels, Number(value));
  }
  return series;
}

async function scrape(server: ServerProcess): Promise<Series> {
  const response = await fetch(server.at("/metrics"));
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return parseScrape(await response.text());
}

/** Scrape until so many connections are known to have ended: the server learns it a moment after the client. */
async function scrapeAfter(server: ServerProcess, closed: number): Promise<Series> {
  for (;;) {
    const series = await scrape(server);
    if (series.get("polysocket_connections_closed_total") === closed) return series;
  }
}

/** Our own series that are not 0; without those whose values are not known beforehand. */
function told(series: Series, ...left: RegExp[]): Record<string, number> {
  const ours = [...series].filter(([name, value]) => name.startsWith("polysocket_") && value !== 0);
  return Object.fromEntries(
    ours
      .map(([name, value]): [string, number] => [name.slice("polysocket_".length), value])
      .filter(([name]) => !left.some((pattern) => pattern.test(name))),
  );
}

describe("the metrics example", { timeout: 60_000 }, () => {
  let server: ServerProcess;
  before(async () => {
    server = await ExampleProcess.serve("metrics/server.js", { MESSAGE_SIZES: "1" });
  });
  after(() => server?.kill());

  /** Echo messages of these lengths, one after the other, and close. */
  async function visit(lengths: readonly number[], closeCode: number): Promise<void> {
    const connection = await connect(server.url);
    const messages = connection[Symbol.asyncIterator]();
    for (const length of lengths) {
      connection.send("x".repeat(length));
      await messages.next();
    }
    connection.close(closeCode);
    await connection.closed;
  }

  test("tells nothing but its limits before anything has happened", async () => {
    assert.deepEqual(Object.keys(told(await scrape(server))), ["memory_limit_bytes"]);
  });

  test("tells what has happened, in valid text, with as few labels as possible", async () => {
    await visit([10, 100, 1_000], 1_000);
    await visit([], 4_001);
    await visit([], 4_002);
    await visit([], 3_500);
    await assert.rejects(connect(server.url, { origin: "https://elsewhere.example" }), { statusCode: 403 });
    await sendUnmasked(server);

    const still = await connect(server.url);
    const series = await scrapeAfter(server, 5);
    const unknown = [/memory|(received|sent)_bytes_total|duration_seconds_sum|_bucket/];
    assert.deepEqual(told(series, ...unknown), {
      connections: 1,
      connections_opened_total: 6,
      connections_closed_total: 5,
      handshakes_refused_total: 1,
      messages_received_total: 3,
      messages_sent_total: 3,
      'errors_total{code="ORIGIN_REFUSED"}': 1,
      'errors_total{code="MASK_MISSING"}': 1,
      'handshakes_total{status="101",error=""}': 6,
      'handshakes_total{status="403",error="ORIGIN_REFUSED"}': 1,
      'closes_total{code="1000"}': 1,
      'closes_total{code="4xxx"}': 2,
      'closes_total{code="3xxx"}': 1,
      'closes_total{code="1002"}': 1,
      connection_duration_seconds_count: 5,
      'message_bytes_count{direction="received"}': 3,
      'message_bytes_count{direction="sent"}': 3,
      'message_bytes_sum{direction="received"}': 1_110,
      'message_bytes_sum{direction="sent"}': 1_110,
    });
    const bucket = (le: string): number | undefined =>
      series.get(`polysocket_message_bytes_bucket{le="${le}",direction="sent"}`);
    assert.deepEqual(["64", "256", "1024", "+Inf"].map(bucket), [1, 2, 3, 3]);
    const bytes = (direction: string): number => series.get(`polysocket_${direction}_bytes_total`) ?? 0;
    assert.ok(bytes("received") > 1_110 && bytes("sent") > 1_110);
    assert.ok((series.get("process_resident_memory_bytes") ?? 0) > 0);

    still.close();
    await still.closed;
  });

  test("counters only grow from one scrape to the next", async () => {
    const first = await scrapeAfter(server, 6);
    await visit([1], 1_000);
    const second = await scrapeAfter(server, 7);
    const name = "polysocket_messages_received_total";
    assert.equal((second.get(name) ?? 0) - (first.get(name) ?? 0), 1);
    for (const [key, value] of first) {
      if (!/_total|_count|_bucket/.test(key) || !key.startsWith("polysocket_")) continue;
      assert.ok((second.get(key) ?? Number.NaN) >= value, key);
    }
  });

  test("ends with its clients when it is asked to", async () => {
    const connection = await connect(server.url);
    server.signal("SIGTERM");
    assert.equal((await connection.closed).code, 1_001);
    assert.equal(await server.end(), 0);
  });
});

/** Break RFC 6455 §5.1, and wait until the server has hung up. */
async function sendUnmasked(server: ServerProcess): Promise<void> {
  const socket = net.connect(Number(server.port), "127.0.0.1");
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n\r\n`,
  );
  await once(socket, "data");
  socket.write(Buffer.of(0x81, 0x01, 0x41));
  socket.resume();
  await once(socket, "end");
  socket.destroy();
  await once(socket, "close");
}
