import { pick, refusal, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/handshake.js").Fields} Fields */

/** The request that the server's listener gets.
 * @param {Stage} stage
 * @param {{ fields?: Fields, path?: string, config?: object }} [options] */
async function ask(stage, { fields = {}, path = "/", config = {} } = {}) {
  const { ws, port } = await serve(stage, config);
  const asked = stage.once(ws, "request");
  const peer = await stage.rawClient({ port, path, fields, tellFrames: false });
  const [request] = await asked;
  return { request, ws, peer };
}

/** What a server answers to a wrong handshake, and the error it tells.
 * @param {Stage} stage
 * @param {Fields} fields
 * @param {string} [label] */
async function refuse(stage, fields, label = "refused") {
  const { ws, port } = await serve(stage);
  ws.on("request", () => stage.say("request"));
  const failed = stage.once(ws, "upgradeError");
  const peer = await stage.rawClient({ port, fields, tellFrames: false });
  const [error] = await failed;
  stage.say(label, refusal(await peer.head()));
  stage.say("error", error, pick(error, "httpCode", "headers"));
  await peer.over();
}

/** Raw header lines: what no object of fields can say.
 * @param {number} port
 * @param {string[]} lines */
function rawRequest(port, lines) {
  return `GET / HTTP/1.1\r\n${["Upgrade: websocket", "Connection: Upgrade", ...lines].join("\r\n")}\r\n\r\n`.replace(
    "<port>",
    String(port),
  );
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a request tells resource, host, key, version and what it was made of",
    rows: ["4.given", "4.resource", "4.host-key-version"],
    async run(stage) {
      const { request, ws } = await ask(stage, { path: "/some/place?a=1&b=two%20words&a=3" });
      stage.say("members", pick(request, "resource", "host", "key", "webSocketVersion"));
      const { pathname, search, query, href } = request.resourceURL;
      stage.say("resourceURL", { pathname, search, query: { ...query }, href });
      stage.say("socket", request.socket === request.httpRequest.socket, request.httpRequest.method);
      stage.say("config", request.serverConfig === ws.config);
    },
  },
  {
    name: "the origin comes from the field of the protocol's version",
    rows: ["4.origin-13", "4.origin-8", "4.origin-none"],
    async run(stage) {
      const both = { Origin: "http://thirteen.example", "Sec-WebSocket-Origin": "http://eight.example" };
      const thirteen = await ask(stage, { fields: both });
      stage.say("13", thirteen.request.origin, thirteen.request.webSocketVersion);
      const eight = await ask(stage, { fields: { ...both, "Sec-WebSocket-Version": "8" } });
      stage.say("8", eight.request.origin, eight.request.webSocketVersion);
      for (const version of ["13", "8"]) {
        const none = await ask(stage, { fields: { "Sec-WebSocket-Version": version } });
        stage.say("none", none.request.origin);
      }
    },
  },
  {
    name: "requested protocols are lower case and in order, the client's spelling is kept in a map",
    rows: ["4.protocols", "4.protocol-map"],
    async run(stage) {
      const { request } = await ask(stage, { fields: { "Sec-WebSocket-Protocol": "Chat,  superCHAT,plain" } });
      stage.say("before", request.requestedProtocols, request.protocolFullCaseMap);
      request.accept("superchat");
      stage.say("after", request.requestedProtocols, request.protocolFullCaseMap);
      const none = await ask(stage);
      stage.say("none", none.request.requestedProtocols, none.request.protocolFullCaseMap);
      const lines = await ask(stage, { fields: { "Sec-WebSocket-Protocol": ["a", "B, c"] } });
      stage.say("several fields", lines.request.requestedProtocols);
    },
  },
  {
    name: "requested extensions are told with their parameters",
    rows: ["4.extensions", "4.extensions-off"],
    async run(stage) {
      const fields = { "Sec-WebSocket-Extensions": "Foo, bar; Level=10; bare, baz;x=Y" };
      stage.say("asked", (await ask(stage, { fields })).request.requestedExtensions);
      stage.say("absent", (await ask(stage)).request.requestedExtensions);
      const off = await ask(stage, { fields, config: { parseExtensions: false } });
      stage.say("off", off.request.requestedExtensions);
      off.request.accept();
      stage.say("answer", await off.peer.head());
    },
  },
  {
    name: "cookies are told by name and value",
    rows: ["4.cookies", "4.cookies-off"],
    async run(stage) {
      const cookies = [
        "a=1; b=two, c=three",
        'quoted="in quotes"; escaped=%C3%BC%20x; bare; more=a=b=c',
        "  blank = around ; empty=; a=1; a=2",
      ];
      for (const Cookie of cookies) stage.say("cookies", (await ask(stage, { fields: { Cookie } })).request.cookies);
      stage.say("absent", (await ask(stage)).request.cookies);
      const off = await ask(stage, { fields: { Cookie: "a=1" }, config: { parseCookies: false } });
      stage.say("off", off.request.cookies);
    },
  },
  {
    name: "remote addresses, with and without X-Forwarded-For",
    rows: ["4.remote", "4.forwarded", "4.forwarded-ignored"],
    async run(stage) {
      const fields = { "X-Forwarded-For": "10.1.2.3, 10.4.5.6" };
      const cases = {
        plain: await ask(stage),
        forwarded: await ask(stage, { fields }),
        ignored: await ask(stage, { fields, config: { ignoreXForwardedFor: true } }),
      };
      for (const [label, { request }] of Object.entries(cases)) {
        stage.say(label, pick(request, "remoteAddress", "remoteAddresses"));
        const connection = request.accept();
        stage.say("connection", pick(connection, "remoteAddress", "remoteAddresses"));
      }
    },
  },
  {
    name: "a handshake without Host is refused with 400",
    rows: ["4.error-host", "3.event-upgrade-error"],
    async run(stage) {
      const { server, port } = await stage.http();
      server.on("clientError", (_error, socket) => socket.destroy());
      const ws = new stage.library.server({ httpServer: server });
      const failed = stage.once(ws, "upgradeError");
      const lines = ["Host: ", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"];
      const peer = await stage.rawClient({ port, request: rawRequest(port, lines), tellFrames: false });
      stage.say("head", refusal(await peer.head()));
      stage.say("error", ...(await failed));
    },
  },
  {
    name: "a handshake without Sec-WebSocket-Key is refused with 400",
    rows: ["4.error-key"],
    run: (stage) => refuse(stage, { "Sec-WebSocket-Key": undefined }),
  },
  {
    name: "a handshake without a version, or with one that is no number, is refused with 400",
    rows: ["4.error-version"],
    async run(stage) {
      await refuse(stage, { "Sec-WebSocket-Version": undefined }, "none");
      await refuse(stage, { "Sec-WebSocket-Version": "x" }, "no number");
    },
  },
  {
    name: "another version is refused with 426, httpCode and headers",
    rows: ["4.error-version-unsupported"],
    async run(stage) {
      for (const version of ["7", "14"]) {
        const { ws, port } = await serve(stage);
        const failed = stage.once(ws, "upgradeError");
        const peer = await stage.rawClient({ port, fields: { "Sec-WebSocket-Version": version }, tellFrames: false });
        const head = refusal(await peer.head());
        // The reason has a text that the face puts right.
        stage.say(
          "head",
          head.filter((line) => !line.startsWith("X-WebSocket-Reject-Reason:")),
        );
        const [error] = await failed;
        stage.say("error", error.name, pick(error, "httpCode", "headers"), error.message.slice(0, 39));
      }
    },
  },
  {
    name: "a request made by hand is read and accepted by hand",
    rows: ["4.by-hand", "4.accept-order"],
    async run(stage) {
      const { server, port } = await stage.http();
      const { config } = new stage.library.server({ httpServer: (await stage.http()).server });
      const say = stage.lane("server");
      server.on("upgrade", (httpRequest, socket) => {
        const request = new stage.library.request(socket, httpRequest, config);
        request.on("requestAccepted", (connection) => say("requestAccepted", connection.connected));
        request.readHandshake();
        say("read", pick(request, "resource", "requestedProtocols", "webSocketVersion"));
        const connection = request.accept("chat", request.origin);
        connection.on("message", (message) => {
          say("message", message);
          connection.sendUTF("got it");
        });
      });
      const peer = await stage.rawClient({ port, fields: { "Sec-WebSocket-Protocol": "chat" } });
      stage.say("head", refusal(await peer.head()));
      peer.send({ payload: "hello" });
      await peer.frame();
    },
  },
  {
    name: "a wrong handshake made by hand throws from constructor or readHandshake",
    rows: ["4.by-hand", "4.error-key"],
    async run(stage) {
      const { server, port } = await stage.http();
      const { config } = new stage.library.server({ httpServer: (await stage.http()).server });
      server.on("upgrade", (httpRequest, socket) => {
        stage.attempt("reading", () => new stage.library.request(socket, httpRequest, config).readHandshake());
        socket.end();
      });
      const peer = await stage.rawClient({ port, fields: { "Sec-WebSocket-Key": undefined }, tellFrames: false });
      await peer.over();
    },
  },
];
