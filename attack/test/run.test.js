import assert from "node:assert/strict";
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const RUN = fileURLToPath(new URL("../run.js", import.meta.url));

const WS_SERVER = fileURLToPath(new URL("../servers/ws.js", import.meta.url));

/** @param {string[]} args */
const run = (...args) => spawnSync(process.execPath, [RUN, ...args], { encoding: "utf8", timeout: 120_000 });

test("the command's exit code is 0 when all is survived, and 2 when nothing could be attacked", () => {
  const survived = run("--launch", "ws", "--only", "6", "--seconds", "0.5");
  assert.match(survived.stdout, /ws over HTTP\/1\.1: 1 of 1 survived/);
  assert.equal(survived.status, 0);
  const hoarding = run("--launch", "ws", "--only", "6", "--seconds", "0.5", "--rss-limit", "1");
  assert.match(hoarding.stdout, /MiB at the peak, of 1$/m);
  assert.equal(hoarding.status, 1);
  for (const args of [[], ["--launch", "nobody"], ["ws://127.0.0.1:1"], ["--seconds", "-1", "ws://127.0.0.1:1"]])
    assert.equal(run(...args).status, 2, args.join(" "));
});

for (const version of ["1.1", "2"]) {
  test(`our own server is launched, attacked and watched over HTTP/${version}`, () => {
    const options = ["--launch", "polysocket", "--only", "18,21", "--connections", "2", "--seconds", "0.5"];
    const { stdout, stderr, status } = run(...options, ...(version === "2" ? ["--http2"] : []));
    assert.match(
      stdout,
      new RegExp(`^polysocket over HTTP/${version.replace(".", "\\.")}: 2 of 2 survived`, "m"),
      stdout + stderr,
    );
    assert.match(stdout, /legitimate clients p50 [\d.]+ ms.*; [1-9]\d* handshakes.*; \d+ → \d+ → \d+ MiB$/m);
    assert.match(stdout, /ended by the server \(1002 ×\d+, 1007 ×\d+\)/);
    assert.equal(stderr, "");
    assert.equal(status, 0);
  });
}

test("the process of a server that is only known by its URL is found", async () => {
  const child = fork(WS_SERVER, [], { execArgv: [] });
  const exited = once(child, "exit");
  try {
    const [{ url }] = await once(child, "message");
    const { stdout, status } = run("--only", "6", "--seconds", "0.5", url);
    assert.match(stdout, new RegExp(`^${url} at 127\\.0\\.0\\.1, HTTP/1\\.1, process ${child.pid}$`, "m"));
    assert.match(stdout, /\d+ → \d+ → \d+ MiB$/m);
    assert.equal(status, 0);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
});
