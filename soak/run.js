/**
 * Mixed traffic for a while, every message numbered and checked: `node soak/run.js --minutes 10`. A server and two processes of clients;
 * this one keeps the books. Exit code 1 where anything was lost, duplicated, corrupted, out of order, miscounted, or ended otherwise than
 * it was meant to.
 */
import { parseArgs } from "node:util";
import { progressLine, summary } from "./lib/report.js";
import { Soak } from "./lib/soak.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seconds: { type: "string" },
    seed: { type: "string", default: `${1 + (Date.now() % 1_000_000)}` },
    connections: { type: "string", default: "60" },
    "http1-only": { type: "boolean", default: false },
  },
});
const settings = {
  seconds:
    values.seconds === undefined ? 60 * positive("minutes", values.minutes) : positive("seconds", values.seconds),
  seed: positive("seed", values.seed),
  places: positive("connections", values.connections),
  http1Only: values["http1-only"],
};
const { seconds, seed, places, http1Only } = settings;
console.log(
  `soak: seed ${seed}, ${seconds} s, ${places} connections at a time, ${http1Only ? "HTTP/1.1" : "HTTP/1.1 and HTTP/2"}`,
);

const soak = new Soak(settings, (elapsedMs, ledger, { sample, delay }) =>
  console.log(progressLine(elapsedMs, ledger, sample, delay)),
);
const results = await soak.run();
console.log(summary(results));
for (const note of results.ledger.notes) console.log(`! ${note}`);
const { closed, ledger } = results;
if (ledger.faults + closed.miscounted + closed.stillOpen + closed.heldBytes > 0) process.exitCode = 1;

/** @param {string} name
 * @param {string} text
 * @returns {number} */
function positive(name, text) {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  console.error(`--${name} is ${text}; give a number above 0`);
  process.exit(2);
}
