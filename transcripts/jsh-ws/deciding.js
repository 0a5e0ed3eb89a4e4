import { answerTo, fieldOf, join, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OK = "101 Switching Protocols";
const FAILED = "500 Internal Server Error";

/** Something that can be awaited but is no Promise.
 * @param {unknown} value */
function thenable(value) {
  // biome-ignore lint/suspicious/noThenProperty: that it has one is what the scenario is about
  return { then: (/** @type {(value: unknown) => void} */ resolve) => resolve(value) };
}

/** What cannot be taken for an answer, and is refused. @type {Record<string, () => unknown>} */
const PROMISES = {
  "a promise": () => Promise.resolve("a"),
  "a promise of false": () => Promise.resolve(false),
  "an async function": async () => "a",
  "a promise that fails": () => Promise.reject(new Error("later")),
  "a thenable": () => thenable("a"),
};

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "verifyClient: only false rejects",
    rows: ["4.verify-client", "4.rejected"],
    expected: [
      'main: false "403 Forbidden" "websocket upgrade rejected"',
      ...["true", "undefined", "null", "zero", "empty", "NaN", "object"].map((what) => `main: ${what} "${OK}" ""`),
    ],
    async run(stage) {
      const results = {
        false: false,
        true: true,
        undefined: undefined,
        null: null,
        zero: 0,
        empty: "",
        NaN: Number.NaN,
        object: {},
      };
      for (const [what, result] of Object.entries(results)) {
        const { port } = await serve(stage, { verifyClient: () => result });
        const { status, body } = await answerTo(stage, { port });
        stage.say(what, status, body);
      }
    },
  },
  {
    name: "verifyClient gets the origin and the request, and no connection comes of a rejection",
    rows: ["4.verify-client", "5.origin", "4.rejected"],
    expected: [
      'main: asked ["origin", "req"] 1 "https://example.org" "/?token=deny"',
      'main: denied "403 Forbidden"',
      'main: asked ["origin", "req"] 1 "" "/?token=allow"',
      `main: allowed "${OK}"`,
      "main: connections 1",
    ],
    async run(stage) {
      const verifyClient = (/** @type {any[]} */ ...values) => {
        const [info] = values;
        stage.say("asked", Object.keys(info).sort(), values.length, info.origin, info.req.url);
        return info.req.query("token") === "allow";
      };
      const { wss, port } = await serve(stage, { verifyClient });
      let connections = 0;
      wss.on("connection", () => {
        connections += 1;
      });
      const fields = { Origin: "https://example.org" };
      stage.say("denied", (await answerTo(stage, { port, path: "/?token=deny", fields })).status);
      stage.say("allowed", (await answerTo(stage, { port, path: "/?token=allow" })).status);
      await stage.turns();
      stage.say("connections", connections);
    },
  },
  ...[
    { option: "verifyClient", row: "4.verify-client-promise" },
    { option: "handleProtocols", row: "4.handle-protocols-promise" },
  ].map(({ option, row }) => ({
    name: `${option} that returns a promise or a thenable is refused, with an error event`,
    rows: [row, "4.event-error"],
    expected: Object.keys(PROMISES).flatMap((what) => [
      `${what}: error true true`,
      `${what}: answer "${FAILED}" true`,
      `${what}: connections 0`,
    ]),
    async run(/** @type {Stage} */ stage) {
      for (const [what, answer] of Object.entries(PROMISES)) {
        const say = stage.lane(what);
        const { wss, port } = await serve(stage, { [option]: answer });
        let connections = 0;
        wss.on("connection", () => {
          connections += 1;
        });
        wss.on("error", (/** @type {any} */ error) => {
          const isClear = error.message.includes(option) && /promise|thenable/i.test(error.message);
          say("error", error instanceof Error, isClear);
        });
        const { status, body } = await answerTo(stage, { port, fields: { "Sec-WebSocket-Protocol": "a" } });
        say("answer", status, body !== "");
        say("connections", connections);
      }
    },
  })),
  {
    name: "promises are refused without an error listener, too, and nothing is left unhandled",
    rows: ["4.verify-client-promise", "4.handle-protocols-promise", "6.silent-error"],
    expected: Object.keys(PROMISES).map((what) => `main: ${what} "${FAILED}" "${FAILED}"`),
    async run(stage) {
      for (const [what, decide] of Object.entries(PROMISES)) {
        const verifying = await serve(stage, { verifyClient: decide });
        const handling = await serve(stage, { handleProtocols: decide });
        const { status } = await answerTo(stage, { port: verifying.port });
        stage.say(what, status, (await answerTo(stage, { port: handling.port })).status);
      }
      await stage.turns();
    },
  },
  {
    name: "verifyClient or handleProtocols that throws: 500 with the message",
    rows: ["4.threw"],
    expected: [
      `main: verifyClient "${FAILED}" "no database"`,
      `main: handleProtocols "${FAILED}" "no database"`,
      `main: the next one "${OK}"`,
    ],
    async run(stage) {
      let isThrowing = true;
      const decide = () => {
        if (isThrowing) throw new Error("no database");
        return true;
      };
      const served = await serve(stage, { verifyClient: decide });
      for (const [what, { port }] of Object.entries({
        verifyClient: served,
        handleProtocols: await serve(stage, { handleProtocols: decide }),
      })) {
        const { status, body } = await answerTo(stage, { port });
        stage.say(what, status, body);
      }
      isThrowing = false;
      stage.say("the next one", (await answerTo(stage, { port: served.port })).status);
    },
  },
  {
    name: "handleProtocols: what it gets, and what of its answers is selected",
    rows: ["4.handle-protocols", "2.protocol-property"],
    expected: [
      'main: first asked ["a", "b", "c"] "/"',
      'main: first ["a"] "a"',
      'main: last asked ["a", "b", "c"] "/"',
      'main: last ["c"] "c"',
      ...["false", "true", "undefined", "null", "number", "list", "empty", "not requested"].flatMap((what) => [
        `main: ${what} asked ["a", "b", "c"] "/"`,
        `main: ${what} [] ""`,
      ]),
    ],
    async run(stage) {
      const results = {
        first: "a",
        last: "c",
        false: false,
        true: true,
        undefined: undefined,
        null: null,
        number: 1,
        list: ["a"],
        empty: "",
        "not requested": "d",
      };
      for (const [what, result] of Object.entries(results)) {
        const handleProtocols = (/** @type {unknown} */ protocols, /** @type {any} */ req) => {
          stage.say(`${what} asked`, protocols, req.url);
          return result;
        };
        const served = await serve(stage, { handleProtocols });
        const { socket, peer } = await join(stage, served, { fields: { "Sec-WebSocket-Protocol": ["a, b", "c"] } });
        stage.say(what, await fieldOf(peer, "sec-websocket-protocol"), socket.protocol);
      }
    },
  },
  {
    name: "handleProtocols is called for requests without protocols; without the option none is selected",
    rows: ["4.handle-protocols", "4.no-selection"],
    expected: ["main: asked true []", 'main: none requested [] ""', 'main: no option [] ""'],
    async run(stage) {
      const handleProtocols = (/** @type {unknown} */ protocols) => {
        stage.say("asked", Array.isArray(protocols), protocols);
        return "a";
      };
      const one = await join(stage, await serve(stage, { handleProtocols }));
      stage.say("none requested", await fieldOf(one.peer, "sec-websocket-protocol"), one.socket.protocol);
      const two = await join(stage, await serve(stage), { fields: { "Sec-WebSocket-Protocol": "a, b" } });
      stage.say("no option", await fieldOf(two.peer, "sec-websocket-protocol"), two.socket.protocol);
    },
  },
  {
    name: "both options together, as in the document's example",
    rows: ["4.verify-client", "4.handle-protocols"],
    expected: [
      'main: denied "403 Forbidden"',
      'main: /ws "1.1" "machbase.rpc"',
      'raw client: got fin text 10 "echo:hello"',
    ],
    async run(stage) {
      const { wss, port } = await serve(stage, {
        path: "/ws",
        verifyClient: (/** @type {any} */ { req }) => req.query("token") === "allow",
        handleProtocols: (/** @type {string[]} */ protocols) =>
          protocols.indexOf("machbase.rpc") >= 0 ? "machbase.rpc" : false,
      });
      wss.on("connection", (/** @type {any} */ socket, /** @type {any} */ request) => {
        stage.say(request.path, request.httpVersion, socket.protocol);
        socket.on("message", (/** @type {any} */ event) => socket.send(`echo:${event.data}`));
      });
      stage.say("denied", (await answerTo(stage, { port, path: "/ws?token=deny" })).status);
      const fields = { "Sec-WebSocket-Protocol": "other, machbase.rpc" };
      const { peer } = await join(stage, { wss, port }, { path: "/ws?token=allow", fields });
      peer.send({ payload: "hello" });
      await peer.frame();
    },
  },
];
