/** Opening handshakes over HTTP/1.1: which are refused, in what order, and what the answers say. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WebSocket as WebSocketClient } from "ws";
import { answerTo, fieldOf, join, next, record, serve, turns, until, catchUncaught } from "./ends.ts";
import { masked, RawPeer, request } from "./raw-peer.ts";

const STATUS = { 101: "HTTP/1.1 101 Switching Protocols", 400: "HTTP/1.1 400 Bad Request" };

type Fields = Readonly<Record<string, string | undefined>>;

describe("refusals", () => {
  /** The answer's status, and what the program has heard of it. */
  async function statusOf(
    context: Parameters<typeof serve>[0],
    fields: Fields,
    options: Parameters<typeof serve>[1] = {},
  ): Promise<string> {
    const { webSocket, port } = await serve(context, options);
    const seen = record(webSocket, "open", "close", "error");
    const head = await answerTo(context, port, request(fields));
    await turns();
    const status = head[0]?.split(" ")[1] ?? "";
    if (status === "101") return status;
    assert.deepEqual([seen, webSocket.clients], [[], []]);
    assert.match(fieldOf(head, "connection") ?? "", /^close/);
    assert.notEqual(fieldOf(head, "content-length"), undefined);
    return `${status}${fieldOf(head, "sec-websocket-version") ?? ""}`;
  }

  const rows: readonly [string, Fields, string][] = [
    ["no key", { "Sec-WebSocket-Key": undefined }, "400"],
    ["no key and a wrong version", { "Sec-WebSocket-Key": undefined, "Sec-WebSocket-Version": "7" }, "400"],
    ["an empty Host", { Host: "" }, "400"],
    ["a Host that is none", { Host: "1.2.3.256", Origin: "http://1.2.3.256" }, "400"],
    ["a list of extensions that is none", { "Sec-WebSocket-Extensions": "permessage-deflate; =" }, "400"],
    ["a wrong version", { "Sec-WebSocket-Version": "7" }, "42613, 8"],
    ["no version", { "Sec-WebSocket-Version": undefined }, "42613, 8"],
    ["a version that is no number", { "Sec-WebSocket-Version": "x" }, "42613, 8"],
    ["a wrong version and a foreign origin", { "Sec-WebSocket-Version": "7", Origin: "http://a.test" }, "42613, 8"],
    ["a foreign origin", { Origin: "http://a.test" }, "403"],
    ["no origin", { Origin: undefined }, "403"],
    ["the origin null", { Origin: "null" }, "403"],
    ["an origin that the own host only begins", { Origin: "http://localhost.evil.test" }, "403"],
    ["an origin that the own host only ends", { Origin: "http://evil-localhost" }, "403"],
    ["another port", { Origin: "http://localhost:81" }, "403"],
    ["an origin with a path", { Origin: "http://localhost/" }, "403"],
    ["the own host as user information", { Origin: "http://localhost@evil.test" }, "403"],
    ["version 8 without an origin", { "Sec-WebSocket-Version": "8", Origin: undefined }, "403"],
  ];
  for (const [what, fields, expected] of rows) {
    test(`${what}: ${expected}`, async (context) => {
      assert.equal(await statusOf(context, fields), expected);
    });
  }

  const welcome: readonly [string, Fields, string | string[] | null][] = [
    ["the own host", {}, null],
    ["the own host under another scheme", { Origin: "https://localhost" }, null],
    ["the own host in capitals", { Origin: "HTTP://LOCALHOST" }, null],
    ["a default port that only one side says", { Host: "localhost:443", Origin: "https://localhost" }, null],
    ["the own port", { Host: "localhost:8080", Origin: "http://localhost:8080" }, null],
    ["an IPv6 host", { Host: "[::1]:80", Origin: "http://[::1]" }, null],
    ["one of the list", { Origin: "https://b.test" }, ["https://a.test", "https://b.test"]],
    ["any, where * is in the list", { Origin: "https://b.test" }, ["https://a.test", "*"]],
    ["none, with *", { Origin: undefined }, "*"],
    ["null, with *", { Origin: "null" }, "*"],
    ["version 8", { "Sec-WebSocket-Version": "8" }, null],
    [
      "version 8 with its own origin",
      { "Sec-WebSocket-Version": "8", Origin: undefined, "Sec-WebSocket-Origin": "http://localhost" },
      null,
    ],
    ["Upgrade in capitals", { Upgrade: " WebSocket " }, null],
  ];
  for (const [what, fields, allowOrigin] of welcome) {
    test(`${what}: accepted`, async (context) => {
      assert.equal(await statusOf(context, fields, { allowOrigin }), "101");
    });
  }

  test("a list compares exactly", async (context) => {
    const allowOrigin = "https://b.test";
    assert.equal(await statusOf(context, { Origin: "http://b.test" }, { allowOrigin }), "403");
    assert.equal(await statusOf(context, { Origin: "https://b.test:443" }, { allowOrigin }), "403");
  });
});

