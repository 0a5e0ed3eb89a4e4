import assert from "node:assert/strict";
import { test } from "node:test";
import { attacks } from "../attacks/index.js";
import { chooseAttacks, listAttacks } from "../choose.js";
import { countsOf, describeResult } from "../report.js";
import { formatDocument } from "../table.js";
import { quantile } from "../witness/tally.js";

/** @param {Partial<import("../runner.js").Result>} parts
 * @returns {import("../runner.js").Result} */
function result(parts) {
  const tally = {
    asked: 9,
    answered: 9,
    handshakes: 1,
    failures: [],
    failed: 0,
    p50Ms: 1,
    p99Ms: 12.4,
    maxMs: 20,
    handshakeMaxMs: 5,
  };
  return {
    ...{ number: 3, name: "floods", sources: ["budget: rate"], informational: false, version: "1.1", survived: true },
    ...{ problems: [], seen: "100 sent", before: tally, during: tally },
    memory: { beforeBytes: 40 << 20, peakBytes: 90 << 20, afterBytes: 50 << 20 },
    ...parts,
  };
}

const failed = result({ survived: false, problems: ["the server died"] });

test("a result's lines have verdict, times, memory and what was seen, and the blame", () => {
  const text = describeResult(failed);
  assert.match(text, /^ {2}3 {2}FAILED .*floods$/m);
  assert.match(text, /p99 12 ms \(before: 12 ms\).*40 → 90 → 50 MiB/);
  assert.match(text, /^ +100 sent$/m);
  assert.match(text, /^ +! the server died$/m);
  assert.match(describeResult(result({})), /survived {2}floods/);
});

test("the count says how many survived and the highest peak", () => {
  assert.equal(countsOf([failed, result({})]), "1 of 2 survived, 90 MiB at the most");
});

test("the document says of ws only what its own public advisories are about", () => {
  const ws = { name: /** @type {const} */ ("ws"), version: /** @type {const} */ ("1.1") };
  const known = result({ number: 4, name: "bombs", sources: ["CVE-2016-10542"] });
  const others = result({ number: 5, name: "lengths", sources: ["CVE-2026-1528", "budget: bytes"] });
  const columns = [
    { title: "ours", stand: { ...ws, name: /** @type {const} */ ("polysocket") }, results: [failed, known, others] },
    { title: "ws", stand: ws, results: [failed, known, others] },
  ];
  const document = formatDocument(columns, { seconds: 4, rssLimitBytes: 512 << 20 });
  assert.match(document, /^\| 3 \| floods \| \*\*failed\*\*: the server died; 12 ms; 40 → 90 → 50 MiB \| – \|$/m);
  assert.match(document, /^\| 4 \| bombs \| survived; 12 ms; .* \| survived; 12 ms; .* \|$/m);
  assert.match(document, /^\| 5 \| lengths \| survived; .* \| – \|$/m);
  assert.match(document, /^- ws: 1 of 1 survived$/m);
});

test("attacks are chosen by numbers and ranges", () => {
  assert.deepEqual(
    chooseAttacks("5,1-3").map(({ number }) => number),
    [1, 2, 3, 5],
  );
  assert.equal(chooseAttacks(undefined).length, attacks.length);
  assert.throws(() => chooseAttacks("9999"), /no attack 9999/);
  assert.throws(() => chooseAttacks("one"), /--only is numbers/);
});

test("every attack has a name of its own, a source and a version, and is listed", () => {
  assert.equal(new Set(attacks.map(({ attack }) => attack.name)).size, attacks.length);
  for (const { attack } of attacks) assert.ok(attack.sources.length > 0 && attack.over.length > 0, attack.name);
  assert.equal(listAttacks().length, attacks.length);
});

test("quantiles are values that were measured", () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual(
    [quantile(values, 0.5), quantile(values, 0.99), quantile([7], 0.99), quantile([], 0.5)],
    [50, 99, 7, undefined],
  );
});
