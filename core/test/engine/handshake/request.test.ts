import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HANDSHAKE_ERRORS, HandshakeError, type HandshakeErrorCode } from "../../../src/engine/errors.ts";
import { HeaderFields } from "../../../src/engine/handshake/header-grammar.ts";
import {
  type Http1Opening as Opening,
  type OpeningRequest,
  readRequest,
  refusalHeaders,
} from "../../../src/engine/handshake/request.ts";
import { ADVERSARIAL_TEXTS, countSteps, GROWING_LENGTHS, HUGE_LENGTH } from "./count-steps.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** The headers of a good request, by their names; a row is removed with undefined, repeated with a list. */
const GOOD = {
  Host: "server.example.com",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": KEY,
  "Sec-WebSocket-Version": "13",
} as const;

type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

function request(changes: Changes = {}, line: Partial<Omit<OpeningRequest, "headers">> = {}): OpeningRequest {
  const raw: string[] = [];
  for (const [name, values] of Object.entries({ ...GOOD, ...changes })) {
    for (const value of values === undefined ? [] : [values].flat()) raw.push(name, value);
  }
  return { method: "GET", httpVersion: "1.1", ...line, headers: HeaderFields.fromRaw(raw) };
}

function assertRefused(refused: OpeningRequest, code: HandshakeErrorCode, message?: RegExp): void {
  const { statusCode } = HANDSHAKE_ERRORS[code];
  assert.throws(() => readRequest(refused), { name: "HandshakeError", code, statusCode, ...(message && { message }) });
}

describe("opening handshake, server reads (RFC 6455 §4.2.1)", () => {
  test("server reads the RFC's sample (§1.2, §1.3)", () => {
    const expected: Opening = {
      version: 13,
      key: KEY,
      host: "server.example.com",
      origin: "http://example.com",
      subprotocols: ["chat", "superchat"],
      extensions: [],
    };
    const changes = { Origin: "http://example.com", "Sec-WebSocket-Protocol": "chat, superchat" };
    assert.deepEqual(readRequest(request(changes)), expected);
  });

  test("server reads the least that a client must send", () => {
    const opening = readRequest(request());
    assert.deepEqual(opening.subprotocols, []);
    assert.deepEqual(opening.extensions, []);
    assert.equal(opening.origin, undefined);
  });

  test("server reads the same when names are in any case and in any order", () => {
    const raw = Object.entries(GOOD).reverse();
    for (const change of [(name: string) => name.toUpperCase(), (name: string) => name.toLowerCase()]) {
      const headers = HeaderFields.fromRaw(raw.flatMap(([name, value]) => [change(name), value]));
      assert.equal(readRequest({ method: "GET", httpVersion: "1.1", headers }).key, KEY);
    }
  });

  test("server reads the handshake behind 2,000 other headers (CVE-2024-37890)", () => {
    const others = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`X-${index}`, "x"]));
    assert.equal(readRequest(request(others)).key, KEY);
    const raw = Object.keys(others).flatMap((name) => [name, "x"]);
    assertRefused({ ...request(), headers: HeaderFields.fromRaw(raw) }, "HOST_INVALID");
  });

  test("server is not moved by headers with names of Object.prototype", () => {
    const hostile = { constructor: "a", toString: "b", hasOwnProperty: "c", ["__proto__"]: "d" };
    const opening = readRequest(request(hostile));
    assert.deepEqual(opening, readRequest(request()));
    const raw = ["__proto__", "x", "constructor", "y"];
    assertRefused({ ...request(), headers: HeaderFields.fromRaw(raw) }, "HOST_INVALID");
  });

  const lists: readonly (readonly [what: string, changes: Changes])[] = [
    ["Upgrade has another case", { Upgrade: "WebSocket" }],
    ["Upgrade has other elements", { Upgrade: "h2c, websocket, HTTP/2.0" }],
    ["Upgrade comes several times", { Upgrade: ["h2c", "websocket"] }],
    ["Upgrade has empty elements", { Upgrade: ",websocket," }],
    ["Connection has another case", { Connection: "upGRADE" }],
    ["Connection has other elements, as Firefox sends it", { Connection: "keep-alive, Upgrade" }],
    ["Connection comes several times", { Connection: ["keep-alive", "Upgrade"] }],
    ["Connection has empty elements", { Connection: ", ,Upgrade" }],
    ["blanks surround each value", { Host: " a ", "Sec-WebSocket-Version": "\t13 ", "Sec-WebSocket-Key": ` ${KEY}\t` }],
    ["Content-Length is 0", { "Content-Length": "0" }],
    ["the key's spare bits are set (§4.1)", { "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEC==" }],
    ["a Sec-WebSocket-Accept comes with it", { "Sec-WebSocket-Accept": "x" }],
  ];
  for (const [what, changes] of lists) {
    test(`server takes a handshake when ${what}`, () => {
      assert.equal(readRequest(request(changes)).version, 13);
    });
  }
});

