import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseTarget } from "../../../src/node/server/request-target.ts";

describe("request target (RFC 9112 §3.2)", () => {
  const accepted: [target: string, path: string, query: string][] = [
    ["/", "/", ""],
    ["/chat", "/chat", ""],
    ["/chat?a=1&b=2", "/chat", "a=1&b=2"],
    ["/chat?", "/chat", ""],
    ["/a%2Fb%20c?x=%3f", "/a%2Fb%20c", "x=%3f"],
    ["/chat?next=/a?b", "/chat", "next=/a?b"],
    ["//evil.test/chat", "//evil.test/chat", ""],
    ["/../etc/passwd", "/../etc/passwd", ""],
    ["/__proto__", "/__proto__", ""],
    ["http://example.com/chat?a=1", "/chat", "a=1"],
    ["HTTPS://EXAMPLE.com", "/", ""],
    ["http://example.com?a=1", "/", "a=1"],
  ];
  for (const [target, path, query] of accepted) {
    test(`${target} is the path ${path}`, () => {
      assert.deepEqual(parseTarget(target, "example.com"), { path, query });
    });
  }

  const refused = [
    "",
    "*",
    "chat",
    "example.com:443",
    "?a=1",
    "/chat#top",
    "/a b",
    "/a\tb",
    "/a\r\nb",
    "/caf\u00e9",
    "/\u0000",
    "http://",
    "http:///chat",
    "http://evil.test/chat",
    "http://example.com@evil.test/chat",
    "http://user@example.com/chat",
    "ftp://example.com/chat",
    "ws://example.com/chat",
  ];
  for (const target of refused) {
    test(`${JSON.stringify(target)} is refused`, () => {
      assert.equal(parseTarget(target, "example.com"), undefined);
    });
  }

  test("an absolute URI needs a Host header to agree with", () => {
    assert.equal(parseTarget("http://example.com/", undefined), undefined);
    assert.deepEqual(parseTarget("http://example.com:81/", "Example.COM:81"), { path: "/", query: "" });
    assert.equal(parseTarget("http://example.com:81/", "example.com"), undefined);
  });

  test("time is linear in the target's length", () => {
    const long = `http://${"a".repeat(200_000)}`;
    const before = performance.now();
    parseTarget(long, "x");
    parseTarget(`/${"?".repeat(200_000)}`, "x");
    assert.ok(performance.now() - before < 200);
  });
});
