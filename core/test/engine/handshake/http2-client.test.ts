import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import type { HandshakeErrorCode } from "../../../src/engine/errors.ts";
import { parseExtensions } from "../../../src/engine/extensions/offer-grammar.ts";
import { checkConnectResponse, type ClientOpening, connectFields } from "../../../src/engine/handshake/client.ts";
import { HeaderFields } from "../../../src/engine/handshake/header-grammar.ts";
import { readConnect } from "../../../src/engine/handshake/http2-request.ts";
import { acceptanceFields } from "../../../src/engine/handshake/http2-response.ts";

const OPENING: ClientOpening = { host: "server.example.com", key: "dGhlIHNhbXBsZSBub25jZQ==", version: 13 };
const FULL: ClientOpening = {
  ...OPENING,
  origin: "http://example.com",
  subprotocols: ["chat", "superchat", "__proto__"],
  extensions: 'foo; a, bar; b="1"',
  headers: [
    ["Cookie", "a=1"],
    ["X-Room", "caf\u00e9"],
  ],
};
const TARGET = { scheme: "https", path: "/chat?a=1" } as const;

const PSEUDO_FIELDS = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "https"],
  [":authority", "server.example.com"],
  [":path", "/chat?a=1"],
];

describe("extended CONNECT, client writes (RFC 8441 §4, §5)", () => {
  test("client writes the least, pseudo-header fields first, and neither Upgrade nor a key", () => {
    assert.deepEqual(connectFields(OPENING, TARGET), [...PSEUDO_FIELDS, ["sec-websocket-version", "13"]]);
  });

  test("client writes all that it can, in lower case, the application's fields behind its own", () => {
    assert.deepEqual(connectFields(FULL, TARGET), [
      ...PSEUDO_FIELDS,
      ["sec-websocket-version", "13"],
      ["origin", "http://example.com"],
      ["sec-websocket-protocol", "chat, superchat, __proto__"],
      ["sec-websocket-extensions", 'foo; a, bar; b="1"'],
      ["cookie", "a=1"],
      ["x-room", "caf\u00e9"],
    ]);
  });

  test("client writes version 8 with its own name for the origin (HyBi 08 §5.2.1)", () => {
    const fields = connectFields({ ...OPENING, version: 8, origin: "http://a.test" }, TARGET);
    assert.deepEqual(fields.slice(5), [
      ["sec-websocket-version", "8"],
      ["sec-websocket-origin", "http://a.test"],
    ]);
  });

  test("client writes the application's Host as :authority", () => {
    const headers = [
      ["X-A", "1"],
      ["hOST", "other.example:81"],
    ] as const;
    const fields = connectFields({ ...OPENING, headers }, { scheme: "http", path: "/" });
    assert.deepEqual(fields[2], [":scheme", "http"]);
    assert.deepEqual(fields[3], [":authority", "other.example:81"]);
    assert.deepEqual(fields.slice(6), [["x-a", "1"]]);
  });

  test("client leaves out what speaks of a connection (RFC 9113 §8.2.2), and blanks around values", () => {
    const headers = [
      ["Keep-Alive", "timeout=5"],
      ["Proxy-Connection", "keep-alive"],
      ["HTTP2-Settings", "AAMAAABk"],
      ["TE", "gzip"],
      ["te", " trailers "],
      ["X-A", "\t1 "],
    ] as const;
    assert.deepEqual(connectFields({ ...OPENING, headers }, TARGET).slice(6), [
      ["te", "trailers"],
      ["x-a", "1"],
    ]);
  });

  const wrong: readonly Partial<ClientOpening>[] = [
    { host: "a b" },
    { host: "a.test/x" },
    { key: "x" },
    { origin: "" },
    { origin: "a\r\nb" },
    { subprotocols: ["a", "a"] },
    { subprotocols: ["a b"] },
    { extensions: "foo;" },
    { headers: [["X-A", "a\nb"]] },
    { headers: [["a b", "1"]] },
    { headers: [[":path", "/other"]] },
    { headers: [["Upgrade", "websocket"]] },
    { headers: [["Connection", "Upgrade"]] },
    { headers: [["Content-Length", "0"]] },
    { headers: [["Sec-WebSocket-Key", "x"]] },
    { headers: [["Origin", "http://a.test"]] },
    { headers: [["Host", "a@b"]] },
    {
      headers: [
        ["Host", "a.test"],
        ["host", "a.test"],
      ],
    },
  ];
  for (const changes of wrong) {
    test(`client throws a UsageError for ${JSON.stringify(changes)}`, () => {
      assert.throws(() => connectFields({ ...FULL, ...changes }, TARGET), { code: "USAGE" });
    });
  }

  test("server reads what client writes, and client what server answers", () => {
    const headers = HeaderFields.fromRaw(connectFields(FULL, TARGET).flat());
    const opening = readConnect({ headers, endStream: false });
    const { host, origin, subprotocols } = opening;
    assert.deepEqual({ host, origin, subprotocols }, pick(FULL));
    const fields = acceptanceFields(opening, { subprotocol: "superchat", extensions: "bar; b=1" }, sha1);
    const answer = { statusCode: 200, headers: HeaderFields.fromRaw(fields.flat()) };
    assert.deepEqual(checkConnectResponse(answer, false, FULL, offered(FULL)), {
      subprotocol: "superchat",
      extensions: parseExtensions("bar; b=1"),
    });
  });
});

