import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HandshakeErrorCode } from "../../../src/engine/errors.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { FakeClock } from "../connection/fake-clock.ts";
import { turns } from "../transport/sockets.ts";
import { handshakeError, start } from "./handshaking.ts";
import { acceptFor, type RawPeer, RawServer, refusal, responseText, switching } from "./raw-server.ts";

const FULL = 16_384;

/** An answer that is right but for its extensions. */
function extended(extensions: string): (key: string) => string {
  return (key) => switching(key, { "Sec-WebSocket-Extensions": extensions });
}

describe("a refusal", () => {
  test("is a HandshakeError with all that the server said", async (t) => {
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url());
    const peer = await server.next();
    const headers = {
      "WWW-Authenticate": "Basic realm=a",
      "Set-Cookie": ["a=1; Path=/", "b=2"],
      "X-A": ["1", "2"],
      "Content-Length": "9",
    };
    await peer.answer(responseText(401, headers, "who's it?"));
    const error = await handshakeError(handshaking);
    assert.deepEqual(
      [error.name, error.code, error.message, error.statusCode],
      ["HandshakeError", "STATUS_NOT_101", "the server did not answer with status 101: seen 401", 401],
    );
    const { response } = error;
    assert.ok(response !== undefined);
    assert.deepEqual(Object.keys(response).sort(), [
      ...["body", "headers", "rawHeaders", "reasonPhrase", "sentHeaders", "statusCode"],
    ]);
    assert.deepEqual(
      response.sentHeaders.map(([name]) => name),
      ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions"],
    );
    assert.deepEqual([response.statusCode, response.reasonPhrase], [401, "Reason 401"]);
    assert.equal(response.headers["www-authenticate"], "Basic realm=a");
    assert.deepEqual(response.headers["set-cookie"], ["a=1; Path=/", "b=2"]);
    assert.equal(response.headers["x-a"], "1, 2");
    assert.deepEqual(response.rawHeaders, [
      ...["WWW-Authenticate", "Basic realm=a", "Set-Cookie", "a=1; Path=/", "Set-Cookie", "b=2"],
      ...["X-A", "1", "X-A", "2", "Content-Length", "9"],
    ]);
    assert.deepEqual(Buffer.from(response.body), Buffer.from("who's it?"));
    await peer.gone;
  });

  for (const statusCode of [200, 201, 400, 403, 404, 405, 426, 429, 500, 503, 599, 999]) {
    test(`of status ${statusCode} is STATUS_NOT_101 with this status and its body`, async (t) => {
      const server = await RawServer.listen(t, { script: (peer) => peer.answer(refusal(statusCode, {}, "why")) });
      const error = await handshakeError(start(t, server.url()));
      assert.deepEqual([error.code, error.statusCode], ["STATUS_NOT_101", statusCode]);
      assert.equal(String(error.response?.body), "why");
      await server.peers[0]?.gone;
    });
  }

  for (const statusCode of [204, 304]) {
    test(`of status ${statusCode} has no body, whatever its length is said to be (RFC 9112 §6.3)`, async (t) => {
      const answer = responseText(statusCode, { "Content-Length": "5" });
      const server = await RawServer.listen(t, { script: (peer) => peer.answer(answer) });
      const error = await handshakeError(start(t, server.url()));
      assert.deepEqual([error.code, error.statusCode], ["STATUS_NOT_101", statusCode]);
      assert.deepEqual(error.response?.body, Buffer.alloc(0));
      await server.peers[0]?.gone;
    });
  }

  for (const statusCode of [300, 301, 302, 303, 305, 307, 308]) {
    test(`of status ${statusCode} is a refusal, and not followed, unless that was asked for`, async (t) => {
      const answer = refusal(statusCode, { Location: "/elsewhere" }, "go");
      const server = await RawServer.listen(t, { script: (peer) => peer.answer(answer) });
      for (const followRedirects of [undefined, false, 0] as const) {
        const error = await handshakeError(start(t, server.url(), { followRedirects }));
        assert.deepEqual([error.code, error.statusCode], ["STATUS_NOT_101", statusCode]);
        assert.equal(error.response?.headers["location"], "/elsewhere");
        assert.equal(String(error.response?.body), "go");
      }
      assert.equal(server.peers.length, 3);
    });
  }

  test("may have an empty reason phrase and no headers", async (t) => {
    const server = await RawServer.listen(t, {
      script: async (peer) => {
        await peer.request();
        peer.write("HTTP/1.1 400 \r\n\r\n");
        peer.end();
      },
    });
    const { response } = await handshakeError(start(t, server.url()));
    assert.deepEqual([response?.reasonPhrase, response?.rawHeaders, response?.body], ["", [], Buffer.alloc(0)]);
  });

  test("has headers that are no danger as names of properties", async (t) => {
    const answer = refusal(400, { __proto__x: "1", constructor: "2", toString: "3", hasOwnProperty: "4" });
    const server = await RawServer.listen(t, {
      script: (peer) => peer.answer(answer.replace("__proto__x", "__proto__")),
    });
    const { response } = await handshakeError(start(t, server.url()));
    assert.ok(response !== undefined);
    assert.deepEqual(response.rawHeaders.slice(0, 4), ["__proto__", "1", "constructor", "2"]);
    assert.equal(response.headers["hasownproperty"], "4");
    assert.equal(typeof Object.prototype.toString, "function");
  });

  test("of HTTP/1.0 is a refusal like any other", async (t) => {
    const server = await RawServer.listen(t, {
      script: async (peer) => {
        await peer.request();
        peer.write("HTTP/1.0 404 Not Found\r\n\r\nnot here");
        peer.end();
      },
    });
    const error = await handshakeError(start(t, server.url()));
    assert.deepEqual([error.code, error.statusCode, String(error.response?.body)], ["STATUS_NOT_101", 404, "not here"]);
  });
});

