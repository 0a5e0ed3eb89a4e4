import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import { parseClientUrl } from "../../../src/node/client/client-url.ts";
import { type DialRequest, dialHttp1 } from "../../../src/node/client/dial-http1.ts";
import { Journal } from "../connection/journal.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { turns } from "../transport/sockets.ts";
import { type RawPeer, RawServer, refusal, responseText, switching } from "./raw-server.ts";

const HEADERS = [
  ["Host", "example.com"],
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
] as const;

const UPGRADED = responseText(101, { Upgrade: "websocket", Connection: "Upgrade" });

type Told =
  | { readonly what: "upgraded"; readonly response: http.IncomingMessage; socket: Duplex; head: Buffer }
  | { readonly what: "answered"; readonly response: http.IncomingMessage }
  | { readonly what: "failed"; readonly error: Error & { code?: string } };

interface Dialled {
  readonly outcomes: Journal<Told>;
  readonly cancel: () => void;
}

function dial(t: TestContext, url: string, changes: Partial<DialRequest> = {}): Dialled {
  const outcomes = new Journal<Told>();
  const request = { url: parseClientUrl(url), headers: HEADERS, agent: undefined, tls: {}, tcp: {}, ...changes };
  const cancel = dialHttp1(request, {
    upgraded: (response, socket, head) => {
      socket.on("error", () => {});
      outcomes.add({ what: "upgraded", response, socket, head });
    },
    answered: (response) => outcomes.add({ what: "answered", response }),
    failed: (error) => outcomes.add({ what: "failed", error }),
  });
  t.after(cancel);
  assert.equal(outcomes.all.length, 0, "nothing is told within the call");
  return { outcomes, cancel };
}

/** An agent that counts what it makes. It is closed with its test. */
function keepAliveAgent(t: TestContext, options: http.AgentOptions = {}): { agent: http.Agent; made: net.Socket[] } {
  const made: net.Socket[] = [];
  class Counting extends http.Agent {
    override createConnection(where: net.NetConnectOpts): net.Socket {
      const socket = net.connect(where);
      made.push(socket);
      return socket;
    }
  }
  const agent = new Counting({ keepAlive: true, ...options });
  t.after(() => agent.destroy());
  return { agent, made };
}

describe("the request (RFC 9112 §3, RFC 6455 §4.1)", () => {
  test("has the headers in the order given, and no others", async (t) => {
    const server = await RawServer.listen(t);
    dial(t, server.url("/a/b?c=d"));
    const { text } = await (await server.next()).request();
    assert.equal(
      text,
      [
        "GET /a/b?c=d HTTP/1.1",
        "Host: example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "\r\n",
      ].join("\r\n"),
    );
  });

  for (const keepAlive of [false, true]) {
    test(`is the same with an agent, keepAlive ${keepAlive}`, async (t) => {
      const agent = new http.Agent({ keepAlive });
      t.after(() => agent.destroy());
      const server = await RawServer.listen(t);
      dial(t, server.url(), { agent });
      const request = await (await server.next()).request();
      assert.deepEqual(
        request.fields.map((field) => [...field]),
        HEADERS.map((field) => [...field]),
      );
    });
  }

  test("has a line for each value of a name that comes several times, in whatever case, where it came first", async (t) => {
    const server = await RawServer.listen(t);
    const headers = [
      ...HEADERS,
      ["X-A", "1"],
      ["Cookie", "a=1"],
      ["x-a", "2"],
      ["cookie", "b=2"],
      ["X-A", ""],
    ] as const;
    dial(t, server.url(), { headers });
    const { fields } = await (await server.next()).request();
    assert.deepEqual(fields.slice(HEADERS.length), [
      ["X-A", "1"],
      ["X-A", "2"],
      ["X-A", ""],
      // RFC 6265 §5.4: one field
      ["Cookie", "a=1; b=2"],
    ]);
  });

  test("has values as latin1, and names of Object.prototype as any others", async (t) => {
    const server = await RawServer.listen(t);
    const added = [
      ["X-A", "caf\u00e9\ttab"],
      ["__proto__", "1"],
      ["constructor", "2"],
      ["toString", "3"],
    ] as const;
    dial(t, server.url(), { headers: [...HEADERS, ...added] });
    const { fields } = await (await server.next()).request();
    assert.deepEqual(fields.slice(HEADERS.length), added);
  });

  test("goes to a Unix socket", async (t) => {
    const server = await RawServer.listen(t, { kind: "unix" });
    dial(t, server.url("/a?b"));
    const { line } = await (await server.next()).request();
    assert.equal(line, "GET /a?b HTTP/1.1");
  });

  test("goes to a Unix socket by an agent, too", async (t) => {
    const { agent } = keepAliveAgent(t);
    const server = await RawServer.listen(t, { kind: "unix" });
    dial(t, server.url("/a?b"), { agent });
    const { line } = await (await server.next()).request();
    assert.equal(line, "GET /a?b HTTP/1.1");
  });
});

