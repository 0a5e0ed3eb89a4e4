import { spawn } from "node:child_process";
import { faceNamed, pathOfOurs } from "../kit/faces.js";
import { PING, PONG } from "../kit/frames.js";
import { join, serve, serverEnd, UNHEARD, waitForSilent } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Write the next pings and answer them. More may be on their way.
 * @param {Stage} stage
 * @param {string} id
 * @param {import("../kit/raw-peer.js").RawPeer} peer
 * @param {number} count */
async function tellPings(stage, id, peer, count) {
  for (const frame of await peer.frames(count)) {
    stage.say("ping", frame?.opcode === PING, frame?.payload.toString() === id);
    peer.send({ opcode: PONG, payload: frame?.payload ?? "" });
  }
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "pingDelay pings every client",
    rows: ["7.ping-delay", "2.ping-delay-restart", "7.ping-payload"],
    async run(stage) {
      const place = await serve(stage);
      const clients = [];
      for (let count = 0; count < 2; count += 1) clients.push(await join(stage, place, UNHEARD));
      place.ws.pingDelay = 15;
      for (const { id, peer } of clients) await tellPings(stage, id, peer, 1);
      place.ws.pingDelay = 0;
    },
  },
  {
    name: "pingDelay of the constructor, again and again",
    rows: ["7.ping-delay", "2.options-taken"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage, { options: { pingDelay: 25 } }, UNHEARD);
      await tellPings(stage, id, peer, 3);
      ws.pingDelay = 0;
    },
  },
  {
    name: "a client that does not answer the pings of pingDelay is closed",
    rows: ["7.ping-delay", "3.no-pong"],
    async run(stage) {
      const place = await serverEnd(stage, { options: { pongTimeout: 20 } }, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.ws.pingDelay = 15;
      await place.peer.frame();
      place.ws.pingDelay = 0;
      await closed;
    },
  },
  {
    name: "without pingDelay nobody is pinged",
    rows: ["7.ping-delay"],
    async run(stage) {
      const place = await serve(stage, { options: { pingDelay: 15 } });
      place.ws.pingDelay = 0;
      await join(stage, place);
      await waitForSilent(stage, place, 50);
    },
  },
  ...[
    ["that never listens", ""],
    ["that has closed", "server.listen(0, () => server.close());"],
  ].map(([what = "", more = ""]) => ({
    name: `the timer of pingDelay does not keep a process with a server ${what}`,
    rows: ["7.ping-delay-unref"],
    expected: ["main: ended with 0"],
    /** @param {Stage} stage */
    async run(stage) {
      const file = JSON.stringify(pathOfOurs(faceNamed("jadsonlucena-websocket")));
      const program = `const server = require("http").createServer(); new (require(${file}))(server); ${more}`;
      const child = spawn(process.execPath, ["-e", program], { stdio: "inherit" });
      stage.after(() => child.kill());
      const [code] = await stage.once(child, "exit");
      stage.say("ended with", code);
    },
  })),
];
