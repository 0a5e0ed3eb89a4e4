import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import fastify from "fastify";
import { type Attachment, attach } from "../../../src/node/server/attach.ts";
import { createEndpoint } from "../../../src/node/server/create-endpoint.ts";
import type { AttachOptions } from "../../../src/node/server/options.ts";
import { handshakeText, RawClient, statusOf, textFrame } from "./raw-client.ts";
import { connectFields, Http2Client } from "./raw-http2.ts";
import { testCertificate } from "./test-certificate.ts";

type Base = http2.Http2Server | http2.Http2SecureServer;

async function listen<Some extends Base>(t: TestContext, base: Some): Promise<Some> {
  base.listen(0, "127.0.0.1");
  await once(base, "listening");
  t.after(() => base.close());
  return base;
}

function join(t: TestContext, base: Base, options: AttachOptions): Attachment {
  const attachment = attach(base, options);
  t.after(() => attachment.close({ timeoutMs: 0 }));
  return attachment;
}

function dial(t: TestContext, base: Base): Promise<Http2Client> {
  const address = base.address();
  assert.ok(typeof address === "object" && address !== null);
  return Http2Client.connect(t, `${base instanceof tls.Server ? "https" : "http"}://127.0.0.1:${address.port}`);
}

/** The status that an extended CONNECT for this path gets. */
async function ask(t: TestContext, base: Base, path: string): Promise<number | undefined> {
  return (await dial(t, base)).ask({ ":path": path }).status();
}

const echo: AttachOptions = { message: (connection, message) => connection.send(message) };

