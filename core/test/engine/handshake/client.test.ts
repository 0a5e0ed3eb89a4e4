import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { HandshakeError, type HandshakeErrorCode, type HandshakeResponse } from "../../../src/engine/errors.ts";
import { parseExtensions } from "../../../src/engine/extensions/offer-grammar.ts";
import { type ClientOpening, checkResponse, requestHeaders } from "../../../src/engine/handshake/client.ts";
import { HeaderFields } from "../../../src/engine/handshake/header-grammar.ts";
import { readRequest } from "../../../src/engine/handshake/request.ts";
import { formatAcceptance } from "../../../src/engine/handshake/response.ts";
import { ADVERSARIAL_TEXTS, countSteps, GROWING_LENGTHS } from "./count-steps.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const OPENING: ClientOpening = { host: "server.example.com", key: KEY, version: 13 };
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

function sha1(text: string): Uint8Array {
  return createHash("sha1").update(text, "latin1").digest();
}

describe("opening handshake, client writes (RFC 6455 §4.1)", () => {
  test("client writes the least", () => {
    assert.deepEqual(requestHeaders(OPENING), [
      ["Host", "server.example.com"],
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Key", KEY],
      ["Sec-WebSocket-Version", "13"],
    ]);
  });

  test("client writes all that it can, the application's headers behind its own", () => {
    assert.deepEqual(requestHeaders(FULL).slice(5), [
      ["Origin", "http://example.com"],
      ["Sec-WebSocket-Protocol", "chat, superchat, __proto__"],
      ["Sec-WebSocket-Extensions", 'foo; a, bar; b="1"'],
      ["Cookie", "a=1"],
      ["X-Room", "caf\u00e9"],
    ]);
  });

  test("client writes nothing for empty lists and texts", () => {
    const empty = { ...OPENING, subprotocols: [], extensions: "", origin: undefined, headers: [] };
    assert.deepEqual(requestHeaders(empty), requestHeaders(OPENING));
  });

  test("client writes version 8 with its own name for the origin (HyBi 08 §5.2.1)", () => {
    const fields = requestHeaders({ ...FULL, version: 8 });
    assert.deepEqual(fields.slice(4, 6), [
      ["Sec-WebSocket-Version", "8"],
      ["Sec-WebSocket-Origin", "http://example.com"],
    ]);
    assert.equal(
      fields.some(([name]) => name === "Origin"),
      false,
    );
  });

  test("client writes the application's Host in place of its own", () => {
    const fields = requestHeaders({
      ...OPENING,
      headers: [
        ["X-A", "1"],
        ["hOST", "other.example:81"],
      ],
    });
    assert.deepEqual(fields[0], ["Host", "other.example:81"]);
    assert.deepEqual(fields.slice(5), [["X-A", "1"]]);
  });

  test("client gives a new list each time", () => {
    const fields = requestHeaders(OPENING);
    fields.push(["X-A", "1"]);
    assert.equal(requestHeaders(OPENING).length, 5);
  });

  for (const version of [13, 8] as const) {
    test(`client's request of version ${version} is what a server reads, and its answer what the client takes`, () => {
      const request = requestHeaders({ ...FULL, version });
      const opening = readRequest({ method: "GET", httpVersion: "1.1", headers: HeaderFields.fromRaw(request.flat()) });
      assert.equal(opening.version, version);
      assert.equal(opening.origin, FULL.origin);
      assert.deepEqual(opening.subprotocols, FULL.subprotocols);
      const acceptance = { subprotocol: "__proto__", extensions: "bar; b=1", headers: [["X-A", "1"]] } as const;
      const [, ...lines] = formatAcceptance(opening, acceptance, sha1).trimEnd().split("\r\n");
      const headers = HeaderFields.fromRaw(lines.flatMap((line) => line.split(/: (.*)/, 2)));
      assert.deepEqual(checkResponse({ statusCode: 101, headers }, FULL, sha1, opening.extensions), {
        subprotocol: "__proto__",
        extensions: [{ name: "bar", parameters: [{ name: "b", value: "1" }] }],
      });
    });
  }
});

