import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  checkCallerHeader,
  checkCallerSubprotocol,
  isOwnHeader,
  readCallerExtensions,
} from "../../../src/engine/handshake/caller-headers.ts";

describe("a caller's additions to a handshake (RFC 6455 §4.1, §4.2.2)", () => {
  const own = ["Upgrade", "connection", "CONTENT-LENGTH", "Transfer-Encoding", "Sec-WebSocket-Key", "sec-websocket-x"];
  for (const name of own) {
    test(`either role owns ${name}`, () => assert.equal(isOwnHeader(name), true));
  }

  const free = [
    "Host",
    "Origin",
    "Set-Cookie",
    "Sec-Fetch-Mode",
    "X-Upgrade",
    "Sec-WebSocket",
    "__proto__",
    "constructor",
  ];
  for (const name of free) {
    test(`either role leaves ${name} to the caller`, () => assert.equal(isOwnHeader(name), false));
  }

  test("either role takes a header of a token and latin1 text", () => {
    checkCallerHeader("X-Room", "caf\u00e9, \ttea");
    checkCallerHeader("__proto__", "");
  });

  test("either role throws a UsageError that shows a bad header's name, but never its value", () => {
    assert.throws(() => checkCallerHeader("X-A\r\n", "1"), { code: "USAGE", message: /^a header's name is "X-A/ });
    assert.throws(() => checkCallerHeader("Authorization", "secret\r\n"), {
      code: "USAGE",
      message: "the value of Authorization has U+000D at index 6; give latin1 text without control characters",
    });
  });

  test("either role throws a UsageError when a subprotocol is no token", () => {
    checkCallerSubprotocol("v1.chat");
    for (const bad of ["", "a b", "a,b", "a\r\n", "\u010d\u010a"]) {
      assert.throws(() => checkCallerSubprotocol(bad), { code: "USAGE", message: /^the subprotocol is / });
    }
  });

  test("either role reads a caller's extensions, and none out of an empty text", () => {
    assert.deepEqual(readCallerExtensions(undefined), []);
    assert.deepEqual(readCallerExtensions(""), []);
    assert.deepEqual(readCallerExtensions("a; b=1"), [{ name: "a", parameters: [{ name: "b", value: "1" }] }]);
  });

  test("either role throws a UsageError when a caller's extensions are malformed", () => {
    for (const bad of [" ", ",", "a;", "a b", "a\r\nX: 1", "a\u0000", "\u010d\u010a", 'a; b="c d"']) {
      assert.throws(() => readCallerExtensions(bad), {
        code: "USAGE",
        message: /^the value of Sec-WebSocket-Extensions/,
      });
    }
  });
});
