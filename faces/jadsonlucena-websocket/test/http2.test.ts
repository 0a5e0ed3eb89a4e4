/** WebSocket over HTTP/2 (RFC 8441), with TLS and without, beside the program's own requests. */
import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import { connect } from "polysocket";
import { next, record, serveOn, turns, until, UUID } from "./ends.ts";
import { masked } from "./raw-peer.ts";
import { testCertificate } from "./test-certificate.ts";

type Ends = Awaited<ReturnType<typeof serveOn>>;

/** A cleartext session of Node's own, with which to send what no library sends. */
async function session(context: TestContext, { port }: Ends): Promise<http2.ClientHttp2Session> {
  const client = http2.connect(`http://127.0.0.1:${port}`);
  context.after(() => client.destroy());
  client.on("error", () => {});
  await once(client, "remoteSettings");
  return client;
}

/** An extended CONNECT, its answer and its stream. */
async function ask(
  client: http2.ClientHttp2Session,
  fields: http2.OutgoingHttpHeaders = {},
): Promise<{ stream: http2.ClientHttp2Stream; answer: http2.IncomingHttpHeaders; received: () => string }> {
  const stream = client.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":path": "/chat?x=1",
    ":authority": "localhost",
    "sec-websocket-version": "13",
    origin: "http://localhost",
    ...fields,
  });
  stream.on("error", () => {});
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [answer] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
  return { stream, answer, received: () => Buffer.concat(chunks).toString("hex") };
}

describe("cleartext HTTP/2", () => {
  test("a stream is a client like any other", async (context) => {
    const ends = await serveOn(context, http2.createServer());
    const { webSocket } = ends;
    webSocket.on("/chat", (id, data) => webSocket.send(id, data));
    const client = await session(context, ends);
    assert.equal(client.remoteSettings.enableConnectProtocol, true);
    const { stream, answer, received } = await ask(client);
    const [id = ""] = webSocket.clients;
    assert.equal(answer[":status"], 200);
    assert.match(String(answer["set-cookie"]), /^jadsonlucena-websocket=.*; Expires=/);
    assert.deepEqual([answer["sec-websocket-accept"], answer["sec-websocket-extensions"]], [undefined, undefined]);
    assert.match(id, UUID);
    stream.write(masked(1, "hi"));
    await until(() => received() === "81026869");
    assert.equal(webSocket.url(id).href, "http://localhost/chat?x=1");
    const closed = next(webSocket, "close");
    webSocket.close(id);
    await until(() => received() === "81026869880203e8");
    stream.write(masked(8, Buffer.from([3, 232])));
    assert.deepEqual(await closed, [id, { code: 1000, message: "Close Normal" }]);
  });

  test("counters are the session's, options of the socket are false, pause is the stream's", async (context) => {
    const ends = await serveOn(context, http2.createServer());
    const { webSocket } = ends;
    const { stream } = await ask(await session(context, ends));
    const [id = ""] = webSocket.clients;
    assert.ok(webSocket.bytesRead(id) > 100 && webSocket.bytesWritten(id) > 0);
    assert.equal(webSocket.readyState(id), "open");
    assert.deepEqual([webSocket.setKeepAlive(id, true), webSocket.setNoDelay(id)], [false, false]);
    const seen = record(webSocket, "/chat");
    webSocket.pause(id);
    stream.write(masked(1, "hi"));
    await turns(20);
    assert.deepEqual([seen, webSocket.isPaused(id)], [[], true]);
    webSocket.resume(id);
    await until(() => seen.length === 1);
  });

  test("END_STREAM and RST_STREAM without a Close frame are 1006", async (context) => {
    const ends = await serveOn(context, http2.createServer());
    const client = await session(context, ends);
    const ways: readonly ((stream: http2.ClientHttp2Stream) => unknown)[] = [
      (stream) => stream.end(),
      (stream) => stream.close(http2.constants.NGHTTP2_CANCEL),
    ];
    for (const end of ways) {
      const { stream } = await ask(client);
      const closed = next(ends.webSocket, "close");
      end(stream);
      const [, event] = await closed;
      assert.deepEqual(event, { code: 1006, message: "Closed Abnormally" });
    }
    assert.deepEqual(ends.webSocket.clients, []);
  });

  const refusals: readonly [string, http2.OutgoingHttpHeaders, number][] = [
    ["a foreign origin", { origin: "http://a.test" }, 403],
    ["a wrong version", { "sec-websocket-version": "7" }, 426],
    ["an :authority that is none", { ":authority": "1.2.3.256", origin: "http://1.2.3.256" }, 400],
  ];
  for (const [what, fields, status] of refusals) {
    test(`${what} is answered with ${status}`, async (context) => {
      const ends = await serveOn(context, http2.createServer());
      const { answer } = await ask(await session(context, ends), fields);
      assert.deepEqual([answer[":status"], ends.webSocket.clients], [status, []]);
      assert.equal(answer["sec-websocket-version"], status === 426 ? "13, 8" : undefined);
    });
  }

  test("all streams of a session count to limitByIP", async (context) => {
    const ends = await serveOn(context, http2.createServer(), { limitByIP: 2 });
    const client = await session(context, ends);
    const first = await ask(client);
    await ask(client);
    assert.equal((await ask(client)).answer[":status"], 429);
    const closed = next(ends.webSocket, "close");
    first.stream.close();
    await closed;
    assert.equal((await ask(client)).answer[":status"], 200);
  });

  test("one session may have as many clients as limitByIP allows by default", async (context) => {
    const ends = await serveOn(context, http2.createServer());
    const client = await session(context, ends);
    const answers = await Promise.all(Array.from({ length: 257 }, () => ask(client)));
    assert.equal(answers.filter(({ answer }) => Number(answer[":status"]) === 200).length, 256);
  });
});

