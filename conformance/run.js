/**
 * npm run conformance: plays every case against our server, client and engine, or against another echo server.
 * In: the options below. Out: a report, and exit code 1 if a case failed, 2 if the options are wrong. See README.md.
 */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { parseTestUrl } from "./drive/dial.js";
import { FACES, planRuns } from "./runs/plan.js";
import { playRuns } from "./runs/pool.js";
import { Report } from "./runs/report.js";

const USAGE = `npm run conformance -- [options]
  --only PATTERNS   cases by number, such as 5.*,6.4.1
  --target server|client|engine|all
  --carrier http1|http2|all   for server and client (default all; with --url http1)
  --version 13|8|all
  --face none|${FACES.join("|")}|all
                    a drop-in replacement instead of polysocket itself (default none)
  --set script|limits|deflate|all   cases of one of the files in data/
  --cut whole|bytes|random|all
  --seed N          repeat the masking keys and cuts of a run that printed this seed
  --verbose         a line for passed cases too
  --url ws://127.0.0.1:PORT/   test this echo server, on this machine, instead of ours
  --pause MS        length of the pauses in the cases (default 20; with --url 100)
  --idle MS         how long nothing may move before the peer is given up (default 10000; with --url 2000)
  --apart MS        time between pieces written to --url (default 1); ours reads each by itself without that
  --max-seconds N   stop everything after so long (default 600)
  --max-mib N       stop everything when this process is so large (default 3072)`;

const CHOICES = {
  target: ["server", "client", "engine", "all"],
  carrier: ["http1", "http2", "all"],
  version: ["13", "8", "all"],
  face: ["none", ...FACES, "all"],
  cut: ["whole", "bytes", "random", "all"],
  set: ["script", "limits", "deflate", "all"],
};

/** @param {string[]} args */
function readOptions(args) {
  const text = /** @type {const} */ ({ type: "string" });
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  const all = { ...text, default: "all" };
  const { values } = parseArgs({
    args,
    options: {
      ...{
        only: text,
        target: all,
        carrier: text,
        version: all,
        face: { ...text, default: "none" },
        cut: all,
        set: all,
        seed: text,
        verbose: flag,
        url: text,
        help: flag,
      },
      ...{ pause: text, idle: text, apart: text, "max-seconds": text, "max-mib": text },
    },
  });
  const carrier = values.carrier ?? (values.url === undefined ? "all" : "http1");
  const options = { ...values, carrier };
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const given = String(options[/** @type {keyof typeof CHOICES} */ (name)]);
    if (!allowed.includes(given)) throw new Error(`--${name} is ${given}; give one of ${allowed.join(", ")}`);
  }
  if (values.url !== undefined) parseTestUrl(values.url);
  return options;
}

/** @param {string} name
 * @param {string | undefined} given
 * @param {number} byDefault */
function wholeNumber(name, given, byDefault) {
  const number = given === undefined ? byDefault : Number(given);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} is ${given}; give a whole number`);
}

/** @param {ReturnType<typeof readOptions>} options */
async function run(options) {
  const { url, only, carrier, version, face, cut, set } = options;
  const far = url !== undefined;
  const runs = planRuns({ target: far ? "server" : options.target, carrier, version, face, cut, set, only });
  if (runs.length === 0) throw new Error("no case is called so and played so");
  const seed = wholeNumber("seed", options.seed, randomInt(2 ** 32));
  const timing = {
    pauseMs: wholeNumber("pause", options.pause, far ? 100 : 20),
    idleMs: wholeNumber("idle", options.idle, far ? 2_000 : 10_000),
    apartMs: far ? wholeNumber("apart", options.apart, 1) : 0,
  };
  const bounds = {
    workers: Math.min(4, availableParallelism()),
    mostSeconds: wholeNumber("max-seconds", options["max-seconds"], 600),
    mostMebibytes: wholeNumber("max-mib", options["max-mib"], 3_072),
  };
  const report = new Report(options.verbose, console.log);
  console.log(`${new Set(runs.flatMap(({ ids }) => ids)).size} cases, seed ${seed}`);
  const startMs = performance.now();
  const { peakMebibytes } = await playRuns(runs, { seed, url, timing }, bounds, (one, outcome) =>
    report.add(one, outcome),
  );
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  report.finish(runs, `${seconds} s, up to ${peakMebibytes} MiB`);
  return report.failed === 0 ? 0 : 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else process.exitCode = await run(options);
} catch (error) {
  console.error(`conformance: ${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 2;
}
