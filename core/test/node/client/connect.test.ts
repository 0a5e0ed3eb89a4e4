import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import { Readable } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { HandlerError, HandshakeError, TransportError, UsageError } from "../../../src/engine/errors.ts";
import { connect } from "../../../src/node/client/connect.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import type { Connection, Sendable } from "../../../src/node/connection/connection.ts";
import { FakeClock } from "../connection/fake-clock.ts";
import { CLOSE, closeFrame, frame, PING, PONG, text } from "../connection/frames.ts";
import { Journal } from "../connection/journal.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { turns } from "../transport/sockets.ts";
import { type RawPeer, RawServer, redirect, refusal, responseText, switching } from "./raw-server.ts";

/** As a server sends it. */
const UNMASKED = { mask: null } as const;

/** A connection whose server is the test, and both ends of it. */
async function connected(
  t: TestContext,
  options: ConnectOptions = {},
): Promise<{ connection: Connection; peer: RawPeer; server: RawServer }> {
  const server = await RawServer.listen(t);
  const connecting = connect(server.url(), { heartbeat: false, ...options });
  const peer = await server.next();
  await peer.accept();
  const connection = await connecting;
  t.after(() => connection.terminate());
  return { connection, peer, server };
}

/** A server that answers with the response and what is behind it, cut where told; and what the application saw. */
async function playBehind101(
  t: TestContext,
  behind: Uint8Array,
  options: ConnectOptions & { readonly handsOver?: boolean } = {},
  finish: (peer: RawPeer) => void = () => {},
  cut?: number,
): Promise<{ journal: Journal<string>; connection: Connection }> {
  const server = await RawServer.listen(t);
  const journal = new Journal<string>();
  const { handsOver = true, ...given } = options;
  const message: ConnectOptions["message"] = (_connection, seen) => journal.add(`message ${seen}`);
  const connecting = connect(server.url(), {
    heartbeat: false,
    ...(handsOver ? { message } : {}),
    open: () => journal.add("open"),
    ping: (_connection, data) => journal.add(`ping ${data}`),
    error: (_connection, { code }) => journal.add(`error ${code}`),
    close: (_connection, { code }) => journal.add(`close ${code}`),
    ...given,
  });
  const continued = connecting.then(() => journal.add("continuation"));
  const peer = await server.next();
  const bytes = Buffer.concat([Buffer.from(switching((await peer.request()).key)), behind]);
  const at = cut === undefined ? bytes.length : bytes.length - behind.length + cut;
  peer.write(bytes.subarray(0, at));
  if (at < bytes.length) {
    await turns(3);
    peer.write(bytes.subarray(at));
  }
  finish(peer);
  const connection = await connecting;
  await continued;
  t.after(() => connection.terminate());
  return { journal, connection };
}

