/**
 * The rooms table of ARCHITECTURE.md as data.
 * In: a Markdown file with one table whose header has the columns `room` and `may import`. Out: a `Room` per name.
 * A cell lists names in backticks, separated by commas; "may import" may instead be the word nothing, and a name in it
 * may be followed by (types), which allows `import type` only.
 */
import { readFileSync } from "node:fs";

/** @typedef {{ name: string, typesOnly: boolean }} Entry */
/** @typedef {{ name: string, mayImport: readonly Entry[] }} Room */

/** @param {string} file
 * @returns {Room[]} */
export function parseRooms(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  const start = lines.findIndex((line) => cellsOf(line)[0] === "room" && cellsOf(line).includes("may import"));
  if (start < 0) throw new Error(`${file} has no table with the columns "room" and "may import"`);
  const column = cellsOf(lines[start] ?? "").indexOf("may import");
  const rooms = [];
  for (let i = start + 2; lines[i]?.startsWith("|"); i++) {
    const cells = cellsOf(lines[i] ?? "");
    const where = `${file}:${i + 1}`;
    const mayImport = entriesOf(cells[column], where);
    for (const { name } of entriesOf(cells[0], where)) rooms.push({ name, mayImport });
  }
  return rooms;
}

/** @param {string} line */
function cellsOf(line) {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** @param {string | undefined} cell
 * @param {string} where
 * @returns {Entry[]} */
function entriesOf(cell, where) {
  if (cell === "nothing") return [];
  return (cell ?? "").split(",").map((part) => {
    const match = /^\s*`([\w@/*-]+)`( \(types\))?\s*$/.exec(part);
    if (match === null)
      throw new Error(`${where} cannot read "${part.trim()}": write \`a/room\`, \`another\`, or nothing`);
    return { name: match[1] ?? "", typesOnly: match[2] !== undefined };
  });
}
