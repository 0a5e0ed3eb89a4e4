/**
 * Holds the rooms apart: reads the rooms table of ARCHITECTURE.md and fails on any import that it does not list, on
 * Node's modules outside `node`, on packages in core, on ways around core's `exports`, and on import cycles.
 * In: a root folder (default: this project). Out: a line `file:line imports …` per problem, and exit code 1 if any.
 * Does not know TypeScript's grammar: imports are found by pattern in text without comments.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { parseRooms } from "./rooms-table.js";

/** @typedef {import("./rooms-table.js").Room} Room */
/** @typedef {{ specifier: string, line: number, types: boolean, isStatic: boolean }} Import */

const root = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, ".."));
const outsideFolders = [
  ...["faces", "transcripts", "faces-in-use", "bench", "examples", "conformance", "attack", "soak", "fuzz"],
];
const rooms = parseRooms(path.join(root, "ARCHITECTURE.md"));
/** @type {string[]} */
const problems = [];
/** Core's static imports that exist at run time, by file. @type {Map<string, string[]>} */
const graph = new Map();

const coreFiles = filesIn("core/src");
for (const file of coreFiles) checkFile(file, "core/src");
for (const file of outsideFolders.flatMap(filesIn)) checkFile(file, "");
checkReferences();
reportCycles();
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`rooms: ${rooms.length} rooms, ${coreFiles.length} files in core, every import is in its room's list`);

/** @param {string} file a path below the root
 * @param {string} base the folder to which the names of its rooms are relative */
function checkFile(file, base) {
  const text = readFileSync(path.join(root, file), "utf8");
  const room = roomOf(stemOf(file, base));
  const inCore = base !== "";
  if (room === undefined) {
    problems.push(`${file}:1 belongs to no room of the table in ARCHITECTURE.md`);
    return;
  }
  const reference = /^\s*\/\/\/\s*<reference/m.exec(text);
  if (inCore && reference) problems.push(`${file}:${lineAt(text, reference.index)} a reference goes round the rooms`);
  for (const found of importsOf(text)) {
    const problem = found.specifier.startsWith(".")
      ? relativeProblem(room, file, base, found)
      : bareProblem(room, file, inCore, found.specifier);
    if (problem !== undefined) problems.push(`${file}:${found.line} imports "${found.specifier}": ${problem}`);
  }
}

/** @param {Room} room
 * @param {string} file
 * @param {string} base
 * @param {Import} found
 * @returns {string | undefined} */
function relativeProblem(room, file, base, found) {
  const target = path.posix.join(path.posix.dirname(file), found.specifier);
  const inside = base === "" || target.startsWith(`${base}/`);
  if (!inside) return `it lies outside ${base}`;
  if (base === "" && target.startsWith("core/"))
    return "core's files are not public; import polysocket or a subpath of it";
  if (base !== "" && found.isStatic && !found.types) graph.set(file, [...(graph.get(file) ?? []), target]);
  const stem = stemOf(target, base);
  const targetRoom = roomOf(stem)?.name;
  // The two names can differ where one row stands for several rooms, as `faces/*` does.
  if (targetRoom === room.name && topOf(stem) === topOf(stemOf(file, base))) return undefined;
  const entry = room.mayImport.find(({ name }) => isWithin(stem, name));
  if (entry !== undefined && (found.types || !entry.typesOnly)) return undefined;
  const who = rooms.filter((other) => other.mayImport.some(({ name }) => isWithin(stem, name)));
  const note = entry === undefined ? "" : " (as types only)";
  return `${room.name} may import ${listOf(room.mayImport)}${note}; ${targetRoom ?? stem} is for ${listOf(who)}`;
}

/** @param {Room} room
 * @param {string} file
 * @param {boolean} inCore
 * @param {string} specifier
 * @returns {string | undefined} */
function bareProblem(room, file, inCore, specifier) {
  const listed = room.mayImport.some(({ name }) => isWithin(specifier, name));
  if (inCore && isBuiltin(specifier)) {
    return /^(node|cli)(\/|$)/.test(room.name) ? undefined : `only node/* and cli may import Node's modules`;
  }
  if (inCore) return listed ? undefined : "core has no runtime dependency";
  const ours = /^(polysocket|@polysocket)(\/|$)/.test(specifier);
  // A face's tests know it by its name, as its users do
  if (isWithin(specifier, faceNameOf(file))) return undefined;
  return ours && !listed ? `${room.name} may import ${listOf(room.mayImport)}` : undefined;
}

