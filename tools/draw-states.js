/**
 * Draws the state machine of core/src/engine/protocol/state.ts into ARCHITECTURE.md, as a Mermaid diagram.
 * In: the table TRANSITIONS, read from the source. Out: the text between `<!-- states:begin -->` and
 * `<!-- states:end -->`; with `--check` nothing is written, and a diagram that is out of date is an error.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { tsImport } from "tsx/esm/api";

const begin = "<!-- states:begin -->";
const end = "<!-- states:end -->";
const file = path.resolve(import.meta.dirname, "../ARCHITECTURE.md");

/** @type {{ TRANSITIONS: Record<string, Partial<Record<string, string>>> }} */
const { TRANSITIONS } = await tsImport("../core/src/engine/protocol/state.ts", import.meta.url);
const before = readFileSync(file, "utf8");
const after = withDiagram(before, diagramOf(TRANSITIONS));

if (after === before) {
  console.log("states: the diagram in ARCHITECTURE.md is up to date");
} else if (process.argv.includes("--check")) {
  console.error("states: the diagram in ARCHITECTURE.md is out of date; run npm run docs");
  process.exit(1);
} else {
  writeFileSync(file, after);
  console.log("states: drew the diagram in ARCHITECTURE.md");
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

/** @param {string} text
 * @param {string} diagram */
function withDiagram(text, diagram) {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} lacks the lines ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n${diagram}\n${text.slice(to)}`;
}