const MISUSES: readonly (readonly [what: string, changes: Partial<ClientOpening>, message: RegExp])[] = [
  ["the host is empty", { host: "" }, /^the host, 0 characters, is malformed/],
  ["the host is a URL", { host: "ws://a.example/" }, /^the host, 15 characters, is malformed/],
  ["the host has user information", { host: "user@a.example" }, /^the host, /],
  ["the Host that replaces it is malformed", { headers: [["Host", "a/b"]] }, /^the host, 3 characters/],
  [
    "there are two Hosts",
    {
      headers: [
        ["Host", "a"],
        ["host", "a"],
      ],
    },
    /^2 Host headers are given; give one/,
  ],
  ["the key is empty", { key: "" }, /^the key is malformed; give/],
  ["the key has 15 bytes", { key: "AAAAAAAAAAAAAAAAAAAA" }, /^the key is malformed/],
  ["the origin is empty", { origin: "" }, /^the origin is empty; leave it out/],
  ["a subprotocol is empty", { subprotocols: ["a", ""] }, /^the subprotocol is empty/],
  ["a subprotocol has a blank", { subprotocols: ["a b"] }, /^the subprotocol is "a b" with U\+0020 at index 1/],
  ["a subprotocol is a list", { subprotocols: ["a,b"] }, /^the subprotocol is "a,b"/],
  ["a subprotocol comes twice", { subprotocols: ["a", "b", "a"] }, /^the subprotocol a is offered twice/],
  ["a subprotocol of Object.prototype comes twice", { subprotocols: ["__proto__", "__proto__"] }, /offered twice/],
  ["the extensions are malformed", { extensions: "a; b=" }, /^the value of Sec-WebSocket-Extensions, 5 characters/],
  ["a header has no name", { headers: [["", "1"]] }, /^a header's name is empty/],
];

const INJECTIONS = ["a\r\nX: 1", "a\nX: 1", "a\rX", "a\u0000", "a\u0007", "a\u007f", "a\u010d\u010aX: 1", "a\u{1F600}"];

const OWN_NAMES = [
  "Upgrade",
  "connection",
  "CONTENT-LENGTH",
  "Transfer-Encoding",
  "Origin",
  "Sec-WebSocket-Origin",
  "Sec-WebSocket-Key",
  "sec-websocket-version",
  "Sec-WebSocket-Protocol",
  "Sec-WebSocket-Extensions",
  "Sec-WebSocket-Future",
];

describe("opening handshake, the client's caller errs (RFC 6455 §4.1, CVE-2026-1527)", () => {
  for (const [what, changes, message] of MISUSES) {
    test(`client throws a UsageError when ${what}`, () => {
      assert.throws(() => requestHeaders({ ...FULL, ...changes }), { code: "USAGE", message });
    });
  }

  test("client throws a UsageError when a caller without types asks for another version", () => {
    for (const version of ["7", '"13"', "null"]) {
      const opening = { ...OPENING, version: JSON.parse(version) };
      assert.throws(() => requestHeaders(opening), { code: "USAGE", message: /^the version is .*; give 13 or 8/ });
    }
  });

  for (const text of INJECTIONS) {
    test(`client throws a UsageError when a part is ${JSON.stringify(text)}`, () => {
      const parts: readonly Partial<ClientOpening>[] = [
        { host: text },
        { key: text },
        { key: `${text.padEnd(22, "A").slice(0, 22)}==` },
        { origin: text },
        { subprotocols: [text] },
        { subprotocols: ["ok", text] },
        { extensions: text },
        { extensions: `ok; a=${text}` },
        { extensions: `ok; a="${text}"` },
        { headers: [["X-A", text]] },
        {
          headers: [
            ["X-A", "1"],
            [text, "1"],
          ],
        },
        { headers: [["Host", text]] },
      ];
      for (const part of parts) {
        assert.throws(() => requestHeaders({ ...FULL, ...part }), { code: "USAGE" }, Object.keys(part).join());
      }
    });
  }

  for (const name of OWN_NAMES) {
    test(`client throws a UsageError when the application sets ${name}`, () => {
      for (const version of [13, 8] as const) {
        const headers = [
          ["X-A", "1"],
          [name, "x"],
        ] as const;
        assert.throws(() => requestHeaders({ ...OPENING, version, headers }), {
          code: "USAGE",
          message: `the header ${name} belongs to the handshake; leave it out, or use the option it has`,
        });
      }
    });
  }
});

type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

const GOOD: Changes = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": ACCEPT };

function check(changes: Changes, opening: ClientOpening = FULL, statusCode = 101): ReturnType<typeof checkResponse> {
  const raw: string[] = [];
  for (const [name, values] of Object.entries({ ...GOOD, ...changes })) {
    for (const value of values === undefined ? [] : [values].flat()) raw.push(name, value);
  }
  const offered = parseExtensions(opening.extensions ?? "") ?? [];
  return checkResponse({ statusCode, headers: HeaderFields.fromRaw(raw) }, opening, sha1, offered);
}

describe("opening handshake, client reads the answer (RFC 6455 §4.1)", () => {
  test("client takes the RFC's sample (§1.3)", () => {
    assert.deepEqual(check({ "Sec-WebSocket-Protocol": "chat" }), { subprotocol: "chat", extensions: [] });
  });

  const taken: readonly (readonly [what: string, changes: Changes])[] = [
    ["nothing was selected", {}],
    ["Upgrade has another case", { Upgrade: "WebSocket" }],
    ["Connection has another case", { Connection: "upgrade" }],
    ["Connection has other elements", { Connection: "keep-alive, Upgrade" }],
    ["Connection comes several times", { Connection: ["keep-alive", "Upgrade"] }],
    ["blanks surround each value", { Upgrade: " websocket\t", "Sec-WebSocket-Accept": ` ${ACCEPT} ` }],
    ["there are headers of Object.prototype", { constructor: "a", toString: "b", hasOwnProperty: "c" }],
    ["there are others of the handshake's", { "Sec-WebSocket-Version": "13", "Sec-WebSocket-Origin": "null" }],
  ];
  for (const [what, changes] of taken) {
    test(`client takes an answer when ${what}`, () => {
      assert.deepEqual(check(changes), { subprotocol: undefined, extensions: [] });
    });
  }

  test("client takes an answer behind 2,000 other headers", () => {
    const others = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`X-${index}`, "x"]));
    assert.deepEqual(check({ ...others, "Sec-WebSocket-Protocol": "chat" }), { subprotocol: "chat", extensions: [] });
  });

  test("client takes extensions that it offered, over several headers, and gives them in the server's order", () => {
    const changes = { "Sec-WebSocket-Extensions": ["bar", 'foo; x="1"; y, bar; z'] };
    assert.deepEqual(check(changes).extensions, parseExtensions("bar, foo; x=1; y, bar; z"));
  });

  test("client takes names of Object.prototype when it offered them", () => {
    const names = "__proto__, constructor, toString";
    const opening = { ...FULL, extensions: names, subprotocols: ["constructor", "__proto__"] };
    const answer = check({ "Sec-WebSocket-Extensions": names, "Sec-WebSocket-Protocol": "__proto__" }, opening);
    assert.equal(answer.subprotocol, "__proto__");
    assert.deepEqual(answer.extensions, parseExtensions(names));
  });
});