describe("connect", () => {
  test("resolves with a connection that is open, its open handler having been called", async (t) => {
    const seen: unknown[] = [];
    const { connection, peer } = await connected(t, { open: (opened) => seen.push(opened) });
    assert.deepEqual([connection.state, seen.length, seen[0] === connection], ["open", 1, true]);
    connection.send("from the client");
    assert.equal((await peer.frame()).payload.toString(), "from the client");
  });

  test("takes a URL object", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const connection = await connect(new URL(server.url("/a?b")), { heartbeat: false });
    assert.equal(connection.path, "/a");
    connection.terminate();
  });

  test("hands the application's data over before the open handler", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const data = { user: 1 };
    const seen: unknown[] = [];
    const connection = await connect(server.url(), { data, open: (opened) => seen.push(opened.data) });
    assert.deepEqual([connection.data === data, seen[0] === data], [true, true]);
    connection.terminate();
  });

  test("calls handlers as methods of the options", async (t) => {
    const seen = new Journal<unknown>();
    const options = {
      heartbeat: false,
      open(this: unknown) {
        seen.add(this);
      },
      close(this: unknown) {
        seen.add(this);
      },
    } as const;
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    (await connect(server.url(), options)).terminate();
    assert.ok((await seen.take(2)).every((self) => self === options));
  });

  const misuses: readonly (readonly [what: string, url: unknown, options: unknown])[] = [
    ["no URL", undefined, undefined],
    ["a relative URL", "/chat", undefined],
    ["a fragment", "ws://127.0.0.1:1/#a", undefined],
    ["options of null", "ws://127.0.0.1:1/", null],
    ["an unknown option", "ws://127.0.0.1:1/", { maxPayload: 1 }],
    ["a header that breaks a line", "ws://127.0.0.1:1/", { headers: { "X-A": "1\r\nX-B: 2" } }],
    ["another version", "ws://127.0.0.1:1/", { version: 7 }],
  ];
  for (const [what, url, options] of misuses) {
    test(`rejects with a UsageError for ${what}, and never throws`, async () => {
      const promise = connect(url as string, options as ConnectOptions);
      await assert.rejects(promise, { name: "UsageError", code: "USAGE" });
    });
  }

  test("rejects with a HandshakeError where the server refused, and calls no handler", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.answer(refusal(403, {}, "no")) });
    const called: string[] = [];
    const note = (name: string) => () => void called.push(name);
    const handlers = { open: note("open"), message: note("message"), error: note("error"), close: note("close") };
    await assert.rejects(
      connect(server.url(), handlers),
      (error) => error instanceof HandshakeError && error.statusCode === 403 && String(error.response?.body) === "no",
    );
    await turns();
    assert.deepEqual(called, []);
  });

  test("rejects with a TransportError where nobody listens, and calls no handler", async () => {
    const called: string[] = [];
    const note = (name: string) => () => void called.push(name);
    await assert.rejects(
      connect("ws+unix:/nowhere/at/all:/", { open: note("open"), error: note("error"), close: note("close") }),
      (error) => error instanceof TransportError && error.code === "CONNECT_FAILED",
    );
    await turns();
    assert.deepEqual(called, []);
  });

  test("rejects with the signal's reason", async (t) => {
    const server = await RawServer.listen(t);
    const controller = new AbortController();
    const connecting = connect(server.url(), { signal: controller.signal });
    const peer = await server.next();
    const reason = new Error("no time");
    controller.abort(reason);
    await assert.rejects(connecting, (error) => error === reason);
    await peer.gone;
  });

  test("a failure that nobody awaits is an unhandled rejection like any other, and no more than that", async (t) => {
    const seen: unknown[] = [];
    const listener = (reason: unknown): void => void seen.push(reason);
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", listener);
    t.after(() => {
      process.off("unhandledRejection", listener);
      for (const other of others) process.on("unhandledRejection", other);
    });
    connect("/chat").catch(() => {});
    void connect("/chat");
    await turns();
    assert.equal(seen.length, 1);
    assert.ok(seen[0] instanceof UsageError);
  });
});

