/**
 * Which scenario shows which row of a face's contract: node transcripts/coverage.js [--write]
 * In: transcripts/FACE/rows.json and the scenarios. Out: transcripts/FACE/COVERAGE.md with --write, else a line per face.
 * Exit code 1 when a scenario names an unknown row, a row has neither scenario nor reason, or (without --write) a file is stale.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { FACES, loadRows, loadTopics } from "./kit/faces.js";

/** @typedef {import("./kit/faces.js").Face} Face */
/** @typedef {import("./kit/faces.js").Row} Row */
/** A scenario that the original does not play too, as the contract alone says its transcript, is marked in a face's list. */
const BY_CONTRACT = " (contract)";

/** @typedef {{ row: Row, scenarios: string[] }} Covered */

/** @param {Face} face */
export async function coverageOf(face) {
  const topics = await loadTopics(face);
  const rows = loadRows(face);
  const known = new Set(rows.map(({ id }) => id));
  /** @type {string[]} */
  const problems = [];
  if (known.size < rows.length) problems.push("two rows have the same id");
  /** @type {Covered[]} */
  const covered = rows.map((row) => ({ row, scenarios: [] }));
  const names = new Set();
  let byContract = 0;
  for (const { topic, scenarios } of topics) {
    for (const { name, rows: shown, expected } of scenarios) {
      const isByContract = face.original !== undefined && expected !== undefined;
      if (isByContract) byContract += 1;
      const label = `${topic}: ${name}${isByContract ? BY_CONTRACT : ""}`;
      if (names.has(name)) problems.push(`two scenarios are called ${name}`);
      names.add(name);
      for (const id of shown.filter((one) => !known.has(one))) problems.push(`${topic}: ${name}: no row ${id}`);
      for (const one of covered.filter(({ row }) => shown.includes(row.id))) one.scenarios.push(label);
    }
  }
  for (const { row } of covered.filter(({ row, scenarios }) => scenarios.length === 0 && row.reason === undefined)) {
    problems.push(`row ${row.id} has neither a scenario nor a reason`);
  }
  return { problems, text: textOf(face, covered, { all: names.size, byContract }), file: fileOf(face) };
}

/** @param {Face} face */
export function fileOf(face) {
  return path.join(import.meta.dirname, face.name, "COVERAGE.md");
}

/** @param {Face} face
 * @param {Covered[]} covered
 * @param {{ all: number, byContract: number }} count */
function textOf(face, covered, count) {
  const kinds =
    count.byContract === 0 ? "" : ` (${count.all - count.byContract} compared, ${count.byContract} by the contract)`;
  const without = covered.filter(({ scenarios }) => scenarios.length === 0);
  const cell = (/** @type {string} */ text) => text.replaceAll("|", "\\|");
  const shown = covered
    .filter(({ scenarios }) => scenarios.length > 0)
    .map(({ row, scenarios }) => `| ${row.id} | ${row.mark} | ${cell(row.text)} | ${cell(scenarios.join("; "))} |`);
  const named = without.map(({ row }) => `| ${row.id} | ${row.mark} | ${cell(row.text)} | ${cell(row.reason ?? "")} |`);
  return [
    `# ${face.name}: rows of the contract and their scenarios`,
    "",
    `${count.all} scenarios${kinds}; ${covered.length - without.length} of ${covered.length} rows have one. Made by \`node transcripts/coverage.js --write\`.`,
    ...["", "## Rows with a scenario", "", "| row | mark | what | scenarios |", "|---|---|---|---|", ...shown],
    ...["", "## Rows without one", "", "| row | mark | what | why |", "|---|---|---|---|", ...named],
    "",
  ].join("\n");
}

async function main() {
  const isWriting = process.argv.includes("--write");
  for (const face of FACES) {
    const { problems, text, file } = await coverageOf(face);
    if (isWriting) writeFileSync(file, text);
    else if (!existsSync(file) || readFileSync(file, "utf8") !== text) problems.push("COVERAGE.md is stale");
    for (const problem of problems) console.error(`${face.name}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    console.log(`${face.name}: ${text.split("\n")[2]}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
