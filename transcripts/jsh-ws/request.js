import http from "node:http";
import { join, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** The request helpers that the three callbacks get, by name.
 * @param {Stage} stage
 * @param {object} client
 * @returns {Promise<{ requests: [string, any][], peer: import("../kit/raw-peer.js").RawPeer, port: number }>} */
async function requestsOf(stage, client) {
  /** @type {[string, any][]} */
  const requests = [];
  const { wss, port } = await serve(stage, {
    path: "/ws",
    verifyClient: (/** @type {any} */ { req }) => {
      requests.push(["verifyClient", req]);
      return true;
    },
    handleProtocols: (/** @type {unknown} */ _protocols, /** @type {any} */ req) => {
      requests.push(["handleProtocols", req]);
    },
  });
  const { request, peer } = await join(stage, { wss, port }, client);
  return { requests: [...requests, ["connection", request]], peer, port };
}

const NAMES = ["verifyClient", "handleProtocols", "connection"];

/** @param {readonly string[]} lines */
function forEach(lines) {
  return NAMES.flatMap((name) => lines.map((line) => `${name}: ${line}`));
}

const FIELDS = {
  "X-Once": "one",
  "X-Twice": ["one", "two"],
  "X-Empty": "",
  "User-Agent": "a client/1.0",
};

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "url, requestUri, method, path, host, httpVersion, complete",
    rows: ["5.url", "5.method", "5.path", "5.host", "5.version"],
    expected: forEach([
      'url "/ws?token=allow&b=2"',
      'requestUri "/ws?token=allow&b=2"',
      'method "GET"',
      'path "/ws"',
      'host "127.0.0.1:<port>"',
      'httpVersion "1.1"',
      "complete true",
    ]),
    async run(stage) {
      const { requests } = await requestsOf(stage, { path: "/ws?token=allow&b=2" });
      for (const [name, request] of requests) {
        for (const member of ["url", "requestUri", "method", "path", "host", "httpVersion", "complete"]) {
          stage.lane(name)(member, request[member]);
        }
      }
    },
  },
  {
    name: "a request is a plain object, no IncomingMessage",
    rows: ["5.plain"],
    expected: forEach(["false object"]),
    async run(stage) {
      const { requests } = await requestsOf(stage, { path: "/ws" });
      for (const [name, request] of requests) {
        stage.lane(name)(`${request instanceof http.IncomingMessage} ${typeof request}`);
      }
    },
  },
  {
    name: "headers by lower-case names, several values as a list; rawHeaders as they came",
    rows: ["5.headers", "5.raw-headers"],
    expected: forEach([
      'once "one"',
      'twice ["one", "two"]',
      'empty ""',
      'agent "a client/1.0"',
      'upgrade "websocket" undefined',
      'raw 20 ["X-Once", "one", "X-Twice", "one", "X-Twice", "two", "X-Empty", "", "User-Agent", "a client/1.0"]',
    ]),
    async run(stage) {
      const { requests } = await requestsOf(stage, { path: "/ws", fields: FIELDS });
      for (const [name, { headers, rawHeaders }] of requests) {
        const say = stage.lane(name);
        say("once", headers["x-once"]);
        say("twice", headers["x-twice"]);
        say("empty", headers["x-empty"]);
        say("agent", headers["user-agent"]);
        say("upgrade", headers["upgrade"], headers["Upgrade"]);
        say("raw", rawHeaders.length, rawHeaders.slice(rawHeaders.indexOf("X-Once")));
      }
    },
  },
  {
    name: "remoteAddress, also of the socket: address and port in one string",
    rows: ["5.remote-address"],
    expected: forEach(["remoteAddress true", "socket.remoteAddress true"]),
    async run(stage) {
      const { requests, peer } = await requestsOf(stage, { path: "/ws" });
      const expected = `127.0.0.1:${peer.socket.localPort}`;
      for (const [name, request] of requests) {
        stage.lane(name)("remoteAddress", request.remoteAddress === expected);
        stage.lane(name)("socket.remoteAddress", request.socket.remoteAddress === expected);
      }
    },
  },
  {
    name: "query: the first value, decoded; empty when absent",
    rows: ["5.query"],
    expected: forEach([
      'token "allow"',
      'twice "first"',
      'name "a b c"',
      'umlaut "grün&co=1"',
      'empty ""',
      'bare ""',
      'absent ""',
      'Token ""',
      'toString ""',
    ]),
    async run(stage) {
      const path = "/ws?token=allow&twice=first&twice=second&name=a+b%20c&umlaut=gr%C3%BCn%26co%3D1&empty=&bare";
      const { requests } = await requestsOf(stage, { path });
      for (const [name, request] of requests) {
        for (const key of ["token", "twice", "name", "umlaut", "empty", "bare", "absent", "Token", "toString"]) {
          stage.lane(name)(key, request.query(key));
        }
      }
    },
  },
  {
    name: "query of a request without one",
    rows: ["5.query", "5.path"],
    expected: forEach(['any "" "/ws" "/ws"']),
    async run(stage) {
      const { requests } = await requestsOf(stage, { path: "/ws" });
      for (const [name, request] of requests) stage.lane(name)("any", request.query("any"), request.path, request.url);
    },
  },
  {
    name: "getHeader and hasHeader: any case, the first value; absent and empty ones",
    rows: ["5.get-header", "5.has-header"],
    expected: forEach([
      'X-Once "one" true',
      'x-once "one" true',
      'X-ONCE "one" true',
      'x-twice "one" true',
      'X-Empty "" false',
      'X-Absent "" false',
      'toString "" false',
      'upgrade "websocket" true',
    ]),
    async run(stage) {
      const { requests } = await requestsOf(stage, { path: "/ws", fields: FIELDS });
      for (const [name, request] of requests) {
        for (const key of ["X-Once", "x-once", "X-ONCE", "x-twice", "X-Empty", "X-Absent", "toString", "upgrade"]) {
          stage.lane(name)(key, request.getHeader(key), request.hasHeader(key));
        }
      }
    },
  },
];