describe("what comes together with the response (RFC 6455 §4.1)", () => {
  const hello = text("hello", UNMASKED);
  const more = Buffer.concat([hello, frame(PING, "are you there", UNMASKED), text("more", UNMASKED)]);

  test("is handed over after the open handler and what waits for the promise", async (t) => {
    const { journal } = await playBehind101(t, more);
    assert.deepEqual(journal.all, ["open", "continuation"]);
    assert.deepEqual(await journal.take(5), [
      "open",
      "continuation",
      "message hello",
      "ping are you there",
      "message more",
    ]);
  });

  test("wherever it is cut, around the response's end too", async (t) => {
    for (let cut = -6; cut <= more.length; cut += cut < 12 ? 1 : 5) {
      const { journal, connection } = await playBehind101(t, more, {}, () => {}, cut);
      const seen = await journal.take(5);
      const expected = ["open", "continuation", "message hello", "ping are you there", "message more"];
      assert.deepEqual(seen, expected, `cut at ${cut}`);
      connection.terminate();
    }
  });

  test("over TLS, too", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls", script: (peer) => peer.accept({}, more) });
    const journal = new Journal<string>();
    const connection = await connect(server.url(), {
      tls: { ca: testCertificate.cert },
      message: (_connection, message) => journal.add(String(message)),
    });
    journal.add("continuation");
    assert.deepEqual(await journal.take(3), ["continuation", "hello", "more"]);
    connection.terminate();
  });

  test("and is as large as it likes", async (t) => {
    const large = Array.from({ length: 40 }, (_, i) => text(`${i}`.repeat(10_000), UNMASKED));
    const { journal } = await playBehind101(t, Buffer.concat(large));
    const seen = await journal.take(42);
    assert.deepEqual(
      seen.slice(2),
      Array.from({ length: 40 }, (_, i) => `message ${`${i}`.repeat(10_000)}`),
    );
  });

  test("waits for `for await` where there is no handler, also when that comes later", async (t) => {
    const { connection } = await playBehind101(t, more, { handsOver: false }, (peer) => {
      peer.write(text("last", UNMASKED), closeFrame(1000, "", UNMASKED));
      peer.end();
    });
    await turns(20);
    const seen: unknown[] = [];
    for await (const message of connection) seen.push(message);
    assert.deepEqual(seen, ["hello", "more", "last"]);
    assert.equal((await connection.closed).code, 1000);
  });

  test("a Close frame behind the messages: a clean end after them", async (t) => {
    const behind = Buffer.concat([more, closeFrame(1000, "bye", UNMASKED)]);
    const { journal, connection } = await playBehind101(t, behind, {}, (peer) => peer.end());
    const seen = await journal.take(6);
    assert.deepEqual(seen.slice(2), ["message hello", "ping are you there", "message more", "close 1000"]);
    const { wasClean, received } = await connection.closed;
    assert.deepEqual([wasClean, received], [true, { code: 1000, reason: "bye" }]);
  });

  test("a Close frame alone: the application has the connection first", async (t) => {
    const { journal } = await playBehind101(t, closeFrame(4_001, "", UNMASKED), {}, (peer) => peer.end());
    assert.deepEqual(await journal.take(3), ["open", "continuation", "close 4001"]);
  });

  test("FIN behind the messages: 1006 after them", async (t) => {
    const { journal } = await playBehind101(t, more, {}, (peer) => peer.end());
    const seen = await journal.take(6);
    assert.deepEqual(seen.slice(1), [
      "continuation",
      "message hello",
      "ping are you there",
      "message more",
      "close 1006",
    ]);
  });

  test("FIN right behind the response: the application has the connection, then its end", async (t) => {
    const { journal, connection } = await playBehind101(t, Buffer.alloc(0), {}, (peer) => peer.end());
    assert.deepEqual(await journal.take(3), ["open", "continuation", "close 1006"]);
    assert.equal(connection.state, "closed");
  });

  test("a broken frame behind the messages: 1002 after them", async (t) => {
    const behind = Buffer.concat([hello, text("masked")]);
    const { journal } = await playBehind101(t, behind, {}, (peer) => {
      void peer.frame().then(() => peer.end());
    });
    const seen = await journal.take(5);
    assert.deepEqual(seen, ["open", "continuation", "message hello", "error MASK_UNEXPECTED", "close 1002"]);
  });

  test("a reset right behind it is a failure to connect, or a connection that ends with 1006", async (t) => {
    for (let i = 0; i < 10; i++) {
      const server = await RawServer.listen(t);
      const journal = new Journal<string>();
      const connecting = connect(server.url(), { close: (_connection, { code }) => journal.add(`close ${code}`) });
      const peer = await server.next();
      const { key } = await peer.request();
      peer.socket.write(switching(key), () => peer.reset());
      const outcome = await connecting.catch((error: unknown) => error);
      // The system drops what was not read before a reset
      if (outcome instanceof TransportError) assert.equal(outcome.code, "CONNECT_FAILED");
      else assert.equal(await journal.next(), "close 1006");
    }
  });
});

