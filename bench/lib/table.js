// Turns the rounds of one scenario into text. A round is one object: peer name → what the scenario's measure gave.

/** The peers that every other is compared with, column by column. */
const ANCHORS = ["net", "ws"];

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of the ratios of two peers, round by round; undefined where one of them was not measured. */
export function ratioOf(rounds, name, against) {
  const pairs = rounds.filter((round) => round[name] && round[against]);
  return pairs.length ? median(pairs.map((round) => round[name].figure / round[against].figure)) : undefined;
}

/** Each aim of a scenario with what came of it; those that cannot be judged are left out. */
export function judgeAims(scenario, rounds, subject) {
  return scenario.aims
    .map((aim) => ({ ...aim, ratio: ratioOf(rounds, subject, aim.against) }))
    .filter((aim) => aim.ratio !== undefined)
    .map((aim) => ({ ...aim, met: aim.ratio <= aim.atMost }));
}

export function formatScenario(scenario, measure, rounds, subject) {
  const peers = Object.keys(rounds[0]);
  const anchors = ANCHORS.filter((name) => peers.includes(name));
  const more = Object.entries(measure.columns);
  const head = ["", "min", "median", "max", ...anchors.map((name) => `× ${name}`), ...more.map(([title]) => title)];
  const rows = peers.map((name) => {
    const results = rounds.map((round) => round[name]);
    const figures = results.map((result) => result.figure);
    return [
      name,
      ...[Math.min(...figures), median(figures), Math.max(...figures)].map((figure) => figure.toFixed(measure.digits)),
      ...anchors.map((anchor) => ratioOf(rounds, name, anchor).toFixed(2)),
      ...more.map(([, { format, read }]) => format(median(results.map(read)))),
    ];
  });
  return [
    `${scenario.name}: ${scenario.title} (${measure.unit}; ${rounds.length} rounds)`,
    ...align([head, ...rows]),
    ...peers.flatMap((name) => measure.notes?.(name, rounds) ?? []),
    ...judgeAims(scenario, rounds, subject).map((aim) => aimLine(aim, subject)),
  ].join("\n");
}

function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map(
    (row) => `  ${row.map((cell, i) => (i ? cell.padStart(widths[i] + 2) : cell.padEnd(widths[i]))).join("")}`,
  );
}

function aimLine({ against, atMost, ratio, met }, subject) {
  return `  aim: ${subject} ≤ ${atMost} × ${against}; here ${ratio.toFixed(3)}: ${met ? "met" : "MISSED"}`;
}
