import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSecureContext } from "node:tls";
import type { HandshakeResponse } from "../../../src/engine/errors.ts";
import { HandshakeError, UsageError } from "../../../src/engine/errors.ts";
import { parseClientUrl } from "../../../src/node/client/client-url.ts";
import { isRedirect, redirectTarget, withoutCredentials, withoutIdentity } from "../../../src/node/client/redirect.ts";

function response(statusCode: number, location: string | undefined): HandshakeResponse {
  const headers = location === undefined ? {} : { location };
  return { statusCode, reasonPhrase: "", headers, rawHeaders: [], sentHeaders: [], body: new Uint8Array(0) };
}

describe("which responses redirect (RFC 9110 §15.4)", () => {
  for (const statusCode of [301, 302, 303, 307, 308]) {
    test(`${statusCode} redirects where it has a Location`, () => {
      assert.equal(isRedirect(response(statusCode, "/")), true);
      assert.equal(isRedirect(response(statusCode, "")), true);
      assert.equal(isRedirect(response(statusCode, undefined)), false);
    });
  }

  for (const statusCode of [101, 200, 201, 300, 304, 305, 306, 309, 399, 401, 426, 503]) {
    test(`${statusCode} does not redirect`, () => {
      assert.equal(isRedirect(response(statusCode, "/")), false);
    });
  }
});

describe("where a redirect leads (RFC 9110 §10.2.2)", () => {
  const rows: readonly (readonly [from: string, location: string, to: string])[] = [
    ["ws://a.example/b/c?d", "/e", "ws://a.example/e"],
    ["ws://a.example/b/c?d", "e", "ws://a.example/b/e"],
    ["ws://a.example/b/c?d", "./e", "ws://a.example/b/e"],
    ["ws://a.example/b/c?d", "../e", "ws://a.example/e"],
    ["ws://a.example/b/c?d", "../../../e", "ws://a.example/e"],
    ["ws://a.example/b/c?d", "?e", "ws://a.example/b/c?e"],
    ["ws://a.example/b/c?d", "", "ws://a.example/b/c?d"],
    ["ws://a.example/b/c?d", "#e", "ws://a.example/b/c?d"],
    ["ws://a.example/b/c?d", "/e#f", "ws://a.example/e"],
    ["ws://a.example/b/c?d", "ws://a.example/e#", "ws://a.example/e"],
    ["ws://a.example/", "//b.example/c", "ws://b.example/c"],
    ["ws://a.example/", "\\\\b.example/c", "ws://b.example/c"],
    ["ws://a.example:81/", "//b.example/c", "ws://b.example/c"],
    ["ws://a.example:81/", "/c", "ws://a.example:81/c"],
    ["ws://a.example/", "ws://b.example/c?d", "ws://b.example/c?d"],
    ["ws://a.example/", "http://b.example/c", "ws://b.example/c"],
    ["ws://a.example/", "wss://a.example/", "wss://a.example/"],
    ["ws://a.example/", "https://a.example/", "wss://a.example/"],
    ["ws://a.example/", "HTTPS://A.EXAMPLE:443", "wss://a.example/"],
    ["wss://a.example/", "/b", "wss://a.example/b"],
    ["wss://a.example/", "//b.example/", "wss://b.example/"],
    ["wss://a.example/", "https://b.example:444/", "wss://b.example:444/"],
    ["http://a.example/", "/b c\u00e9", "ws://a.example/b%20c%C3%A9"],
    ["ws+unix:/run/a.sock:/b/c?d", "/e", "ws+unix:/run/a.sock:/e"],
    ["ws+unix:/run/a.sock:/b/c?d", "e", "ws+unix:/run/a.sock:/b/e"],
    ["ws+unix:/run/a.sock:/b/c?d", "../../../e", "ws+unix:/run/a.sock:/e"],
    ["ws+unix:/run/a.sock:/b/c?d", "?e", "ws+unix:/run/a.sock:/b/c?e"],
    ["ws+unix:/run/a.sock:/b/c?d", "", "ws+unix:/run/a.sock:/b/c?d"],
    ["ws+unix:/run/a.sock:/b/c?d", "#e", "ws+unix:/run/a.sock:/b/c?d"],
    ["ws+unix:/run/a.sock:/b", "/c:d", "ws+unix:/run/a.sock:/c:d"],
    ["ws+unix:run/a%3Ab.sock:/b", "c", "ws+unix:run/a%3Ab.sock:/c"],
    ["ws+unix:/run/a.sock:/b", "ws+unix:/run/a.sock:/c", "ws+unix:/run/a.sock:/c"],
    ["ws+unix:/run/a.sock:/b", "ws+unix:/run/a.sock:/c#d", "ws+unix:/run/a.sock:/c"],
    ["ws+unix:/run/a.sock:/b", "ws://a.example/c", "ws://a.example/c"],
    ["ws+unix:/run/a.sock:/b", "https://a.example/c", "wss://a.example/c"],
    ["ws+unix:/run/a.sock:/b", "//a.example/c", "ws://a.example/c"],
    ["ws+unix:/run/a.sock:/b", "/\\a.example/c", "ws://a.example/c"],
  ];
  for (const [from, location, to] of rows) {
    test(`from ${from} by ${JSON.stringify(location)} to ${to}`, () => {
      assert.deepEqual(redirectTarget(parseClientUrl(from), response(302, location)), parseClientUrl(to));
    });
  }

  test("user information in a Location is that of the target", () => {
    const target = redirectTarget(parseClientUrl("ws://u:p@a.example/"), response(302, "ws://v:q@b.example/"));
    assert.equal(target.authorization, `Basic ${btoa("v:q")}`);
    assert.equal(target.origin, "ws://b.example");
  });
});