describe("the open handler", () => {
  test("sends what leaves before all that is sent later", async (t) => {
    const { connection, peer } = await connected(t, {
      open: (opened) => {
        opened.send("first");
        opened.send("second");
      },
    });
    connection.send("third");
    for (const expected of ["first", "second", "third"]) {
      assert.equal((await peer.frame()).payload.toString(), expected);
    }
  });

  for (const [how, open] of [
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["rejects", () => Promise.reject(new Error("boom"))],
  ] as [string, () => unknown][]) {
    test(`that ${how} ends the connection with 1011, and the promise is resolved all the same`, async (t) => {
      const errors = new Journal<unknown>();
      const { connection, peer } = await connected(t, { open, error: (_connection, error) => errors.add(error) });
      const error = await errors.next();
      assert.ok(error instanceof HandlerError);
      assert.equal(error.message, "the handler open failed: boom");
      assert.deepEqual((await peer.frame()).payload, Buffer.from([0x03, 0xf3]));
      peer.write(closeFrame(1011, "", UNMASKED));
      peer.end();
      assert.equal((await connection.closed).code, 1011);
    });
  }

  test("that closes sends its Close frame with what it sent", async (t) => {
    const { connection, peer } = await connected(t, {
      open: (opened) => {
        opened.send("hello");
        opened.close(4_000, "and bye");
      },
    });
    assert.equal(connection.state, "closing");
    assert.equal((await peer.frame()).payload.toString(), "hello");
    const { opcode, payload } = await peer.frame();
    assert.deepEqual([opcode, payload.readUInt16BE(0), payload.toString("utf8", 2)], [CLOSE, 4_000, "and bye"]);
    peer.write(closeFrame(4_000, "", UNMASKED));
    peer.end();
    assert.deepEqual([(await connection.closed).code, (await connection.closed).wasClean], [4_000, true]);
  });

  test("that terminates ends the connection at once", async (t) => {
    const { connection, peer } = await connected(t, { open: (opened) => opened.terminate() });
    assert.equal(connection.state, "closed");
    await peer.gone;
    assert.equal((await connection.closed).code, 1006);
    assert.deepEqual(peer.frames, []);
  });

  for (const [how, open] of [
    ["closes", (opened) => opened.close()],
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
  ] as [string, (opened: Connection) => void][]) {
    test(`that ${how} hears of messages that came with the response after the promise, too`, async (t) => {
      const behind = Buffer.concat([text("hello", UNMASKED), closeFrame(1000, "", UNMASKED)]);
      const { journal } = await playBehind101(t, behind, { open, error() {} }, (peer) => peer.end());
      assert.deepEqual(await journal.take(3), ["continuation", "message hello", "close 1000"]);
    });
  }

  test("that terminates hears of no message", async (t) => {
    const open = (opened: Connection): void => opened.terminate();
    const { journal } = await playBehind101(t, text("hello", UNMASKED), { open });
    await journal.find((entry) => entry === "close 1006");
    assert.deepEqual(journal.all, ["continuation", "close 1006"]);
  });
});

