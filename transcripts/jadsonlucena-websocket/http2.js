import http2 from "node:http2";
import { CLOSE, closePayload } from "../kit/frames.js";
import { COOKIE, message, messages, serve, serverEnd, UNHEARD } from "./acts/ends.js";
import { connect, h2End, joinH2, session } from "./acts/h2.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OPEN = 'server: open "<id 1>"';
const KINDS = /** @type {const} */ (["h2", "h2c"]);

/** @param {import("node:http2").ClientHttp2Stream} stream
 * @returns {Promise<string>} */
async function bodyOf(stream) {
  let body = "";
  for await (const chunk of stream) body += chunk;
  return body;
}

/** A request that is not for the library.
 * @param {import("node:http2").ClientHttp2Session} on
 * @param {Record<string, string>} fields
 * @returns {Promise<[unknown, string]>} status and body */
async function plain(on, fields) {
  const stream = on.request(fields);
  const [head] = await new Promise((resolve) => stream.on("response", (...values) => resolve(values)));
  return [head[":status"], await bodyOf(stream)];
}

/** Requests that are refused.
 * @type {[string, Record<string, string | undefined>, number][]} */
const REFUSED = [
  ["another version", { "sec-websocket-version": "7" }, 426],
  ["no version", { "sec-websocket-version": undefined }, 426],
  ["another origin", { origin: "http://other.test" }, 403],
  ["no origin", { origin: undefined }, 403],
  ["another origin and version", { origin: "http://other.test", "sec-websocket-version": "7" }, 426],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the HTTP/1.1 upgrade on an HTTP/2 server",
    rows: ["10.http1", "2.server-kinds"],
    async run(stage) {
      const place = await serverEnd(stage, { kind: "h2" }, { path: "/?x=1" });
      stage.say(place.head[0], place.ws.url(place.id).href);
      const heard = message(stage, place);
      place.peer.send({ payload: "by HTTP/1.1" });
      await heard;
      place.ws.send(place.id, "likewise");
      await place.peer.frame();
    },
  },
  ...KINDS.map((kind) => ({
    name: `a client by RFC 8441 on ${kind}`,
    rows: ["10.announcement", "10.connect", "2.server-kinds", "6.url", "3.path", "5.cookie"],
    expected: [
      "main: announced true",
      "main: 200 true undefined undefined undefined",
      `main: url "${kind === "h2" ? "https" : "http"}://127.0.0.1:<port>/chat?x=1" "open"`,
      OPEN,
      'server: /chat "<id 1>" "text"',
      'server: /chat "<id 1>" Buffer<2: 0102>',
      'client: got fin text 2 "hi"',
      "client: got fin binary 1 <1: 07>",
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serve(stage, { kind, watch: ["/chat", "error"] });
      const on = await session(stage, place);
      stage.say("announced", on.remoteSettings.enableConnectProtocol);
      const { peer, id } = await joinH2(stage, on, place, { path: "/chat?x=1" });
      const { head } = peer;
      const cookie = String(head["set-cookie"]).startsWith(`${COOKIE}=${id}; `);
      stage.say(
        `${peer.status}`,
        cookie,
        head["sec-websocket-accept"],
        head["sec-websocket-protocol"],
        head["upgrade"],
      );
      stage.say("url", place.ws.url(id).href, place.ws.readyState(id));
      const heard = messages(place, 2, "/chat");
      peer.send({ payload: "text" }, { opcode: 2, payload: Buffer.from([1, 2]) });
      await heard;
      place.ws.send(id, "hi");
      place.ws.send(id, Buffer.from([7]));
      await peer.frame();
      await peer.frame();
    },
  })),
  {
    name: "the cookie over HTTP/2 brings the ID back",
    rows: ["10.connect", "5.same-id"],
    expected: [OPEN, 'server: close "<id 1>" {code: 1000, message: "Close Normal"}', OPEN, "main: the same true"],
    async run(stage) {
      const place = await h2End(stage, {}, { tellFrames: false });
      const closed = stage.once(place.ws, "close");
      place.peer.send({ opcode: CLOSE, payload: closePayload(1000) });
      await closed;
      await place.peer.over();
      const fields = { cookie: `a=b; ${COOKIE}=${place.id}` };
      const { id } = await joinH2(stage, place.on, place, { fields, tellFrames: false });
      stage.say("the same", id === place.id);
    },
  },
  {
    name: "refusals over HTTP/2",
    rows: ["10.refusals", "4.origin-missing"],
    expected: [...REFUSED.map(([what, , status]) => `main: ${what} ${status} true`), "main: clients []", OPEN],
    async run(stage) {
      const place = await serve(stage, { kind: "h2c", watch: ["error"] });
      const on = await session(stage, place);
      for (const [what, fields, status] of REFUSED) {
        const peer = await connect(stage, on, place, { fields, tellFrames: false });
        const named = peer.head["sec-websocket-version"];
        stage.say(what, peer.status, status === 426 ? named === "13, 8" : named === undefined);
        await peer.over();
      }
      stage.say("clients", place.ws.clients);
      await joinH2(stage, on, place, { tellFrames: false });
    },
  },
  {
    name: "the own host over HTTP/2 is :authority",
    rows: ["10.refusals", "4.origin-own"],
    expected: [OPEN, "main: own 200", "main: another 403"],
    async run(stage) {
      const place = await serve(stage, { kind: "h2c" });
      const on = await session(stage, place);
      const fields = { ":authority": "here.test", origin: "https://here.test" };
      stage.say("own", (await connect(stage, on, place, { fields, tellFrames: false })).status);
      const other = { ":authority": "here.test", origin: place.origin };
      stage.say("another", (await connect(stage, on, place, { fields: other, tellFrames: false })).status);
    },
  },
  {
    name: "streams of a session count for the limit of their address",
    rows: ["10.per-ip", "10.refusals", "4.limit"],
    expected: [
      OPEN,
      'server: open "<id 2>"',
      "main: third 429",
      "main: of another session 429",
      "main: by HTTP/1.1 429",
    ],
    async run(stage) {
      const place = await serve(stage, { kind: "h2", options: { limitByIP: 2 } });
      const on = await session(stage, place);
      for (let count = 0; count < 2; count += 1) await joinH2(stage, on, place, { tellFrames: false });
      stage.say("third", (await connect(stage, on, place, { tellFrames: false })).status);
      const other = await session(stage, place);
      stage.say("of another session", (await connect(stage, other, place, { tellFrames: false })).status);
      const peer = await stage.rawClient({ port: place.port, tls: true, fields: { Origin: place.origin }, ...UNHEARD });
      stage.say("by HTTP/1.1", Number((await peer.head())[0]?.split(" ")[1]));
    },
  },
  ...[true, false].map((early) => ({
    name: `a request listener ${early ? "before" : "after"} the library on HTTP/2: its requests, our CONNECT, 405 for others`,
    rows: ["10.request-listener", "10.other-requests", "2.plain-requests"],
    expected: [
      'main: GET 200 "plain /page"',
      "main: websocket 200",
      'main: another protocol 405 ""',
      'main: a tunnel 405 ""',
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const server = http2.createServer();
      const port = await stage.listen(server);
      const listen = () => server.on("request", ({ url }, response) => response.end(`plain ${url}`));
      if (early) listen();
      const ws = new stage.library(server);
      stage.after(() => {
        ws.pingDelay = 0;
      });
      if (!early) listen();
      const origin = `http://127.0.0.1:${port}`;
      const place = { ws, server, port, tls: false, origin, say: stage.say };
      const on = await session(stage, place);
      stage.say("GET", ...(await plain(on, { ":path": "/page" })));
      stage.say("websocket", (await connect(stage, on, place, { tellFrames: false })).status);
      const other = await connect(stage, on, place, { fields: { ":protocol": "other" }, tellFrames: false });
      stage.say("another protocol", other.status, "");
      stage.say("a tunnel", ...(await plain(on, { ":method": "CONNECT", ":authority": "far.test:80" })));
    },
  })),
];
