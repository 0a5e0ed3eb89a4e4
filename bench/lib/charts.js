// Results as SVG charts, one for each group of scenarios, with Vega-Lite from bench/node_modules.
import { median, ratiosOf } from "./statistics.js";

const COLORS = {
  net: "#999999",
  ws: "#d95f02",
  bun: "#7570b3",
  polysocket: "#1b9e77",
  http2: "#666666",
  "polysocket-h2": "#1f78b4",
};
const MORE_COLORS = [
  ...["#66a61e", "#e7298a", "#a6761d", "#377eb8", "#e41a1c", "#984ea3"],
  ...["#f0027f", "#386cb0", "#bf5b17", "#1a1a1a"],
];

/** By the group of scenarios: results (as written to JSON) → a Vega-Lite specification, or undefined where there is nothing to draw. */
const SPECIFICATIONS = {
  cpu: drawRatios("ws"),
  http2: drawRatios("http2"),
  diagnostics: drawRatios("channels-removed"),
  faces: drawFaces,
  memory: drawMemory,
  scaling: drawScaling,
};

/** @returns the SVG's text; undefined where there is nothing to draw */
export async function drawChart(group, results, subtitle) {
  const drawn = SPECIFICATIONS[group](results);
  if (drawn === undefined) return undefined;
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const peers = [...new Set(results.flatMap(({ rounds }) => Object.keys(rounds[0])))];
  const { title, ...specification } = drawn;
  const { spec } = compile({
    title: { text: title, subtitle, anchor: "start", fontSize: 14, subtitleColor: "#666666", offset: 12 },
    background: "white",
    padding: 12,
    config: { font: "sans-serif", axis: { gridColor: "#eeeeee" } },
    ...withColors(specification, peers),
  });
  return new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
}

function withColors(specification, peers) {
  const others = peers.filter((peer) => !COLORS[peer]);
  const range = peers.map((peer) => COLORS[peer] ?? MORE_COLORS[others.indexOf(peer) % MORE_COLORS.length]);
  return JSON.parse(
    JSON.stringify(specification, (key, value) =>
      key === "color" ? { ...value, scale: { domain: peers, range } } : value,
    ),
  );
}

function drawRatios(base) {
  return (results) => {
    const rows = results.flatMap(({ name, rounds }) =>
      Object.keys(rounds[0]).map((peer) => ({ row: name, peer, ...spread(ratiosOf(rounds, peer, base)) })),
    );
    return drawDots(rows, {
      title: `CPU time per message, compared with ${base}`,
      axis: `× ${base}, logarithmic; further left is cheaper. Dots: medians, bars: all rounds`,
    });
  };
}

/** CPU time and memory alike: each scenario beside its own original. */
function drawFaces(results) {
  const rows = results.flatMap(({ name, base, rounds }) =>
    Object.keys(rounds[0]).map((peer) => ({ row: name, peer, ...spread(ratiosOf(rounds, peer, base)) })),
  );
  return drawDots(rows, {
    title: "CPU time and memory of the faces, compared with their originals, or with ws",
    axis: "× original (or ws), logarithmic; further left is cheaper. Dots: medians, bars: all rounds",
  });
}

function drawMemory(results) {
  const stages = [
    ["figure", "open"],
    ["used", "after a message"],
    ["released", "and a pause"],
  ];
  const rows = results.flatMap(({ name, rounds }) =>
    stages.flatMap(([field, stage]) =>
      Object.keys(rounds[0]).map((peer) => ({
        row: `${name}: ${stage}`,
        peer,
        ...spread(rounds.map((round) => round[peer][field] / 1024).filter(Number.isFinite)),
      })),
    ),
  );
  return drawDots(rows, {
    title: "Memory per connection",
    axis: "KiB of RSS, logarithmic; further left is less. Dots: medians, bars: all rounds",
  });
}

/** A row for each scenario with a dot for each peer, and a bar from its least to its most. */
function drawDots(rows, { title, axis }) {
  const values = rows.filter(({ middle }) => middle > 0);
  if (values.length === 0) return undefined;
  const y = {
    field: "row",
    type: "nominal",
    sort: null,
    title: null,
    axis: { labelLimit: 400, grid: true, tickBand: "extent" },
  };
  const yOffset = { field: "peer", type: "nominal", sort: null };
  const color = { field: "peer", type: "nominal", title: null };
  const x = { type: "quantitative", scale: { type: "log" }, title: axis };
  return {
    title,
    data: { values },
    width: 560,
    height: { step: 9 },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 2, opacity: 0.5 },
        encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, y, yOffset, color },
      },
      {
        mark: { type: "point", filled: true, size: 45, opacity: 1 },
        encoding: { x: { ...x, field: "middle" }, y, yOffset, color },
      },
    ],
  };
}

/** A panel for each thing that grows. */
function drawScaling(results) {
  const values = results.flatMap(({ at, rounds }) =>
    Object.keys(rounds[0]).map((peer) => {
      const [[panel, place]] = Object.entries(at);
      return { panel, place, peer, ...spread(rounds.map((round) => round[peer].figure)) };
    }),
  );
  const panels = [...new Set(values.map(({ panel }) => panel))];
  if (panels.length === 0) return undefined;
  return {
    title: "CPU time per message as the number of messages grows",
    data: { values },
    hconcat: panels.map((panel) => drawPanel(panel, values)),
  };
}

function drawPanel(panel, values) {
  const places = [...new Set(values.filter((value) => value.panel === panel).map(({ place }) => place))];
  const x = {
    field: "place",
    type: "quantitative",
    title: panel,
    scale: { type: "log" },
    axis: { values: places, format: ",d" },
  };
  const y = { field: "middle", type: "quantitative", title: "µs of server CPU per message", scale: { zero: true } };
  const color = { field: "peer", type: "nominal", title: null };
  return {
    transform: [{ filter: { field: "panel", equal: panel } }],
    width: 320,
    height: 260,
    layer: [
      { mark: { type: "line", point: true }, encoding: { x, y, color } },
      {
        mark: { type: "rule", opacity: 0.5 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
    ],
  };
}

const spread = (numbers) =>
  numbers.length ? { low: Math.min(...numbers), middle: median(numbers), high: Math.max(...numbers) } : {};
