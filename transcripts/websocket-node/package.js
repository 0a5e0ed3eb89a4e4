import { EventEmitter } from "node:events";
import { bothEnds, pick } from "./acts/ends.js";

const CLASSES = ["server", "client", "router", "request", "connection", "frame", "w3cwebsocket"];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the package exports its classes, deprecation and version",
    rows: ["1.exports", "1.version"],
    run({ library, say }) {
      for (const name of Object.keys(library).sort()) say(name, typeof library[name]);
      say("is a version", /^\d+\.\d+\.\d+$/.test(library.version));
      say("keys of deprecation", Object.keys(library.deprecation).sort());
      say("values", pick(library.deprecation, "disableWarnings", "deprecationWarningMap"));
    },
  },
  {
    name: "the classes have their long names and make objects of themselves",
    rows: ["1.constructors", "1.emitters"],
    run({ library, say }) {
      for (const name of CLASSES) say(name, library[name].name);
      for (const name of ["server", "client", "router"]) {
        const made = new library[name]();
        say(name, made instanceof library[name], made instanceof EventEmitter, made.constructor === library[name]);
      }
      for (const name of ["request", "connection"]) say(name, library[name].prototype instanceof EventEmitter);
      say("w3cwebsocket is an emitter", library.w3cwebsocket.prototype instanceof EventEmitter);
    },
  },
  {
    name: "what is handed out is an instance of the exported classes",
    rows: ["1.constructors"],
    async run(stage) {
      const { library } = stage;
      const seen = stage.lane("server");
      const { server, url } = await stage.http();
      const ws = new library.server({ httpServer: server, assembleFragments: false });
      ws.on("request", (request) => {
        seen("request", request instanceof library.request, request instanceof EventEmitter);
        const connection = request.accept();
        seen("connection", connection instanceof library.connection, connection instanceof EventEmitter);
        connection.on("frame", (frame) => {
          seen("frame", frame instanceof library.frame);
          connection.close();
        });
      });
      const client = new library.client();
      client.on("connect", (connection) => {
        stage.say("connection", connection instanceof library.connection);
        connection.sendUTF("x");
      });
      client.connect(url);
      await stage.once(ws, "close");
    },
  },
  {
    name: "deprecation.warn warns once for each name that has a text",
    rows: ["1.deprecation"],
    run(stage) {
      const { deprecation } = stage.library;
      const { say } = stage;
      const original = console.warn;
      stage.after(() => {
        console.warn = original;
        deprecation.disableWarnings = false;
        for (const name of ["one", "two"]) delete deprecation.deprecationWarningMap[name];
      });
      console.warn = (...values) => say("console.warn", ...values);
      deprecation.warn("unknown");
      deprecation.deprecationWarningMap["one"] = "use another";
      deprecation.deprecationWarningMap["two"] = "use none";
      say("returns", deprecation.warn("one"));
      deprecation.warn("one");
      deprecation.disableWarnings = true;
      deprecation.warn("two");
      deprecation.disableWarnings = false;
      deprecation.warn("two");
      deprecation.warn("two");
    },
  },
  {
    name: "methods are where subclasses and spies look for them",
    rows: ["1.constructors"],
    run({ library, say }) {
      const methods = {
        server: ["mount", "unmount", "closeAllConnections", "broadcast", "broadcastUTF", "broadcastBytes", "shutDown"],
        client: ["connect", "abort"],
        router: ["attachServer", "detachServer", "mount", "unmount"],
        request: ["readHandshake", "accept", "reject"],
        connection: ["close", "drop", "sendUTF", "sendBytes", "send", "ping", "pong", "sendFrame", "pause", "resume"],
        frame: ["toBuffer", "toString"],
        w3cwebsocket: ["send", "close"],
      };
      for (const [name, members] of Object.entries(methods)) {
        say(name, Object.fromEntries(members.map((member) => [member, typeof library[name].prototype[member]])));
      }
    },
  },
  {
    name: "both ends of the library understand each other",
    rows: ["7.message", "6.protocol-case"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage, { protocol: "chat" });
      atServer.on("message", (message) => {
        if (message.type === "utf8") atServer.sendUTF(`echo ${message.utf8Data}`);
        else atServer.sendBytes(message.binaryData);
      });
      atClient.sendUTF("grüße");
      await stage.once(atClient, "message");
      const answered = stage.once(atClient, "message");
      atClient.sendBytes(Buffer.from([1, 2, 3]));
      await answered;
      const closed = stage.once(atServer, "close");
      const closedThere = stage.once(atClient, "close");
      atClient.close(1000, "done");
      await Promise.all([closed, closedThere]);
    },
  },
];
