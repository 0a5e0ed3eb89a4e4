// Turns the rounds of one scenario into text.
import { median, ratiosOf } from "./statistics.js";

/** The peers that every other is compared with, column by column, where a scenario has no `base`. */
const ANCHORS = ["net", "ws", "bun", "http2"];

export function formatScenario({ name: scenarioName, title, base }, measure, rounds, judged, subject) {
  const peers = Object.keys(rounds[0]);
  const anchors = (base ? [base] : ANCHORS).filter((name) => peers.includes(name));
  const more = Object.entries(measure.columns);
  const head = ["", "min", "median", "max", ...anchors.map((name) => `× ${name}`), ...more.map(([column]) => column)];
  const rows = peers.map((name) => {
    const results = rounds.map((round) => round[name]);
    const figures = results.map((result) => result.figure);
    return [
      name,
      ...[Math.min(...figures), median(figures), Math.max(...figures)].map((figure) => figure.toFixed(measure.digits)),
      ...anchors.map((anchor) => median(ratiosOf(rounds, name, anchor)).toFixed(2)),
      ...more.map(([, { format, read }]) => format(median(results.map(read)))),
    ];
  });
  return [
    `${scenarioName}: ${title} (${measure.unit}; ${rounds.length} ${rounds.length === 1 ? "round" : "rounds"})`,
    ...align([head, ...rows]),
    ...peers.flatMap((name) => measure.notes?.(name, rounds) ?? []),
    ...judged.map((aim) => aimLine(aim, subject)),
  ].join("\n");
}

/** All aims of several scenarios: how many are met, and which are not. */
export function formatSummary(results) {
  const aims = results.flatMap(({ name, judged }) => judged.map((aim) => ({ ...aim, name })));
  const missed = aims.filter(({ met }) => !met);
  return [
    `${aims.length - missed.length} of ${aims.length} aims are met${missed.length ? "; these are not:" : ""}`,
    ...align(
      missed.map(({ name, of, ratio, against, atMost }) => [
        of ? `${name}, ${of}` : name,
        ratio.toFixed(3),
        `≤ ${atMost} × ${against}`,
      ]),
    ),
  ].join("\n");
}

function align(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map(
    (row) => `  ${row.map((cell, i) => (i ? cell.padStart(widths[i] + 2) : cell.padEnd(widths[i]))).join("")}`,
  );
}

function aimLine({ against, atMost, of, note, ratio, met }, subject) {
  const what = of ? `, ${of}` : "";
  const verdict = met ? "met" : "MISSED";
  return `  aim${what}: ${subject} ≤ ${atMost} × ${against}; here ${ratio.toFixed(3)}: ${verdict}${note ? ` (${note})` : ""}`;
}