describe("TLS", () => {
  const trusted = { ca: testCertificate.cert };

  test("asks for the URL's name and for HTTP/1.1 (RFC 6066 §3, RFC 7301)", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls", tls: { ALPNProtocols: ["h2", "http/1.1"] } });
    dial(t, server.url("/a"), { tls: trusted });
    const peer = await server.next();
    assert.equal((await peer.request()).line, "GET /a HTTP/1.1");
    assert.ok(peer.socket instanceof tls.TLSSocket);
    assert.equal(Reflect.get(peer.socket, "servername"), "localhost");
    assert.equal(peer.socket.alpnProtocol, "http/1.1");
  });

  test("names no address (RFC 6066 §3)", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls" });
    dial(t, `wss://127.0.0.1:${server.port}/`, { tls: trusted });
    const peer = await server.next();
    await peer.request();
    assert.equal(Reflect.get(peer.socket, "servername"), false);
  });

  test("takes the application's servername, certificate and ALPN, but not its host and port", async (t) => {
    const server = await RawServer.listen(t, {
      kind: "tls",
      tls: { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ["x"] },
    });
    const own = { ...testCertificate, ...trusted, servername: "localhost", ALPNProtocols: ["x"], host: "::1", port: 1 };
    dial(t, `wss://127.0.0.1:${server.port}/`, { tls: own });
    const peer = await server.next();
    await peer.request();
    assert.ok(peer.socket instanceof tls.TLSSocket);
    assert.equal(Reflect.get(peer.socket, "servername"), "localhost");
    assert.equal(peer.socket.alpnProtocol, "x");
    assert.equal(peer.socket.getPeerCertificate().subject.CN, "localhost");
  });

  test("fails for a certificate that nobody trusts", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls" });
    const { outcomes } = dial(t, server.url());
    const told = await outcomes.next();
    assert.ok(told.what === "failed");
    assert.equal(told.error.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  test("fails for a certificate of another name", async (t) => {
    const server = await RawServer.listen(t, { kind: "tls" });
    const { outcomes } = dial(t, server.url(), { tls: { ...trusted, servername: "example.com" } });
    const told = await outcomes.next();
    assert.ok(told.what === "failed");
    assert.equal(told.error.code, "ERR_TLS_CERT_ALTNAME_INVALID");
  });

  test("goes by an https.Agent with the application's options", async (t) => {
    const agent = new https.Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const server = await RawServer.listen(t, { kind: "tls", script: (peer) => peer.answer(UPGRADED) });
    const headers = [["Host", "localhost"], ...HEADERS.slice(1)] as const;
    const { outcomes } = dial(t, server.url(), { agent, headers, tls: trusted });
    const told = await outcomes.next();
    assert.equal(told.what, "upgraded");
    if (told.what === "upgraded") assert.ok(told.socket instanceof tls.TLSSocket && told.socket.authorized);
  });
});

