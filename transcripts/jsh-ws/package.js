import { EventEmitter } from "node:events";
import { pathToFileURL } from "node:url";
import { faceNamed, pathOfOurs } from "../kit/faces.js";
import { bothEnds } from "./acts/ends.js";

const CONSTANTS = ["CONNECTING", "OPEN", "CLOSING", "CLOSED", "TextMessage", "BinaryMessage"];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "what the package exports, required and imported",
    rows: ["1.exports", "1.nothing-else"],
    expected: [
      'main: is a "object"',
      'main: names ["WebSocket", "WebSocketServer"]',
      "main: imported true true",
      "main: statics of other libraries []",
    ],
    async run(stage) {
      const { library, say } = stage;
      say("is a", typeof library);
      say("names", Object.keys(library).sort());
      const imported = await import(pathToFileURL(pathOfOurs(faceNamed("jsh-ws"))).href);
      const { WebSocket, WebSocketServer } = imported;
      say("imported", WebSocket === library.WebSocket, WebSocketServer === library.WebSocketServer);
      const others = ["Server", "WebSocket", "WebSocketServer", "createWebSocketStream", "Receiver", "Sender"];
      say(
        "statics of other libraries",
        others.filter((name) => name in library.WebSocket),
      );
    },
  },
  {
    name: "both are classes on Node's event emitter",
    rows: ["1.exports", "6.extends"],
    expected: ["main: WebSocket true true", "main: WebSocketServer true", "main: without new throws true true"],
    async run(stage) {
      const { WebSocket, WebSocketServer } = stage.library;
      const { wss, atServer, atClient } = await bothEnds(stage, { watch: false });
      const isBoth = (/** @type {unknown} */ one) => one instanceof EventEmitter && one instanceof WebSocket;
      stage.say("WebSocket", isBoth(atServer), isBoth(atClient));
      stage.say("WebSocketServer", wss instanceof EventEmitter && wss instanceof WebSocketServer);
      const throws = [() => WebSocket("ws://127.0.0.1:1/"), () => WebSocketServer({})].map((call) => {
        try {
          call();
          return false;
        } catch (error) {
          return error instanceof TypeError;
        }
      });
      stage.say("without new throws", ...throws);
    },
  },
  {
    name: "constants of the class, none of instances",
    rows: ["2.constants"],
    expected: ["main: of the class [0, 1, 2, 3, 1, 2]", "main: of an instance []", "main: of the server's []"],
    async run(stage) {
      const { WebSocket } = stage.library;
      const { atServer, atClient } = await bothEnds(stage, { watch: false });
      stage.say(
        "of the class",
        CONSTANTS.map((name) => WebSocket[name]),
      );
      stage.say(
        "of an instance",
        CONSTANTS.filter((name) => name in atClient),
      );
      stage.say(
        "of the server's",
        CONSTANTS.filter((name) => name in atServer),
      );
    },
  },
  {
    name: "a server has none of the other libraries' methods, a socket no properties for listeners",
    rows: ["1.nothing-else", "2.no-handlers"],
    expected: ["main: of the server []", "main: of the socket []"],
    async run(stage) {
      const { wss, atClient } = await bothEnds(stage, { watch: false });
      const ofServers = ["handleUpgrade", "shouldHandle", "address", "noServer", "completeUpgrade"];
      stage.say(
        "of the server",
        ofServers.filter((name) => name in wss),
      );
      const ofSockets = ["onopen", "onmessage", "onclose", "onerror", "ping", "pong", "terminate"];
      stage.say(
        "of the socket",
        ofSockets.filter((name) => name in atClient),
      );
    },
  },
];
