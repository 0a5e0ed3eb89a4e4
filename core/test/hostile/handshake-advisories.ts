/** Advisories about the headers of opening handshakes: what a server answers. */
import assert from "node:assert/strict";
import type { HandshakeErrorCode } from "../../src/engine/errors.ts";
import { HandshakeError } from "../../src/engine/errors.ts";
import { HeaderFields } from "../../src/engine/handshake/header-grammar.ts";
import { readRequest } from "../../src/engine/handshake/request.ts";
import { ADVERSARIAL_TEXTS, countSteps, GROWING_LENGTHS } from "../engine/handshake/count-steps.ts";
import { handshakeText, RawClient, statusOf } from "../node/server/raw-client.ts";
import type { Advisory, Attack } from "./advisory.ts";
import {
  ACCEPTED,
  answerTo,
  refused,
  request,
  startAttacked,
  stillServes,
  withHeader,
  withLines,
} from "./attacks-on-server.ts";

/** Names that an object has which was made for nothing but to look names up in it. */
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"] as const;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

// ---- names that every object has

function inheritedNames(): Attack[] {
  return INHERITED.flatMap((name) => [
    request(`the extension ${name}`, withHeader("Sec-WebSocket-Extensions", name), ACCEPTED),
    request(
      `${name} as an extension, a parameter and its value`,
      withHeader("Sec-WebSocket-Extensions", `${name}; ${name}; ${name}=${name}; ${name}="${name}", ${name}`),
      ACCEPTED,
    ),
    request(`the subprotocol ${name}`, withHeader("Sec-WebSocket-Protocol", name), ACCEPTED, {
      subprotocols: ["chat"],
    }),
    request(`a header ${name}`, withLines(`${name}: x`), ACCEPTED),
    request(`a path /${name}`, { target: `/${name}` }, refused(404, "PATH_UNKNOWN"), {
      routes: { "/": { message: (connection, message) => void connection.send(message) } },
    }),
    request(
      `cookies and a query with ${name}`,
      { target: `/?${name}=evil&${name}[x]=evil`, headers: { Cookie: `a=b; ${name}=evil; c=d` } },
      ACCEPTED,
      { goodTarget: `/?${name}=evil`, upgrade: ({ cookies, query }) => checkInherited(name, cookies, query) },
    ),
  ]);
}

/** The names mean what was sent, and nothing where nothing was sent. */
function checkInherited(name: string, cookies: ReadonlyMap<string, string>, query: URLSearchParams): void {
  assert.equal(query.get(name), "evil");
  if (cookies.size > 0) assert.equal(cookies.get(name), "evil");
  for (const other of INHERITED) if (other !== name) assert.equal(cookies.get(other) ?? query.get(other), null);
}

// ---- texts that made readers slow

const LIST_HEADERS = [
  "Sec-WebSocket-Extensions",
  "Sec-WebSocket-Protocol",
  "Connection",
  "Upgrade",
  "Origin",
  "Host",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
] as const;

const GOOD_FIELDS: Readonly<Record<string, string>> = {
  Host: "example.com",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": KEY,
  "Sec-WebSocket-Version": "13",
};

/** Most steps that a server takes for each character of a request with this text in this header. */
function stepsPerCharacter(name: string, make: (length: number) => string): number {
  const each = GROWING_LENGTHS.map((length) => {
    const text = make(length);
    const headers = HeaderFields.fromRaw(Object.entries({ ...GOOD_FIELDS, [name]: text }).flat());
    const steps = countSteps(() => {
      try {
        readRequest({ method: "GET", httpVersion: "1.1", headers });
      } catch (error) {
        if (!(error instanceof HandshakeError)) throw error;
      }
    });
    return steps / text.length;
  });
  return Math.max(...each);
}

/** The texts in one header, read by the engine for their steps and sent to a server at the length that Node allows. */
function slowTexts(name: string, mostSteps: number): Attack {
  return {
    sent: `${name} of up to 64,000 characters that made readers slow, steps for each`,
    must: { costs: mostSteps },
    async carryOut(t) {
      const { server } = await startAttacked(t);
      for (const [what, make] of ADVERSARIAL_TEXTS) {
        const client = await RawClient.connect(server.url);
        client.write(handshakeText(withHeader(name, make(15_000))));
        const status = statusOf(await answerTo(client));
        assert.ok(status === 101 || (status >= 400 && status < 500), `${what}: ${status}`);
        client.socket.destroy();
      }
      await stillServes(server.url);
      return { costs: Math.max(...ADVERSARIAL_TEXTS.map(([, make]) => stepsPerCharacter(name, make))) };
    },
  };
}