describe("the body of a refusal", () => {
  const chunked = responseText(403, { "Transfer-Encoding": "chunked" });

  const rows: readonly (readonly [what: string, answer: string, body: string])[] = [
    ["chunked", `${chunked}4\r\nsome\r\n6\r\n thing\r\n0\r\n\r\n`, "some thing"],
    ["chunked, with extensions and trailers", `${chunked}4;a=b\r\nsome\r\n0\r\nX-A: 1\r\n\r\n`, "some"],
    ["chunked, and broken off by what is no chunk", `${chunked}4\r\nsome\r\nXYZ\r\n`, "some"],
    ["longer than Content-Length", `${refusal(403, {}, "some")}more`, "some"],
    ["of 16 KiB", refusal(403, {}, "x".repeat(FULL)), "x".repeat(FULL)],
    ["of more than 16 KiB", refusal(403, {}, "x".repeat(FULL + 1)), "x".repeat(FULL)],
    ["of a megabyte", refusal(403, {}, "x".repeat(1 << 20)), "x".repeat(FULL)],
    ["chunked, of more than 16 KiB", `${chunked}${"1\r\nx\r\n".repeat(FULL + 100)}`, "x".repeat(FULL)],
  ];
  for (const [what, answer, body] of rows) {
    test(`${what}, is shown up to 16 KiB, and the connection is closed`, async (t) => {
      const server = await RawServer.listen(t, { script: (peer) => peer.answer(answer) });
      const error = await handshakeError(start(t, server.url()));
      assert.deepEqual([error.code, error.statusCode], ["STATUS_NOT_101", 403]);
      assert.equal(String(error.response?.body), body);
      await server.peers[0]?.gone;
    });
  }

  for (const [what, headers] of [
    ["without a length", {}],
    ["shorter than Content-Length", { "Content-Length": "100" }],
  ] as const) {
    for (const [how, leave] of [
      ["ends", (peer) => peer.end()],
      ["resets", (peer) => peer.reset()],
    ] as [string, (peer: RawPeer) => void][]) {
      test(`${what}, is what came until the server ${how}`, async (t) => {
        const server = await RawServer.listen(t);
        const handshaking = start(t, server.url());
        const peer = await server.next();
        await peer.answer(responseText(403, headers, "part"));
        // A reset overtakes what was not read
        await turns();
        leave(peer);
        const error = await handshakeError(handshaking);
        assert.deepEqual([error.code, error.statusCode], ["STATUS_NOT_101", 403]);
        assert.equal(String(error.response?.body), "part");
      });
    }
  }

  test("that has no end is read up to 16 KiB", async (t) => {
    const server = await RawServer.listen(t, {
      script: async (peer) => {
        await peer.answer(responseText(503));
        while (peer.left === undefined) {
          peer.write("x".repeat(10_000));
          await turns(1);
        }
      },
    });
    const { response } = await handshakeError(start(t, server.url()));
    assert.equal(response?.body.length, FULL);
    await server.peers[0]?.gone;
  });

  test("that trickles in holds the error back for 2 seconds at most", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url());
    const peer = await server.next();
    await peer.answer(responseText(503));
    await turns();
    for (let i = 0; i < 4; i++) {
      await clock.advance(499);
      peer.write("x");
      await turns();
    }
    assert.deepEqual(handshaking.told, []);
    await clock.advance(4);
    const { code, response } = await handshakeError(handshaking);
    assert.deepEqual([code, String(response?.body)], ["STATUS_NOT_101", "xxxx"]);
    await peer.gone;
    assert.equal(clock.timers, 0);
  });
});

