/** The command as a whole: what it prints last, and how it exits. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { describe, test } from "node:test";
import { TERMS } from "../runs/face-terms.js";
import { FACES, labelOf, planRuns } from "../runs/plan.js";
import { loadCases } from "../tester/cases.js";
import { startFaultyPeer } from "./faulty-peer.js";

/** @typedef {import("../runs/plan.js").Run} Run */
/** @typedef {import("../runs/face-terms.js").Face} Face */

/** How many of seven cases with all cuts, then a role and what it passes. @type {Record<Face, [number, string, string]>} */
const PLAYED = {
  websocket: [40, "client", "6/6 +- +2/2"],
  "nodejs-websocket": [40, "client", "6/6 +- +2/2"],
  // 5.19 has two pings
  "jadsonlucena-websocket": [17, "server", "5/5 +- +2/2"],
  // The others are of text
  jellysocket: [8, "client", "1/1 +- +1/1"],
  "jsh-ws": [36, "client", "6/6 +- +-"],
};

const PROGRAM = path.join(import.meta.dirname, "../run.js");

describe("npm run conformance", { concurrency: true }, () => {
  test("exits with 0 when all have passed", async () => {
    const { code, lines } = await run(
      "--target",
      "engine",
      "--only",
      "1.1.*,6.4.*,13.5.2",
      "--cut",
      "whole",
      "--seed",
      "5",
    );
    assert.equal(code, 0);
    assert.equal(lines[0], "13 cases, seed 5");
    assert.equal(lines.at(-1), "26 passed, 0 failed");
  });

  for (const target of ["server", "client"]) {
    test(`plays its own ${target} over both carriers, at both versions and with all cuts`, async () => {
      const { code, lines } = await run("--target", target, "--only", "5.19,6.4.*,13.5.4");
      assert.equal(lines.at(-1), "55 passed, 0 failed", lines.join("\n"));
      assert.equal(code, 0);
      assert.match(lines.join("\n"), new RegExp(`^${target} over http1, version 8, random +5/5 +- +1/1`, "m"));
      assert.match(lines.join("\n"), new RegExp(`^${target} over http2, version 8, random +5/5 +- +-`, "m"));
      assert.match(lines.join("\n"), new RegExp(`^${target} over http2, version 13, random +5/5 +- +1/1`, "m"));
    });
  }

  for (const face of FACES) {
    test(`plays ${face}, in all its roles, when it is told to`, async () => {
      const { code, lines } = await run(
        "--face",
        face,
        "--carrier",
        "http1",
        "--version",
        "13",
        "--only",
        "3.5,5.19,6.4.*,12.2.1,13.5.4",
      );
      const [count, role, passed] = PLAYED[face];
      assert.equal(lines.at(-1), `${count} passed, 0 failed`, lines.join("\n"));
      assert.equal(code, 0);
      const row = `^${face}'s ${role} over http1, version 13, random +${passed}$`;
      assert.match(lines.join("\n"), new RegExp(row, "m"));
    });
  }

  test("plays all that a face's API can ask for", () => {
    const all = { target: "all", carrier: "all", version: "all", cut: "all", set: "all", only: undefined };
    const runs = planRuns({ ...all, face: "all" });
    assert.deepEqual([...new Set(runs.map(labelOf))].filter((label) => label.endsWith("random")).sort(), [
      "jadsonlucena-websocket's server over http1, version 13, random",
      "jadsonlucena-websocket's server over http1, version 8, random",
      "jadsonlucena-websocket's server over http2, version 13, random",
      "jadsonlucena-websocket's server over http2, version 8, random",
      "jellysocket's client over http1, version 13, random",
      "jellysocket's server over http1, version 13, random",
      "jsh-ws's client over http1, version 13, random",
      "jsh-ws's server over http1, version 13, random",
      "nodejs-websocket's client over http1, version 13, random",
      "nodejs-websocket's server over http1, version 13, random",
      "websocket's client over http1, version 13, random",
      "websocket's client over http1, version 8, random",
      "websocket's server over http1, version 13, random",
      "websocket's server over http1, version 8, random",
      "websocket's server over http2, version 13, random",
      "websocket's server over http2, version 8, random",
    ]);
  });

  test("plays a face what its programs can echo, and counts no more", () => {
    const all = { target: "all", carrier: "all", version: "all", cut: "all", set: "all", only: undefined };
    const cases = new Map(loadCases().map((one) => [one.id, one]));
    const idsOf = (/** @type {Face} */ face) => new Set(planRuns({ ...all, face }).flatMap(({ ids }) => ids));
    const counts = FACES.map((face) => [face, idsOf(face).size]);
    assert.deepEqual(Object.fromEntries(counts), {
      ...{ websocket: 517, "nodejs-websocket": 517, "jadsonlucena-websocket": 517 - 4 },
      ...{ jellysocket: 61 + 25 + 54, "jsh-ws": 247 + 54 },
    });
    for (const id of idsOf("jellysocket")) {
      const one = cases.get(id);
      assert.ok(
        one?.set === "script"
          ? one.steps.every((step) => !("opcode" in step) || step.opcode !== 1)
          : one?.type === "binary",
        id,
      );
    }
  });

  test("wants 1003 of one face where the RFC has 1002 or 1007, and nowhere else", () => {
    for (const face of FACES) {
      const { closeCodes = (/** @type {readonly number[]} */ codes) => codes } = TERMS[face];
      const other = face === "jadsonlucena-websocket" ? [1003] : undefined;
      assert.deepEqual(closeCodes([1002]), other ?? [1002]);
      assert.deepEqual(closeCodes([1002, 1007]), other ?? [1002, 1007]);
      for (const codes of [[1000], [1009], [1000, 1002]]) assert.deepEqual(closeCodes(codes), codes);
    }
  });

  test("plays everything against everything unless told otherwise", () => {
    const runs = planRuns({
      target: "all",
      carrier: "all",
      version: "all",
      face: "none",
      cut: "all",
      set: "all",
      only: undefined,
    });
    const sum = (/** @type {(run: Run) => boolean} */ isMeant) =>
      runs.filter(isMeant).reduce((count, { ids }) => count + ids.length, 0);
    assert.equal(
      sum(({ set }) => set !== "deflate"),
      301 * 3 * 6 + 2 * (247 * 4 + 54),
    );
    assert.equal(
      sum(({ set }) => set === "deflate"),
      216 * 2 * 6 + 2 * 216,
    );
    assert.equal(new Set(runs.map(labelOf)).size, 3 * 6 + 2 * 4);
  });

  test("plays the cases of one file if it is told to, those of deflate not with bytes", () => {
    const runs = planRuns({
      target: "client",
      carrier: "http1",
      version: "8",
      face: "none",
      cut: "all",
      set: "deflate",
      only: "1*",
    });
    assert.deepEqual(
      runs.map(({ set, cut, ids }) => [set, cut, ids.length]),
      [
        ["deflate", "whole", 216],
        ["deflate", "random", 216],
      ],
    );
  });

  test("exits with 1 and tells why when a case has failed", async () => {
    const peer = await startFaultyPeer("closes with 1008");
    const { code, lines } = await run(
      "--url",
      String(peer.url),
      "--only",
      "1.1.2,3.1",
      "--cut",
      "whole",
      "--version",
      "8",
    );
    peer.close();
    assert.equal(code, 1);
    assert.equal(lines[1], "FAIL 3.1     server over http1, version 8, whole: close code 1008, wanted 1002");
    assert.equal(lines.at(-1), "1 passed, 1 failed");
  });

  test("stops when it takes too long, and counts what was not played as failed", async () => {
    const peer = await startFaultyPeer("is silent");
    const { code, lines } = await run(
      "--url",
      String(peer.url),
      "--idle",
      "60000",
      "--only",
      "1.1.*",
      "--max-seconds",
      "1",
    );
    peer.close();
    assert.equal(code, 1);
    assert.match(lines[1] ?? "", /^FAIL 1\.1\.1 .*: stopped: it takes more than 1 s$/);
    assert.equal(lines.at(-1), "0 passed, 48 failed");
  });

  test("exits with 2 for wrong options, and tests nobody on another machine", async () => {
    for (const wrong of [
      ["--cut", "half"],
      ["--url", "ws://192.0.2.1/"],
    ]) {
      assert.equal((await run(...wrong)).code, 2, wrong.join(" "));
    }
  });
});

/** @param {...string} args
 * @returns {Promise<{ code: number | null, lines: string[] }>} */
async function run(...args) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, lines: output.trimEnd().split("\n") };
}
