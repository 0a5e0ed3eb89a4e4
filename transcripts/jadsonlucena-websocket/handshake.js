import { encodeFrame } from "../kit/frames.js";
import { acceptOf, headText, SAMPLE_KEY } from "../kit/handshake.js";
import { ask, COOKIE, cookieId, fieldOf, join, serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/handshake.js").Fields} Fields */

/** Requests that are refused, by what is wrong, with the status.
 * @type {[string, Fields, string][]} */
const REFUSED = [
  ["no Sec-WebSocket-Key", { "Sec-WebSocket-Key": undefined }, "400 Bad Request"],
  ["an empty Sec-WebSocket-Key", { "Sec-WebSocket-Key": "" }, "400 Bad Request"],
  ["another Upgrade", { Upgrade: "h2c" }, "400 Bad Request"],
  ["version 7", { "Sec-WebSocket-Version": "7" }, "426 Upgrade Required"],
  ["version 14", { "Sec-WebSocket-Version": "14" }, "426 Upgrade Required"],
  ["a version that is no number", { "Sec-WebSocket-Version": "x" }, "426 Upgrade Required"],
  ["no version", { "Sec-WebSocket-Version": undefined }, "426 Upgrade Required"],
  ["an empty version", { "Sec-WebSocket-Version": "" }, "426 Upgrade Required"],
  ["another origin", { Origin: "http://other.test" }, "403 Forbidden"],
];

/** Wrong in several ways, with the status of the first check.
 * @type {[string, Fields, string][]} */
const ORDER = [
  [
    "key, version and origin",
    { "Sec-WebSocket-Key": undefined, "Sec-WebSocket-Version": "7", Origin: "http://other.test" },
    "400 Bad Request",
  ],
  ["version and origin", { "Sec-WebSocket-Version": "7", Origin: "http://other.test" }, "426 Upgrade Required"],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the answer that accepts",
    rows: ["4.acceptance", "4.no-subprotocol", "9.not-offered"],
    async run(stage) {
      const { head } = await serverEnd(stage, {}, { fields: { "Sec-WebSocket-Protocol": "a, b" } });
      stage.say(head[0]);
      stage.say("Upgrade", fieldOf(head, "upgrade")?.toLowerCase());
      stage.say("Connection", fieldOf(head, "connection")?.toLowerCase());
      stage.say("accept", fieldOf(head, "sec-websocket-accept") === acceptOf(SAMPLE_KEY));
      stage.say("protocol", fieldOf(head, "sec-websocket-protocol"));
      stage.say("extensions", fieldOf(head, "sec-websocket-extensions"));
      stage.say(
        "names",
        head
          .slice(1)
          .map((line) => line.split(":")[0]?.toLowerCase())
          .sort(),
      );
    },
  },
  {
    name: "open comes after the answer, its listener has a client that is there",
    rows: ["3.open", "6.ready-state"],
    async run(stage) {
      const place = await serve(stage);
      place.ws.on("open", (/** @type {unknown[]} */ id, /** @type {unknown[]} */ ...others) => {
        place.say("in clients", place.ws.clients, others);
        place.say("written", place.ws.bytesWritten(id) > 0, place.ws.readyState(id), place.ws.isPaused(id));
        place.say("send", place.ws.send(id, "welcome"), place.ws.url(id).pathname);
      });
      const { peer } = await join(stage, place);
      await peer.frame();
    },
  },
  {
    name: "blanks around Upgrade and version; versions 13 and 8",
    rows: ["4.upgrade-key-host", "4.version"],
    async run(stage) {
      const place = await serve(stage);
      for (const Upgrade of ["websocket", "  websocket  "]) {
        for (const version of ["13", "8", " 13 "]) {
          const fields = { Upgrade, "Sec-WebSocket-Version": version };
          const { head } = await join(stage, place, { fields, ...UNHEARD });
          stage.say(Upgrade, version, head[0]);
        }
      }
    },
  },
  {
    name: "Upgrade in any case",
    rows: ["4.upgrade-key-host"],
    expected: [
      ...[1, 2, 3].map((one) => `server: open "<id ${one}>"`),
      ...["WebSocket", "WEBSOCKET", " webSocket "].map((one) => `main: ${one} "HTTP/1.1 101 Switching Protocols"`),
    ],
    async run(stage) {
      const place = await serve(stage);
      for (const Upgrade of ["WebSocket", "WEBSOCKET", " webSocket "]) {
        const { head } = await join(stage, place, { fields: { Upgrade }, ...UNHEARD });
        stage.say(Upgrade, head[0]);
      }
    },
  },
  ...["13", "8"].map((version) => ({
    name: `messages both ways with version ${version}`,
    rows: ["4.version", "3.message", "6.send"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, {}, { fields: { "Sec-WebSocket-Version": version } });
      const heard = stage.once(place.ws, "message");
      place.peer.send({ payload: "to the server" });
      await heard;
      place.ws.send(place.id, "to the client");
      await place.peer.frame();
    },
  })),
  ...REFUSED.map(([what, fields, status]) => ({
    name: `refused: ${what}`,
    rows: [
      "4.upgrade-key-host",
      "4.version",
      "4.version-absent",
      "4.origin-refused",
      "4.rejection-fields",
      "11.dead-client",
    ],
    expected: [
      `main: HTTP/1.1 ${status}`,
      'main: {closes: true, length: "0"} ""',
      `main: versions ${status.startsWith("426") ? '"13, 8"' : "undefined"}`,
      "main: clients []",
      'server: open "<id 1>"',
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serve(stage, { watch: ["message", "error"] });
      const peer = await ask(stage, place, { fields, ...UNHEARD });
      const head = await peer.head();
      await peer.over();
      stage.say(head[0] ?? "");
      // With 426 an Upgrade field has to come, and be named there (RFC 9110 §15.5.22)
      const closes = fieldOf(head, "connection")?.split(/ *, */).includes("close");
      stage.say({ closes, length: fieldOf(head, "content-length") }, peer.body);
      stage.say("versions", fieldOf(head, "sec-websocket-version"));
      stage.say("clients", place.ws.clients);
      await join(stage, place, UNHEARD);
    },
  })),
  {
    name: "a request without Host is refused, by whoever sees it first",
    rows: ["4.upgrade-key-host", "11.hostile-request"],
    expected: ["main: HTTP/1.1 400 Bad Request", "main: clients []", 'server: open "<id 1>"'],
    async run(stage) {
      const place = await serve(stage, { watch: ["error"] });
      const request = headText("GET / HTTP/1.1", {
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Key": SAMPLE_KEY,
        "Sec-WebSocket-Version": "13",
        Origin: place.origin,
      });
      const peer = await ask(stage, place, { request, ...UNHEARD });
      stage.say((await peer.head())[0] ?? "");
      await peer.over();
      stage.say("clients", place.ws.clients);
      await join(stage, place, UNHEARD);
    },
  },
  ...ORDER.map(([what, fields, status]) => ({
    name: `the first check that fails answers: ${what}`,
    rows: ["4.order"],
    expected: [
      `main: HTTP/1.1 ${status}`,
      "main: clients []",
      'main: over the limit ["<id 1>"]',
      'server: open "<id 1>"',
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 } });
      const peer = await ask(stage, place, { fields, ...UNHEARD });
      stage.say((await peer.head())[0] ?? "");
      await peer.over();
      stage.say("clients", place.ws.clients);
      await join(stage, place, UNHEARD);
      const second = await ask(stage, place, { fields, ...UNHEARD });
      if ((await second.head())[0] === `HTTP/1.1 ${status}`) stage.say("over the limit", place.ws.clients);
    },
  })),
  {
    name: "the origin is looked at before the limit",
    rows: ["4.order", "4.origin-refused", "4.limit"],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 } });
      await join(stage, place, UNHEARD);
      for (const Origin of ["http://other.test", place.origin]) {
        const peer = await ask(stage, place, { fields: { Origin }, ...UNHEARD });
        stage.say((await peer.head())[0] ?? "");
        await peer.over();
      }
      stage.say("clients", place.ws.clients);
    },
  },
  {
    name: "bytes that come together with the request are the first frames",
    rows: ["4.early-bytes", "8.cut"],
    expected: ['server: open "<id 1>"', 'server: message "<id 1>" "early"', 'server: message "<id 1>" "cut in two"'],
    async run(stage) {
      const place = await serve(stage);
      const heard = stage.once(place.ws, "message");
      const frames = [
        encodeFrame({ payload: "early", mask: true }),
        encodeFrame({ payload: "cut in two", mask: true }),
      ];
      const bytes = Buffer.concat(frames);
      const { peer } = await join(stage, place, { early: bytes.subarray(0, bytes.length - 5), ...UNHEARD });
      await heard;
      const again = stage.once(place.ws, "message");
      peer.write(bytes.subarray(bytes.length - 5));
      await again;
    },
  },
  {
    name: "plain requests are the program's, with and without the library",
    rows: ["2.plain-requests", "2.server-kinds"],
    async run(stage) {
      const { server, port } = await stage.http({
        handler: (request, response) => response.end(`plain ${request.method} ${request.url}`),
      });
      const ws = new stage.library(server);
      stage.after(() => {
        ws.pingDelay = 0;
      });
      const response = await fetch(`http://127.0.0.1:${port}/page?x=1`);
      stage.say(response.status, await response.text(), [...response.headers.keys()].includes("set-cookie"));
      const other = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "b" });
      stage.say(other.status, await other.text(), ws.clients);
    },
  },
  {
    name: "the socket of a client has no idle timeout",
    rows: ["4.idle-timeout"],
    async run(stage) {
      const place = await serve(stage);
      /** @type {any[]} */
      const sockets = [];
      place.server.setTimeout(60_000);
      place.server.on("connection", (/** @type {any} */ socket) => sockets.push(socket));
      await join(stage, place, UNHEARD);
      stage.say("timeout", sockets[0].timeout);
    },
  },
  {
    name: "over TLS",
    rows: ["2.server-kinds", "4.acceptance", "6.url"],
    async run(stage) {
      const place = await serverEnd(stage, { kind: "https" }, { path: "/?x=1" });
      stage.say(place.head[0], cookieId(place.head) === place.id, COOKIE);
      stage.say(place.ws.url(place.id).href);
      const heard = stage.once(place.ws, "message");
      place.peer.send({ payload: "in secret" });
      await heard;
      place.ws.send(place.id, "likewise");
      await place.peer.frame();
    },
  },
];
