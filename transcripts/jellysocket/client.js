import { dial, finish, free, OFFER, subclass, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const FAILED = "disconnect {hasText: true, isError: true}";

/** A free port: nobody listens there.
 * @param {Stage} stage */
async function deadPort(stage) {
  const { server, port } = await stage.http();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Dial and write how it failed.
 * @param {Stage} stage
 * @param {string} what
 * @param {string} url
 * @param {object} [options] */
async function fails(stage, what, url, options) {
  const socket = new (subclass(stage))(url, options);
  const say = stage.lane(what);
  say("connected", socket.connected, socket.bufferedAmount);
  const over = stage.once(socket, "disconnect");
  watchSocket(socket, say, { hide: free });
  await over;
  await stage.turns();
  say("connected", socket.connected, socket.bufferedAmount);
}

const AS_FAILED = ["connected false 0", FAILED, "connected false 0"];
const asFailed = (/** @type {string} */ what) => AS_FAILED.map((line) => `${what}: ${line}`);

/** Answers of raw servers that are no acceptance. @type {Record<string, string>} */
const ANSWERS = {
  "status 403": "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
  "status 200": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "status 302": "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
  "wrong accept key": [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: d3JvbmcgYWNjZXB0IGtleSE=",
    "Sec-WebSocket-Protocol: proto-1\r\n\r\n",
  ].join("\r\n"),
  "no HTTP": "SSH-2.0-something\r\n\r\n",
  "half a head": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso",
  nothing: "",
};

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "an address that is none throws at once",
    rows: ["3.uri"],
    expected: [
      ...[
        "undefined",
        "null",
        "number",
        "object",
        "a URL object",
        "empty",
        "no URL",
        "relative",
        "http",
        "https",
        "fragment",
      ],
      ...["no host"],
    ].map((what) => `main: ${what} throws true`),
    run(stage) {
      const Sub = subclass(stage);
      const uris = {
        undefined: undefined,
        null: null,
        number: 80,
        object: {},
        "a URL object": new URL("ws://127.0.0.1:1/"),
        empty: "",
        "no URL": "nonsense",
        relative: "/path",
        http: "http://127.0.0.1:1/",
        https: "https://127.0.0.1:1/",
        fragment: "ws://127.0.0.1:1/#there",
        "no host": "ws://",
      };
      for (const [what, uri] of Object.entries(uris)) {
        try {
          new Sub(uri);
          stage.say(what, "throws nothing");
        } catch (error) {
          stage.say(`${what} throws`, error instanceof TypeError);
        }
      }
    },
  },
  {
    name: "connecting begins at once, and nothing is emitted before the caller could listen",
    rows: ["3.start", "4.connected", "5.connect"],
    expected: [
      "client: made false 0",
      "client: connect",
      "client: connected true",
      "raw server: got fin binary masked 1 <1: 07>",
      "raw server: got fin close masked 2 1000",
      "client: disconnect null",
      "client: connected false",
      "raw server: over",
    ],
    async run(stage) {
      const raw = await stage.rawServer();
      const say = stage.lane("client");
      const socket = new (subclass(stage))(raw.url);
      say("made", socket.connected, socket.bufferedAmount);
      // As late as the end of the turn's promises.
      for (let count = 0; count < 20; count += 1) await undefined;
      watchSocket(socket, say);
      socket.on("connect", () => {
        say("connected", socket.connected);
        socket._send(new Uint8Array([7]));
      });
      const peer = await raw.next();
      await peer.answer(OFFER);
      await peer.frame();
      socket.disconnect();
      say("connected", socket.connected);
      await peer.frame();
      await finish(stage, peer);
    },
  },
  {
    name: "what comes together with the acceptance is heard after connect",
    rows: ["5.connect", "5.message"],
    expected: [
      "client: connect",
      "client: _message Buffer<5: 6561726c79>",
      "client: _message Buffer<0: >",
      "client: disconnect null",
      "raw server: got fin close masked 2 1000",
    ],
    async run(stage) {
      const { socket, peer } = await dial(stage);
      peer.tellFrames = true;
      const over = stage.once(socket, "disconnect");
      // Frames of a server: two messages, then Close 1000.
      await peer.answer(OFFER, undefined, Buffer.from("82056561726c79" + "8200" + "880203e8", "hex"));
      await over;
      await peer.frame();
    },
  },
  {
    name: "failures to connect arrive as the Error of disconnect: refused, unknown host, unknown authority",
    rows: ["5.failures", "5.disconnect", "5.no-error-event", "12.self-signed", "4.buffered-amount"],
    expected: [...asFailed("refused"), ...asFailed("unknown host"), ...asFailed("self-signed")],
    async run(stage) {
      await fails(stage, "refused", `ws://127.0.0.1:${await deadPort(stage)}/`);
      await fails(stage, "unknown host", "ws://nowhere.invalid/");
      const { url } = await stage.http({ tls: true });
      await fails(stage, "self-signed", url);
    },
  },
  {
    name: "failures to connect arrive as the Error of disconnect: answers that accept nothing",
    rows: ["5.failures", "5.disconnect", "5.no-error-event"],
    expected: Object.keys(ANSWERS).flatMap(asFailed),
    async run(stage) {
      for (const [what, answer] of Object.entries(ANSWERS)) {
        const raw = await stage.rawServer({ tellFrames: false });
        const failed = fails(stage, what, raw.url);
        const peer = await raw.next();
        peer.write(answer);
        peer.end();
        await failed;
      }
    },
  },
  {
    name: "a failure that nobody listens to throws nothing",
    rows: ["5.no-error-event"],
    expected: ["main: refused false", "main: fault false"],
    async run(stage) {
      const Sub = subclass(stage);
      const raw = await stage.rawServer({ tellFrames: false });
      const refused = new Sub(raw.url);
      const first = await raw.next();
      first.write(String(ANSWERS["status 403"]));
      await first.over();
      await stage.turns();
      stage.say("refused", refused.connected);
      const fault = new Sub(raw.url);
      const second = await raw.next();
      await second.answer(OFFER);
      second.send({ opcode: 11 });
      await second.frame();
      await stage.turns();
      stage.say("fault", fault.connected);
    },
  },
  {
    name: "disconnect while connecting: at once, and connect never comes",
    rows: ["4.disconnect-connecting", "4.connected"],
    expected: ["client: disconnect null", "client: returns itself true", "client: connected false", "raw server: over"],
    async run(stage) {
      const { socket, peer, say } = await dial(stage);
      say("returns itself", socket.disconnect() === socket);
      say("connected", socket.connected);
      await peer.over();
      await peer.answer(OFFER);
      await stage.turns();
    },
  },
  {
    name: "disconnect in the turn in which it was made, with an error",
    rows: ["4.disconnect-connecting", "4.disconnect-error"],
    expected: [
      'client: disconnect <Error: "changed my mind">',
      "client: the same true",
      "client: returned",
      "client: again",
    ],
    async run(stage) {
      const { server, url } = await stage.http();
      const Sub = subclass(stage);
      const app = new stage.library.Application(server, Sub);
      app.on("connection", (/** @type {any} */ socket) => socket.disconnect());
      const say = stage.lane("client");
      const socket = new Sub(url);
      watchSocket(socket, say);
      const error = new Error("changed my mind");
      socket.on("disconnect", (/** @type {unknown} */ given) => say("the same", given === error));
      socket.disconnect(error);
      say("returned");
      socket.disconnect(new Error("another"));
      say("again");
      // Another one that comes through shows that the first one had its time.
      await stage.once(new Sub(url), "disconnect");
      await stage.turns();
    },
  },
];
