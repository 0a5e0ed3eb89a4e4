/** Requests for what no server has: hosts, URLs, methods, versions and bodies. */
import { askAll, isAccepted } from "../wire/questions.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../wire/questions.js").Row} Row */

const BAD_HOSTS = [
  ...["", " ", ",", "a b", "a/b", "a?b", "a#b", "a@b", "user:password@a", "a:b", "a:65536", "a:-1", "a:1:2", ":80"],
  ...[
    "::1",
    "[::1",
    "[]",
    "[::1]x",
    "[::1]:",
    "[v1.x]",
    "%",
    "%zz",
    "%00",
    "http://a",
    "\\a",
    "ä",
    "\u007f",
    "\t",
    "a,b",
  ],
  ...["__proto__", "constructor", "a".repeat(10_000), ".".repeat(10_000), ":".repeat(5_000), "[".repeat(5_000)],
];

/** @type {Attack} */
export const malformedHosts = {
  name: "malformed Host headers, or :authority",
  sources: ["CVE-2026-61666"],
  ...{ over: ["1.1", "2.0"], connections: 20 },
  run(context) {
    /** @type {Row[]} */
    const rows = BAD_HOSTS.map((host) => ({ what: `Host ${host.slice(0, 20)}`, headers: { Host: host } }));
    rows.push({ what: "no Host", headers: { Host: undefined } });
    if (context.target.version === "1.1") rows.push({ what: "Host twice", headers: { Host: ["a", "b"] } });
    return askAll(context, rows);
  },
};

const TARGETS = [
  ...[
    "http://evil.test/",
    "http://evil.test:80/",
    "http://localhost@evil.test/",
    "ws://evil.test/",
    "ftp://evil.test/",
  ],
  ...[
    "http:///",
    "http://",
    "http:",
    "//evil.test/",
    "///",
    "/\\evil.test/",
    "\\\\evil.test",
    "*",
    "",
    "?",
    "#",
    "evil.test:443",
  ],
  ...[
    "/%",
    "/%zz",
    "/%00",
    "/%2e%2e/",
    "/../..",
    "/.",
    "/;x",
    "/?",
    "/?%",
    "/?=&=&",
    "/#x",
    "/ä",
    "/\u0001",
    "/[",
    "/{}",
  ],
  ...["/__proto__", "/constructor", `/${"a".repeat(8_000)}`, `/?${"a=b&".repeat(2_000)}`, `/${"/".repeat(8_000)}`],
];

/** @type {Attack} */
export const foreignTargets = {
  name: "request targets that name another host, or nothing",
  sources: ["GHSA-c4j6-fc7j-m34r", "CVE-2026-61666"],
  ...{ over: ["1.1", "2.0"], connections: 20 },
  run: (context) =>
    askAll(
      context,
      TARGETS.map((path) => ({ what: `target ${path.slice(0, 20)}`, path })),
    ),
};

const METHODS = ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "CONNECT", "get", "GETT"];
const EXPECTATION = { Expect: "100-continue" };

/** @type {Attack} */
export const strangeUpgrades = {
  name: "upgrades with every method, version and path, with bodies and with Expect",
  sources: ["CVE-2020-7693", "CVE-2026-59725"],
  ...{ over: ["1.1"], connections: 20 },
  run(context) {
    /** RFC 6455 §4.2.1: GET, of HTTP/1.1 or higher @type {Row[]} */
    const rows = METHODS.map((method) => ({ what: method, method, isWrong: isAccepted }));
    for (const method of METHODS)
      for (const path of ["/no/such/path", "*", "//"]) rows.push({ what: `${method} ${path}`, method, path });
    for (const httpVersion of ["1.0", "0.9"])
      rows.push({ what: `HTTP/${httpVersion}`, httpVersion, isWrong: isAccepted });
    for (const httpVersion of ["2.0", "1.2", "9.9", "x", ""]) rows.push({ what: `HTTP/${httpVersion}`, httpVersion });
    for (const method of ["GET", "POST"])
      rows.push(
        { what: `${method}, Expect`, method, headers: EXPECTATION },
        { what: `${method}, another Expect`, method, headers: { Expect: "a miracle" } },
        {
          what: `${method}, Expect and a body`,
          method,
          headers: { ...EXPECTATION, "Content-Length": "5" },
          tail: "hello",
        },
        { what: `${method}, a body`, method, headers: { "Content-Length": "5" }, tail: "hello" },
        {
          what: `${method}, a chunked body`,
          method,
          headers: { "Transfer-Encoding": "chunked" },
          tail: "5\r\nhello\r\n0\r\n\r\n",
        },
        {
          what: `${method}, a body twice`,
          method,
          headers: { "Content-Length": "5", "Transfer-Encoding": "chunked" },
          tail: "0\r\n\r\n",
        },
        { what: `${method}, a body too long`, method, headers: { "Content-Length": "9".repeat(30) } },
        { what: `${method}, behind it another request`, method, tail: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
      );
    for (const upgrade of ["", "h2c", "websocket, h2c", "WebSocket/13", "websocket websocket", "constructor"])
      rows.push({ what: `Upgrade: ${upgrade}`, headers: { Upgrade: upgrade } });
    for (const connection of ["", "close", "keep-alive", "Upgrade, close", "constructor", ","])
      rows.push({ what: `Connection: ${connection}`, headers: { Connection: connection } });
    return askAll(context, rows);
  },
};
