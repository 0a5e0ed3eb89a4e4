/**
 * npm run attack: attacks a WebSocket server on loopback, or servers that it launches, and says what became of each.
 * Exit code: 0 when all was survived, 1 when not, 2 when nothing could be attacked.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chooseAttacks, listAttacks } from "./choose.js";
import { launch, STANDS } from "./launch.js";
import { findListener } from "./process-memory.js";
import { countsOf, describeResult } from "./report.js";
import { notRun, runAttack } from "./runner.js";
import { formatDocument } from "./table.js";
import { resolveTarget } from "./target.js";

/** @typedef {import("./runner.js").Result} Result */
/** @typedef {import("./launch.js").Stand} Stand */
/** @typedef {{ title: string, stand: Stand | undefined, results: Result[] }} Column */
/** @typedef {{ begin: (column: Column) => void, save: () => void }} Record */

const USAGE = `npm run attack -- [options] ws://127.0.0.1:8080
  a server on loopback that echoes messages; any other address is refused
  --only 3,7-9      these attacks
  --seconds N       how long each attack goes on (default 4)
  --connections N   how many connections each attack uses, instead of its own number
  --http2           the attacks over HTTP/2: wss: by ALPN, ws: by prior knowledge
  --no-echo         the server does not echo; its pongs are measured instead
  --pid N           the server's process, else found under /proc
  --rss-limit MIB   what the server may hold at the peak (default 512)
  --ca FILE         a certificate to trust, for wss:      --insecure  any certificate will do
  --seed N          of the attacks' random numbers
  --json FILE       the results as JSON
  --launch NAME     instead of a URL: our own stands, ${STANDS.join(", ")}, both (polysocket over both versions of
                    HTTP) or all (these and ws); may be given several times
  --write FILE      with --launch: the results as a document
  --beside FILE     what an earlier --json FILE holds stands beside them in the document
  --list            the attacks, and what each stands for`;

/** @param {string[]} args */
function readOptions(args) {
  const text = /** @type {const} */ ({ type: "string" });
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{
        only: text,
        seconds: text,
        connections: text,
        pid: text,
        "rss-limit": text,
        seed: text,
        json: text,
        ca: text,
      },
      ...{ launch: { ...text, multiple: true }, write: text, beside: text },
      ...{ http2: flag, "no-echo": flag, insecure: flag, list: flag, help: flag },
    },
  });
  return {
    ...values,
    targets: positionals,
    attacks: chooseAttacks(values.only),
    stands: (values.launch ?? []).flatMap((name) => standsOf(name, values.http2)),
    run: {
      seconds: numberOf("seconds", values.seconds) ?? 4,
      connections: numberOf("connections", values.connections),
      rssLimitBytes: (numberOf("rss-limit", values["rss-limit"]) ?? 512) * 2 ** 20,
      seed: numberOf("seed", values.seed) ?? Math.floor(Math.random() * 2 ** 31),
      pid: numberOf("pid", values.pid),
    },
  };
}

/** @param {string} name
 * @param {string | undefined} text
 * @returns {number | undefined} */
function numberOf(name, text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new Error(`--${name} is ${text}; give a number above 0`);
  return value;
}

/** ws has only one version of HTTP.
 * @param {string} name
 * @param {boolean} http2
 * @returns {Stand[]} */
function standsOf(name, http2) {
  if (name === "both") return [...standsOf("polysocket", false), ...standsOf("polysocket", true)];
  if (name === "all") return [...standsOf("both", false), ...standsOf("ws", false)];
  const known = STANDS.find((one) => one === name);
  if (known === undefined) throw new Error(`--launch is ${STANDS.join(", ")}, both or all, not ${name}`);
  if (known === "ws" && http2) throw new Error("ws has no HTTP/2");
  return [{ name: known, version: http2 ? "2.0" : "1.1" }];
}

/** @param {ReturnType<typeof readOptions>} options
 * @param {Record} record */
async function attackTarget({ targets, attacks, run, ...values }, { begin, save }) {
  const [url = "", ...more] = targets;
  if (url === "" || more.length > 0) throw new Error("give one URL, or --launch");
  const echo = !values["no-echo"];
  const target = await resolveTarget(url, { http2: values.http2, ca: values.ca, insecure: values.insecure, echo });
  const pid = run.pid ?? findListener(target.port);
  console.log(
    `${url} at ${target.address}, HTTP/${target.version === "2.0" ? "2" : target.version}, ${pid === undefined ? "process unknown" : `process ${pid}`}`,
  );
  /** @type {Result[]} */
  const results = [];
  begin({ title: url, stand: undefined, results });
  for (const numbered of attacks.filter(({ attack }) => attack.over.includes(target.version))) {
    const result = await runAttack(numbered, target, { ...run, pid });
    console.log(describeResult(result));
    results.push(result);
    save();
  }
}

/** @param {Stand} stand
 * @param {ReturnType<typeof readOptions>} options
 * @param {Record} record */
async function attackStand(stand, { attacks, run }, { begin, save }) {
  const title = `${stand.name} over HTTP/${stand.version === "2.0" ? "2" : stand.version}`;
  console.log(`\n${title}`);
  /** @type {Result[]} */
  const results = [];
  begin({ title, stand, results });
  for (const numbered of attacks.filter(({ attack }) => attack.over.includes(stand.version))) {
    const { result, lastWords } = await attackFresh(stand, numbered, run);
    console.log(describeResult(result) + (lastWords === "" ? "" : `\n${lastWords.replace(/^/gm, "       | ")}`));
    results.push(result);
    save();
  }
}

/** Starts the server for one attack, and ends it.
 * @param {Stand} stand
 * @param {import("./choose.js").Numbered} numbered
 * @param {import("./runner.js").RunOptions} run */
async function attackFresh(stand, numbered, run) {
  try {
    const server = await launch(stand, { compression: numbered.attack.compression === true });
    const target = await resolveTarget(server.url, { http2: stand.version === "2.0", insecure: true });
    const result = await runAttack(numbered, target, { ...run, pid: server.pid });
    return { result, lastWords: await server.stop() };
  } catch (error) {
    const result = notRun(numbered, stand.version, error instanceof Error ? error.message : String(error));
    return { result, lastWords: "" };
  }
}

/** Files are written after each attack, so that a run that is broken off leaves what it has.
 * @param {ReturnType<typeof readOptions>} options */
async function main(options) {
  console.log(`seed ${options.run.seed}, ${options.run.seconds} s for each attack`);
  /** @type {Column[]} */
  const columns = [];
  /** @type {Column[]} */
  const earlier = options.beside === undefined ? [] : JSON.parse(readFileSync(options.beside, "utf8"));
  const save = () => {
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(columns, undefined, 2)}\n`);
    if (options.write !== undefined)
      writeFileSync(options.write, formatDocument([...columns, ...earlier], options.run));
  };
  const begin = (/** @type {Column} */ column) => columns.push(column);
  for (const stand of options.stands) await attackStand(stand, options, { begin, save });
  if (options.stands.length === 0) await attackTarget(options, { begin, save });
  console.log("");
  for (const { title, results } of columns) console.log(`${title}: ${countsOf(results)}`);
  if (columns.every(({ results }) => results.length === 0)) throw new Error("none of these attacks is for this server");
  return columns.every(({ results }) => results.every(({ survived }) => survived)) ? 0 : 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else if (options.list) console.log(listAttacks().join("\n"));
  else process.exitCode = await main(options);
} catch (error) {
  console.error(`attack: ${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 2;
}
