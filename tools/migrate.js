/**
 * Tells what moving a project from a replaced WebSocket library to its face takes: who depends on it, what of it the
 * sources use, what differs there, and the lines of package.json. With `--write` it changes these lines, and nothing else.
 * In: a folder. Out: an account, or with `--json` the same as JSON. Exit code 0: done, also when there was nothing to do;
 * 1: wrong usage, something needed is unreadable, or `--write` was refused.
 */
import { lstatSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { editJson } from "./migrate/edit-json.js";
import { Failure, printable } from "./migrate/failure.js";
import { inspect } from "./migrate/inspect.js";
import { readReplacements } from "./migrate/replacements.js";
import { formatAccount } from "./migrate/report.js";

const USAGE = `usage: npm run migrate -- [--write] [--json] FOLDER
  FOLDER   of the project, where its package.json is
  --write  change package.json; without it nothing is changed
  --json   print JSON`;

try {
  run();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`migrate: ${error.message}`);
  process.exitCode = 1;
}

function run() {
  const { folder, values } = readArguments();
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { account, manifestText } = inspect(folder, readReplacements(path.join(import.meta.dirname, "../faces")));
  const conflicts = account.libraries.flatMap(({ plan }) => plan.conflicts);
  const changes = account.libraries.flatMap(({ plan }) => plan.changes);
  const isWritten = values.write === true && conflicts.length === 0 && changes.length > 0;
  if (isWritten) write(path.join(folder, "package.json"), manifestText, changes);
  if (values.json) console.log(JSON.stringify({ ...account, isWritten }, undefined, 2));
  else console.log(`${formatAccount(account)}\n\n${outcome(changes.length, conflicts.length, isWritten)}`);
  if (values.write && conflicts.length > 0) {
    throw new Failure(`nothing was written: ${conflicts.map((text) => printable(text)).join("; ")}`);
  }
}

function readArguments() {
  /** @type {{ values: { write?: boolean, json?: boolean, help?: boolean }, positionals: string[] }} */
  let parsed;
  try {
    parsed = parseArgs({
      options: { write: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new Failure(`${printable(error instanceof Error ? error.message : String(error))}\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  const [given = "."] = positionals;
  if (!values.help && positionals.length !== 1) {
    throw new Failure(`expected one folder, seen ${positionals.length}\n${USAGE}`);
  }
  // `npm run` starts in the project's root, and keeps where its user was.
  const here = process.env["npm_lifecycle_event"] === "migrate" ? process.env["INIT_CWD"] : undefined;
  const folder = path.resolve(here ?? ".", given);
  if (!values.help && statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Failure(`${printable(folder)}: expected a folder, seen none`);
  }
  return { folder, values };
}

/** @param {string} file
 * @param {string} text
 * @param {import("./migrate/plan.js").Change[]} changes */
function write(file, text, changes) {
  // Through a link, a file of somebody else's would change.
  if (!lstatSync(file).isFile()) throw new Failure(`${printable(file)}: is a link; nothing was written`);
  try {
    writeFileSync(file, editJson(text, changes));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason =
      error instanceof RangeError ? "nested too deeply" : error instanceof Error && Reflect.get(error, "code");
    throw new Failure(`${printable(file)}: cannot be changed (${reason || error})`);
  }
}

/** @param {number} changes
 * @param {number} conflicts
 * @param {boolean} isWritten */
function outcome(changes, conflicts, isWritten) {
  if (isWritten) return "package.json is changed; run npm install";
  if (conflicts > 0) return "nothing was changed; what cannot be changed is for you to decide";
  return changes > 0 ? "nothing was changed; --write changes package.json" : "nothing to do";
}
