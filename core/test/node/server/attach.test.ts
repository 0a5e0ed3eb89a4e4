import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import { type Attachment, attach, type HttpServer } from "../../../src/node/server/attach.ts";
import { createEndpoint } from "../../../src/node/server/create-endpoint.ts";
import type { AttachOptions } from "../../../src/node/server/options.ts";
import { handshakeText, RawClient, statusOf } from "./raw-client.ts";
import { testCertificate } from "./test-certificate.ts";

async function listen<Base extends HttpServer>(t: TestContext, base: Base): Promise<Base> {
  base.listen(0, "127.0.0.1");
  await once(base, "listening");
  t.after(() => {
    base.close();
    if ("closeAllConnections" in base) base.closeAllConnections();
  });
  return base;
}

function join(t: TestContext, base: HttpServer, options: AttachOptions): Attachment {
  const attachment = attach(base, options);
  t.after(() => attachment.close({ timeoutMs: 0 }));
  return attachment;
}

/** The status that a handshake at this path gets. */
async function ask(base: HttpServer, target: string): Promise<number> {
  const address = base.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = await RawClient.connect(`http://127.0.0.1:${address.port}`);
  client.write(handshakeText({ target }));
  return statusOf(await client.head());
}

describe("attach", () => {
  test("serves beside ordinary requests", async (t) => {
    const base = await listen(
      t,
      http.createServer((_request, response) => response.end("page")),
    );
    const attachment = join(t, base, { path: "/chat", open: (connection) => connection.send("hi") });
    const url = attachment.url ?? "";
    assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+\/chat$/);
    const client = (await RawClient.connect(url)).write(handshakeText({ target: "/chat" }));
    assert.equal(statusOf(await client.head()), 101);
    assert.equal(await client.text(), "hi");
    const [response] = await once(http.get(url.replace("ws:", "http:"), { agent: false }), "response");
    assert.equal(Buffer.concat(await response.toArray()).toString(), "page");
    assert.equal(attachment.stats().opened, 1);
  });

  test("several share one listener, beside somebody else's", async (t) => {
    const base = await listen(t, http.createServer());
    const foreign: unknown[] = [];
    base.on("upgrade", (request, socket) => {
      if (request.url === "/a" || request.url === "/b") return;
      foreign.push(request.url);
      socket.end("HTTP/1.1 418 Teapot\r\n\r\n");
    });
    const first = join(t, base, { path: "/a" });
    const second = join(t, base, { path: "/b" });
    assert.equal(base.listenerCount("upgrade"), 2);
    assert.deepEqual(await Promise.all(["/a", "/b", "/c"].map((target) => ask(base, target))), [101, 101, 418]);
    assert.deepEqual(foreign, ["/c"]);
    assert.deepEqual([first.stats().opened, second.stats().opened], [1, 1]);
    assert.deepEqual([first.stats().refused, second.stats().refused], [0, 0]);
  });

  test("answers 404 at a path of nobody's, and tells the first", async (t) => {
    const base = await listen(t, http.createServer());
    const codes: string[] = [];
    const first = join(t, base, { path: "/a", upgradeError: (error) => codes.push(error.code) });
    const second = join(t, base, { path: "/b" });
    assert.equal(await ask(base, "/c"), 404);
    assert.equal(await ask(base, "*"), 400);
    assert.deepEqual(codes, ["PATH_UNKNOWN", "TARGET_INVALID"]);
    assert.deepEqual([first.stats().refused, second.stats().refused], [2, 0]);
  });

  test("one path goes before all paths, whoever came first", async (t) => {
    const base = await listen(t, http.createServer());
    const all = join(t, base, {});
    const one = join(t, base, { routes: { "/a": {} } });
    await ask(base, "/a");
    await ask(base, "/b");
    assert.deepEqual([all.stats().opened, one.stats().opened], [1, 1]);
  });

  test("leaves what an endpoint has taken already", async (t) => {
    const base = await listen(t, http.createServer());
    const endpoint = createEndpoint({});
    t.after(() => endpoint.close({ timeoutMs: 0 }));
    base.on("upgrade", endpoint.handleUpgrade);
    const attachment = join(t, base, {});
    assert.equal(await ask(base, "/"), 101);
    assert.deepEqual([endpoint.stats().opened, attachment.stats().opened], [1, 0]);
  });

  test("has no URL before the http server listens, nor on a pipe", async (t) => {
    const base = http.createServer();
    const attachment = join(t, base, {});
    assert.equal(attachment.url, undefined);
    await listen(t, base);
    assert.match(attachment.url ?? "", /^ws:\/\/127\.0\.0\.1:\d+$/);
    const piped = http.createServer().listen(`/tmp/polysocket-${process.pid}.sock`);
    t.after(() => piped.close());
    await once(piped, "listening");
    assert.equal(join(t, piped, {}).url, undefined);
  });

  test("serves on https and on HTTP/2 with allowHTTP1", async (t) => {
    const secure = http2.createSecureServer({ ...testCertificate, allowHTTP1: true });
    for (const base of [https.createServer(testCertificate), secure]) {
      await listen(t, base);
      const attachment = join(t, base, { open: (connection, request) => connection.send(String(request.secure)) });
      const { port } = new URL(attachment.url ?? "");
      assert.equal(attachment.url, `wss://127.0.0.1:${port}`);
      const socket = tls.connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const client = new RawClient(socket).write(handshakeText());
      assert.equal(statusOf(await client.head()), 101);
      assert.equal(await client.text(), "true");
    }
  });

  test("refuses a path that is attached already", async (t) => {
    const base = http.createServer();
    join(t, base, { path: "/a" });
    assert.throws(() => attach(base, { path: "/a" }), { code: "USAGE", message: /the path \/a of this http server/ });
    assert.throws(() => attach(base, { routes: { "/b": {}, "/a": {} } }), { code: "USAGE" });
    join(t, base, {});
    assert.throws(() => attach(base, {}), { code: "USAGE", message: /the path \* / });
    join(t, http.createServer(), { path: "/a" });
    assert.equal(base.listenerCount("upgrade"), 1);
  });

  for (const [name, wrong] of [
    ["nothing", undefined],
    ["null", null],
    ["a port", 8080],
    ["a function", () => undefined],
    ["an options object", { path: "/a" }],
    ["a net server", net.createServer()],
    ["a tls server", tls.createServer()],
  ] as const) {
    test(`refuses ${name} instead of an http server`, () => {
      assert.throws(() => Reflect.apply(attach, undefined, [wrong, {}]), { code: "USAGE", message: /no http server/ });
    });
  }

  test("refuses wrong options, and leaves the http server alone", () => {
    const base = http.createServer();
    assert.throws(() => Reflect.apply(attach, undefined, [base, { port: 1 }]), {
      message: /options of attach have no "port"/,
    });
    assert.equal(base.listenerCount("upgrade"), 0);
  });
});

