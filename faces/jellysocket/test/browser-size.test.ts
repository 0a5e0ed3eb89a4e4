/** How large the files for browsers are. `npm test` runs this one as well. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { describe, test } from "node:test";
import { buildBrowser } from "../build-browser.js";

/** What the original said of itself. */
const MOST_GZIP_BYTES = 2_251;

describe("jellysocket for browsers", () => {
  for (const { output, bytes, gzipBytes } of buildBrowser()) {
    test(`${output}: ${bytes} bytes minified, ${gzipBytes} with gzip, of ${MOST_GZIP_BYTES}`, () => {
      assert.ok(gzipBytes <= MOST_GZIP_BYTES, `${gzipBytes} bytes`);
    });

    test(`${output} has nothing of Node's`, () => {
      const text = readFileSync(path.resolve(__dirname, "../browser/dist", output), "utf8");
      assert.doesNotMatch(text, /\brequire\(|\bBuffer\b|\bprocess\b|node:|\bimport\b/);
    });
  }
});
