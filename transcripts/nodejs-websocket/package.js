import { EventEmitter } from "node:events";
import { Readable, Writable } from "node:stream";
import { bothEnds, bufferAtMost, calm, fragmentAt, serve } from "./acts/ends.js";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "what the package exports",
    rows: ["1.exports", "1.no-classes"],
    run(stage) {
      const { library, say } = stage;
      say("names", Object.keys(library).sort());
      for (const name of Object.keys(library).sort()) say(name, typeof library[name]);
      say("__esModule", library.__esModule);
      say("classes", library.Server, library.Connection);
    },
  },
  {
    name: "names and bases of the classes that are handed out",
    rows: ["1.class-names", "6.out-stream-class", "6.in-stream-class"],
    async run(stage) {
      const { server, atServer, atClient } = await bothEnds(stage);
      for (const [name, one] of Object.entries({ server, atServer, atClient })) {
        stage.say(name, one.constructor.name, one instanceof EventEmitter);
      }
      stage.say("one class", atServer.constructor === atClient.constructor);
      const received = stage.once(atServer, "binary");
      const out = atClient.beginBinary();
      out.end("x");
      const [stream] = await received;
      stage.say("out", out.constructor.name, out instanceof Writable);
      stage.say("in", stream.constructor.name, stream instanceof Readable);
    },
  },
  {
    name: "each form of createServer",
    rows: ["1.create-server"],
    async run(stage) {
      const { library, say } = stage;
      const callback = () => {};
      const servers = {
        nothing: library.createServer(),
        callback: library.createServer(callback),
        options: library.createServer({}),
        both: library.createServer({}, callback),
      };
      for (const [name, server] of Object.entries(servers)) {
        say(name, server, server.listeners("connection").includes(callback), server.connections);
      }
    },
  },
  {
    name: "the callback of createServer meets each connection",
    rows: ["1.create-server", "2.event-connection"],
    async run(stage) {
      const say = stage.lane("server");
      const server = stage.library.createServer((/** @type {any} */ connection) => {
        say("callback", connection, connection.path);
      });
      const listening = stage.once(server, "listening");
      calm(server).listen(0, "127.0.0.1");
      await listening;
      const port = stage.adopt(server.socket);
      for (const path of ["/one", "/two"]) {
        const met = stage.once(server, "connection");
        const peer = await stage.rawClient({ port, path, tellFrames: false });
        await met;
        await peer.head();
      }
    },
  },
  {
    name: "each form of connect returns a connecting Connection",
    rows: ["1.connect", "3.callback"],
    async run(stage) {
      const { url } = await serve(stage);
      const say = stage.lane("client");
      /** @param {string} name
       * @param {unknown[]} args */
      const open = async (name, ...args) => {
        const connection = stage.library.connect(url, ...args);
        connection.on("error", () => {});
        say(name, connection, connection.readyState);
        await stage.once(connection, "connect");
        say(name, "is open", connection.readyState);
        return connection;
      };
      /** @type {unknown[]} */
      const self = [];
      /** @this {unknown}
       * @param {...unknown} values */
      function callback(...values) {
        self.push(this);
        say("callback", ...values);
      }
      await open("url");
      await open("options", {});
      const short = await open("callback", callback);
      const long = await open("options and callback", {}, callback);
      say("this", self[0] === short, self[1] === long, "listeners left", long.listeners("connect").includes(callback));
    },
  },
  {
    name: "the setters return nothing and check nothing",
    rows: ["1.setters"],
    run(stage) {
      fragmentAt(stage, 10);
      bufferAtMost(stage, 1000);
      for (const value of [1, 0, -5, Number.NaN, undefined, "many"]) {
        stage.attempt("setBinaryFragmentation", () => stage.library.setBinaryFragmentation(value));
        stage.attempt("setMaxBufferLength", () => stage.library.setMaxBufferLength(value));
      }
    },
  },
];
