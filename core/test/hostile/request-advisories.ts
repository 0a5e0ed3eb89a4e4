/** Advisories about what a handshake asks for, and for whom: methods, versions, targets, hosts and origins. */
import assert from "node:assert/strict";
import type * as http from "node:http";
import type { HandshakeRequest } from "../../src/node/index.ts";
import { handshakeText, RawClient } from "../node/server/raw-client.ts";
import type { Advisory, Attack, Outcome } from "./advisory.ts";
import { ACCEPTED, refused, request, startAttacked, stillServes, withHeader } from "./attacks-on-server.ts";

/** A request that is not finished by then is refused. */
const HURRIED = { handshakeTimeoutMs: 150 };
const HOST_INVALID = refused(400, "HOST_INVALID");

// ---- methods, versions and bodies

const CHAT = { path: "/chat", goodTarget: "/chat" } as const;

function methodsAndPaths(): Attack[] {
  const paths = [
    "/",
    "/chat/",
    "/chat/x",
    "/chat/..",
    "//chat",
    "/%63hat",
    "/CHAT",
    "/chat%00",
    "/chat;x",
    "/.",
    "/chat?x",
  ];
  const methods = ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND"];
  return [
    ...paths.map((target) =>
      request(
        `an upgrade at ${target}`,
        { target },
        target === "/chat?x" ? ACCEPTED : refused(404, "PATH_UNKNOWN"),
        CHAT,
      ),
    ),
    request("an upgrade at *", { target: "*" }, refused(400, "TARGET_INVALID"), CHAT),
    request("OPTIONS *", { method: "OPTIONS", target: "*" }, refused(400, "TARGET_INVALID"), CHAT),
    ...methods.map((method) => request(`${method} with Upgrade`, { method }, refused(405, "METHOD_NOT_GET"))),
    request("HTTP/1.0", { version: "1.0" }, refused(400, "HTTP_VERSION_TOO_LOW")),
    ...["0", "7", "9", "12", "14", "255"].map((version) =>
      request(`version ${version}`, withHeader("Sec-WebSocket-Version", version), refused(426, "VERSION_UNSUPPORTED")),
    ),
    ...["-1", "013", "256", "1e1", "13.0", "13, 8", "0x0d", "thirteen"].map((version) =>
      request(`version ${version}`, withHeader("Sec-WebSocket-Version", version), refused(400, "VERSION_INVALID")),
    ),
    request("version 8", withHeader("Sec-WebSocket-Version", "8"), ACCEPTED),
    request(
      "a body with a length",
      `${handshakeText(withHeader("Content-Length", "5"))}hello`,
      refused(400, "BODY_UNEXPECTED"),
    ),
    request(
      "a body in chunks",
      `${handshakeText(withHeader("Transfer-Encoding", "chunked"))}5\r\nhello\r\n0\r\n\r\n`,
      refused(400, "BODY_UNEXPECTED"),
    ),
    request("a length of 0", withHeader("Content-Length", "0"), ACCEPTED),
    request("Expect: 100-continue", withHeader("Expect", "100-continue"), ACCEPTED),
    request("another Expect", withHeader("Expect", "a miracle"), ACCEPTED),
    request(
      "Expect and a body",
      { headers: { Expect: "100-continue", "Content-Length": "5" } },
      refused(400, "BODY_UNEXPECTED"),
    ),
  ];
}

function hosts(): Attack[] {
  const bad = [
    ..." a b|a/b|a?b|a#b|a@b|user:password@a|a:b|a:65536|a:1:2|::1|[::1|[]|[::1]x|%|%zz|http://a|\\a".split("|"),
    "\u00e4",
  ].filter((host) => host.trim() !== "");
  return [
    ...bad.map((host) => request(`Host ${host.slice(0, 20)}`, withHeader("Host", host), HOST_INVALID)),
    request(
      "no Host, an absolute URI",
      { target: "http://a/", headers: { Host: undefined } },
      refused(400, "TARGET_INVALID"),
    ),
    request("Host with a blank behind the name", withHeader("Host", "example.com \t"), ACCEPTED),
    request("an absolute URI of the same host", { target: "http://example.com/" }, ACCEPTED),
    request("a Host of 10,000 letters", withHeader("Host", "a".repeat(10_000)), ACCEPTED),
  ];
}

/** Absolute URIs and doubled slashes name no other host, and no path is served that a plain request would not get. */
function targets(): Attack[] {
  const targetInvalid = refused(400, "TARGET_INVALID");
  const unknown = refused(404, "PATH_UNKNOWN");
  const rows: readonly (readonly [target: string, must: Outcome])[] = [
    ["http://evil.test/chat", targetInvalid],
    ["http://evil.test:80/chat", targetInvalid],
    ["http://example.com@evil.test/chat", targetInvalid],
    ["http://example.com:80/chat", targetInvalid],
    ["ws://example.com/chat", targetInvalid],
    ["ftp://example.com/chat", targetInvalid],
    ["http:///chat", targetInvalid],
    ["http://example.com//chat", unknown],
    ["http://example.com/chat", ACCEPTED],
    ["HTTP://EXAMPLE.COM/chat", ACCEPTED],
    ["//evil.test/chat", unknown],
    ["///chat", unknown],
    ["/\\evil.test/chat", unknown],
    ["/chat/../../chat", unknown],
  ];
  return rows.map(([target, must]) => request(`the target ${target}`, { target }, must, CHAT));
}

