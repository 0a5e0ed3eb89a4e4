import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const PROBE = fileURLToPath(new URL("inflater-probe.ts", import.meta.url));
const CHUNK_BYTES = 65_536;
const LIMIT_BYTES = 1 << 20;

interface Seen {
  readonly code: string;
  readonly most: number;
  readonly kept: number;
  readonly compressed: number;
}

function probe(way: "now" | "later", bytes: number, env: Readonly<Record<string, string>>): Seen {
  const child = spawnSync(
    process.execPath,
    ["--expose-gc", "--import", "tsx", PROBE, way, String(LIMIT_BYTES), String(bytes)],
    { env: { ...process.env, ...env }, encoding: "utf8", timeout: 60_000 },
  );
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout);
}

describe("a message that becomes a thousand times as much", () => {
  for (const [where, env] of [
    ["", {}],
    [", with Node's public functions alone", { POLYSOCKET_PUBLIC_API_ONLY: "1" }],
  ] as const) {
    for (const [way, name, bytes] of [
      ["now", "in this turn", 48 << 20],
      ["later", "on the thread pool", 256 << 20],
    ] as const) {
      test(`${name}${where}, is given up at its limit, and no more is held than that and a few pieces`, () => {
        const { code, most, kept, compressed } = probe(way, bytes, env);
        assert.equal(code, "MESSAGE_TOO_BIG");
        assert.ok(compressed < bytes / 900, `${bytes} bytes in ${compressed}`);
        // The compressed data are copied once, and the pieces are Node's
        const allowed = LIMIT_BYTES + 2 * compressed + 3 * CHUNK_BYTES;
        assert.ok(most <= allowed, `${most} bytes were held, ${allowed} are allowed`);
        // In this turn what is kept serves the next message; an error keeps nothing (a thousand of them are kept at once)
        const mayKeep = way === "now" && where === "" ? allowed : CHUNK_BYTES;
        assert.ok(kept <= mayKeep, `${kept} bytes are kept`);
        assert.ok(most >= LIMIT_BYTES / 2, `only ${most} bytes were seen`);
      });
    }
  }
});
