import { EventEmitter } from "node:events";
import { pathToFileURL } from "node:url";
import { faceNamed, pathOfOurs } from "../kit/faces.js";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "what the package exports",
    rows: ["1.export", "1.server-only"],
    run({ library, say }) {
      say(library, library.name, Object.keys(library));
      say("statics of a client", library.OPEN, library.CONNECTING, library.prototype.onmessage);
    },
  },
  {
    name: "the class is an event emitter for any number of listeners",
    rows: ["1.emitter"],
    async run(stage) {
      const { server } = await stage.http();
      const ws = new stage.library(server);
      stage.after(() => {
        ws.pingDelay = 0;
      });
      stage.say(ws instanceof EventEmitter, ws instanceof stage.library, ws.constructor.name);
      stage.say("most listeners", ws.getMaxListeners());
      ws.on("own", (/** @type {unknown[]} */ ...values) => stage.say("own", ...values));
      stage.say(ws.emit("own", 1, "two"), ws.listenerCount("own"));
    },
  },
  {
    name: "the methods and accessors of the class",
    rows: ["1.export", "1.server-only"],
    run({ library, say }) {
      const wanted = [
        ...[
          "allowOrigin",
          "encoding",
          "limitByIP",
          "maxPayload",
          "pingDelay",
          "pongTimeout",
          "sessionExpires",
          "clients",
        ],
        ...["send", "close", "ping", "url", "readyState", "bytesRead", "bytesWritten"],
        ...["isPaused", "pause", "resume", "setEncoding", "setKeepAlive", "setNoDelay"],
      ];
      for (const name of wanted) {
        const { get, set, value } = Object.getOwnPropertyDescriptor(library.prototype, name) ?? {};
        say(name, { get: get !== undefined, set: set !== undefined, call: typeof value === "function" });
      }
    },
  },
  {
    name: "the class cannot be called without new",
    rows: ["1.export"],
    run({ library, say }) {
      try {
        library({ on() {} });
      } catch (error) {
        say("throws", error instanceof TypeError);
      }
    },
  },
  {
    name: "the default export of an ES module is the class",
    rows: ["1.esm"],
    expected: ["main: the same class true"],
    async run({ library, say }) {
      const module = await import(pathToFileURL(pathOfOurs(faceNamed("jadsonlucena-websocket"))).href);
      say("the same class", module.default === library);
    },
  },
];
