import { COOKIE, cookieId, fieldOf, join, leave, serve, serverEnd, UNHEARD, UUID } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("./acts/ends.js").Place} Place */

const UNKNOWN = "01234567-89ab-4cde-8f01-23456789abcd";

/** Connect and leave with that Cookie field; what ID it got.
 * @param {Stage} stage
 * @param {Place} place
 * @param {string} [Cookie]
 * @returns {Promise<string>} */
async function visit(stage, place, Cookie) {
  const { id, peer } = await join(stage, place, { fields: { Cookie }, ...UNHEARD });
  await leave(stage, place, peer);
  return id;
}

/** Cookies that do not bring their text as an ID.
 * @type {[string, string][]} */
const NO_ID = [
  ["any text", "hello"],
  ["constructor", "constructor"],
  ["__proto__", "__proto__"],
  ["nothing", ""],
  ["an ID that is cut", UNKNOWN.slice(1)],
  ["an ID and more", `${UNKNOWN}0`],
  ["an ID of other characters", UNKNOWN.replace("a", "g")],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "IDs are random UUIDs of version 4 in lower case",
    rows: ["5.uuid", "3.open"],
    async run(stage) {
      const place = await serve(stage, { watch: [] });
      const ids = [];
      for (let count = 0; count < 5; count += 1) ids.push((await join(stage, place, UNHEARD)).id);
      stage.say(
        "UUIDs",
        ids.map((id) => UUID.test(id)),
        new Set(ids).size,
      );
      stage.say("in order", JSON.stringify(ids) === JSON.stringify(place.ws.clients));
    },
  },
  {
    name: "the cookie with each acceptance: ID, and Expires in the time of a session",
    rows: ["5.cookie", "4.acceptance"],
    async run(stage) {
      for (const sessionExpires of [43_200_000, 60_000, 3_600_000]) {
        const { head, id } = await serverEnd(stage, { options: { sessionExpires } }, UNHEARD);
        const expires = /; *Expires=([^;]*)/.exec(fieldOf(head, "set-cookie") ?? "")?.[1] ?? "";
        const offBy = Math.abs(Date.parse(expires) - Date.now() - sessionExpires);
        stage.say("ID", cookieId(head) === id, "in time", offBy < 5000);
        stage.say("form", /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(expires));
      }
    },
  },
  {
    name: "further attributes of the cookie",
    rows: ["5.cookie-attributes"],
    expected: [
      'server: open "<id 1>"',
      'main: attributes ["expires", "httponly", "jadsonlucena-websocket", "path=/", "samesite=lax"]',
    ],
    async run(stage) {
      const { head } = await serverEnd(stage, {}, UNHEARD);
      const parts = (fieldOf(head, "set-cookie") ?? "").split("; ").map((one) => one.toLowerCase());
      const name = (/** @type {string} */ part) => (/^(jadson|expires)/.test(part) ? part.split("=")[0] : part);
      stage.say("attributes", parts.map(name).sort());
    },
  },
  {
    name: "the cookie brings the same ID back, and is renewed",
    rows: ["5.same-id", "5.cookie"],
    async run(stage) {
      const place = await serve(stage);
      const id = await visit(stage, place);
      for (const text of [`${COOKIE}=${id}`, `a=b; ${COOKIE}=${id}; c=d`, `a=b;${COOKIE}=${id}`]) {
        const { id: next, peer, head } = await join(stage, place, { fields: { Cookie: text }, ...UNHEARD });
        stage.say("the same", next === id, cookieId(head) === id);
        await leave(stage, place, peer);
      }
      stage.say("without", (await visit(stage, place)) === id);
    },
  },
  {
    name: "other cookies bring no ID",
    rows: ["5.same-id", "5.uuid"],
    async run(stage) {
      const place = await serve(stage);
      const id = await visit(stage, place);
      for (const name of ["other", "jadsonlucena", "Jadsonlucena-Websocket", `x-${COOKIE}`]) {
        stage.say(name, (await visit(stage, place, `${name}=${id}`)) === id);
      }
    },
  },
  {
    name: "an ID that is connected is not given to a second client",
    rows: ["5.connected"],
    async run(stage) {
      const place = await serve(stage);
      const { id, peer } = await join(stage, place, UNHEARD);
      const fields = { Cookie: `${COOKIE}=${id}` };
      const { id: second, head } = await join(stage, place, { fields, ...UNHEARD });
      stage.say("another", second !== id, cookieId(head) === second, place.ws.clients);
      await leave(stage, place, peer);
      const { id: third } = await join(stage, place, { fields, ...UNHEARD });
      stage.say("free again", third === id, place.ws.clients.length);
    },
  },
  {
    name: "the events and methods of a client that came back with its ID",
    rows: ["5.same-id", "3.message", "6.send", "3.close-shape"],
    async run(stage) {
      const place = await serve(stage);
      const id = await visit(stage, place);
      const { peer } = await join(stage, place, { fields: { Cookie: `${COOKIE}=${id}` } });
      const heard = stage.once(place.ws, "message");
      peer.send({ payload: "I am back" });
      await heard;
      stage.say(place.ws.send(id, "welcome back"), place.ws.clients);
      await peer.frame();
    },
  },
  ...[0, -1].map((sessionExpires) => ({
    name: `sessionExpires ${sessionExpires}: a new ID at every connection`,
    rows: ["5.no-session", "2.live"],
    expected: [
      ...[1, 2].flatMap((one) => [
        `server: open "<id ${one}>"`,
        `server: close "<id ${one}>" {code: 1000, message: "Close Normal"}`,
      ]),
      "main: new true true",
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serve(stage, { options: { sessionExpires } });
      const id = await visit(stage, place);
      const next = await visit(stage, place, `${COOKIE}=${id}`);
      stage.say("new", next !== id, UUID.test(next));
    },
  })),
  {
    name: "an ID whose session is over is not given again",
    rows: ["5.expired", "2.live"],
    expected: [
      ...["<id 1>", "<id 2>"].flatMap((id) => [
        `server: open "${id}"`,
        `server: close "${id}" {code: 1000, message: "Close Normal"}`,
      ]),
      "main: new true",
    ],
    async run(stage) {
      const place = await serve(stage, { options: { sessionExpires: 5 } });
      const id = await visit(stage, place);
      const issued = Date.now();
      // The time of a session is what is shown here: nothing tells its end
      while (Date.now() - issued <= 10) await stage.turns(1);
      stage.say("new", (await visit(stage, place, `${COOKIE}=${id}`)) !== id);
    },
  },
  ...NO_ID.map(([what, text]) => ({
    name: `a cookie whose text is no ID brings a new one: ${what}`,
    rows: ["5.no-uuid", "11.hostile-request"],
    expected: [
      'server: open "<id 1>"',
      'server: close "<id 1>" {code: 1000, message: "Close Normal"}',
      'server: open "<id 2>"',
      'server: close "<id 2>" {code: 1000, message: "Close Normal"}',
      "main: new true true",
      "main: still accepted true",
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serve(stage);
      const id = await visit(stage, place, `${COOKIE}=${text}`);
      stage.say("new", id !== text, UUID.test(id));
      stage.say("still accepted", UUID.test(await visit(stage, place)));
    },
  })),
  {
    name: "an unknown, well-formed ID is accepted, as one from before a restart",
    rows: ["5.unknown-uuid"],
    async run(stage) {
      const place = await serve(stage);
      const { id, head } = await join(stage, place, { fields: { Cookie: `${COOKIE}=${UNKNOWN}` }, ...UNHEARD });
      stage.say("accepted", id === UNKNOWN, cookieId(head) === UNKNOWN);
    },
  },
];