type Row = readonly [what: string, value: string | readonly string[] | undefined];

const REFUSED: readonly (readonly [header: string, code: HandshakeErrorCode, rows: readonly Row[]])[] = [
  [
    "Upgrade",
    "UPGRADE_INVALID",
    [
      ["missing", undefined],
      ["empty", ""],
      ["a comma", ","],
      ["another protocol", "h2c"],
      ["a list", "h2c, websocket"],
      ["duplicated", ["websocket", "websocket"]],
      ["the protocol with a version", "websocket/13"],
      ["spelled with a Kelvin sign", "websoc\u212Aet"],
    ],
  ],
  [
    "Connection",
    "CONNECTION_INVALID",
    [
      ["missing", undefined],
      ["empty", ""],
      ["a comma", ","],
      ["close", "close"],
      ["two words", "keep-alive Upgrade"],
    ],
  ],
  [
    "Sec-WebSocket-Accept",
    "ACCEPT_MISMATCH",
    [
      ["missing", undefined],
      ["empty", ""],
      ["a comma", ","],
      ["duplicated", [ACCEPT, ACCEPT]],
      ["twice, once empty", [ACCEPT, ""]],
      ["a list", `${ACCEPT}, ${ACCEPT}`],
      ["the key", KEY],
      ["in another case", ACCEPT.toLowerCase()],
      ["without padding", ACCEPT.slice(0, -1)],
      ["another key's", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="],
      ["longer", `${ACCEPT}x`],
    ],
  ],
  [
    "Sec-WebSocket-Protocol",
    "SUBPROTOCOL_INVALID",
    [
      ["empty", ""],
      ["a comma", ","],
      ["duplicated", ["chat", "chat"]],
      ["twice, once empty", ["chat", ""]],
      ["a list", "chat, superchat"],
      ["quoted", '"chat"'],
      ["with a blank", "chat x"],
      ["above ASCII", "ch\u00e0t"],
    ],
  ],
  [
    "Sec-WebSocket-Protocol",
    "SUBPROTOCOL_NOT_OFFERED",
    [
      ["another", "mqtt"],
      ["in another case", "Chat"],
      ["a name of Object.prototype", "constructor"],
    ],
  ],
  [
    "Sec-WebSocket-Extensions",
    "EXTENSIONS_INVALID",
    [
      ["empty", ""],
      ["commas", ", ,"],
      ["with a blank inside", "foo bar"],
      ["with a lone semicolon", "foo;"],
      ["with an unclosed quote", 'foo; a="1'],
      ["good, then malformed", ["foo", "="]],
    ],
  ],
  [
    "Sec-WebSocket-Extensions",
    "EXTENSION_NOT_OFFERED",
    [
      ["another", "permessage-deflate"],
      ["one offered and one not", "foo, permessage-deflate"],
      ["in another case", "FOO"],
      ["a name of Object.prototype", "__proto__"],
      ["another name of Object.prototype", "hasOwnProperty"],
    ],
  ],
];

function errorOf(run: () => unknown): HandshakeError {
  try {
    run();
  } catch (error) {
    if (error instanceof HandshakeError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("opening handshake, client refuses the answer (RFC 6455 §4.1)", () => {
  for (const [header, code, rows] of REFUSED) {
    for (const [what, value] of rows) {
      test(`client throws ${code} when ${header} is ${what}`, () => {
        assert.throws(() => check({ [header]: value }), { name: "HandshakeError", code, statusCode: 101 });
      });
    }
  }

  for (const statusCode of [100, 200, 204, 301, 401, 404, 426, 503]) {
    test(`client throws STATUS_NOT_101 with the status when it is ${statusCode}, whatever the headers say`, () => {
      const seen = {
        name: "HandshakeError",
        code: "STATUS_NOT_101",
        statusCode,
        message: new RegExp(`: seen ${statusCode}$`),
      };
      assert.throws(() => check({}, FULL, statusCode), seen);
      assert.throws(() => check({ Upgrade: undefined }, FULL, statusCode), seen);
    });
  }

  test("client throws when anything is selected although nothing was offered", () => {
    for (const name of ["chat", "__proto__", "constructor", "toString"]) {
      const subprotocol = { code: "SUBPROTOCOL_NOT_OFFERED" };
      assert.throws(() => check({ "Sec-WebSocket-Protocol": name }, OPENING), subprotocol);
      assert.throws(() => check({ "Sec-WebSocket-Extensions": name }, OPENING), { code: "EXTENSION_NOT_OFFERED" });
    }
  });

  test("client reports the first fault in the order of the RFC's list", () => {
    const faults: readonly (readonly [code: HandshakeErrorCode, changes: Changes])[] = [
      ["UPGRADE_INVALID", { Upgrade: "" }],
      ["CONNECTION_INVALID", { Connection: "" }],
      ["ACCEPT_MISMATCH", { "Sec-WebSocket-Accept": "" }],
      ["EXTENSIONS_INVALID", { "Sec-WebSocket-Extensions": "" }],
      ["SUBPROTOCOL_INVALID", { "Sec-WebSocket-Protocol": "" }],
    ];
    for (let first = 0; first < faults.length; first += 1) {
      const rest = faults.slice(first);
      const changes: Changes = Object.assign({}, ...rest.map(([, change]) => change));
      assert.throws(() => check(changes), { code: rest[0]?.[0] });
    }
  });

  test("client says what it saw, but repeats nothing that could be markup or a line", () => {
    assert.throws(() => check({ Upgrade: undefined }), { message: /: seen none$/ });
    assert.throws(() => check({ "Sec-WebSocket-Protocol": "mqtt" }), { message: /: seen mqtt$/ });
    assert.throws(() => check({ "Sec-WebSocket-Protocol": "<b>x</b>" }), { message: /: seen one of 8 characters$/ });
    assert.throws(() => check({ "Sec-WebSocket-Extensions": "foo, baz" }), { message: /: seen baz$/ });
    assert.throws(() => check({ "Sec-WebSocket-Accept": [ACCEPT, ACCEPT] }), { message: /: seen 2$/ });
  });

  /** An answer with all that an HTTP client can tell about it. */
  function receivedOf(statusCode: number, headers: Readonly<Record<string, string>>): HandshakeResponse {
    const rawHeaders = Object.entries(headers).flat();
    return { statusCode, reasonPhrase: "Reason", headers, rawHeaders, sentHeaders: [], body: Uint8Array.of(1, 2, 3) };
  }

  const everyFault: readonly (readonly [code: HandshakeErrorCode, statusCode: number, changes: Changes])[] = [
    ["STATUS_NOT_101", 403, {}],
    ["UPGRADE_INVALID", 101, { Upgrade: "h2c" }],
    ["CONNECTION_INVALID", 101, { Connection: "close" }],
    ["ACCEPT_MISMATCH", 101, { "Sec-WebSocket-Accept": "x" }],
    ["EXTENSIONS_INVALID", 101, { "Sec-WebSocket-Extensions": ";" }],
    ["EXTENSION_NOT_OFFERED", 101, { "Sec-WebSocket-Extensions": "x" }],
    ["SUBPROTOCOL_INVALID", 101, { "Sec-WebSocket-Protocol": "," }],
    ["SUBPROTOCOL_NOT_OFFERED", 101, { "Sec-WebSocket-Protocol": "x" }],
  ];
  for (const [code, statusCode, changes] of everyFault) {
    test(`client's ${code} carries the answer as it was received, where the caller gave it`, () => {
      const headers = { ...GOOD, ...changes };
      const received = receivedOf(statusCode, Object.fromEntries(Object.entries(headers).map(([n, v]) => [n, `${v}`])));
      const response = { statusCode, headers: HeaderFields.fromRaw(received.rawHeaders), received };
      const seen = errorOf(() => checkResponse(response, OPENING, sha1, []));
      assert.deepEqual([seen.code, seen.statusCode], [code, statusCode]);
      assert.equal(seen.response, received);
      const { received: _, ...bare } = response;
      const without = errorOf(() => checkResponse(bare, OPENING, sha1, []));
      assert.deepEqual([without.code, without.statusCode, without.response], [code, statusCode, undefined]);
      assert.equal(without.message, seen.message);
    });
  }

  test("client believes the status and headers that it is told to check, not those received", () => {
    const received = receivedOf(503, {});
    const headers = HeaderFields.fromRaw(Object.entries(GOOD).flat(2).map(String));
    const response = { statusCode: 101, headers, received };
    assert.deepEqual(checkResponse(response, OPENING, sha1, []), { subprotocol: undefined, extensions: [] });
    const refused = errorOf(() => checkResponse({ ...response, statusCode: 403 }, OPENING, sha1, []));
    assert.deepEqual([refused.statusCode, refused.response], [403, received]);
  });

  test("client takes at most eight steps a character over a hostile answer", () => {
    const names = [
      "Upgrade",
      "Connection",
      "Sec-WebSocket-Accept",
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Extensions",
    ];
    for (const name of names) {
      for (const [what, make] of ADVERSARIAL_TEXTS) {
        for (const length of GROWING_LENGTHS) {
          const headers = HeaderFields.fromRaw(
            Object.entries({ ...GOOD, [name]: make(length) })
              .flat(2)
              .map(String),
          );
          const steps = countSteps(() => {
            assert.throws(() => checkResponse({ statusCode: 101, headers }, FULL, sha1, []), {
              name: "HandshakeError",
            });
          });
          assert.ok(steps <= 8 * length + 3_000, `${name}, ${what}: ${steps} steps for ${length} characters`);
        }
      }
    }
  });
});
