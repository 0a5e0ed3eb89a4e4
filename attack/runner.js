/** One attack on one server, watched by the witness, and the verdict. */
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, residentBytes } from "./process-memory.js";
import { startWitness } from "./witness/start-witness.js";
import { closeAll } from "./wire/http1.js";

/** @typedef {import("./attack.js").Attack} Attack */
/** @typedef {import("./attack.js").Sighting} Sighting */
/** @typedef {import("./attack.js").Target} Target */
/** @typedef {import("./witness/tally.js").Tally} Tally */
/** @typedef {import("./witness/witness.js").Memory} Memory */
/**
 * @typedef {object} RunOptions
 * @property {number} seconds
 * @property {number | undefined} connections instead of the attack's own
 * @property {number} rssLimitBytes
 * @property {number} seed
 * @property {number | undefined} pid
 * @property {number} [patienceMs] how long a legitimate client waits for an answer
 */
/**
 * @typedef {object} Result
 * @property {number} number
 * @property {string} name
 * @property {readonly string[]} sources
 * @property {boolean} informational
 * @property {"1.1" | "2.0"} version
 * @property {boolean} survived
 * @property {string[]} problems why not
 * @property {string} seen by the attacker
 * @property {Tally | undefined} before
 * @property {Tally | undefined} during
 * @property {{ beforeBytes?: number | undefined, peakBytes?: number | undefined, afterBytes?: number | undefined }} memory
 */

/** A server that needs longer than this for an answer has lost it. */
const PATIENCE_MS = 20_000;
const BASELINE_MS = 1000;
/** How long an attack may take to stop when it is told to. */
const STOP_MS = 5000;
/** How long its preparations may take, which do not count. */
const PREPARE_MS = 30_000;
const AFTER_MS = 2000;
const MEMORY_PATIENCE_MS = 5000;
/** Memory counts as given back when it is within this of what it was. */
const SLACK = { factor: 1.25, bytes: 16 << 20 };

/** @param {{ number: number, attack: Attack }} numbered
 * @param {Target} target
 * @param {RunOptions} options
 * @returns {Promise<Result>} */
export async function runAttack({ number, attack }, target, options) {
  const { informational = false } = attack;
  /** @type {Awaited<ReturnType<typeof startWitness>>} */
  let witness;
  try {
    witness = await startWitness({ target, pid: options.pid, patienceMs: options.patienceMs ?? PATIENCE_MS });
  } catch (error) {
    return notRun({ number, attack }, target.version, `before the attack: ${messageOf(error)}`);
  }
  try {
    await sleep(BASELINE_MS);
    const before = await witness.mark();
    const sighting = await strike(attack, target, options);
    const during = await witness.report();
    const afterBytes = await settle(options.pid, before.memory.beforeBytes);
    const after = await witness.after();
    const memory = { ...during.memory, afterBytes };
    const problems = judge({ sighting, informational, during: during.tally, after: after.tally, memory }, options);
    const seen = informational && sighting.failed ? `${sighting.seen} (${sighting.failed})` : sighting.seen;
    const empty = notRun({ number, attack }, target.version, "");
    const survived = problems.length === 0;
    return { ...empty, survived, problems, seen, before: before.tally, during: during.tally, memory };
  } finally {
    await witness.stop();
  }
}

/** The result of an attack that could not even begin.
 * @param {{ number: number, attack: Attack }} numbered
 * @param {"1.1" | "2.0"} version
 * @param {string} why
 * @returns {Result} */
export function notRun({ number, attack: { name, sources, informational = false } }, version, why) {
  const nothing = { seen: "", before: undefined, during: undefined, memory: {} };
  return { number, name, sources, informational, version, survived: false, problems: [why], ...nothing };
}

/** The hostile part alone. What it leaves open is reset.
 * @param {Attack} attack
 * @param {Target} target
 * @param {RunOptions} options
 * @returns {Promise<Sighting>} */
async function strike(attack, target, { connections = attack.connections, seconds, seed }) {
  const { signal, prepare, overdue, end } = startClock(seconds);
  try {
    const run = attack.run({ target, connections, signal, prepare, rng: seeded(seed) });
    return await Promise.race([run, overdue]);
  } catch (error) {
    return { seen: "", failed: `the attack itself failed: ${messageOf(error)}` };
  } finally {
    end();
    closeAll();
  }
}

/** An attack's time, which stands still while it prepares itself.
 * @param {number} seconds */
function startClock(seconds) {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // one for each connection that waits
  /** @type {() => void} */
  let giveUp = () => {};
  /** @type {Promise<Sighting>} */
  const overdue = new Promise((resolve) => {
    giveUp = () => resolve({ seen: "", failed: "the attack itself did not stop: nothing is shown" });
  });
  /** @type {NodeJS.Timeout} */
  let timer;
  let endsAt = 0;
  const wait = (/** @type {number} */ ms) => {
    clearTimeout(timer);
    endsAt = performance.now() + ms;
    timer = setTimeout(() => {
      stop.abort();
      timer = setTimeout(giveUp, STOP_MS);
    }, ms);
  };
  wait(seconds * 1000);
  return {
    signal: stop.signal,
    overdue,
    /** @template T @param {Promise<T>} preparation @returns {Promise<T>} */
    async prepare(preparation) {
      const left = Math.max(0, endsAt - performance.now());
      if (!stop.signal.aborted) wait(PREPARE_MS);
      const prepared = await preparation;
      if (!stop.signal.aborted) wait(left);
      return prepared;
    },
    end() {
      clearTimeout(timer);
      stop.abort();
    },
  };
}

/** What is held 2 s later; where that is much more than before, at the end of what the server is given to return it.
 * @param {number | undefined} pid
 * @param {number | undefined} beforeBytes */
async function settle(pid, beforeBytes) {
  await sleep(AFTER_MS);
  const enough = (beforeBytes ?? 0) * SLACK.factor + SLACK.bytes;
  const end = performance.now() + MEMORY_PATIENCE_MS - AFTER_MS;
  while ((residentBytes(pid) ?? 0) > enough && performance.now() < end) await sleep(100);
  return residentBytes(pid);
}

/** @param {{ sighting: Sighting, informational: boolean, during: Tally, after: Tally, memory: Result["memory"] }} observed
 * @param {Pick<RunOptions, "pid" | "rssLimitBytes">} options
 * @returns {string[]} what the server is blamed for */
export function judge({ sighting, informational, during, after, memory }, { pid, rssLimitBytes }) {
  const problems = [];
  if (pid !== undefined && !isAlive(pid)) problems.push("the server died");
  if (sighting.failed !== undefined && !informational) problems.push(sighting.failed);
  if (during.failed > 0) problems.push(`legitimate clients lost ${during.failed}: ${during.failures.join("; ")}`);
  if (after.failed > 0) problems.push(`afterwards: ${after.failures.join("; ")}`);
  else if (after.handshakes === 0) problems.push("afterwards: no new handshake");
  const { peakBytes = 0 } = memory;
  if (peakBytes > rssLimitBytes)
    problems.push(`${Math.round(peakBytes / 2 ** 20)} MiB at the peak, of ${rssLimitBytes >> 20}`);
  return problems;
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32's mixing).
 * @param {number} seed */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
