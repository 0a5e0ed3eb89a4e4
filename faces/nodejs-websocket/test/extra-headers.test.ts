import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readClientUrl } from "../src/client-url.ts";
import { readExtraHeaders } from "../src/extra-headers.ts";
import { lastOfEach } from "../src/header-fields.ts";

describe("extraHeaders", () => {
  test("are sent in their order, values as strings, a Host too", () => {
    const { headers, origin, subprotocols } = readExtraHeaders({ Host: "a", Cookie: "b=1", "X-Count": 5 }, []);
    assert.deepEqual(headers, [
      ["Host", "a"],
      ["Cookie", "b=1"],
      ["X-Count", "5"],
    ]);
    assert.deepEqual([origin, subprotocols], [undefined, []]);
  });

  test("are written as UTF-8, a byte for each character of HTTP's", () => {
    assert.deepEqual(readExtraHeaders({ "X-Snow": "☃" }, []).headers, [["X-Snow", "\u00e2\u0098\u0083"]]);
    assert.deepEqual(lastOfEach(["X-Snow", "\u00e2\u0098\u0083", "X-A", "a"]), { "x-snow": "☃", "x-a": "a" });
  });

  test("Origin goes by its own option, and an empty one is none", () => {
    assert.deepEqual(readExtraHeaders({ ORIGIN: "http://a" }, []).origin, "http://a");
    assert.deepEqual(readExtraHeaders({ Origin: "" }, []).origin, undefined);
  });

  test("subprotocols are taken from Sec-WebSocket-Protocol, unless there is the option", () => {
    const extra = { "sec-websocket-protocol": "a, b" };
    assert.deepEqual(readExtraHeaders(extra, []), { headers: [], origin: undefined, subprotocols: ["a", "b"] });
    assert.deepEqual(readExtraHeaders(extra, ["c"]).subprotocols, ["c"]);
  });

  test("the handshake's own fields are left out", () => {
    const own = { Upgrade: "x", connection: "x", "Content-Length": "1", "Sec-WebSocket-Key": "x", "X-Own": "y" };
    assert.deepEqual(readExtraHeaders(own, []).headers, [["X-Own", "y"]]);
  });

  test("none is none", () => {
    for (const none of [undefined, null]) assert.deepEqual(readExtraHeaders(none, []).headers, []);
  });
});

describe("a client's URL", () => {
  test("default ports, path and query", () => {
    const { port, path, hostname, secure } = readClientUrl("wss://example.com/a/b?c=d#e");
    assert.deepEqual([port, path, hostname, secure], [443, "/a/b?c=d", "example.com", true]);
    assert.equal(readClientUrl("ws://example.com").port, 80);
    assert.equal(readClientUrl("ws://example.com:81").path, "/");
  });

  test("an address of IPv6 is dialed without its brackets", () => {
    assert.deepEqual(readClientUrl("ws://[::1]:8000/").hostname, "::1");
  });

  test("neither user information nor fragment is sent", () => {
    assert.equal(readClientUrl("ws://user:secret@example.com:81/a#b").href, "ws://example.com:81/a");
  });

  test("another protocol is named in the error", () => {
    for (const protocol of ["http:", "localhost:"]) {
      assert.throws(() => readClientUrl(`${protocol}//x`), {
        message: `Invalid protocol ${protocol}. It must be ws or wss`,
      });
    }
  });
});
