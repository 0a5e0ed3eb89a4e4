import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { HandshakeError } from "../../../src/engine/errors.ts";
import { createEndpoint, type Endpoint } from "../../../src/node/server/create-endpoint.ts";
import type { HandshakeRequest } from "../../../src/node/server/handshake-request.ts";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import { handshakeText, RawClient, statusOf, textFrame } from "./raw-client.ts";

interface Rig {
  readonly endpoint: Endpoint;
  readonly errors: HandshakeError[];
  connect(allowHalfOpen?: boolean): Promise<RawClient>;
}

/** An endpoint on an http server of its own; the error of each refusal is kept. */
async function start(t: TestContext, options: EndpointOptions = {}): Promise<Rig> {
  const errors: HandshakeError[] = [];
  const endpoint = createEndpoint({ upgradeError: (error) => errors.push(error), ...options });
  const base = http.createServer().on("upgrade", endpoint.handleUpgrade).listen(0, "127.0.0.1");
  await once(base, "listening");
  t.after(async () => {
    await endpoint.close({ timeoutMs: 0 });
    base.close();
    base.closeAllConnections();
  });
  const address = base.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    endpoint,
    errors,
    connect: (allowHalfOpen) => RawClient.connect(`http://127.0.0.1:${address.port}`, allowHalfOpen),
  };
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

