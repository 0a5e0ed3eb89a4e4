import http from "node:http";
import net from "node:net";
import { serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** What making a server throws.
 * @param {Stage} stage
 * @param {unknown[]} args */
function thrownBy(stage, ...args) {
  try {
    new stage.library.WebSocketServer(...args);
    return "nothing";
  } catch (error) {
    return error;
  }
}

const NO_OBJECT = '<TypeError: "WebSocketServer options must be an object">';
const NO_SERVER = '<TypeError: "WebSocketServer requires an http.Server instance">';

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "options have to be an object with a server",
    rows: ["4.options", "4.server"],
    expected: [
      ...["null", "number", "string", "boolean"].map((what) => `main: ${what} ${NO_OBJECT}`),
      ...["no argument", "undefined", "no server", "null server", "object", "net server", "port"].map(
        (what) => `main: ${what} ${NO_SERVER}`,
      ),
      'main: http "nothing"',
      'main: https "nothing"',
    ],
    async run(stage) {
      /** @type {Record<string, unknown[]>} */
      const lists = {
        null: [null],
        number: [8080],
        string: ["ws"],
        boolean: [true],
        "no argument": [],
        undefined: [undefined],
        "no server": [{ path: "/" }],
        "null server": [{ server: null }],
        object: [{ server: { on() {} } }],
        "net server": [{ server: net.createServer() }],
        port: [{ port: 0 }],
        http: [{ server: http.createServer() }],
        https: [{ server: (await stage.http({ tls: true })).server }],
      };
      for (const [what, args] of Object.entries(lists)) stage.say(what, thrownBy(stage, ...args));
    },
  },
  {
    name: "properties: server, path, options, clients, closed",
    rows: ["4.properties", "4.path", "4.other-options", "4.closed", "4.clients"],
    expected: [
      'main: without options "/" true true <Set> 0 false',
      'main: empty path "/"',
      'main: with options "/chat" "kept" "/chat"',
    ],
    run(stage) {
      const server = http.createServer();
      const { WebSocketServer } = stage.library;
      const plain = new WebSocketServer({ server });
      const isKept = plain.options.server === server;
      stage.say(
        "without options",
        plain.path,
        plain.server === server,
        isKept,
        plain.clients,
        plain.clients.size,
        plain.closed,
      );
      stage.say("empty path", new WebSocketServer({ server: http.createServer(), path: "" }).path);
      const more = new WebSocketServer({ server, path: "/chat", perMessageDeflate: true, own: "kept" });
      stage.say("with options", more.path, more.options.own, more.options.path);
    },
  },
  {
    name: "clientTracking: only false switches it off",
    rows: ["4.client-tracking", "4.clients"],
    expected: [
      "main: false null",
      ...["true", "null", "0", "undefined", '""'].map((value) => `main: ${value} <Set>`),
      "main: untracked 1 null",
    ],
    async run(stage) {
      for (const value of [false, true, null, 0, undefined, ""]) {
        const wss = new stage.library.WebSocketServer({ server: http.createServer(), clientTracking: value });
        stage.say(JSON.stringify(value) ?? "undefined", wss.clients);
      }
      const { socket, wss } = await serverEnd(stage, { options: { clientTracking: false }, watch: false });
      stage.say("untracked", socket.readyState, wss.clients);
    },
  },
];
