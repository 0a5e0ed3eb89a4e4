/** Advisories about what an application puts into an answer, which must not become lines of it. */
import type { HandshakeRequest, ServeOptions, UpgradeAnswer } from "../../src/node/index.ts";
import { serve } from "../../src/node/index.ts";
import type { Advisory, Attack, Outcome } from "./advisory.ts";
import { request } from "./attacks-on-server.ts";

/** Values that would end a line, or be cut at a NUL; `request` fails for an answer with a line X-Evil. */
const INJECTIONS: readonly (readonly [name: string, value: string])[] = [
  ["CR LF", "a\r\nX-Evil: 1"],
  ["LF", "a\nX-Evil: 1"],
  ["CR", "a\rX-Evil: 1"],
  ["CR LF twice", "a\r\n\r\nX-Evil: 1"],
  ["NUL", "a\0X-Evil: 1"],
  ["characters whose low bytes are CR and LF", "a\u010d\u010aX-Evil: 1"],
  ["line separators", "a\u2028X-Evil: 1"],
];

const FAILED: Outcome = { status: 500, error: "UPGRADE_FAILED" };

/** Where an application's value gets into an answer. */
const ANSWERS: readonly (readonly [where: string, answer: (value: string) => unknown])[] = [
  ["a header's value", (value) => ({ headers: { "X-Room": value } })],
  ["a header's value in a list", (value) => ({ headers: { "Set-Cookie": ["a=b", value] } })],
  ["a header's value in a pair", (value) => ({ headers: [["X-Room", value]] })],
  ["a header's name", (value) => ({ headers: { [value]: "x" } })],
  ["the subprotocol", (value) => ({ subprotocol: value })],
  ["a refusal's header", (value) => ({ statusCode: 403, headers: { "X-Why": value } })],
  ["a refusal's header's name", (value) => ({ statusCode: 403, headers: { [value]: "x" } })],
  ["a refusal's reason phrase", (value) => ({ statusCode: 403, reasonPhrase: value })],
  ["a refusal's status", (value) => ({ statusCode: `403 ${value}` })],
  ["a foreign Response's header", (value) => foreignResponse({ headers: [["X-Why", value]] })],
  ["a foreign Response's status text", (value) => foreignResponse({ statusText: value })],
];

/** Another package's Response may check less than Node's. */
function foreignResponse(given: object): object {
  return { status: 403, statusText: "", headers: [], body: null, arrayBuffer: () => undefined, ...given };
}

/** Answers with what is given at /attack, and accepts elsewhere. */
function answering(answer: () => unknown, how: "returned" | "thrown"): ServeOptions {
  return {
    upgrade({ path }): UpgradeAnswer<undefined> {
      if (path !== "/attack") return undefined;
      if (how === "thrown") throw answer();
      return answer() as UpgradeAnswer<undefined>;
    },
  };
}

function inAnswers(): Attack[] {
  return ANSWERS.flatMap(([where, answer]) =>
    INJECTIONS.map(([name, value]) =>
      request(
        `${name} in ${where}`,
        { target: "/attack" },
        FAILED,
        answering(() => answer(value), "returned"),
      ),
    ),
  );
}

/** A refusal may be thrown too; an error's text is not the client's. */
function thrown(): Attack[] {
  return INJECTIONS.flatMap(([name, value]) => [
    request(
      `${name} in a thrown refusal`,
      { target: "/attack" },
      FAILED,
      answering(() => ({ statusCode: 403, reasonPhrase: value }), "thrown"),
    ),
    request(
      `${name} in an error`,
      { target: "/attack" },
      FAILED,
      answering(() => new Error(value), "thrown"),
    ),
  ]);
}

/** What the client sent comes back decoded: an application that repeats it is attacked from outside. */
function reflected(): Attack[] {
  const evil = encodeURIComponent("a\r\nX-Evil: 1");
  const repeat = (read: (request: HandshakeRequest) => string | null | undefined): ServeOptions => ({
    upgrade: (handshake) => {
      const value = read(handshake);
      return typeof value === "string" ? { headers: { "X-Room": value } } : undefined;
    },
  });
  return [
    request(
      "a query that is repeated",
      { target: `/?room=${evil}` },
      FAILED,
      repeat(({ query }) => query.get("room")),
    ),
    request(
      "a cookie that is repeated",
      { headers: { Cookie: `room=${evil}` } },
      FAILED,
      repeat(({ cookies }) => cookies.get("room")),
    ),
    request(
      "a path that is repeated",
      { target: `/${evil}` },
      { status: 101, wire: "" },
      repeat(({ path }) => path),
    ),
    request(
      "a subprotocol that the server makes up",
      { target: "/attack", headers: { "Sec-WebSocket-Protocol": "a" } },
      FAILED,
      { subprotocols: (_offered, { path }) => (path === "/attack" ? "a\r\nX-Evil: 1" : undefined) },
    ),
  ];
}

/** The handshake's own headers are not the application's. */
function ownHeaders(): Attack[] {
  const names = ["Sec-WebSocket-Accept", "sec-websocket-protocol", "Sec-WebSocket-Extensions", "UPGRADE", "Connection"];
  const framing = ["Content-Length", "Transfer-Encoding"];
  return [...names, ...framing].map((name) =>
    request(`${name} as the application's header`, { target: "/attack" }, FAILED, {
      upgrade: ({ path }) => (path === "/attack" ? { headers: { [name]: "x" } } : undefined),
    }),
  );
}

/** Options that would end up in an answer are refused when the server is made. */
function options(): Attack[] {
  const places: readonly (readonly [where: string, make: (value: string) => ServeOptions])[] = [
    ["the option path", (path) => ({ path: `/${path}` })],
    ["the option subprotocols", (value) => ({ subprotocols: [value] })],
  ];
  return places.flatMap(([where, make]) =>
    INJECTIONS.map(([name, value]) => ({
      sent: `${name} in ${where}`,
      must: { thrown: "USAGE" },
      async carryOut() {
        const made = serve({ host: "127.0.0.1", ...make(value) });
        return made.then(
          (server) => server.close().then(() => ({})),
          ({ code }: { code: string }) => ({ thrown: code }),
        );
      },
    })),
  );
}

export const INJECTION_ADVISORIES: readonly Advisory[] = [
  {
    ids: "CVE-2026-1527 (GHSA-4992-7rv2-5pvq)",
    cause: "a value of the application's could end a line of the handshake",
    attacks: [...inAnswers(), ...thrown(), ...reflected(), ...ownHeaders(), ...options()],
  },
];