describe("a 101 that opens nothing (RFC 6455 §4.1)", () => {
  const wrong: readonly (readonly [code: HandshakeErrorCode, what: string, answer: (key: string) => string])[] = [
    ["ACCEPT_MISMATCH", "another key's", () => switching("AAAAAAAAAAAAAAAAAAAAAA==")],
    ["ACCEPT_MISMATCH", "the key itself", (key) => switching(key, { "Sec-WebSocket-Accept": key })],
    [
      "ACCEPT_MISMATCH",
      "none",
      () => responseText(101, { Upgrade: "websocket", Connection: "Upgrade", "X-Accept": "1" }),
    ],
    ["UPGRADE_INVALID", "another protocol", (key) => switching(key, { Upgrade: "h2c" })],
    ["UPGRADE_INVALID", "a list of protocols", (key) => switching(key, { Upgrade: "h2c, websocket" })],
    [
      "UPGRADE_INVALID",
      "no Upgrade",
      (key) => responseText(101, { Connection: "Upgrade", "Sec-WebSocket-Accept": acceptFor(key) }),
    ],
    [
      "CONNECTION_INVALID",
      "no Connection",
      (key) => responseText(101, { Upgrade: "websocket", "Sec-WebSocket-Accept": acceptFor(key) }),
    ],
    ["CONNECTION_INVALID", "Connection: close", (key) => switching(key, { Connection: "close" })],
    ["UPGRADE_INVALID", "nothing at all", () => responseText(101)],
    ["EXTENSION_NOT_OFFERED", "an extension", extended("permessage-other")],
    ["EXTENSION_NOT_OFFERED", "an extension beside the one that was", extended("permessage-deflate, x-other")],
    ["EXTENSIONS_INVALID", "a broken extension", extended("a;")],
    [
      "EXTENSION_PARAMETERS_INVALID",
      "a window there is not",
      extended("permessage-deflate; server_max_window_bits=16"),
    ],
    ["EXTENSION_PARAMETERS_INVALID", "an extension twice", extended("permessage-deflate, permessage-deflate")],
    ["SUBPROTOCOL_NOT_OFFERED", "a subprotocol", (key) => switching(key, { "Sec-WebSocket-Protocol": "mqtt" })],
    ["SUBPROTOCOL_INVALID", "two subprotocols", (key) => switching(key, { "Sec-WebSocket-Protocol": "chat, mqtt" })],
    ["HTTP_VERSION_TOO_LOW", "HTTP/1.0", (key) => switching(key).replace("HTTP/1.1", "HTTP/1.0")],
    ["HTTP_VERSION_TOO_LOW", "HTTP/1.0, nothing else", () => "HTTP/1.0 101 a\r\n\r\n"],
  ];
  for (const [code, what, answer] of wrong) {
    test(`${code}: ${what}`, async (t) => {
      const server = await RawServer.listen(t);
      const handshaking = start(t, server.url(), { subprotocols: ["chat"] });
      const peer = await server.next();
      peer.write(answer((await peer.request()).key));
      const error = await handshakeError(handshaking);
      assert.deepEqual([error.code, error.statusCode], [code, 101]);
      assert.equal(error.response?.statusCode, 101);
      assert.equal(error.response?.body.length, 0);
      await peer.gone;
    });
  }

  const unmet: readonly (readonly [HandshakeErrorCode, what: string, ConnectOptions["compression"]])[] = [
    ["EXTENSION_NOT_OFFERED", "permessage-deflate, where compression is false", false],
    ["EXTENSION_PARAMETERS_NOT_OFFERED", "less than was asked for", { serverNoContextTakeover: true }],
    ["EXTENSION_PARAMETERS_NOT_OFFERED", "a larger window than was asked for", { serverMaxWindowBits: 9 }],
  ];
  for (const [code, what, compression = true] of unmet) {
    test(`${code}: ${what}`, async (t) => {
      const server = await RawServer.listen(t);
      const handshaking = start(t, server.url(), { compression });
      const peer = await server.next();
      peer.write(extended("permessage-deflate")((await peer.request()).key));
      const error = await handshakeError(handshaking);
      assert.deepEqual([error.code, error.response?.statusCode], [code, 101]);
      assert.equal(error.response?.headers["sec-websocket-extensions"], "permessage-deflate");
      await peer.gone;
    });
  }

  test("what follows it is not taken for a body", async (t) => {
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url());
    const peer = await server.next();
    peer.write(switching("AAAAAAAAAAAAAAAAAAAAAA=="), Buffer.alloc(50_000, "x"));
    const { code, response } = await handshakeError(handshaking);
    assert.deepEqual([code, response?.body.length], ["ACCEPT_MISMATCH", 0]);
    await peer.gone;
  });

  test("a reset right behind it changes nothing", async (t) => {
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url());
    const peer = await server.next();
    await peer.answer(switching("AAAAAAAAAAAAAAAAAAAAAA=="));
    peer.socket.destroySoon();
    assert.equal((await handshakeError(handshaking)).code, "ACCEPT_MISMATCH");
  });
});