describe("request line (RFC 6455 §4.1, §4.2.1)", () => {
  for (const method of ["POST", "HEAD", "OPTIONS", "CONNECT", "get", "", "GET ", "__proto__", "<script>"]) {
    test(`server refuses with 405 when the method is ${JSON.stringify(method)}`, () => {
      assertRefused(request({}, { method }), "METHOD_NOT_GET");
    });
  }

  for (const httpVersion of ["1.0", "0.9", "", "1", "1.", ".1", "1.1.1", "01.1", "1.10", "x", "1.1\n", "-1.1"]) {
    test(`server refuses with 400 when the HTTP version is ${JSON.stringify(httpVersion)}`, () => {
      assertRefused(request({}, { httpVersion }), "HTTP_VERSION_TOO_LOW");
    });
  }

  for (const httpVersion of ["1.1", "1.2", "2.0"]) {
    test(`server takes HTTP ${httpVersion}`, () => {
      assert.equal(readRequest(request({}, { httpVersion })).key, KEY);
    });
  }
});

type Row = readonly [what: string, value: string | readonly string[] | undefined];

const REFUSED: readonly (readonly [header: string, code: HandshakeErrorCode, rows: readonly Row[]])[] = [
  [
    "Host",
    "HOST_INVALID",
    [
      ["missing", undefined],
      ["empty", ""],
      ["blank", " \t"],
      ["duplicated", ["a.example", "a.example"]],
      ["twice, once empty", ["a.example", ""]],
      ["a list", "a.example, b.example"],
      ["a URL", "http://a.example/"],
      ["with user information", "user@a.example"],
      ["with a path", "a.example/chat"],
      ["with a port that is no number", "a.example:http"],
      ["a port alone", ":80"],
      ["an open bracket", "[::1"],
      ["with a control character", "a.example\u0000"],
      ["with a line break", "a.example\r\nX: 1"],
    ],
  ],
  [
    "Upgrade",
    "UPGRADE_INVALID",
    [
      ["missing", undefined],
      ["empty", ""],
      ["commas", ","],
      ["another protocol", "h2c"],
      ["the protocol with a version", "websocket/13"],
      ["two words", "websocket now"],
      ["spelled with a Kelvin sign", "websoc\u212Aet"],
      ["a name of Object.prototype", "constructor"],
    ],
  ],
  [
    "Connection",
    "CONNECTION_INVALID",
    [
      ["missing", undefined],
      ["empty", ""],
      ["commas", ", ,"],
      ["other options", "keep-alive, close"],
      ["two words", "keep-alive Upgrade"],
      ["a longer word", "Upgraded"],
      ["duplicated without Upgrade", ["keep-alive", "close"]],
    ],
  ],
  [
    "Sec-WebSocket-Version",
    "VERSION_INVALID",
    [
      ["missing", undefined],
      ["empty", ""],
      ["a comma", ","],
      ["duplicated", ["13", "13"]],
      ["duplicated with another", ["13", "8"]],
      ["a list", "13, 8"],
      ["above 255", "256"],
      ["four digits", "1300"],
      ["very long", "1".repeat(1_000)],
      ["with a leading zero", "013"],
      ["two zeros", "00"],
      ["with a sign", "+13"],
      ["negative", "-13"],
      ["a fraction", "13.0"],
      ["hexadecimal", "0xd"],
      ["an exponent", "1e1"],
      ["with a line break", "13\n"],
      ["in other digits", "\u0661\u0663"],
      ["a word", "thirteen"],
      ["a name of Object.prototype", "__proto__"],
    ],
  ],
  [
    "Sec-WebSocket-Version",
    "VERSION_UNSUPPORTED",
    [
      ["0", "0"],
      ["6", "6"],
      ["7", "7"],
      ["9", "9"],
      ["12", "12"],
      ["14", "14"],
      ["255", "255"],
    ],
  ],
  [
    "Sec-WebSocket-Key",
    "KEY_INVALID",
    [
      ["missing", undefined],
      ["empty", ""],
      ["a comma", ","],
      ["duplicated", [KEY, KEY]],
      ["twice, once empty", ["", KEY]],
      ["a list", `${KEY}, ${KEY}`],
      ["of 15 bytes", "AAAAAAAAAAAAAAAAAAAA"],
      ["of 17 bytes", "AAAAAAAAAAAAAAAAAAAAAAA="],
      ["not base64", "AAAAAAAAAA*AAAAAAAAAAA=="],
      ["in the URL's alphabet", "-_AAAAAAAAAAAAAAAAAAAA=="],
      ["a name of Object.prototype", "hasOwnProperty"],
    ],
  ],
  [
    "Content-Length",
    "BODY_UNEXPECTED",
    [
      ["5", "5"],
      ["empty", ""],
      ["00", "00"],
      ["duplicated", ["0", "5"]],
      ["a list", "0, 0"],
      ["negative", "-1"],
      ["a word", "zero"],
    ],
  ],
  [
    "Transfer-Encoding",
    "BODY_UNEXPECTED",
    [
      ["chunked", "chunked"],
      ["identity", "identity"],
      ["empty", ""],
    ],
  ],
  [
    "Origin",
    "ORIGIN_INVALID",
    [
      ["empty", ""],
      ["duplicated", ["http://a.example", "http://a.example"]],
      ["twice, once empty", ["", "http://a.example"]],
    ],
  ],
  [
    "Sec-WebSocket-Protocol",
    "SUBPROTOCOL_INVALID",
    [
      ["empty", ""],
      ["commas", " , ,"],
      ["empty several times", ["", ""]],
      ["with a blank inside", "a b"],
      ["quoted", '"a"'],
      ["with a slash", "a/b"],
      ["with parameters", "a;b"],
      ["above ASCII", "caf\u00e9"],
      ["with a duplicate", "a, b, a"],
      ["with a duplicate over two headers", ["a, b", "b"]],
      ["with a duplicate of Object.prototype", "__proto__, __proto__"],
    ],
  ],
  [
    "Sec-WebSocket-Extensions",
    "EXTENSIONS_INVALID",
    [
      ["empty", ""],
      ["commas", ", ,"],
      ["with a blank inside", "a b"],
      ["with a lone semicolon", "a;"],
      ["with an unclosed quote", 'a; b="c'],
      ["with a quote over two headers", ['a; b="c', 'd"']],
      ["with a quoted blank", 'a; b="c d"'],
      ["good, then malformed", ["permessage-deflate", "="]],
    ],
  ],
];

