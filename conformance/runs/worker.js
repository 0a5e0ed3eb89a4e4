/**
 * A worker thread that plays runs, one after the other, each with many connections at once. Our server and our client run
 * in the same thread, so that what is written piece by piece is also read piece by piece; see over-socket.js.
 * In: runs. Out: an outcome for each case, then "done".
 */
import { parentPort, workerData } from "node:worker_threads";
import { Cutter } from "../drive/cuts.js";
import { dialPeer, parseTestUrl } from "../drive/dial.js";
import { dialPeerOverHttp2 } from "../drive/dial-http2.js";
import { acceptPeer } from "../drive/listen.js";
import { acceptPeerOverHttp2 } from "../drive/listen-http2.js";
import { makeKit, playOverEngine } from "../drive/over-engine.js";
import { playOverSocket } from "../drive/over-socket.js";
import { loadCases, scenarioOf } from "../tester/cases.js";
import { Compression } from "../tester/compression.js";
import { answerOffers, formatOffers } from "../tester/deflate-negotiation.js";
import { dice, seedOf } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";
import { clientCompression, EchoClient, startEchoServer } from "./echo-endpoints.js";
import { faceClient, startFaceServer } from "./face-endpoints.js";
import { TERMS } from "./face-terms.js";

/** @typedef {import("./plan.js").Carrier} Carrier */
/** @typedef {import("./plan.js").Run} Run */
/** @typedef {import("../tester/cases.js").Case} Case */
/** @typedef {import("../tester/dice.js").Dice} Dice */
/** @typedef {import("../drive/opening-handshake.js").Opened} Opened */
/** @typedef {{ seed: number, url: string | undefined, timing: import("../drive/over-socket.js").Timing }} Settings */
/** @typedef {{ id: string, wrong: string[], ms: number }} Outcome nothing wrong: passed */

/** Octets of a connection that are pieces of their own with "bytes", which deflate cases are not played with. The engine
 * takes each case of cases.json whole. */
const SINGLE = {
  server: { script: 4_096, limits: 2_048, deflate: 0 },
  client: { script: 4_096, limits: 2_048, deflate: 0 },
  engine: { script: Number.POSITIVE_INFINITY, limits: 262_144, deflate: 0 },
};
/** Connections at a time; the limits cases need up to some 100 MiB each. Over HTTP/2 these come one by one, because Node
 * refuses new streams while more than 10 MB wait in a session. */
const CONCURRENCY = { script: 32, limits: 2, deflate: 4 };
/** Messages of a deflate case, but for those that are played whole over TCP at version 13. */
const FEWER_MESSAGES = 5;

/** @type {Settings} */
const settings = workerData;
const cases = new Map(loadCases().map((one) => [one.id, one]));
const kits = { server: makeKit("server"), client: makeKit("client") };
/** By carrier and whether they compress. @type {Map<string, Promise<URL>>} */
const serverUrls = new Map();