describe("attach to an HTTP/2 server", () => {
  test("serves without TLS, beside ordinary requests", async (t) => {
    const base = await listen(
      t,
      http2.createServer((_request, response) => response.end("page")),
    );
    const attachment = join(t, base, { ...echo, path: "/chat" });
    assert.match(attachment.url ?? "", /^ws:\/\/127\.0\.0\.1:\d+\/chat$/);
    const client = await dial(t, base);
    const peer = await client.open({ ":path": "/chat" });
    assert.equal(await peer.write(textFrame("hi")).text(), "hi");
    const page = client.request({ ":path": "/chat" });
    assert.deepEqual([await page.status(), String(await page.rest())], [200, "page"]);
    assert.equal(attachment.stats().opened, 1);
  });

  test("serves with TLS and HTTP/2 alone: HTTP/1.1 gets nothing", async (t) => {
    const base = await listen(t, http2.createSecureServer(testCertificate));
    const attachment = join(t, base, echo);
    assert.match(attachment.url ?? "", /^wss:\/\//);
    const peer = await (await dial(t, base)).open();
    assert.equal(await peer.write(textFrame("hi")).text(), "hi");
    const { port } = new URL(attachment.url ?? "");
    const old = tls.connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    await once(old, "secureConnect");
    assert.doesNotMatch(await new RawClient(old).write(handshakeText()).rest(), / 101 /);
  });

  test("serves both versions with allowHTTP1, and publishes to both", async (t) => {
    const base = await listen(t, http2.createSecureServer({ ...testCertificate, allowHTTP1: true }));
    const attachment = join(t, base, { open: (connection) => connection.subscribe("news") });
    const peer = await (await dial(t, base)).open();
    const { port } = new URL(attachment.url ?? "");
    const old = tls.connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    await once(old, "secureConnect");
    const client = new RawClient(old).write(handshakeText());
    assert.equal(statusOf(await client.head()), 101);
    assert.equal(attachment.publish("news", "x"), 2);
    assert.deepEqual([await peer.text(), await client.text()], ["x", "x"]);
    assert.deepEqual([...attachment.connections].map(({ httpVersion }) => httpVersion).sort(), ["1.1", "2.0"]);
  });

  test("tells extended CONNECT in SETTINGS, whatever the server was made with (RFC 8441 §3)", async (t) => {
    const told = { enableConnectProtocol: true, initialWindowSize: 100_000 };
    for (const settings of [
      undefined,
      { initialWindowSize: 100_000 },
      { ...told, enableConnectProtocol: false },
      told,
    ]) {
      const base = await listen(t, http2.createServer(settings === undefined ? {} : { settings }));
      join(t, base, {});
      const { remoteSettings } = (await dial(t, base)).session;
      assert.equal(remoteSettings.enableConnectProtocol, true);
      if (settings !== undefined) assert.equal(remoteSettings.initialWindowSize, 100_000);
    }
  });

  test("several share one listener of each kind, each with its paths", async (t) => {
    const base = await listen(t, http2.createServer());
    const before = ["stream", "connect", "upgrade"].map((name) => base.listenerCount(name));
    const first = join(t, base, { path: "/a" });
    const second = join(t, base, { path: "/b" });
    assert.deepEqual(
      ["stream", "connect", "upgrade"].map((name) => base.listenerCount(name)),
      before.map((count) => count + 1),
    );
    assert.deepEqual([await ask(t, base, "/a"), await ask(t, base, "/b?c"), await ask(t, base, "/c")], [200, 200, 404]);
    assert.deepEqual([first.stats().opened, second.stats().opened], [1, 1]);
    assert.deepEqual([first.stats().errors, second.stats().errors], [{ PATH_UNKNOWN: 1 }, {}]);
  });

  test("one path goes before all paths, whoever came first", async (t) => {
    const base = await listen(t, http2.createServer());
    const all = join(t, base, {});
    const one = join(t, base, { routes: { "/a": {} } });
    await ask(t, base, "/a");
    await ask(t, base, "/b");
    assert.deepEqual([all.stats().opened, one.stats().opened], [1, 1]);
  });

  test("limits are each HTTP/2 connection's", async (t) => {
    const base = await listen(t, http2.createServer());
    join(t, base, { http2Limits: { maxStreams: 1 } });
    const client = await dial(t, base);
    const first = await client.open();
    assert.equal(await client.ask().closed, http2.constants.NGHTTP2_REFUSED_STREAM);
    await (await dial(t, base)).open();
    await first.reset().closed;
    await client.ping();
    await client.open();
  });

  test("a wrong option is a UsageError, and leaves the server alone", () => {
    const base = http2.createServer();
    const before = base.eventNames().map((name) => base.listenerCount(name));
    for (const wrong of [{ http2: true }, { http2Limits: { maxStreams: 0 } }, { http2Limits: { streams: 1 } }]) {
      assert.throws(() => Reflect.apply(attach, undefined, [base, wrong]), { code: "USAGE" });
    }
    assert.deepEqual(
      base.eventNames().map((name) => base.listenerCount(name)),
      before,
    );
  });
});

describe("what is not for an attachment, over HTTP/2", () => {
  test("is left to a listener of the application's to 'stream', by path and by protocol", async (t) => {
    const seen: string[] = [];
    const base = await listen(t, http2.createServer());
    base.on("stream", (stream, headers) => {
      if (headers[":path"] === "/a" && headers[":protocol"] === "websocket") return;
      seen.push(`${headers[":protocol"]} ${headers[":path"]}`);
      stream.respond({ ":status": 418 }, { endStream: true });
    });
    const attachment = join(t, base, { path: "/a" });
    const client = await dial(t, base);
    assert.equal(await client.ask({ ":path": "/a" }).status(), 200);
    assert.equal(await client.ask({ ":path": "/b" }).status(), 418);
    assert.equal(await client.ask({ ":path": "/a", ":protocol": "connect-udp" }).status(), 418);
    assert.deepEqual(seen, ["websocket /b", "connect-udp /a"]);
    assert.equal(attachment.stats().refused, 0);
  });

  test("is left to a listener of the application's to 'connect', which sees no WebSocket of ours", async (t) => {
    const seen: unknown[] = [];
    const base = await listen(
      t,
      http2.createServer((_request, response) => response.end("page")),
    );
    base.on("connect", (request, response) => {
      if (request.url === "/a") return;
      seen.push(request.headers[":protocol"], request.url);
      response.statusCode = 418;
      response.end();
    });
    const attachment = join(t, base, { path: "/a" });
    const client = await dial(t, base);
    assert.equal(await client.ask({ ":path": "/a" }).status(), 200);
    assert.equal(await client.ask({ ":path": "/b" }).status(), 418);
    assert.deepEqual(seen, ["websocket", "/b"]);
    assert.equal(attachment.stats().refused, 0);
    assert.equal(String(await client.request({ ":path": "/a" }).rest()), "page");
  });

  for (const name of ["stream", "connect"] as const) {
    test(`is left to a listener to '${name}' that answers later`, async (t) => {
      const base = await listen(
        t,
        http2.createServer(() => assert.fail("a request")),
      );
      join(t, base, { path: "/a" });
      const answer = (stream: http2.ServerHttp2Stream): void => {
        setImmediate(() => stream.respond({ ":status": 418 }, { endStream: true }));
      };
      if (name === "stream") base.on("stream", answer);
      else base.on("connect", ({ stream }: http2.Http2ServerRequest) => answer(stream));
      assert.equal(await ask(t, base, "/b"), 418);
    });
  }

  test("a plain CONNECT is answered with 405, as without us", async (t) => {
    const plain = { ":method": "CONNECT", ":authority": "inside.test:22" };
    for (const listener of [undefined, () => assert.fail("a request")]) {
      const bare = await listen(t, http2.createServer(listener));
      const attached = await listen(t, http2.createServer(listener));
      join(t, attached, {});
      // Where nobody listens to 'request' Node answers nothing at all
      if (listener !== undefined) assert.equal(await (await dial(t, bare)).request(plain).status(), 405);
      if (listener !== undefined) assert.equal(await (await dial(t, attached)).request(plain).status(), 405);
    }
  });

  test("another protocol is answered with 501 where nobody else listens", async (t) => {
    for (const listener of [undefined, () => assert.fail("a request")]) {
      const base = await listen(t, http2.createServer(listener));
      const codes: string[] = [];
      join(t, base, { path: "/a", upgradeError: (error) => codes.push(error.code) });
      const client = await dial(t, base);
      assert.equal(await client.ask({ ":path": "/a", ":protocol": "connect-udp" }).status(), 501);
      assert.deepEqual(codes, ["PROTOCOL_UNKNOWN"]);
    }
  });

  test("requests stay the application's, and see no WebSocket", async (t) => {
    const seen: unknown[] = [];
    const base = await listen(t, http2.createServer());
    base.on("request", (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end("page");
    });
    join(t, base, {});
    const client = await dial(t, base);
    await client.open();
    assert.equal(String(await client.request({ ":path": "/page" }).rest()), "page");
    assert.deepEqual(seen, ["GET /page"]);
  });

  test("what an endpoint has taken already is left alone", async (t) => {
    const base = await listen(t, http2.createServer());
    const endpoint = createEndpoint({});
    t.after(() => endpoint.close({ timeoutMs: 0 }));
    const attachment = join(t, base, {});
    base.prependListener("stream", endpoint.handleStream);
    assert.equal(await ask(t, base, "/"), 200);
    assert.deepEqual([endpoint.stats().opened, attachment.stats().opened], [1, 0]);
  });
});

describe("closing an attachment to an HTTP/2 server", () => {
  test("closes its connections and no others, and leaves the server and its HTTP/2 connections alone", async (t) => {
    const base = await listen(
      t,
      http2.createServer((_request, response) => response.end("page")),
    );
    const names = ["stream", "connect", "upgrade"];
    const before = names.map((name) => base.listenerCount(name));
    const closed = attach(base, { path: "/a" });
    const kept = join(t, base, { ...echo, path: "/b" });
    const client = await dial(t, base);
    const [gone, left] = [await client.open({ ":path": "/a" }), await client.open({ ":path": "/b" })];
    await closed.close({ timeoutMs: 10 });
    assert.equal(await gone.closed, http2.constants.NGHTTP2_CANCEL);
    assert.equal(await left.write(textFrame("still here")).text(), "still here");
    assert.equal(await client.ask({ ":path": "/a" }).status(), 404);
    assert.equal(String(await client.request({ ":path": "/a" }).rest()), "page");
    await kept.close({ timeoutMs: 10 });
    assert.deepEqual(
      names.map((name) => base.listenerCount(name)),
      before,
    );
    assert.deepEqual(client.goaways, []);
    assert.equal(String(await client.request({ ":path": "/a" }).rest()), "page");
  });

  test("refuses new handshakes with 503 while its connections leave, and makes room for another at once", async (t) => {
    const base = await listen(t, http2.createServer());
    const old = attach(base, { path: "/a" });
    const client = await dial(t, base);
    const peer = await client.open({ ":path": "/a" });
    const closed = old.close();
    assert.equal(await client.ask({ ":path": "/a" }).status(), 503);
    join(t, base, { path: "/a" });
    assert.equal(await client.ask({ ":path": "/a" }).status(), 200);
    peer.reset();
    await closed;
  });
});

describe("frameworks over HTTP/2", () => {
  test("fastify: the same server has pages and WebSockets, over both versions", async (t) => {
    const app = fastify({ http2: true, https: { ...testCertificate, allowHTTP1: true } });
    app.get("/page", async (request) => `page over ${request.raw.httpVersion}`);
    await app.listen({ port: 0, host: "127.0.0.1" });
    t.after(() => app.close());
    const attachment = join(t, app.server, { ...echo, path: "/chat" });
    const client = await dial(t, app.server);
    const peer = await client.open({ ":path": "/chat" });
    assert.equal(await peer.write(textFrame("hi")).text(), "hi");
    assert.equal(String(await client.request({ ":path": "/page" }).rest()), "page over 2.0");
    assert.equal(await client.request({ ":path": "/chat" }).status(), 404);
    assert.equal(await client.ask({ ":path": "/other" }).status(), 404);
    const { port } = new URL(attachment.url ?? "");
    const old = tls.connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    await once(old, "secureConnect");
    const first = new RawClient(old).write(handshakeText({ target: "/chat" }));
    assert.equal(statusOf(await first.head()), 101);
    assert.equal(await first.write(textFrame("hi")).text(), "hi");
    first.socket.destroy();
    client.session.destroy();
  });
});

test("an http server and one of HTTP/2 are no different to attach", async (t) => {
  const first = http.createServer().listen(0, "127.0.0.1");
  await once(first, "listening");
  t.after(() => first.close());
  const options = { ...echo, upgrade: () => ({ headers: { "x-a": "1" } }) };
  const attachment = attach(first, options);
  t.after(() => attachment.close({ timeoutMs: 0 }));
  const client = (await RawClient.connect(attachment.url)).write(handshakeText(), textFrame("a"));
  assert.match(await client.head(), /\r\nx-a: 1\r\n/);
  const base = await listen(t, http2.createServer());
  join(t, base, options);
  const peer = (await dial(t, base)).request(connectFields());
  assert.equal((await peer.head())["x-a"], "1");
  peer.write(textFrame("a"));
  assert.deepEqual([await client.text(), await peer.text()], ["a", "a"]);
});
