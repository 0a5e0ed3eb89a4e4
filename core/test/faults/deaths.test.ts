import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { bundle } from "./bundle.ts";
import type { Report } from "./deaths/deaths-process.ts";

/** So many die before the first count: what is made once for all is made then. */
const WARM_UPS = 1_000;
const DEATHS = 10_000;
/** Of the heap: less than a leak of one small object for each death. */
const MOST_GROWTH_BYTES = 256 << 10;

/** What V8 compiles as functions become hot, and drops as they are not, is in the heap and would be more than what is looked for. */
const NO_NEW_CODE = ["--no-opt", "--no-sparkplug", "--no-flush-bytecode"];

/** What servers must have met, so that the ways to die were what they are called. */
const MET = [
  "BAD_UTF8",
  "CLOSE_TIMEOUT",
  "HANDLER_FAILED",
  "HEARTBEAT_TIMEOUT",
  "MASK_MISSING",
  "MESSAGE_TIMEOUT",
  "MESSAGE_TOO_BIG",
  "OUTBOUND_FULL",
  "PATH_UNKNOWN",
  "PEER_GONE",
  "RATE_EXCEEDED",
  "TOO_MANY_FRAGMENTS",
  "TRANSPORT_FAILED",
  "UPGRADE_REFUSED",
  "UPGRADE_TIMEOUT",
];

/** Let connections die in a process whose memory is its own. */
async function runDeaths(): Promise<{ report: Report; stderr: string }> {
  const script = await bundle("deaths/deaths-process.ts");
  const options = ["--expose-gc", "--disable-warning=ExperimentalWarning", ...NO_NEW_CODE];
  // The runner's own variable would make the process report to it
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...options, script, String(WARM_UPS), String(DEATHS)],
    { env, timeout: 165_000 },
  );
  return { report: JSON.parse(stdout), stderr };
}

describe(`${DEATHS} connections that die in every way`, { timeout: 175_000 }, () => {
  test("leave no handle, timer, object or byte behind", async (t) => {
    const { report, stderr } = await runDeaths();
    const { before, after, ways, seconds, cpuSeconds, errors, refused } = report;
    const grown = after.heapBytes - before.heapBytes;
    t.diagnostic(
      `${DEATHS} deaths in ${ways} ways, ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of processor time`,
    );
    t.diagnostic(`heap after collection ${before.heapBytes} -> ${after.heapBytes} bytes, ${grown / DEATHS} for each`);
    t.diagnostic(JSON.stringify({ ...after.remains, objects: after.objects, refused, errors }));
    assert.deepEqual(after.remains, before.remains);
    assert.deepEqual(after.objects, before.objects);
    const { deadlines, connections, pendingHandshakes, unclosed, subscribers, heldBytes, usedBytes } = after.remains;
    assert.deepEqual(
      { deadlines, connections, pendingHandshakes, unclosed, subscribers, heldBytes, usedBytes },
      { deadlines: 0, connections: 0, pendingHandshakes: 0, unclosed: 0, subscribers: 0, heldBytes: 0, usedBytes: 0 },
    );
    assert.ok(grown < MOST_GROWTH_BYTES, `the heap has grown by ${grown} bytes`);
    assert.deepEqual(
      MET.filter((code) => !(code in errors)),
      [],
    );
    assert.equal(stderr, "");
  });
});