describe("what a client sends (RFC 6455 §5.1, §5.3, §10.3)", () => {
  /** The masking keys of all frames in what a peer received; each frame shorter than 126 bytes. */
  function keysIn({ chunks }: RawPeer): string[] {
    const bytes = Buffer.concat(chunks);
    const keys: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const second = bytes[at + 1] ?? 0;
      assert.ok(second >= 0x80, "every frame is masked");
      keys.push(bytes.toString("hex", at + 2, at + 6));
      at += 6 + (second & 0x7f);
    }
    return keys;
  }

  test("is masked with a new key for each frame, of each connection", async (t) => {
    const keys: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { connection, peer } = await connected(t);
      for (let j = 0; j < 10; j++) connection.send("the same");
      void connection.ping("the same").catch(() => {});
      connection.pong("the same");
      connection.close(1000, "the same");
      while ((await peer.frame()).opcode !== CLOSE);
      keys.push(...keysIn(peer));
    }
    assert.equal(keys.length, 39);
    assert.equal(new Set(keys).size, 39);
  });

  const sizes = [0, 1, 5, 125, 126, 16_383, 16_384, 16_385, 65_536, 1 << 20];
  const forms: readonly (readonly [what: string, make: (bytes: Buffer) => Sendable])[] = [
    ["a Uint8Array", (bytes) => new Uint8Array(bytes)],
    ["a Buffer inside a larger one", (bytes) => Buffer.concat([Buffer.from("..."), bytes]).subarray(3)],
    ["an ArrayBuffer", (bytes) => new Uint8Array(bytes).buffer],
    ["a DataView", (bytes) => new DataView(new Uint8Array(bytes).buffer)],
  ];
  for (const [what, make] of forms) {
    test(`is never changed, and may be changed at once: ${what}`, async (t) => {
      const { connection, peer } = await connected(t);
      // What does not fit into the system's buffers waits in this process
      peer.socket.pause();
      for (const size of sizes) {
        const bytes = patterned(size);
        const message = make(bytes);
        connection.send(message);
        const view = viewOf(message);
        assert.equal(Buffer.compare(view, bytes), 0, `${size} bytes after send`);
        view.fill(0xee);
      }
      await turns();
      peer.socket.resume();
      for (const size of sizes) {
        const { payload, masked, opcode } = await peer.frame();
        assert.equal(Buffer.compare(payload, patterned(size)), 0, `${size} bytes`);
        assert.deepEqual([masked, opcode], [true, 2]);
      }
    });
  }

  test("is never changed, and may be changed at once: bytes sent as text", async (t) => {
    const { connection, peer } = await connected(t);
    for (const size of sizes) {
      const bytes = Buffer.alloc(size, "é").fill("x", size - (size % 2));
      const copy = Buffer.from(bytes);
      connection.send(bytes, { kind: "text" });
      assert.equal(Buffer.compare(bytes, copy), 0);
      bytes.fill(0xff);
      const { payload, opcode } = await peer.frame();
      assert.equal(Buffer.compare(payload, copy), 0, `${size} bytes`);
      assert.equal(opcode, 1);
    }
  });

  test("is never changed, and may be changed at once: pings and pongs", async (t) => {
    const { connection, peer } = await connected(t);
    const bytes = Buffer.from("payload");
    void connection.ping(bytes).catch(() => {});
    bytes.fill("x");
    connection.pong(bytes);
    bytes.fill("y");
    assert.equal((await peer.frame()).payload.toString(), "payload");
    assert.equal((await peer.frame()).payload.toString(), "xxxxxxx");
  });

  test("may be changed at once also while it waits behind a message that takes several turns", async (t) => {
    const { connection, peer } = await connected(t);
    connection.send(Readable.from([Buffer.from("a"), Buffer.from("b")]), { kind: "binary" });
    for (const size of [5, 16_385, 1 << 20]) {
      const bytes = patterned(size);
      connection.send(bytes);
      bytes.fill(0xee);
    }
    const writer = connection.beginMessage("binary");
    const piece = patterned(20_000);
    writer.write(piece);
    await writer.writable();
    piece.fill(0xee);
    writer.end();
    const messages: Buffer[] = [];
    for (let pieces: Buffer[] = []; messages.length < 5; ) {
      const { fin, payload } = await peer.frame();
      pieces.push(payload);
      if (!fin) continue;
      messages.push(Buffer.concat(pieces));
      pieces = [];
    }
    const expected = [Buffer.from("ab"), ...[5, 16_385, 1 << 20, 20_000].map(patterned)];
    for (const [i, message] of messages.entries()) {
      assert.equal(Buffer.compare(message, expected[i] ?? Buffer.alloc(0)), 0, `message ${i}`);
    }
  });

  test("text arrives whole at each size", async (t) => {
    const { connection, peer } = await connected(t);
    for (const size of sizes) {
      for (const letter of ["a", "é", "€", "😀"]) {
        const message = letter.repeat(size / letter.length);
        connection.send(message);
        const { payload, opcode } = await peer.frame();
        assert.deepEqual([opcode, payload.toString() === message], [1, true], `${size} times ${letter}`);
      }
    }
  });
});

