/** What an application takes and refuses, in which order; `verifyClient`; paths that nobody serves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import JellySocket from "@polysocket/jellysocket";
import WebSocket, { WebSocketServer } from "ws";
import { connectionOf, disconnected, listen, Plain, serve, turns } from "./ends.ts";
import { RawPeer, request } from "./raw-peer.ts";
import { testCertificate } from "./test-certificate.ts";

type Options = JellySocket.ApplicationOptions;
type Answer = Parameters<JellySocket.VerifyClient>[1];

/** The answer to a handshake that is refused, whole. */
async function refusalOf(
  port: number,
  text: string,
): Promise<{ status: string; fields: Map<string, string>; body: string }> {
  const peer = await RawPeer.dial(port, text);
  const [status = "", ...lines] = await peer.head();
  const fields = new Map(lines.map((line) => [line.replace(/:.*/, "").toLowerCase(), line.replace(/.*?: /, "")]));
  return { status: status.replace("HTTP/1.1 ", ""), fields, body: String(await peer.over()) };
}

/** Process warnings of a test. */
function warnings(context: TestContext): Error[] {
  const seen: Error[] = [];
  const listener = (warning: Error): number => seen.push(warning);
  process.on("warning", listener);
  context.after(() => process.off("warning", listener));
  return seen;
}

