import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HandshakeRequest } from "../../../src/node/server/handshake-request.ts";
import { compileOrigins, isSameOrigin, type OriginPolicy } from "../../../src/node/server/origin.ts";

describe("same origin (RFC 6454 §5, RFC 6455 §10.2)", () => {
  const same: [origin: string, host: string, secure?: boolean][] = [
    ["http://example.com", "example.com"],
    ["http://example.com", "example.com:80"],
    ["http://example.com:80", "example.com"],
    ["http://example.com:8080", "example.com:8080"],
    ["https://example.com", "example.com"],
    ["https://example.com", "example.com:443"],
    ["https://example.com", "example.com", true],
    ["HTTP://Example.COM", "exAMPLE.com"],
    ["http://xn--bcher-kva.example", "XN--BCHER-KVA.example"],
    ["http://b\u00fccher.example", "xn--bcher-kva.example"],
    ["http://[::1]:8080", "[0:0:0:0:0:0:0:1]:8080"],
    ["http://[::ffff:7f00:1]", "[::ffff:127.0.0.1]"],
    ["http://127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://example.com.", "example.com."],
  ];
  for (const [origin, host, secure = false] of same) {
    test(`${origin} and Host ${host} are the same${secure ? " through TLS" : ""}`, () => {
      assert.equal(isSameOrigin(origin, host, secure), true);
    });
  }

  const different: [origin: string, host: string, secure?: boolean][] = [
    ["http://example.com", "example.com", true],
    ["http://example.com", "example.com:443"],
    ["https://example.com", "example.com:80"],
    ["http://example.com:8080", "example.com"],
    ["http://example.com", "example.com:8080"],
    ["http://example.com.evil.test", "example.com"],
    ["http://evil-example.com", "example.com"],
    ["http://sub.example.com", "example.com"],
    ["http://example.com", "sub.example.com"],
    ["http://example.com.", "example.com"],
    ["http://example.com@evil.test", "example.com"],
    ["http://user@example.com", "example.com"],
    ["http://example.com/", "example.com"],
    ["http://example.com/path", "example.com"],
    ["http://example.com?", "example.com"],
    ["http://example.com#", "example.com"],
    ["http:\\\\example.com", "example.com"],
    ["http:example.com", "example.com"],
    ["http:///example.com", "example.com"],
    [" http://example.com", "example.com"],
    ["http://example.com ", "example.com"],
    ["http://exam\tple.com", "example.com"],
    ["http://example.com, http://evil.test", "example.com"],
    ["http://[::1", "[::1]"],
    ["http://example.com:99999", "example.com:99999"],
    ["null", "null"],
    ["null", "example.com"],
    ["", "example.com"],
    ["file://", ""],
    ["ws://example.com", "example.com"],
    ["ftp://example.com", "example.com"],
    ["chrome-extension://example.com", "example.com"],
    ["javascript:alert(1)", "example.com"],
    ["http://example.com", ""],
    ["http://example.com", "evil.test/example.com"],
    ["http://example.com", "user@example.com"],
  ];
  for (const [origin, host, secure = false] of different) {
    test(`${JSON.stringify(origin)} and Host ${JSON.stringify(host)} differ${secure ? " through TLS" : ""}`, () => {
      assert.equal(isSameOrigin(origin, host, secure), false);
    });
  }
});

describe("the option origins", () => {
  const request = { host: "example.com", secure: false } as HandshakeRequest;
  const ask = (policy: OriginPolicy | undefined, origin: string): unknown => compileOrigins(policy)(origin, request);

  test("without it only the same origin is allowed", () => {
    assert.equal(ask(undefined, "http://example.com"), true);
    assert.equal(ask(undefined, "http://evil.test"), false);
    assert.equal(ask("same-origin", "http://evil.test"), false);
  });

  test("any allows every origin", () => {
    assert.equal(ask("any", "null"), true);
  });

  test("a list compares whole origins, however they are written", () => {
    const list = ["https://Example.com:443", "http://b\u00fccher.example", "app://Obsidian.md", "null"];
    for (const origin of ["https://example.com", "http://xn--bcher-kva.example", "app://Obsidian.md", "null"]) {
      assert.equal(ask(list, origin), true, origin);
    }
    for (const origin of [
      "http://example.com",
      "https://example.com.evil.test",
      "https://example.com:444",
      "app://other",
    ]) {
      assert.equal(ask(list, origin), false, origin);
    }
    assert.equal(ask([], "http://example.com"), false);
  });

  test("a RegExp must match from end to end, and remembers nothing", () => {
    const rule = compileOrigins([/https:\/\/(\w+\.)?example\.com|http:\/\/localhost/gy]);
    for (let round = 0; round < 3; round += 1) {
      assert.equal(rule("https://a.example.com", request), true);
      assert.equal(rule("http://localhost", request), true);
    }
    assert.equal(rule("https://example.com.evil.test", request), false);
    assert.equal(rule("https://evil.test?https://example.com", request), false);
    assert.equal(rule("http://localhost:3000", request), false);
    assert.equal(ask([/https:\/\/a\.test$/m], "https://a.test\nx"), false);
  });

  test("a function is asked", () => {
    const asked: unknown[] = [];
    const rule = compileOrigins((origin, given) => asked.push(origin, given) > 0);
    assert.equal(rule("x", request), true);
    assert.deepEqual(asked, ["x", request]);
  });

  for (const wrong of [
    "https://example.com",
    7,
    {},
    null,
    ["example.com"],
    ["https://example.com/"],
    ["*"],
    [7],
    [""],
  ]) {
    test(`${JSON.stringify(wrong)} is refused`, () => {
      assert.throws(() => Reflect.apply(compileOrigins, undefined, [wrong]), { code: "USAGE", message: /^origins / });
    });
  }
});
