import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ClientUrl, parseClientUrl } from "../../../src/node/client/client-url.ts";

const NETWORK: ClientUrl = {
  href: "ws://example.com/",
  origin: "ws://example.com",
  secure: false,
  hostname: "example.com",
  port: 80,
  socketPath: undefined,
  target: "/",
  host: "example.com",
  authorization: undefined,
};

const SECURE: ClientUrl = {
  ...NETWORK,
  href: "wss://example.com/",
  origin: "wss://example.com",
  secure: true,
  port: 443,
};

const UNIX: ClientUrl = {
  href: "ws+unix:/run/a.sock:/",
  origin: "ws+unix:/run/a.sock",
  secure: false,
  hostname: "localhost",
  port: 80,
  socketPath: "/run/a.sock",
  target: "/",
  host: "localhost",
  authorization: undefined,
};

/** The parts of a URL on another port than its scheme's. */
function onPort(port: number, scheme = "ws"): Partial<ClientUrl> {
  const origin = `${scheme}://example.com:${port}`;
  return { href: `${origin}/`, origin, port, host: `example.com:${port}` };
}

describe("a client's URL over the network (RFC 6455 §3)", () => {
  const rows: readonly (readonly [url: string, expected: ClientUrl])[] = [
    ["ws://example.com", NETWORK],
    ["ws://example.com/", NETWORK],
    ["WS://EXAMPLE.com/", NETWORK],
    ["http://example.com/", NETWORK],
    ["wss://example.com/", SECURE],
    ["https://example.com/", SECURE],
    ["  ws://example.com/\n", NETWORK],
    ["ws://example.com:80/", NETWORK],
    ["http://example.com:80/", NETWORK],
    ["wss://example.com:443/", SECURE],
    ["https://example.com:443/", SECURE],
    ["ws://example.com:443/", { ...NETWORK, ...onPort(443) }],
    ["wss://example.com:80/", { ...SECURE, ...onPort(80, "wss") }],
    ["http://example.com:8080/", { ...NETWORK, ...onPort(8080) }],
    ["ws://example.com:65535/", { ...NETWORK, ...onPort(65_535) }],
    ["ws://example.com:/", NETWORK],
    ["ws://example.com//a", { ...NETWORK, href: "ws://example.com//a", target: "//a" }],
    ["ws://example.com/a/../b/./c", { ...NETWORK, href: "ws://example.com/b/c", target: "/b/c" }],
    ["ws://example.com?a=1&b=%20", { ...NETWORK, href: "ws://example.com/?a=1&b=%20", target: "/?a=1&b=%20" }],
    ["ws://example.com/?", { ...NETWORK }],
    [
      "ws://example.com/a b/é?ü x",
      {
        ...NETWORK,
        href: "ws://example.com/a%20b/%C3%A9?%C3%BC%20x",
        target: "/a%20b/%C3%A9?%C3%BC%20x",
      },
    ],
    ["ws://example.com/%23?%23", { ...NETWORK, href: "ws://example.com/%23?%23", target: "/%23?%23" }],
    [
      "ws://127.1/",
      {
        ...NETWORK,
        href: "ws://127.0.0.1/",
        origin: "ws://127.0.0.1",
        hostname: "127.0.0.1",
        host: "127.0.0.1",
      },
    ],
    [
      "ws://bücher.example/",
      {
        ...NETWORK,
        href: "ws://xn--bcher-kva.example/",
        origin: "ws://xn--bcher-kva.example",
        hostname: "xn--bcher-kva.example",
        host: "xn--bcher-kva.example",
      },
    ],
  ];
  for (const [url, expected] of rows) {
    test(`client reads ${JSON.stringify(url)}`, () => {
      assert.deepEqual(parseClientUrl(url), expected);
      assert.deepEqual(parseClientUrl(new URL(url)), expected);
    });
  }

  test("client has brackets around an IPv6 address in Host, not in the name that it dials", () => {
    const { href, origin, hostname, host, port } = parseClientUrl("ws://[0:0::1]:8080/a");
    assert.deepEqual([href, origin, host], ["ws://[::1]:8080/a", "ws://[::1]:8080", "[::1]:8080"]);
    assert.deepEqual([hostname, port], ["::1", 8080]);
    assert.equal(parseClientUrl("wss://[::1]/").host, "[::1]");
  });

  test("client's href is read to the same values again", () => {
    for (const [url, expected] of rows) assert.deepEqual(parseClientUrl(parseClientUrl(url).href), expected);
  });

  test("client sends a lone surrogate in path or query as U+FFFD", () => {
    assert.equal(parseClientUrl("ws://example.com/\ud800?\udfff").target, "/%EF%BF%BD?%EF%BF%BD");
  });

  test("client cannot be made to break a line by a path or a query", () => {
    const { target } = parseClientUrl("ws://example.com/a\r\nX: 1\u0000/\u010a?b\r\nY: 2\u0000\u7f00");
    assert.equal(target, "/aX:%201%00/%C4%8A?bY:%202%00%E7%BC%80");
  });

  test("client gives the URL object back unchanged, and does not see later changes", () => {
    const url = new URL("ws://u:p@example.com/a");
    const read = parseClientUrl(url);
    assert.equal(url.href, "ws://u:p@example.com/a");
    url.pathname = "/b";
    assert.equal(read.target, "/a");
  });
});