describe("while upgrade decides", () => {
  const departures: [name: string, leave: (client: RawClient) => void][] = [
    ["resets", (client) => client.reset()],
    ["closes", (client) => client.socket.destroy()],
    ["half-closes", (client) => client.socket.end()],
    ["sends something and resets", (client) => client.write("x").reset()],
    ["sends something and half-closes", (client) => client.socket.end("x")],
  ];
  for (const [name, leave] of departures) {
    test(`a peer that ${name} aborts the signal, and is PEER_GONE`, async (t) => {
      const question = new Question();
      const rig = await start(t, { upgrade: question.upgrade, open: () => assert.fail("opened") });
      const client = (await rig.connect()).write(handshakeText());
      const { signal } = await question.asked;
      assert.equal(rig.endpoint.stats().pendingHandshakes, 1);
      leave(client);
      await aborted(signal);
      assert.equal(signal.reason.code, "PEER_GONE");
      assert.equal(rig.endpoint.stats().pendingHandshakes, 0);
      question.answer(undefined);
      await question.upgrade;
      assert.deepEqual(
        rig.errors.map(({ code }) => code),
        ["PEER_GONE"],
      );
      assert.deepEqual(rig.endpoint.stats().errors, { PEER_GONE: 1 });
      assert.equal(rig.endpoint.stats().opened, 0);
      client.socket.end();
    });
  }

  test("a peer that resets in the turn of the answer does no harm", async (t) => {
    const question = new Question();
    const ends: unknown[] = [];
    const rig = await start(t, { upgrade: question.upgrade, close: (_connection, event) => ends.push(event.code) });
    const client = (await rig.connect()).write(handshakeText());
    await question.asked;
    client.reset();
    question.answer(undefined);
    await client.closed;
    while (rig.errors.length + ends.length === 0) await new Promise(setImmediate);
    assert.ok(ends[0] === 1006 || rig.errors[0]?.code === "PEER_GONE");
  });

  test("a socket that is gone before anybody was told gets no open event", async (t) => {
    const rig = await start(t, {
      async upgrade(request) {
        await undefined;
        request.raw?.socket.destroy();
      },
      open: () => assert.fail("opened"),
    });
    const client = (await rig.connect()).write(handshakeText());
    await client.rest();
    assert.deepEqual(rig.endpoint.stats().errors, { PEER_GONE: 1 });
  });

  test("a rejection after the end is nobody's", async (t) => {
    const question = new Question();
    const rig = await start(t, { upgrade: question.upgrade });
    const client = (await rig.connect()).write(handshakeText());
    const { signal } = await question.asked;
    client.reset();
    await aborted(signal);
    question.fail(signal.reason);
    await new Promise(setImmediate);
    assert.deepEqual(
      rig.errors.map(({ code }) => code),
      ["PEER_GONE"],
    );
  });

  for (const size of [5, 100, 20_000, 300_000]) {
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
      const client = (await rig.connect()).write(handshakeText(), textFrame("head"));
      await question.asked;
      for (let index = 0; index < count; index += 1) client.write(textFrame(early));
      // Above the bound the rest is held up, so it cannot be waited for
      if (size <= 20_000) await new Promise((resolve) => client.socket.write("", resolve));
      await new Promise(setImmediate);
      question.answer(undefined);
      assert.equal(statusOf(await client.head()), 101);
      for (let index = 1; index <= count + 1; index += 1) assert.equal(await client.text(), String(index));
      assert.deepEqual(received, ["head", ...Array(count).fill(early)]);
    });
  }

  test("the peer is held up once it has sent too much", async (t) => {
    const question = new Question();
    const rig = await start(t, { upgrade: question.upgrade });
    const client = (await rig.connect()).write(handshakeText());
    const { raw } = await question.asked;
    assert.ok(raw !== undefined);
    for (let index = 0; index < 200; index += 1) client.write(Buffer.alloc(65_536));
    while (!raw.socket.isPaused()) await new Promise(setImmediate);
    assert.ok(raw.socket.bytesRead < 2_000_000);
    question.answer({ statusCode: 403 });
    assert.equal(statusOf(await client.head()), 403);
    client.reset();
  });

  test("one byte at a time costs no more than its bytes", async (t) => {
    const question = new Question();
    const rig = await start(t, {
      upgrade: question.upgrade,
      message: (connection, message) => connection.send(message),
    });
    const client = (await rig.connect()).write(handshakeText());
    await question.asked;
    client.socket.setNoDelay(true);
    for (const byte of textFrame("drop by drop")) {
      await new Promise((resolve) => client.socket.write(Buffer.from([byte]), resolve));
      await new Promise(setImmediate);
    }
    question.answer(undefined);
    await client.head();
    assert.equal(await client.text(), "drop by drop");
  });

  test("what takes too long is refused with 503, and the signal aborts", async (t) => {
    const question = new Question();
    const rig = await start(t, { upgrade: question.upgrade, handshakeTimeoutMs: 30 });
    const client = (await rig.connect()).write(handshakeText());
    const { signal } = await question.asked;
    const answer = await client.rest();
    assert.equal(statusOf(answer), 503);
    assert.match(answer, /\r\n\r\nthe handshake was not decided in time\n$/);
    assert.equal(signal.reason.code, "UPGRADE_TIMEOUT");
    question.answer(undefined);
    await new Promise(setImmediate);
    assert.equal(rig.endpoint.connections.size, 0);
  });

  test("so is a Response whose body never ends", async (t) => {
    const endless = new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }));
    const rig = await start(t, { upgrade: () => endless, handshakeTimeoutMs: 30 });
    const client = (await rig.connect()).write(handshakeText());
    assert.equal(statusOf(await client.rest()), 503);
  });

  test("more than the allowed number is refused with 503 and Retry-After", async (t) => {
    const question = new Question();
    const rig = await start(t, { upgrade: question.upgrade, maxPendingHandshakes: 1 });
    const first = (await rig.connect()).write(handshakeText());
    await question.asked;
    const second = (await rig.connect()).write(handshakeText());
    const answer = await second.rest();
    assert.equal(statusOf(answer), 503);
    assert.match(answer, /\r\nRetry-After: 1\r\n/);
    question.answer(undefined);
    assert.equal(statusOf(await first.head()), 101);
    const third = (await rig.connect()).write(handshakeText());
    while (rig.endpoint.stats().pendingHandshakes === 0) await new Promise(setImmediate);
    question.answer(undefined);
    assert.equal(statusOf(await third.head()), 101);
    assert.deepEqual(
      rig.errors.map(({ code }) => code),
      ["TOO_MANY_HANDSHAKES"],
    );
  });

  test("an origin rule may take its time too", async (t) => {
    const rig = await start(t, { origins: async (origin) => origin === "http://a.test" });
    for (const [origin, status] of [
      ["http://a.test", 101],
      ["http://b.test", 403],
    ] as const) {
      const client = (await rig.connect()).write(handshakeText({ headers: { Origin: origin } }));
      assert.equal(statusOf(await client.head()), status);
    }
  });
});

describe("when upgrade is synchronous", () => {
  test("the connection is open before handleUpgrade returns", async (t) => {
    const seen: string[] = [];
    const endpoint = createEndpoint({ upgrade: () => void seen.push("upgrade"), open: () => void seen.push("open") });
    const base = http.createServer().listen(0, "127.0.0.1");
    await once(base, "listening");
    t.after(async () => {
      await endpoint.close({ timeoutMs: 0 });
      base.close();
    });
    base.on("upgrade", (request, socket, head) => {
      endpoint.handleUpgrade(request, socket, head);
      seen.push("returned");
    });
    const address = base.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = await RawClient.connect(`http://127.0.0.1:${address.port}`);
    await client.write(handshakeText()).head();
    assert.deepEqual(seen, ["upgrade", "open", "returned"]);
  });

  test("a peer that is gone already gets no open event", async (t) => {
    const rig = await start(t, { upgrade: () => assert.fail("asked"), open: () => assert.fail("opened") });
    const { endpoint } = rig;
    const base = http.createServer().listen(0, "127.0.0.1");
    await once(base, "listening");
    t.after(() => base.close());
    base.on("upgrade", (request, socket, head) => {
      socket.destroy();
      endpoint.handleUpgrade(request, socket, head);
    });
    const address = base.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = await RawClient.connect(`http://127.0.0.1:${address.port}`);
    assert.equal(await client.write(handshakeText()).rest(), "");
    assert.deepEqual(endpoint.stats().errors, { PEER_GONE: 1 });
  });
});

