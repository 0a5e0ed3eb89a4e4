import http from "node:http";
import { answerTo, join, OFFER, refusalOf, catchThrown, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {(result: unknown, code?: number, name?: string) => void} Callback */

const OK = "101 Switching Protocols";

/** A verifyClient with a callback, and a promise of that callback.
 * @returns {{ verifyClient: (info: any, cb: Callback) => void, asked: Promise<Callback> }} */
function thinking() {
  /** @type {(cb: Callback) => void} */
  let setAsked = () => {};
  /** @type {Promise<Callback>} */
  const asked = new Promise((resolve) => {
    setAsked = resolve;
  });
  return { verifyClient: (_info, cb) => setAsked(cb), asked };
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "verifyClient with one parameter or none: true and nothing else accepts",
    rows: ["8.sync"],
    expected: [
      `main: true "${OK}"`,
      `main: no parameter "${OK}"`,
      ...["false", "undefined", "one", "a string", "an object", "a promise of true", "an async function"].map(
        (what) => `main: ${what} "401 Unauthorized"`,
      ),
    ],
    async run(stage) {
      /** @type {Record<string, (info: unknown) => unknown>} */
      const functions = {
        true: (_info) => true,
        "no parameter": () => true,
        false: (_info) => false,
        undefined: (_info) => undefined,
        one: (_info) => 1,
        "a string": (_info) => "true",
        "an object": (_info) => ({}),
        "a promise of true": (_info) => Promise.resolve(true),
        "an async function": async (_info) => true,
      };
      for (const [what, verifyClient] of Object.entries(functions)) {
        const { port } = await serve(stage, { options: { verifyClient } });
        stage.say(what, await answerTo(stage, { port }));
      }
    },
  },
  {
    name: "verifyClient with two parameters: the callback decides, with a code and a name",
    rows: ["8.async", "8.refusals"],
    expected: [
      `main: true "${OK}"`,
      'main: false "401 Unauthorized"',
      'main: false, 403 "403 Forbidden"',
      'main: false, 429, name "429 Slow Down"',
      `main: later true "${OK}"`,
      'main: later false, 404 "404 Not Found"',
      `main: true, 403 "${OK}"`,
      `main: what it returns is nothing "${OK}"`,
    ],
    async run(stage) {
      /** @type {Record<string, (cb: Callback) => unknown>} */
      const answers = {
        true: (cb) => cb(true),
        false: (cb) => cb(false),
        "false, 403": (cb) => cb(false, 403),
        "false, 429, name": (cb) => cb(false, 429, "Slow Down"),
        "later true": (cb) => setImmediate(cb, true),
        "later false, 404": (cb) => setImmediate(cb, false, 404),
        "true, 403": (cb) => cb(true, 403),
        "what it returns is nothing": (cb) => {
          setImmediate(cb, true);
          return false;
        },
      };
      for (const [what, answer] of Object.entries(answers)) {
        const verifyClient = (/** @type {unknown} */ _info, /** @type {Callback} */ cb) => answer(cb);
        const { port } = await serve(stage, { options: { verifyClient } });
        stage.say(what, await answerTo(stage, { port }));
      }
    },
  },
  {
    name: "second calls of the callback are ignored",
    rows: ["8.callback-once"],
    expected: [
      `main: yes, then no "${OK}" 1`,
      'main: no, then yes "401 Unauthorized" 0',
      'main: no with 403, then no with 404 "403 Forbidden" 0',
      `main: yes twice "${OK}" 1`,
    ],
    async run(stage) {
      /** @type {Record<string, [unknown, number?][]>} */
      const calls = {
        "yes, then no": [[true], [false]],
        "no, then yes": [[false], [true]],
        "no with 403, then no with 404": [
          [false, 403],
          [false, 404],
        ],
        "yes twice": [[true], [true]],
      };
      for (const [what, list] of Object.entries(calls)) {
        const verifyClient = (/** @type {unknown} */ _info, /** @type {Callback} */ cb) => {
          for (const args of list) cb(...args);
        };
        const { app, port } = await serve(stage, { options: { verifyClient } });
        const answer = await answerTo(stage, { port });
        stage.say(what, answer, app.clients.size);
      }
    },
  },
  {
    name: "info: origin, secure, req",
    rows: ["8.info"],
    expected: [
      'main: plain ["origin", "req", "secure"] "https://example.org" false true "/?a=b"',
      'main: no origin ["origin", "req", "secure"] undefined false true "/"',
      'main: over TLS ["origin", "req", "secure"] "null" true true "/"',
    ],
    async run(stage) {
      for (const [what, { tls, path, fields }] of Object.entries({
        plain: { tls: false, path: "/?a=b", fields: { Origin: "https://example.org" } },
        "no origin": { tls: false, path: "/", fields: {} },
        "over TLS": { tls: true, path: "/", fields: { Origin: "null" } },
      })) {
        const verifyClient = (/** @type {any} */ info) => {
          const isMessage = info.req instanceof http.IncomingMessage;
          stage.say(what, Object.keys(info).sort(), info.origin, info.secure, isMessage, info.req.url);
          return true;
        };
        const served = await serve(stage, { options: { verifyClient }, tls });
        await join(stage, served, { tls, path, fields: { ...OFFER, ...fields } });
      }
    },
  },
  {
    name: "a client that left while verifyClient thought is forgotten",
    rows: ["8.left-meanwhile"],
    expected: ["main: answered", "main: clients 0", "main: the next one 1"],
    async run(stage) {
      const { verifyClient, asked } = thinking();
      let isFirst = true;
      const options = {
        verifyClient: (/** @type {any} */ info, /** @type {Callback} */ cb) =>
          isFirst ? verifyClient(info, cb) : cb(true),
      };
      const { app, port, server } = await serve(stage, { options });
      let connections = 0;
      app.on("connection", () => {
        connections += 1;
      });
      const gone = new Promise((resolve) =>
        server.once("upgrade", (_request, socket) => socket.once("close", resolve)),
      );
      const peer = await stage.rawClient({ port, fields: OFFER, tellFrames: false });
      const answer = await asked;
      peer.destroy();
      await gone;
      answer(true);
      stage.say("answered");
      await stage.turns();
      stage.say("clients", app.clients.size);
      isFirst = false;
      await join(stage, { app, port });
      stage.say("the next one", connections);
    },
  },
  {
    name: "verifyClient that throws: 500, and the error is not lost",
    rows: ["8.throws", "8.refusals"],
    expected: ["one parameter", "two parameters"].flatMap((what) => [
      `main: ${what} "500 Internal Server Error" 0`,
      `main: told <Error: "${what}">`,
    ]),
    async run(stage) {
      // How it is told is free: to the caller of upgrade, or as a warning of the process.
      /** @type {(error: unknown) => void} */
      let tell = () => {};
      const warn = (/** @type {Error} */ error) => tell(error);
      process.on("warning", warn);
      stage.after(() => process.off("warning", warn));
      for (const [what, verifyClient] of Object.entries({
        "one parameter": (/** @type {unknown} */ _info) => {
          throw new Error("one parameter");
        },
        "two parameters": (/** @type {unknown} */ _info, /** @type {unknown} */ _cb) => {
          throw new Error("two parameters");
        },
      })) {
        const { app, port, server } = await serve(stage, { options: { verifyClient } });
        const told = new Promise((resolve) => {
          tell = resolve;
        });
        catchThrown(server, tell);
        stage.say(what, await answerTo(stage, { port }), app.clients.size);
        stage.say("told", await told);
      }
    },
  },
  {
    name: "a client that waits for verifyClient is no client yet",
    rows: ["8.async", "7.connection"],
    expected: ["main: waiting 0", "main: accepted 1", "raw client: got fin binary 1 <1: 05>"],
    async run(stage) {
      const { verifyClient, asked } = thinking();
      const { app, port } = await serve(stage, { options: { verifyClient } });
      const met = stage.once(app, "connection");
      const peer = await stage.rawClient({ port, fields: OFFER });
      const answer = await asked;
      stage.say("waiting", app.clients.size);
      answer(true);
      const [socket] = await met;
      stage.say("accepted", app.clients.size);
      socket._send(new Uint8Array([5]));
      await peer.frame();
    },
  },
  {
    name: "refusals are whole HTTP responses on a kept-open connection too",
    rows: ["8.refusals"],
    expected: ['main: refused "401 Unauthorized"', "main: over true"],
    async run(stage) {
      const { port } = await serve(stage, { options: { verifyClient: () => false } });
      const peer = await stage.rawClient({
        port,
        fields: { ...OFFER, Connection: "keep-alive, Upgrade" },
        tellFrames: false,
      });
      stage.say("refused", await refusalOf(peer));
      stage.say("over", peer.isOver);
    },
  },
];
