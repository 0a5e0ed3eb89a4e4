import { WebSocketServer } from "ws";
import { answerTo, join, OFFER, refusalOf, serve, subclass, wsClient } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OK = "101 Switching Protocols";

/** The socket of the next request to upgrade.
 * @param {import("node:http").Server} server
 * @returns {Promise<[import("node:http").IncomingMessage, import("node:net").Socket, Buffer]>} */
function nextUpgrade(server) {
  return new Promise((resolve) => {
    server.once("upgrade", (request, socket, head) => {
      resolve([request, /** @type {import("node:net").Socket} */ (socket), head]);
    });
  });
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "an upgrade to a path that nobody serves is left alone",
    rows: ["9.hangs"],
    expected: ["main: written 0 false", "main: answered later", 'main: answer "404 Not Found"'],
    async run(stage) {
      const { server, port } = await serve(stage, { options: { path: "/served" } });
      const upgrade = nextUpgrade(server);
      const peer = await stage.rawClient({ port, path: "/elsewhere", fields: OFFER, tellFrames: false });
      const [, socket] = await upgrade;
      await stage.turns(20);
      stage.say("written", socket.bytesWritten, socket.destroyed);
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      stage.say("answered later");
      stage.say("answer", await refusalOf(peer));
    },
  },
  {
    name: "upgradeNotFound, added last: 404 to what nobody took, nothing to what somebody did",
    rows: ["9.not-found"],
    expected: [
      `main: /served "${OK}"`,
      `main: /other "${OK}"`,
      'main: /refused "401 Unauthorized"',
      'main: / "404 Not Found"',
      'main: /served/ "404 Not Found"',
      'main: /served?x "101 Switching Protocols"',
    ],
    async run(stage) {
      const { server, port } = await serve(stage, { options: { path: "/served" } });
      const { Application } = stage.library;
      new Application(server, subclass(stage), { path: "/other" });
      new Application(server, subclass(stage), { path: "/refused", verifyClient: () => false });
      server.on("upgrade", Application.upgradeNotFound);
      for (const path of ["/served", "/other", "/refused", "/", "/served/", "/served?x"]) {
        stage.say(path, await answerTo(stage, { port, path }));
      }
    },
  },
  {
    name: "upgradeNotFound leaves alone what an application thinks about, also when it refuses later",
    rows: ["9.thinking", "12.thinking"],
    expected: ["main: thinking 0 false", `main: /yes "${OK}"`, "main: thinking 0 false", 'main: /no "403 Forbidden"'],
    async run(stage) {
      const { server, port } = await stage.http();
      const { Application } = stage.library;
      for (const [path, result] of Object.entries({ "/yes": true, "/no": false })) {
        /** @type {(cb: (result: boolean, code: number) => void) => void} */
        let setAsked = () => {};
        /** @type {Promise<(result: boolean, code: number) => void>} */
        const asked = new Promise((resolve) => {
          setAsked = resolve;
        });
        const verifyClient = (/** @type {unknown} */ _info, /** @type {any} */ cb) => setAsked(cb);
        new Application(server, subclass(stage), { path, verifyClient });
        server.removeListener("upgrade", Application.upgradeNotFound);
        server.on("upgrade", Application.upgradeNotFound);
        const upgrade = nextUpgrade(server);
        const answer = answerTo(stage, { port, path });
        const [, socket] = await upgrade;
        const decide = await asked;
        await stage.turns(20);
        stage.say("thinking", socket.bytesWritten, socket.destroyed);
        decide(result, 403);
        stage.say(path, await answer);
      }
    },
  },
  {
    name: "upgradeNotFound leaves alone what another module took, and sockets that are over",
    rows: ["9.taken", "9.over"],
    expected: [
      "main: reader 0 false",
      "main: ended 0 true",
      "main: destroyed 0",
      "ws: message Buffer<4: 6563686f> true",
    ],
    async run(stage) {
      const { server, port, url } = await stage.http();
      const { Application } = stage.library;
      new Application(server, subclass(stage), { path: "/served" });
      const others = new WebSocketServer({ noServer: true, handleProtocols: () => "proto-1" });
      others.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
      server.on("upgrade", (request, socket, head) => {
        if (request.url === "/reader") socket.on("data", () => {});
        if (request.url === "/ended") socket.end();
        if (request.url === "/destroyed") socket.destroy();
        if (request.url === "/ws")
          others.handleUpgrade(request, socket, head, (one) => others.emit("connection", one, request));
      });
      server.on("upgrade", Application.upgradeNotFound);
      const reader = nextUpgrade(server);
      await stage.rawClient({ port, path: "/reader", fields: OFFER, tellFrames: false });
      const [, readerSocket] = await reader;
      await stage.turns(20);
      stage.say("reader", readerSocket.bytesWritten, readerSocket.destroyed);
      const ended = await stage.rawClient({ port, path: "/ended", fields: OFFER, tellFrames: false });
      await ended.over();
      stage.say("ended", ended.body.length, (await ended.head())[0] === "<no head>");
      const destroyed = await stage.rawClient({ port, path: "/destroyed", fields: OFFER, tellFrames: false });
      await destroyed.over();
      stage.say("destroyed", destroyed.body.length);
      const client = await wsClient(stage, `${url}ws`);
      const echoed = stage.once(client, "message");
      client.send(Buffer.from("echo"));
      await echoed;
    },
  },
  {
    name: "upgradeNotFound called by hand, with and without the head; plain requests are never touched",
    rows: ["9.by-hand", "9.plain"],
    expected: ['main: without head "404 Not Found"', 'main: with head "404 Not Found"', 'main: plain "200 OK"'],
    async run(stage) {
      const { server, port } = await stage.http({
        handler: (_request, response) => {
          response.writeHead(200, { Connection: "close", "Content-Length": 4 }).end("page");
        },
      });
      const { Application } = stage.library;
      new Application(server, subclass(stage));
      server.on("upgrade", (request, socket, head) => {
        if (request.url === "/without") Application.upgradeNotFound(request, socket);
        if (request.url === "/with") Application.upgradeNotFound(request, socket, head);
      });
      stage.say("without head", await answerTo(stage, { port, path: "/without" }));
      stage.say("with head", await answerTo(stage, { port, path: "/with" }));
      const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
      stage.say("plain", await answerTo(stage, { port, request }));
    },
  },
  {
    name: "an application and another module share a server",
    rows: ["9.hangs", "9.taken", "7.path"],
    expected: ["main: the application's 1 0", "main: the other's 1 1"],
    async run(stage) {
      const { app, server, port, url } = await serve(stage, { options: { path: "/mine" } });
      const others = new WebSocketServer({ noServer: true });
      server.on("upgrade", (request, socket, head) => {
        if (request.url === "/theirs")
          others.handleUpgrade(request, socket, head, (one) => others.emit("connection", one));
      });
      let met = 0;
      others.on("connection", () => {
        met += 1;
      });
      await join(stage, { app, port }, { path: "/mine" });
      stage.say("the application's", app.clients.size, met);
      await wsClient(stage, `${url}theirs`);
      stage.say("the other's", app.clients.size, met);
    },
  },
];
