import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { parseExtensions } from "../../../src/engine/extensions/offer-grammar.ts";
import type { Acceptance } from "../../../src/engine/handshake/acceptance.ts";
import type { ConnectOpening } from "../../../src/engine/handshake/http2-request.ts";
import { acceptanceFields, refusalFields } from "../../../src/engine/handshake/http2-response.ts";
import type { Refusal } from "../../../src/engine/handshake/response.ts";

const OPENING: ConnectOpening = {
  version: 13,
  host: "server.example.com",
  origin: undefined,
  subprotocols: ["v2.chat", "v1.chat", "__proto__"],
  extensions: parseExtensions("foo; a, permessage-deflate") ?? [],
  key: undefined,
};

/** Fields that speak of one HTTP/1.1 connection and that an application may give, as it may answer both versions. */
const OF_A_CONNECTION = [
  ["Keep-Alive", "timeout=5"],
  ["Proxy-Connection", "keep-alive"],
  ["HTTP2-Settings", "AAMAAABk"],
  ["TE", "gzip"],
] as const;

const INJECTIONS = ["a\r\nX: 1", "a\nX: 1", "a\rX", "a\u0000", "a\u0007", "a\u007f", "a\u010d\u010aX: 1", "a\u{1F600}"];

function sha1(text: string): Uint8Array {
  return createHash("sha1").update(text, "latin1").digest();
}

function accept(acceptance: Acceptance, opening: ConnectOpening = OPENING): ReturnType<typeof acceptanceFields> {
  return acceptanceFields(opening, acceptance, sha1);
}

describe("acceptance over HTTP/2, server writes (RFC 8441 §5)", () => {
  test("server writes no field where nothing was agreed on, and no Sec-WebSocket-Accept", () => {
    assert.deepEqual(accept({}), []);
    assert.deepEqual(accept({ subprotocol: undefined, extensions: "", headers: [] }), []);
  });

  test("server writes the Accept of a key that a client has sent all the same (RFC 6455 §1.3's sample)", () => {
    const opening = { ...OPENING, key: "dGhlIHNhbXBsZSBub25jZQ==" };
    assert.deepEqual(accept({ subprotocol: "v1.chat" }, opening), [
      ["sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
      ["sec-websocket-protocol", "v1.chat"],
    ]);
  });

  test("server writes the subprotocol, the extensions, then the application's fields in order, in lower case", () => {
    const headers = [
      ["Set-Cookie", "a=1"],
      ["X-Room", "caf\u00e9"],
      ["Set-Cookie", "b=2"],
    ] as const;
    assert.deepEqual(accept({ subprotocol: "v1.chat", extensions: "permessage-deflate; x=1", headers }), [
      ["sec-websocket-protocol", "v1.chat"],
      ["sec-websocket-extensions", "permessage-deflate; x=1"],
      ["set-cookie", "a=1"],
      ["x-room", "caf\u00e9"],
      ["set-cookie", "b=2"],
    ]);
  });

  test("server leaves out what speaks of a connection (RFC 9113 §8.2.2), and keeps TE: trailers", () => {
    assert.deepEqual(accept({ headers: [...OF_A_CONNECTION, ["TE", "trailers"], ["X-A", "1"]] }), [
      ["te", "trailers"],
      ["x-a", "1"],
    ]);
  });

  test("server writes no blanks around a value (RFC 9113 §8.2.1)", () => {
    const headers = [
      ["X-A", " \t1 2\t "],
      ["X-B", " "],
    ] as const;
    assert.deepEqual(accept({ headers }), [
      ["x-a", "1 2"],
      ["x-b", ""],
    ]);
  });

  test("server writes a subprotocol of Object.prototype when it was offered, and throws when not", () => {
    assert.deepEqual(accept({ subprotocol: "__proto__" }), [["sec-websocket-protocol", "__proto__"]]);
    assert.throws(() => accept({ subprotocol: "constructor" }), { code: "USAGE" });
  });

  test("server throws a UsageError when the subprotocol or an extension was not offered", () => {
    for (const subprotocol of ["v3.chat", "V1.chat", "", "v2.chat, v1.chat"]) {
      assert.throws(() => accept({ subprotocol }), { code: "USAGE" }, subprotocol);
    }
    for (const extensions of ["bar", "foo, bar", "FOO", "foo;", " "]) {
      assert.throws(() => accept({ extensions }), { code: "USAGE" }, extensions);
    }
  });

  const own = ["Upgrade", "connection", "CONTENT-LENGTH", "Transfer-Encoding", "Sec-WebSocket-Accept", ":status"];
  for (const name of [...own, "sec-websocket-protocol", "Sec-WebSocket-Future"]) {
    test(`server throws a UsageError when the application sets ${name}`, () => {
      assert.throws(
        () =>
          accept({
            headers: [
              ["X-A", "1"],
              [name, "x"],
            ],
          }),
        { code: "USAGE" },
      );
    });
  }

  for (const text of INJECTIONS) {
    test(`server throws a UsageError when a part is ${JSON.stringify(text)}`, () => {
      assert.throws(() => accept({ subprotocol: text }, { ...OPENING, subprotocols: [text] }), {
        code: "USAGE",
      });
      assert.throws(() => accept({ extensions: `foo; b=${text}` }), { code: "USAGE" });
      assert.throws(() => accept({ headers: [["X-A", text]] }), { code: "USAGE" });
      assert.throws(() => accept({ headers: [[text, "1"]] }), { code: "USAGE" });
    });
  }
});

describe("refusal over HTTP/2, server writes (RFC 9113 §8.2.2)", () => {
  const refusal: Refusal = { statusCode: 403, headers: [], bodyLength: 2 };

  test("server writes the fields in order, in lower case, and none that frames the message", () => {
    const headers = [
      ["Content-Type", "text/plain"],
      ["CONTENT-LENGTH", "7"],
      ["Connection", "close"],
      ["Upgrade", "websocket"],
      ["Transfer-Encoding", "chunked"],
      ...OF_A_CONNECTION,
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ] as const;
    assert.deepEqual(refusalFields({ ...refusal, headers }), [
      ["content-type", "text/plain"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
  });

  test("server does not ask for the reason phrase, which HTTP/2 does not have", () => {
    assert.deepEqual(refusalFields({ ...refusal, reasonPhrase: "a\r\nb" }), []);
  });

  for (const statusCode of [100, 101, 199, 600, 200.5, Number.NaN]) {
    test(`server throws a UsageError when it would refuse with ${statusCode}`, () => {
      assert.throws(() => refusalFields({ ...refusal, statusCode }), { code: "USAGE" });
    });
  }

  for (const statusCode of [204, 304]) {
    test(`server throws a UsageError when ${statusCode} has a body, and not when it has none`, () => {
      assert.throws(() => refusalFields({ ...refusal, statusCode }), { code: "USAGE" });
      assert.deepEqual(refusalFields({ ...refusal, statusCode, bodyLength: 0 }), []);
    });
  }

  for (const text of INJECTIONS) {
    test(`server throws a UsageError when a field is ${JSON.stringify(text)}`, () => {
      assert.throws(() => refusalFields({ ...refusal, headers: [["X-A", text]] }), { code: "USAGE" });
      assert.throws(() => refusalFields({ ...refusal, headers: [[text, "1"]] }), { code: "USAGE" });
      // Also where the field would be left out
      assert.throws(() => refusalFields({ ...refusal, headers: [["Connection", text]] }), { code: "USAGE" });
    });
  }
});
