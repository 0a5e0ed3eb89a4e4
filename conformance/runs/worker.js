/**
 * A worker thread that plays runs, one after the other, each with many connections at once. Our server and our client run
 * in the same thread, so that what is written piece by piece is also read piece by piece; see over-socket.js.
 * In: runs. Out: an outcome for each case, then "done".
 */
import { parentPort, workerData } from "node:worker_threads";
import { Cutter } from "../drive/cuts.js";
import { dialPeer, parseTestUrl } from "../drive/dial.js";
import { acceptPeer } from "../drive/listen.js";
import { makeKit, playOverEngine } from "../drive/over-engine.js";
import { playOverSocket } from "../drive/over-socket.js";
import { loadCases, scenarioOf } from "../tester/cases.js";
import { dice, seedOf } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";
import { EchoClient, startEchoServer } from "./echo-endpoints.js";

/** @typedef {import("./plan.js").Run} Run */
/** @typedef {import("../tester/cases.js").Case} Case */
/** @typedef {{ seed: number, url: string | undefined, timing: import("../drive/over-socket.js").Timing }} Settings */
/** @typedef {{ id: string, wrong: string[], ms: number }} Outcome nothing wrong: passed */

/** Octets of a connection that are pieces of their own with "bytes". The engine takes each case of cases.json whole. */
const SINGLE = {
  server: { script: 4_096, limits: 2_048 },
  client: { script: 4_096, limits: 2_048 },
  engine: { script: Number.POSITIVE_INFINITY, limits: 262_144 },
};
/** Connections at a time; the limits cases need up to some 100 MiB each. */
const CONCURRENCY = { script: 32, limits: 2 };

/** @type {Settings} */
const settings = workerData;
const cases = new Map(loadCases().map((one) => [one.id, one]));
const kits = { server: makeKit("server"), client: makeKit("client") };
/** @type {Promise<URL> | undefined} */
let serverUrl;

parentPort?.on("message", async (/** @type {Run} */ run) => {
  const queue = [...run.ids];
  const lanes = Array.from({ length: CONCURRENCY[run.set] }, async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift())
      parentPort?.postMessage(await outcomeOf(id, run));
  });
  await Promise.all(lanes);
  parentPort?.postMessage("done");
});

/** @param {string} id
 * @param {Run} run
 * @returns {Promise<Outcome>} */
async function outcomeOf(id, run) {
  const startMs = performance.now();
  const wrong = await play(cases.get(id), run).catch((/** @type {Error} */ error) => [error.message]);
  return { id, wrong, ms: performance.now() - startMs };
}

/** @param {Case | undefined} testCase
 * @param {Run} run
 * @returns {Promise<string[]>} */
async function play(testCase, { target, role, version = 13, cut, set }) {
  if (testCase === undefined) throw new Error("there is no such case");
  const roll = dice(seedOf(settings.seed, testCase.id, target, role, version, cut));
  const scenario = scenarioOf(testCase, { joined: cut === "random" });
  const tester = new Tester(role === "server" ? "client" : "server", scenario, roll);
  const cutter = new Cutter(cut, roll, SINGLE[target][set]);
  if (target === "engine") return playOverEngine(tester, cutter, kits[role]);
  const { timing } = settings;
  const timeoutMs = timing.idleMs;
  if (target === "server") {
    serverUrl ??= findServer();
    return playOverSocket(tester, cutter, await dialPeer(await serverUrl, version, timeoutMs), timing);
  }
  const client = new EchoClient(version);
  const acceptance = { version, joined: cut === "random", timeoutMs };
  const connection = await acceptPeer((url) => client.dial(url), acceptance);
  const wrong = await playOverSocket(tester, cutter, connection, timing);
  return client.complaint === undefined ? wrong : [...wrong, client.complaint];
}

/** @returns {Promise<URL>} */
async function findServer() {
  if (settings.url !== undefined) return parseTestUrl(settings.url);
  return new URL((await startEchoServer()).url);
}
