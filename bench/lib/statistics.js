// A round is one object: peer name → what the scenario's measure gave.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The ratios of two peers, round by round; none where one of them was not measured. */
export function ratiosOf(rounds, name, against, field = "figure") {
  return rounds
    .map((round) => round[name]?.[field] / round[against]?.[field])
    .filter((ratio) => Number.isFinite(ratio));
}

/** Each aim with what came of it (the median of the ratios); those that cannot be judged are left out. */
export function judgeAims(aims, rounds, subject) {
  return aims
    .map((aim) => ({ ...aim, ratios: ratiosOf(rounds, subject, aim.against, aim.of) }))
    .filter(({ ratios }) => ratios.length > 0)
    .map(({ ratios, ...aim }) => ({ ...aim, ratio: median(ratios), met: median(ratios) <= aim.atMost }));
}
