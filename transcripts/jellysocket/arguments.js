import http from "node:http";
import net from "node:net";
import { baseOf, subclass } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Whether making an Application throws a TypeError.
 * @param {Stage} stage
 * @param {...unknown} args */
function made(stage, ...args) {
  try {
    new stage.library.Application(...args);
    return "made";
  } catch (error) {
    return error instanceof TypeError ? "TypeError" : String(error);
  }
}

/** @param {Stage} stage
 * @param {string} what
 * @param {readonly unknown[]} values */
function madeWith(stage, what, values) {
  for (const value of values)
    stage.say(`${what}`, value, made(stage, http.createServer(), subclass(stage), { [what]: value }));
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the server has to be an http or https server",
    rows: ["7.server-argument"],
    expected: [
      ...["undefined", "null", "object", "number", "net server", "no instance"].map(
        (what) => `main: ${what} "TypeError"`,
      ),
      ...["http", "https"].map((what) => `main: ${what} "made"`),
    ],
    async run(stage) {
      const values = {
        undefined: undefined,
        null: null,
        object: {},
        number: 80,
        "net server": net.createServer(),
        "no instance": { on() {}, listen() {} },
        http: http.createServer(),
        https: (await stage.http({ tls: true })).server,
      };
      for (const [what, server] of Object.entries(values)) stage.say(what, made(stage, server, subclass(stage)));
    },
  },
  {
    name: "the class has to inherit from JellySocket and have a protocol",
    rows: ["7.class-argument", "2.invalid"],
    expected: [
      ...[
        "undefined",
        "string",
        "object",
        "arrow function",
        "another class",
        "itself",
        "no protocol",
        "an instance",
        "like a class",
      ].map((what) => `main: ${what} "TypeError"`),
      'main: right "made"',
    ],
    run(stage) {
      class Other {}
      Reflect.set(Other.prototype, "protocol", "proto-1");
      class NoProtocol extends baseOf(stage) {}
      const classes = {
        undefined: undefined,
        string: "JellySocket",
        object: {},
        "arrow function": () => {},
        "another class": Other,
        itself: stage.library,
        "no protocol": NoProtocol,
        "an instance": subclass(stage).prototype,
        "like a class": { prototype: subclass(stage).prototype },
        right: subclass(stage),
      };
      for (const [what, Class] of Object.entries(classes)) stage.say(what, made(stage, http.createServer(), Class));
    },
  },
  {
    name: "options: which values are taken",
    rows: ["7.options", "7.path-option", "7.verify-option", "7.heartbeat-option", "7.missed-option"],
    expected: [
      'main: options 1 "TypeError"',
      'main: options "/path" "TypeError"',
      'main: options {} "made"',
      'main: options undefined "made"',
      'main: path "/" "made"',
      'main: path "/a/b" "made"',
      'main: path undefined "made"',
      ...['"a"', '""', "1", "null", "[]"].map((value) => `main: path ${value} "TypeError"`),
      'main: verifyClient <function> "made"',
      'main: verifyClient undefined "made"',
      ...["true", '"yes"', "{}", "null"].map((value) => `main: verifyClient ${value} "TypeError"`),
      ...["heartbeat", "maxMissedHeartbeats"].flatMap((what) => [
        ...["0", "1", "30", "Infinity", "undefined"].map((value) => `main: ${what} ${value} "made"`),
        ...["-1", "1.5", "NaN", "-Infinity", '"1"', "true", "null"].map(
          (value) => `main: ${what} ${value} "TypeError"`,
        ),
      ]),
    ],
    run(stage) {
      for (const options of [1, "/path", {}, undefined]) {
        stage.say("options", options, made(stage, http.createServer(), subclass(stage), options));
      }
      madeWith(stage, "path", ["/", "/a/b", undefined, "a", "", 1, null, []]);
      madeWith(stage, "verifyClient", [() => true, undefined, true, "yes", {}, null]);
      for (const what of ["heartbeat", "maxMissedHeartbeats"]) {
        madeWith(stage, what, [0, 1, 30, Number.POSITIVE_INFINITY, undefined]);
        madeWith(stage, what, [-1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, "1", true, null]);
      }
    },
  },
];