describe("after the handshake", () => {
  test("the transport's error listener is the only one", async (t) => {
    const counts: unknown[] = [];
    const rig = await start(t, {
      async upgrade() {},
      open: (_connection, { raw }) => counts.push(raw?.socket.listenerCount("error")),
    });
    await (await rig.connect()).write(handshakeText()).head();
    assert.deepEqual(counts, [1]);
  });

  test("nothing of the request is kept", async (t) => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const kept: WeakRef<object>[] = [];
    const rig = await start(t, {
      upgrade: async (request) => {
        kept.push(new WeakRef(request), new WeakRef(request.headers), new WeakRef(request.raw ?? request));
        kept.push(new WeakRef(request.signal));
      },
      message: (connection, message) => connection.send(message),
    });
    const client = (await rig.connect()).write(handshakeText());
    await client.head();
    client.write(textFrame("x"));
    await client.text();
    for (let round = 0; round < 20 && kept.some((ref) => ref.deref() !== undefined); round += 1) {
      await new Promise(setImmediate);
      collect();
    }
    assert.deepEqual(
      kept.map((ref) => ref.deref()),
      [undefined, undefined, undefined, undefined],
    );
    assert.equal(rig.endpoint.connections.size, 1);
  });
});

describe("a refusal", () => {
  const requests: [name: string, given: Parameters<typeof handshakeText>[0], status: number, code: string][] = [
    ["another path", { target: "/other" }, 404, "PATH_UNKNOWN"],
    ["a path above", { target: "/chat/.." }, 404, "PATH_UNKNOWN"],
    ["two slashes", { target: "//chat" }, 404, "PATH_UNKNOWN"],
    ["another host's URI", { target: "http://evil.test/chat" }, 400, "TARGET_INVALID"],
    ["an asterisk", { target: "*", method: "OPTIONS" }, 400, "TARGET_INVALID"],
    ["POST", { method: "POST" }, 405, "METHOD_NOT_GET"],
    ["HEAD", { method: "HEAD" }, 405, "METHOD_NOT_GET"],
    ["HTTP/1.0", { version: "1.0" }, 400, "HTTP_VERSION_TOO_LOW"],
    ["a body", { headers: { "Content-Length": "3" } }, 400, "BODY_UNEXPECTED"],
    ["another protocol", { headers: { Upgrade: "h2c" } }, 400, "UPGRADE_INVALID"],
    ["a key that is none", { headers: { "Sec-WebSocket-Key": "x" } }, 400, "KEY_INVALID"],
    ["version 7", { headers: { "Sec-WebSocket-Version": "7" } }, 426, "VERSION_UNSUPPORTED"],
    ["another origin", { headers: { Origin: "http://evil.test" } }, 403, "ORIGIN_REFUSED"],
    ["a broken subprotocol", { headers: { "Sec-WebSocket-Protocol": "a b" } }, 400, "SUBPROTOCOL_INVALID"],
    ["broken extensions", { headers: { "Sec-WebSocket-Extensions": 'x; y="' } }, 400, "EXTENSIONS_INVALID"],
  ];
  for (const [name, given, status, code] of requests) {
    test(`of ${name} is a whole response: ${status} ${code}`, async (t) => {
      const rig = await start(t, { path: "/chat", open: () => assert.fail("opened") });
      const client = (await rig.connect()).write(handshakeText({ target: "/chat", ...given }), "abc");
      const answer = await client.rest();
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      assert.equal(statusOf(answer), status);
      assert.match(head, /\r\nConnection: close(, Upgrade)?(\r\n|$)/);
      assert.match(head, /\r\nContent-Type: text\/plain; charset=utf-8(\r\n|$)/);
      const length = Number(/\r\nContent-Length: (\d+)(\r\n|$)/.exec(head)?.[1]);
      assert.ok(length > 10);
      assert.equal(body.length, given?.method === "HEAD" ? 0 : length);
      assert.deepEqual(
        rig.errors.map((error) => [error.code, error.statusCode]),
        [[code, status]],
      );
      assert.deepEqual([rig.endpoint.stats().refused, rig.endpoint.stats().errors], [1, { [code]: 1 }]);
    });
  }

  const accepted: [name: string, given: Parameters<typeof handshakeText>[0]][] = [
    ["an absolute URI of this host", { target: "http://example.com/chat" }],
    ["Expect", { headers: { Expect: "100-continue" } }],
    ["the same origin", { headers: { Origin: "http://example.com" } }],
    ["the same origin behind a proxy that ends TLS", { headers: { Origin: "https://example.com" } }],
    [
      "version 8 with its own origin header",
      { headers: { "Sec-WebSocket-Version": "8", "Sec-WebSocket-Origin": "http://example.com" } },
    ],
  ];
  for (const [name, given] of accepted) {
    test(`is not for ${name}`, async (t) => {
      const rig = await start(t, { path: "/chat" });
      const client = (await rig.connect()).write(handshakeText({ target: "/chat", ...given }));
      assert.equal(statusOf(await client.head()), 101);
    });
  }

  test("of an unknown version names the known ones", async (t) => {
    const rig = await start(t);
    const client = (await rig.connect()).write(handshakeText({ headers: { "Sec-WebSocket-Version": "14" } }));
    assert.match(await client.rest(), /\r\nSec-WebSocket-Version: 13, 8\r\n/);
  });

  test("arrives although the peer has sent more than was read", async (t) => {
    const rig = await start(t, { upgrade: () => ({ statusCode: 401, body: "b".repeat(200_000) }) });
    for (let round = 0; round < 5; round += 1) {
      const client = (await rig.connect()).write(handshakeText(), Buffer.alloc(1_000_000));
      assert.equal((await client.rest()).split("\r\n\r\n")[1]?.length, 200_000);
    }
  });

  test("is waited for by close, and ends although the peer stays", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const rig = await start(t, { path: "/chat" });
    const client = await rig.connect(true);
    await client.write(handshakeText()).head();
    let isClosed = false;
    const closed = rig.endpoint.close({ timeoutMs: Number.POSITIVE_INFINITY }).then(() => {
      isClosed = true;
    });
    await new Promise(setImmediate);
    assert.equal(isClosed, false);
    t.mock.timers.tick(2_000);
    await closed;
    client.reset();
  });

  test("carries the application's status, phrase, headers and body", async (t) => {
    const rig = await start(t, {
      upgrade: () => ({
        statusCode: 401,
        reasonPhrase: "Who Are You",
        headers: { "WWW-Authenticate": "Basic", "Content-Length": "0", Connection: "keep-alive" },
        body: "n\u00f6",
      }),
    });
    const client = (await rig.connect()).write(handshakeText());
    const answer = await client.rest();
    assert.ok(Math.abs(Date.parse(/\r\nDate: (.*)\r\n/.exec(answer)?.[1] ?? "") - Date.now()) < 60_000);
    assert.equal(
      answer.replace(/\r\nDate: .*/, ""),
      "HTTP/1.1 401 Who Are You\r\nConnection: close\r\nContent-Length: 3\r\nWWW-Authenticate: Basic\r\n" +
        "Content-Type: text/plain; charset=utf-8\r\n\r\nn\u00f6",
    );
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
      const answer = await (await rig.connect()).write(handshakeText()).rest();
      assert.match(answer, /^HTTP\/1\.1 403 No\r\n/);
      assert.match(answer, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/);
      assert.match(answer, /\r\n\r\nno$/);
    }
  });

  const unsendable: [name: string, answer: unknown][] = [
    ["a subprotocol that was not offered", { subprotocol: "chat" }],
    ["a header that breaks the line", { headers: { "X-A": "1\r\nSet-Cookie: evil=1" } }],
    ["a header of the handshake's own", { headers: { "Sec-WebSocket-Accept": "x" } }],
    ["a header without a value", { headers: { "X-A": undefined } }],
    ["a refusal's header that breaks the line", { statusCode: 401, headers: { "X-A": "\n" } }],
    ["a reason phrase that breaks the line", { statusCode: 401, reasonPhrase: "a\r\nb" }],
    ["status 101", { statusCode: 101 }],
    ["status 600", { statusCode: 600 }],
    ["status text", { statusCode: "401" }],
    ["a body where there is none", { statusCode: 204, body: "x" }],
    ["Response.error()", Response.error()],
  ];
  for (const [name, given] of unsendable) {
    test(`with 500 stands for ${name}`, async (t) => {
      const rig = await start(t, { upgrade: () => given as undefined, open: () => assert.fail("opened") });
      const answer = await (await rig.connect()).write(handshakeText()).rest();
      assert.equal(statusOf(answer), 500);
      assert.doesNotMatch(answer, /evil/);
      assert.deepEqual(
        rig.errors.map(({ code }) => code),
        ["UPGRADE_FAILED"],
      );
      assert.equal(rig.endpoint.stats().refused, 1);
      assert.equal((rig.errors[0]?.cause as HandshakeError | undefined)?.code, "USAGE");
    });
  }

  test("of an error hides the error, and is a warning where nobody listens", async (t) => {
    const endpoint = { upgradeError: undefined, upgrade: () => Promise.reject(new Error("hunter2")) };
    const warned = once(process, "warning");
    const rig = await start(t, endpoint as unknown as EndpointOptions);
    const answer = await (await rig.connect()).write(handshakeText()).rest();
    assert.equal(statusOf(answer), 500);
    assert.doesNotMatch(answer, /hunter2/);
    const [warning] = await warned;
    assert.equal(warning.name, "PolysocketWarning");
    assert.match(warning.message, /hunter2/);
  });

  for (const [name, handler] of [
    [
      "throws",
      () => {
        throw new Error("again");
      },
    ],
    ["rejects", () => Promise.reject(new Error("again"))],
  ] as const) {
    test(`is not disturbed by an upgradeError that ${name}`, async (t) => {
      const warned = once(process, "warning");
      const rig = await start(t, { path: "/chat", upgradeError: handler });
      assert.equal(statusOf(await (await rig.connect()).write(handshakeText()).rest()), 404);
      assert.match((await warned)[0].message, /upgradeError failed: again/);
    });
  }

  test("tells upgradeError about the request, whatever it is", async (t) => {
    const seen: unknown[] = [];
    const upgradeError = (error: HandshakeError, request: HandshakeRequest): void => {
      seen.push([error.code, request.path, request.origin, request.remoteAddress, request.cookies.size]);
    };
    const rig = await start(t, { path: "/chat", upgradeError });
    await (await rig.connect()).write(handshakeText({ target: "*" })).rest();
    await (await rig.connect()).write(handshakeText({ target: "/chat", headers: { Origin: "null" } })).rest();
    assert.deepEqual(seen, [
      ["TARGET_INVALID", "*", undefined, "127.0.0.1", 0],
      ["ORIGIN_REFUSED", "/chat", "null", "127.0.0.1", 0],
    ]);
  });
});

