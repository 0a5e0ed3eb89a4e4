import net from "node:net";
import { BINARY, encodeFrame, PING } from "../kit/frames.js";
import { ENDS, clientEnd, dial, pick, serve, serverEnd } from "./acts/ends.js";

/** The request without its Host: that one differs on purpose.
 * @param {string[]} lines */
const withoutHost = (lines) => lines.filter((line) => !/^host:/i.test(line));

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "what is no address of a WebSocket server throws",
    rows: ["3.invalid-protocol"],
    run(stage) {
      for (const url of ["http://127.0.0.1/", "https://127.0.0.1/", "ftp://a/b", "localhost:8000/x", "wsx://a/"]) {
        stage.attempt(url, () => stage.library.connect(url));
      }
    },
  },
  {
    name: "the request",
    rows: ["3.request", "3.path"],
    async run(stage) {
      for (const path of ["", "chat", "chat/room?name=x&n=1", "?only=query"]) {
        const { peer } = await clientEnd(stage, { path });
        peer.say("request", withoutHost(await peer.head()));
      }
    },
  },
  {
    name: "forms of addresses, and what path and host become of them",
    rows: ["3.request", "3.path", "4.client-path", "4.host-extra-headers"],
    async run(stage) {
      const raw = await stage.rawServer();
      for (const address of [
        `ws://127.0.0.1:${raw.port}`,
        `ws://user:secret@127.0.0.1:${raw.port}/x`,
        `WS://127.0.0.1:${raw.port}/X`,
        `ws://127.0.0.1:${raw.port}/x?a=%20b#fragment`,
        `ws://127.0.0.1:${raw.port}/a b`,
        `ws://127.0.0.1:${raw.port}?x`,
      ]) {
        const connection = stage.library.connect(address);
        connection.on("error", () => {});
        const peer = await raw.next();
        stage.lane("client")(address, pick(connection, "path", "host"));
        peer.say("request", withoutHost(await peer.head()));
      }
    },
  },
  {
    name: "own headers whose values are no strings",
    rows: ["3.extra-headers"],
    async run(stage) {
      const extraHeaders = { "X-Number": 5, "X-Boolean": true, "X-Empty": "", "X-List": ["a", "b"] };
      const { peer } = await clientEnd(stage, { options: { extraHeaders } });
      peer.say(
        "own",
        (await peer.head()).filter((line) => /^x-/i.test(line)),
      );
    },
  },
  {
    name: "the key is 16 bytes, and another one each time",
    rows: ["3.request"],
    async run(stage) {
      const keys = new Set();
      for (let count = 0; count < 3; count += 1) {
        const { connection } = await clientEnd(stage);
        stage.say("bytes", Buffer.from(connection.key, "base64").length);
        keys.add(connection.key);
      }
      stage.say("different keys", keys.size);
    },
  },
  {
    name: "the request with protocols and own headers",
    rows: ["3.request", "3.extra-headers", "3.protocols", "4.host-extra-headers"],
    async run(stage) {
      const extraHeaders = { Cookie: "a=1; b=2", "X-Own": "mine", "x-lower": "too" };
      const { connection, peer, say } = await dial(stage, { options: { extraHeaders, protocols: ["a", "b"] } });
      peer.say("request", withoutHost(await peer.head()));
      say("object given", connection.extraHeaders === extraHeaders, connection.extraHeaders);
      await peer.answer({ "Sec-WebSocket-Protocol": "a" });
      await stage.once(connection, "connect");
    },
  },
  {
    name: "an own Host replaces the standard one",
    rows: ["3.extra-headers"],
    async run(stage) {
      const { peer } = await clientEnd(stage, { options: { extraHeaders: { Host: "example.com" } } });
      peer.say(
        "hosts",
        (await peer.head()).filter((line) => /^host:/i.test(line)),
      );
    },
  },
  {
    name: "an own Origin is sent",
    rows: ["3.extra-headers"],
    async run(stage) {
      const { peer } = await clientEnd(stage, { options: { extraHeaders: { Origin: "http://example.com" } } });
      peer.say(
        "origins",
        (await peer.head()).filter((line) => /^origin:/i.test(line)),
      );
    },
  },
  {
    name: "own headers reach the server",
    rows: ["3.extra-headers", "4.headers"],
    async run(stage) {
      const { connection, say } = await serverEnd(stage, {
        client: { fields: { Cookie: "a=1", "X-Own": "mine", Origin: "http://example.com" } },
      });
      say("headers", pick(connection.headers, "cookie", "x-own", "origin"));
    },
  },
  {
    name: "values of headers are UTF-8 both ways",
    rows: ["3.extra-headers", "4.headers"],
    async run(stage) {
      const { server, url, say } = await serve(stage);
      const seen = stage.once(server, "connection");
      const client = stage.library.connect(url, { extraHeaders: { "X-Snow": "☃ ä", "X-Plain": "a" } });
      await stage.once(client, "connect");
      const [connection] = await seen;
      say("headers", pick(connection.headers, "x-snow", "x-plain"));
      const closed = stage.once(connection, "close");
      client.close();
      await closed;
    },
  },
  {
    name: "options go to Node's socket",
    rows: ["3.options"],
    async run(stage) {
      const options = { localAddress: "127.0.0.1", keepAlive: true };
      const { connection, peer, say } = await clientEnd(stage, { options });
      say("socket", connection.socket.localAddress);
      peer.say("from", peer.socket.remoteAddress);
      const failing = stage.library.connect("ws://example.test/", {
        lookup: (
          /** @type {string} */ host,
          /** @type {unknown} */ _options,
          /** @type {(error: Error) => void} */ done,
        ) => done(new Error(`no address for ${host}`)),
      });
      const closed = stage.once(failing, "close");
      stage.watch(failing, stage.lane("failing client"), "connect", "error", "close");
      await closed;
    },
  },
  {
    name: "the callback is called once, with the connection as this",
    rows: ["3.callback", "8.connect"],
    async run(stage) {
      const raw = await stage.rawServer();
      const say = stage.lane("client");
      /** @type {unknown[]} */
      const self = [];
      /** @this {unknown}
       * @param {...unknown} values */
      function callback(...values) {
        self.push(this);
        say("callback", ...values);
      }
      const connection = stage.library.connect(raw.url, { keepAlive: true }, callback);
      stage.watch(connection, say, "connect", "error");
      const connected = stage.once(connection, "connect");
      const peer = await raw.next();
      await peer.answer();
      await connected;
      say("this", self[0] === connection);
      connection.emit("connect");
      say("emitted again");
    },
  },
  {
    name: "a refused connection",
    rows: ["8.refused", "8.order", "7.socket-error"],
    async run(stage) {
      const server = net.createServer();
      const port = await stage.listen(server);
      await new Promise((resolve) => server.close(resolve));
      const client = stage.library.connect(`ws://127.0.0.1:${port}/`, () => stage.say("callback"));
      stage.watch(client, stage.lane("client"), "connect", "error", "close");
      await stage.once(client, "close");
      await stage.turns();
    },
  },
  {
    name: "without a port the default one of the protocol is dialled",
    rows: ["3.default-port", "8.refused"],
    async run(stage) {
      // Normally nobody listens there and the error names the port; else it is what that server answers, the same for both.
      for (const url of ["ws://127.0.0.1/", "wss://127.0.0.1/"]) {
        const client = stage.library.connect(url);
        stage.watch(client, stage.lane("client"), "connect", "error", "close");
        await stage.once(client, "close");
      }
    },
  },
  {
    name: "before the handshake the client is there, but can send nothing",
    rows: ["4.client-before", "5.not-open", "4.ready-state"],
    async run(stage) {
      const { connection, peer, say } = await dial(stage);
      say("state", connection.readyState, connection.headers, connection.protocol);
      stage.attempt("sendText", () => connection.sendText("early"), say);
      await peer.answer();
      await stage.once(connection, "connect");
      say("state", connection.readyState);
      connection.sendText("now");
      await peer.frame();
    },
  },
  ...ENDS.map(({ side, end }) => ({
    name: `frames in the same packet as the handshake, at the ${side}`,
    rows: ["8.connect", "9.early-frames", "2.event-connection"],
    /** @param {import("../kit/stage.js").Stage} stage */
    async run(stage) {
      const frames = [{ payload: "early" }, { opcode: BINARY, payload: "ab" }, { opcode: PING }];
      const early = Buffer.concat(frames.map((frame) => encodeFrame({ mask: side === "server", ...frame })));
      const settings = side === "server" ? { client: { early } } : { early };
      const { connection, peer } = await end(stage, settings);
      await peer.frame();
      const text = stage.once(connection, "text");
      peer.send({ payload: "later" });
      await text;
    },
  })),
];
