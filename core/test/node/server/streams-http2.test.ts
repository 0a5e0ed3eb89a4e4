import assert from "node:assert/strict";
import * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";
import { textFrame } from "./raw-client.ts";
import { Http2Client, maskedFrame } from "./raw-http2.ts";
import { testCertificate } from "./test-certificate.ts";

async function start(t: TestContext, options: ServeOptions = {}): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", tls: testCertificate, http2: true, ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

describe("a WebSocket over HTTP/2", () => {
  const echo: ServeOptions = { message: (connection, message) => connection.send(message) };

  test("that breaks a limit is closed with 1009, and the others on its HTTP/2 connection go on", async (t) => {
    const server = await start(t, { ...echo, limits: { maxMessageBytes: 1_000 } });
    const client = await Http2Client.connect(t, server.url);
    const [big, small] = [await client.open(), await client.open()];
    big.write(textFrame("a".repeat(1_001)));
    assert.deepEqual((await big.bytes(4)).subarray(2), Buffer.from([0x03, 0xf1]));
    assert.equal(await small.write(textFrame("still here")).text(), "still here");
    assert.equal(client.session.destroyed, false);
  });

  test("carries compressed messages both ways (RFC 7692)", async (t) => {
    const server = await start(t, { ...echo, compression: true });
    const client = await Http2Client.connect(t, server.url);
    const offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    const peer = await client.open({ "sec-websocket-extensions": offer });
    const text = "compress me ".repeat(1_000);
    // §7.2.1: without the empty block at the end
    const compressed = deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);
    peer.write(maskedFrame(0xc1, compressed));
    const [first, length = 0] = await peer.bytes(2);
    assert.equal(first, 0xc1);
    const echoed = Buffer.concat([await peer.bytes(length), Buffer.from([0, 0, 0xff, 0xff])]);
    assert.equal(String(inflateRawSync(echoed, { finishFlush: 2 })), text);
  });

  test("that breaks RFC 6455 is closed with 1002, and with END_STREAM", async (t) => {
    const codes: string[] = [];
    const server = await start(t, { ...echo, error: (_connection, error) => codes.push(error.code) });
    const peer = await (await Http2Client.connect(t, server.url)).open();
    // A frame that is not masked
    peer.write(Buffer.from([0x81, 0x01, 0x61]));
    assert.deepEqual((await peer.bytes(4)).subarray(2), Buffer.from([0x03, 0xea]));
    assert.equal((await peer.rest()).length, 0);
    assert.deepEqual(codes, ["MASK_MISSING"]);
  });

  test("closes cleanly when the client does, and the HTTP/2 connection stays", async (t) => {
    const ends: unknown[] = [];
    const server = await start(t, {
      close: (_connection, { code, reason, wasClean }) => ends.push(code, reason, wasClean),
    });
    const client = await Http2Client.connect(t, server.url);
    const peer = await client.open();
    peer.write(maskedFrame(0x88, Buffer.from([0x0f, 0xa1, 0x62, 0x79, 0x65])));
    assert.deepEqual(await peer.bytes(7), Buffer.from([0x88, 5, 0x0f, 0xa1, 0x62, 0x79, 0x65]));
    // The server ends first (RFC 6455 §7.1.1)
    assert.equal((await peer.rest()).length, 0);
    peer.end();
    assert.equal(await peer.closed, http2.constants.NGHTTP2_NO_ERROR);
    while (ends.length === 0) await new Promise(setImmediate);
    assert.deepEqual(ends, [4001, "bye", true]);
    await client.open();
  });

  test("is pinged when it is silent, and ends with HEARTBEAT_TIMEOUT and RST_STREAM when it stays so", async (t) => {
    const codes: unknown[] = [];
    const server = await start(t, {
      heartbeat: { intervalMs: 50, timeoutMs: 400 },
      error: (_connection, error) => codes.push(error.code),
      close: (_connection, { code }) => codes.push(code),
    });
    const client = await Http2Client.connect(t, server.url);
    const [silent, lively] = [await client.open(), await client.open()];
    const answering = (async () => {
      for (;;) {
        const [, length = 0] = await lively.bytes(2);
        lively.write(maskedFrame(0x8a, await lively.bytes(length)));
      }
    })().catch(() => undefined);
    assert.equal((await silent.bytes(1))[0], 0x89);
    assert.equal(await silent.closed, http2.constants.NGHTTP2_CANCEL);
    assert.deepEqual(codes, ["HEARTBEAT_TIMEOUT", 1006]);
    assert.equal(server.connections.size, 1);
    lively.reset();
    await answering;
  });

  test("whose peer gives no window: send says false, drain comes with the window", async (t) => {
    const said: unknown[] = [];
    const server = await start(t, {
      open(connection) {
        while (connection.send(Buffer.alloc(10_000))) said.push(true);
        said.push(false);
      },
      drain: () => said.push("drain"),
    });
    const client = await Http2Client.connect(t, server.url, { settings: { initialWindowSize: 0 } });
    const peer = await client.open();
    await client.ping();
    assert.equal(said.at(-1), false);
    client.session.settings({ initialWindowSize: 1 << 20 });
    await peer.bytes(60_000);
    while (said.at(-1) !== "drain") await new Promise(setImmediate);
  });

  test("that is not read is closed with 1013 above maxBufferedBytes, and holds up no other nor more memory", async (t) => {
    const codes: unknown[] = [];
    const server = await start(t, {
      ...echo,
      backpressure: { maxBufferedBytes: 1 << 20 },
      closeTimeoutMs: 100,
      heartbeat: false,
      error: (_connection, error) => codes.push(error.code),
      close: (_connection, { code }) => codes.push(code),
    });
    const client = await Http2Client.connect(t, server.url);
    const stalled = await client.open();
    const [connection] = server.connections;
    assert.ok(connection !== undefined);
    const lively = await client.open();
    stalled.stream.pause();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let count = 0; count < 2_000 && codes.length === 0; count += 1) {
      connection.send(Buffer.alloc(50_000));
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      if (count % 5 === 0) assert.equal(await lively.write(textFrame(`${count}`)).text(), `${count}`);
    }
    assert.equal(codes[0], "OUTBOUND_FULL");
    assert.ok(most < 10 << 20, `${most} bytes`);
    while (codes.length < 2) await new Promise(setImmediate);
    stalled.stream.resume();
    await stalled.closed;
    assert.equal(await lively.write(textFrame("still here")).text(), "still here");
  });

  test("that is paused holds up its own stream alone, by at most a window", async (t) => {
    const received = new Map<string, number>();
    const server = await start(t, {
      open(connection) {
        if (connection.path === "/slow") connection.pause();
      },
      message: ({ path }, message) => void received.set(path, (received.get(path) ?? 0) + message.length),
    });
    const client = await Http2Client.connect(t, server.url);
    const [slow, quick] = [await client.open({ ":path": "/slow" }), await client.open({ ":path": "/quick" })];
    const message = maskedFrame(0x82, Buffer.alloc(50_000));
    for (let count = 0; count < 100; count += 1) {
      slow.stream.write(message);
      quick.stream.write(message);
    }
    while (received.get("/quick") !== 5_000_000) await new Promise(setImmediate);
    assert.equal(received.get("/slow"), undefined);
    // One window may be under way, and the chunk that is partly sent counts as waiting
    assert.ok(slow.stream.writableLength > 5_000_000 - 65_535 - 50_014, `${slow.stream.writableLength} bytes wait`);
    for (const connection of server.connections) connection.resume();
    while (received.get("/slow") !== 5_000_000) await new Promise(setImmediate);
  });

  test("that is read slowly by for await is not read ahead", async (t) => {
    const server = await start(t);
    const peer = await (await Http2Client.connect(t, server.url)).open();
    const message = maskedFrame(0x82, Buffer.alloc(50_000));
    for (let count = 0; count < 100; count += 1) peer.stream.write(message);
    const [connection] = server.connections;
    assert.ok(connection !== undefined);
    let taken = 0;
    for await (const received of connection) {
      taken += received.length;
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
      const sent = 5_001_400 - peer.stream.writableLength;
      // Two windows: the stream's, and what was retained of the last read
      assert.ok(sent - taken < 300_000, `${sent - taken} bytes ahead`);
      if (taken === 5_000_000) break;
    }
    assert.equal(taken, 5_000_000);
  });
});

