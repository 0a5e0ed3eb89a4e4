import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseSocketUrl } from "../../../src/node/web-socket/socket-url.ts";
import { domException } from "./listening.ts";

/** Run with a `location`, as a page has it. */
function withLocation(location: unknown, run: () => void): void {
  Reflect.set(globalThis, "location", location);
  try {
    run();
  } finally {
    Reflect.deleteProperty(globalThis, "location");
  }
}

describe("the URL of a WebSocket (WHATWG WebSockets, constructor steps 1–7)", () => {
  test("ws: and wss: stay, http: becomes ws: and https: becomes wss:", () => {
    const cases = {
      "ws://example.com/chat?x=1": "ws://example.com/chat?x=1",
      "wss://example.com": "wss://example.com/",
      "http://example.com/": "ws://example.com/",
      "https://example.com/a": "wss://example.com/a",
      "HTTPS://EXAMPLE.com/A": "wss://example.com/A",
    };
    for (const [given, expected] of Object.entries(cases)) assert.equal(parseSocketUrl(given).href, expected);
  });

  test("is normalised: default ports, spaces, dots, names, addresses", () => {
    const cases = {
      "ws://example.com:80/": "ws://example.com/",
      "wss://example.com:443/": "wss://example.com/",
      "ws://example.com:443/": "ws://example.com:443/",
      "https://example.com:80/": "wss://example.com:80/",
      "  ws://example.com/a b\t/../c\n": "ws://example.com/c",
      "ws://example.com/a b?c d": "ws://example.com/a%20b?c%20d",
      "ws:example.com": "ws://example.com/",
      "ws://münchen.example/": "ws://xn--mnchen-3ya.example/",
      "ws://[::1]:8080/": "ws://[::1]:8080/",
      "ws://0x7f.1/": "ws://127.0.0.1/",
      "ws://user:p%40ss@example.com/": "ws://user:p%40ss@example.com/",
      "ws://example.com/%23": "ws://example.com/%23",
    };
    for (const [given, expected] of Object.entries(cases)) assert.equal(parseSocketUrl(given).href, expected);
  });

  test("what is no URL is a SyntaxError", () => {
    const wrong = ["ws://", "ws://foo bar.example/", "ws://example.com:65536/", "ws://[::1/", "ws://a%b/", "://"];
    for (const given of wrong) assert.throws(() => parseSocketUrl(given), domException("SyntaxError"), given);
  });

  test("other schemes are a SyntaxError", () => {
    const wrong = ["mailto:a@example.com", "about:blank", "ftp://example.com/", "file:///x", "data:,x", "ws+unix:/s:/"];
    for (const given of wrong) assert.throws(() => parseSocketUrl(given), domException("SyntaxError"), given);
  });

  test("a fragment is a SyntaxError, also an empty one", () => {
    for (const given of ["ws://example.com/#a", "ws://example.com/#", "http://example.com/?a#", "ws://example.com#"]) {
      assert.throws(() => parseSocketUrl(given), domException("SyntaxError"), given);
    }
  });

  test("a relative URL is a SyntaxError where there is no page", () => {
    for (const given of ["/chat", "chat", "", "//example.com/", "?a", "undefined"]) {
      assert.throws(() => parseSocketUrl(given), domException("SyntaxError"), given);
    }
  });

  test("a relative URL is resolved against the page's location, whose scheme it takes", () => {
    withLocation({ href: "https://example.com:8443/rooms/1?x#part" }, () => {
      const cases = {
        "/chat": "wss://example.com:8443/chat",
        "2": "wss://example.com:8443/rooms/2",
        "?y": "wss://example.com:8443/rooms/1?y",
        "": "wss://example.com:8443/rooms/1?x",
        "//other.example/": "wss://other.example/",
        "ws://other.example/": "ws://other.example/",
      };
      for (const [given, expected] of Object.entries(cases)) assert.equal(parseSocketUrl(given).href, expected);
      assert.throws(() => parseSocketUrl("#a"), domException("SyntaxError"));
    });
  });

  test("a page that nothing can be relative to, and something else of that name, are no base", () => {
    for (const location of [{ href: "about:blank" }, { href: "no URL" }, { href: 1 }, {}, null, "https://a.example/"]) {
      withLocation(location, () => {
        assert.throws(() => parseSocketUrl("/chat"), domException("SyntaxError"));
        assert.equal(parseSocketUrl("ws://example.com/").href, "ws://example.com/");
      });
    }
  });
});
