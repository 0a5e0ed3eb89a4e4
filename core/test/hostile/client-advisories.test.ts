import { connect, WebSocketError } from "../../src/node/index.ts";
import { RawServer, redirect, responseText, switching } from "../node/client/raw-server.ts";
import { BINARY, frame, PING, TEXT, text } from "../node/connection/frames.ts";
import { type Attack, type Outcome, testAdvisories } from "./advisory.ts";
import {
  announce,
  answers,
  type Circumstances,
  flood,
  frames,
  type Script,
  serves,
  stillConnects,
  switches,
} from "./client-attacks.ts";
import { CLIENT_DEFLATE_ADVISORIES } from "./client-deflate-advisories.ts";
import { callsOf, SHOWN, type StrangeCall, thrownBy, withSecrets } from "./strange-calls.ts";

const CONTINUATION = 0;
/** As a server sends it. */
const UNMASKED = { mask: null } as const;
const UNFINISHED = { mask: null, fin: false } as const;

// ---- forms of attack

/** What an application calls on a client's connection; what it sends is read from the wire, unmasked. */
function calls(sent: string, strange: readonly StrangeCall[], must: Outcome): Attack {
  const carryOut: Attack["carryOut"] = async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const connection = await connect(server.url(), { heartbeat: false });
    const thrown = thrownBy(strange, connection);
    connection.send("end");
    const wire: string[] = [];
    for (const [peer] = server.peers; peer !== undefined; ) {
      const { opcode, payload, masked } = await peer.frame();
      if (!masked) throw new Error("a frame is not masked");
      if (opcode === TEXT && payload.toString() === "end") break;
      wire.push(`${opcode} ${payload.toString("hex")}`);
    }
    connection.terminate();
    await stillConnects();
    return { ...thrown, wire: [...new Set(wire)].join(", ") };
  };
  return { sent, must, carryOut };
}

/** What an application dials with; it must throw before anything is dialed. */
function dialsWith(sent: string, options: Parameters<typeof connect>[1], must: Outcome = { thrown: "USAGE" }): Attack {
  const carryOut: Attack["carryOut"] = async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const thrown = await connect(server.url(), options).then(
      (connection) => connection.terminate(),
      (error: unknown) => error,
    );
    if (server.peers.length > 0) throw new Error("it was dialed");
    await stillConnects();
    return thrown instanceof WebSocketError ? { thrown: thrown.code } : {};
  };
  return { sent, must, carryOut };
}

// ---- what they are made of

const OBJECT_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

const memory = withSecrets(new ArrayBuffer(32));
/** The eight bytes, in several types. */
const VIEWS: readonly unknown[] = [
  new Uint8Array(memory, 8, 8),
  new Float32Array(memory, 8, 2),
  new Float64Array(memory, 8, 1),
  new BigInt64Array(memory, 8, 1),
  new DataView(memory, 8, 8),
  memory.slice(8, 16),
  shared(),
];
const NUMBERS: readonly unknown[] = [
  0,
  1,
  125,
  -1,
  1.5,
  1e9,
  2 ** 53,
  Number.NaN,
  10n,
  null,
  true,
  {},
  [1, 2],
  { length: 9 },
];

function shared(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(8);
  new Uint8Array(buffer).set(SHOWN);
  return buffer;
}

const CALLS: readonly (readonly [name: "send" | "ping" | "pong", opcode: number])[] = [
  ["send", BINARY],
  ["ping", PING],
  ["pong", 10],
];