describe("what comes of it", () => {
  test("a 101 with Upgrade gives the socket, what came with it, and nothing that belongs to the request", async (t) => {
    const server = await RawServer.listen(t);
    const { outcomes } = dial(t, server.url());
    const peer = await server.next();
    await peer.request();
    peer.write(UPGRADED, "early");
    const told = await outcomes.next();
    assert.ok(told.what === "upgraded");
    assert.equal(told.response.statusCode, 101);
    assert.equal(told.head.toString(), "early");
    assert.ok(told.socket instanceof net.Socket);
    assert.equal(told.socket.destroyed, false);
    assert.equal(Reflect.get(told.socket, "_httpMessage"), null);
    peer.reset();
    await new Promise((resolve) => told.socket.once("close", resolve));
    assert.equal(outcomes.all.length, 1, "one outcome in all");
  });

  for (const [what, answer] of [
    ["another status", refusal(403)],
    ["a 200 that speaks of Upgrade", responseText(200, { Upgrade: "websocket", Connection: "Upgrade" })],
    ["a 101 without Upgrade", responseText(101, { Connection: "Upgrade" })],
    ["a 101 without Connection", responseText(101, { Upgrade: "websocket" })],
  ] as const) {
    test(`${what} is an answer, its body unread`, async (t) => {
      const server = await RawServer.listen(t);
      const { outcomes } = dial(t, server.url());
      const peer = await server.next();
      await peer.answer(answer);
      const told = await outcomes.next();
      assert.ok(told.what === "answered");
      assert.equal(told.response.readableFlowing, null);
      told.response.on("error", () => {});
      peer.reset();
      await turns();
      assert.equal(outcomes.all.length, 1);
    });
  }

  test("informational responses before the answer are passed over (RFC 9110 §15.2)", async (t) => {
    const server = await RawServer.listen(t);
    const { outcomes } = dial(t, server.url());
    const peer = await server.next();
    await peer.request();
    const early = responseText(103, { Link: "</a>; rel=preload" });
    peer.write("HTTP/1.1 100 Continue\r\n\r\n", early, early, "HTTP/1.1 102 Processing\r\n\r\n", UPGRADED);
    assert.equal((await outcomes.next()).what, "upgraded");
  });

  test("nobody listening is a failure with Node's error", async (t) => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, "close");
    const { outcomes } = dial(t, `ws://127.0.0.1:${port}/`);
    const told = await outcomes.next();
    assert.ok(told.what === "failed");
    assert.equal(told.error.code, "ECONNREFUSED");
  });

  test("a Unix socket that is not there is a failure with Node's error", async (t) => {
    const { outcomes } = dial(t, "ws+unix:/nowhere/at/all:/");
    const told = await outcomes.next();
    assert.ok(told.what === "failed");
    assert.equal(told.error.code, "ENOENT");
  });

  for (const [what, leave] of [
    ["ends", (peer) => peer.end()],
    ["resets", (peer) => peer.reset()],
    ["ends in the middle of the response", (peer) => peer.socket.end("HTTP/1.1 101 Sw")],
  ] as [string, (peer: RawPeer) => void][]) {
    test(`a server that ${what} before it has answered is a failure, once`, async (t) => {
      const server = await RawServer.listen(t);
      const { outcomes } = dial(t, server.url());
      const peer = await server.next();
      await peer.request();
      leave(peer);
      const told = await outcomes.next();
      assert.equal(told.what, "failed");
      await turns();
      assert.equal(outcomes.all.length, 1);
    });
  }

  test("what is not HTTP is a failure whose code is of Node's parser", async (t) => {
    const server = await RawServer.listen(t);
    const { outcomes } = dial(t, server.url());
    await (await server.next()).answer("SSH-2.0-OpenSSH_9.9\r\n");
    const told = await outcomes.next();
    assert.ok(told.what === "failed");
    assert.match(String(told.error.code), /^HPE_/);
  });

  test("an agent that closes its socket without a word is a failure", async (t) => {
    class Closing extends http.Agent {
      override createConnection(): Duplex {
        const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
        setImmediate(() => socket.destroy());
        return socket;
      }
    }
    const { outcomes } = dial(t, "ws://127.0.0.1:1/", { agent: new Closing() });
    assert.equal((await outcomes.next()).what, "failed");
    await turns();
    assert.equal(outcomes.all.length, 1);
  });
});

