import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BINARY, CLOSE, PING, PONG } from "../kit/frames.js";
import { faceNamed, pathOfOurs } from "../kit/faces.js";
import { free, join, serve, subclass, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/raw-peer.js").RawPeer} RawPeer */

/** An application's socket and a raw client that answers its heartbeats or not, until `count` of them came or it is over.
 * @param {Stage} stage
 * @param {string} what
 * @param {{ options: object, count: number, answer?: (peer: RawPeer, payload: Buffer) => void }} how
 * @returns {Promise<void>} */
async function beat(stage, what, { options, count, answer = () => {} }) {
  const startMs = performance.now();
  const served = await serve(stage, { options });
  const { socket, peer } = await join(stage, served, { tellFrames: false });
  const say = stage.lane(what);
  watchSocket(socket, say, { hide: free });
  for (let beats = 1; beats <= count; beats += 1) {
    const frame = await peer.frame();
    if (frame === undefined) break;
    // No timer is early by more than a millisecond for each beat.
    const isEarly = performance.now() - startMs < beats * 990;
    say(frame.opcode === PING ? `ping ${beats}${isEarly ? ", too early" : ""}` : `frame ${frame.opcode}`);
    answer(peer, frame.payload);
  }
  await stage.turns();
  say("at last", socket.connected, served.app.clients.size, peer.isOver);
}

/** Has a client that nothing else keeps the process alive for, and ends by itself. */
const PROGRAM = `
  const JellySocket = require(process.argv[1]);
  const { WebSocket } = require(process.argv[2]);
  class Sub extends JellySocket {}
  Sub.prototype.protocol = "proto-1";
  const server = require("node:http").createServer().listen(0, "127.0.0.1", () => {
    const client = new WebSocket("ws://127.0.0.1:" + server.address().port, "proto-1");
    client.on("open", () => client._socket.unref());
  });
  server.on("connection", (socket) => socket.unref());
  const app = new JellySocket.Application(server, Sub, { heartbeat: 1 });
  app.on("connection", () => server.unref());
  process.on("exit", () => console.log("left by itself", app.clients.size));
`;

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "heartbeats: pings each second; who is silent is destroyed, whoever says something stays",
    rows: [
      "10.pings",
      "10.missed",
      "10.sign-of-life",
      "10.destroyed",
      "7.heartbeat-option",
      "7.missed-option",
      "10.pings-answered",
    ],
    timeLimitMs: 15_000,
    expected: [
      ...["ping 1", "disconnect {hasText: true, isError: true}", "at last false 0 true"].map(
        (line) => `silent, 1 missed: ${line}`,
      ),
      ...["ping 1", "ping 2", "disconnect {hasText: true, isError: true}", "at last false 0 true"].map(
        (line) => `silent, 2 missed: ${line}`,
      ),
      ...["ping 1", "ping 2", "ping 3", "at last true 1 false"].map((line) => `silent, no limit: ${line}`),
      ...["ping 1", "ping 2", "ping 3", "at last true 1 false"].map((line) => `silent, no limit by Infinity: ${line}`),
      ...["ping 1", "ping 2", "ping 3", "at last true 1 false"].map((line) => `pongs: ${line}`),
      ...[
        "ping 1",
        "_message Buffer<1: 78>",
        "ping 2",
        "_message Buffer<1: 78>",
        "ping 3",
        "_message Buffer<1: 78>",
      ].map((line) => `messages: ${line}`),
      "messages: at last true 1 false",
      "own client: connect",
      "own client: still there true",
      "no heartbeat: pings 0",
      "no heartbeat by Infinity: pings 0",
    ],
    async run(stage) {
      const pong = (/** @type {RawPeer} */ peer, /** @type {Buffer} */ payload) => peer.send({ opcode: PONG, payload });
      const message = (/** @type {RawPeer} */ peer) => peer.send({ opcode: BINARY, payload: "x" });
      const silent = [await quiet(stage, "no heartbeat", {}), await quiet(stage, "no heartbeat by Infinity", NEVER)];
      await Promise.all([
        beat(stage, "silent, 1 missed", { options: { heartbeat: 1, maxMissedHeartbeats: 1 }, count: 9 }),
        beat(stage, "silent, 2 missed", { options: { heartbeat: 1, maxMissedHeartbeats: 2 }, count: 9 }),
        beat(stage, "silent, no limit", { options: { heartbeat: 1 }, count: 3 }),
        beat(stage, "silent, no limit by Infinity", {
          options: { heartbeat: 1, maxMissedHeartbeats: Number.POSITIVE_INFINITY },
          count: 3,
        }),
        beat(stage, "pongs", { options: { heartbeat: 1, maxMissedHeartbeats: 1 }, count: 3, answer: pong }),
        beat(stage, "messages", { options: { heartbeat: 1, maxMissedHeartbeats: 1 }, count: 3, answer: message }),
        ownClient(stage),
      ]);
      for (const tell of silent) tell();
    },
  },
  {
    name: "the timer of heartbeats does not keep a process alive",
    rows: ["10.unref"],
    timeLimitMs: 10_000,
    expected: ['main: output "left by itself 1\\n"'],
    async run(stage) {
      const file = pathOfOurs(faceNamed("jellysocket"));
      const ws = fileURLToPath(import.meta.resolve("ws"));
      const { stdout } = await promisify(execFile)(process.execPath, ["-e", PROGRAM, file, ws], { timeout: 8000 });
      stage.say("output", stdout);
    },
  },
];

const NEVER = { heartbeat: Number.POSITIVE_INFINITY, maxMissedHeartbeats: 1 };

/** A client that gets no heartbeat: the function returned writes how many came.
 * @param {Stage} stage
 * @param {string} what
 * @param {object} options
 * @returns {Promise<() => void>} */
async function quiet(stage, what, options) {
  const served = await serve(stage, { options });
  const { peer } = await join(stage, served, { tellFrames: false });
  let pings = 0;
  peer.socket.on("data", () => {
    pings += 1;
  });
  return () => stage.lane(what)("pings", pings);
}

/** The face's own client answers by itself, or it would be destroyed after two seconds.
 * @param {Stage} stage */
async function ownClient(stage) {
  const served = await serve(stage, { options: { heartbeat: 1, maxMissedHeartbeats: 1 } });
  const client = new (subclass(stage))(served.url);
  const say = stage.lane("own client");
  watchSocket(client, say, { hide: free });
  await stage.once(served.app, "connection");
  // The beat of another application tells the time.
  const clock = await serve(stage, { options: { heartbeat: 1 } });
  const { peer } = await join(stage, clock, { tellFrames: false });
  const frames = await peer.frames(3);
  say("still there", client.connected && served.app.clients.size === 1 && frames.every((one) => one?.opcode !== CLOSE));
}
