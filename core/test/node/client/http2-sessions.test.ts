import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseClientUrl } from "../../../src/node/client/client-url.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { type SessionWaiter, takeSession } from "../../../src/node/client/http2-sessions.ts";
import { FakeClock } from "../connection/fake-clock.ts";
import { text } from "../connection/frames.ts";
import { Journal } from "../connection/journal.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { turns } from "../transport/sockets.ts";
import { type Handshaking, handshakeError, start } from "./handshaking.ts";
import { accept, type OnStream, RawHttp2Server } from "./raw-http2-server.ts";
import { RawServer } from "./raw-server.ts";

const ca = testCertificate.cert;

/** Opens a WebSocket and takes its end. */
const acceptAndRead: OnStream = (stream) => {
  stream.respond({ ":status": 200 });
  stream.resume();
  stream.on("end", () => stream.end());
};

/** Resets a stream with REFUSED_STREAM (RFC 9113 §7). */
const REFUSED_STREAM = 7;

function open(t: TestContext, url: string, options: ConnectOptions = {}): Handshaking["opened"] {
  return start(t, url, { http2: true, ...options }).opened;
}

describe("which connections share an HTTP/2 connection", () => {
  test("those with the same TLS options, though in another object and order", async (t) => {
    const server = await RawHttp2Server.start(t, accept, {}, "tls");
    await open(t, server.url, { tls: { ca, minVersion: "TLSv1.2" } });
    await open(t, server.url, { tls: { minVersion: "TLSv1.2", ca } });
    assert.equal(server.sockets.length, 1);
  });

  test("not those with other TLS options", async (t) => {
    const server = await RawHttp2Server.start(t, accept, {}, "tls");
    await open(t, server.url, { tls: { ca } });
    await open(t, server.url, { tls: { ca, servername: "localhost" } });
    await open(t, server.url, { tls: { ca, servername: "other", rejectUnauthorized: false } });
    await open(t, server.url, { tls: { ca: [ca] } });
    assert.equal(server.sockets.length, 4);
  });

  test("not those to another name or port", async (t) => {
    const servers = await Promise.all([1, 2].map(() => RawHttp2Server.start(t, accept)));
    for (const { url } of servers) await open(t, url);
    await open(t, String(servers[0]?.url).replace("127.0.0.1", "localhost"));
    assert.deepEqual(
      servers.map(({ sockets }) => sockets.length),
      [2, 1],
    );
  });

  test("not one that the server took no more streams on, while that has them all", async (t) => {
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      if (server.sessions.length === 1 && headers[":path"] !== "/first") stream.close(REFUSED_STREAM);
      else accept(stream, headers);
    });
    await open(t, `${server.url}first`);
    await open(t, `${server.url}second`);
    await open(t, `${server.url}third`);
    assert.equal(server.sockets.length, 2);
  });

  test("not one whose request went unanswered until the deadline", async (t) => {
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      if (headers[":path"] !== "/silent") accept(stream, headers);
    });
    const first = await open(t, server.url);
    const silent = start(t, `${server.url}silent`, { http2: true, handshakeTimeoutMs: 50 });
    assert.equal((await handshakeError(silent)).code, "HANDSHAKE_TIMEOUT");
    await open(t, server.url);
    assert.deepEqual([server.sockets.length, first.state], [2, "open"]);
  });

  test("not one that has said goodbye, which keeps those that it has (RFC 9113 §6.8)", async (t) => {
    const streams: http2.ServerHttp2Stream[] = [];
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      streams.push(stream);
      accept(stream, headers);
    });
    const messages = new Journal<unknown>();
    const first = await open(t, server.url, { message: (_, data) => messages.add(data) });
    server.sessions[0]?.goaway(0);
    // It comes behind the GOAWAY
    streams[0]?.write(text("a", { mask: null }));
    assert.equal(await messages.next(), "a");
    await open(t, server.url);
    streams[0]?.write(text("b", { mask: null }));
    assert.equal(await messages.next(), "b");
    assert.deepEqual([server.sockets.length, first.state], [2, "open"]);
  });

  test("not one whose goodbye leaves the stream out: it is asked for again on another (RFC 9113 §8.7)", async (t) => {
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      if (headers[":path"] === "/late" && server.sessions.length === 1) server.sessions[0]?.goaway(0, 1);
      else accept(stream, headers);
    });
    const first = await open(t, server.url);
    const late = await open(t, `${server.url}late`);
    assert.deepEqual([first.state, late.state, server.sockets.length], ["open", "open", 2]);
  });

  test("none where the server allows no streams", async (t) => {
    const server = await RawHttp2Server.start(t, accept, { maxConcurrentStreams: 0 });
    const error = await handshakeError(start(t, server.url, { http2: true }));
    assert.equal(error.code, "CONNECT_UNAVAILABLE");
    assert.equal(server.sockets.length, 1);
    await server.allClosed();
  });
});

