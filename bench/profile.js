// node bench/profile.js SCENARIO [PEER] [SECONDS]: where a peer's CPU time goes in a scenario that measures it. Prints the functions with
// the most self time; the profiles stay in bench/build/profiles/ for Chromium's developer tools or speedscope.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileLoad } from "./lib/load.js";
import { chooseCpus, PROJECT } from "./lib/machine.js";
import { MEASURES } from "./lib/measures.js";
import { PEERS, SUBJECT } from "./peers.js";
import { SCENARIOS } from "./scenarios.js";

const FOLDER = fileURLToPath(new URL("build/profiles/", import.meta.url));
const SHOWN = 30;

const [scenarioName, peerName = SUBJECT, seconds = "3"] = process.argv.slice(2);
const scenario = SCENARIOS.find(({ name, measure }) => name === scenarioName && MEASURES[measure].each);
const peer = PEERS.find(({ name, runtime }) => name === peerName && !runtime);
if (!scenario || !peer) {
  console.error(
    "usage: node bench/profile.js SCENARIO [PEER] [SECONDS], for a scenario that measures CPU time and a peer that runs with Node",
  );
  process.exit(1);
}

compileLoad();
const folder = `${FOLDER}${scenario.name}-${peer.name}`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const flags = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=200"];
const setup = { seconds: Number(seconds), warmUp: 1, slices: 1, cpus: chooseCpus(), flags };
const measure = MEASURES[scenario.measure];
const { [peer.name]: result } = await measure.run([peer], scenario, setup);
console.log(`${peer.name}, ${scenario.title}: ${result.figure.toFixed(2)} µs per ${measure.each} while profiled`);
for (const file of readdirSync(folder)) printProfile(JSON.parse(readFileSync(`${folder}/${file}`, "utf8")));

function printProfile({ nodes, samples, timeDeltas }) {
  const placeOf = new Map(nodes.map((node) => [node.id, placeName(node.callFrame)]));
  const selfUs = new Map();
  for (const [i, id] of samples.entries()) {
    const place = placeOf.get(id);
    selfUs.set(place, (selfUs.get(place) ?? 0) + timeDeltas[i]);
  }
  selfUs.delete("(idle)");
  const total = [...selfUs.values()].reduce((sum, us) => sum + us, 0);
  const byTime = [...selfUs].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  for (const [place, us] of byTime) console.log(`${((us / total) * 100).toFixed(1).padStart(6)} %  ${place}`);
}

function placeName({ functionName, url, lineNumber }) {
  const path = url.replace("file://", "").replace(PROJECT, "");
  return path ? `${functionName || "(anonymous)"}  ${path}:${lineNumber + 1}` : functionName;
}