describe("cancelled", () => {
  test("at once: nothing comes of it, and no connection stays", async (t) => {
    const server = await RawServer.listen(t);
    const { outcomes, cancel } = dial(t, server.url());
    cancel();
    cancel();
    await turns();
    assert.deepEqual(outcomes.all, []);
    for (const peer of server.peers) await peer.gone;
  });

  test("while the server is silent: the socket is closed, nothing is told", async (t) => {
    const server = await RawServer.listen(t);
    const { outcomes, cancel } = dial(t, server.url());
    const peer = await server.next();
    await peer.request();
    cancel();
    await peer.gone;
    await turns();
    assert.deepEqual(outcomes.all, []);
  });

  test("in the middle of the response: nothing is told of it", async (t) => {
    const server = await RawServer.listen(t);
    const { outcomes, cancel } = dial(t, server.url());
    const peer = await server.next();
    await peer.request();
    peer.write(UPGRADED.slice(0, 30));
    await turns();
    cancel();
    peer.write(UPGRADED.slice(30));
    await peer.gone;
    await turns();
    assert.deepEqual(outcomes.all, []);
  });

  test("inside the TLS handshake: the socket is closed", async (t) => {
    const server = await RawServer.listen(t);
    const { outcomes, cancel } = dial(t, `wss://127.0.0.1:${server.port}/`);
    const peer = await server.next();
    cancel();
    await peer.gone;
    await turns();
    assert.deepEqual(outcomes.all, []);
  });

  test("after an answer that was read to its end: an agent does not get the socket back", async (t) => {
    const { agent, made } = keepAliveAgent(t);
    const server = await RawServer.listen(t);
    const { outcomes, cancel } = dial(t, server.url(), { agent });
    const peer = await server.next();
    await peer.answer(refusal(403, {}, "no"));
    const told = await outcomes.next();
    assert.ok(told.what === "answered");
    told.response.resume().on("end", cancel);
    await peer.gone;
    await turns();
    assert.deepEqual(Object.keys(agent.freeSockets), []);
    assert.ok(made.length === 1 && made[0]?.destroyed);
  });

  test("while an agent has no socket to give: nothing comes of it", async (t) => {
    const { agent, made } = keepAliveAgent(t, { maxSockets: 1 });
    const server = await RawServer.listen(t);
    const first = dial(t, server.url(), { agent });
    const peer = await server.next();
    await peer.request();
    const second = dial(t, server.url(), { agent });
    second.cancel();
    first.cancel();
    await peer.gone;
    await turns();
    assert.deepEqual([first.outcomes.all, second.outcomes.all], [[], []]);
    // Newer agents dial all the same, and keep the socket for whoever comes next
    assert.equal(made[0]?.destroyed, true);
  });
});

describe("an agent", () => {
  test("that has a free socket to the server gives it for the upgrade, and loses it", async (t) => {
    const { agent, made } = keepAliveAgent(t);
    const server = await RawServer.listen(t);
    const { hostname, port } = new URL(server.url());
    const plain = http.get({ hostname, port, agent });
    const peer = await server.next();
    await peer.answer(refusal(200, {}, "hello"));
    const [response] = (await once(plain, "response")) as [http.IncomingMessage];
    response.resume();
    await once(plain, "close");
    assert.equal(Object.keys(agent.freeSockets).length, 1);
    const { outcomes } = dial(t, server.url(), { agent });
    const upgrading = once(peer.socket, "data");
    await upgrading;
    peer.write(UPGRADED);
    const told = await outcomes.next();
    assert.ok(told.what === "upgraded");
    assert.equal(told.socket, made[0]);
    assert.deepEqual([made.length, Object.keys(agent.freeSockets), Object.keys(agent.sockets)], [1, [], []]);
    told.socket.destroy();
  });

  test("whose stream is no net.Socket still upgrades here: whoever asked judges", async (t) => {
    const { agent } = duplexAgent();
    const { outcomes } = dial(t, "ws://example.com/", { agent });
    const told = await outcomes.next();
    assert.ok(told.what === "upgraded");
    assert.equal(told.socket instanceof net.Socket, false);
  });

  test("that throws throws through dialHttp1, or tells of it as a failure", async (t) => {
    class Throwing extends http.Agent {
      override createConnection(): Duplex {
        throw new Error("no proxy");
      }
    }
    // Older releases of Node throw, newer ones report.
    try {
      const { outcomes } = dial(t, "ws://127.0.0.1:1/", { agent: new Throwing() });
      const told = await outcomes.next();
      assert.ok(told.what === "failed");
      assert.equal(told.error.message, "no proxy");
    } catch (error) {
      assert.ok(error instanceof Error && error.message === "no proxy");
    }
  });
});

/** An agent whose streams are no sockets, with a server at their other end that upgrades everything. */
function duplexAgent(): { agent: http.Agent } {
  class Pipes extends http.Agent {
    override createConnection(): Duplex {
      const stream: Duplex = new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(chunk.toString())?.[1];
          if (key !== undefined) stream.push(switching(key));
          done();
        },
      });
      return stream;
    }
  }
  return { agent: new Pipes() };
}