describe("an HTTP/2 connection that nobody uses", () => {
  test("is kept for four seconds, then closed", async (t) => {
    const server = await RawHttp2Server.start(t, acceptAndRead);
    const clock = new FakeClock(t);
    const first = await open(t, server.url);
    first.terminate();
    await first.closed;
    await clock.advance(3_999);
    const second = await open(t, server.url);
    await clock.advance(10_000);
    const third = await open(t, server.url);
    assert.deepEqual([server.sockets.length, second.state], [1, "open"]);
    for (const connection of [second, third]) connection.terminate();
    await Promise.all([second.closed, third.closed]);
    await clock.advance(4_000);
    await server.allClosed();
  });

  test("does not keep the process alive", async (t) => {
    const server = await RawHttp2Server.start(t, acceptAndRead);
    const program = fileURLToPath(new URL("http2-client-process.ts", import.meta.url));
    const run = promisify(execFile)(process.execPath, ["--import", "tsx", program, server.url]);
    const lingeredMs = Number((await run).stdout);
    assert.ok(lingeredMs >= 0 && lingeredMs < 2_000, `${lingeredMs} ms`);
  });

  test("stays where another connection is open on it", async (t) => {
    const server = await RawHttp2Server.start(t, acceptAndRead);
    const clock = new FakeClock(t);
    const stays = await open(t, server.url);
    const goes = await open(t, server.url);
    goes.terminate();
    await goes.closed;
    await clock.advance(20_000);
    assert.deepEqual([stays.state, server.sockets[0]?.destroyed], ["open", false]);
  });
});

describe("a handshake over HTTP/2 that is given up", () => {
  const ways: Record<string, (t: TestContext, url: string, reached: Promise<unknown>) => Promise<void>> = {
    "by its signal": async (t, url, reached) => {
      const controller = new AbortController();
      const { failed } = start(t, url, { http2: true, signal: controller.signal });
      await reached;
      controller.abort("enough");
      assert.equal(await failed, "enough");
    },
    "by its deadline": async (t, url, reached) => {
      const clock = new FakeClock(t);
      const handshaking = start(t, url, { http2: true, handshakeTimeoutMs: 1_000 });
      await reached;
      await clock.advance(1_000);
      assert.equal((await handshakeError(handshaking)).code, "HANDSHAKE_TIMEOUT");
    },
  };

  for (const [how, giveUp] of Object.entries(ways)) {
    test(`${how} at once leaves no socket`, async (t) => {
      const server = await RawServer.listen(t);
      await giveUp(t, server.url(), Promise.resolve());
      await turns();
      for (const { gone } of server.peers) await gone;
    });

    test(`${how} while TLS stalls leaves no socket`, async (t) => {
      const server = await RawServer.listen(t);
      const peer = server.next();
      await giveUp(t, `wss://127.0.0.1:${server.port}/`, peer);
      await (await peer).gone;
    });

    test(`${how} while SETTINGS do not come leaves no socket`, async (t) => {
      const server = await RawServer.listen(t);
      const peer = server.next();
      const preface = peer.then((one) => one.request());
      await giveUp(t, server.url(), preface);
      await (await peer).gone;
    });

    test(`${how} while the response does not come leaves no socket`, async (t) => {
      let asked = (): void => undefined;
      const reached = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const server = await RawHttp2Server.start(t, () => asked());
      await giveUp(t, server.url, reached);
      await server.allClosed();
      assert.equal(server.sockets.length, 1);
    });
  }

  test("keeps the session for those that wait with it", async (t) => {
    const server = await RawHttp2Server.start(t, accept);
    const controller = new AbortController();
    const { failed } = start(t, server.url, { http2: true, signal: controller.signal });
    const other = open(t, server.url);
    controller.abort("enough");
    assert.equal(await failed, "enough");
    assert.deepEqual([(await other).state, server.sockets.length], ["open", 1]);
  });

  test("by what another one's outcome leads to is not handed a session", async (t) => {
    const url = parseClientUrl((await RawHttp2Server.start(t, accept)).url);
    const told: string[] = [];
    const waiter = (name: string, then: () => void): SessionWaiter => ({
      ready(_, lease) {
        told.push(name);
        lease.release();
        then();
      },
      http1: () => assert.fail("http1"),
      failed: () => assert.fail("failed"),
    });
    const wish = { url, tls: {}, orHttp1: false };
    let stop = (): void => assert.fail("too early");
    const first = waiter("first", () => stop());
    const second = waiter("second", () => undefined);
    await new Promise<void>((resolve) => {
      takeSession(wish, first);
      stop = takeSession(wish, second);
      takeSession(wish, waiter("third", resolve));
    });
    assert.deepEqual(told, ["first", "third"]);
  });

  test("leaves no socket where it was passed on to a second TCP connection", async (t) => {
    const sockets: net.Socket[] = [];
    const speaking = http2.createServer({ settings: { enableConnectProtocol: true, maxConcurrentStreams: 1 } });
    speaking.on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      accept(stream, headers);
    });
    let second = (_: net.Socket): void => undefined;
    const arrived = new Promise<net.Socket>((resolve) => {
      second = resolve;
    });
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      if (sockets.length === 1) speaking.emit("connection", socket);
      else second(socket.resume());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const url = `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}/`;
    const controller = new AbortController();
    const first = open(t, url);
    const { failed } = start(t, url, { http2: true, signal: controller.signal });
    const socket = await arrived;
    controller.abort("enough");
    assert.equal(await failed, "enough");
    await once(socket, "close");
    assert.deepEqual([(await first).state, sockets.length], ["open", 2]);
  });
});

