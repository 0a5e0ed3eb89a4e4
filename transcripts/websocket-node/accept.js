import { closeFrom, refusal, serve, serverEnd, watchConnection } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Call accept with these arguments and write the answer.
 * @param {Stage} stage
 * @param {string} label
 * @param {unknown[]} args
 * @param {import("../kit/handshake.js").Fields} [fields] */
async function accept(stage, label, args, fields = {}) {
  const { ws, port } = await serve(stage);
  ws.on("request", (request) => {
    request.on("requestResolved", () => stage.say(`${label}: resolved`));
    request.on("requestRejected", () => stage.say(`${label}: rejected`));
    stage.attempt(label, () => request.accept(...args).protocol);
  });
  const peer = await stage.rawClient({ port, fields, tellFrames: false });
  stage.say(label, refusal(await peer.head()));
  if (!(await peer.head())[0]?.includes("101")) await peer.over();
}

/** @param {Stage} stage
 * @param {string} label
 * @param {unknown} cookies */
function acceptCookies(stage, label, cookies) {
  return accept(stage, label, [null, null, cookies]);
}

const date = new Date(Date.UTC(2031, 1, 3, 4, 5, 6));

/** Cookies that are refused, by the row that says so.
 * @type {[string, string, unknown][]} */
const WRONG_COOKIES = [
  ["array", "an object", { name: "a", value: "1" }],
  ["array", "a string", "a=1"],
  ["name-value", "no value", [{ name: "a" }]],
  ["name-value", "an empty value", [{ name: "a", value: "" }]],
  ["name-value", "no name", [{ value: "1" }]],
  [
    "twice",
    "the same name twice",
    [
      { name: "a", value: "1" },
      { name: "a", value: "2" },
    ],
  ],
  ["name-char", "name with =", [{ name: "a=b", value: "1" }]],
  ["name-char", "name with @", [{ name: "a@b", value: "1" }]],
  ["name-char", "name with brackets", [{ name: "a[0]", value: "1" }]],
  ["value-char", "value with a comma", [{ name: "a", value: "1,2" }]],
  ["value-char", "value with a backslash", [{ name: "a", value: "1\\2" }]],
  ["value-char", "value with a quote inside", [{ name: "a", value: 'x"y' }]],
  ["path-char", "path with ;", [{ name: "a", value: "1", path: "/a;b" }]],
  ["path-char", "path with a control", [{ name: "a", value: "1", path: "/a\u0001b" }]],
  ["domain-char", "domain with ;", [{ name: "a", value: "1", domain: "a;b" }]],
  ["domain-type", "domain of another type", [{ name: "a", value: "1", domain: 5 }]],
  ["maxage", "maxage no number", [{ name: "a", value: "1", maxage: "x" }]],
  ["maxage", "maxage negative", [{ name: "a", value: "1", maxage: -5 }]],
  ["secure", "secure of another type", [{ name: "a", value: "1", secure: "yes" }]],
  ["httponly", "httponly of another type", [{ name: "a", value: "1", httponly: 1 }]],
];