/** The package's name where the file is a face's.
 * @param {string} file */
function faceNameOf(file) {
  const [top, face = ""] = file.split("/");
  const manifest = path.join(root, "faces", face, "package.json");
  return top === "faces" && existsSync(manifest) ? String(JSON.parse(readFileSync(manifest, "utf8")).name) : "";
}

/** The compiler's project references may not allow more than the table. */
function checkReferences() {
  const folder = path.join(root, "core/tsconfig");
  for (const room of rooms) {
    const file = path.join(folder, `${room.name.replaceAll("/", "-")}.json`);
    if (!existsSync(file)) continue;
    /** @type {{ references?: { path: string }[] }} */
    const { references = [] } = JSON.parse(readFileSync(file, "utf8"));
    for (const reference of references) {
      const target = rooms.find(({ name }) => `./${name.replaceAll("/", "-")}.json` === reference.path);
      if (target !== undefined && room.mayImport.some(({ name }) => isWithin(target.name, name))) continue;
      problems.push(`${path.relative(root, file)}:1 refers to ${reference.path}: not in the list of ${room.name}`);
    }
  }
}

function reportCycles() {
  /** @type {Set<string>} */
  const finished = new Set();
  /** @param {string} file
   * @param {string[]} trail */
  const visit = (file, trail) => {
    const start = trail.indexOf(file);
    if (start >= 0) problems.push(`${file}:1 imports itself: ${[...trail.slice(start), file].join(" → ")}`);
    if (start >= 0 || finished.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
}

/** @param {string} text
 * @returns {Import[]} */
function importsOf(text) {
  const code = withoutComments(text);
  const found = [];
  const statement = /(?<=^|;)[ \t]*(?:import|export)\b(?:([^"'`;=()]*?)\bfrom)?\s*["']([^"']+)["']/gm;
  for (const match of code.matchAll(statement)) {
    const [whole, clause = "", specifier = ""] = match;
    const line = lineAt(code, match.index + whole.length);
    found.push({ specifier, line, types: /^\s*type\b(?!\s*from\b|\s*,)/.test(clause), isStatic: true });
  }
  for (const match of code.matchAll(/(?<![.\w])(?:import|require)\s*\(\s*["'`]([^"'`]+)["'`]/g)) {
    found.push({ specifier: match[1] ?? "", line: lineAt(code, match.index), types: false, isStatic: false });
  }
  return found;
}

/** Blanks comments out, keeping every line; strings, templates and regular expressions are stepped over.
 * @param {string} text */
function withoutComments(text) {
  const string = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/;
  const regExp = /(?<=[=(,:[!&|?{};]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//;
  const comment = /\/\/.*|\/\*[\s\S]*?\*\//;
  const tokens = new RegExp([string, regExp, comment].map(({ source }) => source).join("|"), "g");
  return text.replace(tokens, (token) => (/^\/[/*]/.test(token) ? token.replace(/[^\n]/g, " ") : token));
}

/** @param {string} folder
 * @returns {string[]} */
function filesIn(folder) {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return /^(node_modules|dist)$/.test(entry.name) ? [] : filesIn(name);
    return /\.[cm]?[jt]s$/.test(entry.name) ? [name] : [];
  });
}

/** @param {string} file
 * @param {string} base */
function stemOf(file, base) {
  return path.posix.relative(base, file).replace(/\.[cm]?[jt]s$/, "");
}

/** @param {string} stem */
function roomOf(stem) {
  const matching = rooms.filter(({ name }) => isWithin(stem, name));
  return matching.sort((a, b) => b.name.length - a.name.length)[0];
}

/** @param {string} stem
 * @param {string} name of a room, a file or a package; may end in `/*` */
function isWithin(stem, name) {
  return name.endsWith("/*") ? stem.startsWith(name.slice(0, -1)) : stem === name || stem.startsWith(`${name}/`);
}

/** @param {string} stem */
function topOf(stem) {
  return stem.startsWith("faces/") ? stem.split("/")[1] : "";
}

/** @param {readonly { name: string }[]} entries */
function listOf(entries) {
  return entries.length === 0 ? "nothing" : entries.map(({ name }) => name).join(", ");
}

/** @param {string} text
 * @param {number} index */
function lineAt(text, index) {
  return text.slice(0, index).split("\n").length;
}