describe("user information in a client's URL (RFC 7617 §2)", () => {
  const rows: readonly (readonly [url: string, credentials: string | undefined])[] = [
    ["ws://example.com/", undefined],
    ["ws://@example.com/", undefined],
    ["ws://:@example.com/", undefined],
    ["ws://user@example.com/", "user:"],
    ["ws://user:@example.com/", "user:"],
    ["ws://:word@example.com/", ":word"],
    ["ws://user:word@example.com/", "user:word"],
    ["wss://user:word@example.com/", "user:word"],
    ["http://user:word@example.com/", "user:word"],
    ["ws://user:w:o:r:d@example.com/", "user:w:o:r:d"],
    ["ws://us%40er:w%2Fo%3Ard%25@example.com/", "us@er:w/o:rd%"],
    ["ws://ü:ñ@example.com/", "ü:ñ"],
    ["ws://%0d%0a:%00@example.com/", "\r\n:\u0000"],
  ];
  for (const [url, credentials] of rows) {
    test(`client reads the credentials of ${url}`, () => {
      const { authorization, href, origin, host } = parseClientUrl(url);
      const expected = credentials && `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`;
      assert.equal(authorization, expected);
      assert.match(href, /^wss?:\/\/example\.com\/$/);
      assert.deepEqual([host, `${origin}/`], ["example.com", href]);
    });
  }

  test("client throws a UsageError when the user name has a colon", () => {
    assert.throws(() => parseClientUrl("ws://us%3Aer:word@example.com/"), {
      code: "USAGE",
      message: "the URL's user name has a colon, which RFC 7617 does not allow",
    });
  });

  for (const [part, url] of [
    ["user name", "ws://100%:a@example.com/"],
    ["user name", "ws://%ff:a@example.com/"],
    ["password", "ws://a:100%@example.com/"],
    ["password", "ws://a:%c3@example.com/"],
  ] as const) {
    test(`client throws a UsageError when ${url} cannot be decoded`, () => {
      assert.throws(() => parseClientUrl(url), {
        code: "USAGE",
        message: `the URL's ${part} has a percent sign that begins no UTF-8; write it as %25`,
      });
    });
  }
});