const wrongCookies = WRONG_COOKIES.map(([row, what, cookies]) => ({
  name: `accept refuses cookies: ${what}`,
  rows: [`4.cookie-error-${row}`],
  /** @param {Stage} stage */
  run: (stage) => acceptCookies(stage, "cookies", cookies),
}));

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the response to a plain handshake",
    rows: ["4.response-bytes", "4.accept-none"],
    async run(stage) {
      await accept(stage, "nothing", []);
      await accept(stage, "null", [null]);
      await accept(stage, "empty", [""]);
      await accept(stage, "none of the asked", [null, null], { "Sec-WebSocket-Protocol": "chat" });
    },
  },
  {
    name: "the response has the protocol in the client's spelling, the origin and cookies",
    rows: ["4.response-bytes", "4.response-spelling", "4.response-origin", "4.set-cookies"],
    async run(stage) {
      const cookies = [
        { name: "a", value: "1" },
        { name: "b", value: "2" },
      ];
      const fields = { "Sec-WebSocket-Protocol": "ChAt, Other", Origin: "http://a.example" };
      await accept(stage, "all", ["chat", "http://a.example", cookies], fields);
      await accept(stage, "8", ["other", "http://b.example"], { ...fields, "Sec-WebSocket-Version": "8" });
    },
  },
  {
    name: "line ends in the origin do not become lines of the response",
    rows: ["4.response-crlf"],
    async run(stage) {
      await accept(stage, "origin", [null, "http://a.example\r\nX-Evil: 1"]);
    },
  },
  {
    name: "an extension is never negotiated",
    rows: ["4.response-bytes", "4.extensions"],
    async run(stage) {
      const fields = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
      await accept(stage, "extension", [], fields);
    },
  },
  {
    name: "a protocol that was not asked for is refused with 500",
    rows: ["4.accept-protocol-unasked"],
    async run(stage) {
      await accept(stage, "unasked", ["chat"]);
      await accept(stage, "another", ["chat"], { "Sec-WebSocket-Protocol": "talk" });
    },
  },
  {
    name: "an illegal protocol is refused with 500",
    rows: ["4.accept-protocol-illegal"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      ws.on("request", (request) => {
        try {
          request.accept("a b");
        } catch (error) {
          // The text names the character, which the original gets wrong.
          stage.say(
            "throws",
            error instanceof Error && /^Illegal character ".*" in subprotocol\.$/s.test(error.message),
          );
        }
      });
      const fields = { "Sec-WebSocket-Protocol": "a b" };
      const peer = await stage.rawClient({ port, fields, tellFrames: false });
      stage.say("head", refusal(await peer.head()));
    },
  },
  {
    name: "separators in a protocol are illegal, too",
    rows: ["4.accept-protocol-illegal"],
    async run(stage) {
      for (const separator of '()<>@,;:\\"/[]?={}\t\u007f\u0080') {
        const protocol = `a${separator}`;
        const { ws, port } = await serve(stage);
        ws.on("request", (request) => {
          request.on("requestRejected", () => stage.say("rejected"));
          try {
            request.accept(protocol);
          } catch (error) {
            stage.say(
              protocol,
              error instanceof Error && /^Illegal character ".*" in subprotocol\.$/s.test(error.message),
            );
          }
        });
        const peer = await stage.rawClient({ port, fields: { "Sec-WebSocket-Protocol": "chat" }, tellFrames: false });
        stage.say("head", refusal(await peer.head()));
      }
    },
  },
  {
    name: "every other visible character is allowed in a protocol",
    rows: ["4.protocols", "4.response-bytes"],
    async run(stage) {
      const protocol = "!#$%&'*+-.^_`|~09az";
      await accept(stage, "accept", [protocol], { "Sec-WebSocket-Protocol": protocol });
    },
  },
  {
    name: "a request is decided once",
    rows: ["4.accept-twice"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      ws.on("request", (request) => {
        if (request.resource === "/accept") request.accept();
        else request.reject();
        stage.attempt("accept", () => request.accept());
        stage.attempt("reject", () => request.reject());
      });
      for (const path of ["/accept", "/reject"]) {
        const peer = await stage.rawClient({ port, path, tellFrames: false });
        stage.say(path, (await peer.head())[0]);
      }
    },
  },
  {
    name: "sending and closing right after accept",
    rows: ["4.accept-at-once", "4.accept-order"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = stage.lane("server");
      ws.on("request", (request) => {
        const connection = request.accept();
        watchConnection(stage, connection, say);
        connection.sendUTF("first");
        connection.sendBytes(Buffer.from("second"));
        connection.close(1000, "that was it");
      });
      const peer = await stage.rawClient({ port });
      stage.say("head", refusal(await peer.head()));
      await peer.frames(3);
      const closed = stage.once(ws, "close");
      closeFrom(peer, 1000);
      peer.end();
      await closed;
    },
  },
  {
    name: "a request may be accepted in a later turn",
    rows: ["4.decide-later"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const asked = stage.once(ws, "request");
      const peer = await stage.rawClient({ port });
      const [request] = await asked;
      await stage.turns(10);
      const connection = request.accept();
      const message = stage.once(connection, "message");
      stage.say("head", refusal(await peer.head()));
      peer.send({ payload: "later" });
      stage.say("message", ...(await message));
    },
  },
  {
    name: "a client gone before accept: a connection that ends on the next tick",
    rows: ["4.client-gone"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = stage.lane("server");
      ws.on("connect", () => say("connect", ws.connections.length));
      ws.on("close", (_connection, ...values) => say("server close", ...values, ws.connections.length));
      const asked = stage.once(ws, "request");
      await stage.rawClient({ port, tellFrames: false });
      const [request] = await asked;
      const gone = stage.once(request.socket, "close");
      request.socket.destroy();
      await gone;
      request.on("requestAccepted", () => say("requestAccepted"));
      const connection = request.accept();
      watchConnection(stage, connection, say);
      say("returned", connection.connected, ws.connections.length);
      await stage.once(connection, "close");
      say("after", connection.connected, connection.state, connection.closeReasonCode);
    },
  },
  {
    name: "cookies of the response, with every part",
    rows: ["4.set-cookies", "4.response-bytes"],
    async run(stage) {
      await acceptCookies(stage, "all", [
        {
          ...{ name: "all", value: "v", path: "/p", domain: "Example.COM", expires: date },
          ...{ maxage: 60, secure: true, httponly: true },
        },
        { name: "some", value: "w", httponly: true, path: "/q" },
        { name: "none", value: "x", secure: false, httponly: false },
      ]);
      await acceptCookies(stage, "empty list", []);
    },
  },
  {
    name: "maxage of cookies: text, fractions, nought",
    rows: ["4.cookie-maxage"],
    async run(stage) {
      for (const maxage of ["30", 1.6, 0]) {
        await acceptCookies(stage, `maxage ${maxage}`, [{ name: "a", value: "1", maxage }]);
      }
    },
  },
  {
    name: "a cookie's value in quotes",
    rows: ["4.cookie-quoted"],
    run: (stage) => acceptCookies(stage, "quoted", [{ name: "a", value: '"x"' }]),
  },
  ...wrongCookies,
  {
    name: "accept refuses cookies: expires is no Date",
    rows: ["4.cookie-error-expires"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      ws.on("request", (request) => {
        try {
          request.accept(null, null, [{ name: "a", value: "1", expires: "tomorrow" }]);
        } catch (error) {
          // The original's text has a spelling mistake.
          stage.say("throws", error instanceof Error && error.message.replace("vaild", "valid"));
        }
      });
      const peer = await stage.rawClient({ port, tellFrames: false });
      stage.say("head", refusal(await peer.head()));
    },
  },
  {
    name: "after a refused acceptance the request is decided",
    rows: ["4.accept-protocol-unasked", "4.accept-twice"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      ws.on("request", (request) => {
        stage.attempt("first", () => request.accept("chat"));
        stage.attempt("second", () => request.accept());
        stage.say("pending", ws.pendingRequests.length);
      });
      const peer = await stage.rawClient({ port, tellFrames: false });
      stage.say("head", refusal(await peer.head()));
    },
  },
  {
    name: "accept by name in lower case whatever the client wrote",
    rows: ["4.response-spelling"],
    async run(stage) {
      const client = { fields: { "Sec-WebSocket-Protocol": "Fraggle-ROCK" } };
      const { connection, peer } = await serverEnd(stage, { client, accept: ["fraggle-rock"] });
      stage.say("protocol", connection.protocol);
      stage.say("head", refusal(await peer.head()));
    },
  },
];
