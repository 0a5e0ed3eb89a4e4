import { bufferAtMost, pick, serve } from "./acts/ends.js";

/** @typedef {import("../kit/handshake.js").Fields} Fields */

const GOOD = {
  Host: "127.0.0.1",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

/** @param {string} firstLine
 * @param {Fields} [fields] */
function requestOf(firstLine, fields = {}) {
  const lines = Object.entries({ ...GOOD, "X-Own": "filling", ...fields }).filter(([, value]) => value !== undefined);
  return `${[firstLine, ...lines.map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n`;
}

const LINE = "GET / HTTP/1.1";

/** @type {[string, string[]][]} */
const BAD = [
  ["another method", ["POST / HTTP/1.1", "PUT / HTTP/1.1", "HEAD / HTTP/1.1"].map((line) => requestOf(line))],
  ["a request line that is none", ["GET /", "GET / HTTP", "hello"].map((line) => requestOf(line))],
  ["too few lines", ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]],
  ["no Host", [requestOf(LINE, { Host: undefined })]],
  ["no Sec-WebSocket-Key", [requestOf(LINE, { "Sec-WebSocket-Key": undefined })]],
  ["no Upgrade", [requestOf(LINE, { Upgrade: undefined })]],
  ["no Connection", [requestOf(LINE, { Connection: undefined })]],
  ["another Upgrade", ["h2c", "websockets"].map((Upgrade) => requestOf(LINE, { Upgrade }))],
  ["another Connection", ["keep-alive", "close"].map((Connection) => requestOf(LINE, { Connection }))],
];

/** @type {[string, string[]][]} */
const GOOD_ONES = [
  [
    "names of fields in any case",
    [requestOf(LINE).replace("Upgrade: w", "UPGRADE: w").replace("Sec-WebS", "sec-webs")],
  ],
  ["Upgrade in any case", ["WebSocket", "WEBSOCKET"].map((Upgrade) => requestOf(LINE, { Upgrade }))],
  [
    "upgrade in a list of Connection",
    ["keep-alive, Upgrade", "upgrade,keep-alive", "Upgrade ,x", "UPGRADE"].map((Connection) =>
      requestOf(LINE, { Connection }),
    ),
  ],
  ["any path", ["/chat?x=1", "/%20/..", "/?", "/a/b;c"].map((path) => requestOf(`GET ${path} HTTP/1.1`))],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...BAD.map(([what, requests]) => ({
    name: `a bad request is refused with 400: ${what}`,
    rows: ["9.bad-request", "2.silent-failures"],
    /** @param {import("../kit/stage.js").Stage} stage */
    async run(stage) {
      const { server, port, say } = await serve(stage);
      stage.watch(server, say, "connection", "error");
      for (const request of requests) {
        const peer = await stage.rawClient({ port, request });
        peer.say("answer", (await peer.head())[0]);
        await peer.over();
        peer.end();
      }
    },
  })),
  {
    name: "another version is refused",
    rows: ["9.bad-version"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      stage.watch(server, say, "connection", "error");
      for (const version of ["8", "12", "14", "x", undefined]) {
        const request = requestOf(LINE, { "Sec-WebSocket-Version": version });
        const peer = await stage.rawClient({ port, request });
        // Which status of 4xx is free.
        peer.say("answer", (await peer.head())[0]?.slice(0, "HTTP/1.1 4".length));
        await peer.over();
        peer.end();
      }
    },
  },
  {
    name: "a request that does not end is refused at the buffer's limit",
    rows: ["9.request-too-big"],
    async run(stage) {
      bufferAtMost(stage, 50_000);
      const { server, port, say } = await serve(stage);
      stage.watch(server, say, "connection", "error");
      const peer = await stage.rawClient({ port, request: `${LINE}\r\nHost: a\r\nX-Long: ${"x".repeat(60_000)}` });
      peer.say("answer", (await peer.head())[0]);
      await peer.over();
      peer.end();
    },
  },
  ...GOOD_ONES.map(([what, requests]) => ({
    name: `a good request: ${what}`,
    rows: ["9.good-request", "9.good-answer", "4.path"],
    /** @param {import("../kit/stage.js").Stage} stage */
    async run(stage) {
      const { server, port, say } = await serve(stage);
      for (const request of requests) {
        const met = stage.once(server, "connection");
        const peer = await stage.rawClient({ port, request });
        peer.say("answer", await peer.head());
        const [connection] = await met;
        say("connection", pick(connection, "path", "readyState"));
      }
    },
  })),
  {
    name: "a request with fields of many kibibytes is a good one",
    rows: ["9.good-request", "9.request-too-big"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      for (const size of [20_000, 200_000]) {
        const met = stage.once(server, "connection");
        const peer = await stage.rawClient({ port, request: requestOf(LINE, { Cookie: "c".repeat(size) }) });
        peer.say("answer", (await peer.head())[0]);
        const [connection] = await met;
        say("cookie", connection.headers.cookie.length);
      }
    },
  },
  {
    name: "a request with a long path, and one with many fields",
    rows: ["9.good-request", "4.path"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      const many = Object.fromEntries(
        Array.from({ length: 1500 }, (_, index) => [`X-${"abcdefghij"[index % 10]}${"k".repeat(index / 10)}`, "v"]),
      );
      for (const request of [requestOf(`GET /${"p".repeat(30_000)} HTTP/1.1`), requestOf(LINE, many)]) {
        const met = stage.once(server, "connection");
        const peer = await stage.rawClient({ port, request });
        peer.say("answer", (await peer.head())[0]);
        const [connection] = await met;
        say("request", connection.path.length, Object.keys(connection.headers).length);
      }
    },
  },
  {
    name: "a request in single bytes, the first frame behind it",
    rows: ["9.request-pieces", "9.early-frames"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      server.on("connection", (/** @type {any} */ connection) => {
        say("connection", connection.path);
        stage.watch(connection, say, "text", "error");
      });
      const met = stage.once(server, "connection");
      const bytes = requestOf("GET /slow HTTP/1.1");
      const peer = await stage.rawClient({ port, request: bytes.slice(0, 1) });
      peer.socket.setNoDelay(true);
      for (const byte of bytes.slice(1)) {
        peer.write(byte);
        await stage.turns(1);
      }
      peer.send({ payload: "first" });
      const [connection] = await met;
      await stage.once(connection, "text");
      peer.say("answer", (await peer.head())[0]);
    },
  },
];