describe("acceptance", () => {
  test("the answer has the accept value and a cookie, and neither a subprotocol nor an extension unasked", async (context) => {
    const { port } = await serve(context);
    const fields = { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "chat" };
    const head = await answerTo(context, port, request(fields));
    assert.equal(head[0], STATUS[101]);
    assert.equal(fieldOf(head, "sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert.equal(fieldOf(head, "upgrade"), "websocket");
    assert.equal(fieldOf(head, "connection"), "Upgrade");
    assert.match(fieldOf(head, "set-cookie") ?? "", /^jadsonlucena-websocket=/);
    assert.equal(fieldOf(head, "sec-websocket-protocol"), undefined);
    assert.equal(fieldOf(head, "sec-websocket-extensions"), undefined);
  });

  test("frames that come together with the request are the first messages, after open", async (context) => {
    const { webSocket, port } = await serve(context);
    const seen = record(webSocket, "open", "message");
    const peer = await RawPeer.dial(port, Buffer.concat([Buffer.from(request()), masked(1, "a"), masked(1, "b")]));
    context.after(() => peer.socket.destroy());
    await until(() => seen.length === 3);
    const [id] = webSocket.clients;
    assert.deepEqual(seen, [
      ["open", id],
      ["message", id, "a"],
      ["message", id, "b"],
    ]);
  });

  test("inside open the ID is known, all methods work and the answer is counted", async (context) => {
    const { webSocket, port } = await serve(context);
    const opened = new Promise<unknown[]>((resolve) => {
      webSocket.on("open", (id) => {
        webSocket.send(id, "welcome");
        resolve([id, webSocket.clients, webSocket.bytesWritten(id) > 100, webSocket.url(id).pathname]);
      });
    });
    const peer = await RawPeer.open(port);
    context.after(() => peer.socket.destroy());
    const [id, ...rest] = await opened;
    assert.deepEqual(rest, [[id], true, "/"]);
    assert.equal((await peer.frame()).payload.toString(), "welcome");
  });

  test("a listener of open that throws is an uncaught exception, and the client stays", async (context) => {
    const nextUncaught = catchUncaught(context);
    const { webSocket, port } = await serve(context);
    const uncaught = nextUncaught();
    webSocket.once("open", () => {
      throw new Error("mine");
    });
    const peer = await RawPeer.open(port);
    context.after(() => peer.socket.destroy());
    assert.deepEqual([(await uncaught).message, webSocket.clients.length], ["mine", 1]);
  });

  test("of two instances on one server the first one has the client, and nothing throws", async (context) => {
    const ends = await serve(context);
    const { default: WebSocket } = await import("@polysocket/jadsonlucena-websocket");
    const second = new WebSocket(ends.server);
    await join(context, ends);
    assert.deepEqual([ends.webSocket.clients.length, second.clients.length], [1, 0]);
  });
});

describe("limitByIP", () => {
  test("one more than the limit gets 429, until a place is free", async (context) => {
    const ends = await serve(context, { limitByIP: 2 });
    const { peer } = await join(context, ends);
    await join(context, ends);
    assert.match((await answerTo(context, ends.port, request()))[0] ?? "", / 429 /);
    assert.equal(ends.webSocket.clients.length, 2);
    const closed = next(ends.webSocket, "close");
    peer.socket.destroy();
    await closed;
    await join(context, ends);
  });

  test("a burst of handshakes cannot pass it", async (context) => {
    const { webSocket, port } = await serve(context, { limitByIP: 3 });
    const heads = await Promise.all(Array.from({ length: 10 }, () => answerTo(context, port, request())));
    const accepted = heads.filter(([status]) => status === STATUS[101]);
    assert.deepEqual([accepted.length, webSocket.clients.length], [3, 3]);
  });

  test("a foreign origin is refused before the limit is looked at", async (context) => {
    const ends = await serve(context, { limitByIP: 1 });
    await join(context, ends);
    const [status] = await answerTo(context, ends.port, request({ Origin: "http://a.test" }));
    assert.match(status ?? "", / 403 /);
  });

  test("it may change at any time: nobody is closed, below 1 there is none", async (context) => {
    const ends = await serve(context, { limitByIP: 0 });
    for (let n = 0; n < 3; n++) await join(context, ends);
    ends.webSocket.limitByIP = 1;
    assert.match((await answerTo(context, ends.port, request()))[0] ?? "", / 429 /);
    assert.equal(ends.webSocket.clients.length, 3);
    ends.webSocket.limitByIP = Number.NaN;
    await join(context, ends);
    ends.webSocket.limitByIP = 5.5;
    await join(context, ends);
    assert.match((await answerTo(context, ends.port, request()))[0] ?? "", / 429 /);
  });

  test("close frees the place at once, but no more than the limit are leaving", async (context) => {
    const ends = await serve(context, { limitByIP: 2 });
    // None of them answers the Close frame, or ends
    for (let n = 0; n < 3; n++) {
      const { id } = await join(context, ends);
      ends.webSocket.close(id);
    }
    await join(context, ends);
    assert.match((await answerTo(context, ends.port, request()))[0] ?? "", / 429 /);
  });

  test("refused handshakes take no place", async (context) => {
    const ends = await serve(context, { limitByIP: 1 });
    for (let n = 0; n < 3; n++) await answerTo(context, ends.port, request({ Origin: "http://a.test" }));
    await join(context, ends);
  });
});

describe("a client of the package ws", () => {
  test("with the page's origin and compression it exchanges messages of all kinds", async (context) => {
    const { webSocket, port } = await serve(context);
    webSocket.on("/echo", (id, data) => webSocket.send(id, data));
    const client = new WebSocketClient(`ws://127.0.0.1:${port}/echo`, { origin: `http://127.0.0.1:${port}` });
    context.after(() => client.terminate());
    await next(client, "open");
    assert.match(client.extensions, /permessage-deflate/);
    for (const data of ["text", Buffer.from([1, 2]), "compressed ".repeat(1_000), Buffer.alloc(100_000, 7)]) {
      const answer = next(client, "message");
      client.send(data);
      const [bytes, isBinary] = (await answer) as [Buffer, boolean];
      assert.deepEqual([bytes, isBinary], [Buffer.from(data), typeof data !== "string"]);
    }
  });
});
