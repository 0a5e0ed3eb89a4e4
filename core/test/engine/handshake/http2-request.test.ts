import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HANDSHAKE_ERRORS, HandshakeError, type HandshakeErrorCode } from "../../../src/engine/errors.ts";
import { parseExtensions } from "../../../src/engine/extensions/offer-grammar.ts";
import { HeaderFields } from "../../../src/engine/handshake/header-grammar.ts";
import { type ConnectOpening, type ConnectRequest, readConnect } from "../../../src/engine/handshake/http2-request.ts";

/** The fields of a good request, by their names; a row is removed with undefined, repeated with a list. */
const GOOD = {
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":scheme": "https",
  ":authority": "server.example.com",
  ":path": "/chat",
  "sec-websocket-version": "13",
} as const;

type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

function request(changes: Changes = {}, endStream = false): ConnectRequest {
  const raw: string[] = [];
  for (const [name, values] of Object.entries({ ...GOOD, ...changes })) {
    for (const value of values === undefined ? [] : [values].flat()) raw.push(name, value);
  }
  return { headers: HeaderFields.fromRaw(raw), endStream };
}

function assertRefused(refused: ConnectRequest, code: HandshakeErrorCode, message?: RegExp): void {
  const statusCode = code === "VERSION_UNSUPPORTED" ? 400 : HANDSHAKE_ERRORS[code].statusCode;
  assert.throws(() => readConnect(refused), { name: "HandshakeError", code, statusCode, ...(message && { message }) });
}

describe("extended CONNECT, server reads (RFC 8441 §4, §5)", () => {
  test("server reads the RFC's sample (§5.1)", () => {
    const expected: ConnectOpening = {
      version: 13,
      host: "server.example.com",
      origin: "http://www.example.com",
      subprotocols: ["chat", "superchat"],
      extensions: parseExtensions("permessage-deflate") ?? [],
      key: undefined,
    };
    const changes = {
      "sec-websocket-protocol": "chat, superchat",
      "sec-websocket-extensions": "permessage-deflate",
      origin: "http://www.example.com",
    };
    assert.deepEqual(readConnect(request(changes)), expected);
  });

  test("server reads the least that a client must send", () => {
    const { origin, subprotocols, extensions, key } = readConnect(request());
    assert.deepEqual([origin, subprotocols, extensions, key], [undefined, [], [], undefined]);
  });

  test("server reads version 8 with its own name for the origin (HyBi 08 §5.2.1)", () => {
    const old = { "sec-websocket-version": "8", "sec-websocket-origin": "http://a.test", origin: "http://b.test" };
    const { version, origin } = readConnect(request(old));
    assert.deepEqual([version, origin], [8, "http://a.test"]);
  });

  test("server joins lists that come in several fields", () => {
    const changes = { "sec-websocket-protocol": ["a", "b, c"], "sec-websocket-extensions": ["foo; x", "bar"] };
    const { subprotocols, extensions } = readConnect(request(changes));
    assert.deepEqual(subprotocols, ["a", "b", "c"]);
    assert.deepEqual(extensions, parseExtensions("foo; x, bar"));
  });

  const taken: readonly (readonly [what: string, changes: Changes])[] = [
    ["the scheme is http, as behind a proxy that ends TLS", { ":scheme": "http" }],
    [":authority has a port", { ":authority": "server.example.com:8443" }],
    ["Host says the same as :authority, in another case", { host: "SERVER.example.com" }],
    ["TE is trailers (RFC 9113 §8.2.2)", { te: "trailers" }],
    ["a key comes with it that is none (RFC 8441 §5)", { "sec-websocket-key": "x" }],
    ["a Sec-WebSocket-Accept comes with it", { "sec-websocket-accept": "x" }],
    ["names of Object.prototype come with it", { constructor: "a", toString: "b", ["__proto__"]: "c" }],
  ];
  for (const [what, changes] of taken) {
    test(`server takes a handshake when ${what}`, () => {
      assert.equal(readConnect(request(changes)).version, 13);
    });
  }

  test("server takes Host where :authority is missing (RFC 9113 §8.3.1)", () => {
    assert.equal(readConnect(request({ ":authority": undefined, host: "a.test:81" })).host, "a.test:81");
  });

  test("server tells a key that should not have been sent, where there is one that is valid", () => {
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    assert.equal(readConnect(request({ "sec-websocket-key": key })).key, key);
    for (const none of ["", "x", `${key}x`, [key, key]]) {
      assert.equal(readConnect(request({ "sec-websocket-key": none })).key, undefined, String(none));
    }
  });

  test("server reads the handshake in front of 2,000 other fields", () => {
    const others = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`x-${index}`, "x"]));
    assert.equal(readConnect(request(others)).version, 13);
  });
});