describe("the end of a stream or its HTTP/2 connection", () => {
  interface Ended {
    readonly server: Server;
    /** The messages of the errors, and the close codes. */
    readonly seen: unknown[];
    readonly client: Http2Client;
  }

  async function rig(t: TestContext): Promise<Ended> {
    const seen: unknown[] = [];
    const server = await start(t, {
      message: (connection, message) => connection.send(message),
      error: (_connection, error) => seen.push(error.code, error.message),
      close: (_connection, { code, wasClean }) => seen.push(code, wasClean),
    });
    return { server, seen, client: await Http2Client.connect(t, server.url) };
  }

  async function until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise(setImmediate);
  }

  const names = ["PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"];
  const more = [
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
  ];
  for (const [index, name] of [...names, ...more, "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"].entries()) {
    const code = index + 1;
    test(`RST_STREAM with ${name} is TRANSPORT_FAILED and 1006, and harms no other stream`, async (t) => {
      const { server, seen, client } = await rig(t);
      const [gone, left] = [await client.open(), await client.open()];
      gone.reset(code);
      await until(() => server.connections.size === 1);
      assert.deepEqual(seen, [
        "TRANSPORT_FAILED",
        `the transport failed: the HTTP/2 stream was reset with ${name} (${code})`,
        1006,
        false,
      ]);
      assert.equal(await left.write(textFrame("a")).text(), "a");
    });
  }

  test("RST_STREAM with NO_ERROR and no Close frame is 1006", async (t) => {
    const { server, seen, client } = await rig(t);
    (await client.open()).reset(http2.constants.NGHTTP2_NO_ERROR);
    await until(() => server.connections.size === 0);
    assert.deepEqual(seen.slice(-2), [1006, false]);
  });

  test("END_STREAM without a Close frame is 1006, and answered with END_STREAM", async (t) => {
    const { server, seen, client } = await rig(t);
    const peer = (await client.open()).end();
    assert.equal((await peer.rest()).length, 0);
    await until(() => server.connections.size === 0);
    assert.deepEqual(seen.slice(-2), [1006, false]);
    await client.open();
  });

  test("the end of the HTTP/2 connection is 1006 for each WebSocket", async (t) => {
    const { server, seen, client } = await rig(t);
    await client.open();
    await client.open();
    client.session.destroy();
    await until(() => server.connections.size === 0);
    assert.deepEqual(
      seen.filter((entry) => typeof entry === "number"),
      [1006, 1006],
    );
  });

  test("GOAWAY from the client ends no stream (RFC 9113 §6.8)", async (t) => {
    const { seen, client } = await rig(t);
    const peer = await client.open();
    client.session.goaway(http2.constants.NGHTTP2_NO_ERROR);
    await client.ping();
    assert.equal(await peer.write(textFrame("a")).text(), "a");
    assert.deepEqual(seen, []);
  });

  test("terminate is RST_STREAM with CANCEL", async (t) => {
    const { server, seen, client } = await rig(t);
    const peer = await client.open();
    for (const connection of server.connections) connection.terminate();
    assert.equal(await peer.closed, http2.constants.NGHTTP2_CANCEL);
    assert.equal(seen.at(-2), 1006);
  });
});
