import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { parseExtensions } from "../../../src/engine/extensions/offer-grammar.ts";
import type { Acceptance } from "../../../src/engine/handshake/acceptance.ts";
import type { Http1Opening as Opening } from "../../../src/engine/handshake/request.ts";
import { formatAcceptance, formatRefusal, type Refusal } from "../../../src/engine/handshake/response.ts";

const OPENING: Opening = {
  version: 13,
  key: "dGhlIHNhbXBsZSBub25jZQ==",
  host: "server.example.com",
  origin: undefined,
  subprotocols: ["v2.chat", "v1.chat", "__proto__"],
  extensions: parseExtensions("foo; a, permessage-deflate") ?? [],
};

const ACCEPTED = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

function sha1(text: string): Uint8Array {
  return createHash("sha1").update(text, "latin1").digest();
}

function accept(acceptance: Acceptance, opening: Opening = OPENING): string {
  return formatAcceptance(opening, acceptance, sha1);
}

function head(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const INJECTIONS = [
  ["a line break", "a\r\nX: 1"],
  ["a line feed", "a\nX: 1"],
  ["a carriage return", "a\rX"],
  ["a NUL", "a\u0000"],
  ["a control character", "a\u0007"],
  ["DEL", "a\u007f"],
  ["characters whose low bytes are a line break", "a\u010d\u010aX: 1"],
  ["a character beyond the basic plane", "a\u{1F600}"],
] as const;

describe("acceptance, server writes (RFC 6455 §4.2.2)", () => {
  test("server writes the RFC's sample (§1.3)", () => {
    assert.equal(accept({}), head(...ACCEPTED));
  });

  test("server writes the same when every part is undefined or empty", () => {
    const acceptance = { subprotocol: undefined, extensions: undefined, headers: undefined };
    assert.equal(accept(acceptance), head(...ACCEPTED));
    assert.equal(accept({ extensions: "", headers: [] }), head(...ACCEPTED));
  });

  test("server writes the subprotocol, the extensions, then the application's headers in order", () => {
    const headers = [
      ["Set-Cookie", "a=1"],
      ["X-Room", "caf\u00e9"],
      ["Set-Cookie", "b=2"],
    ] as const;
    assert.equal(
      accept({ subprotocol: "v1.chat", extensions: "permessage-deflate; x=1", headers }),
      head(
        ...ACCEPTED,
        "Sec-WebSocket-Protocol: v1.chat",
        "Sec-WebSocket-Extensions: permessage-deflate; x=1",
        "Set-Cookie: a=1",
        "X-Room: caf\u00e9",
        "Set-Cookie: b=2",
      ),
    );
  });

  test("server writes a subprotocol of Object.prototype when it was offered, and throws when not", () => {
    assert.match(accept({ subprotocol: "__proto__" }), /\r\nSec-WebSocket-Protocol: __proto__\r\n/);
    assert.throws(() => accept({ subprotocol: "constructor" }), { code: "USAGE" });
  });

  const subprotocols: readonly (readonly [what: string, subprotocol: string, message: RegExp])[] = [
    ["not offered", "v3.chat", /^the subprotocol v3\.chat is not among the 3 offered; select one/],
    ["offered in another case", "V1.chat", /is not among/],
    ["empty", "", /^the subprotocol is empty; give a token/],
    ["a list", "v2.chat, v1.chat", /U\+002C at index 7; give a token/],
  ];
  for (const [what, subprotocol, message] of subprotocols) {
    test(`server throws a UsageError when the subprotocol is ${what}`, () => {
      assert.throws(() => accept({ subprotocol }), { code: "USAGE", message });
    });
  }

  for (const [what, text] of INJECTIONS) {
    test(`server throws a UsageError when a part of an acceptance has ${what}`, () => {
      const opening = { ...OPENING, subprotocols: [text] };
      assert.throws(() => accept({ subprotocol: text }, opening), { code: "USAGE" }, "subprotocol");
      assert.throws(() => accept({ extensions: text }), { code: "USAGE" }, "extensions");
      assert.throws(() => accept({ extensions: `foo; b=${text}` }), { code: "USAGE" }, "a parameter");
      assert.throws(() => accept({ headers: [["X-A", text]] }), { code: "USAGE" }, "a header's value");
      assert.throws(
        () =>
          accept({
            headers: [
              ["X-A", "1"],
              [text, "1"],
            ],
          }),
        { code: "USAGE" },
        "a header's name",
      );
    });
  }

  for (const extensions of ["bar", "foo, bar", "foo; a, foo2", "FOO", "constructor", "foo;", "foo bar", " ", ","]) {
    test(`server throws a UsageError when it would answer with the extensions ${JSON.stringify(extensions)}`, () => {
      assert.throws(() => accept({ extensions }), { code: "USAGE" });
    });
  }

  const own = [
    "Upgrade",
    "connection",
    "CONTENT-LENGTH",
    "Transfer-Encoding",
    "Sec-WebSocket-Accept",
    "sec-websocket-protocol",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Future",
  ];
  for (const name of own) {
    test(`server throws a UsageError when the application sets ${name}`, () => {
      const message = `the header ${name} belongs to the handshake; leave it out`;
      assert.throws(
        () =>
          accept({
            headers: [
              ["X-A", "1"],
              [name, "x"],
            ],
          }),
        { code: "USAGE", message },
      );
    });
  }

  test("server repeats the origin in either version's header when the application wants it", () => {
    for (const name of ["Origin", "Sec-WebSocket-Origin"]) {
      assert.equal(accept({ headers: [[name, "http://a"]] }), head(...ACCEPTED, `${name}: http://a`));
    }
  });

  test("server writes 2,000 headers", () => {
    const headers = Array.from({ length: 2_000 }, (_, index) => [`X-${index}`, String(index)] as const);
    const lines = headers.map(([name, value]) => `${name}: ${value}`);
    assert.equal(accept({ headers }), head(...ACCEPTED, ...lines));
  });
});

function refuse(refusal: Partial<Refusal>): string {
  return formatRefusal({ statusCode: 400, headers: [], bodyLength: 0, ...refusal });
}

describe("refusal, server writes (RFC 9112 §4, RFC 6455 §4.2.2)", () => {
  test("server writes a refusal without a body", () => {
    assert.equal(refuse({}), head("HTTP/1.1 400 Bad Request", "Connection: close", "Content-Length: 0"));
  });

  test("server writes the body's length and the headers in order", () => {
    const headers = [
      ["Content-Type", "text/plain"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ] as const;
    assert.equal(
      refuse({ statusCode: 403, headers, bodyLength: 12 }),
      head(
        "HTTP/1.1 403 Forbidden",
        "Connection: close",
        "Content-Length: 12",
        "Content-Type: text/plain",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2",
      ),
    );
  });

  test("server names Upgrade in Connection when the refusal has one, as a 426 must (RFC 9110 §7.8)", () => {
    const headers = [
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13, 8"],
    ] as const;
    assert.equal(
      refuse({ statusCode: 426, headers }),
      head(
        "HTTP/1.1 426 Upgrade Required",
        "Connection: close, Upgrade",
        "Content-Length: 0",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13, 8",
      ),
    );
  });

  test("server leaves out headers that would frame the message otherwise", () => {
    const headers = [
      ["Connection", "keep-alive"],
      ["X-A", "1"],
      ["content-length", "99"],
      ["TRANSFER-ENCODING", "chunked"],
    ] as const;
    assert.equal(
      refuse({ headers, bodyLength: 3 }),
      head("HTTP/1.1 400 Bad Request", "Connection: close", "Content-Length: 3", "X-A: 1"),
    );
  });

  test("server writes the caller's reason phrase, an empty one too", () => {
    assert.match(refuse({ reasonPhrase: "No, thanks" }), /^HTTP\/1\.1 400 No, thanks\r\n/);
    assert.match(refuse({ reasonPhrase: "" }), /^HTTP\/1\.1 400 \r\n/);
    assert.match(refuse({ reasonPhrase: undefined }), /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(refuse({ statusCode: 499 }), /^HTTP\/1\.1 499 \r\n/);
  });

  test("server takes every status from 200 to 599", () => {
    for (let statusCode = 200; statusCode <= 599; statusCode += 1) {
      assert.ok(refuse({ statusCode }).startsWith(`HTTP/1.1 ${statusCode} `));
    }
  });

  test("server has a reason phrase for the statuses that Node has and an upgrade may meet", () => {
    const phrases = [
      [200, "OK"],
      [302, "Found"],
      [401, "Unauthorized"],
      [429, "Too Many Requests"],
    ] as const;
    for (const [statusCode, phrase] of phrases) {
      assert.ok(refuse({ statusCode }).startsWith(`HTTP/1.1 ${statusCode} ${phrase}\r\n`));
    }
    assert.match(refuse({ statusCode: 503 }), / Service Unavailable\r\n/);
  });

  for (const statusCode of [101, 100, 199, 0, -1, 600, 1000, 400.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`server throws a UsageError when the status code is ${statusCode}`, () => {
      assert.throws(() => refuse({ statusCode }), { code: "USAGE", message: /whole number from 200 to 599/ });
    });
  }

  for (const bodyLength of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    test(`server throws a UsageError when the body's length is ${bodyLength}`, () => {
      assert.throws(() => refuse({ bodyLength }), { code: "USAGE", message: /^bodyLength is .*; give/ });
    });
  }

  for (const statusCode of [204, 304]) {
    test(`server writes no Content-Length with ${statusCode}, and takes no body (RFC 9110 §8.6)`, () => {
      assert.doesNotMatch(refuse({ statusCode }), /content-length/i);
      assert.throws(() => refuse({ statusCode, bodyLength: 1 }), { code: "USAGE", message: /has no body/ });
    });
  }

  for (const [what, text] of INJECTIONS) {
    test(`server throws a UsageError when a part of a refusal has ${what}`, () => {
      assert.throws(() => refuse({ reasonPhrase: text }), { code: "USAGE" }, "the reason phrase");
      assert.throws(() => refuse({ headers: [["X-A", text]] }), { code: "USAGE" }, "a header's value");
      assert.throws(
        () =>
          refuse({
            headers: [
              ["X-A", "1"],
              [text, "1"],
            ],
          }),
        { code: "USAGE" },
        "a header's name",
      );
      assert.throws(() => refuse({ headers: [["Connection", text]] }), { code: "USAGE" }, "one that is left out");
    });
  }

  test("server writes headers with names of Object.prototype", () => {
    const headers = [
      ["__proto__", "1"],
      ["constructor", "2"],
    ] as const;
    assert.match(refuse({ headers }), /\r\n__proto__: 1\r\nconstructor: 2\r\n\r\n$/);
  });
});
