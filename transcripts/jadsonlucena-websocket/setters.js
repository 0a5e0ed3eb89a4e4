import { serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const NUMBERS = ["limitByIP", "maxPayload", "pingDelay", "pongTimeout", "sessionExpires"];
const ENCODINGS = ["utf8", "ascii", "base64", "hex", "binary", "utf16le", "ucs2"];

/** Set a property and write what it is then.
 * @param {Stage} stage
 * @param {any} ws
 * @param {string} name
 * @param {unknown} value */
function put(stage, ws, name, value) {
  try {
    ws[name] = value;
    stage.say(name, "set to", value, "is", ws[name]);
  } catch (error) {
    stage.say(name, "set to", value, "throws", error);
  }
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...NUMBERS.map((name) => ({
    name: `${name}: numbers are stored as given, undefined is the default, other types are ignored`,
    rows: ["2.set-numbers", "2.set-undefined", "2.set-wrong-type", "2.options-taken"],
    /** @param {Stage} stage */
    async run(stage) {
      const { ws } = await serve(stage);
      for (const value of [1_000_000, 0, -7, 2_000_000.5, -0.5, 2_147_483_647]) put(stage, ws, name, value);
      for (const value of ["5", null, true, {}, [1], 5n, () => 5]) put(stage, ws, name, value);
      put(stage, ws, name, undefined);
      put(stage, ws, name, Number.NaN);
      put(stage, ws, name, undefined);
    },
  })),
  {
    name: "encoding: one of seven names, in this spelling",
    rows: ["2.set-encoding", "2.set-undefined", "2.set-wrong-type"],
    async run(stage) {
      const { ws } = await serve(stage);
      for (const value of ENCODINGS) put(stage, ws, "encoding", value);
      for (const value of ["latin1", "UTF8", "utf-8", "", " hex", "ucs-2", null, 8, {}, ["hex"], true]) {
        put(stage, ws, "encoding", value);
      }
      put(stage, ws, "encoding", undefined);
    },
  },
  {
    name: "allowOrigin: null, a string, or an array of strings, trimmed and without empty ones",
    rows: ["2.set-allow-origin", "2.get-allow-origin", "2.set-undefined", "2.set-wrong-type"],
    async run(stage) {
      const { ws } = await serve(stage);
      const right = [
        "http://a.test",
        "  http://b.test\t",
        "",
        "   ",
        ["http://a.test", " http://b.test "],
        ["", "http://c.test", "  "],
        [],
        "*",
        null,
        ["x"],
        undefined,
      ];
      for (const value of right) put(stage, ws, "allowOrigin", value);
      ws.allowOrigin = "http://kept.test";
      for (const value of [5, true, {}, ["http://a.test", 5], [null], [["http://a.test"]], () => "*"]) {
        put(stage, ws, "allowOrigin", value);
      }
    },
  },
  {
    name: "clients is a new array at each call, and cannot be set",
    rows: ["2.clients"],
    async run(stage) {
      const { ws, id } = await serverEnd(stage, {}, UNHEARD);
      const first = ws.clients;
      first.push("another");
      stage.say("clients", ws.clients, ws.clients[0] === id, ws.clients === first);
      try {
        ws.clients = [];
      } catch (error) {
        stage.say("setting throws", error instanceof TypeError);
      }
      stage.say("still", ws.clients);
    },
  },
];
