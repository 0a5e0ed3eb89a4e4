/**
 * The witness: a process of its own, so that the attacker's work does not slow it. It is a few legitimate clients that echo numbered
 * messages and keep coming back, and it samples the server's memory. Told what to do over IPC by `start-witness.js`.
 */
import { residentBytes } from "../process-memory.js";
import { createTally } from "./tally.js";

/** @typedef {import("../attack.js").Target} Target */
/** @typedef {import("./client-http1.js").Client} Client */
/** @typedef {{ beforeBytes: number | undefined, peakBytes: number | undefined, lastBytes: number | undefined }} Memory */

const CLIENTS = 4;
const MESSAGE_EVERY_MS = 20;
const HANDSHAKE_EVERY_MS = 250;
const SAMPLE_EVERY_MS = 50;
const MESSAGE_BYTES = 64;

/** @typedef {{ target: Target, pid: number | undefined, patienceMs: number }} Mission */

const mission = /** @type {Mission} */ (JSON.parse(process.argv[2] ?? "{}"));
/** How long an answer may take; a server that needs longer has lost it. */
const { target, pid, patienceMs } = mission;
const { openClient } = await import(target.version === "2.0" ? "./client-http2.js" : "./client-http1.js");
const tally = createTally();
/** Number → when it was sent, and by which client. @type {Map<number, { since: number, index: number }>} */
const waiting = new Map();
/** @type {Set<Promise<void>>} */
const opening = new Set();
/** @type {(Client | undefined)[]} */
const clients = [];
/** @type {NodeJS.Timeout[]} */
const timers = [];
let sent = 0;
let stopped = false;
/** @type {Memory} */
const memory = { beforeBytes: undefined, peakBytes: undefined, lastBytes: undefined };

function sample() {
  memory.lastBytes = residentBytes(pid) ?? memory.lastBytes;
  memory.peakBytes = Math.max(memory.peakBytes ?? 0, memory.lastBytes ?? 0) || undefined;
}

/** One more message; its number comes back, or not. @param {number} index */
function ask(index) {
  const client = clients[index];
  if (client === undefined) return;
  const number = ++sent;
  tally.ask();
  waiting.set(number, { since: performance.now(), index });
  client.send(`${number} `.padEnd(MESSAGE_BYTES, "."));
}

/** @param {string} payload */
function onAnswer(payload) {
  const number = Number.parseInt(payload, 10);
  const question = waiting.get(number);
  if (question === undefined) return tally.fail("an answer to nothing");
  if (payload.length !== MESSAGE_BYTES) tally.fail("an answer of another length");
  waiting.delete(number);
  return tally.answer(performance.now() - question.since);
}

/** A client that stays. One that the server sends away has failed, and comes back. @param {number} index */
async function keepClient(index) {
  clients[index] = await openClient(
    target,
    {
      onAnswer,
      onGone(/** @type {string} */ why) {
        clients[index] = undefined;
        if (stopped) return;
        tally.fail(`a client was sent away: ${why}`);
        for (const [number, question] of waiting) {
          if (question.index !== index) continue;
          waiting.delete(number);
          tally.fail("a message was not answered");
        }
        comeBack(index);
      },
    },
    patienceMs,
  );
}

/** @param {number} index */
function comeBack(index) {
  setTimeout(() => {
    if (stopped) return;
    keepClient(index).catch((error) => {
      tally.fail(`a client could not come back: ${error.message}`);
      comeBack(index);
    });
  }, HANDSHAKE_EVERY_MS).unref();
}

/** Connects, has one message echoed, and closes.
 * @returns {Promise<void>} */
async function visit() {
  const started = performance.now();
  const deadline = AbortSignal.timeout(patienceMs);
  /** @type {Client | undefined} */
  let client;
  try {
    await new Promise((resolve, reject) => {
      deadline.addEventListener("abort", () => reject(new Error(`not answered in ${patienceMs} ms`)));
      const onGone = (/** @type {string} */ why) => reject(new Error(why));
      openClient(target, { onAnswer: resolve, onGone }, patienceMs).then((/** @type {Client} */ one) => {
        client = one;
        one.send("visit".padEnd(MESSAGE_BYTES, "."));
      }, reject);
    });
    tally.opened(performance.now() - started);
    client?.close();
  } catch (error) {
    client?.terminate();
    tally.fail(`a new handshake: ${error instanceof Error ? error.message : error}`);
  }
}

function beginVisit() {
  tally.ask();
  const one = visit().finally(() => opening.delete(one));
  opening.add(one);
}

function beginAsking() {
  for (let index = 0; index < CLIENTS; index++) {
    timers.push(setInterval(ask, MESSAGE_EVERY_MS, index));
  }
  timers.push(setInterval(beginVisit, HANDSHAKE_EVERY_MS));
}

function stopAsking() {
  for (const timer of timers.splice(0)) clearInterval(timer);
}

/** Waits for what is still unanswered, and says what there was since the last report. */
async function report() {
  stopAsking();
  const end = performance.now() + patienceMs;
  while (waiting.size > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all(opening);
  for (let left = waiting.size; left > 0; left--) tally.fail("a message was not answered");
  waiting.clear();
  sample();
  return { tally: tally.take(), memory: { ...memory } };
}

/** What each word of the runner does; each answers with one message. @type {Record<string, () => Promise<unknown>>} */
const commands = {
  async open() {
    for (let index = 0; index < CLIENTS; index++) await keepClient(index);
    setInterval(sample, SAMPLE_EVERY_MS);
    beginAsking();
    return {};
  },
  /** The attack begins: what there was until now is how the server is without it. */
  async mark() {
    sample();
    const before = tally.take();
    Object.assign(memory, { beforeBytes: memory.lastBytes, peakBytes: memory.lastBytes });
    return { tally: before, memory: { ...memory } };
  },
  report,
  /** A fresh handshake and echo, and that the old clients are served. */
  async after() {
    for (const index of clients.keys()) ask(index);
    beginVisit();
    return report();
  },
  async stop() {
    stopped = true;
    stopAsking();
    for (const client of clients) client?.terminate();
    return {};
  },
};

process.on("message", (/** @type {string} */ word) => {
  commands[word]?.().then(
    (result) => process.send?.({ result }),
    (error) => process.send?.({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit());