describe("a client's URL to a Unix socket", () => {
  const rows: readonly (readonly [url: string, changes: Partial<ClientUrl>])[] = [
    ["ws+unix:/run/a.sock:/", {}],
    ["ws+unix:/run/a.sock", {}],
    ["WS+UNIX:/run/a.sock", {}],
    ["ws+unix:///run/a.sock:/", {}],
    ["ws+unix:/run/a.sock:/chat/a?b=1", { href: "ws+unix:/run/a.sock:/chat/a?b=1", target: "/chat/a?b=1" }],
    ["ws+unix:/run/a.sock?b=1", { href: "ws+unix:/run/a.sock:/?b=1", target: "/?b=1" }],
    ["ws+unix:/run/a.sock:/?b:c", { href: "ws+unix:/run/a.sock:/?b:c", target: "/?b:c" }],
    ["ws+unix:/run/a.sock:/b:c", { href: "ws+unix:/run/a.sock:/b:c", target: "/b:c" }],
    ["ws+unix:/run/a.sock:/b%20é", { href: "ws+unix:/run/a.sock:/b%20%C3%A9", target: "/b%20%C3%A9" }],
    [
      "ws+unix:run/a.sock:/c",
      {
        href: "ws+unix:run/a.sock:/c",
        origin: "ws+unix:run/a.sock",
        socketPath: "run/a.sock",
        target: "/c",
      },
    ],
    ["ws+unix:./a.sock", { href: "ws+unix:./a.sock:/", origin: "ws+unix:./a.sock", socketPath: "./a.sock" }],
    ["ws+unix:../a.sock:/", { href: "ws+unix:../a.sock:/", origin: "ws+unix:../a.sock", socketPath: "../a.sock" }],
    [
      "ws+unix:/run/a%3Ab%25%3F%23%20c:/d",
      {
        href: "ws+unix:/run/a%3Ab%25%3F%23%20c:/d",
        origin: "ws+unix:/run/a%3Ab%25%3F%23%20c",
        socketPath: "/run/a:b%?# c",
        target: "/d",
      },
    ],
    [
      "ws+unix:/run/ü:/",
      {
        href: "ws+unix:/run/%C3%BC:/",
        origin: "ws+unix:/run/%C3%BC",
        socketPath: "/run/ü",
      },
    ],
  ];
  for (const [url, changes] of rows) {
    test(`client reads ${url}`, () => {
      assert.deepEqual(parseClientUrl(url), { ...UNIX, ...changes });
      assert.deepEqual(parseClientUrl(new URL(url)), { ...UNIX, ...changes });
      assert.deepEqual(parseClientUrl(parseClientUrl(url).href), { ...UNIX, ...changes });
    });
  }

  const wrong: readonly (readonly [url: string, message: RegExp])[] = [
    ["ws+unix://run/a.sock", /^a ws\+unix: URL has no host; write ws\+unix:\/path\/of\/socket:\/path/],
    ["ws+unix://localhost/run/a.sock:/", /^a ws\+unix: URL has no host/],
    ["ws+unix://user@host/run/a.sock:/", /^a ws\+unix: URL has no host/],
    ["ws+unix:", /^the ws\+unix: URL names no socket; write/],
    ["ws+unix::/path", /^the ws\+unix: URL names no socket/],
    ["ws+unix:?a", /^the ws\+unix: URL names no socket/],
    ["ws+unix:/run/a.sock:path", /^what follows the colon of a ws\+unix: URL is the request's path; begin it with a/],
    ["ws+unix:/run/a.sock:", /^what follows the colon .*; begin it with a slash/],
    ["ws+unix:/run/a.sock:?a", /^what follows the colon .*; begin it with a slash/],
    ["ws+unix:/run/100%:/", /^the path of the ws\+unix: URL's socket has a percent sign that begins no UTF-8/],
    ["ws+unix:/run/%ff:/", /^the path of the ws\+unix: URL's socket has a percent sign/],
    ["ws+unix:/run/a.sock:/#a", /^the URL has a fragment/],
    ["ws+unix:/run/a.sock#", /^the URL has a fragment/],
  ];
  for (const [url, message] of wrong) {
    test(`client throws a UsageError for ${url}`, () => {
      assert.throws(() => parseClientUrl(url), { name: "UsageError", code: "USAGE", message });
    });
  }
});

describe("what is no URL of a WebSocket (RFC 6455 §3)", () => {
  for (const url of ["ws://example.com/#a", "ws://example.com#", "wss://example.com/?a#b", "http://example.com/a#"]) {
    test(`client throws a UsageError for the fragment of ${url}`, () => {
      const expected = { code: "USAGE", message: /^the URL has a fragment, .*; leave out # and what follows$/ };
      assert.throws(() => parseClientUrl(url), expected);
      assert.throws(() => parseClientUrl(new URL(url)), expected);
    });
  }

  for (const url of [
    "ftp://example.com/",
    "file:///a",
    "data:,a",
    "javascript:alert(1)",
    "ws+unixx:/a",
    "wss+unix:/a",
    "tcp://127.0.0.1:80",
    "localhost:8080/a",
    "blob:ws://example.com/a",
  ]) {
    test(`client throws a UsageError that names the scheme of ${url}`, () => {
      const scheme = url.slice(0, url.indexOf(":") + 1);
      const message = `the URL's scheme is ${scheme}; give a ws:, wss:, http:, https: or ws+unix: URL`;
      assert.throws(() => parseClientUrl(url), { code: "USAGE", message });
    });
  }

  for (const url of [
    "",
    " ",
    "/chat",
    "//example.com/chat",
    "example.com",
    "127.0.0.1:8080",
    "ws://",
    "ws:",
    "ws:///",
    "ws://example.com:65536/",
    "ws://example.com:80a/",
    "ws://exa mple.com/",
    "ws://[::1/",
    "ws://[fe80::1%25eth0]/",
    "ws://\ud800/",
    "ws://a\u0000b/",
    "ws://a%0d%0ab/",
  ]) {
    test(`client throws a UsageError for ${JSON.stringify(url)}, which cannot be parsed`, () => {
      const message = "the URL cannot be parsed; give an absolute one, such as ws://127.0.0.1:8080/chat";
      assert.throws(() => parseClientUrl(url), { code: "USAGE", message });
    });
  }

  for (const value of [undefined, null, 8080, true, {}, [], { href: "ws://example.com/" }, ["ws://a/"], Symbol("ws")]) {
    test(`client throws a UsageError for ${String(value)} of type ${typeof value}`, () => {
      // Callers without types give anything.
      const url: URL = Object.assign({ url: value }).url;
      const message = `the URL is of type ${value === null ? "null" : typeof value}; give a string or a URL`;
      assert.throws(() => parseClientUrl(url), { code: "USAGE", message });
    });
  }

  test("no error repeats a password", () => {
    for (const url of ["ws://user:secret@example.com/#a", "ftp://user:secret@example.com/", "ws://u%3a:secret@a/"]) {
      assert.throws(
        () => parseClientUrl(url),
        (error: Error) => !error.message.includes("secret") && error.cause === undefined,
      );
    }
  });
});
