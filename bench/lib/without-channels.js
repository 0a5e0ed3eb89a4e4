// polysocket as if it had no diagnostics channels, to know what they cost when nobody listens.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { BENCH, PROJECT } from "./machine.js";

const BUILT = `${PROJECT}core/dist/esm`;
const COPY = `${BENCH}build/without-channels`;

/** Copy what is built, and let no channel have subscribers: the compiler throws away what can never run.
 * @returns what is to be imported instead of "polysocket" */
export function withoutChannels() {
  rmSync(COPY, { recursive: true, force: true });
  cpSync(BUILT, COPY, { recursive: true, filter: (name) => !/\.(map|d\.ts)$/.test(name) });
  writeFileSync(`${COPY}/package.json`, '{ "type": "module" }\n');
  const changes = readdirSync(COPY, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => silence(`${COPY}/${name}`));
  if (!changes.includes(true))
    throw new Error(`no channel was found in ${BUILT}; it has to be built, and looked for by its name`);
  return pathToFileURL(`${COPY}/node/index.js`).href;
}

/** @returns whether there was a channel in it */
function silence(file) {
  const before = readFileSync(file, "utf8");
  const after = before.replaceAll(/\b\w+Channel\.hasSubscribers\b/g, "false");
  if (after.includes("hasSubscribers")) throw new Error(`${file} asks for subscribers in a way that is not known here`);
  if (after !== before) writeFileSync(file, after);
  return after !== before;
}
