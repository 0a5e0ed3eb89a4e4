import assert from "node:assert/strict";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import { TransportError, UsageError } from "../../../src/engine/errors.ts";
import { ClientHandshake } from "../../../src/node/client/client-handshake.ts";
import { resolveClientSettings } from "../../../src/node/client/client-settings.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { FakeClock } from "../connection/fake-clock.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { turns } from "../transport/sockets.ts";
import { handshakeError, OWN_FIELDS, start } from "./handshaking.ts";
import { RawServer, refusal, switching } from "./raw-server.ts";

const trusted = { ca: testCertificate.cert };

/** The request that a server sees, of a handshake that is given up with its test. */
async function requestOf(t: TestContext, options: ConnectOptions, target = "/", user = "") {
  const server = await RawServer.listen(t);
  start(t, `ws://${user}127.0.0.1:${server.port}${target}`, options);
  const request = await (await server.next()).request();
  return { request, host: `127.0.0.1:${server.port}` };
}

/** An agent that dials one server whatever it is asked for, as a proxy's would, and notes what it was asked for. */
function agentTo(server: RawServer): { agent: http.Agent; asked: http.RequestOptions[] } {
  const asked: http.RequestOptions[] = [];
  class Detour extends http.Agent {
    override createConnection(options: http.RequestOptions): net.Socket {
      asked.push(options);
      return net.connect(server.port, "127.0.0.1");
    }
  }
  return { agent: new Detour(), asked };
}

