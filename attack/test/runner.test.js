import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { judge, runAttack } from "../runner.js";
import { resolveTarget } from "../target.js";
import { frame, opcode } from "../wire/frames.js";
import { openCount, openWebSocket, pause } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */

const WEAK_SERVER = fileURLToPath(new URL("./weak-server.js", import.meta.url));
const OPTIONS = { seconds: 1, connections: undefined, rssLimitBytes: 150 << 20, seed: 1 };

/** Says "attack", and stays.
 * @type {Attack} */
const word = {
  ...{ name: "a word", sources: [], over: ["1.1"], connections: 1 },
  async run({ target, signal }) {
    const { socket } = await openWebSocket(target, { signal });
    socket.write(frame({ opcode: opcode.text, payload: "attack" }));
    await pause(60_000, signal);
    return { seen: "it was said" };
  },
};

/** @param {string} weakness
 * @param {Attack} [attack]
 * @param {{ echo?: boolean, patienceMs?: number }} [options] */
async function resultAgainst(weakness, attack = word, { patienceMs = 20_000, ...options } = {}) {
  const child = fork(WEAK_SERVER, [weakness], { execArgv: [] });
  const exited = once(child, "exit");
  try {
    const [{ url }] = await once(child, "message");
    return await runAttack({ number: 1, attack }, await resolveTarget(url, options), {
      ...OPTIONS,
      patienceMs,
      pid: child.pid,
    });
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

test("a server that goes on as before has survived, and the legitimate clients' figures are there", async () => {
  const result = await resultAgainst("none");
  assert.deepEqual(result.problems, []);
  assert.equal(result.survived, true);
  assert.equal(result.seen, "it was said");
  assert.equal(result.during?.failed, 0);
  assert.ok((result.during?.answered ?? 0) > 50, `${result.during?.answered} answers`);
  assert.ok((result.during?.handshakes ?? 0) >= 1);
  assert.ok((result.during?.p50Ms ?? -1) > 0 && (result.during?.p99Ms ?? -1) >= (result.during?.p50Ms ?? 0));
  assert.equal(openCount(), 0);
});

test("a server that dies has failed", async () => {
  const { survived, problems } = await resultAgainst("dies");
  assert.equal(survived, false);
  assert.equal(problems[0], "the server died");
  assert.match(problems.join(), /a client was sent away/);
  assert.match(problems.join(), /afterwards: .*a new handshake: .*ECONNREFUSED/);
});

test("a server that holds more than the limit has failed", async () => {
  const { problems, memory } = await resultAgainst("hoards");
  assert.match(problems.join(), /(^|,)2\d\d MiB at the peak, of 150$/);
  assert.ok((memory.beforeBytes ?? Infinity) < 150 << 20);
  assert.ok((memory.afterBytes ?? 0) > 200 << 20);
});

test("a server that sends its legitimate clients away has failed, though it takes new ones", async () => {
  const { problems } = await resultAgainst("closes");
  assert.match(problems.join(), /^legitimate clients lost \d+: a client was sent away: closed with 1013/);
});

test("a server that no longer answers has failed, during and afterwards", async () => {
  const { problems } = await resultAgainst("mutes", word, { patienceMs: 3000 });
  assert.match(problems.join(), /legitimate clients lost \d+: .*a message was not answered/);
  assert.match(problems.join(), /afterwards: .*a new handshake: not answered/);
});

test("a server that echoes nothing is measured by its pongs when told so", async () => {
  const { problems, during } = await resultAgainst("mutes", word, { echo: false });
  assert.deepEqual(problems, []);
  assert.ok((during?.answered ?? 0) > 50, `${during?.answered} answers`);
});

test("an attack's own verdict counts, unless it is only informational", async () => {
  const run = () => Promise.resolve({ seen: "x", failed: "4 MiB were taken" });
  const judged = await resultAgainst("none", { ...word, run });
  assert.deepEqual(judged.problems, ["4 MiB were taken"]);
  const printed = await resultAgainst("none", { ...word, informational: true, run });
  assert.deepEqual([printed.survived, printed.seen], [true, "x (4 MiB were taken)"]);
});

test("an attack that cannot be carried out has not been survived", async () => {
  const run = () => Promise.reject(new Error("no handshake succeeded"));
  const { survived, problems } = await resultAgainst("none", { ...word, run });
  assert.equal(survived, false);
  assert.match(problems.join(), /the attack itself failed: no handshake succeeded/);
});

test("an attack's time stands still while it prepares itself", async () => {
  let struck = 0;
  await resultAgainst("none", {
    ...word,
    async run({ signal, prepare }) {
      await prepare(new Promise((resolve) => setTimeout(resolve, 1500)));
      const begun = performance.now();
      await pause(60_000, signal);
      struck = performance.now() - begun;
      return { seen: "" };
    },
  });
  assert.ok(struck > 700 && struck < 5000, `${struck} ms`);
});

test("nobody who cannot handshake afterwards is called a survivor", () => {
  const tally = {
    asked: 1,
    answered: 1,
    handshakes: 0,
    failures: [],
    failed: 0,
    p50Ms: 1,
    p99Ms: 1,
    maxMs: 1,
    handshakeMaxMs: 1,
  };
  const observed = { sighting: { seen: "" }, informational: false, during: tally, after: tally, memory: {} };
  assert.deepEqual(judge(observed, { pid: undefined, rssLimitBytes: 1 }), ["afterwards: no new handshake"]);
});