describe("where a redirect may not lead", () => {
  for (const [from, location] of [
    ["ws://a.example/", "ftp://a.example/"],
    ["ws://a.example/", "file:///etc/passwd"],
    ["ws://a.example/", "javascript:alert(1)"],
    ["ws://a.example/", "data:,a"],
    ["ws://a.example/", "mailto:a@a.example"],
    ["ws://a.example/", "//"],
    ["ws://a.example/", "http://"],
    ["ws://a.example/", "ws://a.example:65536/"],
    ["ws://a.example/", "ws://[::1/"],
    ["ws://a.example/", "ws://a b/"],
    ["ws://a.example/", "ws://100%:a@a.example/"],
    ["ws://a.example/", "ws://a%3Ab:c@a.example/"],
    ["ws+unix:/run/a.sock:/", "ftp://a.example/"],
    ["ws+unix:/run/a.sock:/", "//"],
    ["ws+unix:/run/a.sock:/", "ws+unix:/run/a.sock:b"],
    // Another machine may not name this one's Unix sockets, and neither may another Unix socket
    ["ws://a.example/", "ws+unix:/run/a.sock:/"],
    ["wss://a.example/", "ws+unix:/run/a.sock:/"],
    ["ws://localhost/", "ws+unix:/run/a.sock:/"],
    ["ws+unix:/run/a.sock:/", "ws+unix:/run/b.sock:/"],
    ["ws+unix:/run/a.sock:/", "ws+unix:run/a.sock:/"],
  ] as const) {
    test(`REDIRECT_INVALID: from ${from} by ${JSON.stringify(location)}`, () => {
      const received = response(307, location);
      assert.throws(
        () => redirectTarget(parseClientUrl(from), received),
        (error: unknown) => {
          assert.ok(error instanceof HandshakeError);
          assert.equal(error.code, "REDIRECT_INVALID");
          assert.equal(error.statusCode, 307);
          assert.equal(error.response, received);
          assert.ok(error.cause === undefined || error.cause instanceof UsageError);
          return true;
        },
      );
    });
  }

  for (const [from, location] of [
    ["wss://a.example/", "ws://a.example/"],
    ["wss://a.example/", "http://a.example/"],
    ["wss://a.example/", "http://a.example:443/"],
    ["https://a.example/", "ws://b.example/"],
    ["https://a.example/", "http:a"],
  ] as const) {
    test(`REDIRECT_INSECURE: from ${from} by ${JSON.stringify(location)} (RFC 6455 §10.6)`, () => {
      const received = response(301, location);
      assert.throws(() => redirectTarget(parseClientUrl(from), received), {
        name: "HandshakeError",
        code: "REDIRECT_INSECURE",
        statusCode: 301,
        response: received,
      });
    });
  }
});

describe("what may go along to another origin", () => {
  test("headers with credentials stay behind, in any case and however many", () => {
    assert.deepEqual(
      withoutCredentials([
        ["Authorization", "1"],
        ["X-A", "2"],
        ["cookie", "3"],
        ["COOKIE", "4"],
        ["cookie2", "5"],
        ["pRoXy-aUtHoRiZaTiOn", "6"],
        ["Host", "7"],
        ["X-Cookie", "8"],
        ["X-A", "9"],
        ["Authorization2", "10"],
      ]),
      [
        ["X-A", "2"],
        ["X-Cookie", "8"],
        ["X-A", "9"],
        ["Authorization2", "10"],
      ],
    );
    assert.deepEqual(withoutCredentials([]), []);
  });

  test("TLS options that say who this end is, or whom it expects, stay behind; the others go along", () => {
    const kept = { ca: "a", rejectUnauthorized: false, minVersion: "TLSv1.3", ALPNProtocols: ["http/1.1"] } as const;
    const identity = {
      cert: "b",
      key: "c",
      pfx: "d",
      passphrase: "e",
      servername: "f",
      checkServerIdentity: () => undefined,
      session: Buffer.from("g"),
      secureContext: createSecureContext(),
      pskCallback: () => null,
      clientCertEngine: "h",
      privateKeyEngine: "i",
      privateKeyIdentifier: "j",
    };
    const given = { ...kept, ...identity };
    assert.deepEqual(withoutIdentity(given), kept);
    assert.deepEqual(given, { ...kept, ...identity }, "the application's own object stays as it is");
  });
});
