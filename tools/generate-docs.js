/**
 * Prints what the documents say of the code: the state machine into ARCHITECTURE.md, the error codes into docs/errors.md.
 * In: the tables of core/src/engine and the defaults of the options, read from the source; for who has to act, tools/error-advice.js. Out: the text between `<!-- NAME:begin -->` and
 * `<!-- NAME:end -->`; with `--check` nothing is written, and text that is out of date is an error.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { tsImport } from "tsx/esm/api";
import { ERROR_ADVICE } from "./error-advice.js";

const root = path.resolve(import.meta.dirname, "..");
const onlyCheck = process.argv.includes("--check");

/** @type {{ TRANSITIONS: Record<string, Partial<Record<string, string>>> }} */
const { TRANSITIONS } = await tsImport("../core/src/engine/protocol/state.ts", import.meta.url);
/** @typedef {{ text: string, closeCode?: number, statusCode?: number, option?: string, rfc?: string }} ErrorRow */
/** @type {Record<string, Record<string, ErrorRow>>} */
const errors = await tsImport("../core/src/engine/errors.ts", import.meta.url);

/** @type {{ resolveSettings(options: object, role: "server"): Settings }} */
const { resolveSettings } = await tsImport("../core/src/node/connection/settings.ts", import.meta.url);
/** @typedef {{ limits: Record<string, number>, maxBufferedBytes: number, rate: { messagesPerSecond: number, bytesPerSecond: number } }} Settings */
const settings = resolveSettings({}, "server");

/** What `option` of a LimitError stands for: where it is given, and what it is otherwise.
 * @type {Record<string, [option: string, otherwise: string]>} */
const LIMIT_OPTIONS = {
  ...Object.fromEntries(
    Object.entries(settings.limits).map(([name, value]) => [name, [`limits.${name}`, numberText(value)]]),
  ),
  maxBufferedBytes: ["backpressure.maxBufferedBytes", numberText(settings.maxBufferedBytes)],
  "memoryBudget.limitBytes": ["memoryBudget.limitBytes", "a quarter of what the process may have"],
  rate: [
    "rate.messagesPerSecond`, `rate.bytesPerSecond",
    `${numberText(settings.rate.messagesPerSecond)}, ${numberText(settings.rate.bytesPerSecond)}; policy "slow"`,
  ],
};

/** @typedef {[title: string, read: (row: ErrorRow) => unknown]} Column */
/** @type {Column} */
const CLOSE_CODE = ["close code", ({ closeCode }) => closeCode];
/** @type {Column} */
const SOURCE = ["source", ({ rfc }) => rfc];

checkAdvice();
print("ARCHITECTURE.md", "states", diagramOf(TRANSITIONS));
print("docs/errors.md", "protocol", errorTable("PROTOCOL_ERRORS", [CLOSE_CODE, SOURCE]));
print(
  "docs/errors.md",
  "limit",
  errorTable("LIMIT_ERRORS", [
    CLOSE_CODE,
    ["option", ({ option = "" }) => `\`${limitOption(option)[0]}\``],
    ["default", ({ option = "" }) => limitOption(option)[1]],
  ]),
);
print(
  "docs/errors.md",
  "handshake",
  errorTable("HANDSHAKE_ERRORS", [["status", ({ statusCode }) => statusCode], SOURCE]),
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

/** Each code has its advice, and no other has any. */
function checkAdvice() {
  const codes = Object.keys(errors)
    .filter((name) => name.endsWith("_ERRORS"))
    .flatMap((name) => Object.keys(errors[name] ?? {}));
  const missing = codes.filter((code) => ERROR_ADVICE[code] === undefined);
  const stale = Object.keys(ERROR_ADVICE).filter((code) => !codes.includes(code));
  if (missing.length > 0) throw new Error(`tools/error-advice.js does not say who acts after ${missing.join(", ")}`);
  if (stale.length > 0) throw new Error(`tools/error-advice.js knows what is no error: ${stale.join(", ")}`);
}

/** @param {string} name */
function limitOption(name) {
  const known = LIMIT_OPTIONS[name];
  if (known === undefined)
    throw new Error(`generate-docs does not know where the option ${name} of a LimitError is given`);
  return known;
}

/** @param {number} value */
function numberText(value) {
  return value === Number.POSITIVE_INFINITY ? "none" : value.toLocaleString("en");
}

/** @param {string} table
 * @param {Column[]} columns */
function errorTable(table, columns) {
  const rows = Object.entries(errors[table] ?? {}).map(([code, row]) => {
    return [`\`${code}\``, row.text, ...columns.map(([, read]) => read(row)), ERROR_ADVICE[code]];
  });
  const head = ["code", "text", ...columns.map(([title]) => title), "who acts, and how"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
