import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import { Http2StreamTransport } from "../../../src/node/transport/http2-stream-transport.ts";
import { runAgain } from "../connection/run-again.ts";
import { connectFields } from "../server/raw-http2.ts";
import { RecordingSink } from "./recording-sink.ts";
import { turns } from "./sockets.ts";

/** A window that nobody has made larger. */
const WINDOW_BYTES = 65_535;

const PUBLIC_API_ONLY = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";
/** From version 26 on Node's streams make no requests. */
const CANNOT = PUBLIC_API_ONLY || Number.parseInt(process.versions.node, 10) >= 26;

type Side = "server" | "client";

interface StreamPair {
  /** The end that gets the transport. */
  readonly near: http2.Http2Stream;
  readonly far: http2.Http2Stream;
}

/** An HTTP/2 connection, whose streams are opened by an extended CONNECT. */
class Link {
  readonly #side: Side;
  readonly #server: http2.Http2Server;
  readonly #client: http2.ClientHttp2Session;
  readonly #far: net.Socket;

  static async open(t: TestContext, side: Side): Promise<Link> {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const socket = net.connect(port, "127.0.0.1");
    const accepted = once(server, "connection");
    const client = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => socket });
    client.on("error", () => undefined);
    server.on("sessionError", () => undefined);
    const [itsSocket] = (await accepted) as [net.Socket];
    t.after(() => {
      client.destroy();
      server.close();
    });
    await once(client, "remoteSettings");
    return new Link(side, server, client, side === "server" ? socket : itsSocket);
  }

  constructor(side: Side, server: http2.Http2Server, client: http2.ClientHttp2Session, far: net.Socket) {
    this.#side = side;
    this.#server = server;
    this.#client = client;
    this.#far = far;
  }

  /** End the HTTP/2 connection by a TCP RST from the far end. */
  cut(): void {
    this.#far.resetAndDestroy();
  }

  async pair(): Promise<StreamPair> {
    const asked = this.#client.request(connectFields(), { endStream: false });
    const [answering] = (await once(this.#server, "stream")) as [http2.ServerHttp2Stream];
    answering.respond({ ":status": 200 });
    await once(asked, "response");
    for (const stream of [asked, answering]) stream.on("error", () => undefined);
    return this.#side === "server" ? { near: answering, far: asked } : { near: asked, far: answering };
  }
}

async function streamPair(t: TestContext, side: Side): Promise<StreamPair> {
  return (await Link.open(t, side)).pair();
}

function adopt(stream: http2.Http2Stream): { transport: Http2StreamTransport; sink: RecordingSink } {
  // What the pair listened for is the transport's business from here on
  stream.removeAllListeners("error");
  const transport = new Http2StreamTransport(stream);
  const sink = new RecordingSink();
  transport.start(sink);
  return { transport, sink };
}

async function readAll(stream: http2.Http2Stream): Promise<Buffer> {
  return Buffer.concat(await stream.toArray());
}

/** The end of a stream, with its error code. */
async function closing(stream: http2.Http2Stream): Promise<number | undefined> {
  await new Promise((resolve) => (stream.closed ? setImmediate(resolve) : stream.once("close", resolve)));
  return stream.rstCode;
}

/** Write until more than the peer's windows are full. */
function stall(transport: Http2StreamTransport): void {
  for (let count = 0; count < 10; count += 1) transport.write([randomBytes(WINDOW_BYTES)]);
}

type Ending = ["close", (Error & { errorCode?: number }) | undefined];

for (const side of ["server", "client"] as const) {
  describe(`an HTTP/2 stream of a ${side}'s`, () => {
    test("delivers what arrives, in order, then the end", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { sink } = adopt(near);
      const data = randomBytes(3_000_000);
      far.end(data);
      assert.equal((await sink.bytes(data.length)).equals(data), true);
      assert.equal(await sink.events.next(), "end");
    });

    test("delivers what came before start", async (t) => {
      const { near, far } = await streamPair(t, side);
      const transport = new Http2StreamTransport(near);
      far.write("early ");
      await turns(30);
      const sink = new RecordingSink();
      transport.start(sink);
      far.write("late");
      assert.equal(String(await sink.bytes(10)), "early late");
    });

    test("writes arrays in order, whatever their number and kind", async (t) => {
      const { near, far } = await streamPair(t, side);
      const all = readAll(far);
      const { transport } = adopt(near);
      transport.write([Buffer.from("a")]);
      transport.write([Buffer.from("b"), new Uint8Array([99]), Buffer.alloc(0), Buffer.from("d")]);
      transport.write([]);
      transport.write([Buffer.from("e"), Buffer.alloc(100_000, "f")]);
      transport.end();
      assert.equal(String(await all), `abcde${"f".repeat(100_000)}`);
    });

    test("write says false, and drain comes once when the session has everything", async (t) => {
      const { near, far } = await streamPair(t, side);
      far.resume();
      const { transport, sink } = adopt(near);
      assert.equal(transport.write([Buffer.from("a")]), false);
      assert.equal(transport.write([Buffer.from("b"), Buffer.from("c")]), false);
      assert.equal(await sink.events.next(), "drain");
      assert.equal(transport.bufferedBytes, 0);
      await turns();
      assert.deepEqual(sink.events.rest(), []);
    });

    test("one array goes past the stream, once that has shown how, and others go through it", {
      skip: CANNOT,
    }, async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      transport.write([Buffer.from("a")]);
      await sink.events.next();
      transport.write([Buffer.from("b")]);
      assert.deepEqual([near.writableLength, transport.bufferedBytes], [0, 1]);
      transport.write([Buffer.from("c"), Buffer.from("d")]);
      assert.deepEqual([near.writableLength, transport.bufferedBytes], [2, 3]);
      transport.end();
      assert.equal((await readAll(far)).toString(), "abcd");
    });

    test("a peer that gives no window: nothing drains, all is counted, and drain comes when it reads", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      stall(transport);
      await turns(50);
      assert.deepEqual(sink.events.all, []);
      assert.ok(transport.bufferedBytes >= 9 * WINDOW_BYTES, `${transport.bufferedBytes} bytes wait`);
      const all = readAll(far);
      assert.equal(await sink.events.next(), "drain");
      assert.equal(transport.bufferedBytes, 0);
      transport.end();
      assert.equal((await all).length, 10 * WINDOW_BYTES);
      assert.equal(sink.events.rest().includes("drain"), false);
    });

    test("flushed calls back when all is with the session, in order, also when nothing waits", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport } = adopt(near);
      await new Promise<void>((resolve) => transport.flushed(resolve));
      const order: string[] = [];
      stall(transport);
      transport.flushed(() => order.push("first"));
      transport.write([Buffer.from("x")]);
      const second = new Promise<void>((resolve) => {
        transport.flushed(() => {
          order.push(`second ${transport.bufferedBytes}`);
          resolve();
        });
      });
      await turns(30);
      assert.deepEqual(order, []);
      far.resume();
      await second;
      assert.deepEqual(order, ["first", "second 0"]);
    });

    test("flushed never calls back when the stream ends first", async (t) => {
      const { near } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      const called = t.mock.fn();
      stall(transport);
      transport.flushed(called);
      transport.destroy();
      transport.flushed(called);
      assert.deepEqual(await sink.events.next(), ["close", undefined]);
      transport.flushed(called);
      await turns();
      assert.equal(called.mock.callCount(), 0);
    });

    test("end is END_STREAM, as FIN: the peer sees it after all bytes, and may go on sending", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      const all = readAll(far);
      const data = randomBytes(500_000);
      transport.write([data]);
      transport.end();
      assert.equal((await all).equals(data), true);
      far.write("still here");
      assert.equal(String(await sink.bytes(10)), "still here");
      far.end();
      assert.deepEqual(await sink.events.find((event) => typeof event !== "string"), ["close", undefined]);
      assert.equal(near.rstCode, 0);
    });

    test("end does not overtake what a peer without a window has not taken yet", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport } = adopt(near);
      stall(transport);
      transport.end();
      assert.equal(transport.write([Buffer.from("too late")]), false);
      await turns(30);
      assert.equal((await readAll(far)).length, 10 * WINDOW_BYTES);
    });

    for (const size of [1, 300_000]) {
      test(`${size} bytes written before end are told to have left before the stream is gone`, async (t) => {
        const { near, far } = await streamPair(t, side);
        const { transport, sink } = adopt(near);
        far.resume().end();
        assert.equal(await sink.events.next(), "end");
        transport.write([randomBytes(size)]);
        transport.end();
        assert.equal(await sink.events.next(), "drain");
        assert.deepEqual(await sink.events.next(), ["close", undefined]);
      });
    }

    test(`a peer that never ends its side is ${side === "server" ? "" : "not "}asked to stop`, async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      t.mock.timers.enable({ apis: ["setTimeout"] });
      transport.end();
      far.resume();
      await once(far, "end");
      t.mock.timers.tick(1_000);
      await turns(30);
      // RFC 9113 §8.1 lets a server do so, with NO_ERROR
      assert.equal(far.closed, side === "server");
      if (side === "server") assert.deepEqual([far.rstCode, await sink.events.next()], [0, ["close", undefined]]);
    });

    test("the peer's END_STREAM leaves this end open", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      const all = readAll(far);
      far.end("bye");
      assert.equal(await sink.events.next(), "end");
      assert.equal(String(sink.received), "bye");
      await turns();
      transport.write([Buffer.from("answer")]);
      transport.end();
      assert.equal(String(await all), "answer");
      assert.deepEqual(await sink.events.find((event) => event !== "drain"), ["close", undefined]);
    });

    test("after the end write says false, and nothing throws", async (t) => {
      const { near, far } = await streamPair(t, side);
      far.resume();
      const { transport, sink } = adopt(near);
      transport.end();
      assert.equal(transport.write([Buffer.from("a"), Buffer.from("b")]), false);
      far.end();
      assert.deepEqual(await sink.events.find((event) => event !== "end"), ["close", undefined]);
      assert.equal(transport.write([Buffer.from("a")]), false);
      transport.end();
      transport.destroy();
      transport.pause();
      transport.resume();
      await turns();
      assert.deepEqual(sink.events.rest(), []);
    });

    test("destroy is RST_STREAM with CANCEL, and close comes once without an error", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      transport.destroy();
      transport.destroy();
      assert.equal(await closing(far), http2.constants.NGHTTP2_CANCEL);
      assert.deepEqual(sink.events.all, [["close", undefined]]);
    });

    test("destroy ends a stream whose peer gives no window", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      stall(transport);
      await turns(30);
      transport.end();
      transport.destroy();
      assert.deepEqual(await sink.events.next(), ["close", undefined]);
      far.resume();
      assert.equal(await closing(far), http2.constants.NGHTTP2_CANCEL);
    });

    const resets = Object.entries(http2.constants)
      .filter(([name]) => /^NGHTTP2_(?!NV_|HCAT_|FLAG_|ERR_|SETTINGS_(?!TIMEOUT)|SESSION_|STREAM_STATE)/.test(name))
      .filter(([name, code]) => typeof code === "number" && code > 0 && code <= 13 && !/DEFAULT|NONE/.test(name));
    test("every error code of RFC 9113 §7 is among those that are tried", () => {
      assert.deepEqual(
        resets.map(([, code]) => code).sort((a, b) => Number(a) - Number(b)),
        [...Array.from({ length: 13 }, (_, index) => index + 1)],
      );
    });
    for (const [constant, code] of resets) {
      const name = constant.replace("NGHTTP2_", "");
      test(`RST_STREAM with ${name} is as RST: what came before it, no end, close once with an error`, async (t) => {
        const { near, far } = await streamPair(t, side);
        const { sink } = adopt(near);
        far.write("last words");
        await sink.bytes(10);
        far.close(Number(code));
        const [word, error] = (await sink.events.next()) as Ending;
        assert.equal(word, "close");
        assert.equal(error?.message, `the HTTP/2 stream was reset with ${name} (${code})`);
        assert.equal(error?.errorCode, code);
        await turns();
        assert.deepEqual(sink.events.rest(), []);
      });
    }

    test("RST_STREAM with a code that nobody knows says so", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { sink } = adopt(near);
      far.close(0xff);
      const [, error] = (await sink.events.next()) as Ending;
      assert.match(error?.message ?? "", /unknown \(255\)$/);
    });

    test("RST_STREAM with NO_ERROR closes without an error, and is no end of what was sent", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { sink } = adopt(near);
      far.write("last words");
      await sink.bytes(10);
      far.close(http2.constants.NGHTTP2_NO_ERROR);
      assert.deepEqual(await sink.events.find((event) => event !== "end"), ["close", undefined]);
    });

    test("an HTTP/2 connection that is lost closes all its streams, and the error says so", async (t) => {
      const link = await Link.open(t, side);
      const sinks = [adopt((await link.pair()).near).sink, adopt((await link.pair()).near).sink];
      link.cut();
      for (const sink of sinks) {
        const [word, error] = (await sink.events.find((event) => event !== "end")) as Ending;
        assert.equal(word, "close");
        assert.match(error?.message ?? "", /^the HTTP\/2 connection has ended with \w+ \(\d+\)$/);
        await turns();
        assert.deepEqual(sink.events.rest(), []);
      }
    });

    test("an HTTP/2 connection that its peer ends closes all its streams, once", async (t) => {
      const link = await Link.open(t, side);
      const [one, other] = [await link.pair(), await link.pair()];
      const sinks = [adopt(one.near).sink, adopt(other.near).sink];
      one.far.session?.destroy();
      for (const sink of sinks) {
        const [word] = (await sink.events.find((event) => event !== "end")) as Ending;
        assert.equal(word, "close");
        await turns();
        assert.deepEqual(sink.events.rest(), []);
      }
    });

    test("a reset before start harms nobody, and is told after start", async (t) => {
      const { near, far } = await streamPair(t, side);
      near.removeAllListeners("error");
      const transport = new Http2StreamTransport(near);
      const closed = closing(near);
      far.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      near.resume();
      await closed;
      const sink = new RecordingSink();
      transport.start(sink);
      assert.deepEqual(sink.events.all, [], "not from within start");
      const [word, error] = (await sink.events.next()) as Ending;
      assert.deepEqual([word, error?.errorCode], ["close", http2.constants.NGHTTP2_INTERNAL_ERROR]);
    });

    test("the peer's end before start is told after start", { timeout: 5_000 }, async (t) => {
      const { near, far } = await streamPair(t, side);
      const transport = new Http2StreamTransport(near);
      far.resume().end();
      await turns(30);
      const sink = new RecordingSink();
      transport.start(sink);
      assert.deepEqual(sink.events.all, [], "not from within start");
      assert.equal(await sink.events.next(), "end");
    });

    test("pause: nothing is delivered until resume, and nothing is lost", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      far.write("a");
      await sink.bytes(1);
      transport.pause();
      const data = randomBytes(1_000_000);
      far.write(data);
      await turns(50);
      assert.equal(sink.length, 1);
      transport.resume();
      assert.equal((await sink.bytes(1 + data.length)).subarray(1).equals(data), true);
    });

    test("pause holds back this stream's window and no other's (RFC 9113 §5.2)", async (t) => {
      const link = await Link.open(t, side);
      const [slow, quick] = [await link.pair(), await link.pair()];
      const { transport, sink } = adopt(slow.near);
      const other = adopt(quick.near);
      transport.pause();
      const data = randomBytes(2_000_000);
      slow.far.write(data);
      quick.far.write(data);
      await other.sink.bytes(data.length);
      assert.equal(sink.length, 0);
      // Since Node 22 a stream reads one window ahead
      assert.ok(slow.near.readableLength <= 2 * WINDOW_BYTES, `${slow.near.readableLength} bytes are held`);
      // The peer's library counts a write as waiting until all of it is sent
      assert.ok(slow.far.writableLength > 0);
      transport.resume();
      assert.equal((await sink.bytes(data.length)).equals(data), true);
    });

    test("the peer's end while paused is told after what came before it", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      // Node's server resets a stream that it ends and has never read
      far.resume().write("a");
      await sink.bytes(1);
      transport.pause();
      far.end("b");
      await turns(50);
      assert.deepEqual([sink.length, sink.events.all], [1, []]);
      transport.resume();
      assert.equal(String(await sink.bytes(2)), "ab");
      assert.equal(await sink.events.next(), "end");
    });

    test("a reset while paused is told all the same", async (t) => {
      const { near, far } = await streamPair(t, side);
      const { transport, sink } = adopt(near);
      transport.pause();
      far.write("unread");
      await turns(30);
      far.close(http2.constants.NGHTTP2_CANCEL);
      const [word, error] = (await sink.events.find((event) => event !== "end")) as Ending;
      assert.deepEqual([word, error?.errorCode], ["close", http2.constants.NGHTTP2_CANCEL]);
    });

    test("all streams share their listeners", async (t) => {
      const link = await Link.open(t, side);
      const [one, other] = [(await link.pair()).near, (await link.pair()).near];
      const before = new Map(one.eventNames().map((name) => [name, new Set(one.listeners(name))]));
      adopt(one);
      adopt(other);
      for (const name of one.eventNames()) {
        const theirs = new Set(other.listeners(name));
        for (const listener of one.listeners(name)) {
          if (before.get(name)?.has(listener)) continue;
          assert.equal(theirs.has(listener), true, `a listener of its own for ${String(name)}`);
        }
      }
    });
  });
}

test("with public API alone all of this is the same", { skip: PUBLIC_API_ONLY }, () => {
  runAgain(import.meta.url, { POLYSOCKET_PUBLIC_API_ONLY: "1" }, [], 3);
});
