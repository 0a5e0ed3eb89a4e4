import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
export const BENCH = `${PROJECT}bench/`;

/** Which CPU the measured processes get and which the load; undefined where nothing can be pinned. */
export function chooseCpus() {
  const allowed = allowedCpus();
  if (allowed.length < 2 || spawnSync("taskset", ["-c", String(allowed[0]), "true"]).status !== 0) return undefined;
  return { peers: allowed[0], load: allowed[1] };
}

/** The command that runs `words` on one CPU, or `words` themselves. */
export function pinned(cpu, words) {
  return cpu === undefined ? words : ["taskset", "-c", String(cpu), ...words];
}

function allowedCpus() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

export function describeMachine(cpus) {
  const pinning = cpus
    ? `peers on CPU ${cpus.peers}, load on CPU ${cpus.load}`
    : "nothing pinned (taskset or a second CPU is missing)";
  return `Node ${process.versions.node}, ${availableParallelism()} CPUs, ${pinning}`;
}

/** The version of a package as the bench gets it; a workspace counts. */
export function packageVersion(name) {
  const manifest = [`${BENCH}node_modules`, `${PROJECT}node_modules`]
    .map((folder) => `${folder}/${name}/package.json`)
    .find((path) => existsSync(path));
  return manifest && JSON.parse(readFileSync(manifest, "utf8")).version;
}