describe("opening handshake, server refuses (RFC 6455 §4.2.1)", () => {
  for (const [header, code, rows] of REFUSED) {
    for (const [what, value] of rows) {
      const { statusCode } = HANDSHAKE_ERRORS[code];
      test(`server refuses with ${statusCode} ${code} when ${header} is ${what}`, () => {
        assertRefused(request({ [header]: value }), code);
      });
    }
  }

  test("server answers the first fault in the order of its checks", () => {
    const faults: readonly (readonly [code: HandshakeErrorCode, changes: Changes])[] = [
      ["HOST_INVALID", { Host: "" }],
      ["UPGRADE_INVALID", { Upgrade: "" }],
      ["CONNECTION_INVALID", { Connection: "" }],
      ["VERSION_UNSUPPORTED", { "Sec-WebSocket-Version": "7" }],
      ["KEY_INVALID", { "Sec-WebSocket-Key": "" }],
      ["BODY_UNEXPECTED", { "Content-Length": "5" }],
      ["ORIGIN_INVALID", { Origin: "" }],
      ["SUBPROTOCOL_INVALID", { "Sec-WebSocket-Protocol": "" }],
      ["EXTENSIONS_INVALID", { "Sec-WebSocket-Extensions": "" }],
    ];
    for (let first = 0; first < faults.length; first += 1) {
      const rest = faults.slice(first);
      const changes: Changes = Object.assign({}, ...rest.map(([, change]) => change));
      const [code = "PEER_GONE"] = rest[0] ?? [];
      assertRefused(request(changes), code);
      assertRefused(request(changes, { httpVersion: "1.0" }), "HTTP_VERSION_TOO_LOW");
      assertRefused(request(changes, { httpVersion: "1.0", method: "POST" }), "METHOD_NOT_GET");
    }
  });

  test("server says in the error what it saw, but repeats nothing that could be markup or a line", () => {
    assertRefused(request({ Host: undefined }), "HOST_INVALID", /Host header: seen none$/);
    assertRefused(request({ Host: ["a", "b", "c"] }), "HOST_INVALID", /: seen 3$/);
    assertRefused(request({ Upgrade: "h2c" }), "UPGRADE_INVALID", /: seen h2c$/);
    assertRefused(request({ Upgrade: "<b>x</b>" }), "UPGRADE_INVALID", /: seen one of 8 characters$/);
    assertRefused(request({ "Sec-WebSocket-Version": "7" }), "VERSION_UNSUPPORTED", /13 and 8 are supported: seen 7$/);
    assertRefused(request({ "Content-Length": "5" }), "BODY_UNEXPECTED", /: Content-Length seen 5$/);
    assertRefused(request({ "Transfer-Encoding": "chunked" }), "BODY_UNEXPECTED", /: seen Transfer-Encoding$/);
    assertRefused(request({}, { method: "<b>" }), "METHOD_NOT_GET", /: seen one of 3 characters$/);
  });

  test("server refuses at version 8 what it refuses at version 13", () => {
    for (const [header, code, rows] of REFUSED) {
      if (header === "Sec-WebSocket-Version") continue;
      for (const [what, value] of rows) {
        assert.throws(() => readRequest(request({ "Sec-WebSocket-Version": "8", [header]: value })), { code }, what);
      }
    }
  });
});

