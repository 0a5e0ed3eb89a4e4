/** The command as a whole: what it prints, and how it exits. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { ALL_CASES } from "../play/all-cases.js";
import { formatTarget, parseTarget } from "../play/target.js";
import { startFaultyServer } from "./faulty-server.js";

const PROGRAM = path.join(import.meta.dirname, "../run.js");

describe("npm run conformance:http2", { concurrency: 4 }, () => {
  test("starts our own server, over TLS and without, and exits with 0 when all have passed", async () => {
    const { code, output } = await run("--only", "8441-3.*,8441-4.*");
    assert.match(output, /^serve, TLS: \d+ passed, 0 failed, 0 not offered$/m);
    assert.match(output, /^attach, h2c: \d+ passed, 0 failed, 0 not offered$/m);
    assert.equal(code, 0);
  });

  test("exits with 1 and tells what was sent, expected and seen when a case has failed", async () => {
    const { code, output } = await runAgainst("wants a key", "--only", "8441-3.1,8441-4.1");
    assert.match(
      output,
      /^FAIL 8441-4\.1 +a well-formed request \(RFC 8441 §4\)\n +sent: .*\n +expected: .*\n +seen: +.*status 400/m,
    );
    assert.match(output, /: 1 passed, 1 failed, 0 not offered$/m);
    assert.equal(code, 1);
  });

  test("gives the same as JSON", async () => {
    const { code, output } = await runAgainst("wants a key", "--json", "--only", "8441-3.1,8441-4.1");
    const [{ results }] = JSON.parse(output);
    assert.deepEqual(
      results.map((/** @type {{ id: string, result: string }} */ { id, result }) => [id, result]),
      [
        ["8441-3.1", "passed"],
        ["8441-4.1", "failed"],
      ],
    );
    assert.deepEqual(Object.keys(results[1]).sort(), "expected,id,ms,result,section,seen,sent,title".split(","));
    assert.equal(code, 1);
  });

  test("does not count what is known to fail", async () => {
    const { code, output } = await runAgainst("wants a key", "--known", "8441-4.1", "--only", "8441-3.1,8441-4.1");
    assert.match(output, /: 1 passed, 0 failed and 1 known, 0 not offered$/m);
    assert.equal(code, 0);
  });

  test("exits with 2 for wrong options, and where nobody is", async () => {
    const { target, close } = await startFaultyServer("none");
    close();
    for (const wrong of [
      ["--only", "1.1"],
      ["--idle", "soon"],
      ["ws://a/", "ws://b/"],
      ["--known", "4"],
      [formatTarget(target)],
    ]) {
      assert.equal((await run(...wrong)).code, 2, wrong.join(" "));
    }
  });
});

describe("the cases over HTTP/2", () => {
  test("have a number of their own each", () => {
    assert.equal(new Set(ALL_CASES.map(({ id }) => id)).size, ALL_CASES.length);
  });

  test("are as many as the README says", () => {
    const readme = readFileSync(path.join(import.meta.dirname, "../README.md"), "utf8");
    assert.match(readme, new RegExp(`plays ${ALL_CASES.length} cases`));
  });

  test("name an RFC and its section", () => {
    for (const { id, section } of ALL_CASES) assert.match(section, /^\d{4} §\d+(\.\d+)*$/, id);
  });
});

describe("a target", () => {
  for (const [text, wanted] of [
    ["wss://echo.test:8443/chat?a=1", "wss://echo.test:8443/chat?a=1"],
    ["ws://127.0.0.1:9001", "ws://127.0.0.1:9001/"],
    ["h2c:127.0.0.1:9001/echo", "ws://127.0.0.1:9001/echo"],
    ["[::1]:9001", "ws://[::1]:9001/"],
  ]) {
    test(`${text} is ${wanted}`, () => {
      assert.equal(formatTarget(parseTarget(String(text))), wanted);
    });
  }

  test("is nothing with another scheme", () => {
    assert.throws(() => parseTarget("ftp://127.0.0.1:9001/"));
  });
});

/** @param {import("./faulty-server.js").Fault} fault
 * @param {...string} args */
async function runAgainst(fault, ...args) {
  const { target, close } = await startFaultyServer(fault);
  try {
    return await run(...args, formatTarget(target));
  } finally {
    close();
  }
}

/** @param {...string} args
 * @returns {Promise<{ code: number | null, output: string }>} */
async function run(...args) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, output };
}