describe("closing an attachment", () => {
  test("closes its connections, and neither the others' nor the http server", async (t) => {
    const base = await listen(
      t,
      http.createServer((_request, response) => response.end("page")),
    );
    const closed = attach(base, { path: "/a" });
    const kept = join(t, base, { path: "/b" });
    await ask(base, "/a");
    await ask(base, "/b");
    await closed.close({ timeoutMs: 10 });
    assert.deepEqual([closed.connections.size, kept.connections.size], [0, 1]);
    assert.deepEqual([await ask(base, "/a"), await ask(base, "/b")], [404, 101]);
    assert.equal(base.listening, true);
    await kept.close({ timeoutMs: 10 });
    assert.equal(base.listenerCount("upgrade"), 0);
  });

  test("refuses new handshakes with 503 while its connections leave", async (t) => {
    const base = await listen(t, http.createServer());
    const attachment = attach(base, { path: "/a" });
    const client = await RawClient.connect(attachment.url);
    await client.write(handshakeText({ target: "/a" })).head();
    const closed = attachment.close();
    assert.equal(await ask(base, "/a"), 503);
    assert.equal(await ask(base, "/c"), 404);
    client.reset();
    await closed;
    assert.equal(base.listenerCount("upgrade"), 0);
  });

  test("refuses with its own 503, not with another's 404", async (t) => {
    const base = await listen(t, http.createServer());
    join(t, base, { path: "/b" });
    const attachment = attach(base, { path: "/a" });
    const client = await RawClient.connect(attachment.url);
    await client.write(handshakeText({ target: "/a" })).head();
    const closed = attachment.close();
    assert.equal(await ask(base, "/a"), 503);
    client.reset();
    await closed;
  });

  test("makes room for another at its path at once", async (t) => {
    const base = await listen(t, http.createServer());
    const old = attach(base, { path: "/a" });
    const client = await RawClient.connect(old.url);
    await client.write(handshakeText({ target: "/a" })).head();
    const closed = old.close();
    const next = join(t, base, { path: "/a" });
    assert.equal(await ask(base, "/a"), 101);
    client.reset();
    await closed;
    assert.equal(await ask(base, "/a"), 101);
    assert.deepEqual([old.stats().opened, next.stats().opened], [1, 2]);
  });

  test("is what await using does", async (t) => {
    const base = await listen(t, http.createServer());
    const attachment = attach(base, {});
    await attachment[Symbol.asyncDispose]();
    assert.equal(base.listenerCount("upgrade"), 0);
  });
});