type Row = readonly [what: string, changes: Changes];

const REFUSED: readonly (readonly [code: HandshakeErrorCode, rows: readonly Row[]])[] = [
  [
    "METHOD_NOT_CONNECT",
    [
      ["the method is missing", { ":method": undefined }],
      ["the method is GET", { ":method": "GET" }],
      ["the method is in lower case", { ":method": "connect" }],
      ["there are two methods", { ":method": ["CONNECT", "CONNECT"] }],
    ],
  ],
  [
    "PROTOCOL_UNKNOWN",
    [
      [":protocol is missing", { ":protocol": undefined }],
      [":protocol is empty", { ":protocol": "" }],
      [":protocol is in another case", { ":protocol": "WebSocket" }],
      [":protocol is another", { ":protocol": "connect-udp" }],
      [":protocol is a list", { ":protocol": "websocket, websocket" }],
      [":protocol has a version", { ":protocol": "websocket/13" }],
      [":protocol comes twice", { ":protocol": ["websocket", "websocket"] }],
    ],
  ],
  [
    "SCHEME_INVALID",
    [
      ["the scheme is missing", { ":scheme": undefined }],
      ["the scheme is empty", { ":scheme": "" }],
      ["the scheme is wss (RFC 8441 §5)", { ":scheme": "wss" }],
      ["the scheme is another", { ":scheme": "ftp" }],
      ["there are two schemes", { ":scheme": ["https", "https"] }],
    ],
  ],
  [
    "HOST_INVALID",
    [
      ["neither :authority nor Host is there", { ":authority": undefined }],
      [":authority is empty", { ":authority": "" }],
      [":authority is empty and Host is not", { ":authority": "", host: "server.example.com" }],
      [":authority comes twice", { ":authority": ["a.test", "a.test"] }],
      [":authority comes twice and Host once", { ":authority": ["a.test", "a.test"], host: "a.test" }],
      [":authority has user information (RFC 9113 §8.3.1)", { ":authority": "me@server.example.com" }],
      [":authority has a path", { ":authority": "a.test/chat" }],
      [":authority is a list", { ":authority": "a.test, b.test" }],
      ["Host names another than :authority", { host: "evil.test" }],
      ["one of two Hosts names another", { host: ["server.example.com", "evil.test"] }],
      ["Host is empty", { host: "" }],
      ["Host comes twice in :authority's place", { ":authority": undefined, host: ["a.test", "a.test"] }],
    ],
  ],
  [
    "CONNECTION_FIELD",
    [
      ["there is a Connection", { connection: "Upgrade" }],
      ["there is an empty Connection", { connection: "" }],
      ["there is an Upgrade", { upgrade: "websocket" }],
      ["there is a Keep-Alive", { "keep-alive": "timeout=5" }],
      ["there is a Proxy-Connection", { "proxy-connection": "keep-alive" }],
      ["there is a Transfer-Encoding", { "transfer-encoding": "chunked" }],
      ["there is an HTTP2-Settings", { "http2-settings": "AAMAAABk" }],
      ["TE is not trailers", { te: "gzip" }],
      ["TE is more than trailers", { te: "trailers, gzip" }],
      ["one of two TE is not trailers", { te: ["trailers", "gzip"] }],
    ],
  ],
  [
    "VERSION_INVALID",
    [
      ["the version is missing", { "sec-websocket-version": undefined }],
      ["the version is empty", { "sec-websocket-version": "" }],
      ["the version has a leading zero", { "sec-websocket-version": "013" }],
      ["the version is above 255", { "sec-websocket-version": "256" }],
      ["the version comes twice", { "sec-websocket-version": ["13", "13"] }],
    ],
  ],
  [
    "VERSION_UNSUPPORTED",
    [
      ["the version is 7", { "sec-websocket-version": "7" }],
      ["the version is 14", { "sec-websocket-version": "14" }],
      ["the version is 0", { "sec-websocket-version": "0" }],
    ],
  ],
  [
    "BODY_UNEXPECTED",
    [
      ["there is a length", { "content-length": "3" }],
      ["the length is 0, which is no tunnel's either (RFC 9110 §9.3.6)", { "content-length": "0" }],
    ],
  ],
  [
    "ORIGIN_INVALID",
    [
      ["the origin is empty", { origin: "" }],
      ["there are two origins", { origin: ["http://a.test", "http://a.test"] }],
    ],
  ],
  [
    "SUBPROTOCOL_INVALID",
    [
      ["a subprotocol has a blank", { "sec-websocket-protocol": "a b" }],
      ["a subprotocol is offered twice", { "sec-websocket-protocol": ["a", "a"] }],
      ["no subprotocol is offered in the field", { "sec-websocket-protocol": "" }],
    ],
  ],
  ["EXTENSIONS_INVALID", [["an extension has an open quote", { "sec-websocket-extensions": 'foo; a="1' }]]],
];

