import http from "node:http";
import { answerTo, join, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OK = "101 Switching Protocols";

/** What making a server throws.
 * @param {Stage} stage
 * @param {unknown[]} args */
function thrownBy(stage, ...args) {
  try {
    new stage.library.WebSocketServer(...args);
    return "nothing";
  } catch (error) {
    return error;
  }
}

/** @param {Stage} stage
 * @param {object} client
 * @returns {Promise<string>} */
async function statusOf(stage, client) {
  return (await answerTo(stage, client)).status;
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "path: an exact match, the query ignored; 404 when no server has it and nobody else listens",
    rows: ["4.path", "4.not-found"],
    expected: [
      ...["/chat", "/chat?a=b", "/chat?"].map((path) => `main: ${path} "${OK}"`),
      ...["/", "/chat/", "/Chat", "/chat/x", "/cha"].map((path) => `main: ${path} "404 Not Found"`),
    ],
    async run(stage) {
      const { port } = await serve(stage, { path: "/chat" });
      for (const path of ["/chat", "/chat?a=b", "/chat?", "/", "/chat/", "/Chat", "/chat/x", "/cha"]) {
        stage.say(path, await statusOf(stage, { port, path }));
      }
    },
  },
  {
    name: "another path is left to whoever else listens to upgrade",
    rows: ["4.not-found"],
    expected: ['main: /other "299 Mine"', `main: / "${OK}"`],
    async run(stage) {
      const { server, port } = await serve(stage);
      server.on("upgrade", (request, socket) => {
        if (request.url === "/other") setImmediate(() => socket.end("HTTP/1.1 299 Mine\r\nConnection: close\r\n\r\n"));
      });
      for (const path of ["/other", "/"]) stage.say(path, await statusOf(stage, { port, path }));
    },
  },
  {
    name: "several servers on one http server, each with its path; the same path twice throws",
    rows: ["4.several", "4.same-path"],
    expected: [
      "main: /a 1 0",
      "main: /b 1 1",
      'main: /c "404 Not Found"',
      "main: the same path true false",
      "main: the same default path true",
      'main: another http server "nothing"',
      "main: still served 2 1",
    ],
    async run(stage) {
      const { server, port } = await stage.http();
      const { WebSocketServer } = stage.library;
      const [a, b] = ["/a", "/b"].map((path) => new WebSocketServer({ server, path }));
      await join(stage, { wss: a, port }, { path: "/a" });
      stage.say("/a", a.clients.size, b.clients.size);
      await join(stage, { wss: b, port }, { path: "/b" });
      stage.say("/b", a.clients.size, b.clients.size);
      stage.say("/c", await statusOf(stage, { port, path: "/c" }));
      const error = thrownBy(stage, { server, path: "/a" });
      stage.say("the same path", error instanceof Error, error instanceof TypeError);
      const other = http.createServer();
      new WebSocketServer({ server: other, path: "" });
      stage.say("the same default path", thrownBy(stage, { server: other, path: "/" }) instanceof Error);
      stage.say("another http server", thrownBy(stage, { server: http.createServer(), path: "/a" }));
      await join(stage, { wss: a, port }, { path: "/a" });
      stage.say("still served", a.clients.size, b.clients.size);
    },
  },
  {
    name: "what is no handshake gets 400, and no connection",
    rows: ["4.bad-handshake", "7.version"],
    expected: [
      'main: no key "400 Bad Request"',
      'main: a short key "400 Bad Request"',
      'main: another upgrade "400 Bad Request"',
      'main: not GET "400 Bad Request"',
      "main: version 8 refused true",
      "main: version 12 refused true",
      "main: connections 0",
    ],
    async run(stage) {
      const { wss, port } = await serve(stage);
      let connections = 0;
      wss.on("connection", () => {
        connections += 1;
      });
      const answer = (/** @type {object} */ fields) => statusOf(stage, { port, fields });
      stage.say("no key", await answer({ "Sec-WebSocket-Key": undefined }));
      stage.say("a short key", await answer({ "Sec-WebSocket-Key": "c2hvcnQ=" }));
      stage.say("another upgrade", await answer({ Upgrade: "h2c" }));
      const lines = ["POST / HTTP/1.1", `Host: 127.0.0.1:${port}`, "Upgrade: websocket", "Connection: Upgrade"];
      const more = ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Content-Length: 0"];
      stage.say("not GET", await statusOf(stage, { port, request: `${[...lines, ...more].join("\r\n")}\r\n\r\n` }));
      for (const version of ["8", "12"]) {
        const status = await answer({ "Sec-WebSocket-Version": version });
        stage.say(`version ${version} refused`, /^4\d\d /.test(status));
      }
      stage.say("connections", connections);
    },
  },
  {
    name: "a plain GET on the path goes to the program's request listener",
    rows: ["4.plain"],
    expected: ['main: / "200 OK" "a page"', 'main: /other "200 OK" "a page"'],
    async run(stage) {
      const { port } = await serve(
        stage,
        {},
        {
          handler: (_request, response) => {
            response.writeHead(200, { Connection: "close", "Content-Length": 6 }).end("a page");
          },
        },
      );
      for (const path of ["/", "/other"]) {
        const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
        const { status, body } = await answerTo(stage, { port, request });
        stage.say(path, status, body);
      }
    },
  },
  {
    name: "origins are all accepted",
    rows: ["4.origins"],
    expected: [undefined, "https://evil.example", "null", "no origin at all"].map(
      (origin) => `main: ${origin} "${OK}"`,
    ),
    async run(stage) {
      const { port } = await serve(stage);
      for (const origin of [undefined, "https://evil.example", "null", "no origin at all"]) {
        stage.say(String(origin), await statusOf(stage, { port, fields: { Origin: origin } }));
      }
    },
  },
  {
    name: "no extension is taken, whatever is offered; over https as well",
    rows: ["7.no-extensions", "4.server"],
    expected: [
      "plain: extensions []",
      'plain: got fin text 5 "hello"',
      "tls: extensions []",
      'tls: got fin text 5 "hello"',
    ],
    async run(stage) {
      for (const tls of [false, true]) {
        const served = await serve(stage, {}, { tls });
        const fields = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
        const lane = tls ? "tls" : "plain";
        const { socket, peer } = await join(stage, served, { fields, tls, lane });
        const taken = (await peer.head()).filter((line) => /^sec-websocket-extensions:/i.test(line));
        peer.say("extensions", taken);
        socket.send("hello");
        await peer.frame();
      }
    },
  },
];