describe("origin of versions 13 and 8 (RFC 6455 §4.2.1; HyBi 08 §5.2.1)", () => {
  const a = "http://a.example";
  const b = "http://b.example";
  const rows: readonly (readonly [what: string, changes: Changes, origin: string | undefined])[] = [
    ["13: none when there is none", {}, undefined],
    ["13: Origin's", { Origin: a }, a],
    ["13: null as it is", { Origin: "null" }, "null"],
    ["13: Origin's beside Sec-WebSocket-Origin", { Origin: a, "Sec-WebSocket-Origin": b }, a],
    ["13: none when there is only Sec-WebSocket-Origin", { "Sec-WebSocket-Origin": b }, undefined],
    ["8: none when there is none", { "Sec-WebSocket-Version": "8" }, undefined],
    ["8: Sec-WebSocket-Origin's", { "Sec-WebSocket-Version": "8", "Sec-WebSocket-Origin": b }, b],
    ["8: Origin's when the other is missing", { "Sec-WebSocket-Version": "8", Origin: a }, a],
    [
      "8: Sec-WebSocket-Origin's beside Origin",
      { "Sec-WebSocket-Version": "8", Origin: a, "Sec-WebSocket-Origin": b },
      b,
    ],
  ];
  for (const [what, changes, origin] of rows) {
    test(`server reads the origin of version ${what}`, () => {
      const opening = readRequest(request(changes));
      assert.equal(opening.origin, origin);
      assert.equal(opening.version, changes["Sec-WebSocket-Version"] === "8" ? 8 : 13);
    });
  }

  test("server refuses version 8 when Sec-WebSocket-Origin is empty or duplicated, whatever Origin says", () => {
    for (const old of ["", [a, a], ["", a]]) {
      const changes = { "Sec-WebSocket-Version": "8", "Sec-WebSocket-Origin": old, Origin: a };
      assertRefused(request(changes), "ORIGIN_INVALID");
    }
  });
});

