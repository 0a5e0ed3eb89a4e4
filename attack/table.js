/** Results of several servers beside each other, as a document. */
import { cpus } from "node:os";
import { memoryOf, msOf } from "./report.js";

/** @typedef {import("./run.js").Column} Column */
/** @typedef {import("./runner.js").Result} Result */

/** What is publicly known of ws: its own advisories, and limits that its releases speak of ("ws …"). */
const KNOWN_OF_WS = new Set([
  ...["CVE-2016-10518", "CVE-2016-10542", "CVE-2021-32640", "CVE-2024-37890", "CVE-2026-45736", "CVE-2026-48779"],
  "GHSA-5v72-xg48-5rpm",
]);

/** Whether a column may say what came of an attack: of ws, only what its own public advisories are about, whatever the outcome.
 * @param {Column} column
 * @param {Pick<Result, "sources">} result */
export function isPublic({ stand }, { sources }) {
  return stand?.name !== "ws" || sources.some((source) => KNOWN_OF_WS.has(source) || source.startsWith("ws "));
}

/** @param {readonly Column[]} columns
 * @param {{ seconds: number, rssLimitBytes: number }} options
 * @returns {string} */
export function formatDocument(columns, { seconds, rssLimitBytes }) {
  const names = new Map(columns.flatMap(({ results }) => results.map(({ number, name }) => [number, name])));
  const numbers = [...names.keys()].sort((a, b) => a - b);
  const head = ["", "attack", ...columns.map(({ title }) => title)];
  const rows = numbers.map((number) => [
    String(number),
    `${names.get(number)}`,
    ...columns.map((column) => cellOf(column, number)),
  ]);
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const cpu = cpus()[0]?.model ?? "an unknown CPU";
  return `# What attacks do to a server

Written by \`npm run attack -- --launch both --beside FILE --write docs/attacks.md\`, FILE being \`--json\` of an earlier run for \`ws\`, or by
\`--launch all\` without it; [attack/README.md](../attack/README.md) says what is done and
how it is judged. Each server has its default options (\`ws\` has permessage-deflate switched on where compression is attacked), a
heap of 384 MiB, and is fresh for each attack, which goes on for ${seconds} s. Survived means: alive; every legitimate client answered, during and
after; not above ${rssLimitBytes >> 20} MiB; and none of the attack's own demands broken. A cell has the 99th percentile of the legitimate clients' round trips
during the attack, and the process's memory before, at the peak, and after. All run on one machine (${cpu}, ${cpus().length} cores, Node ${process.version})
together with attacker and clients: the times are those of a machine under attack from itself.

Of \`ws\` the table says only what its own public advisories and releases are about; "–" stands for all else, and where an attack is not for that version
of HTTP.

${lines.join("\n")}

${columns.map((column) => `- ${summaryOf(column)}`).join("\n")}
`;
}

/** @param {Column} column
 * @param {number} number */
function cellOf(column, number) {
  const result = column.results.find((one) => one.number === number);
  if (result === undefined || !isPublic(column, result)) return "–";
  const verdict = result.survived ? "survived" : `**failed**: ${result.problems.join("; ")}`;
  return `${verdict}; ${msOf(result.during?.p99Ms)}; ${memoryOf(result.memory)}`;
}

/** @param {Column} column */
function summaryOf(column) {
  const shown = column.results.filter((result) => isPublic(column, result));
  return `${column.title}: ${shown.filter(({ survived }) => survived).length} of ${shown.length} survived`;
}