/** A check of the application's sees the same path for an upgrade as for a plain request. */
const samePath: Attack = {
  sent: "the same targets as upgrades and as plain requests",
  must: {},
  async carryOut(t) {
    const plain: string[] = [];
    const upgrades: string[] = [];
    const { server } = await startAttacked(t, {
      upgrade: ({ url }: HandshakeRequest) => void upgrades.push(url),
      request: (incoming: http.IncomingMessage, response: http.ServerResponse) => {
        plain.push(incoming.url ?? "");
        response.end();
      },
    });
    const asked = ["/admin/../chat", "//evil.test/chat", "/%2e%2e/chat", "/chat;a=b", "/a//b", "/chat?x=/../y"];
    for (const target of asked) {
      for (const headers of [{}, { Upgrade: undefined, Connection: "close" }]) {
        const client = await RawClient.connect(server.url);
        await client.write(handshakeText({ target, headers })).head();
        client.socket.destroy();
      }
    }
    assert.deepEqual(upgrades, asked);
    assert.deepEqual(plain, asked);
    await stillServes(server.url);
    return {};
  },
};

// ---- origins

function origins(): Attack[] {
  const forbidden = refused(403, "ORIGIN_REFUSED");
  const invalid = refused(400, "ORIGIN_INVALID");
  const sameOrigin: readonly (readonly [origin: string | undefined, must: Outcome])[] = [
    [undefined, ACCEPTED],
    ["http://example.com", ACCEPTED],
    ["HTTP://EXAMPLE.COM", ACCEPTED],
    ["http://example.com:80", ACCEPTED],
    ["", invalid],
    ["null", forbidden],
    ["http://example.com.evil.test", forbidden],
    ["http://evil-example.com", forbidden],
    ["http://sub.example.com", forbidden],
    ["http://com", forbidden],
    ["http://example.com:8080", forbidden],
    ["http://example.com@evil.test", forbidden],
    ["http://evil.test/http://example.com", forbidden],
    ["http://example.com, http://evil.test", forbidden],
    ["http://ex\u00e4mple.com", forbidden],
    ["http://xn--exmple-cua.com", forbidden],
    ["file://", forbidden],
  ];
  const listed: readonly (readonly [origin: string, must: Outcome])[] = [
    ["https://b\u00fccher.example", ACCEPTED],
    ["https://xn--bcher-kva.example", ACCEPTED],
    ["https://XN--BCHER-KVA.example:443", ACCEPTED],
    ["http://xn--bcher-kva.example", forbidden],
    ["https://xn--bcher-kva.example:444", forbidden],
    ["https://bucher.example", forbidden],
    ["https://xn--bcher-kva.example.evil.test", forbidden],
    ["http://example.com", forbidden],
    ["null", forbidden],
  ];
  const policy = { origins: ["https://b\u00fccher.example"] };
  return [
    ...sameOrigin.map(([origin, must]) => request(`Origin ${String(origin)}`, withHeader("Origin", origin), must)),
    ...listed.map(([origin, must]) =>
      request(`Origin ${origin}, where one is listed`, withHeader("Origin", origin), must, policy),
    ),
    request(
      "Sec-WebSocket-Origin for version 8",
      { headers: { "Sec-WebSocket-Version": "8", "Sec-WebSocket-Origin": "http://evil.test" } },
      forbidden,
    ),
    request(
      "an allowed Origin beside a forbidden Sec-WebSocket-Origin for version 8",
      {
        headers: {
          "Sec-WebSocket-Version": "8",
          Origin: "http://example.com",
          "Sec-WebSocket-Origin": "http://evil.test",
        },
      },
      forbidden,
    ),
  ];
}

// ---- the table

export const REQUEST_ADVISORIES: readonly Advisory[] = [
  {
    ids: "CVE-2026-61666, CVE-2026-54465",
    cause: "a malformed Host ended the process",
    attacks: hosts(),
  },
  {
    ids: "recalled CVE-2020-7693",
    cause: "an upgrade where none was expected ended the process",
    attacks: methodsAndPaths(),
  },
  {
    ids: "recalled CVE-2025-24010, CVE-2018-14732",
    cause: "any web page could connect",
    attacks: origins(),
  },
  {
    ids: "GHSA-c4j6-fc7j-m34r",
    cause: "upgrades passed by the checks that plain requests get",
    attacks: [...targets(), samePath],
  },
  {
    ids: "CVE-2023-43669; CVE-2026-54465, memory",
    cause: "a handshake may be as long, and take as long, as its sender likes",
    attacks: [
      request("a header of 20,000 bytes", withHeader("X-Long", "a".repeat(20_000)), { status: 431 }),
      request("a header's name of 20,000 bytes", withHeader("a".repeat(20_000), "x"), { status: 431 }),
      request("a target of 20,000 bytes", { target: `/${"a".repeat(20_000)}` }, { status: 431 }),
      request("2,000 headers of 16 bytes", { headers: manyHeaders(2_000) }, { status: 431 }),
      request("half a request line", "GET / HT", { status: 408 }, HURRIED),
      request("a handshake without its last line", handshakeText().slice(0, -2), { status: 408 }, HURRIED),
    ],
  },
  {
    ids: "CVE-2026-54466 (GHSA-xv26-6w52-cph6)",
    cause: "lengths of the drafts 75 and 76 overflow; they are not served",
    attacks: [
      request(
        "a handshake of draft 75",
        "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n",
        refused(400, "VERSION_INVALID"),
      ),
      request(
        "a handshake of draft 76",
        {
          headers: {
            "Sec-WebSocket-Key": undefined,
            "Sec-WebSocket-Version": undefined,
            "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5",
            "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00",
          },
        },
        refused(400, "VERSION_INVALID"),
      ),
    ],
  },
];

function manyHeaders(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-${1_000 + index}`, "0123456789"]));
}