describe("offers (RFC 6455 §4.2.1, §9.1)", () => {
  test("server reads subprotocols over several headers, in order and case", () => {
    const changes = { "Sec-WebSocket-Protocol": ["b, A", "", "a ,,c"] };
    assert.deepEqual(readRequest(request(changes)).subprotocols, ["b", "A", "a", "c"]);
  });

  test("server reads subprotocols and extensions with names of Object.prototype", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const opening = readRequest(
      request({ "Sec-WebSocket-Protocol": names.join(", "), "Sec-WebSocket-Extensions": names.join(", ") }),
    );
    assert.deepEqual(opening.subprotocols, names);
    assert.deepEqual(
      opening.extensions,
      names.map((name) => ({ name, parameters: [] })),
    );
  });

  test("server reads extensions over several headers, duplicates kept", () => {
    const changes = { "Sec-WebSocket-Extensions": ["foo; a=1", 'bar; b="2", foo'] };
    assert.deepEqual(readRequest(request(changes)).extensions, [
      { name: "foo", parameters: [{ name: "a", value: "1" }] },
      { name: "bar", parameters: [{ name: "b", value: "2" }] },
      { name: "foo", parameters: [] },
    ]);
  });
});

describe("opening handshake, linear time (RFC 6455 §10.4)", () => {
  const headers = ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin"];
  const names = [...headers, "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Content-Length"];
  function tryToRead(read: OpeningRequest): void {
    try {
      readRequest(read);
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error;
    }
  }

  for (const name of names) {
    test(`server takes at most eight steps a character, and finishes 4 MiB, when ${name} is hostile`, () => {
      for (const [what, make] of ADVERSARIAL_TEXTS) {
        for (const length of GROWING_LENGTHS) {
          const hostile = request({ [name]: make(length) });
          const steps = countSteps(() => tryToRead(hostile));
          assert.ok(steps <= 8 * length + 3_000, `${what}: ${steps} steps for ${length} characters`);
        }
      }
      tryToRead(request({ [name]: (ADVERSARIAL_TEXTS[0]?.[1] ?? String)(HUGE_LENGTH) }));
    });
  }
});

describe("headers of a refusal (RFC 9110 §15.5.6, §15.5.22; RFC 6455 §4.4)", () => {
  test("server names the method when it answers 405", () => {
    assert.deepEqual(refusalHeaders(new HandshakeError("METHOD_NOT_GET")), [["Allow", "GET"]]);
  });

  test("server names the protocol and its versions when it answers 426", () => {
    assert.deepEqual(refusalHeaders(new HandshakeError("VERSION_UNSUPPORTED")), [
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13, 8"],
    ]);
  });

  test("server goes by the status when the application chose another", () => {
    const error = new HandshakeError("UPGRADE_REFUSED", undefined, { statusCode: 405 });
    assert.deepEqual(refusalHeaders(error), [["Allow", "GET"]]);
  });

  test("server adds nothing to any other refusal", () => {
    for (const [code, { statusCode }] of Object.entries(HANDSHAKE_ERRORS)) {
      if (statusCode === 405 || statusCode === 426) continue;
      const error = new HandshakeError("UPGRADE_REFUSED", undefined, { statusCode });
      assert.deepEqual(refusalHeaders(error), [], code);
    }
  });
});
