import { EventEmitter } from "node:events";
import http from "node:http";
import { inherits } from "node:util";
import { pathToFileURL } from "node:url";
import { faceNamed, pathOfOurs } from "../kit/faces.js";
import { baseOf, bothEnds, PROTOCOL, subclass } from "./acts/ends.js";

/** Has both ends say something and leave.
 * @param {import("../kit/stage.js").Stage} stage
 * @param {any} Class */
async function exchange(stage, Class) {
  const { atServer, atClient } = await bothEnds(stage, { Class, watch: false });
  const heard = stage.once(atServer, "message");
  const answered = stage.once(atClient, "message");
  stage.say("returns itself", atClient.send(new Uint8Array([1, 2])) === atClient);
  stage.say("server", atServer instanceof Class, atServer instanceof stage.library, (await heard)[0]);
  atServer.send(Buffer.from([3]));
  stage.say("client", atClient instanceof Class, atClient instanceof stage.library, (await answered)[0]);
  const left = stage.once(atServer, "disconnect");
  atClient.disconnect();
  stage.say("left", ...(await left));
}

const EXCHANGED = [
  "main: returns itself true",
  "main: server true true Buffer<2: 0102>",
  "main: client true true Buffer<1: 03>",
  "main: left null",
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "what the package exports, required and imported",
    rows: ["1.exports"],
    expected: [
      'main: the class "function"',
      'main: Application "function"',
      "main: the default of import is it true",
      "main: and has Application true",
    ],
    async run(stage) {
      const { library, say } = stage;
      say("the class", typeof library === "function" && "function");
      say("Application", typeof library.Application === "function" && "function");
      const imported = await import(pathToFileURL(pathOfOurs(faceNamed("jellysocket"))).href);
      say("the default of import is it", imported.default === library);
      say("and has Application", imported.default.Application === library.Application);
    },
  },
  {
    name: "Application with and without new",
    rows: ["1.new"],
    expected: ["main: with true true true", "main: without true true true"],
    run(stage) {
      const { Application } = stage.library;
      const Sub = subclass(stage);
      for (const [name, make] of Object.entries({
        with: (/** @type {any} */ server) => new Application(server, Sub),
        without: (/** @type {any} */ server) => Application(server, Sub),
      })) {
        const server = http.createServer();
        const app = make(server);
        stage.say(name, app instanceof Application, app.server === server, app instanceof EventEmitter);
      }
    },
  },
  {
    name: "the class is not called without new",
    rows: ["1.new"],
    expected: ["main: throws true"],
    run(stage) {
      try {
        stage.library("ws://127.0.0.1:1/");
      } catch (error) {
        stage.say("throws", error instanceof Error);
      }
    },
  },
  {
    name: "inheritance as in the document: the base called on this, __proto__ set by hand",
    rows: ["1.es5", "12.es5"],
    expected: EXCHANGED,
    async run(stage) {
      const JellySocket = stage.library;
      /** @this {any}
       * @param {string} [uri] */
      function SuperSocket(uri) {
        JellySocket.call(this, uri);
        this.on("_message", (/** @type {unknown} */ data) => {
          this.emit("message", data);
        });
      }
      Reflect.set(SuperSocket.prototype, "__proto__", JellySocket.prototype);
      SuperSocket.prototype.protocol = "super-cool-protocol-1.0";
      /** @this {any}
       * @param {Uint8Array} data */
      SuperSocket.prototype.send = function (data) {
        return this._send(data);
      };
      await exchange(stage, SuperSocket);
    },
  },
  {
    name: "inheritance by util.inherits, the base applied with all arguments",
    rows: ["1.es5", "12.es5"],
    expected: EXCHANGED,
    async run(stage) {
      const JellySocket = stage.library;
      /** @this {any}
       * @param {...unknown} args */
      function Old(...args) {
        JellySocket.apply(this, args);
        this.on("_message", (/** @type {unknown} */ data) => this.emit("message", data));
      }
      inherits(Old, JellySocket);
      Old.prototype.protocol = "old";
      /** @this {any}
       * @param {Uint8Array} data */
      Old.prototype.send = function (data) {
        return this._send(data);
      };
      await exchange(stage, Old);
    },
  },
  {
    name: "inheritance by class, also over two steps with the protocol inherited",
    rows: ["1.es-class", "2.inherited"],
    expected: EXCHANGED,
    async run(stage) {
      class First extends baseOf(stage) {
        send(/** @type {Uint8Array} */ data) {
          return this._send(data);
        }
      }
      class Second extends First {
        constructor(/** @type {unknown[]} */ ...args) {
          super(...args);
          this.on("_message", (/** @type {unknown} */ data) => this.emit("message", data));
        }
      }
      Object.defineProperty(First.prototype, "protocol", { get: () => "by-getter" });
      await exchange(stage, Second);
    },
  },
  {
    name: "both classes are event emitters of Node, off included",
    rows: ["1.emitter"],
    expected: ["socket", "app"].flatMap((name) => [
      `main: ${name} true []`,
      `main: ${name} got [1, 2] [1]`,
      `main: ${name} listeners 1 1`,
      `main: ${name} after off 0 false`,
      `main: ${name} after removeAllListeners 0`,
    ]),
    async run(stage) {
      const { app, atClient } = await bothEnds(stage, { watch: false });
      const names = ["on", "once", "addListener", "removeListener", "removeAllListeners", "emit", "listeners"];
      for (const [name, emitter] of Object.entries({ socket: atClient, app })) {
        const missing = [...names, "listenerCount", "off"].filter((one) => typeof emitter[one] !== "function");
        stage.say(name, emitter instanceof EventEmitter, missing);
        /** @type {number[]} */
        const got = [];
        /** @type {number[]} */
        const gotOnce = [];
        const listener = (/** @type {number} */ value) => got.push(value);
        emitter.on("own", listener);
        emitter.once("own", (/** @type {number} */ value) => gotOnce.push(value));
        emitter.emit("own", 1);
        emitter.emit("own", 2);
        stage.say(`${name} got`, got, gotOnce);
        stage.say(`${name} listeners`, emitter.listeners("own").length, emitter.listenerCount("own"));
        emitter.off("own", listener);
        stage.say(`${name} after off`, emitter.listenerCount("own"), emitter.emit("own", 3));
        emitter.addListener("own", listener);
        emitter.removeAllListeners("own");
        stage.say(`${name} after removeAllListeners`, emitter.listenerCount("own"));
      }
    },
  },
  {
    name: "the getters are accessors of the prototypes without setters",
    rows: ["4.accessors"],
    expected: [
      'main: connected "function" undefined true',
      'main: bufferedAmount "function" undefined true',
      'main: clients "function" undefined true',
      'main: server "function" undefined true',
      'main: isLocked "function" undefined true',
    ],
    async run(stage) {
      const { app, atClient } = await bothEnds(stage, { watch: false });
      const places = [
        { prototype: stage.library.prototype, instance: atClient, names: ["connected", "bufferedAmount"] },
        { prototype: stage.library.Application.prototype, instance: app, names: ["clients", "server", "isLocked"] },
      ];
      for (const { prototype, instance, names } of places) {
        for (const name of names) {
          const accessor = Object.getOwnPropertyDescriptor(prototype, name);
          let isRefused = false;
          try {
            instance[name] = "own";
          } catch (error) {
            isRefused = error instanceof TypeError && instance[name] !== "own";
          }
          stage.say(name, accessor?.get && "function", accessor?.set, isRefused);
        }
      }
    },
  },
  {
    name: "a protocol that cannot be used: nothing, no string, empty, no token",
    rows: ["2.invalid", "2.base-class"],
    expected: [
      ...["nothing", "undefined", "number", "object", "empty", "space", "comma", "not ASCII", "line feed"].flatMap(
        (what) => [`main: ${what}: the socket TypeError`, `main: ${what}: Application TypeError`],
      ),
      "main: the base class itself TypeError",
    ],
    run(stage) {
      const { library, say } = stage;
      const nameOf = (/** @type {() => unknown} */ action) => {
        try {
          action();
          return "no error";
        } catch (error) {
          return error instanceof TypeError ? "TypeError" : String(error);
        }
      };
      class Nothing extends baseOf(stage) {}
      const classes = {
        nothing: Nothing,
        undefined: subclass(stage, null),
        number: subclass(stage, 13),
        object: subclass(stage, Object(PROTOCOL)),
        empty: subclass(stage, ""),
        space: subclass(stage, "a b"),
        comma: subclass(stage, "a,b"),
        "not ASCII": subclass(stage, "grün"),
        "line feed": subclass(stage, "a\r\nb"),
      };
      for (const [what, Class] of Object.entries(classes)) {
        say(`${what}: the socket ${nameOf(() => new Class("ws://127.0.0.1:1/"))}`);
        say(`${what}: Application ${nameOf(() => new library.Application(http.createServer(), Class))}`);
      }
      say(`the base class itself ${nameOf(() => new library("ws://127.0.0.1:1/"))}`);
    },
  },
];