/** An agent that knows how much its one socket has read. */
class SocketKeeper extends http.Agent {
  #socket: net.Socket | undefined;

  override createConnection(options: net.NetConnectOpts): net.Socket {
    this.#socket = net.connect(options);
    return this.#socket;
  }

  get bytesRead(): number {
    return this.#socket?.bytesRead ?? 0;
  }
}

describe("a client's heartbeat (RFC 6455 §5.5.2)", () => {
  const heartbeat = { intervalMs: 1_000, timeoutMs: 500 };

  test("finds a server that is half-open after interval and timeout, not before", async (t) => {
    const clock = new FakeClock(t);
    const journal = new Journal<string>();
    const { connection, peer } = await connected(t, {
      heartbeat,
      error: (_connection, { code }) => journal.add(code),
      close: (_connection, { code, wasClean, error }) => journal.add(`${code} ${wasClean} ${error?.code}`),
    });
    await clock.advance(999);
    assert.deepEqual(peer.frames, []);
    await clock.advance(1);
    const { opcode, payload, masked } = await peer.frame();
    assert.deepEqual([opcode, payload.length, masked], [PING, 4, true]);
    await clock.advance(499);
    assert.deepEqual([connection.state, connection.roundTripMs], ["open", undefined]);
    await clock.advance(1);
    assert.deepEqual(await journal.take(2), ["HEARTBEAT_TIMEOUT", "1006 false HEARTBEAT_TIMEOUT"]);
    await peer.gone;
    assert.equal(peer.frames.length, 1, "no Close frame is sent to a peer that does not hear");
  });

  for (const [what, bytes] of [
    ["the pong", undefined],
    ["another pong", frame(PONG, "", UNMASKED)],
    ["a message", text("a", UNMASKED)],
    ["part of a header", text("a", UNMASKED).subarray(0, 1)],
  ] as const) {
    test(`takes ${what} for a sign of life`, async (t) => {
      const clock = new FakeClock(t);
      const agent = new SocketKeeper();
      const { connection, peer } = await connected(t, { heartbeat, agent, message() {} });
      await clock.advance(1_000);
      const { payload } = await peer.frame();
      await clock.advance(400);
      const before = agent.bytesRead;
      peer.write(bytes ?? frame(PONG, payload, UNMASKED));
      while (agent.bytesRead === before) await turns(1);
      await clock.advance(999);
      assert.deepEqual([connection.state, peer.frames.length], ["open", 1]);
      await clock.advance(1);
      await peer.frame();
      await clock.advance(500);
      assert.equal((await connection.closed).error?.code, "HEARTBEAT_TIMEOUT");
    });
  }

  test("measures the round trip by its own pong alone", async (t) => {
    const clock = new FakeClock(t);
    const pongs = new Journal<string>();
    const { connection, peer } = await connected(t, {
      heartbeat: { intervalMs: 1_000, timeoutMs: 100_000 },
      pong: (_connection, data) => pongs.add(String(data)),
    });
    assert.equal(connection.roundTripMs, undefined);
    const answer = async (payload: string | Uint8Array): Promise<void> => {
      peer.write(frame(PONG, payload, UNMASKED));
      await pongs.next();
    };
    await clock.advance(10);
    const roundTrip = connection.ping("mine");
    assert.equal((await peer.frame()).payload.toString(), "mine");
    await clock.advance(7);
    await answer("mine");
    assert.deepEqual([await roundTrip, connection.roundTripMs], [7, undefined]);
    await clock.advance(1_000);
    const beat = (await peer.frame()).payload;
    await answer("mine");
    await clock.advance(30);
    await answer("none's");
    assert.equal(connection.roundTripMs, undefined);
    await clock.advance(12);
    await answer(beat);
    assert.equal(connection.roundTripMs, 42);
    await clock.advance(500);
    await answer(beat);
    assert.equal(connection.roundTripMs, 42);
  });

  test("has payloads that nobody can foretell", async (t) => {
    const clock = new FakeClock(t);
    const { peer } = await connected(t, { heartbeat: { intervalMs: 100, timeoutMs: Number.POSITIVE_INFINITY } });
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      await clock.advance(100);
      seen.add((await peer.frame()).payload.toString("hex"));
    }
    assert.equal(seen.size, 20);
  });
});

