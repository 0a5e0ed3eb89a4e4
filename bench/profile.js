// node bench/profile.js SCENARIO [PEER] [SECONDS]: where a peer's CPU time goes in a scenario that measures it. Prints the functions with
// the most self time, and draws a flame graph into bench/results/; the profile itself stays in bench/build/profiles/ for Chromium's
// developer tools or speedscope.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { IDLE, selfTimes } from "./lib/cpu-profile.js";
import { drawFlameGraph } from "./lib/flame-graph.js";
import { compileLoad } from "./lib/load.js";
import { BENCH, chooseCpus, describeMachine, PROJECT } from "./lib/machine.js";
import { MEASURES } from "./lib/measures.js";
import { PEERS, SUBJECT } from "./peers.js";
import { SCENARIOS } from "./scenarios.js";

const FOLDER = fileURLToPath(new URL("build/profiles/", import.meta.url));
const SHOWN = 30;

const [scenarioName, namedPeer, seconds = "3"] = process.argv.slice(2);
const scenario = SCENARIOS.find(({ name, measure }) => name === scenarioName && MEASURES[measure].each);
const subject = scenario?.subject ?? SUBJECT;
const peer = PEERS.find(({ name, runtime }) => name === (namedPeer ?? subject) && !runtime);
if (!scenario || !peer) {
  console.error(
    "usage: node bench/profile.js SCENARIO [PEER] [SECONDS], for a scenario that measures CPU time and a peer that runs with Node",
  );
  process.exit(1);
}

compileLoad();
const folder = `${FOLDER}${scenario.name}-${fileNameOf(peer)}`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const flags = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=200"];
const setup = { seconds: Number(seconds), warmUp: 1, slices: 1, cpus: chooseCpus(), flags };
const measure = MEASURES[scenario.measure];
const { [peer.name]: result } = await measure.run([peer], scenario, setup);
const cost = `${result.figure.toFixed(2)} µs per ${measure.each} while profiled`;
console.log(`${peer.name}, ${scenario.title}: ${cost}`);
// One process with one thread writes one profile
const [file] = readdirSync(folder);
const profile = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
printProfile(profile);
console.log(writeFlameGraph(profile).replace(PROJECT, ""));

function printProfile(profile) {
  const placeOf = new Map(profile.nodes.map((node) => [node.id, placeName(node.callFrame)]));
  const selfUs = new Map();
  for (const [id, us] of selfTimes(profile)) {
    const place = placeOf.get(id);
    selfUs.set(place, (selfUs.get(place) ?? 0) + us);
  }
  selfUs.delete(IDLE);
  const total = [...selfUs.values()].reduce((sum, us) => sum + us, 0);
  const byTime = [...selfUs].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  for (const [place, us] of byTime) console.log(`${((us / total) * 100).toFixed(1).padStart(6)} %  ${place}`);
}

function writeFlameGraph(profile) {
  const svg = drawFlameGraph(profile, {
    title: `Where the CPU time of ${peer.name} goes: ${scenario.title}`,
    notes: [
      `${new Date().toISOString().slice(0, 10)}; ${describeMachine(setup.cpus)}; ${cost}`,
      "The whole life of the process, start and warm-up too. Callers above what they call; a box is as wide as its share of the time.",
    ],
    ownCode: `${peer.name}, and the bench's use of it`,
    pathOf,
  });
  const results = `${BENCH}results`;
  mkdirSync(results, { recursive: true });
  const path = `${results}/flame-${scenario.name}${peer.name === subject ? "" : `-${fileNameOf(peer)}`}.svg`;
  writeFileSync(path, svg);
  return path;
}

/** A scoped package has a slash in its name. */
function fileNameOf({ name }) {
  return name.replaceAll("/", "-");
}

function placeName({ functionName, url, lineNumber }) {
  const path = pathOf(url);
  return path ? `${functionName || "(anonymous)"}  ${path}:${lineNumber + 1}` : functionName;
}

function pathOf(url) {
  return url.replace("file://", "").replace(PROJECT, "");
}
