import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { test } from "node:test";
import { slowSubprotocols } from "../attacks/linearity-headers.js";
import { LENGTHS, Linearity } from "../linearity.js";
import { resolveTarget } from "../target.js";

/** @param {(length: number) => number} ms */
const timesOf = (ms) => new Map(LENGTHS.map((length) => [length, ms(length)]));

const HARMLESS = timesOf((length) => 1 + length / 100_000);

/** @param {(length: number) => number} ms of the suspect
 * @param {number} [count] */
function growthOf(ms, count = 10) {
  const linearity = new Linearity(["suspect"]);
  for (let measured = 0; measured < count; measured++) linearity.add("suspect", timesOf(ms), HARMLESS);
  const [growth] = linearity.growths();
  assert.ok(growth !== undefined);
  assert.equal(linearity.isDecided, growth.verdict !== "unknown");
  return growth;
}

test("a time that grows with the square is found, and its ratio is told", () => {
  const { excessMs, verdict, ratio = 0 } = growthOf((length) => 1 + length / 100_000 + (length / 5000) ** 2);
  assert.equal(verdict, "faster");
  assert.ok(Math.abs(excessMs - 9) < 1e-9, `${excessMs}`);
  assert.ok(Math.abs(ratio - 3.75) < 1e-9, `${ratio}`);
});

test("a square is found by its growth below the 5 ms that are too long anyway", () => {
  assert.equal(growthOf((length) => 1 + length / 100_000 + (length / 10_000) ** 2).verdict, "faster");
});

test("a time that grows with the text is linear unless it is long, and so is one too short to tell", () => {
  assert.equal(growthOf((length) => 1 + length / 5000).verdict, "linear");
  assert.equal(growthOf((length) => 1 + length / 2000).verdict, "faster");
  const { verdict, ratio } = growthOf(() => 1.5);
  assert.deepEqual([verdict, ratio], ["linear", undefined]);
});

test("few measurements are held against nobody, unless they are obvious", () => {
  assert.equal(growthOf((length) => length / 100, 5).verdict, "unknown");
  assert.equal(growthOf((length) => length / 10, 2).verdict, "unknown");
  assert.equal(growthOf((length) => length / 10, 3).verdict, "faster");
});

test("what is within the spread of harmless answers is noise", () => {
  const linearity = new Linearity(["suspect"]);
  const add = (/** @type {number} */ ms, /** @type {number} */ harmlessMs) =>
    linearity.add(
      "suspect",
      timesOf(() => ms),
      timesOf(() => harmlessMs),
    );
  for (let count = 0; count < 10; count++) add(20, 1);
  assert.equal(linearity.growths()[0]?.verdict, "faster");
  for (let count = 0; count < 10; count++) add(20, 30);
  assert.equal(linearity.growths()[0]?.verdict, "linear");
});

test("one slow measurement is forgotten with the next", () => {
  const linearity = new Linearity(["slow by chance", "slow"]);
  const add = (/** @type {number} */ ms) =>
    linearity.add(
      linearity.next(),
      timesOf(() => ms),
      HARMLESS,
    );
  assert.equal(linearity.next(), "slow by chance");
  add(500);
  assert.equal(linearity.next(), "slow");
  add(100);
  assert.equal(linearity.next(), "slow by chance");
  add(1);
  assert.equal(linearity.next(), "slow");
  linearity.add(
    "slow by chance",
    timesOf(() => 900),
    HARMLESS,
  );
  assert.equal(linearity.next(), "slow");
});

for (const [what, split, isCaught] of /** @type {const} */ ([
  ["the regular expression of CVE-2021-32640 is caught", / *, */, true],
  ["a split at commas is not", ",", false],
])) {
  test(what, async (t) => {
    const server = http.createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    const stop = new AbortController();
    let asked = 0;
    server.on("upgrade", (request, socket) => {
      const { length } = (request.headers["sec-websocket-protocol"] ?? "").split(split);
      // Every text once, beside the harmless one at each length, and the slowest ones several times
      if (++asked === 220) stop.abort();
      socket.on("error", () => {});
      socket.end(`HTTP/1.1 400 Bad Request\r\nX-Parts: ${length}\r\n\r\n`);
    });
    await once(server, "listening");
    const address = server.address();
    const target = await resolveTarget(`ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
    const { failed } = await slowSubprotocols.run({
      ...{ target, connections: 1, signal: stop.signal, rng: Math.random },
      prepare: (preparation) => preparation,
    });
    assert.equal(failed?.includes("spaces between two tokens") ?? false, isCaught, failed);
  });
}