describe("order of the checks", () => {
  const ALL_WRONG = { "Sec-WebSocket-Protocol": "other", "Sec-WebSocket-Version": "8", "Sec-WebSocket-Key": "short" };
  const REFUSED: readonly [string, string, string][] = [
    ["POST", request({}, "/", "POST"), "400 Bad Request"],
    ["another Upgrade", request({ Upgrade: "h2c" }), "400 Bad Request"],
    ["no key", request({ "Sec-WebSocket-Key": undefined }), "400 Bad Request"],
    ["a malformed key", request({ "Sec-WebSocket-Key": "AAAA" }), "400 Bad Request"],
    ["version 8", request({ ...ALL_WRONG, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==" }), "426 Upgrade Required"],
    ["version 14", request({ "Sec-WebSocket-Version": "14" }), "426 Upgrade Required"],
    ["no version", request({ "Sec-WebSocket-Version": undefined }), "426 Upgrade Required"],
    ["no subprotocol", request({ "Sec-WebSocket-Protocol": undefined }), "400 Bad Request"],
    ["part of the name", request({ "Sec-WebSocket-Protocol": "plain-1.01, xplain-1.0" }), "400 Bad Request"],
    ["the name in capitals", request({ "Sec-WebSocket-Protocol": "PLAIN-1.0" }), "400 Bad Request"],
    ["a malformed list", request({ "Sec-WebSocket-Protocol": "plain-1.0, plain-1.0" }), "400 Bad Request"],
  ];
  for (const [what, text, expected] of REFUSED) {
    test(`${what}: ${expected}, a complete response, and verifyClient is not asked`, async (context) => {
      const { port, app } = await serve(context, { verifyClient: () => assert.fail("asked") });
      const { status, fields, body } = await refusalOf(port, text);
      assert.equal(status, expected);
      assert.match(fields.get("connection") ?? "", /^close(, Upgrade)?$/);
      assert.equal(fields.get("content-length"), String(body.length));
      if (expected.startsWith("426")) assert.equal(fields.get("sec-websocket-version"), "13");
      assert.equal(app.clients.size, 0);
    });
  }

  test("locked: 503 before the subprotocol is looked at, but after the version", async (context) => {
    const { port, app } = await serve(context);
    app.lock();
    for (const protocol of ["other", undefined, "plain-1.0", "a, a"]) {
      assert.equal(
        (await refusalOf(port, request({ "Sec-WebSocket-Protocol": protocol }))).status,
        "503 Service Unavailable",
      );
    }
    assert.equal((await refusalOf(port, request({ "Sec-WebSocket-Version": "12" }))).status, "426 Upgrade Required");
    assert.equal((await refusalOf(port, request({ "Sec-WebSocket-Key": "x" }))).status, "400 Bad Request");
  });

  test("the subprotocol is found in a list, with blanks, and is the answer", async (context) => {
    const { port } = await serve(context);
    const peer = await RawPeer.dial(port, request({ "Sec-WebSocket-Protocol": "a , plain-1.0,b" }));
    const lines = await peer.head();
    assert.equal(lines[0], "HTTP/1.1 101 Switching Protocols");
    assert.ok(lines.includes("Sec-WebSocket-Protocol: plain-1.0"));
    peer.socket.destroy();
  });
});

describe("path", () => {
  test("is compared exactly, without the query; at another one nothing is done", async (context) => {
    const { port, server } = await serve(context, { path: "/Chat" });
    const silent: string[] = [];
    for (const path of ["/Chat", "/Chat?a=/b", "/Chat?", "http://localhost/Chat?x"]) {
      const peer = await RawPeer.dial(port, request({}, path));
      assert.equal((await peer.head())[0], "HTTP/1.1 101 Switching Protocols", path);
      peer.socket.destroy();
    }
    for (const path of ["/", "/chat", "/Chat/", "/Chat/x", "/%43hat", "//Chat", "/Cha", "*"]) {
      const upgraded = once(server, "upgrade");
      const peer = await RawPeer.dial(port, request({}, path));
      const [, socket] = await upgraded;
      peer.socket.on("data", () => silent.push(path));
      await turns();
      assert.equal(socket.listenerCount("data") + socket.listenerCount("error"), 0, path);
      peer.socket.destroy();
      socket.destroy();
    }
    assert.deepEqual(silent, []);
  });

  test("another module serves another path of the same server", async (context) => {
    const { server, port, url, app } = await serve(context, { path: "/jelly" });
    const other = new WebSocketServer({ noServer: true });
    server.on("upgrade", (req, socket, head) => {
      if (req.url === "/ws") other.handleUpgrade(req, socket, head, (webSocket) => webSocket.send("other"));
    });
    server.on("upgrade", JellySocket.Application.upgradeNotFound);
    const stranger = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    const [text] = await once(stranger, "message");
    assert.equal(String(text), "other");
    stranger.close();
    const met = connectionOf(app);
    new Plain(`${url}/jelly`);
    await met;
  });
});

describe("verifyClient", () => {
  test("a client that it cuts off and lets in all the same is forgotten", async (context) => {
    const asked: string[] = [];
    const verifyClient = ({ req }: JellySocket.ClientInfo): boolean => {
      asked.push(req.url ?? "");
      req.socket.destroy();
      return true;
    };
    const { port, app } = await serve(context, { verifyClient });
    app.on("connection", () => assert.fail("connected"));
    const peer = await RawPeer.dial(port, request());
    await peer.over();
    assert.deepEqual([asked, app.clients.size], [["/"], 0]);
  });

  test("synchronous: exactly true is a yes", async (context) => {
    const answers: unknown[] = [true, false, 1, "yes", undefined, {}];
    const { port } = await serve(context, { verifyClient: () => answers.shift() as boolean });
    const peer = await RawPeer.dial(port, request());
    assert.equal((await peer.head())[0], "HTTP/1.1 101 Switching Protocols");
    peer.socket.destroy();
    while (answers.length > 0) assert.equal((await refusalOf(port, request())).status, "401 Unauthorized");
  });

  test("a promise is no yes, and neither is its failure the end of the process", async (context) => {
    const seen = warnings(context);
    const verifyClient = (async () => true) as unknown as JellySocket.VerifyClient;
    assert.equal(
      (await refusalOf((await serve(context, { verifyClient })).port, request())).status,
      "401 Unauthorized",
    );
    const failing = (async () => {
      throw new Error("late");
    }) as unknown as JellySocket.VerifyClient;
    const { port } = await serve(context, { verifyClient: failing });
    assert.equal((await refusalOf(port, request())).status, "401 Unauthorized");
    await turns();
    assert.deepEqual(
      seen.map(({ message }) => message),
      ["late"],
    );
  });

  test("is told the origin, whether there is TLS, and the request", async (context) => {
    const seen: unknown[][] = [];
    const verifyClient: Options["verifyClient"] = ({ origin, secure, req }) => {
      seen.push([origin, secure, req instanceof http.IncomingMessage, req.url]);
      return false;
    };
    const { port } = await serve(context, { verifyClient });
    await refusalOf(port, request({ Origin: "https://example.org" }, "/?a"));
    await refusalOf(port, request());
    const server = https.createServer(testCertificate);
    context.after(() => server.close());
    new JellySocket.Application(server, Plain, { verifyClient });
    const client = new Plain(`wss://127.0.0.1:${await listen(server)}`, { rejectUnauthorized: false });
    assert.match((await disconnected(client))?.message ?? "", /401/);
    assert.deepEqual(seen, [
      ["https://example.org", false, true, "/?a"],
      [undefined, false, true, "/"],
      [undefined, true, true, "/"],
    ]);
  });

  test("asynchronous: at once or later, with a code and a name, and the first answer counts", async (context) => {
    const acts: readonly ((answer: Answer) => void)[] = [
      (answer) => answer(false),
      (answer) => setImmediate(answer, false, 403),
      (answer) => answer(false, 429, "Slow Down"),
      (answer) => {
        answer(false, 402);
        answer(true);
      },
      (answer) => answer("yes" as unknown as boolean),
    ];
    const turnsOf = [...acts];
    const { port, app } = await serve(context, { verifyClient: (_info, answer) => turnsOf.shift()?.(answer) });
    const statuses: string[] = [];
    for (const _ of acts) statuses.push((await refusalOf(port, request())).status);
    assert.deepEqual(statuses, [
      "401 Unauthorized",
      "403 Forbidden",
      "429 Slow Down",
      "402 Payment Required",
      "401 Unauthorized",
    ]);
    turnsOf.push((answer) => setImmediate(answer, true));
    const met = connectionOf(app);
    const peer = await RawPeer.dial(port, request());
    assert.equal((await peer.head())[0], "HTTP/1.1 101 Switching Protocols");
    await met;
    peer.socket.destroy();
  });

  test("a code or name that cannot be sent is a 500 and a warning", async (context) => {
    const seen = warnings(context);
    const answers: [number, string?][] = [[99], [101], [403, "two\r\nlines"]];
    const { port } = await serve(context, {
      verifyClient: (_info, answer) => answer(false, ...(answers.shift() ?? [0])),
    });
    for (let i = 0; i < 3; i++) assert.equal((await refusalOf(port, request())).status, "500 Internal Server Error");
    await turns();
    assert.equal(seen.length, 3);
  });

  test("where it throws the answer is 500, also after an early yes, and the error becomes a warning", async (context) => {
    const seen = warnings(context);
    const functions: JellySocket.VerifyClient[] = [
      () => {
        throw new Error("one");
      },
      (_info, answer) => {
        answer(true);
        throw new Error("two");
      },
      async (_info, _answer) => {
        throw new Error("three");
      },
    ];
    for (const verifyClient of functions) {
      const { port, app } = await serve(context, { verifyClient });
      assert.equal((await refusalOf(port, request())).status, "500 Internal Server Error");
      assert.equal(app.clients.size, 0);
    }
    await turns();
    assert.deepEqual(
      seen.map(({ message }) => message),
      ["one", "two", "three"],
    );
  });

  test("a lock that comes while it thinks refuses with 503", async (context) => {
    const answers: Answer[] = [];
    const { port, app, server } = await serve(context, { verifyClient: (_info, answer) => void answers.push(answer) });
    const asked = once(server, "upgrade");
    const refused = refusalOf(port, request());
    await asked;
    app.lock();
    answers[0]?.(true);
    assert.equal((await refused).status, "503 Service Unavailable");
  });

  test("a client that left while it thinks is forgotten", async (context) => {
    const answers: Answer[] = [];
    const { port, app, server } = await serve(context, { verifyClient: (_info, answer) => void answers.push(answer) });
    app.on("connection", () => assert.fail("no connection"));
    const upgraded = once(server, "upgrade");
    const peer = await RawPeer.dial(port, request());
    const [, socket] = await upgraded;
    const closed = once(socket, "close");
    peer.socket.destroy();
    await closed;
    answers[0]?.(true);
    await turns();
    assert.equal(app.clients.size, 0);
  });
});

describe("upgradeNotFound", () => {
  test("answers 404 to what nobody took, whole", async (context) => {
    const { port, server } = await serve(context, { path: "/a" });
    server.on("upgrade", JellySocket.Application.upgradeNotFound);
    const { status, fields, body } = await refusalOf(port, request({}, "/b"));
    assert.equal(status, "404 Not Found");
    assert.equal(fields.get("content-length"), String(body.length));
    assert.equal(fields.get("connection"), "close");
  });

  test("leaves alone what an application took, also while verifyClient thinks and after a refusal", async (context) => {
    const answers: Answer[] = [];
    const { port, server } = await serve(context, { verifyClient: (_info, answer) => void answers.push(answer) });
    server.on("upgrade", JellySocket.Application.upgradeNotFound);
    const upgraded = once(server, "upgrade");
    const peer = await RawPeer.dial(port, request());
    await upgraded;
    await turns();
    answers[0]?.(true);
    assert.equal((await peer.head())[0], "HTTP/1.1 101 Switching Protocols");
    peer.socket.destroy();
    assert.equal((await refusalOf(port, request({ "Sec-WebSocket-Version": "8" }))).status, "426 Upgrade Required");
  });

  test("leaves alone a socket that is ended, destroyed, or read by another module", async (context) => {
    const server = http.createServer();
    const port = await listen(server);
    context.after(() => server.close());
    const acts: readonly ((socket: Duplex) => void)[] = [
      (socket) => socket.end("mine"),
      (socket) => socket.on("data", () => {}).write("mine"),
      (socket) => socket.on("readable", () => {}).write("mine"),
      (socket) => socket.destroy(),
    ];
    const turnsOf = [...acts];
    server.on("upgrade", (_req, socket) => turnsOf.shift()?.(socket));
    server.on("upgrade", JellySocket.Application.upgradeNotFound);
    const seen: string[] = [];
    const destroyed: boolean[] = [];
    for (const _ of acts) {
      const upgraded = once(server, "upgrade");
      const peer = await RawPeer.dial(port, request());
      const [, socket] = await upgraded;
      await turns();
      destroyed.push(socket.destroyed);
      socket.end();
      seen.push(String(await peer.over()));
      socket.destroy();
    }
    assert.deepEqual(seen, ["mine", "mine", "mine", ""]);
    assert.deepEqual(destroyed, [false, false, false, true]);
  });

  test("can be called without the head, and plain requests are not its affair", async (context) => {
    const server = http.createServer((_req, res) => res.end("page"));
    const port = await listen(server);
    context.after(() => server.close());
    server.on("upgrade", (req, socket) => JellySocket.Application.upgradeNotFound(req, socket));
    assert.equal((await refusalOf(port, request())).status, "404 Not Found");
    const page = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: "close" } });
    assert.equal(await page.text(), "page");
  });
});
