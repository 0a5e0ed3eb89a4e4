// npm run bench -- [scenario…] [--rounds N] [--seconds S] [--peers a,b] [--json [FILE.json]]; see README.md.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { compileLoad } from "./lib/load.js";
import { chooseCpus, describeMachine, PROJECT, packageVersion } from "./lib/machine.js";
import { MEASURES } from "./lib/measures.js";
import { formatScenario, judgeAims } from "./lib/table.js";
import { PEERS, SUBJECT } from "./peers.js";
import { SCENARIOS } from "./scenarios.js";

const USAGE = `npm run bench -- [scenario…] [--rounds N] [--seconds S] [--warm-up S] [--peers a,b] [--json [FILE.json]]
scenarios: ${SCENARIOS.map((scenario) => scenario.name).join(" ")}
peers: ${PEERS.map((peer) => peer.name).join(" ")}`;

function readOptions(words) {
  const at = words.indexOf("--json");
  const filled = [...words];
  if (at >= 0 && !words[at + 1]?.endsWith(".json")) filled.splice(at + 1, 0, `${PROJECT}bench/results/latest.json`);
  const { values, positionals } = parseArgs({
    args: filled,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "1.2" },
      "warm-up": { type: "string", default: "0.6" },
      peers: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  const number = (name) => {
    const value = Number(values[name]);
    if (value > 0) return value;
    throw new Error(`--${name} must be a number above 0, not ${values[name]}`);
  };
  const seconds = number("seconds");
  // Turns of a second at most, so that nobody waits for long: a heartbeat would begin
  const slices = Math.max(3, Math.ceil(seconds));
  return {
    help: values.help,
    json: values.json,
    scenarios: pick("scenario", SCENARIOS, positionals),
    peers: pick("peer", PEERS, values.peers?.split(",") ?? []),
    rounds: Math.ceil(number("rounds")),
    setup: { seconds, slices, warmUp: number("warm-up"), cpus: chooseCpus() },
  };
}

function pick(what, all, names) {
  const unknown = names.find((name) => !all.some((entry) => entry.name === name));
  if (unknown !== undefined) throw new Error(`no ${what} is called ${unknown}\n${USAGE}`);
  return names.length ? all.filter((entry) => names.includes(entry.name)) : all;
}

function isThere(peer) {
  if (!peer.needs || existsSync(PROJECT + peer.needs)) return true;
  console.log(`${peer.name} is left out: ${peer.needs} is missing (npm run build)`);
  return false;
}

function takesPart({ name, roles }, { without = [] }, { role }) {
  return !without.includes(name) && (roles === undefined || roles.includes(role));
}

async function runScenario(scenario, peers, count, setup) {
  const rounds = [];
  for (let i = 0; i < Math.min(count, scenario.mostRounds ?? count); i++) {
    rounds.push(await MEASURES[scenario.measure].run(peers, scenario, setup));
  }
  return rounds;
}

/** "ws 8.23.0 with bufferutil 4.1.0" */
function versionsOf({ versionOf = [] }) {
  const installed = versionOf.map((name) => [name, packageVersion(name)]).filter(([, version]) => version);
  return installed.map((pair) => pair.join(" ")).join(" with ");
}

async function main() {
  const { help, json, scenarios, peers: chosen, rounds: count, setup } = readOptions(process.argv.slice(2));
  if (help) return console.log(USAGE);
  compileLoad();
  const peers = chosen.filter(isThere);
  if (!peers.length) throw new Error("no peer is left to measure");
  const versions = Object.fromEntries(peers.map((peer) => [peer.name, versionsOf(peer)]));
  const listed = peers.map(({ name }) => versions[name] || name).join(", ");
  console.log(`${describeMachine(setup.cpus)}\n${listed}\n`);

  const results = [];
  for (const scenario of scenarios) {
    const measure = MEASURES[scenario.measure];
    const taking = peers.filter((peer) => takesPart(peer, scenario, measure));
    if (!taking.length) {
      console.log(`${scenario.name}: none of these peers can take part\n`);
      continue;
    }
    const rounds = await runScenario(scenario, taking, count, setup);
    console.log(`${formatScenario(scenario, measure, rounds, SUBJECT)}\n`);
    results.push({ ...scenario, unit: measure.unit, judged: judgeAims(scenario, rounds, SUBJECT), rounds });
  }
  if (json) {
    mkdirSync(dirname(json), { recursive: true });
    const about = { date: new Date().toISOString(), machine: describeMachine(setup.cpus), versions, setup };
    writeFileSync(json, `${JSON.stringify({ ...about, scenarios: results }, null, 2)}\n`);
  }
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
