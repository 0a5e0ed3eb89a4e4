import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, test } from "node:test";
import { HandshakeRequest, type RequestSource } from "../../../src/node/server/handshake-request.ts";
import { Lifetime } from "../../../src/node/server/lifetime.ts";
import { parseTarget } from "../../../src/node/server/request-target.ts";
import { type TrustProxy, TrustedProxies } from "../../../src/node/server/trusted-proxies.ts";

function make(
  given: Partial<RequestSource> = {},
  trustProxy?: TrustProxy,
  lifetime: Lifetime = new Lifetime(),
): HandshakeRequest {
  const { url = "/chat?room=a%20b&room=c", headers = { host: "example.com" } } = given;
  const target = parseTarget(url, headers.host);
  const fixed = {
    httpVersion: "1.1",
    method: "GET",
    rawHeaders: ["Host", "example.com"],
    socketAddress: "10.0.0.1",
    encrypted: false,
  };
  return new HandshakeRequest(
    { raw: undefined, opening: undefined, ...fixed, ...given, url, headers, target },
    new TrustedProxies(trustProxy),
    lifetime,
  );
}

describe("a handshake's request", () => {
  test("path and query come from the target", () => {
    const request = make();
    assert.equal(request.url, "/chat?room=a%20b&room=c");
    assert.equal(request.path, "/chat");
    assert.deepEqual(request.query.getAll("room"), ["a b", "c"]);
    assert.equal(request.query, request.query);
    assert.deepEqual([...make({ url: "/" }).query], []);
  });

  test("a malformed target is the path, and has no query", () => {
    const request = make({ url: "*" });
    assert.deepEqual([request.path, [...request.query]], ["*", []]);
  });

  test("hostile query names are safe", () => {
    const { query } = make({ url: "/?__proto__=1&constructor=2" });
    assert.equal(query.get("__proto__"), "1");
    assert.equal(query.get("toString"), null);
  });

  test("cookies are read once", () => {
    const request = make({ headers: { cookie: "a=1" } });
    assert.equal(request.cookies.get("a"), "1");
    assert.equal(request.cookies, request.cookies);
  });

  test("a malformed handshake offers nothing", () => {
    const request = make();
    assert.deepEqual([request.origin, request.version], [undefined, undefined]);
    assert.deepEqual([request.subprotocols, request.extensions], [[], []]);
    assert.equal(request.host, "example.com");
  });

  test("a valid one tells what it offers", () => {
    const extensions = [{ name: "x", parameters: [] }];
    const opening = { version: 8, key: "", host: "h:1", origin: "http://o", subprotocols: ["a"], extensions } as const;
    const request = make({ opening });
    assert.deepEqual([request.version, request.host, request.origin], [8, "h:1", "http://o"]);
    assert.deepEqual([request.subprotocols, request.extensions], [["a"], extensions]);
  });

  const headers: IncomingHttpHeaders = {
    host: "inside",
    "x-forwarded-for": "1.2.3.4, 5.6.7.8",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "example.com",
  };

  test("without trustProxy the forwarded headers mean nothing", () => {
    const request = make({ headers });
    assert.deepEqual([request.remoteAddress, request.secure, request.host], ["10.0.0.1", false, "inside"]);
    assert.equal(make({ headers, encrypted: true }).secure, true);
  });

  test("with trustProxy they tell address, scheme and host", () => {
    const request = make({ headers }, 1);
    assert.deepEqual([request.remoteAddress, request.secure, request.host], ["5.6.7.8", true, "example.com"]);
    const stranger = make({ headers }, ["192.168.0.0/16"]);
    assert.deepEqual([stranger.remoteAddress, stranger.secure, stranger.host], ["10.0.0.1", false, "inside"]);
    assert.equal(make({ headers: { ...headers, "x-forwarded-proto": "http" } }, 1).secure, false);
  });

  test("the signal aborts with the first reason, also when it is asked for afterwards", () => {
    const lifetime = new Lifetime();
    const request = make({}, false, lifetime);
    const { signal } = request;
    assert.equal(signal.aborted, false);
    lifetime.end(new Error("first"));
    lifetime.end(new Error("second"));
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason.message, "first");
    const late = new Lifetime();
    late.end(new Error("first"));
    late.end(new Error("second"));
    assert.equal(make({}, false, late).signal.reason.message, "first");
  });
});
