// What a run leaves behind: a JSON file and a chart for each group of scenarios that it measured.
import { mkdirSync, writeFileSync } from "node:fs";
import { drawChart } from "./charts.js";

/** Files are named after the group when all of it was measured, otherwise after the scenarios.
 * @param about what is true of all results
 * @returns the paths that were written */
export async function writeResults(folder, about, results, all) {
  mkdirSync(folder, { recursive: true });
  const written = [];
  const write = (path, text) => {
    writeFileSync(path, text);
    written.push(path);
  };
  for (const group of new Set(results.map((result) => result.group))) {
    const members = results.filter((result) => result.group === group);
    const whole = members.length === all.filter((scenario) => scenario.group === group).length;
    const path = `${folder}/${whole ? group : nameOfSome(group, members)}`;
    write(`${path}.json`, `${JSON.stringify({ ...about, scenarios: members }, null, 2)}\n`);
    const svg = await drawChart(group, members, subtitleOf(about)).catch((error) => {
      console.log(`no chart: ${error.message}`);
    });
    if (svg) write(`${path}.svg`, `${svg}\n`);
  }
  return written;
}

function subtitleOf({ date, machine, versions }) {
  const named = Object.values(versions).filter(Boolean);
  return [`${date.slice(0, 10)}; ${machine}`, [...new Set(named)].join(", ")];
}

/** No system takes a file's name above 255 bytes. */
function nameOfSome(group, members) {
  const names = members.map(({ name }) => name).join("+");
  return names.length <= 120 ? names : `some-of-${group}`;
}