function many(count: number, bytes: Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

const TOO_BIG: Outcome = { closeCode: 1009, error: "MESSAGE_TOO_BIG" };
const TOO_LARGE: Outcome = { closeCode: 1009, error: "LENGTH_TOO_LARGE" };
const TOO_MANY: Outcome = { closeCode: 1008, error: "TOO_MANY_FRAGMENTS" };
const RSV: Outcome = { closeCode: 1002, error: "RSV_UNEXPECTED" };
const LATE: Outcome = { closeCode: 1008, error: "MESSAGE_TIMEOUT" };
const INVALID: Outcome = { status: 0, error: "RESPONSE_INVALID" };
const SWITCHED_OFF: Circumstances = { limits: { maxMessageBytes: Number.POSITIVE_INFINITY } };
const SOON: Circumstances = { limits: { messageTimeoutMs: 50 } };
const FOLLOW: Circumstances = { followRedirects: true };

testAdvisories([
  ...CLIENT_DEFLATE_ADVISORIES,
  {
    ids: "CVE-2016-10518 (GHSA-2mhh-w6q8-5hxw)",
    cause: "ping(number) sent so many bytes of raw memory",
    attacks: CALLS.map(([name]) =>
      calls(`${name} of numbers and of what is no data`, callsOf(name, NUMBERS), { thrown: "USAGE", wire: "" }),
    ),
  },
  {
    ids: "CVE-2026-45736 (GHSA-58qx-3vcg-4xpx)",
    cause: "close(code, Float32Array) sent memory that was never written",
    attacks: [
      calls("close with a reason of each type of bytes", callsOf("close", VIEWS), { thrown: "USAGE", wire: "" }),
      ...CALLS.map(([name, opcode]) =>
        calls(`${name} of each type of bytes`, callsOf(name, VIEWS), {
          wire: `${opcode} ${Buffer.from(SHOWN).toString("hex")}`,
        }),
      ),
    ],
  },
  {
    ids: "CVE-2016-10542 (NSP-120)",
    cause: "no cap on messages, so that a huge one ends the process",
    attacks: [
      ...frames("the header of 1 MiB and a byte", announce((1n << 20n) + 1n), TOO_BIG),
      ...frames("the header of 2^31 bytes", announce(1n << 31n), TOO_BIG),
      ...frames("the header of 2^53 - 1 bytes", announce((1n << 53n) - 1n), TOO_BIG),
      ...frames("2^31 bytes, limits switched off", announce(1n << 31n), LATE, {
        limits: { maxMessageBytes: Number.POSITIVE_INFINITY, messageTimeoutMs: 50 },
      }),
    ],
  },
  {
    ids: "CVE-2026-1528; recalled CVE-2020-27813; CVE-2023-43669",
    cause: "a 64-bit length overflows",
    attacks: [
      ...frames("2^53 bytes", announce(1n << 53n), TOO_LARGE),
      ...frames("2^53 bytes, limits switched off", announce(1n << 53n), TOO_LARGE, SWITCHED_OFF),
      ...frames("2^63 bytes", announce(1n << 63n), TOO_LARGE),
      ...frames("all 64 bits set", announce((1n << 64n) - 1n), TOO_LARGE, SWITCHED_OFF),
      ...frames("the highest bit and a small rest", announce((1n << 63n) + 5n), TOO_LARGE),
      ...frames("bit 32 and a small rest", announce((1n << 32n) + 5n), TOO_BIG),
    ],
  },
  {
    ids: "undici b4c287b",
    cause: "the limit is checked for each frame, not for the message",
    attacks: [
      ...frames(
        "two fragments of 600 KB",
        twice(frame(BINARY, Buffer.alloc(600_000), UNFINISHED), frame(CONTINUATION, Buffer.alloc(600_000), UNFINISHED)),
        TOO_BIG,
      ),
      ...frames(
        "2,000 fragments of 600 bytes",
        Buffer.concat([text("", UNFINISHED), many(2_000, frame(CONTINUATION, "x".repeat(600), UNFINISHED))]),
        TOO_BIG,
      ),
    ],
  },
  {
    ids: "CVE-2026-12151 (GHSA-vxpw-j846-p89q)",
    cause: "empty continuation frames without end",
    attacks: [
      ...frames(
        "20,000 empty fragments",
        Buffer.concat([text("", UNFINISHED), many(20_000, frame(CONTINUATION, "", UNFINISHED))]),
        TOO_MANY,
      ),
      ...frames(
        "the same with pings between them",
        Buffer.concat([
          text("", UNFINISHED),
          many(17_000, Buffer.concat([frame(CONTINUATION, "", UNFINISHED), frame(10, "", UNMASKED)])),
        ]),
        TOO_MANY,
      ),
    ],
  },
  {
    ids: "CVE-2026-48779 (GHSA-96hv-2xvq-fx4p); ws#2331, a2f4e7c",
    cause: "tiny fragments cost far more than their bytes, and a message may take for ever",
    attacks: [
      ...frames(
        "20,000 fragments of a byte",
        Buffer.concat([text("a", UNFINISHED), many(20_000, frame(CONTINUATION, "a", UNFINISHED))]),
        TOO_MANY,
      ),
      ...frames("a fragment, and no other", text("a", UNFINISHED), LATE, SOON),
      ...frames("a frame's header, and no payload", announce(1n << 19n), LATE, SOON),
    ],
  },
  {
    ids: "ws 8.23.0 (maxPendingAutoPongs)",
    cause: "pongs for a peer that does not read were queued without end",
    attacks: [
      serves(
        "pings without end from a server that does not read",
        async (peer) => {
          await peer.accept();
          peer.socket.pause();
          const pings = many(500, frame(PING, Buffer.alloc(125, "p"), UNMASKED));
          await flood(peer, pings);
        },
        { error: "TOO_MANY_PENDING_PONGS" },
        { closeTimeoutMs: 100 },
      ),
    ],
  },
  {
    ids: "CVE-2026-59725; recalled CVE-2022-21676, CVE-2022-41940",
    cause: "an error that comes before anybody listens, or a frame with reserved bits, ends the process",
    attacks: [
      ...[1, 2, 3, 4, 5, 6, 7].flatMap((rsv) =>
        frames(`a text with the RSV bits ${rsv}`, frame(TEXT, "a", { mask: null, rsv }), RSV),
      ),
      ...frames("a wrong opcode", frame(5, "", UNMASKED), { closeCode: 1002, error: "OPCODE_RESERVED" }),
      ...frames("text that is not UTF-8", frame(TEXT, Buffer.from([0xc0, 0x80]), UNMASKED), {
        closeCode: 1007,
        error: "BAD_UTF8",
      }),
    ],
  },
  {
    ids: "recalled NSP-550, GHSA-5v72-xg48-5rpm",
    cause: "names of Object.prototype were taken for extensions that are known",
    attacks: [
      ...OBJECT_NAMES.flatMap((name) => [
        switches(`the extension ${name}`, { "Sec-WebSocket-Extensions": name }, "EXTENSION_NOT_OFFERED"),
        switches(`the subprotocol ${name}`, { "Sec-WebSocket-Protocol": name }, "SUBPROTOCOL_NOT_OFFERED"),
        switches(
          `the subprotocol ${name}, another being offered`,
          { "Sec-WebSocket-Protocol": name },
          "SUBPROTOCOL_NOT_OFFERED",
          {
            subprotocols: ["chat"],
          },
        ),
        switches(`the subprotocol ${name}, which was offered`, { "Sec-WebSocket-Protocol": name }, undefined, {
          subprotocols: ["chat", name],
        }),
      ]),
      switches(
        "headers of such names",
        Object.fromEntries(OBJECT_NAMES.slice(1).map((name) => [name, "1"])),
        undefined,
      ),
      serves(
        "a refusal with headers of such names",
        answers(`HTTP/1.1 403 a\r\n${OBJECT_NAMES.map((name) => `${name}: 1\r\n`).join("")}Content-Length: 0\r\n\r\n`),
        { status: 403, error: "STATUS_NOT_101" },
      ),
    ],
  },
  {
    ids: "CVE-2020-7662 (GHSA-g78m-2chm-r7qv); CVE-2021-32640",
    cause: "a header that takes a parser quadratic time or more (how many steps are taken is tested in the engine)",
    attacks: [
      switches(
        "an unclosed quote of 14,000 backslashes",
        { "Sec-WebSocket-Extensions": `a; b="${"\\c".repeat(7_000)}` },
        "EXTENSIONS_INVALID",
      ),
      switches(
        "14,000 blanks in an extension",
        { "Sec-WebSocket-Extensions": `a${" ".repeat(14_000)}b` },
        "EXTENSIONS_INVALID",
      ),
      switches(
        "14,000 commas for extensions",
        { "Sec-WebSocket-Extensions": ",".repeat(14_000) },
        "EXTENSIONS_INVALID",
      ),
      switches("7,000 extensions", { "Sec-WebSocket-Extensions": "a,".repeat(7_000) }, "EXTENSION_NOT_OFFERED"),
      switches(
        "14,000 blanks in a subprotocol",
        { "Sec-WebSocket-Protocol": `a${" ".repeat(14_000)}b` },
        "SUBPROTOCOL_INVALID",
      ),
      switches("7,000 subprotocols", { "Sec-WebSocket-Protocol": "a,".repeat(7_000) }, "SUBPROTOCOL_INVALID"),
      switches(
        "14,000 blanks and tabs in Connection",
        { Connection: `a${" \t".repeat(7_000)}Upgrade` },
        "CONNECTION_INVALID",
      ),
      switches(
        "7,000 elements before Upgrade in Connection",
        { Connection: `${"a,".repeat(7_000)}Upgrade` },
        undefined,
      ),
    ],
  },
  {
    ids: "CVE-2024-37890; CVE-2023-43669",
    cause: "more headers than Node keeps, or a handshake that is long, ended or stopped the process",
    attacks: [
      serves(
        "3,000 headers before those that count",
        answers(({ key }) => switching(key).replace("\r\n", `\r\n${"a:b\r\n".repeat(3_000)}`)),
        { status: 101, error: "UPGRADE_INVALID" },
      ),
      serves(
        "3,000 headers in a refusal",
        answers(`HTTP/1.1 403 a\r\nContent-Length: 0\r\n${"a:b\r\n".repeat(3_000)}\r\n`),
        { status: 403, error: "STATUS_NOT_101" },
      ),
      serves("20,000 headers", answers(`HTTP/1.1 101 a\r\n${"a:b\r\n".repeat(20_000)}\r\n`), INVALID),
      serves("a header of 1 MB", answers(responseText(101, { "X-A": "a".repeat(1_000_000) })), INVALID),
      serves(
        "a header that never ends",
        answers("HTTP/1.1 101 a\r\nX-A: a"),
        { status: 0, error: "HANDSHAKE_TIMEOUT" },
        {
          handshakeTimeoutMs: 100,
        },
      ),
      ...["Upgrade", "Connection", "Sec-WebSocket-Accept"].map((name) =>
        serves(
          `no ${name}`,
          answers(({ key }) => switching(key).replace(new RegExp(`${name}:.*\r\n`), "")),
          { status: 101, error: missing(name) },
        ),
      ),
      ...["Upgrade", "Sec-WebSocket-Accept"].map((name) =>
        serves(
          `${name} twice, the second time empty`,
          answers(({ key }) => switching(key).replace("\r\n\r\n", `\r\n${name}:\r\n\r\n`)),
          { status: 101, error: missing(name) },
        ),
      ),
      // Connection is a list, in which an empty element means nothing
      switches("Connection twice, the second time empty", { "X-A": "1\r\nConnection:" }, undefined),
    ],
  },
  {
    ids: "CVE-2026-1527 (GHSA-4992-7rv2-5pvq)",
    cause: "a value of the application's could end a line of the handshake",
    attacks: ["\r\nX-Evil: 1", "\nX-Evil: 1", "\r", "\0", "\u010d\u010aX-Evil: 1"].flatMap((evil) => [
      dialsWith(`${JSON.stringify(evil)} in a header`, { headers: { "X-A": `a${evil}` } }),
      dialsWith(`${JSON.stringify(evil)} in a header's name`, { headers: { [`a${evil}`]: "1" } }),
      dialsWith(`${JSON.stringify(evil)} in Host`, { headers: { host: `a${evil}` } }),
      dialsWith(`${JSON.stringify(evil)} in a subprotocol`, { subprotocols: [`a${evil}`] }),
      dialsWith(`${JSON.stringify(evil)} in the origin`, { origin: `http://a${evil}` }),
      dialsWith(`${JSON.stringify(evil)} in Upgrade, which is not the application's`, {
        headers: { Upgrade: `a${evil}` },
      }),
    ]),
  },
  {
    ids: "GHSA-c4j6-fc7j-m34r",
    cause: "a URL that somebody else wrote led to where it may not",
    attacks: [
      serves(
        "a redirect to a Unix socket",
        answers(redirect("ws+unix:/run/docker.sock:/")),
        { status: 302, error: "REDIRECT_INVALID" },
        FOLLOW,
      ),
      serves(
        "a redirect to a file",
        answers(redirect("file:///etc/passwd")),
        { status: 302, error: "REDIRECT_INVALID" },
        FOLLOW,
      ),
      serves(
        "a redirect to a host that breaks Host",
        answers(redirect('ws://a"b/')),
        { status: 302, error: "REDIRECT_INVALID" },
        FOLLOW,
      ),
      serves("a redirect that nobody asked to follow", answers(redirect("ws://127.0.0.1:1/")), {
        status: 302,
        error: "STATUS_NOT_101",
      }),
      serves("a redirect with lines in its Location", linesInLocation(), { error: "CONNECT_FAILED" }, FOLLOW),
    ],
  },
]);

function twice(first: Uint8Array, second: Uint8Array): Buffer {
  return Buffer.concat([first, second]);
}

function missing(name: string): string {
  if (name === "Upgrade") return "UPGRADE_INVALID";
  return name === "Connection" ? "CONNECTION_INVALID" : "ACCEPT_MISMATCH";
}

/** Redirects to a path with encoded line ends, and fails where they become lines. */
function linesInLocation(): Script {
  return async (peer) => {
    const { line, fields } = await peer.request();
    if (line.startsWith("GET / ")) {
      peer.write(redirect("/a%0d%0aX-Evil:%201%0d%0a?b%0d%0aX-Evil:%201"));
      return;
    }
    // Ending without an answer is the outcome that the row names
    if (fields.some(([name]) => /evil/i.test(name))) peer.write(responseText(500));
    peer.end();
  };
}

/*
 * Advisories that could hit a client and have no row above, and why.
 *
 * Elsewhere: "small views that keep large buffers" (ws 8.23.0), memory of a million pings and fragments, and bodies
 * without end are measured in client-peers.test.ts.
 *
 * In client-deflate-peers.ts, where memory is measured:
 *   recalled CVE-2016-10544, CVE-2026-1526, recalled CVE-2018-1000518    bombs
 *
 * In server-deflate-peers.ts, which tests what both ends inflate and deflate with:
 *   CVE-2026-29035                             inflated bytes were written out of bounds
 *
 * Never applicable to a client.
 *   recalled CVE-2025-24010, CVE-2018-14732    servers that do not look at Origin
 *   CVE-2026-61666, CVE-2026-54465             a malformed Host, which servers read
 *   CVE-2026-54466                             the drafts 75 and 76 are not spoken
 */
