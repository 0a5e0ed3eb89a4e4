import assert from "node:assert/strict";
import type * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { WebSocketError } from "../../../src/engine/errors.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { CLOSE, closeFrame, FrameParser, frame, type SeenFrame, TEXT, text } from "../connection/frames.ts";
import { Journal } from "../connection/journal.ts";
import { turns } from "../transport/sockets.ts";
import { start } from "./handshaking.ts";
import { RawHttp2Server } from "./raw-http2-server.ts";

/** The names of error codes 1 to 13 (RFC 9113 §7). */
const NAMES = [
  ...["PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"],
  ...["FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"],
  ...["INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];

/** An open connection, and the server's end of it. */
interface Pair {
  readonly connection: Connection;
  readonly server: RawHttp2Server;
  readonly stream: http2.ServerHttp2Stream;
  readonly session: http2.ServerHttp2Session;
  /** What the client sent; only where the server reads. */
  readonly frames: Journal<SeenFrame>;
  readonly messages: Journal<string | Uint8Array>;
  readonly errors: WebSocketError[];
}

interface Behaviour {
  readonly reads?: boolean;
  /** Of the response. */
  readonly fields?: http2.OutgoingHttpHeaders;
}

async function open(t: TestContext, options: ConnectOptions = {}, behaviour: Behaviour = {}): Promise<Pair> {
  const { reads = true, fields = {} } = behaviour;
  const streams: http2.ServerHttp2Stream[] = [];
  const server = await RawHttp2Server.start(t, (one) => {
    streams.push(one);
    one.respond({ ":status": 200, ...fields });
  });
  const [messages, frames] = [new Journal<string | Uint8Array>(), new Journal<SeenFrame>()];
  const errors: WebSocketError[] = [];
  const connection = await start(t, server.url, {
    http2: true,
    compression: false,
    message: (_, data) => messages.add(data),
    error: (_, error) => errors.push(error),
    ...options,
  }).opened;
  const [stream, session] = [streams[0], server.sessions[0]];
  assert.ok(stream !== undefined && session !== undefined);
  if (reads) readFrames(stream, frames);
  return { connection, server, stream, session, frames, messages, errors };
}

function readFrames(stream: http2.ServerHttp2Stream, frames: Journal<SeenFrame>): void {
  const parser = new FrameParser();
  stream.on("data", (bytes: Buffer) => {
    for (const seen of parser.push(bytes)) frames.add(seen);
  });
}

/** Wait for the end of a connection that was lost. */
async function expectLost({ connection, errors }: Pair, expected: RegExp): Promise<void> {
  const { code, wasClean } = await connection.closed;
  await turns();
  assert.deepEqual([code, wasClean, errors.map((error) => error.code)], [1006, false, ["TRANSPORT_FAILED"]]);
  assert.match(String(errors[0]?.message), expected);
}

describe("an open stream that ends (RFC 8441 §5, RFC 9113 §5.4.2)", () => {
  for (const [index, name] of NAMES.entries()) {
    const errorCode = index + 1;
    test(`reset with ${name}: 1006, and an error that names it`, async (t) => {
      const pair = await open(t);
      pair.stream.close(errorCode);
      await expectLost(pair, new RegExp(`reset with ${name} \\(${errorCode}\\)`));
      const { cause } = pair.errors[0] ?? {};
      assert.ok(cause instanceof Error && "errorCode" in cause);
      assert.equal(cause.errorCode, errorCode);
      assert.equal(pair.server.sockets[0]?.destroyed, false, "the session goes on");
    });
  }

  test("reset with NO_ERROR: 1006 without an error", async (t) => {
    const { connection, stream, errors } = await open(t);
    stream.close(0);
    const { code, wasClean } = await connection.closed;
    assert.deepEqual([code, wasClean, errors], [1006, false, []]);
  });

  test("END_STREAM without a Close frame: 1006 without an error, and the client ends its side", async (t) => {
    const { connection, stream, errors } = await open(t);
    const ended = new Promise((resolve) => stream.once("end", resolve));
    stream.end();
    const { code, wasClean } = await connection.closed;
    await ended;
    assert.deepEqual([code, wasClean, errors], [1006, false, []]);
  });

  test("END_STREAM together with a Close frame: the closing handshake is done", async (t) => {
    const { connection, stream, frames, errors } = await open(t);
    stream.end(closeFrame(4001, "bye", { mask: null }));
    const { code, reason, wasClean, unsentBytes } = await connection.closed;
    assert.deepEqual([code, reason, wasClean, unsentBytes, errors], [4001, "bye", true, 0, []]);
    const { opcode, payload } = await frames.next();
    assert.deepEqual([opcode, payload.readUInt16BE()], [CLOSE, 4001]);
  });

  test("a closing handshake of the client's ends the stream with NO_ERROR and not its session", async (t) => {
    const { connection, stream, frames, server } = await open(t);
    const gone = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    connection.close(4002, "done");
    const { opcode } = await frames.next();
    assert.equal(opcode, CLOSE);
    stream.end(closeFrame(4002, "done", { mask: null }));
    const { code, wasClean } = await connection.closed;
    assert.deepEqual([code, wasClean, await gone, server.sockets[0]?.destroyed], [4002, true, 0, false]);
  });

  test("terminate resets it with CANCEL (RFC 9113 §7)", async (t) => {
    const { connection, stream } = await open(t);
    const gone = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    connection.terminate();
    assert.equal(await gone, 8);
  });

  test("a signal that is aborted closes it with 1001", async (t) => {
    const controller = new AbortController();
    const { frames } = await open(t, { signal: controller.signal });
    controller.abort();
    const { opcode, payload } = await frames.next();
    assert.deepEqual([opcode, payload.readUInt16BE()], [CLOSE, 1001]);
  });
});

describe("an HTTP/2 connection that ends under an open stream", () => {
  test("GOAWAY with an error (RFC 9113 §6.8)", async (t) => {
    const pair = await open(t);
    pair.session.goaway(2);
    await expectLost(pair, /the HTTP\/2 (connection has ended|stream was reset) with /);
  });

  test("the server's session is destroyed", async (t) => {
    const pair = await open(t);
    pair.session.destroy();
    await expectLost(pair, /the HTTP\/2 (connection has ended|stream was reset) with /);
  });

  test("the server's socket is reset", async (t) => {
    const pair = await open(t);
    pair.server.sockets[0]?.resetAndDestroy();
    await expectLost(pair, /HTTP\/2|ECONNRESET/);
  });

  test("all connections on it end, and the next takes another", async (t) => {
    const pair = await open(t);
    const closes = new Journal<number>();
    const options: ConnectOptions = { http2: true, message() {}, close: (_, { code }) => closes.add(code) };
    for (const _ of [1, 2]) await start(t, pair.server.url, options).opened;
    assert.equal(pair.server.sockets.length, 1);
    pair.server.sockets[0]?.destroy();
    assert.deepEqual(await closes.take(2), [1006, 1006]);
    await start(t, pair.server.url, options).opened;
    assert.equal(pair.server.sockets.length, 2);
  });
});

describe("messages on an open stream", () => {
  const mebibyte = "x".repeat(1 << 20);

  test("of 1 MiB come over windows of 64 KiB, both ways (RFC 9113 §5.2)", async (t) => {
    const { connection, stream, frames, messages } = await open(t);
    connection.send(mebibyte);
    const { opcode, masked, payload } = await frames.next();
    assert.deepEqual([opcode, masked, payload.toString() === mebibyte], [1, true, true]);
    stream.write(text(mebibyte, { mask: null }));
    assert.ok((await messages.next()) === mebibyte);
  });

  test("wait where the server gives no window: send is false, and drain comes once it does", async (t) => {
    const drains = new Journal<true>();
    const pair = await open(t, { drain: () => drains.add(true) }, { reads: false });
    const { connection, stream } = pair;
    assert.equal(connection.send(mebibyte), false);
    await new Promise<void>((resolve) => pair.session.ping(() => resolve()));
    await turns();
    assert.deepEqual(drains.all, []);
    assert.ok(connection.bufferedBytes > 900_000, `${connection.bufferedBytes} bytes`);
    stream.resume();
    await drains.next();
    assert.equal(connection.bufferedBytes, 0);
  });

  test("wait on one stream while another on the session goes on", async (t) => {
    const streams: http2.ServerHttp2Stream[] = [];
    const server = await RawHttp2Server.start(t, (one) => {
      streams.push(one);
      one.respond({ ":status": 200 });
    });
    const slow = await start(t, server.url, { http2: true, compression: false }).opened;
    const quick = await start(t, server.url, { http2: true, compression: false }).opened;
    slow.send(mebibyte.slice(0, 100_000));
    const frames = new Journal<SeenFrame>();
    const [, second] = streams;
    assert.ok(second !== undefined);
    readFrames(second, frames);
    quick.send("a");
    assert.equal((await frames.next()).payload.toString(), "a");
    assert.equal(server.sockets.length, 1);
  });

  test("are compressed where that was agreed on (RFC 7692 §7.2)", async (t) => {
    const agreed = { "sec-websocket-extensions": "permessage-deflate" };
    const { connection, stream, frames, messages } = await open(t, { compression: true }, { fields: agreed });
    assert.equal(connection.extensions, "permessage-deflate");
    connection.send(mebibyte);
    const { rsv, payload } = await frames.next();
    assert.equal(rsv, 4);
    const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
    assert.ok(inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString() === mebibyte);
    const flushed = deflateRawSync(mebibyte, { finishFlush: constants.Z_SYNC_FLUSH });
    stream.write(frame(TEXT, flushed.subarray(0, -4), { rsv: 4, mask: null }));
    assert.ok((await messages.next()) === mebibyte);
  });
});
