/** Scripts of processes of their own, each with all that it imports in one file: where the machine is short of something, or loaded,
 * they start all the same. In: a script of this folder. Out: a path, until this process ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** @param script relative to this file */
export async function bundle(script: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "polysocket-faults-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const outfile = path.join(folder, "script.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL(script, import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "silent",
  });
  return outfile;
}