describe("beside the program's own listeners", () => {
  /** A server whose program has a listener of requests, before the instance or after it. */
  async function serveBoth(context: TestContext, order: "before" | "after"): Promise<Ends> {
    const server = http2.createServer();
    const answer = (_request: unknown, response: http2.Http2ServerResponse): unknown => response.end("page");
    if (order === "before") server.on("request", answer);
    const ends = await serveOn(context, server);
    if (order === "after") server.on("request", answer);
    return ends;
  }

  for (const order of ["before", "after"] as const) {
    test(`a listener of requests from ${order} gets requests, and no handshake`, async (context) => {
      const ends = await serveBoth(context, order);
      const client = await session(context, ends);
      const { answer, stream, received } = await ask(client);
      assert.equal(answer[":status"], 200);
      ends.webSocket.on("/chat", (id, data) => ends.webSocket.send(id, data));
      stream.write(masked(1, "hi"));
      await until(() => received() === "81026869");
      const page = client.request({ ":path": "/" });
      const [headers] = (await once(page, "response")) as [http2.IncomingHttpHeaders];
      assert.equal(headers[":status"], 200);
      page.resume();
    });

    test(`other CONNECTs are answered with 405 (${order})`, async (context) => {
      const ends = await serveBoth(context, order);
      const client = await session(context, ends);
      for (const fields of [
        { ":protocol": "other" },
        { ":protocol": undefined, ":scheme": undefined, ":path": undefined },
      ]) {
        const wanted = { ":method": "CONNECT", ":authority": "localhost", ":scheme": "http", ":path": "/", ...fields };
        const stream = client.request(
          Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)),
        );
        stream.on("error", () => {});
        const [answer] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
        assert.equal(answer[":status"], 405);
      }
      assert.deepEqual(ends.webSocket.clients, []);
    });
  }

  test("a CONNECT that the program listens to is the program's", async (context) => {
    const ends = await serveBoth(context, "before");
    (ends.server as http2.Http2Server).on("connect", (request, response) => {
      if (request.headers[":protocol"] === "other") setImmediate(() => response.writeHead(299).end());
    });
    const client = await session(context, ends);
    const { answer } = await ask(client, { ":protocol": "other" });
    assert.equal(answer[":status"], 299);
    assert.equal((await ask(client)).answer[":status"], 200);
  });

  test("of two instances on one server one has the client, and nothing throws", async (context) => {
    const ends = await serveBoth(context, "before");
    const { default: WebSocket } = await import("@polysocket/jadsonlucena-websocket");
    const second = new WebSocket(ends.server);
    const { answer } = await ask(await session(context, ends));
    assert.deepEqual([answer[":status"], ends.webSocket.clients.length + second.clients.length], [200, 1]);
  });
});

describe("secure HTTP/2", () => {
  test("it serves both versions on one port, compressed where that is offered", async (context) => {
    const server = http2.createSecureServer({ ...testCertificate, allowHTTP1: true });
    const { webSocket, port } = await serveOn(context, server);
    webSocket.on("/echo", (id, data) => webSocket.send(id, data));
    for (const isHttp2 of [true, false]) {
      const answers: unknown[] = [];
      const client = await connect(`wss://localhost:${port}/echo`, {
        http2: isHttp2,
        tls: { ca: testCertificate.cert },
        origin: `https://localhost:${port}`,
        message: (_connection, message) => answers.push(message),
      });
      assert.equal(client.httpVersion, isHttp2 ? "2.0" : "1.1");
      assert.match(client.extensions, /permessage-deflate/);
      const long = "compressed ".repeat(10_000);
      client.send(long);
      client.send(Buffer.from([1, 2]));
      await until(() => answers.length === 2);
      assert.deepEqual(answers, [long, Buffer.from([1, 2])]);
      const closed = next(webSocket, "close");
      client.close(4001, "bye");
      assert.deepEqual((await closed)[1], { code: 4001, message: "bye" });
    }
  });

  test("a client that comes back has its ID again", async (context) => {
    const ends = await serveOn(context, http2.createServer());
    const client = await session(context, ends);
    const { stream } = await ask(client);
    const [id] = ends.webSocket.clients;
    const closed = next(ends.webSocket, "close");
    stream.close();
    await closed;
    await ask(client, { cookie: `jadsonlucena-websocket=${id}` });
    assert.deepEqual(ends.webSocket.clients, [id]);
  });
});