function sha1(text: string): Uint8Array {
  return createHash("sha1").update(text, "latin1").digest();
}

function pick({ host, origin, subprotocols }: ClientOpening): Partial<ClientOpening> {
  return { host, origin, subprotocols: subprotocols ?? [] };
}

function offered({ extensions = "" }: ClientOpening): NonNullable<ReturnType<typeof parseExtensions>> {
  return parseExtensions(extensions) ?? [];
}

type Fields = Readonly<Record<string, string | readonly string[]>>;

interface Answer {
  readonly statusCode?: number;
  readonly endStream?: boolean;
  readonly opening?: ClientOpening;
}

function check(fields: Fields, answer: Answer = {}): ReturnType<typeof checkConnectResponse> {
  const { statusCode = 200, endStream = false, opening = FULL } = answer;
  const raw = Object.entries(fields).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return checkConnectResponse({ statusCode, headers: HeaderFields.fromRaw(raw) }, endStream, opening, offered(opening));
}

describe("extended CONNECT, client reads the answer (RFC 8441 §5)", () => {
  for (const statusCode of [200, 201, 204, 299]) {
    test(`client takes ${statusCode} without a field`, () => {
      assert.deepEqual(check({}, { statusCode }), { subprotocol: undefined, extensions: [] });
    });
  }

  test("client takes what it offered, over several fields, in the server's order", () => {
    const { subprotocol, extensions } = check({
      "sec-websocket-protocol": "__proto__",
      "sec-websocket-extensions": ["bar", 'foo; x="1"; y'],
    });
    assert.equal(subprotocol, "__proto__");
    assert.deepEqual(extensions, parseExtensions("bar, foo; x=1; y"));
  });

  test("client does not look at Sec-WebSocket-Accept, whose processing is superseded", () => {
    assert.deepEqual(check({ "sec-websocket-accept": "x" }), { subprotocol: undefined, extensions: [] });
  });

  for (const statusCode of [101, 199, 300, 302, 400, 401, 404, 429, 503]) {
    test(`client throws STATUS_NOT_2XX with the status when it is ${statusCode}, whatever else is wrong`, () => {
      const seen = {
        name: "HandshakeError",
        code: "STATUS_NOT_2XX",
        statusCode,
        message: new RegExp(`: seen ${statusCode}$`),
      };
      assert.throws(() => check({}, { statusCode }), seen);
      assert.throws(() => check({ "sec-websocket-protocol": "mqtt" }, { statusCode, endStream: true }), seen);
    });
  }

  test("client throws STREAM_ENDED when the answer ended the stream", () => {
    assert.throws(() => check({}, { endStream: true }), {
      name: "HandshakeError",
      code: "STREAM_ENDED",
      statusCode: 200,
    });
  });

  const refused: readonly (readonly [code: HandshakeErrorCode, fields: Fields])[] = [
    ["CONNECTION_FIELD", { connection: "Upgrade" }],
    ["CONNECTION_FIELD", { upgrade: "websocket" }],
    ["CONNECTION_FIELD", { "transfer-encoding": "chunked" }],
    ["EXTENSIONS_INVALID", { "sec-websocket-extensions": "foo;" }],
    ["EXTENSION_NOT_OFFERED", { "sec-websocket-extensions": "foo, permessage-deflate" }],
    ["EXTENSION_NOT_OFFERED", { "sec-websocket-extensions": "constructor" }],
    ["SUBPROTOCOL_INVALID", { "sec-websocket-protocol": ["chat", "chat"] }],
    ["SUBPROTOCOL_INVALID", { "sec-websocket-protocol": "chat, superchat" }],
    ["SUBPROTOCOL_NOT_OFFERED", { "sec-websocket-protocol": "mqtt" }],
    ["SUBPROTOCOL_NOT_OFFERED", { "sec-websocket-protocol": "constructor" }],
  ];
  for (const [code, fields] of refused) {
    test(`client throws ${code} when it reads ${JSON.stringify(fields)}`, () => {
      assert.throws(() => check(fields), { name: "HandshakeError", code, statusCode: 200 });
    });
  }

  test("client hands out what was received", () => {
    const received = {
      statusCode: 403,
      reasonPhrase: "",
      headers: {},
      rawHeaders: [],
      sentHeaders: [],
      body: Uint8Array.of(1),
    };
    const answer = { statusCode: 403, headers: HeaderFields.fromRaw([]), received };
    assert.throws(() => checkConnectResponse(answer, false, FULL, []), { response: received });
  });
});
