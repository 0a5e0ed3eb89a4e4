/** Packages of others that depend on `websocket` pass their own tests on our face, as many as on the original. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { changeToOurs, installWithOriginal } from "./dependents/install.js";
import { countTests, DEPENDENTS, folderOf } from "./dependents/packages.js";

/** @typedef {import("./dependents/packages.js").Dependent} Dependent */

/** They expect answers within tenths of a second: on a busy machine they fail at times, with the original too. */
const ATTEMPTS = 3;

const folder = mkdtempSync(path.join(tmpdir(), "polysocket-dependents-"));
const sides = {
  original: { project: path.join(folder, "original"), library: "websocket" },
  ours: { project: path.join(folder, "ours"), library: "@polysocket/websocket" },
};

before(async () => {
  const tarballs = path.join(folder, "tarballs");
  mkdirSync(tarballs);
  await installWithOriginal(sides.original.project);
  await changeToOurs(sides.ours.project, sides.original.project, tarballs);
});
after(() => rmSync(folder, { recursive: true, force: true }));

// One after the other: the packages' tests listen on fixed ports.
for (const [side, { project, library }] of Object.entries(sides)) {
  describe(`dependents of websocket, ${side}`, () => {
    test(`${library} is the only one in the project`, () => {
      assert.deepEqual(librariesIn(path.join(project, "node_modules")), [library]);
    });

    for (const dependent of DEPENDENTS) {
      test(`${dependent.name}: ${dependent.tests} tests of its own (${dependent.uses})`, async (context) => {
        assert.equal(requiredBy(project, dependent.name), library);
        const variables = dependent.prepare?.(project) ?? {};
        for (let attempt = 1; ; attempt += 1) {
          const { code, printed } = await runTestsOf(project, dependent, variables);
          const numbers = { code, ...countTests(printed) };
          const wanted = { code: 0, passed: dependent.tests, failed: 0 };
          if (isDeepStrictEqual(numbers, wanted)) break;
          if (attempt === ATTEMPTS) assert.deepEqual(numbers, wanted, printed);
          context.diagnostic(`attempt ${attempt}: ${numbers.passed} passed, ${numbers.failed} failed`);
        }
      });
    }
  });
}

/** The packages that are, or stand for, the library, wherever they are in the tree.
 * @param {string} modules
 * @returns {string[]} */
function librariesIn(modules) {
  const manifests = readdirSync(modules, { recursive: true, encoding: "utf8" }).filter((file) =>
    /(?:^|node_modules\/)(?:websocket|@polysocket\/websocket)\/package\.json$/.test(file),
  );
  return manifests.map((file) => nameIn(path.join(modules, file)));
}

/** What a dependent gets from `require("websocket")`.
 * @param {string} project
 * @param {string} name */
function requiredBy(project, name) {
  const entry = createRequire(path.join(folderOf(project, name), "package.json")).resolve("websocket");
  const [library = ""] = /^.*\/node_modules\/websocket\//.exec(entry) ?? [];
  return nameIn(path.join(library, "package.json"));
}

/** @param {string} manifestFile
 * @returns {string} */
function nameIn(manifestFile) {
  return JSON.parse(readFileSync(manifestFile, "utf8")).name;
}

/** @param {string} project
 * @param {Dependent} dependent
 * @param {Record<string, string>} variables */
async function runTestsOf(project, { name, args }, variables) {
  const child = spawn(process.execPath, args, {
    cwd: folderOf(project, name),
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, complaints, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, printed: out + complaints };
}
