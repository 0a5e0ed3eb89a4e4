import { bothEnds, clientEnd, dial, serve, watchSocket } from "./acts/ends.js";
import { asFailed, FAILED, fails } from "./acts/failing.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const WRONG_ACCEPT = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: d3JvbmcgYWNjZXB0IGtleSE=\r\n\r\n",
].join("\r\n");

/** Answers that accept nothing, and what is known of the error. @type {Record<string, { answer: string, hide?: (error: unknown) => unknown }>} */
const ANSWERS = {
  "status 403": { answer: "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", hide: (error) => error },
  "status 404": { answer: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", hide: (error) => error },
  "status 200": { answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", hide: (error) => error },
  "status 302": { answer: "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", hide: (error) => error },
  "wrong accept": { answer: WRONG_ACCEPT },
  "no HTTP": { answer: "SSH-2.0-something\r\n\r\n" },
  nothing: { answer: "" },
};

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the constructor only prepares: whoever listens in the same turn hears everything",
    rows: ["2.start", "2.ready-state", "2.protocol-property", "3.open"],
    expected: [
      'client: made 0 ""',
      "client: open 1",
      'client: in open 1 "two"',
      'client: message 1 "early" ["data", "type"]',
      'client: message 2 Buffer<1: ff> ["data", "type"]',
      'raw server: got fin text masked 2 "hi"',
    ],
    async run(stage) {
      const raw = await stage.rawServer();
      const socket = new stage.library.WebSocket(raw.url, ["one", "two"]);
      const say = stage.lane("client");
      say("made", socket.readyState, socket.protocol);
      // As late as the end of the turn's promises.
      for (let count = 0; count < 20; count += 1) await undefined;
      watchSocket(socket, say);
      socket.on("open", () => {
        say("in open", socket.readyState, socket.protocol);
        socket.send("hi");
      });
      const peer = await raw.next();
      const early = Buffer.from("81056561726c798201ff", "hex");
      await peer.answer({ "Sec-WebSocket-Protocol": "two" }, undefined, early);
      await peer.frame();
      await stage.turns();
    },
  },
  {
    name: "a server that selects no subprotocol: open, protocol is empty",
    rows: ["2.protocol-property", "3.open"],
    expected: ['client: before ""', "client: open 1", 'client: after ""'],
    async run(stage) {
      const { socket, peer, say } = await dial(stage, { protocols: ["one"] });
      say("before", socket.protocol);
      const opened = stage.once(socket, "open");
      await peer.answer();
      await opened;
      say("after", socket.protocol);
    },
  },
  {
    name: "failures to connect: an error, no close, state 3",
    rows: ["3.failed", "3.bad-handshake", "2.ready-state"],
    expected: Object.entries(ANSWERS).flatMap(([what, { hide }]) =>
      asFailed(what, hide === undefined ? FAILED : 'error <Error: "websocket: bad handshake"> 3'),
    ),
    async run(stage) {
      for (const [what, { answer, hide }] of Object.entries(ANSWERS)) {
        const raw = await stage.rawServer({ tellFrames: false });
        const failed = fails(stage, what, raw.url, hide);
        const peer = await raw.next();
        peer.write(answer);
        peer.end();
        await failed;
      }
    },
  },
  {
    name: "failures to connect: nobody there, unknown authority",
    rows: ["3.failed", "2.ready-state"],
    expected: [...asFailed("refused"), ...asFailed("self-signed")],
    async run(stage) {
      const { server, url } = await stage.http();
      await new Promise((resolve) => server.close(resolve));
      await fails(stage, "refused", url);
      await fails(stage, "self-signed", (await stage.http({ tls: true })).url);
    },
  },
  {
    name: "a failure, and a loss, that nobody listens to end nothing",
    rows: ["6.silent-error"],
    expected: ["main: failed 3", "main: lost 3"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const refused = new stage.library.WebSocket(raw.url);
      const first = await raw.next();
      first.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
      await first.over();
      await stage.turns();
      stage.say("failed", refused.readyState);
      const lost = new stage.library.WebSocket(raw.url);
      const second = await raw.next();
      const closed = stage.once(lost, "close");
      await second.answer();
      second.reset();
      await closed;
      stage.say("lost", lost.readyState);
    },
  },
  {
    name: "variables for proxies are not asked",
    rows: ["7.no-proxy"],
    expected: ["client: open 1"],
    async run(stage) {
      const names = [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
      ];
      const before = names.map((name) => process.env[name]);
      stage.after(() => {
        for (const [index, name] of names.entries()) {
          const value = before[index];
          if (value === undefined) delete process.env[name];
          else process.env[name] = value;
        }
      });
      for (const name of names) process.env[name] = /no/i.test(name) ? "" : "http://127.0.0.1:1/";
      await clientEnd(stage);
    },
  },
  {
    name: "both ends of the face: open comes after connection on the server",
    rows: ["3.open", "4.event-connection", "2.url-property", "2.ready-state"],
    expected: [
      'server: connection 1 "/?a=b" ""',
      "server: open 1",
      'server: message 1 "from open" ["data", "type"]',
      "client: open 1",
    ],
    async run(stage) {
      const { wss, url, say } = await serve(stage);
      wss.on("connection", (/** @type {any} */ socket) => {
        say("connection", socket.readyState, socket.url, socket.protocol);
        watchSocket(socket, say);
      });
      const client = new stage.library.WebSocket(`${url}?a=b`);
      watchSocket(client, stage.lane("client"));
      client.on("open", () => client.send("from open"));
      const [socket] = await stage.once(wss, "connection");
      await stage.once(socket, "message");
    },
  },
  {
    name: "a whole conversation of both ends of the face",
    rows: ["3.message", "3.close", "2.close", "2.send"],
    expected: [
      "server: open 1",
      'server: message 1 "hello" ["data", "type"]',
      'server: close "with an error text" 3',
      "client: open 1",
      'client: message 1 "echo:hello" ["data", "type"]',
      "client: close 3",
      "client: closed",
    ],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      atServer.on("message", (/** @type {any} */ event) => atServer.send(`echo:${event.data}`));
      const over = stage.once(atServer, "close");
      atClient.on("message", () => {
        atClient.close();
        stage.lane("client")("closed");
      });
      atClient.send("hello");
      await over;
      await stage.turns();
    },
  },
];
