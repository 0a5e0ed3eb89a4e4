import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const MOST_BYTES = 3_000;

test(`polysocket/browser, bundled and minified by esbuild, has at most ${MOST_BYTES} bytes gzipped`, (t) => {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL("../../src/browser/index.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    write: false,
  });
  const content = outputFiles[0]?.contents ?? new Uint8Array(MOST_BYTES * 10);
  const { length } = gzipSync(content, { level: 9 });
  t.diagnostic(`${content.length} bytes, gzipped ${length}`);
  assert.ok(length <= MOST_BYTES, `${length} bytes`);
});
