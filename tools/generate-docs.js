/**
 * Prints what the documents say of the code: the state machine into ARCHITECTURE.md, the error codes into docs/errors.md.
 * In: the tables of core/src/engine, read from the source. Out: the text between `<!-- NAME:begin -->` and
 * `<!-- NAME:end -->`; with `--check` nothing is written, and text that is out of date is an error.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { tsImport } from "tsx/esm/api";

const root = path.resolve(import.meta.dirname, "..");
const onlyCheck = process.argv.includes("--check");

/** @type {{ TRANSITIONS: Record<string, Partial<Record<string, string>>> }} */
const { TRANSITIONS } = await tsImport("../core/src/engine/protocol/state.ts", import.meta.url);
/** @typedef {{ text: string, closeCode?: number, statusCode?: number, option?: string, rfc?: string }} ErrorRow */
/** @type {Record<string, Record<string, ErrorRow>>} */
const errors = await tsImport("../core/src/engine/errors.ts", import.meta.url);

print("ARCHITECTURE.md", "states", diagramOf(TRANSITIONS));
print(
  "docs/errors.md",
  "protocol",
  errorTable("PROTOCOL_ERRORS", [
    ["close code", "closeCode"],
    ["source", "rfc"],
  ]),
);
print(
  "docs/errors.md",
  "limit",
  errorTable("LIMIT_ERRORS", [
    ["close code", "closeCode"],
    ["option", "option"],
  ]),
);
print(
  "docs/errors.md",
  "handshake",
  errorTable("HANDSHAKE_ERRORS", [
    ["status", "statusCode"],
    ["source", "rfc"],
  ]),
);
print("docs/errors.md", "transport", errorTable("TRANSPORT_ERRORS", []));

/** @param {string} name of the file
 * @param {string} part
 * @param {string} text */
function print(name, part, text) {
  const file = path.join(root, name);
  const before = readFileSync(file, "utf8");
  const begin = `<!-- ${part}:begin -->`;
  const from = before.indexOf(begin);
  const to = before.indexOf(`<!-- ${part}:end -->`);
  if (from < 0 || to < from) throw new Error(`${name} lacks the lines that begin and end ${part}`);
  const after = `${before.slice(0, from + begin.length)}\n${text}\n${before.slice(to)}`;
  if (after === before) {
    console.log(`docs: ${part} in ${name} is up to date`);
  } else if (onlyCheck) {
    console.error(`docs: ${part} in ${name} is out of date; run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, after);
    console.log(`docs: printed ${part} into ${name}`);
  }
}

/** The first state of the table is where a connection begins; those without a way out are where it ends.
 * @param {typeof TRANSITIONS} table */
function diagramOf(table) {
  const states = Object.keys(table);
  const lines = [`[*] --> ${states[0]}`];
  for (const state of states) {
    const row = Object.entries(table[state] ?? {});
    for (const target of new Set(row.map(([, to]) => to))) {
      const triggers = row.filter(([, to]) => to === target).map(([trigger]) => trigger);
      lines.push(`${state} --> ${target}: ${triggers.join(", ")}`);
    }
    if (row.length === 0) lines.push(`${state} --> [*]`);
  }
  return ["```mermaid", "stateDiagram-v2", ...lines.map((line) => `  ${line}`), "```"].join("\n");
}

/** @param {string} table
 * @param {[string, keyof ErrorRow][]} columns */
function errorTable(table, columns) {
  const rows = Object.entries(errors[table] ?? {}).map(([code, row]) => {
    return [`\`${code}\``, row.text, ...columns.map(([, field]) => row[field] ?? "")];
  });
  const head = ["code", "text", ...columns.map(([title]) => title)];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