describe("what is not HTTP", () => {
  for (const [what, answer] of [
    ["another protocol's greeting", "SSH-2.0-OpenSSH_9.9\r\n"],
    ["frames", "\x81\x05hello"],
    ["zeros", "\0".repeat(100)],
    ["a request", "GET / HTTP/1.1\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 1O1 Switching Protocols\r\n\r\n"],
    ["another version of HTTP", "HTTP/3.0 101 Switching Protocols\r\n\r\n"],
    ["a line that is no header", "HTTP/1.1 101 a\r\nUpgrade websocket\r\n\r\n"],
    ["a NUL in a header", "HTTP/1.1 101 a\r\nUpgrade: web\0socket\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"],
    ["headers of more than 16 KiB", `HTTP/1.1 101 a\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`],
  ] as const) {
    test(`RESPONSE_INVALID: ${what}`, async (t) => {
      const server = await RawServer.listen(t);
      const handshaking = start(t, server.url());
      const peer = await server.next();
      await peer.answer(answer);
      const error = await handshakeError(handshaking);
      assert.deepEqual([error.code, error.statusCode, error.response], ["RESPONSE_INVALID", 0, undefined]);
      assert.equal(
        error.cause instanceof Error && "rawPacket" in error.cause,
        false,
        "none of the peer's bytes is kept",
      );
      assert.match(error.message, /^what the server answered is not valid HTTP: ./);
      assert.ok(error.cause instanceof Error && "code" in error.cause);
      assert.match(String(error.cause.code), /^HPE_/);
      await peer.gone;
    });
  }
});
