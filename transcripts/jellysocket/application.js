import http from "node:http";
import { BINARY } from "../kit/frames.js";
import { baseOf, answerTo, bothEnds, join, OFFER, catchThrown, serve, subclass, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OK = "101 Switching Protocols";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "path: an exact match, the query ignored",
    rows: ["7.path"],
    expected: [
      ...["/chat", "/chat?a=b", "/chat?"].map((path) => `main: ${path} "${OK}"`),
      ...["/chat/", "/Chat", "/", "/chat/x", "/cha", "//chat"].map((path) => `main: ${path} "left alone"`),
    ],
    async run(stage) {
      const { port, server } = await serve(stage, { options: { path: "/chat" } });
      server.on("upgrade", (request, socket) => {
        if (!/^\/chat($|\?)/.test(request.url ?? ""))
          socket.end("HTTP/1.1 299 left alone\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      });
      for (const path of ["/chat", "/chat?a=b", "/chat?", "/chat/", "/Chat", "/", "/chat/x", "/cha", "//chat"]) {
        stage.say(path, (await answerTo(stage, { port, path })).replace("299 ", ""));
      }
    },
  },
  {
    name: "path: without the option it is /",
    rows: ["7.path"],
    expected: [`main: / "${OK}"`, `main: /?q "${OK}"`, 'main: /x "left alone"'],
    async run(stage) {
      const { port, server } = await serve(stage, { options: {} });
      server.on("upgrade", (request, socket) => {
        if (request.url === "/x")
          socket.end("HTTP/1.1 299 left alone\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      });
      for (const path of ["/", "/?q", "/x"]) {
        stage.say(path, (await answerTo(stage, { port, path })).replace("299 ", ""));
      }
    },
  },
  {
    name: "two applications on one server, each with its path and class",
    rows: ["7.path", "7.connection"],
    expected: ["main: /a true false 1 0", "main: /b true false 1 1"],
    async run(stage) {
      const { server, port } = await stage.http();
      const [A, B] = [subclass(stage), subclass(stage)];
      const a = new stage.library.Application(server, A, { path: "/a" });
      const b = new stage.library.Application(server, B, { path: "/b" });
      const first = await join(stage, { app: a, port }, { path: "/a" });
      stage.say("/a", first.socket instanceof A, first.socket instanceof B, a.clients.size, b.clients.size);
      const second = await join(stage, { app: b, port }, { path: "/b" });
      stage.say("/b", second.socket instanceof B, second.socket instanceof A, a.clients.size, b.clients.size);
    },
  },
  {
    name: "made before its server listens, and after; http and https",
    rows: ["7.server-argument", "7.server", "3.options"],
    expected: ["main: before true", "main: after true", "main: https true"],
    async run(stage) {
      const Sub = subclass(stage);
      const server = http.createServer();
      const before = new stage.library.Application(server, Sub);
      const port = await stage.listen(server);
      await join(stage, { app: before, port });
      stage.say("before", before.server === server);
      const after = await serve(stage);
      await join(stage, after);
      stage.say("after", after.app.server === after.server);
      const secure = await serve(stage, { tls: true });
      await join(stage, secure, { tls: true });
      stage.say("https", secure.app.server === secure.server);
    },
  },
  {
    name: "connection: an instance, connected, among the clients, no message lost, no connect",
    rows: ["7.connection", "5.connect", "4.connected"],
    expected: [
      "server: connection true true true 1",
      "server: _message Buffer<5: 6561726c79>",
      "server: _message Buffer<4: 6c617465>",
      "server: disconnect null",
      "raw client: got fin close 2 1000",
      "raw client: over",
    ],
    async run(stage) {
      const { app, port, Class, say } = await serve(stage);
      app.on("connection", (/** @type {any} */ socket) => {
        say("connection", socket instanceof Class, socket.connected, app.clients.has(socket), app.clients.size);
        watchSocket(socket, say);
      });
      // A masked frame with the key 0: what is masked is as it was.
      const early = Buffer.from("828500000000" + "6561726c79", "hex");
      const { socket, peer } = await join(stage, { app, port }, { early });
      const heard = stage.once(socket, "disconnect");
      peer.send({ opcode: BINARY, payload: "late" });
      peer.sendClose(1000);
      await heard;
      await peer.over();
    },
  },
  {
    name: "the subclass is made without arguments, and the base adopts the connection whatever it is given",
    rows: ["3.adopts", "12.es5"],
    expected: [
      "main: arguments 0",
      "main: fixed address true true",
      "server: _message Buffer<1: 01>",
      "main: fixed options true true",
      "server: _message Buffer<1: 01>",
      "main: dialled 0",
    ],
    async run(stage) {
      const elsewhere = await stage.http();
      let dialled = 0;
      elsewhere.server.on("connection", () => {
        dialled += 1;
      });
      class Fixed extends baseOf(stage) {
        constructor(/** @type {unknown[]} */ ...args) {
          if (args.length === 0) super(elsewhere.url);
          else super(...args);
        }
      }
      class FixedOptions extends baseOf(stage) {
        constructor() {
          super(elsewhere.url, { headers: { a: "b" } });
        }
      }
      for (const [what, Class] of Object.entries({ "fixed address": Fixed, "fixed options": FixedOptions })) {
        Class.prototype.protocol = "proto-1";
        /** @type {number | undefined} */
        let count;
        const Counted = new Proxy(Class, {
          construct(target, args, newTarget) {
            count = args.length;
            return Reflect.construct(target, args, newTarget);
          },
        });
        const served = await serve(stage, { Class: Counted });
        const { socket, peer } = await join(stage, served);
        if (what === "fixed address") stage.say("arguments", count);
        stage.say(what, socket instanceof Class, socket.connected);
        const heard = stage.once(socket, "_message");
        socket.on("_message", (/** @type {unknown} */ data) => served.say("_message", data));
        peer.send({ opcode: BINARY, payload: new Uint8Array([1]) });
        await heard;
      }
      stage.say("dialled", dialled);
    },
  },
  {
    name: "a subclass that throws: the connection is closed, the error goes to the caller of upgrade, the next one is served",
    rows: ["3.subclass-throws"],
    expected: [
      'main: the caller of upgrade gets <Error: "not today">',
      "main: over",
      "main: clients 0",
      "main: then true 1",
    ],
    async run(stage) {
      let isThrowing = true;
      class Moody extends baseOf(stage) {
        constructor() {
          super("ws://127.0.0.1:1/");
          if (isThrowing) throw new Error("not today");
        }
      }
      Moody.prototype.protocol = "proto-1";
      const { app, port, server } = await serve(stage, { Class: Moody });
      catchThrown(server, (error) => stage.say("the caller of upgrade gets", error));
      const peer = await stage.rawClient({ port, fields: OFFER, tellFrames: false });
      await peer.over();
      stage.say("over");
      stage.say("clients", app.clients.size);
      isThrowing = false;
      const { socket } = await join(stage, { app, port });
      stage.say("then", socket instanceof Moody, app.clients.size);
    },
  },
  {
    name: "app.server and what both ends see over TLS",
    rows: ["7.server", "3.options"],
    expected: ["main: over TLS Buffer<1: 01>"],
    async run(stage) {
      const { app, url, Class } = await serve(stage, { tls: true });
      const met = stage.once(app, "connection");
      const client = new Class(url, { ca: stage.tls.cert });
      client.on("connect", () => client._send(new Uint8Array([1])));
      const [socket] = await met;
      stage.say("over TLS", ...(await stage.once(socket, "_message")));
    },
  },
  {
    name: "after the peer has closed its socket is over, on both ends",
    rows: ["6.received-normal"],
    expected: ["client: connect", "client: disconnect null", "server: disconnect null", "main: clients 0"],
    async run(stage) {
      const { app, atServer, atClient } = await bothEnds(stage);
      const over = stage.once(atClient, "disconnect");
      atServer.disconnect();
      await over;
      stage.say("clients", app.clients.size);
    },
  },
];