describe("a process that has connected", () => {
  const scenarios: Record<string, (peer: RawPeer) => unknown> = {
    "/refuse": (peer) => peer.answer(refusal(403, {}, "no")),
    "/garbage": (peer) => peer.answer("no HTTP at all\r\n\r\n"),
    "/wrong": (peer) => peer.answer(switching("AAAAAAAAAAAAAAAAAAAAAA==")),
    "/loop": (peer) => peer.answer(redirect("/loop")),
    "/silent": () => {},
    "/endless": async (peer) => {
      await peer.answer(responseText(503));
      for (; peer.left === undefined; await turns(1)) peer.write("x".repeat(1_000));
    },
    "/accept": async (peer) => {
      await peer.accept();
      const { payload } = await peer.frame();
      peer.write(frame(CLOSE, payload, UNMASKED));
      peer.end();
    },
    "/close": async (peer) => {
      await peer.accept();
      peer.write(closeFrame(4_000, "", UNMASKED));
      peer.end();
    },
    "/end": async (peer) => {
      await peer.accept();
      peer.end();
    },
  };

  test("ends by itself, and nothing of any connection keeps it alive", async (t) => {
    const server = await RawServer.listen(t, {
      script: async (peer) => scenarios[(await peer.request()).line.split(" ")[1] ?? ""]?.(peer),
    });
    const program = fileURLToPath(new URL("client-process.ts", import.meta.url));
    const child = spawn(process.execPath, [
      "--import",
      "tsx",
      program,
      server.origin,
      `ws://127.0.0.1:${await unused()}/`,
    ]);
    t.after(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (bytes) => {
      output += String(bytes);
    });
    child.stderr.on("data", (bytes) => {
      output += String(bytes);
    });
    const [status] = await once(child, "close");
    assert.equal(status, 0, output);
    assert.deepEqual(JSON.parse(output), {
      nobody: ["CONNECT_FAILED", []],
      refusal: ["STATUS_NOT_101", []],
      refusalWithAgent: ["STATUS_NOT_101", []],
      endlessRefusal: ["STATUS_NOT_101", []],
      garbage: ["RESPONSE_INVALID", []],
      wrongAccept: ["ACCEPT_MISMATCH", []],
      redirects: ["TOO_MANY_REDIRECTS", []],
      aborted: [20, []],
      timedOut: ["HANDSHAKE_TIMEOUT", []],
      closed: [1000, []],
      closedWithAgent: [1000, []],
      terminated: [1006, []],
      aborted1001: [1001, []],
      closedByServer: [4000, []],
      lost: [1006, []],
    });
  });
});

/** Bytes 0, 1, 2 … 250, 0, 1 … */
function patterned(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = i % 251;
  return bytes;
}

function viewOf(message: Sendable): Uint8Array {
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  if (ArrayBuffer.isView(message)) return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
  throw new Error("not bytes");
}

/** A port where nobody listens. */
async function unused(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
