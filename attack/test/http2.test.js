import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { test } from "node:test";
import { resolveTarget } from "../target.js";
import { field, NEWEST } from "../wire/hpack.js";
import { closeAll } from "../wire/http1.js";
import {
  connectBlock,
  connectFrame,
  errorName,
  FULL_FRAME,
  flag,
  frameType,
  Http2Peer,
  headerFrames,
  settingsFrame,
  uint32,
} from "../wire/http2.js";
import { describeTally, http2Crowd } from "../wire/http2-crowd.js";

/** @param {import("node:test").TestContext} t
 * @param {(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void} onStream */
async function serve(t, onStream) {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } }).listen(0, "127.0.0.1");
  server.on("sessionError", () => {});
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    onStream(stream, headers);
  });
  t.after(() => {
    closeAll();
    server.close();
  });
  await once(server, "listening");
  const address = server.address();
  const url = `ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/chat`;
  const target = await resolveTarget(url, { http2: true });
  return { server, target, signal: AbortSignal.timeout(10_000) };
}

test("an extended CONNECT is understood as one, with fields of any length", async (t) => {
  /** @type {http2.IncomingHttpHeaders[]} */
  const asked = [];
  const { target, signal } = await serve(t, (stream, headers) => {
    asked.push(headers);
    stream.respond({ ":status": 200 });
  });
  const peer = await Http2Peer.open(target, signal);
  const lengths = [0, 126, 127, 254, 255, 256, 16_383, 16_510, 16_511, 30_000];
  await peer.write(connectFrame(target, 1, { origin: "http://a", "sec-websocket-version": undefined }), signal);
  const long = lengths.map((length, index) => field(`x${index}`, "v".repeat(length)));
  for (const [index, block] of long.entries())
    await peer.write(headerFrames(3 + 2 * index, Buffer.concat([connectBlock(target), block])), signal);
  assert.ok(await peer.until(() => peer.answers === 1 + lengths.length, signal));
  const [first] = asked;
  assert.deepEqual(
    [":method", ":protocol", ":path", ":authority", "origin", "sec-websocket-version"].map((name) => first?.[name]),
    ["CONNECT", "websocket", "/chat", target.host, "http://a", undefined],
  );
  assert.deepEqual(
    lengths.map((_, index) => String(asked[1 + index]?.[`x${index}`]).length),
    lengths,
  );
});

test("a field that was stored is repeated by one byte", async (t) => {
  const { server, target, signal } = await serve(t, (stream) => stream.respond({ ":status": 200 }));
  const asked = once(server, "stream");
  const peer = await Http2Peer.open(target, signal);
  const block = Buffer.concat([connectBlock(target), field("x", "abc", { stored: true }), Buffer.alloc(3, NEWEST)]);
  await peer.write(headerFrames(1, block), signal);
  const [, headers] = await asked;
  assert.equal(headers["x"], "abc, abc, abc, abc");
});

test("a field block is cut into full frames, of which the last one ends it", () => {
  const bytes = headerFrames(5, Buffer.alloc(2 * FULL_FRAME + 10));
  const starts = [0, 9 + FULL_FRAME, 2 * (9 + FULL_FRAME)];
  assert.deepEqual(
    starts.map((at) => [bytes.readUIntBE(at, 3), bytes[at + 3], bytes[at + 4], bytes.readUInt32BE(at + 5)]),
    [
      [FULL_FRAME, frameType.headers, flag.none, 5],
      [FULL_FRAME, frameType.continuation, flag.none, 5],
      [10, frameType.continuation, flag.endHeaders, 5],
    ],
  );
  const exact = headerFrames(5, Buffer.alloc(FULL_FRAME));
  assert.deepEqual([exact.length, exact[4]], [9 + FULL_FRAME, flag.endHeaders]);
  assert.deepEqual(settingsFrame([[4, 65_535]]), Buffer.from("00000604000000000000040000ffff", "hex"));
});

test("what the server answers is counted: answers, DATA, resets, GOAWAY", async (t) => {
  const { target, signal } = await serve(t, (stream, headers) => {
    if (headers["x"] === "enough") return stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    if (headers["x"] === "reset") return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    stream.respond({ ":status": 200 });
    stream.write("12345");
  });
  const peer = await Http2Peer.open(target, signal);
  await peer.write(Buffer.concat([connectFrame(target, 1), connectFrame(target, 3, { x: "reset" })]), signal);
  assert.ok(await peer.until(() => peer.dataBytes === 5 && peer.resets.size === 1, signal));
  assert.equal(peer.answers, 1);
  assert.deepEqual([...peer.resets.keys()].map(errorName), ["REFUSED_STREAM"]);
  await peer.write(connectFrame(target, 5, { x: "enough" }), signal);
  assert.equal(await peer.until(() => peer.answers === 9, signal), false);
  assert.ok(peer.isOver);
  assert.equal(errorName(peer.goaway ?? 0), "ENHANCE_YOUR_CALM");
  assert.equal(await peer.write(uint32(0), signal), false);
});

test("waiting and writing end with the signal", async (t) => {
  const { target } = await serve(t, () => {});
  const stop = new AbortController();
  const peer = await Http2Peer.open(target, stop.signal);
  setImmediate(() => stop.abort());
  assert.equal(await peer.until(() => false, stop.signal), false);
  assert.equal(peer.isOver, false);
  assert.equal(await peer.write(uint32(0), stop.signal), false);
});

test("a crowd whose connections are ended comes again, and tells how it was ended", async (t) => {
  const { target, signal } = await serve(t, (stream) => {
    stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
  const stop = new AbortController();
  let plays = 0;
  const context = { target, connections: 3, signal: stop.signal, rng: Math.random };
  const tally = await http2Crowd(
    { ...context, prepare: (preparation) => preparation },
    async (peer) => {
      await peer.write(connectFrame(target, 1), signal);
      await peer.over(signal);
      plays += 1;
      if (plays >= 9) stop.abort();
    },
    { again: true },
  );
  assert.ok(tally.connections >= 9, `${tally.connections}`);
  assert.equal(tally.ended, tally.connections);
  assert.match(
    describeTally(tally),
    /^\d+ connections, \d+ ended by the server \(GOAWAY ENHANCE_YOUR_CALM ×\d+\), 0 answers$/,
  );
});