describe("extended CONNECT, server refuses (RFC 8441 §5, RFC 9113 §8.2.2)", () => {
  for (const [code, rows] of REFUSED) {
    for (const [what, changes] of rows) test(`${code} when ${what}`, () => assertRefused(request(changes), code));
  }

  test("STREAM_ENDED when the request ended the stream", () => assertRefused(request({}, true), "STREAM_ENDED"));

  test("an unsupported version is 400, and the answer names those that are", () => {
    // RFC 9110 §15.5.22: 426 comes with Upgrade, which HTTP/2 does not know
    assertRefused(request({ "sec-websocket-version": "7" }), "VERSION_UNSUPPORTED", /13 and 8 .*: seen 7$/);
  });

  test("a Host that differs is said to differ", () => {
    assertRefused(request({ host: "evil.test" }), "HOST_INVALID", /: Host and :authority differ$/);
  });

  test("the first fault decides, in the order of the list", () => {
    const faults: readonly (readonly [code: HandshakeErrorCode, changes: Changes])[] = [
      ["METHOD_NOT_CONNECT", { ":method": "GET" }],
      ["PROTOCOL_UNKNOWN", { ":protocol": "x" }],
      ["SCHEME_INVALID", { ":scheme": "x" }],
      ["HOST_INVALID", { ":authority": "" }],
      ["STREAM_ENDED", {}],
      ["CONNECTION_FIELD", { connection: "x" }],
      ["VERSION_INVALID", { "sec-websocket-version": "x" }],
      ["BODY_UNEXPECTED", { "content-length": "3" }],
      ["ORIGIN_INVALID", { origin: "" }],
      ["SUBPROTOCOL_INVALID", { "sec-websocket-protocol": "" }],
      ["EXTENSIONS_INVALID", { "sec-websocket-extensions": "" }],
    ];
    for (let first = 0; first < faults.length; first += 1) {
      const rest = faults.slice(first);
      const changes: Changes = Object.assign({}, ...rest.map(([, change]) => change));
      const endStream = rest.some(([code]) => code === "STREAM_ENDED");
      assertRefused(request(changes, endStream), rest[0]?.[0] ?? "HOST_INVALID");
    }
  });

  test("what is seen is repeated only where it is a short token", () => {
    const text = "<b>\u00e9</b>";
    for (const name of [":method", ":protocol", ":scheme", ":authority", "sec-websocket-version"]) {
      assert.throws(
        () => readConnect(request({ [name]: text })),
        (error) => error instanceof HandshakeError && error.message.endsWith("seen one of 8 characters"),
      );
    }
  });
});