parentPort?.on("message", async (/** @type {Run} */ run) => {
  const queue = [...run.ids];
  const width = run.carrier === "http2" && run.set === "limits" ? 1 : CONCURRENCY[run.set];
  const lanes = Array.from({ length: width }, async () => {
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

/** @param {Case | undefined} given
 * @param {Run} run
 * @returns {Promise<string[]>} */
async function play(given, run) {
  const { target, role, carrier, version = 13, face, cut, set } = run;
  const terms = face && TERMS[face];
  const testCase = onTerms(given, terms);
  const roll = dice(seedOf(settings.seed, testCase.id, target, role, version, cut, carrier ?? "none"));
  const joined = cut === "random";
  const testerRole = role === "server" ? "client" : "server";
  const cutter = new Cutter(cut, roll, SINGLE[target][set]);
  const peer = target === "engine" ? undefined : await open(testCase, { target, carrier, version, face, joined });
  const agreement = peer === undefined ? agreementFor(testCase) : peer.opened.agreement;
  const compression = agreement && new Compression(agreement, testerRole, roll);
  const manner = { joined, compression, demanding: settings.url === undefined };
  const fully = carrier === "http1" && version === 13 && cut === "whole";
  const scenario = scenarioOf(fully ? testCase : shortened(testCase), manner);
  const tester = new Tester(testerRole, scenario, roll, compression && ((payload) => compression.inflate(payload)));
  tester.mayEndFirst = target === "client" && terms?.clientEndsFirst === true;
  if (peer === undefined) {
    return playOverEngine(tester, cutter, kits[role], agreement && new Compression(agreement, role, roll));
  }
  const wrong = await playOverSocket(tester, cutter, peer.opened, settings.timing);
  return [...wrong, ...peer.complaints()];
}

/** @param {Case} testCase
 * @param {{ target: "server" | "client", carrier: Carrier | undefined, version: 8 | 13,
 *   face: import("./plan.js").Face | undefined, joined: boolean }} how
 * @returns {Promise<{ opened: Opened, complaints: () => string[] }>} `complaints`: those of the target's application */
async function open(testCase, { target, carrier = "http1", version, face, joined }) {
  const timeoutMs = settings.timing.idleMs;
  const deflate = testCase.set === "deflate" ? testCase : undefined;
  const subprotocol = face && TERMS[face].subprotocol;
  if (target === "server") {
    const url = await serverUrl(carrier, deflate !== undefined, face);
    const dial = carrier === "http2" ? dialPeerOverHttp2 : dialPeer;
    const opened = await dial(url, version, timeoutMs, deflate?.offers, subprotocol);
    return { opened, complaints: () => [] };
  }
  const compression = deflate && clientCompression(deflate);
  const client =
    face === undefined ? new EchoClient(version, compression, carrier) : faceClient(face, version, compression);
  const acceptance = { version, joined, timeoutMs, asks: deflate?.asks, subprotocol };
  const accept = carrier === "http2" ? acceptPeerOverHttp2 : acceptPeer;
  const opened = await accept((url) => client.dial(url), acceptance);
  return { opened, complaints: () => (client.complaint === undefined ? [] : [client.complaint]) };
}

/** What a case wants of a face that closes otherwise on purpose.
 * @param {Case | undefined} testCase
 * @param {import("./face-terms.js").Terms | undefined} terms
 * @returns {Case} */
function onTerms(testCase, terms) {
  if (testCase === undefined) throw new Error("there is no such case");
  if (terms?.closeCodes === undefined || testCase.set !== "script") return testCase;
  return { ...testCase, close: { ...testCase.close, codes: terms.closeCodes(testCase.close.codes) } };
}

/** What an engine, which has no opening handshake, has agreed on.
 * @param {Case} testCase */
function agreementFor(testCase) {
  if (testCase.set !== "deflate") return undefined;
  return answerOffers(testCase.asks, formatOffers(testCase.offers)).agreement;
}

/** @param {Case} testCase
 * @returns {Case} */
function shortened(testCase) {
  if (testCase.set !== "deflate") return testCase;
  return { ...testCase, count: Math.min(testCase.count, FEWER_MESSAGES) };
}

/** @param {Carrier} carrier
 * @param {boolean} compresses
 * @param {import("./plan.js").Face | undefined} face
 * @returns {Promise<URL>} */
function serverUrl(carrier, compresses, face) {
  const name = `${carrier} ${compresses} ${face}`;
  const known = serverUrls.get(name) ?? findServer(carrier, compresses, face);
  serverUrls.set(name, known);
  return known;
}

/** @param {Carrier} carrier
 * @param {boolean} compresses
 * @param {import("./plan.js").Face | undefined} face
 * @returns {Promise<URL>} */
async function findServer(carrier, compresses, face) {
  if (settings.url !== undefined) return parseTestUrl(settings.url);
  if (face !== undefined) return new URL(await startFaceServer(face, compresses, carrier));
  return new URL((await startEchoServer(compresses, carrier)).url);
}
