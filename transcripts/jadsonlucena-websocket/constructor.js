import { serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OPTIONS = ["allowOrigin", "encoding", "limitByIP", "maxPayload", "pingDelay", "pongTimeout", "sessionExpires"];

/** @param {any} ws */
const read = (ws) => Object.fromEntries(OPTIONS.map((name) => [name, ws[name]]));

/** What is thrown, without its text.
 * @param {() => unknown} action */
function nameOfThrown(action) {
  try {
    return action();
  } catch (error) {
    return error instanceof Error ? error.name : error;
  }
}

/** What is no server.
 * @type {[string, unknown][]} */
const NO_SERVERS = [
  ["undefined", undefined],
  ["null", null],
  ["a string", "server"],
  ["a number", 80],
  ["an object", {}],
  ["an object whose on is no function", { on: true }],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "what is no server throws a TypeError",
    rows: ["2.server-missing"],
    run({ library, say }) {
      for (const [what, value] of NO_SERVERS) {
        // Without pingDelay 0 the original has started its timer by then
        say(
          what,
          nameOfThrown(() => new library(value, { pingDelay: 0 })),
        );
      }
    },
  },
  {
    name: "the TypeError for what is no server is a sentence about the server",
    rows: ["2.server-sentence"],
    expected: NO_SERVERS.map(([what]) => `main: ${what} true true`),
    run({ library, say }) {
      for (const [what, value] of NO_SERVERS) {
        try {
          new library(value);
        } catch (error) {
          const text = error instanceof TypeError ? error.message : "";
          say(what, /server/i.test(text), text.split(" ").length >= 4);
        }
      }
    },
  },
  {
    name: "options that are null throw a TypeError, undefined ones are the defaults",
    rows: ["2.options-null"],
    async run(stage) {
      const { server } = await stage.http();
      stage.say(nameOfThrown(() => new stage.library(server, null)));
      const { ws } = await serve(stage);
      stage.say("without", read(ws));
    },
  },
  {
    name: "the defaults of the options, by leaving them out and by undefined",
    rows: ["2.defaults", "2.set-undefined", "2.options-taken"],
    async run(stage) {
      const { ws } = await serve(stage, { options: {} });
      stage.say("left out", read(ws));
      const none = Object.fromEntries(OPTIONS.map((name) => [name, undefined]));
      const { ws: other } = await serve(stage, { options: none });
      stage.say("undefined", read(other));
    },
  },
  {
    name: "options are properties of the same names",
    rows: ["2.options-taken", "2.options-unknown"],
    async run(stage) {
      const options = {
        allowOrigin: ["http://a.test", "http://b.test"],
        encoding: "hex",
        limitByIP: 3,
        maxPayload: 1000,
        pingDelay: 60_000,
        pongTimeout: 70,
        sessionExpires: 80_000,
        own: "unknown",
      };
      const { ws } = await serve(stage, { options });
      stage.say("given", read(ws));
      stage.say("unknown", ws.own);
    },
  },
  {
    name: "values of a wrong type in the constructor count as left out",
    rows: ["2.constructor-wrong-type"],
    expected: [
      'main: wrong {allowOrigin: [], encoding: "utf8", limitByIP: 256, maxPayload: 2621440, pingDelay: 180000, pongTimeout: 5000, sessionExpires: 43200000}',
    ],
    async run(stage) {
      const options = {
        allowOrigin: 5,
        encoding: "UTF8",
        limitByIP: "3",
        maxPayload: null,
        pingDelay: {},
        pongTimeout: true,
        sessionExpires: "1",
      };
      const { ws } = await serve(stage, { options });
      stage.say("wrong", read(ws));
    },
  },
  {
    name: "a server may listen already, or later",
    rows: ["2.listening"],
    async run(stage) {
      await serverEnd(stage, {}, { lane: "client of a listening server", ...UNHEARD });
      const { server, port } = await stage.http();
      await new Promise((resolve) => server.close(resolve));
      const ws = new stage.library(server);
      stage.after(() => {
        ws.pingDelay = 0;
      });
      stage.say("the library does not listen", server.listening);
      const again = await stage.listen(server);
      const opened = stage.once(ws, "open");
      await stage.rawClient({ port: again, fields: { Origin: `http://127.0.0.1:${again}` } });
      await opened;
      stage.say("reached later", port > 0, ws.clients.length);
    },
  },
  {
    name: "two instances on two servers know nothing of each other",
    rows: ["2.server-kinds", "2.clients", "6.not-found"],
    async run(stage) {
      const one = await serverEnd(stage, {}, UNHEARD);
      const two = await serve(stage);
      stage.say("clients", one.ws.clients.length, two.ws.clients.length);
      stage.attempt("send to a foreign ID", () => two.ws.send(one.id, "hi"));
    },
  },
];