// ---- headers that are missing, doubled or very many

const NEEDED: readonly (readonly [name: string, error: HandshakeErrorCode])[] = [
  ["Host", "HOST_INVALID"],
  ["Sec-WebSocket-Key", "KEY_INVALID"],
  ["Sec-WebSocket-Version", "VERSION_INVALID"],
];

function missingOrDoubled(): Attack[] {
  return [
    ...NEEDED.map(([name, error]) => request(`no ${name}`, withHeader(name, undefined), refused(400, error))),
    ...NEEDED.map(([name, error]) => request(`an empty ${name}`, withHeader(name, ""), refused(400, error))),
    ...NEEDED.map(([name, error]) =>
      request(`${name} twice`, withLines(`${name}: ${GOOD_FIELDS[name]}`), refused(400, error)),
    ),
    // Without one of the two it is a plain request, to which a server of WebSocket says 426.
    ...["Upgrade", "Connection"].flatMap((name) => [
      request(`no ${name}`, withHeader(name, undefined), { status: 426 }),
      request(`an empty ${name}`, withHeader(name, ""), { status: 426 }),
      request(`${name} twice`, withLines(`${name}: ${GOOD_FIELDS[name]}`), ACCEPTED),
    ]),
    request("another Upgrade", withHeader("Upgrade", "h2c"), refused(400, "UPGRADE_INVALID")),
    request("Origin twice", withLines("Origin: http://a", "Origin: http://a"), refused(400, "ORIGIN_INVALID")),
    request("a subprotocol in two headers", withLines(PROTOCOL_A, PROTOCOL_A), refused(400, "SUBPROTOCOL_INVALID")),
  ];
}

const PROTOCOL_A = "Sec-WebSocket-Protocol: a";
/** Node 20 keeps the first 1,000 lines, so that the handshake's own are not seen; later ones refuse. */
const TOO_MANY: readonly number[] = [400, 431];

function manyHeaders(): Attack[] {
  const lines = Array<string>(2_000).fill("a:");
  const [first = "", ...rest] = handshakeText().split("\r\n");
  const behind: Attack = {
    ...request("2,000 header lines, then the handshake's", [first, ...lines, ...rest].join("\r\n"), {}),
    must: { status: TOO_MANY },
  };
  return [
    // The error's code differs with the version too.
    { ...behind, carryOut: async (t) => ({ status: (await behind.carryOut(t)).status ?? 0 }) },
    request("900 header lines, then the handshake's", [first, ...lines.slice(1_100), ...rest].join("\r\n"), ACCEPTED),
    request("1,000 subprotocols", withHeader("Sec-WebSocket-Protocol", tokens(1_000).join(", ")), ACCEPTED),
    request(
      "400 headers of a subprotocol each",
      withLines(...tokens(400).map((token) => `Sec-WebSocket-Protocol: ${token}`)),
      ACCEPTED,
    ),
    request("1,000 extensions", withHeader("Sec-WebSocket-Extensions", tokens(1_000).join(", ")), ACCEPTED),
    request("1,000 cookies", withHeader("Cookie", tokens(1_000).join("=x; ")), ACCEPTED, {
      upgrade: ({ cookies }) => assert.ok(cookies.size < 1_001),
    }),
  ];
}

function tokens(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${index}`);
}

// ---- the table

export const HANDSHAKE_ADVISORIES: readonly Advisory[] = [
  {
    ids: "recalled NSP-550 (GHSA-5v72-xg48-5rpm)",
    cause: "names were looked up in an object, which has more than it was given",
    attacks: inheritedNames(),
  },
  {
    ids: "CVE-2020-7662 (GHSA-g78m-2chm-r7qv); CVE-2021-32640",
    cause: "a regular expression took quadratic time or worse",
    attacks: LIST_HEADERS.map((name) => slowTexts(name, 6)),
  },
  {
    ids: "CVE-2024-37890",
    cause: "a header that is not there, or is there more than once, was taken for a string",
    attacks: [...missingOrDoubled(), ...manyHeaders()],
  },
];