describe("handleUpgrade", () => {
  test("takes a socket once", async (t) => {
    const other = createEndpoint({});
    const rig = await start(t, {});
    const faults: unknown[] = [];
    const base = http.createServer().listen(0, "127.0.0.1");
    await once(base, "listening");
    t.after(() => base.close());
    base.on("upgrade", (request, socket, head) => {
      rig.endpoint.handleUpgrade(request, socket, head);
      for (const endpoint of [rig.endpoint, other]) {
        assert.throws(
          () => endpoint.handleUpgrade(request, socket, head),
          (fault) => faults.push(fault) > 0,
        );
      }
    });
    const address = base.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = await RawClient.connect(`http://127.0.0.1:${address.port}`);
    assert.equal(statusOf(await client.write(handshakeText()).head()), 101);
    assert.deepEqual(
      faults.map((fault) => (fault as HandshakeError).code as string),
      ["USAGE", "USAGE"],
    );
  });

  test("says what it wants", () => {
    const endpoint = createEndpoint({});
    for (const wrong of [[], [{}, {}, {}], [null, null, null], [{ rawHeaders: [] }, { write() {} }, undefined]]) {
      assert.throws(() => Reflect.apply(endpoint.handleUpgrade, undefined, wrong), {
        code: "USAGE",
        message: /handleUpgrade was not given \(request, socket, head\)/,
      });
    }
  });

  test("answers 500 to a stream that is no socket, and says why", async () => {
    const errors: HandshakeError[] = [];
    const endpoint = createEndpoint({ upgradeError: (error) => errors.push(error) });
    const written: Buffer[] = [];
    const stream = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        written.push(chunk);
        done();
      },
    });
    const base = http.createServer().on("upgrade", endpoint.handleUpgrade);
    base.emit("connection", stream);
    stream.push(handshakeText());
    await once(stream, "finish");
    stream.push(null);
    assert.equal(statusOf(Buffer.concat(written).toString()), 500);
    assert.match(errors[0]?.message ?? "", /no net\.Socket/);
  });
});