describe("the opening handshake's request (RFC 6455 §4.1)", () => {
  test("version 13, the least: nothing of Node's own", async (t) => {
    const { request, host } = await requestOf(t, {});
    assert.equal(
      request.text.replace(request.key, "KEY"),
      [
        "GET / HTTP/1.1",
        `Host: ${host}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: KEY",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "\r\n",
      ].join("\r\n"),
    );
    assert.match(request.key, /^[A-Za-z0-9+/]{22}==$/);
  });

  for (const [version, originName] of [
    [13, "Origin"],
    [8, "Sec-WebSocket-Origin"],
  ] as const) {
    test(`version ${version}, all that there is, Host first and the application's headers last`, async (t) => {
      const options: ConnectOptions = {
        version,
        origin: "https://example.com",
        subprotocols: ["v2.chat", "v1.chat"],
        headers: { "X-A": ["1", "2"], Cookie: "a=b; c=d", "x-number": 5 },
      };
      const { request, host } = await requestOf(t, options, "/a%20b?c=d", "user:w%3Ard@");
      assert.equal(
        request.text.replace(request.key, "KEY"),
        [
          "GET /a%20b?c=d HTTP/1.1",
          `Host: ${host}`,
          "Upgrade: websocket",
          "Connection: Upgrade",
          "Sec-WebSocket-Key: KEY",
          `Sec-WebSocket-Version: ${version}`,
          `${originName}: https://example.com`,
          "Sec-WebSocket-Protocol: v2.chat, v1.chat",
          "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
          "X-A: 1",
          "X-A: 2",
          "Cookie: a=b; c=d",
          "x-number: 5",
          `Authorization: Basic ${btoa("user:w:rd")}`,
          "\r\n",
        ].join("\r\n"),
      );
    });
  }

  test("offers no extension where compression is false", async (t) => {
    const { request } = await requestOf(t, { compression: false });
    assert.deepEqual(request.all("sec-websocket-extensions"), []);
    assert.equal(request.fields.length, OWN_FIELDS - 1);
  });

  const forms: readonly (readonly [what: string, headers: NonNullable<ConnectOptions["headers"]>])[] = [
    ["an object", { "x-a": "1", "x-b": "2" }],
    [
      "pairs",
      [
        ["x-a", "1"],
        ["x-b", "2"],
      ],
    ],
    ["a Headers", new Headers({ "X-A": "1", "X-B": "2" })],
    ["a Map", new Map(Object.entries({ "x-a": "1", "x-b": "2" }))],
  ];
  for (const [what, headers] of forms) {
    test(`takes headers as ${what}`, async (t) => {
      const { request } = await requestOf(t, { headers });
      assert.deepEqual(request.fields.slice(OWN_FIELDS), [
        ["x-a", "1"],
        ["x-b", "2"],
      ]);
    });
  }

  test("has the application's Host in place of the URL's, and dials the URL all the same", async (t) => {
    const { request } = await requestOf(t, { headers: { "X-A": "1", hOST: "other.example:81" } });
    assert.deepEqual(request.fields[0], ["Host", "other.example:81"]);
    assert.deepEqual(request.fields.slice(OWN_FIELDS), [["X-A", "1"]]);
  });

  for (const name of ["Authorization", "AUTHORIZATION", "authorization"]) {
    test(`has the application's ${name} and not the URL's user information`, async (t) => {
      const { request } = await requestOf(t, { headers: { [name]: "Bearer a" } }, "/", "user:word@");
      assert.deepEqual(request.all("authorization"), ["Bearer a"]);
    });
  }

  test("has no user information in the request line, nor in Host", async (t) => {
    const { request, host } = await requestOf(t, {}, "/a", "user:word@");
    assert.equal(request.line, "GET /a HTTP/1.1");
    assert.deepEqual(request.all("host"), [host]);
  });

  for (const [url, host, dialled, port] of [
    ["ws://a.example/", "a.example", "a.example", 80],
    ["ws://a.example:80/", "a.example", "a.example", 80],
    ["ws://a.example:8080/", "a.example:8080", "a.example", 8_080],
    ["ws://a.example:443/", "a.example:443", "a.example", 443],
    ["ws://[::1]/", "[::1]", "::1", 80],
    ["ws://[::1]:8080/", "[::1]:8080", "::1", 8_080],
    ["http://a.example/", "a.example", "a.example", 80],
  ] as const) {
    test(`${url} has ${host} in Host, and dials ${dialled} at ${port}`, async (t) => {
      const server = await RawServer.listen(t);
      const { agent, asked } = agentTo(server);
      start(t, url, { agent });
      const request = await (await server.next()).request();
      assert.deepEqual(request.all("host"), [host]);
      assert.deepEqual([asked.length, asked[0]?.host, Number(asked[0]?.port)], [1, dialled, port]);
    });
  }

  test("over TLS has the port unless it is 443", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls" });
    start(t, server.url(), { tls: trusted });
    const request = await (await server.next()).request();
    assert.deepEqual(request.all("host"), [`localhost:${server.port}`]);
    class Detour extends https.Agent {
      override createConnection(options: http.RequestOptions): tls.TLSSocket {
        assert.equal(Number(options.port), 443);
        return tls.connect({ port: server.port, host: "127.0.0.1", ...trusted, servername: "localhost" });
      }
    }
    start(t, "wss://localhost/", { agent: new Detour() });
    assert.deepEqual((await (await server.next()).request()).all("host"), ["localhost"]);
  });

  test("to a Unix socket has localhost in Host", async (t) => {
    const server = await RawServer.listen(t, { kind: "unix" });
    start(t, server.url("/a?b"));
    const request = await (await server.next()).request();
    assert.deepEqual([request.line, request.all("host")], ["GET /a?b HTTP/1.1", ["localhost"]]);
  });

  test("has a new key each time, 16 bytes in base64", async (t) => {
    const server = await RawServer.listen(t);
    const keys = new Set<string>();
    const options = resolveClientSettings<undefined>({});
    for (let i = 0; i < 20; i++) {
      const handshake = new ClientHandshake(server.url(), options, { opened() {}, failed() {} });
      handshake.start();
      const peer = await server.next();
      const { key } = await peer.request();
      assert.equal(Buffer.from(key, "base64").length, 16);
      keys.add(key);
      handshake.cancel(undefined);
      await peer.gone;
    }
    assert.equal(keys.size, 20);
  });
});

