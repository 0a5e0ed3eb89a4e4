import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatScenario, formatSummary } from "../lib/table.js";

const SCENARIO = { name: "echo", title: "one message" };
const MEASURE = { unit: "µs per message", digits: 1, columns: {} };

const format = (rounds, { scenario = {}, measure = {}, judged = [] } = {}) =>
  formatScenario({ ...SCENARIO, ...scenario }, { ...MEASURE, ...measure }, rounds, judged, "ours").split("\n");

const roundsOf = (figures) =>
  Array.from({ length: Object.values(figures)[0].length }, (_, i) =>
    Object.fromEntries(Object.entries(figures).map(([peer, values]) => [peer, { figure: values[i], p50: 1_000 + i }])),
  );

describe("formatScenario", () => {
  test("shows min, median and max of the rounds, and the median of the ratios to each anchor that was measured", () => {
    assert.deepEqual(format(roundsOf({ ws: [10, 20, 40], ours: [3, 2, 10] })), [
      "echo: one message (µs per message; 3 rounds)",
      "         min  median   max  × ws",
      "  ws    10.0    20.0  40.0  1.00",
      "  ours   2.0     3.0  10.0  0.25",
    ]);
  });

  test("has the anchors in one order, whatever the order of the peers, and none for other peers", () => {
    const [, head] = format(roundsOf({ bun: [1], ours: [1], ws: [1], net: [1] }));
    assert.equal(head.replace(/ {2,}/g, "|"), "|min|median|max|× net|× ws|× bun");
  });

  test("has one column of ratios, to the scenario's base, where it has one", () => {
    const [, head, , row] = format(roundsOf({ ws: [4], ours: [1], old: [2] }), { scenario: { base: "old" } });
    assert.equal(head.replace(/ {2,}/g, "|"), "|min|median|max|× old");
    assert.equal(row, "  ours  1.0     1.0  1.0   0.50");
  });

  test("adds the measure's columns, with their medians, in their format", () => {
    const columns = { "p50 µs": { read: ({ p50 }) => p50, format: (value) => `<${value}>` } };
    const [title, head, row] = format(roundsOf({ ours: [1, 2, 3] }), { measure: { columns } });
    assert.equal(title, "echo: one message (µs per message; 3 rounds)");
    assert.ok(head.endsWith("  p50 µs"));
    assert.ok(row.endsWith("  <1001>"));
    assert.equal(row.length, head.length);
  });

  test("speaks of one round", () => {
    assert.equal(format(roundsOf({ ours: [1] }))[0], "echo: one message (µs per message; 1 round)");
  });

  test("has the measure's notes on each peer after the rows, and the aims after them", () => {
    const notes = (peer, rounds) => (peer === "ws" ? [`${peer} had ${rounds.length}`] : []);
    const judged = [
      { against: "ws", atMost: 0.5, ratio: 0.2504, met: true },
      { against: "ws", atMost: 1, of: "p99", note: "noise", ratio: 1.2, met: false },
    ];
    assert.deepEqual(format(roundsOf({ ws: [4, 4], ours: [1, 1] }), { measure: { notes }, judged }).slice(4), [
      "ws had 2",
      "  aim: ours ≤ 0.5 × ws; here 0.250: met",
      "  aim, p99: ours ≤ 1 × ws; here 1.200: MISSED (noise)",
    ]);
  });
});

describe("formatSummary", () => {
  const met = { against: "ws", atMost: 0.5, ratio: 0.2504, met: true };
  const missed = { against: "ws", atMost: 0.5, ratio: 0.6, met: false };

  test("counts the aims of all scenarios and lists those that are missed", () => {
    const results = [
      { name: "echo", judged: [met, { ...missed, of: "p99", atMost: 1, ratio: 12.34567 }] },
      { name: "publish", judged: [missed] },
      { name: "idle", judged: [] },
    ];
    assert.deepEqual(formatSummary(results).split("\n"), [
      "1 of 3 aims are met; these are not:",
      "  echo, p99  12.346    ≤ 1 × ws",
      "  publish     0.600  ≤ 0.5 × ws",
    ]);
  });

  test("lists nothing when all are met", () => {
    assert.equal(formatSummary([{ name: "echo", judged: [met, met] }]), "2 of 2 aims are met");
  });
});
