/**
 * Prints transcripts: node transcripts/show.js FACE [PART OF A NAME] [--ours]
 * In: a face, part of a scenario's name, and whether to play ours instead of the original. Out: the lines.
 */
import { parseArgs } from "node:util";
import { faceNamed, loadOriginal, loadOurs, loadTopics } from "./kit/faces.js";
import { passOverKnownFaults } from "./kit/known-faults.js";
import { play } from "./kit/play.js";

const { values, positionals } = parseArgs({
  options: { ours: { type: "boolean", default: false } },
  allowPositionals: true,
});
const [faceName = "websocket-node", part = ""] = positionals;
const face = faceNamed(faceName);
const library = values.ours || face.original === undefined ? loadOurs(face) : loadOriginal(face);
passOverKnownFaults(face);
for (const { topic, scenarios } of await loadTopics(face)) {
  for (const scenario of scenarios.filter(({ name }) => `${topic}: ${name}`.includes(part))) {
    console.log(`# ${topic}: ${scenario.name}`);
    const { lines, failure } = await play(scenario, library);
    for (const line of lines) console.log(`  ${line}`);
    if (failure !== undefined) console.log("  broke off:", failure);
  }
}