describe("what cannot be asked for", () => {
  const misuses: readonly (readonly [what: string, url: string, options: unknown, message: RegExp])[] = [
    ["a URL that is none", "/a", {}, /^the URL cannot be parsed/],
    ["a fragment", "ws://127.0.0.1:1/#a", {}, /^the URL has a fragment/],
    ["a host that cannot be in Host", 'ws://a"b/', {}, /^the host, 3 characters, is malformed/],
    ["another version", "ws://127.0.0.1:1/", { version: 7 }, /^the version is 7; give 13 or 8$/],
    ["no version but null", "ws://127.0.0.1:1/", { version: null }, /^the version is null; give 13 or 8$/],
    ["a version as text", "ws://127.0.0.1:1/", { version: "13" }, /^the version is 13; give 13 or 8$/],
    ["an empty origin", "ws://127.0.0.1:1/", { origin: "" }, /^the origin is empty/],
    ["an origin that is no text", "ws://127.0.0.1:1/", { origin: null }, /^the origin is of type object/],
    ["a subprotocol twice", "ws://127.0.0.1:1/", { subprotocols: ["a", "a"] }, /^the subprotocol a is offered twice/],
    ["a subprotocol that is no text", "ws://127.0.0.1:1/", { subprotocols: [1] }, /^the subprotocol is of type number/],
    ["a header of the handshake", "ws://127.0.0.1:1/", { headers: { Upgrade: "a" } }, /^the header Upgrade belongs to/],
    ["Origin as a header", "ws://127.0.0.1:1/", { headers: { Origin: "a" } }, /use the option it has$/],
    [
      "a value of undefined",
      "ws://127.0.0.1:1/",
      { headers: { "X-A": undefined } },
      /^the value of X-A is of type und/,
    ],
    ["a value of null", "ws://127.0.0.1:1/", { headers: { "X-A": null } }, /^the value of X-A is of type object/],
    ["a list with a number", "ws://127.0.0.1:1/", { headers: { "X-A": [1] } }, /^the value of X-A is of type number/],
    ["a name that is no text", "ws://127.0.0.1:1/", { headers: [[1, "a"]] }, /^a header's name is of type number/],
    [
      "such a name, with user information",
      "ws://u:p@127.0.0.1:1/",
      { headers: [[1, "a"]] },
      /^a header's name is of t/,
    ],
    ["a name with a blank", "ws://127.0.0.1:1/", { headers: { "X A": "1" } }, /^a header's name is "X A"/],
  ];
  for (const [what, url, options, message] of misuses) {
    test(`throws a UsageError for ${what}, before anything is dialed`, () => {
      const settings = resolveClientSettings<undefined>(options as ConnectOptions);
      const outcome = { opened: () => assert.fail(), failed: () => assert.fail() };
      assert.throws(() => new ClientHandshake(url, settings, outcome), { name: "UsageError", code: "USAGE", message });
    });
  }
});

describe("a handshake that succeeds", () => {
  test("tells of the connection once, and hands the response to the open handler", async (t) => {
    const server = await RawServer.listen(t, {
      script: (peer) => peer.accept({ "Sec-WebSocket-Protocol": "chat", "X-A": "1", "set-cookie": "a=1" }),
    });
    const seen: unknown[] = [];
    const handshaking = start(t, server.url("/room/1?a=b"), {
      subprotocols: ["other", "chat"],
      open: (connection, response) => seen.push(connection, response),
    });
    const connection = await handshaking.opened;
    await turns();
    assert.deepEqual(handshaking.told, ["opened"]);
    assert.equal(seen[0], connection);
    const { path, remoteAddress, subprotocol, extensions, data, state } = connection;
    assert.deepEqual(
      { path, remoteAddress, subprotocol, extensions, data, state },
      {
        path: "/room/1",
        remoteAddress: "127.0.0.1",
        subprotocol: "chat",
        extensions: "",
        data: undefined,
        state: "open",
      },
    );
    const response = seen[1];
    assert.ok(typeof response === "object" && response !== null && "headers" in response && "rawHeaders" in response);
    const { headers, rawHeaders, ...rest } = response;
    Reflect.deleteProperty(rest, "sentHeaders");
    assert.deepEqual(rest, { statusCode: 101, reasonPhrase: "Reason 101", body: new Uint8Array(0) });
    assert.equal(Reflect.get(Object(headers), "x-a"), "1");
    assert.deepEqual(Reflect.get(Object(headers), "set-cookie"), ["a=1"]);
    assert.deepEqual(Array.isArray(rawHeaders) && rawHeaders.slice(-4), ["X-A", "1", "set-cookie", "a=1"]);
  });

  for (const [answer, options, agreed] of [
    ["permessage-deflate", {}, "permessage-deflate"],
    [
      "permessage-deflate;client_max_window_bits=9 ;\tserver_no_context_takeover",
      {},
      "permessage-deflate; client_max_window_bits=9; server_no_context_takeover",
    ],
    [
      "permessage-deflate; server_max_window_bits=10",
      { compression: { serverMaxWindowBits: 11 } },
      "permessage-deflate; server_max_window_bits=10",
    ],
  ] as const) {
    test(`tells that ${agreed} was agreed on (RFC 7692 §5.1)`, async (t) => {
      const headers = { "Sec-WebSocket-Extensions": answer };
      const server = await RawServer.listen(t, { script: (peer) => peer.accept(headers) });
      assert.equal((await start(t, server.url(), options).opened).extensions, agreed);
    });
  }

  for (const kind of ["tls", "unix"] as const) {
    test(`opens over ${kind}`, async (t) => {
      const server = await RawServer.listen(t, { kind, script: (peer) => peer.accept() });
      const connection = await start(t, server.url("/a?b"), { tls: trusted }).opened;
      assert.equal(connection.path, "/a");
      connection.send("hello");
      const [peer] = server.peers;
      assert.equal((await peer?.frame())?.payload.toString(), "hello");
    });
  }

  test("takes what it did not ask for in headers that mean nothing to it", async (t) => {
    const headers = { Server: "x", "Content-Length": "5", "Sec-WebSocket-Version": "13", __proto__x: "y" };
    const server = await RawServer.listen(t, { script: (peer) => peer.accept(headers) });
    assert.equal((await start(t, server.url()).opened).state, "open");
  });

  test("leaves no timer of its own, and nothing happens when it is cancelled afterwards", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const { handshake, opened, told } = start(t, server.url());
    assert.equal(clock.timers, 1);
    const connection = await opened;
    assert.equal(clock.timers, 0);
    handshake.cancel(new Error("too late"));
    await clock.advance(100_000);
    assert.deepEqual([told, connection.state], [["opened"], "open"]);
  });
});

describe("nobody answers", () => {
  test("CONNECT_FAILED has Node's error as its cause, and its text", async (t) => {
    const error = await start(t, "ws+unix:/nowhere/at/all:/").failed;
    assert.ok(error instanceof TransportError);
    assert.deepEqual([error.name, error.code], ["TransportError", "CONNECT_FAILED"]);
    assert.equal(error.message, "there is no connection to the server: connect ENOENT /nowhere/at/all");
    assert.ok(error.cause instanceof Error && "code" in error.cause && error.cause.code === "ENOENT");
  });

  for (const [what, leave] of [
    ["ends at once", (peer) => peer.end()],
    ["resets at once", (peer) => peer.reset()],
  ] as [string, (peer: RawServer["peers"][number]) => void][]) {
    test(`CONNECT_FAILED when a server ${what}`, async (t) => {
      const server = await RawServer.listen(t, { script: leave });
      const { failed, told } = start(t, server.url());
      const error = await failed;
      await turns();
      assert.ok(error instanceof TransportError && error.code === "CONNECT_FAILED");
      assert.ok(error.cause instanceof Error);
      assert.deepEqual(told, ["failed"]);
    });
  }

  test("CONNECT_FAILED names each address where all of a name's failed", async (t) => {
    class Aggregate extends http.Agent {
      override createConnection(): Duplex {
        const stream = new Duplex({ read() {}, write() {} });
        setImmediate(() => stream.destroy(new AggregateError([new Error("no A"), "no B", new Error("no C")])));
        return stream;
      }
    }
    const error = await start(t, "ws://a.example/", { agent: new Aggregate() }).failed;
    assert.ok(error instanceof TransportError);
    assert.equal(error.message, "there is no connection to the server: no A; no B; no C");
    assert.ok(error.cause instanceof AggregateError);
  });

  test("CONNECT_FAILED for a certificate that nobody trusts, and nothing of the request is sent", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls" });
    const error = await start(t, server.url()).failed;
    assert.ok(error instanceof TransportError && error.cause instanceof Error && "code" in error.cause);
    assert.equal(error.cause.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
    for (const peer of server.peers) {
      await peer.gone;
      await assert.rejects(peer.request());
    }
  });

  test("CONNECT_FAILED for options of TLS that Node does not take", async (t) => {
    const error = await start(t, "wss://127.0.0.1:1/", { tls: { ca: "no certificate", cert: "none", key: "none" } })
      .failed;
    assert.ok(error instanceof TransportError && error.code === "CONNECT_FAILED" && error.cause instanceof Error);
  });
});

describe("agents", () => {
  test("a keep-alive agent's socket is used for one connection, and closed with it", async (t) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    // An upgraded socket leaves the agent, so that its maximum counts handshakes alone
    const first = await start(t, server.url(), { agent }).opened;
    const second = await start(t, server.url(), { agent }).opened;
    assert.deepEqual([first.state, second.state, server.peers.length], ["open", "open", 2]);
    first.terminate();
    await server.peers[0]?.gone;
    assert.equal(second.state, "open");
    assert.deepEqual([Object.keys(agent.sockets), Object.keys(agent.freeSockets)], [[], []]);
  });

  test("a refusal's socket does not go back to a keep-alive agent, nor to a request that waits there", async (t) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const server = await RawServer.listen(t);
    const first = start(t, server.url(), { agent });
    const second = start(t, server.url(), { agent });
    const peer = await server.next();
    await peer.answer(refusal(403, {}, "no"));
    assert.equal((await handshakeError(first)).statusCode, 403);
    await peer.gone;
    await (await server.next()).accept();
    assert.equal((await second.opened).state, "open");
    assert.equal(server.peers.length, 2);
    assert.deepEqual(Object.keys(agent.freeSockets), []);
  });

  test("a free socket that the server has closed meanwhile is a failure like any other", async (t) => {
    const agent = new http.Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const server = await RawServer.listen(t);
    const { hostname, port } = new URL(server.url());
    const plain = http.get({ hostname, port, agent }, (response) => response.resume());
    const peer = await server.next();
    await peer.answer(refusal(200));
    await new Promise((resolve) => plain.once("close", resolve));
    const { failed } = start(t, server.url(), { agent });
    peer.reset();
    const error = await failed;
    assert.ok(error instanceof TransportError && error.code === "CONNECT_FAILED");
  });

  test("an agent whose stream is no net.Socket is a UsageError, and the stream is destroyed", async (t) => {
    const streams: Duplex[] = [];
    class Pipes extends http.Agent {
      override createConnection(): Duplex {
        const stream: Duplex = new Duplex({
          read() {},
          write(chunk: Buffer, _encoding, done) {
            stream.push(switching(/Sec-WebSocket-Key: (.*)\r\n/.exec(chunk.toString())?.[1] ?? ""));
            done();
          },
        });
        streams.push(stream);
        return stream;
      }
    }
    const { failed, told } = start(t, "ws://a.example/", { agent: new Pipes() });
    const error = await failed;
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /^the agent's socket is no net\.Socket; give an agent that makes TCP, TLS or Unix/);
    assert.deepEqual(
      streams.map(({ destroyed }) => destroyed),
      [true],
    );
    // What it reports later is nobody's
    for (const stream of streams) stream.emit("error", new Error("late"));
    await turns();
    assert.deepEqual(told, ["failed"]);
  });

  test("what an agent function throws is the outcome", async (t) => {
    const boom = new Error("no proxy");
    const agent = (): never => {
      throw boom;
    };
    const { failed, told } = start(t, "ws://a.example/", { agent });
    assert.equal(await failed, boom);
    assert.deepEqual(told, ["failed"]);
  });

  test("what an agent throws is the outcome, or its cause", async (t) => {
    const boom = new Error("no proxy");
    class Throwing extends http.Agent {
      override createConnection(): never {
        throw boom;
      }
    }
    const { failed, told } = start(t, "ws://a.example/", { agent: new Throwing() });
    const error = await failed;
    // Newer releases of Node report it, older ones throw
    assert.ok(error === boom || (error instanceof TransportError && error.cause === boom));
    assert.deepEqual(told, ["failed"]);
  });

  test("a dispatcher of undici that a function returns is a UsageError", async (t) => {
    const agent = (() => ({ dispatch() {} })) as unknown as () => http.Agent;
    const error = await start(t, "ws://a.example/", { agent }).failed;
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /^what the agent function returned is a dispatcher of undici/);
  });

  for (const [url, agent] of [
    ["wss://127.0.0.1:1/", new http.Agent()],
    ["ws://127.0.0.1:1/", new https.Agent()],
  ] as const) {
    test(`an agent that is not for ${new URL(url).protocol} is a UsageError`, async (t) => {
      for (const given of [agent, () => agent]) {
        const error = await start(t, url, { agent: given }).failed;
        assert.equal(error instanceof UsageError, true, String(error));
      }
    });
  }

  test("an agent function is asked once for each dialing, with the URL as it is dialed", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const asked: string[] = [];
    const agent = (url: URL): undefined => void asked.push(url.href);
    await start(t, `http://user:word@127.0.0.1:${server.port}/a?b`, { agent }).opened;
    assert.deepEqual(asked, [`ws://127.0.0.1:${server.port}/a?b`]);
  });
});
