// The packages that the bench alone needs: peers and the chart library. They lie in bench/node_modules, so that nobody who works on
// anything else has to fetch them (Bun alone is 100 MB).
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { BENCH } from "./machine.js";

const INSTALLED = `${BENCH}node_modules/.package-lock.json`;

/** Install them when they are missing or another version is wanted. Without them the bench goes on, with fewer peers and no chart. */
export function installPackages() {
  if (existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(`${BENCH}package-lock.json`).mtimeMs) return;
  console.log("installing the packages of bench/package.json into bench/node_modules; this is done once");
  const words = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync("npm", words, { cwd: BENCH, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0)
    console.log("npm ci failed in bench/: the peers that come from there are left out, and so are the charts");
}
