/**
 * npm run conformance:http2: plays every case of WebSocket over HTTP/2 against our server, or against any other echo server.
 * In: a target and the options below. Out: a report, and exit code 1 if a case failed, 2 if nothing could be played.
 */
import { parseArgs } from "node:util";
import { casesCalled } from "./play/all-cases.js";
import { startOwnServers } from "./play/own-servers.js";
import { playCase } from "./play/play-case.js";
import { Peer } from "./play/peer.js";
import { countsOf, describeResult } from "./play/report.js";
import { formatTarget, parseTarget } from "./play/target.js";

/** @typedef {import("./play/play-case.js").Result} Result */
/** @typedef {{ name: string, target: import("./play/target.js").Target, insecure: boolean, known: readonly string[] }} Played */

const USAGE = `npm run conformance:http2 -- [options] [wss://host:port/path | ws://host:port/path | h2c:host:port/path]
  without a target: our own server, over TLS and without; with ws:, h2c: or nothing HTTP/2 by prior knowledge over TCP
  --only PATTERNS   cases by id, such as 8441-4.*,9113-6.9.1
  --json            the results as JSON instead of lines
  --verbose         a line for passed cases too
  --insecure        any certificate will do
  --known IDS       cases that are known to fail and do not count, such as 9113-8.2.9,9113-8.2.10
  --idle MS         how long nothing may move before a case has failed (default 3000)
  --list            print the cases, and play none`;

/** @param {string[]} args */
function readOptions(args) {
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{
        only: { type: "string" },
        known: { type: "string", default: "" },
        idle: { type: "string", default: "3000" },
      },
      ...{ json: flag, verbose: flag, insecure: flag, list: flag, help: flag },
    },
  });
  const idleMs = Number(values.idle);
  if (!(Number.isSafeInteger(idleMs) && idleMs > 0)) throw new Error(`--idle is ${values.idle}; give a whole number`);
  const known = values.known.split(",").filter((id) => id !== "");
  for (const id of known) casesCalled(id);
  if (positionals.length > 1) throw new Error("give one target");
  const [text] = positionals;
  return {
    ...values,
    known,
    idleMs,
    cases: casesCalled(values.only),
    target: text === undefined ? undefined : parseTarget(text),
  };
}

/** @param {Played} played
 * @param {ReturnType<typeof readOptions>} options
 * @returns {Promise<Result[]>} */
async function play({ name, target, insecure, known }, { cases, idleMs, json, verbose }) {
  if (!json) console.log(`${cases.length} cases against ${name}`);
  const results = [];
  for (const one of cases) {
    const outcome = await playCase(one, target, { idleMs, insecure });
    const isKnown = outcome.result === "failed" && known.includes(outcome.id);
    const result = isKnown ? { ...outcome, result: /** @type {const} */ ("known") } : outcome;
    results.push(result);
    if (!json && (verbose || result.result !== "passed")) console.log(describeResult(result));
  }
  if (!json) console.log(`${name}: ${countsOf(results)}\n`);
  return results;
}

/** @param {Played} played
 * @param {number} idleMs
 * @throws Error where there is nobody */
async function probe({ target, insecure }, idleMs) {
  const peer = new Peer(target, { idleMs, insecure });
  await peer.dial().finally(() => peer.close());
}

/** @param {ReturnType<typeof readOptions>} options */
async function run(options) {
  const { target, insecure } = options;
  const own = target === undefined ? await startOwnServers() : [];
  const others = target === undefined ? [] : [{ name: formatTarget(target), target, insecure, known: options.known }];
  const all = [];
  try {
    for (const one of [...own, ...others]) {
      await probe(one, options.idleMs);
      all.push({ target: one.name, results: await play(one, options) });
    }
  } finally {
    await Promise.all(own.map(({ close }) => close()));
  }
  if (options.json) console.log(JSON.stringify(all, undefined, 2));
  return all.some(({ results }) => results.some(({ result }) => result === "failed")) ? 1 : 0;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else if (options.list)
    for (const { id, section, title } of options.cases) console.log(`${id}\tRFC ${section}\t${title}`);
  else process.exitCode = await run(options);
} catch (error) {
  console.error(`conformance:http2: ${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 2;
}