describe("redirects over HTTP/2 (RFC 9110 §15.4)", () => {
  /** A server that sends /a elsewhere. */
  function site(t: TestContext, location: string, seen: http2.IncomingHttpHeaders[]): Promise<RawHttp2Server> {
    return RawHttp2Server.start(t, (stream, headers) => {
      seen.push(headers);
      if (headers[":path"] !== "/a") {
        accept(stream, headers);
        return;
      }
      stream.respond({ ":status": 302, location });
      stream.end();
    });
  }

  test("to the same origin use the same TCP connection, with all headers", async (t) => {
    const seen: http2.IncomingHttpHeaders[] = [];
    const server = await site(t, "/b?c", seen);
    const connection = await open(t, `${server.url}a`, { followRedirects: true, headers: { Cookie: "d=e" } });
    assert.deepEqual([connection.path, server.sockets.length], ["/b", 1]);
    assert.deepEqual(
      seen.map((headers) => [headers[":path"], headers.cookie]),
      [
        ["/a", "d=e"],
        ["/b?c", "d=e"],
      ],
    );
  });

  test("to another origin use another, without credentials", async (t) => {
    const seen: http2.IncomingHttpHeaders[] = [];
    const target = await site(t, "", seen);
    const server = await site(t, `${target.url}b`, []);
    const headers = { Cookie: "d=e", Authorization: "Bearer f", "X-G": "h" };
    const { httpVersion } = await open(t, `${server.url}a`, { followRedirects: true, headers });
    const fields = seen.map(({ cookie, authorization, ...rest }) => [cookie, authorization, rest["x-g"]]);
    assert.deepEqual([httpVersion, fields], ["2.0", [[undefined, undefined, "h"]]]);
    assert.deepEqual([server.sockets.length, target.sockets.length], [1, 1]);
  });

  test("of a session of the application's stay on it within its origin, and leave it for another", async (t) => {
    const target = await RawServer.listen(t, { script: (peer) => peer.accept() });
    for (const [location, version] of [
      ["/b", "2.0"],
      [target.url(), "1.1"],
    ] as const) {
      const server = await site(t, location, []);
      const session = http2.connect(server.url.replace("ws:", "http:"));
      t.after(() => session.destroy());
      const { httpVersion } = await open(t, `${server.url}a`, { followRedirects: true, http2: session });
      assert.deepEqual([httpVersion, server.sockets.length, session.closed], [version, 1, false]);
    }
  });

  test("that are not followed are refusals", async (t) => {
    const server = await site(t, "/b", []);
    const error = await handshakeError(start(t, `${server.url}a`, { http2: true }));
    assert.deepEqual([error.code, error.statusCode], ["STATUS_NOT_2XX", 302]);
  });
});
