import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const probes = fileURLToPath(new URL("memory-probes.ts", import.meta.url));

function run<T>(probe: string): T {
  const child = spawnSync(process.execPath, ["--expose-gc", "--import", "tsx", probes, probe], {
    // By 'data' events, each of which brings memory of its own.
    env: { ...process.env, POLYSOCKET_PUBLIC_API_ONLY: "1" },
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout);
}

describe("memory", () => {
  test("an idle connection keeps nothing of what it read, however the read ended", () => {
    const { "a plain socket": byNode = 0, ...chunks } = run<Record<string, number>>("readChunks");
    for (const [what, alive] of Object.entries(chunks)) {
      assert.ok(alive <= byNode, `${alive} chunks are alive after ${what}, ${byNode} in a socket without us`);
    }
  });

  test("a frame that is never completed keeps at most 1 KiB of its connection's read", () => {
    const { bytesEach } = run<{ bytesEach: number }>("partialFrames");
    assert.ok(bytesEach <= 1_024, `${bytesEach} bytes each`);
  });

  test("a connection that has sent something keeps nothing of it", () => {
    const { bytesEach } = run<{ bytesEach: number }>("idleAfterSending");
    assert.ok(bytesEach <= 1_024, `${bytesEach} bytes each`);
  });

  test("a connection that was slow once keeps no memory of its own when it is quick again", () => {
    const { bytesEach } = run<{ bytesEach: number }>("recovered");
    assert.ok(bytesEach <= 1_024, `${bytesEach} bytes each`);
  });

  test("one that does not read does not keep the memory of those that do", () => {
    const { queued, grown, published } = run<{ queued: number; grown: number; published: number }>("slowConsumer");
    assert.ok(queued > 50_000 && published > 6_000_000);
    assert.ok(grown < 4 * queued + 300_000, `${grown} bytes for a queue of ${queued}`);
  });
});
