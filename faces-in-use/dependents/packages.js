/**
 * Packages of the npm registry that depend on `websocket` and bring their own tests: what is run, and how many tests there are.
 * In: the folder of a project in which `project/package.json` is installed. Out: commands, and what they printed as numbers.
 */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

/** `tests`: how many pass with the original, in the versions that the lockfile has. `prepare` lays out what the package's tests
 * expect where it is the project itself, not a dependency, and gives variables for them.
 * @typedef {{ name: string, uses: string, args: string[], tests: number, prepare?: (project: string) => Record<string, string> }} Dependent */

/** With more time for a test than the 2 s that mocha gives where a test says nothing. */
const MOCHA = ["../mocha/bin/_mocha", "--timeout", "20000"];

/** What loadtest's `test/all.js` runs, in its order, with more time than its 4 s for several tests together. */
const LOADTEST = `
import testing from "testing";
const { run } = testing;
testing.run = (tests, limit, callback) => run(tests, 60_000, typeof limit === "function" ? limit : callback);
const names = ["hrtimer", "headers", "latency", "httpClient", "testserver", "integration", "loadtest", "websocket",
  "request-generator", "body-generator", "result", "tcpClient"];
const modules = await Promise.all(names.map((name) => import("./test/" + name + ".js")));
testing.run(modules.map(({ test }) => test));
`;

/** @type {readonly Dependent[]} */
export const DEPENDENTS = [
  {
    name: "janus-gateway-js",
    uses: "client, w3cwebsocket; its peer is ws",
    args: [...MOCHA, "--recursive", "test/unit"],
    tests: 77,
  },
  {
    name: "subscriptions-transport-ws",
    uses: "server, w3cwebsocket",
    args: [...MOCHA, "dist/test/tests.js"],
    tests: 23,
  },
  {
    name: "websocket-as-promised",
    uses: "server, w3cwebsocket",
    args: [...MOCHA, "test/setup.js", "test/specs"],
    tests: 67,
  },
  {
    name: "noflo-runtime-websocket",
    uses: "server; client of fbp-protocol, whose 22 tests it runs",
    // Loaded before, because loading it would be part of the second that its check for a running server waits
    args: [...MOCHA, "--require", "websocket", "spec/protocol.js"],
    tests: 1 + 22,
    prepare: prepareNoflo,
  },
  {
    name: "loadtest",
    uses: "server, client",
    args: ["--input-type=module", "--eval", LOADTEST],
    tests: 33,
  },
];

/** The folder of a dependent in a project.
 * @param {string} project
 * @param {string} name */
export function folderOf(project, name) {
  return path.join(project, "node_modules", name);
}

/** Counts the tests in what mocha printed, or the runner that loadtest uses.
 * @param {string} printed */
export function countTests(printed) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  const plain = printed.replace(/\u001b\[[0-9;]*m/g, "");
  /** @param {RegExp} pattern */
  const sum = (pattern) => [...plain.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
  return {
    passed: sum(/^ *(\d+) passing/gm) + [...plain.matchAll(/^✓ test[A-Z]/gm)].length,
    failed: sum(/^ *(\d+) failing/gm) + [...plain.matchAll(/^✕ test[A-Z]/gm)].length,
  };
}

/** Its spec starts `node_modules/.bin/fbp-test` of its own folder, and the runtime looks for components in a home of few packages.
 * @param {string} project */
function prepareNoflo(project) {
  const home = path.join(project, "noflo-home");
  const own = folderOf(project, "noflo-runtime-websocket");
  mkdirSync(path.join(home, "node_modules"), { recursive: true });
  mkdirSync(path.join(own, "node_modules"), { recursive: true });
  symlinkSync(path.join(project, "node_modules", ".bin"), path.join(own, "node_modules", ".bin"));
  symlinkSync(folderOf(project, "noflo-core"), path.join(home, "node_modules", "noflo-core"));
  copyFileSync(path.join(own, "fbp-config.json"), path.join(home, "fbp-config.json"));
  writeFileSync(path.join(home, "package.json"), '{ "name": "home", "dependencies": { "noflo-core": "*" } }\n');
  return { PROJECT_HOME: home };
}
