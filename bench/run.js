// npm run bench -- [scenario or group…] [--rounds N] [--seconds S] [--peers a,b]; see README.md.
import { parseArgs } from "node:util";
import { installPackages } from "./lib/install.js";
import { compileLoad } from "./lib/load.js";
import { BENCH, chooseCpus, describeMachine, packageVersion } from "./lib/machine.js";
import { MEASURES } from "./lib/measures.js";
import { whatIsMissing } from "./lib/peer.js";
import { writeResults } from "./lib/results.js";
import { judgeAims } from "./lib/statistics.js";
import { formatScenario, formatSummary } from "./lib/table.js";
import { PEERS, SUBJECT } from "./peers.js";
import { DEFAULT_GROUPS, SCENARIOS } from "./scenarios.js";

const GROUPS = [...new Set(SCENARIOS.map(({ group }) => group))];
const USAGE = `npm run bench -- [scenario or group…] [--rounds N] [--seconds S] [--warm-up S] [--peers a,b | --all-peers] [--results FOLDER]
${GROUPS.map((group) => `${group}: ${namesOf(SCENARIOS.filter((scenario) => scenario.group === group))}`).join("\n")}
The name of a face stands for all that compares it.
peers: ${namesOf(PEERS)}`;

function namesOf(entries) {
  return entries.map(({ name }) => name).join(" ");
}

function readOptions(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "0.6" },
      "warm-up": { type: "string", default: "0.5" },
      peers: { type: "string" },
      "all-peers": { type: "boolean" },
      results: { type: "string", default: `${BENCH}results` },
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
    results: values.results,
    scenarios: pickScenarios(positionals.length ? positionals : DEFAULT_GROUPS),
    chosen: choosePeers(values.peers?.split(","), values["all-peers"]),
    rounds: Math.ceil(number("rounds")),
    setup: { seconds, slices, warmUp: number("warm-up"), cpus: chooseCpus() },
  };
}

function pickScenarios(names) {
  const titles = ({ name, group, subject }) => [name, group, ...(subject === undefined ? [] : [subject])];
  refuseUnknown("scenario or group", names, SCENARIOS.flatMap(titles));
  return SCENARIOS.filter((scenario) => titles(scenario).some((title) => names.includes(title)));
}

/** Tells whether the command line wants a peer in a scenario that can have it. */
function choosePeers(names, all) {
  if (names === undefined) return ({ name, onRequest }, { only }) => all || !onRequest || only?.includes(name);
  refuseUnknown(
    "peer",
    names,
    PEERS.map(({ name }) => name),
  );
  return ({ name }) => names.includes(name);
}

function refuseUnknown(what, names, known) {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no ${what} is called ${unknown}\n${USAGE}`);
}

function canBeMeasured(peer) {
  const missing = whatIsMissing(peer);
  if (missing) console.log(`${peer.name} is left out: ${missing}`);
  return !missing;
}

function takesPart({ name, roles, http2, onlyNamed }, { only, without = [] }, { role }) {
  const named = only ? only.includes(name) : !http2 && !onlyNamed && !without.includes(name);
  return named && (roles === undefined || roles.includes(role));
}

/** "ws 8.23.0 with bufferutil 4.1.0" */
function versionsOf({ versionOf = [] }) {
  const installed = versionOf.map((name) => [name, packageVersion(name)]).filter(([, version]) => version);
  return installed.map((pair) => pair.join(" ")).join(" with ");
}

/** Measure and print; what is returned goes into the results. */
async function runScenario(scenario, peers, count, setup) {
  const measure = MEASURES[scenario.measure];
  if (!peers.length) {
    console.log(`${scenario.name}: none of these peers can take part\n`);
    return undefined;
  }
  const rounds = [];
  for (let i = 0; i < Math.min(count, scenario.mostRounds ?? count); i++) {
    rounds.push(await measure.run(peers, scenario, setup));
  }
  const subject = scenario.subject ?? SUBJECT;
  const judged = judgeAims([...scenario.aims, ...(measure.aims ?? [])], rounds, subject);
  console.log(`${formatScenario(scenario, measure, rounds, judged, subject)}\n`);
  return { ...scenario, unit: measure.unit, judged, rounds };
}

async function main() {
  const { help, results: folder, scenarios, chosen, rounds, setup } = readOptions(process.argv.slice(2));
  if (help) return console.log(USAGE);
  compileLoad();
  installPackages();
  const isWanted = (peer, scenario) => takesPart(peer, scenario, MEASURES[scenario.measure]) && chosen(peer, scenario);
  const peers = PEERS.filter((peer) => scenarios.some((scenario) => isWanted(peer, scenario))).filter(canBeMeasured);
  if (!peers.length) throw new Error("no peer is left to measure");
  const versions = Object.fromEntries(peers.map((peer) => [peer.name, versionsOf(peer)]));
  const machine = describeMachine(setup.cpus);
  console.log(`${machine}\n${[...new Set(peers.map(({ name }) => versions[name] || name))].join(", ")}\n`);

  const results = [];
  for (const scenario of scenarios) {
    const taking = peers.filter((peer) => isWanted(peer, scenario));
    const result = await runScenario(scenario, taking, rounds, setup);
    if (result) results.push(result);
  }
  const judged = results.some((result) => result.judged.length > 0);
  if (results.length > 1 && judged) console.log(`${formatSummary(results)}\n`);
  const about = { date: new Date().toISOString(), machine, versions, setup };
  for (const path of await writeResults(folder, about, results, SCENARIOS)) console.log(path.replace(BENCH, "bench/"));
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
