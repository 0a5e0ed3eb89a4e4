// The load generator over HTTP/2, against Node's own streams, which end a session whose peer breaks the rules.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { before, describe, test } from "node:test";
import { compileLoad, startLoad } from "../lib/load.js";

const echo = (stream) => {
  stream.respond({ ":status": 200 });
  stream.on("data", (chunk) => stream.write(chunk));
};

/** What the generator answers to `lines`, or the message of its failure. */
async function run({ settings, onStream = echo, streams = 3, connections = 6, ...options }, lines) {
  const server = createServer({ settings: { enableConnectProtocol: true, ...settings } });
  const headers = [];
  const sessions = new Set();
  server.on("session", (session) => sessions.add(session.on("error", () => {})));
  server.on("stream", (stream, fields) => {
    headers.push(fields);
    stream.on("error", () => {});
    onStream(stream);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const load = startLoad({ port: server.address().port, protocol: "raw", streams, ...options });
  try {
    const answers = [];
    for (const line of [`watch ${process.pid}`, `open ${connections}`, ...lines]) answers.push(await load.ask(line));
    await load.end();
    return { answers, headers, sessions: sessions.size };
  } catch (error) {
    return { failure: error.message };
  } finally {
    load.kill();
    for (const session of sessions) session.destroy();
    server.close();
  }
}

const ENABLE_CONNECT_PROTOCOL = [0, 8, 0, 0, 0, 1];
const INITIAL_WINDOW_SIZE = [0, 4, 0, 16, 0, 0];
const STATUS_200 = [0x88];

function frame(type, flags, stream, payload) {
  return Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream, ...payload]);
}

/** A server that never gives window for its connection, and says with GOAWAY's error how many bytes of DATA came when they fill it:
 * Node's gives it back at once and misses what is above it. */
function stingyServer(most) {
  return createTcpServer((socket) => {
    let bytes = Buffer.alloc(0);
    let data = 0;
    let at = 24; // after the preface
    socket.on("error", () => {});
    socket.write(frame(4, 0, 0, [...ENABLE_CONNECT_PROTOCOL, ...INITIAL_WINDOW_SIZE]));
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= at + 9 && bytes.length >= at + 9 + bytes.readUIntBE(at, 3)) {
        const [length, type, stream] = [bytes.readUIntBE(at, 3), bytes[at + 3], bytes.readUInt32BE(at + 5)];
        at += 9 + length;
        if (type === 1) socket.write(frame(1, 4, stream, STATUS_200));
        if (type !== 0) continue;
        data += length;
        if (data >= most) return socket.write(frame(7, 0, 0, [0, 0, 0, 0, ...numberBytes(data)]));
      }
    });
  });
}

function numberBytes(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

describe("the load generator over HTTP/2 (RFC 8441)", () => {
  before(compileLoad);

  test("opens so many streams on each connection with extended CONNECT, and has its messages back", async () => {
    const { answers, headers, sessions, failure } = await run({ inFlight: 4 }, ["once 6", "echo 0.1"]);
    assert.equal(failure, undefined);
    assert.equal(sessions, 2);
    assert.equal(headers.length, 6);
    for (const fields of headers) {
      assert.equal(fields[":method"], "CONNECT");
      assert.equal(fields[":protocol"], "websocket");
      assert.equal(fields["sec-websocket-version"], "13");
    }
    assert.deepEqual(answers[2], { done: 6 });
    assert.ok(answers[3].done > 0);
  });

  test("keeps to the windows of streams, however small (RFC 9113 §6.9)", async () => {
    const small = { settings: { initialWindowSize: 100 }, inFlight: 64 };
    const { answers, failure } = await run(small, ["echo 0.1"]);
    assert.equal(failure, undefined);
    assert.ok(answers[2].done > 0);
  });

  test("keeps to the window of the connection (RFC 9113 §6.9)", async () => {
    const server = stingyServer(65_535);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const load = startLoad({ port: server.address().port, protocol: "raw", streams: 3, size: 50_000 });
    try {
      await load.ask("open 3");
      await assert.rejects(load.ask("once 3"), /GOAWAY with error 65535/);
    } finally {
      load.kill();
      server.close();
    }
  });

  test("gives back the window of what came: more than both windows hold arrives", async () => {
    const { answers, failure } = await run({ size: 1 << 20, streams: 1, connections: 1 }, Array(20).fill("once 1"));
    assert.equal(failure, undefined);
    assert.equal(answers.length, 22);
  });

  test("fails when a stream is refused", async () => {
    const refuse = (stream) => stream.respond({ ":status": 404 });
    assert.match((await run({ onStream: refuse }, [])).failure, /not answered with 200/);
  });

  test("fails when the server does not take extended CONNECT", async () => {
    assert.match(
      (await run({ settings: { enableConnectProtocol: false } }, [])).failure,
      /does not take extended CONNECT/,
    );
  });

  test("fails when an echo is wrong", async () => {
    const spoil = (stream) => {
      stream.respond({ ":status": 200 });
      stream.on("data", (chunk) => stream.write(chunk.map((byte) => byte ^ 1)));
    };
    assert.match((await run({ onStream: spoil }, ["once 6"])).failure, /wrong bytes/);
  });

  test("fails when a stream is ended, or reset", async () => {
    const onData = (act) => (stream) => {
      stream.respond({ ":status": 200 });
      stream.on("data", () => act(stream));
    };
    assert.match((await run({ onStream: onData((stream) => stream.end()) }, ["once 6"])).failure, /ended a stream/);
    const reset = onData((stream) => stream.destroy(new Error("no more")));
    assert.match((await run({ onStream: reset }, ["once 6"])).failure, /reset with error 2/);
  });
});
