import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { HandshakeError } from "../../../src/engine/errors.ts";
import { createEndpoint, type Endpoint } from "../../../src/node/server/create-endpoint.ts";
import type { HandshakeRequest } from "../../../src/node/server/handshake-request.ts";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import { type connectFields, FRAME, Http2Client, RawHttp2, rawConnectFields } from "./raw-http2.ts";
import { textFrame } from "./raw-client.ts";

interface Rig<Data> {
  readonly endpoint: Endpoint<Data>;
  readonly errors: HandshakeError[];
  readonly url: string;
  connect(options?: http2.ClientSessionOptions): Promise<Http2Client>;
}

/** An endpoint on an HTTP/2 server of its own, without TLS; the error of each refusal is kept.
 * @param handed told of each stream when it was handed over */
async function start<Data = undefined>(
  t: TestContext,
  options: EndpointOptions<Data> = {},
  handed: (stream: http2.ServerHttp2Stream) => void = () => undefined,
): Promise<Rig<Data>> {
  const errors: HandshakeError[] = [];
  const endpoint = createEndpoint<Data>({ upgradeError: (error) => errors.push(error), ...options });
  const base = http2.createServer({ settings: { enableConnectProtocol: true } });
  base.on("stream", (...event: Parameters<Endpoint["handleStream"]>) => {
    endpoint.handleStream(...event);
    handed(event[0]);
  });
  base.listen(0, "127.0.0.1");
  await once(base, "listening");
  t.after(async () => {
    await endpoint.close({ timeoutMs: 0 });
    base.close();
  });
  const address = base.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `http://127.0.0.1:${address.port}`;
  return { endpoint, errors, url, connect: (settings) => Http2Client.connect(t, url, settings) };
}

/** An `upgrade` that is answered by the test. */
class Question {
  readonly asked: Promise<HandshakeRequest>;
  readonly upgrade: (request: HandshakeRequest) => Promise<undefined>;
  answer: (value: unknown) => void = () => assert.fail("not asked yet");
  fail: (error: unknown) => void = () => assert.fail("not asked yet");

  constructor() {
    let tell = (_request: HandshakeRequest): void => undefined;
    this.asked = new Promise((resolve) => {
      tell = resolve;
    });
    this.upgrade = (request) =>
      new Promise((resolve, reject) => {
        this.answer = (value) => resolve(value as undefined);
        this.fail = reject;
        tell(request);
      });
  }
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return signal.aborted ? Promise.resolve() : once(signal, "abort");
}

function codes({ errors }: Pick<Rig<undefined>, "errors">): string[] {
  return errors.map(({ code }) => code);
}

