import { ask, join, serve, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/handshake.js").Fields} Fields */
/** What a client says and what the program allows; the port stands for PORT.
 * @typedef {{ what: string, allowOrigin?: string | string[], fields: Fields }} Case */

/** The first line of the answer to each.
 * @param {Stage} stage
 * @param {readonly Case[]} cases */
async function tell(stage, cases) {
  const place = await serve(stage, { watch: [] });
  const own = (/** @type {any} */ value) =>
    typeof value === "string" ? value.replace("PORT", String(place.port)) : value;
  for (const { what, allowOrigin, fields } of cases) {
    place.ws.allowOrigin = allowOrigin;
    const given = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, own(value)]));
    const peer = await ask(stage, place, { fields: given, ...UNHEARD });
    stage.say(`${what}: ${(await peer.head())[0] ?? ""}`);
  }
}

const OK = "HTTP/1.1 101 Switching Protocols";
const NO = "HTTP/1.1 403 Forbidden";

/** A scenario of which the contract says the answers.
 * @param {string} name
 * @param {string[]} rows
 * @param {(Case & { answer: string })[]} cases
 * @returns {import("../kit/play.js").Scenario} */
function byContract(name, rows, cases) {
  const opened = cases.filter(({ answer }) => answer === OK).map((_, at) => `server: open "<id ${at + 1}>"`);
  const expected = [...cases.map(({ what, answer }) => `main: ${what}: ${answer}`), ...opened];
  return { name, rows, expected, run: (stage) => tell(stage, cases) };
}

const ALLOWED = ["http://a.test", "https://b.test:8443"];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the own host as origin, whatever the scheme",
    rows: ["4.origin-own"],
    run: (stage) =>
      tell(stage, [
        { what: "http", fields: { Origin: "http://127.0.0.1:PORT" } },
        { what: "https", fields: { Origin: "https://127.0.0.1:PORT" } },
        { what: "by name", fields: { Host: "here.test:PORT", Origin: "http://here.test:PORT" } },
      ]),
  },
  byContract(
    "the own host with default ports",
    ["4.origin-own"],
    [
      { what: "80 left out", fields: { Host: "here.test:80", Origin: "http://here.test" }, answer: OK },
      { what: "443 left out", fields: { Host: "here.test:443", Origin: "https://here.test" }, answer: OK },
      { what: "80 said", fields: { Host: "here.test", Origin: "http://here.test:80" }, answer: OK },
      { what: "both left out", fields: { Host: "here.test", Origin: "http://here.test" }, answer: OK },
      { what: "another port", fields: { Host: "here.test:81", Origin: "http://here.test" }, answer: NO },
      { what: "another case", fields: { Host: "Here.Test", Origin: "http://here.test" }, answer: OK },
    ],
  ),
  {
    name: "origins that are allowed by name, and others",
    rows: ["4.origin-listed", "4.origin-refused", "2.live"],
    run: (stage) =>
      tell(stage, [
        { what: "nothing allowed", fields: { Origin: "http://a.test" } },
        { what: "a string", allowOrigin: "http://a.test", fields: { Origin: "http://a.test" } },
        { what: "the second of a list", allowOrigin: ALLOWED, fields: { Origin: "https://b.test:8443" } },
        { what: "not in the list", allowOrigin: ALLOWED, fields: { Origin: "http://c.test" } },
        { what: "own host beside a list", allowOrigin: ALLOWED, fields: { Origin: "http://127.0.0.1:PORT" } },
        { what: "any", allowOrigin: "*", fields: { Origin: "http://c.test" } },
        { what: "any in a list", allowOrigin: ["http://a.test", "*"], fields: { Origin: "http://c.test" } },
        { what: "nothing any more", fields: { Origin: "http://a.test" } },
      ]),
  },
  byContract(
    "an origin is compared whole",
    ["4.origin-substring", "4.origin-listed"],
    [
      { what: "own host as a part", fields: { Host: "host", Origin: "http://host.evil.test" }, answer: NO },
      { what: "own host at the end", fields: { Host: "host.test", Origin: "http://evilhost.test" }, answer: NO },
      { what: "own host as a path", fields: { Host: "host.test", Origin: "http://evil.test/host.test" }, answer: NO },
      { what: "own host as a user", fields: { Host: "host.test", Origin: "http://host.test@evil.test" }, answer: NO },
      { what: "allowed as a part", allowOrigin: "http://a.test", fields: { Origin: "http://a.test.evil" }, answer: NO },
      { what: "another scheme", allowOrigin: "http://a.test", fields: { Origin: "https://a.test" }, answer: NO },
      { what: "another port", allowOrigin: "http://a.test", fields: { Origin: "http://a.test:81" }, answer: NO },
      { what: "a part of the allowed", allowOrigin: "http://a.test", fields: { Origin: "http://a" }, answer: NO },
      { what: "allowed", allowOrigin: "http://a.test", fields: { Origin: "http://a.test" }, answer: OK },
    ],
  ),
  byContract(
    "no origin, and the origin null",
    ["4.origin-missing", "4.origin-null", "11.hostile-request"],
    [
      { what: "none", fields: { Origin: undefined }, answer: NO },
      { what: "none, others allowed", allowOrigin: ALLOWED, fields: { Origin: undefined }, answer: NO },
      { what: "none, any allowed", allowOrigin: "*", fields: { Origin: undefined }, answer: OK },
      { what: "null", fields: { Origin: "null" }, answer: NO },
      { what: "null, others allowed", allowOrigin: ALLOWED, fields: { Origin: "null" }, answer: NO },
      { what: "null, any allowed", allowOrigin: "*", fields: { Origin: "null" }, answer: OK },
      { what: "no address", fields: { Origin: "::::" }, answer: NO },
    ],
  ),
  byContract(
    "Sec-WebSocket-Origin of version 8",
    ["4.origin-version-8", "4.version"],
    [
      {
        what: "own host",
        fields: { Origin: undefined, "Sec-WebSocket-Version": "8", "Sec-WebSocket-Origin": "http://127.0.0.1:PORT" },
        answer: OK,
      },
      {
        what: "allowed",
        allowOrigin: ALLOWED,
        fields: { Origin: undefined, "Sec-WebSocket-Version": "8", "Sec-WebSocket-Origin": "http://a.test" },
        answer: OK,
      },
      {
        what: "another",
        fields: { Origin: undefined, "Sec-WebSocket-Version": "8", "Sec-WebSocket-Origin": "http://c.test" },
        answer: NO,
      },
      { what: "Origin", fields: { Origin: "http://127.0.0.1:PORT", "Sec-WebSocket-Version": "8" }, answer: OK },
      {
        what: "not with version 13",
        fields: { Origin: undefined, "Sec-WebSocket-Origin": "http://127.0.0.1:PORT" },
        answer: NO,
      },
    ],
  ),
  {
    name: "a refused origin leaves nothing",
    rows: ["4.origin-refused"],
    async run(stage) {
      const place = await serve(stage);
      for (let count = 0; count < 3; count += 1) {
        const peer = await ask(stage, place, { fields: { Origin: "http://other.test" }, ...UNHEARD });
        await peer.over();
      }
      stage.say("clients", place.ws.clients);
      await join(stage, place, UNHEARD);
      stage.say("clients", place.ws.clients);
    },
  },
];
