import { dial, fieldOf } from "./acts/ends.js";
import { asFailed, fails } from "./acts/failing.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a url that is no string throws, and says what it got",
    rows: ["2.url"],
    expected: [
      ...[
        ["undefined", "undefined"],
        ["null", "object"],
        ["number", "number"],
        ["object", "object"],
        ["URL", "object"],
      ],
      ...[
        ["boolean", "boolean"],
        ["function", "function"],
      ],
    ].map(([what, type]) => `main: ${what} <TypeError: "URL must be a string, got ${type}">`),
    run(stage) {
      const urls = {
        undefined: undefined,
        null: null,
        number: 80,
        object: {},
        URL: new URL("ws://127.0.0.1:1/"),
        boolean: true,
        function: () => "ws://127.0.0.1:1/",
      };
      for (const [what, url] of Object.entries(urls)) {
        try {
          new stage.library.WebSocket(url);
          stage.say(what, "nothing thrown");
        } catch (error) {
          stage.say(what, error);
        }
      }
    },
  },
  {
    name: "protocols: none, one, a list of which other items are dropped, or a TypeError",
    rows: ["2.protocols", "2.request"],
    expected: [
      ...["undefined", "null", "empty list", "nothing but others"].map((what) => `main: ${what} []`),
      'main: string ["one"]',
      'main: list ["a, b"]',
      'main: mixed list ["a, b"]',
      'main: twice the same ["a"]',
      ...["number", "object", "boolean", "function"].map(
        (what) => `main: ${what} <TypeError: "Protocols must be a string or an array of strings">`,
      ),
    ],
    async run(stage) {
      const values = {
        undefined: undefined,
        null: null,
        "empty list": [],
        "nothing but others": [1, null, {}],
        string: "one",
        list: ["a", "b"],
        "mixed list": [1, "a", null, "b", ["c"], undefined],
        "twice the same": ["a", "a"],
      };
      for (const [what, protocols] of Object.entries(values)) {
        const { peer } = await dial(stage, { protocols, watch: false });
        peer.tellFrames = false;
        const [offer, ...more] = await fieldOf(peer, "sec-websocket-protocol");
        // Whether one that is given twice is sent twice, which RFC 6455 §4.1 forbids, is free.
        const names = offer === undefined ? [] : [[...new Set(offer.split(", "))].join(", ")];
        stage.say(what, [...names, ...more]);
        peer.destroy();
      }
      for (const [what, protocols] of Object.entries({ number: 1, object: {}, boolean: true, function: () => "a" })) {
        try {
          new stage.library.WebSocket("ws://127.0.0.1:1/", protocols);
          stage.say(what, "nothing thrown");
        } catch (error) {
          stage.say(what, error);
        }
      }
    },
  },
  {
    name: "a string that is no WebSocket URL is an error event later",
    rows: ["2.no-url", "3.failed", "2.ready-state"],
    expected: ["no URL", "http", "empty", "relative", "no host"].flatMap((what) => asFailed(what)),
    async run(stage) {
      const urls = {
        "no URL": "nonsense",
        http: "http://127.0.0.1:1/",
        empty: "",
        relative: "/ws",
        "no host": "ws://",
      };
      for (const [what, url] of Object.entries(urls)) await fails(stage, what, url);
    },
  },
  {
    name: "the request: version 13, path and query, no origin, no extensions",
    rows: ["2.request", "7.version", "2.url-property"],
    expected: [
      'main: first "GET /ws?token=x HTTP/1.1"',
      'main: version ["13"] upgrade ["websocket"] [] []',
      "main: a key of 16 bytes true",
      "main: url true",
    ],
    async run(stage) {
      const { socket, peer } = await dial(stage, { watch: false, path: "ws?token=x" });
      const [first] = await peer.head();
      stage.say("first", first);
      const version = await fieldOf(peer, "sec-websocket-version");
      const upgrade = (await fieldOf(peer, "upgrade")).map((value) => value.toLowerCase());
      const absent = [await fieldOf(peer, "origin"), await fieldOf(peer, "sec-websocket-extensions")];
      stage.say(`version ["${version}"] upgrade ["${upgrade}"]`, ...absent);
      const [key = ""] = await fieldOf(peer, "sec-websocket-key");
      stage.say("a key of 16 bytes", Buffer.from(key, "base64").length === 16);
      stage.say("url", /^ws:\/\/127\.0\.0\.1:\d+\/ws\?token=x$/.test(socket.url));
    },
  },
];