describe("an extended CONNECT that is accepted (RFC 8441 §5)", () => {
  test("gets 200 without END_STREAM, and nothing of HTTP/1.1's handshake", async (t) => {
    const rig = await start(t);
    const peer = await (await rig.connect()).open();
    assert.deepEqual(await peer.fields(), { ":status": 200 });
    assert.ok(Math.abs(Date.parse((await peer.head()).date ?? "") - Date.now()) < 60_000);
    assert.equal(peer.stream.readableEnded, false);
  });

  test("carries messages both ways, several on one HTTP/2 connection", async (t) => {
    const rig = await start(t, {
      open: (connection) => connection.send(`hello ${connection.httpVersion}`),
      message: (connection, message) => connection.send(`${message}!`),
    });
    const client = await rig.connect();
    const peers = [await client.open(), await client.open(), await client.open()];
    for (const [index, peer] of peers.entries()) peer.write(textFrame(`m${index}`));
    for (const [index, peer] of peers.entries()) {
      assert.deepEqual([await peer.text(), await peer.text()], ["hello 2.0", `m${index}!`]);
    }
    assert.equal(rig.endpoint.connections.size, 3);
  });

  test("gets what upgrade accepted with: the subprotocol, fields, two cookies, data", async (t) => {
    const seen: unknown[] = [];
    const rig = await start<{ user: string }>(t, {
      async upgrade({ subprotocols }) {
        const headers = [
          ["Set-Cookie", "a=1"],
          ["X-Room", "caf\u00e9"],
          ["Set-Cookie", "b=2; Secure"],
          ["Keep-Alive", "timeout=5"],
        ] as const;
        return { subprotocol: subprotocols[1] ?? "", headers, data: { user: "ada" } };
      },
      open: ({ data, subprotocol, httpVersion }) => seen.push(data.user, subprotocol, httpVersion),
    });
    const peer = (await rig.connect()).ask({ "sec-websocket-protocol": "v1, v2" });
    assert.deepEqual(await peer.fields(), {
      ":status": 200,
      "sec-websocket-protocol": "v2",
      "set-cookie": ["a=1", "b=2; Secure"],
      "x-room": "caf\u00e9",
    });
    assert.deepEqual(seen, ["ada", "v2", "2.0"]);
  });

  test("negotiates permessage-deflate (RFC 7692)", async (t) => {
    const rig = await start(t, {
      compression: true,
      open: (connection) => connection.send("a".repeat(10_000)),
    });
    const peer = await (await rig.connect()).open({ "sec-websocket-extensions": "permessage-deflate" });
    assert.match(String((await peer.head())["sec-websocket-extensions"]), /^permessage-deflate/);
    const [first = 0, length = 0] = await peer.bytes(2);
    assert.equal(first, 0xc1, "RSV1 is set");
    assert.ok(length < 126);
  });

  test("gets the Accept of a key that it has sent all the same, as undici's client does", async (t) => {
    const rig = await start(t);
    const peer = await (await rig.connect()).open({ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" });
    assert.equal((await peer.head())["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  test("is open before handleStream returns when upgrade answers at once", async (t) => {
    const seen: string[] = [];
    const options = { upgrade: () => void seen.push("upgrade"), open: () => void seen.push("open") };
    const rig = await start(t, options, () => seen.push("returned"));
    await (await rig.connect()).open();
    assert.deepEqual(seen, ["upgrade", "open", "returned"]);
  });

  test("the transport's error listener is the stream's only one", async (t) => {
    const streams: http2.ServerHttp2Stream[] = [];
    const rig = await start(t, { async upgrade() {} }, (stream) => streams.push(stream));
    await (await rig.connect()).open();
    assert.equal(streams[0]?.listenerCount("error"), 1);
  });

  test("nothing of the request is kept", async (t) => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const kept: WeakRef<object>[] = [];
    const rig = await start(t, {
      upgrade: async (request) => {
        kept.push(new WeakRef(request), new WeakRef(request.headers), new WeakRef(request.signal));
      },
      message: (connection, message) => connection.send(message),
    });
    const peer = await (await rig.connect()).open();
    await peer.write(textFrame("x")).text();
    for (let round = 0; round < 20 && kept.some((ref) => ref.deref() !== undefined); round += 1) {
      await new Promise(setImmediate);
      collect();
    }
    assert.deepEqual(
      kept.map((ref) => ref.deref()),
      [undefined, undefined, undefined],
    );
    assert.equal(rig.endpoint.connections.size, 1);
  });
});

describe("the request of an extended CONNECT", () => {
  async function requestOf(t: TestContext, given: Parameters<typeof connectFields>[0], options: EndpointOptions = {}) {
    const requests: HandshakeRequest[] = [];
    const rig = await start(t, { ...options, upgrade: (request) => void requests.push(request) });
    await (await rig.connect()).open(given);
    const [request] = requests;
    assert.ok(request !== undefined);
    return request;
  }

  test("has its path, query, host, origin and version", async (t) => {
    const request = await requestOf(t, {
      ":path": "/a%20b?room=7&room=8",
      ":authority": "chat.example:81",
      origin: "http://chat.example:81",
    });
    assert.equal(request.method, "CONNECT");
    assert.equal(request.httpVersion, "2.0");
    assert.equal(request.url, "/a%20b?room=7&room=8");
    assert.equal(request.path, "/a%20b");
    assert.deepEqual(request.query.getAll("room"), ["7", "8"]);
    assert.equal(request.host, "chat.example:81");
    assert.equal(request.origin, "http://chat.example:81");
    assert.equal(request.version, 13);
    assert.equal(request.raw, undefined);
    assert.equal(request.secure, false);
    assert.equal(request.remoteAddress, "127.0.0.1");
  });

  test("has the fields under the names that HTTP/1.1 has for them, and as they came", async (t) => {
    const request = await requestOf(t, { "x-a": ["1", "2"], "user-agent": "test" });
    assert.deepEqual(
      { ...request.headers },
      { "sec-websocket-version": "13", "x-a": "1, 2", "user-agent": "test", host: "example.com" },
    );
    const raw = request.rawHeaders;
    assert.deepEqual(raw.slice(0, 2), [":method", "CONNECT"]);
    assert.equal(raw[raw.indexOf(":protocol") + 1], "websocket");
    assert.equal(raw.filter((text) => text === "x-a").length, 2);
  });

  test("has one list of cookies that came in several fields (RFC 9113 §8.2.3)", async (t) => {
    const request = await requestOf(t, { cookie: ["a=1", "b=2; c=3", "d=4"] });
    assert.deepEqual([...request.cookies], Object.entries({ a: "1", b: "2", c: "3", d: "4" }));
    assert.equal(request.headers.cookie, "a=1; b=2; c=3; d=4");
  });

  test("tells what the client offers", async (t) => {
    const request = await requestOf(t, {
      "sec-websocket-protocol": ["a", "b"],
      "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
    });
    assert.deepEqual(request.subprotocols, ["a", "b"]);
    assert.deepEqual(
      request.extensions.map(({ name }) => name),
      ["permessage-deflate"],
    );
  });

  test("believes a trusted proxy, as over HTTP/1.1", async (t) => {
    const forwarded = {
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "chat.example",
    };
    const trusting = await requestOf(t, forwarded, { trustProxy: ["127.0.0.1"] });
    assert.deepEqual([trusting.remoteAddress, trusting.secure, trusting.host], ["203.0.113.7", true, "chat.example"]);
    const wary = await requestOf(t, forwarded);
    assert.deepEqual([wary.remoteAddress, wary.secure, wary.host], ["127.0.0.1", false, "example.com"]);
  });
});

describe("while upgrade decides about a stream", () => {
  const departures: [name: string, leave: (peer: Awaited<ReturnType<Http2Client["open"]>>, of: Http2Client) => void][] =
    [
      ["resets", (peer) => peer.reset()],
      ["resets with NO_ERROR", (peer) => peer.reset(http2.constants.NGHTTP2_NO_ERROR)],
      ["sends something and resets", (peer) => peer.write("x").reset()],
      ["sends END_STREAM", (peer) => peer.end()],
      ["ends the whole HTTP/2 connection", (_peer, client) => client.session.destroy()],
    ];
  for (const [name, leave] of departures) {
    test(`a peer that ${name} aborts the signal, and is PEER_GONE`, async (t) => {
      const question = new Question();
      const rig = await start(t, { upgrade: question.upgrade, open: () => assert.fail("opened") });
      const client = await rig.connect();
      const peer = client.ask();
      const { signal } = await question.asked;
      assert.equal(rig.endpoint.stats().pendingHandshakes, 1);
      leave(peer, client);
      await aborted(signal);
      assert.equal(signal.reason.code, "PEER_GONE");
      question.answer(undefined);
      await new Promise(setImmediate);
      assert.deepEqual(codes(rig), ["PEER_GONE"]);
      const { pendingHandshakes, opened, errors } = rig.endpoint.stats();
      assert.deepEqual([pendingHandshakes, opened, errors], [0, 0, { PEER_GONE: 1 }]);
    });
  }

  test("a rejection after the end is nobody's", async (t) => {
    const question = new Question();
    const rig = await start(t, { upgrade: question.upgrade });
    const peer = (await rig.connect()).ask();
    const { signal } = await question.asked;
    peer.reset();
    await aborted(signal);
    question.fail(signal.reason);
    await new Promise(setImmediate);
    assert.deepEqual(codes(rig), ["PEER_GONE"]);
  });

  for (const size of [5, 20_000, 300_000]) {
    test(`${size} bytes that the peer sends meanwhile are not lost`, async (t) => {
      const question = new Question();
      const received: unknown[] = [];
      const rig = await start(t, {
        upgrade: question.upgrade,
        message(connection, message) {
          received.push(message);
          connection.send(String(received.length));
        },
      });
      const early = "a".repeat(Math.min(size, 60_000));
      const count = Math.ceil(size / early.length);
      const client = await rig.connect();
      const peer = client.ask().write(textFrame("head"));
      await question.asked;
      for (let index = 0; index < count; index += 1) peer.write(textFrame(early));
      await client.ping();
      question.answer(undefined);
      assert.equal(await peer.status(), 200);
      for (let index = 1; index <= count + 1; index += 1) assert.equal(await peer.text(), String(index));
      assert.deepEqual(received, ["head", ...Array(count).fill(early)]);
    });
  }

  test("the peer is held up once it has sent a window, and its other streams are not", async (t) => {
    const question = new Question();
    const rig = await start(t, {
      upgrade: (request) => (request.path === "/slow" ? question.upgrade(request) : undefined),
      message: (connection, message) => connection.send(message),
    });
    const client = await rig.connect();
    const slow = client.ask({ ":path": "/slow" });
    await question.asked;
    for (let index = 0; index < 50; index += 1) slow.write(Buffer.alloc(65_536));
    const quick = await client.open({ ":path": "/quick" });
    for (let index = 0; index < 200; index += 1) {
      quick.write(textFrame("a".repeat(1_000)));
      await quick.bytes(1_004);
    }
    // Node's writable counts a chunk until all of it is sent
    assert.ok(slow.stream.writableLength > 48 * 65_536, `${slow.stream.writableLength} bytes still wait`);
    question.answer({ statusCode: 403 });
    assert.equal(await slow.status(), 403);
  });

  test("what takes too long is refused with 503, and the signal aborts", async (t) => {
    const question = new Question();
    const rig = await start(t, { upgrade: question.upgrade, handshakeTimeoutMs: 30 });
    const peer = (await rig.connect()).ask();
    const { signal } = await question.asked;
    assert.equal(await peer.status(), 503);
    assert.equal(String(await peer.rest()), "the handshake was not decided in time\n");
    assert.equal(signal.reason.code, "UPGRADE_TIMEOUT");
    question.answer(undefined);
    await new Promise(setImmediate);
    assert.equal(rig.endpoint.connections.size, 0);
  });

  test("more than the allowed number is refused with 503 and Retry-After", async (t) => {
    const question = new Question();
    const rig = await start(t, { upgrade: question.upgrade, maxPendingHandshakes: 1 });
    const client = await rig.connect();
    const first = client.ask();
    await question.asked;
    const second = client.ask();
    assert.deepEqual([await second.status(), (await second.head())["retry-after"]], [503, "1"]);
    question.answer(undefined);
    assert.equal(await first.status(), 200);
    assert.deepEqual(codes(rig), ["TOO_MANY_HANDSHAKES"]);
  });

  test("an origin rule may take its time too", async (t) => {
    const rig = await start(t, { origins: async (origin) => origin === "http://a.test" });
    const client = await rig.connect();
    assert.equal(await client.ask({ origin: "http://a.test" }).status(), 200);
    assert.equal(await client.ask({ origin: "http://b.test" }).status(), 403);
  });
});

describe("a refusal over HTTP/2", () => {
  const requests: [given: Parameters<typeof connectFields>[0], status: number, code: string][] = [
    [{ ":path": "/other" }, 404, "PATH_UNKNOWN"],
    [{ ":path": "/chat/.." }, 404, "PATH_UNKNOWN"],
    [{ ":path": "//chat" }, 404, "PATH_UNKNOWN"],
    [{ ":scheme": "ftp", ":path": "*" }, 400, "TARGET_INVALID"],
    [{ ":protocol": "WebSocket" }, 501, "PROTOCOL_UNKNOWN"],
    [{ ":protocol": "connect-udp" }, 501, "PROTOCOL_UNKNOWN"],
    [{ ":scheme": "wss" }, 400, "SCHEME_INVALID"],
    [{ ":authority": "example.com:99999" }, 400, "HOST_INVALID"],
    [{ host: "evil.test" }, 400, "HOST_INVALID"],
    [{ "sec-websocket-version": undefined }, 400, "VERSION_INVALID"],
    [{ "sec-websocket-version": "7" }, 400, "VERSION_UNSUPPORTED"],
    [{ origin: "http://evil.test" }, 403, "ORIGIN_REFUSED"],
    [{ "sec-websocket-protocol": "a b" }, 400, "SUBPROTOCOL_INVALID"],
    [{ "sec-websocket-extensions": 'x; y="' }, 400, "EXTENSIONS_INVALID"],
  ];
  for (const [given, status, code] of requests) {
    test(`of ${JSON.stringify(given)} is a whole response: ${status} ${code}`, async (t) => {
      const rig = await start(t, { path: "/chat" });
      const client = await rig.connect();
      const peer = client.ask({ ":path": "/chat", ...given });
      const fields = await peer.head();
      assert.equal(fields[":status"], status);
      assert.equal(fields["content-type"], "text/plain; charset=utf-8");
      assert.ok((await peer.rest()).length > 10);
      assert.equal(await peer.closed, http2.constants.NGHTTP2_NO_ERROR);
      assert.deepEqual(
        rig.errors.map((error) => [error.code, error.statusCode]),
        [[code, status]],
      );
      const { opened, refused, errors } = rig.endpoint.stats();
      assert.deepEqual([opened, refused, errors], [0, 1, { [code]: 1 }]);
      // The HTTP/2 connection is as good as before
      await client.open({ ":path": "/chat" });
    });
  }

  test("of END_STREAM with the request is 400 STREAM_ENDED", async (t) => {
    const rig = await start(t);
    const peer = (await rig.connect()).ask({}, { endStream: true });
    assert.equal(await peer.status(), 400);
    assert.match(String(await peer.rest()), /ended together/);
    assert.deepEqual(codes(rig), ["STREAM_ENDED"]);
  });

  test("of a version names the known ones, and says nothing of Upgrade", async (t) => {
    const rig = await start(t);
    const fields = await (await rig.connect()).ask({ "sec-websocket-version": "14" }).head();
    assert.deepEqual([fields["sec-websocket-version"], fields.upgrade], ["13, 8", undefined]);
  });

  test("arrives although the peer has sent more than was read", async (t) => {
    const rig = await start(t, { upgrade: () => ({ statusCode: 401, body: "b".repeat(200_000) }) });
    const client = await rig.connect();
    for (let round = 0; round < 5; round += 1) {
      const peer = client.ask().write(Buffer.alloc(1_000_000));
      assert.equal((await peer.rest()).length, 200_000);
    }
  });

  test("carries the application's status, fields and body", async (t) => {
    const rig = await start(t, {
      upgrade: () => ({
        statusCode: 401,
        reasonPhrase: "Who Are You",
        headers: { "WWW-Authenticate": "Basic", "Content-Length": "0", Connection: "keep-alive", Upgrade: "websocket" },
        body: "n\u00f6",
      }),
    });
    const peer = (await rig.connect()).ask();
    assert.deepEqual(await peer.fields(), {
      ":status": 401,
      "www-authenticate": "Basic",
      "content-type": "text/plain; charset=utf-8",
    });
    assert.equal(String(await peer.rest()), "n\u00f6");
  });

  test("without a body ends with its fields", async (t) => {
    for (const statusCode of [204, 403]) {
      const rig = await start(t, { upgrade: () => ({ statusCode }) });
      const peer = (await rig.connect()).ask();
      assert.equal(await peer.status(), statusCode);
      assert.equal((await peer.rest()).length, 0);
      assert.equal(await peer.closed, http2.constants.NGHTTP2_NO_ERROR);
    }
  });

  test("carries a Response, however it was given", async (t) => {
    const make = (): Response =>
      new Response("no", {
        status: 403,
        statusText: "No",
        headers: [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ],
      });
    const ways = [
      () => make(),
      async () => make(),
      () => Promise.reject(make()),
      () => {
        throw make();
      },
    ];
    for (const upgrade of ways) {
      const rig = await start(t, { upgrade });
      const peer = (await rig.connect()).ask();
      assert.equal(await peer.status(), 403);
      assert.deepEqual((await peer.head())["set-cookie"], ["a=1", "b=2"]);
      assert.equal(String(await peer.rest()), "no");
    }
  });

  const unsendable: [name: string, answer: unknown][] = [
    ["a subprotocol that was not offered", { subprotocol: "chat" }],
    ["a field that breaks the line", { headers: { "X-A": "1\r\nSet-Cookie: evil=1" } }],
    ["a field of the handshake's own", { headers: { "Sec-WebSocket-Accept": "x" } }],
    ["a pseudo-header field", { headers: { ":status": "200" } }],
    ["a refusal's field that breaks the line", { statusCode: 401, headers: { "X-A": "\n" } }],
    ["a refusal's pseudo-header field", { statusCode: 401, headers: { ":status": "200" } }],
    ["status 101", { statusCode: 101 }],
    ["status 600", { statusCode: 600 }],
    ["status text", { statusCode: "401" }],
    ["a body where there is none", { statusCode: 204, body: "x" }],
    ["Response.error()", Response.error()],
  ];
  for (const [name, given] of unsendable) {
    test(`with 500 stands for ${name}`, async (t) => {
      const rig = await start(t, { upgrade: () => given as undefined, open: () => assert.fail("opened") });
      const peer = (await rig.connect()).ask();
      assert.equal(await peer.status(), 500);
      assert.doesNotMatch(JSON.stringify(await peer.head()), /evil/);
      assert.deepEqual(codes(rig), ["UPGRADE_FAILED"]);
      assert.equal(rig.endpoint.stats().refused, 1);
      assert.equal((rig.errors[0]?.cause as HandshakeError | undefined)?.code, "USAGE");
    });
  }

  test("of an error hides the error, and is a warning where nobody listens", async (t) => {
    const options = { upgradeError: undefined, upgrade: () => Promise.reject(new Error("hunter2")) };
    const warned = once(process, "warning");
    const rig = await start(t, options as unknown as EndpointOptions);
    const peer = (await rig.connect()).ask();
    assert.equal(await peer.status(), 500);
    assert.doesNotMatch(String(await peer.rest()), /hunter2/);
    assert.match((await warned)[0].message, /hunter2/);
    assert.deepEqual(rig.endpoint.stats().errors, { UPGRADE_FAILED: 1 });
  });

  test("is waited for by close, and ends although the peer does not read it", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const rig = await start(t, { upgrade: () => ({ statusCode: 403, body: "b".repeat(200_000) }) });
    const peer = (await rig.connect()).ask();
    peer.stream.pause();
    await peer.head();
    let isClosed = false;
    const closed = rig.endpoint.close({ timeoutMs: Number.POSITIVE_INFINITY }).then(() => {
      isClosed = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    assert.equal(isClosed, false);
    t.mock.timers.tick(2_000);
    await closed;
    peer.stream.resume();
    assert.equal(await peer.closed, http2.constants.NGHTTP2_CANCEL);
  });

  test("tells upgradeError about the request", async (t) => {
    const seen: unknown[] = [];
    const upgradeError = (error: HandshakeError, request: HandshakeRequest): void => {
      seen.push([error.code, request.path, request.origin, request.remoteAddress, request.httpVersion]);
    };
    const rig = await start(t, { path: "/chat", upgradeError });
    const client = await rig.connect();
    await client.ask({ ":path": "/other" }).rest();
    await client.ask({ ":path": "/chat", origin: "null" }).rest();
    assert.deepEqual(seen, [
      ["PATH_UNKNOWN", "/other", undefined, "127.0.0.1", "2.0"],
      ["ORIGIN_REFUSED", "/chat", "null", "127.0.0.1", "2.0"],
    ]);
  });
});

describe("what no HTTP/2 library would send", () => {
  const malformed: [name: string, fields: (readonly [string, string])[]][] = [
    ["Connection", [...rawConnectFields(), ["connection", "Upgrade"]]],
    ["Upgrade", [...rawConnectFields(), ["upgrade", "websocket"]]],
    ["Transfer-Encoding", [...rawConnectFields(), ["transfer-encoding", "chunked"]]],
    ["TE with more than trailers", [...rawConnectFields(), ["te", "gzip"]]],
    ["a name in upper case", [...rawConnectFields(), ["X-A", "1"]]],
    [":protocol without :scheme", rawConnectFields({ ":scheme": undefined })],
    [":protocol without :path", rawConnectFields({ ":path": undefined })],
    ["another host's URI as :path", rawConnectFields({ ":path": "http://evil.test/good" })],
    ["an asterisk as :path", rawConnectFields({ ":path": "*" })],
    [":protocol twice", [[":protocol", "websocket"], ...rawConnectFields()]],
    [
      ":protocol behind the other fields",
      [...rawConnectFields({ ":protocol": undefined }), [":protocol", "websocket"]],
    ],
    ["an unknown pseudo-header field", [[":upgrade", "websocket"], ...rawConnectFields()]],
    ["a response's pseudo-header field", [[":status", "200"], ...rawConnectFields()]],
    [":protocol with GET", rawConnectFields({ ":method": "GET" })],
  ];
  for (const [name, fields] of malformed) {
    test(`${name} resets the stream (RFC 9113 §8.1.1), opens nothing, and harms no other stream`, async (t) => {
      const rig = await start(t, { upgrade: ({ path }) => assert.equal(path, "/good") });
      const client = await RawHttp2.connect(t, rig.url);
      client.headers(1, fields);
      const reset = await client.next(FRAME.RST_STREAM);
      assert.equal(reset.streamId, 1);
      assert.equal(reset.payload.readUInt32BE(), http2.constants.NGHTTP2_PROTOCOL_ERROR);
      client.headers(3, rawConnectFields({ ":path": "/good" }));
      assert.equal((await client.next(FRAME.HEADERS)).streamId, 3);
      assert.deepEqual([rig.endpoint.stats().opened, rig.errors], [1, []]);
    });
  }

  test("trailers on an open stream end it with PROTOCOL_ERROR (RFC 9113 §8.5), and no other", async (t) => {
    const failures: string[] = [];
    const rig = await start(t, { error: (_connection, { code, message }) => failures.push(code, message) });
    const client = await RawHttp2.connect(t, rig.url);
    client.headers(1, rawConnectFields());
    await client.next(FRAME.HEADERS);
    // END_HEADERS and END_STREAM
    client.headers(1, [["x-a", "1"]], 0x5);
    // Node 24 answers with END_STREAM in place of RST_STREAM, so that the frame cannot be waited for
    while (rig.endpoint.connections.size > 0) await new Promise(setImmediate);
    assert.equal(failures[0], "TRANSPORT_FAILED");
    assert.match(failures[1] ?? "", /reset with PROTOCOL_ERROR \(1\)$/);
    client.headers(3, rawConnectFields());
    assert.equal((await client.next(FRAME.HEADERS)).streamId, 3);
  });

  test("a TCP connection that is reset ends its WebSockets with 1006 and TRANSPORT_FAILED", async (t) => {
    const ends: number[] = [];
    const failures: string[] = [];
    const rig = await start(t, {
      error: (_connection, error) => failures.push(error.code),
      close: (_connection, { code }) => ends.push(code),
    });
    const client = await RawHttp2.connect(t, rig.url);
    client.headers(1, rawConnectFields()).headers(3, rawConnectFields());
    await client.next(FRAME.HEADERS);
    await client.next(FRAME.HEADERS);
    client.socket.resetAndDestroy();
    while (ends.length < 2) await new Promise(setImmediate);
    assert.deepEqual(ends, [1006, 1006]);
    assert.deepEqual(failures, ["TRANSPORT_FAILED", "TRANSPORT_FAILED"]);
  });
});
