import http from "node:http";
import https from "node:https";
import { certificate } from "../../conformance/http2/play/certificate.js";
import { BINARY, CLOSE } from "../kit/frames.js";
import { clientEnd, dial, free, subclass, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const FAILED = "disconnect {hasText: true, isError: true}";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "options: headers and origin are in the request",
    rows: ["3.options"],
    expected: ['main: asked ["authorization: Bearer x", "origin: https://example.org", "x-own: 1"]'],
    async run(stage) {
      const options = { headers: { "X-Own": "1", Authorization: "Bearer x" }, origin: "https://example.org" };
      const { peer } = await dial(stage, { options, watch: false });
      const lines = (await peer.head()).filter((line) => /^(x-own|authorization|origin): /i.test(line));
      stage.say("asked", lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())).sort());
    },
  },
  {
    name: "options: handshakeTimeout",
    rows: ["3.options", "5.failures"],
    expected: [`client: ${FAILED}`, "raw server: over"],
    async run(stage) {
      const raw = await stage.rawServer();
      const socket = new (subclass(stage))(raw.url, { handshakeTimeout: 100 });
      watchSocket(socket, stage.lane("client"), { hide: free });
      const over = stage.once(socket, "disconnect");
      await (await raw.next()).over();
      await over;
      await stage.turns();
    },
  },
  {
    name: "options: agent",
    rows: ["3.options"],
    expected: ["main: the agent's connections 1", "client: connect"],
    async run(stage) {
      const agent = new http.Agent();
      stage.after(() => agent.destroy());
      let count = 0;
      const make = agent.createConnection.bind(agent);
      agent.createConnection = (/** @type {Parameters<typeof make>} */ ...args) => {
        count += 1;
        return make(...args);
      };
      await clientEnd(stage, { options: { agent } });
      stage.say("the agent's connections", count);
    },
  },
  {
    name: "options: maxPayload",
    rows: ["3.options", "11.max-payload"],
    expected: [
      "client: connect",
      "client: _message Buffer<10: 61616161616161616161>",
      "client: disconnect {hasText: true, isError: true}",
      "main: closed with 1009",
    ],
    async run(stage) {
      const { socket, peer } = await clientEnd(stage, { options: { maxPayload: 10 }, hide: free });
      peer.tellFrames = false;
      const over = stage.once(socket, "disconnect");
      for (const size of [10, 11]) peer.send({ opcode: BINARY, payload: "a".repeat(size) });
      await over;
      const frame = await peer.frame();
      stage.say("closed with", frame?.opcode === CLOSE && frame.payload.readUInt16BE(0));
    },
  },
  {
    name: "options: perMessageDeflate",
    rows: ["3.options", "11.compression"],
    expected: ["main: true offers true", "main: false offers false"],
    async run(stage) {
      for (const perMessageDeflate of [true, false]) {
        const { peer } = await dial(stage, { options: { perMessageDeflate }, watch: false });
        peer.tellFrames = false;
        const offers = (await peer.head()).some((line) => /^sec-websocket-extensions: permessage-deflate/i.test(line));
        stage.say(`${perMessageDeflate} offers`, offers);
        peer.destroy();
      }
    },
  },
  {
    name: "options of TLS: ca, servername, rejectUnauthorized, key and cert",
    rows: ["3.options"],
    expected: ["ca and servername: connect", "not verified: connect", 'main: met ["localhost", "without"]'],
    async run(stage) {
      const { key, cert } = certificate;
      const server = https.createServer({ key, cert, requestCert: true, rejectUnauthorized: false });
      const port = await stage.listen(server);
      const Sub = subclass(stage);
      const app = new stage.library.Application(server, Sub);
      /** @type {string[]} */
      const met = [];
      app.on("connection", () => {});
      server.on(
        "secureConnection",
        (/** @type {import("node:tls").TLSSocket & { servername?: string | false }} */ socket) => {
          const hasCertificate = Object.keys(socket.getPeerCertificate()).length > 0;
          met.push(hasCertificate ? String(socket.servername) : "without");
        },
      );
      for (const [what, options] of Object.entries({
        "ca and servername": { ca: cert, servername: "localhost", key, cert },
        "not verified": { rejectUnauthorized: false },
      })) {
        const socket = new Sub(`wss://127.0.0.1:${port}/`, options);
        watchSocket(socket, stage.lane(what));
        await stage.once(socket, "connect");
      }
      stage.say("met", met);
    },
  },
];
