import { FACE_SCENARIOS } from "./face-scenarios.js";

// Original and face alike: the originals know no compression
const NO_DEFLATE = ["net", "websocket", "@polysocket/websocket", "nodejs-websocket", "@polysocket/nodejs-websocket"];

/** What is measured.
 * - `group`: what else runs when the group is named: cpu, memory, scaling, http2, diagnostics or faces
 * - `measure`: a key of MEASURES in lib/measures.js; `load` is handed to it, `server` to the peers' servers (lib/ready.js)
 * - `aims`: how the subject's figure, or the field of its result that `of` names, may compare with another peer's (median of the
 *   ratios, round by round)
 * - `without`: peers that cannot take part
 * - `only`: the peers that take part; otherwise all but those over HTTP/2
 * - `subject`: the peer that the aims are about, where it is not the usual
 * - `base`: the peer that table and chart compare with, where it is not the usual ones
 * - `load.tcpEnds`: "client" where the client is the first to end TCP
 * - `load.field`: a header field without which the peers refuse handshakes
 * - `load.closeFrame`: "optional" where a peer ends TCP without a Close frame
 * - `load.streams`: how many of the connections are streams of one HTTP/2 connection, for peers over HTTP/2
 * - `warmUp`: seconds of its own CPU time that a peer needs here, where it is not the usual
 * - `mostRounds`: for figures that hardly vary, or take long
 * - `nodeFlags`: for the servers of a memory scenario
 * - `at`: where the figure lies in a chart of the group scaling */
const cpuScenarios = [
  {
    name: "1-in-flight",
    title: "echo 64 B binary, 50 connections, 1 in flight",
    measure: "echo",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 1 },
    aims: [
      { against: "net", atMost: 0.9 },
      { against: "ws", atMost: 0.72 },
    ],
  },
  {
    name: "64-in-flight",
    title: "echo 64 B binary, 50 connections, 64 in flight",
    measure: "echo",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 64 },
    aims: [
      { against: "ws", atMost: 0.08 },
      { against: "bun", atMost: 1.5 },
    ],
  },
  {
    name: "text",
    title: "echo 64 B text, 50 connections, 16 in flight",
    measure: "echo",
    load: { kind: "text", size: 64, connections: 50, inFlight: 16 },
    aims: [
      { against: "ws", atMost: 0.15 },
      { against: "bun", atMost: 1.6 },
    ],
  },
  {
    name: "16KiB",
    title: "echo 16 KiB binary, 20 connections, 4 in flight",
    measure: "echo",
    load: { kind: "binary", size: 16 << 10, connections: 20, inFlight: 4 },
    aims: [
      { against: "ws", atMost: 0.75 },
      { against: "bun", atMost: 1.1 },
    ],
  },
  {
    name: "1MiB",
    title: "echo 1 MiB binary, 4 connections, 1 in flight",
    measure: "echo",
    load: { kind: "binary", size: 1 << 20, connections: 4, inFlight: 1 },
    aims: [
      { against: "ws", atMost: 0.8 },
      { against: "net", atMost: 1 },
    ],
  },
  {
    name: "publish",
    title: "64 B text to 1,000 connections, 4 messages at a time",
    measure: "publish",
    load: { kind: "text", size: 64, connections: 1000, inFlight: 4 },
    server: { publish: true },
    aims: [
      { against: "ws", atMost: 0.3 },
      { against: "bun", atMost: 1.3 },
    ],
    without: ["net"],
  },
  {
    name: "publish-1",
    title: "64 B text to 1,000 connections, one message at a time",
    measure: "publish",
    load: { kind: "text", size: 64, connections: 1000, inFlight: 1 },
    server: { publish: true },
    aims: [],
    without: ["net"],
  },
  {
    name: "publish-deflate",
    title: "1 KiB text, compressed, to 500 connections, 4 messages at a time",
    measure: "publish",
    load: { kind: "text", size: 1 << 10, connections: 500, inFlight: 4 },
    server: { publish: true, deflate: { mode: "usual" } },
    aims: [
      { against: "ws", atMost: 0.05 },
      { against: "bun", atMost: 0.25 },
    ],
    without: NO_DEFLATE,
  },
  {
    name: "publish-deflate-1",
    title: "the same, one message at a time",
    measure: "publish",
    load: { kind: "text", size: 1 << 10, connections: 500, inFlight: 1 },
    server: { publish: true, deflate: { mode: "usual" } },
    aims: [],
    without: NO_DEFLATE,
  },
  {
    name: "deflate-text",
    title: "echo 1 KiB text, compressed with context takeover, 50 connections, 1 in flight",
    measure: "echo",
    load: { kind: "text", size: 1 << 10, connections: 50, inFlight: 1 },
    server: { deflate: { mode: "takeover", level: 6, memLevel: 8 } },
    aims: [
      { against: "ws", atMost: 0.25 },
      { against: "bun", atMost: 1.3 },
    ],
    without: NO_DEFLATE,
  },
  {
    name: "deflate-text-16",
    title: "the same, 16 in flight",
    measure: "echo",
    load: { kind: "text", size: 1 << 10, connections: 50, inFlight: 16 },
    server: { deflate: { mode: "takeover", level: 6, memLevel: 8 } },
    aims: [],
    without: NO_DEFLATE,
  },
  {
    name: "client-1-in-flight",
    title: "the peer is the client: echo 64 B binary, 50 connections, 1 in flight",
    measure: "clientEcho",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 1 },
    aims: [{ against: "ws", atMost: 0.8 }],
  },
  {
    name: "client-64-in-flight",
    title: "the peer is the client: echo 64 B binary, 50 connections, 64 in flight",
    measure: "clientEcho",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 64 },
    aims: [{ against: "ws", atMost: 0.8 }],
  },
  {
    name: "client-text",
    title: "the peer is the client: echo 64 B text, 50 connections, 16 in flight",
    measure: "clientEcho",
    load: { kind: "text", size: 64, connections: 50, inFlight: 16 },
    aims: [{ against: "ws", atMost: 0.8 }],
  },
  {
    name: "handshakes",
    title: "opening and closing handshakes, 32 connections at any time",
    measure: "handshake",
    load: { inFlight: 32 },
    aims: [{ against: "ws", atMost: 0.85 }],
    // nodejs-websocket answers a Close frame and then waits for the client to end TCP
    without: ["net", "nodejs-websocket", "@polysocket/nodejs-websocket"],
    warmUp: 3,
  },
];

const memoryScenarios = [
  {
    name: "idle-memory",
    title: "5,000 idle connections after the first 500",
    measure: "memory",
    load: { kind: "binary", size: 64, before: 500, connections: 5000 },
    aims: [{ against: "ws", atMost: 0.8 }],
    mostRounds: 3,
  },
  {
    // The young generation grows with the rate of handshakes, to a size that does not depend on the number of connections, and
    // is most of the figure above. Kept at its smallest, what is left is what each further connection costs.
    name: "idle-memory-small-heap",
    title: "the same, V8's young generation kept at 1 MiB",
    measure: "memory",
    load: { kind: "binary", size: 64, before: 500, connections: 5000 },
    aims: [{ against: "ws", atMost: 0.8 }],
    without: ["bun"],
    mostRounds: 3,
    nodeFlags: ["--max-semi-space-size=1"],
  },
  {
    name: "deflate-memory",
    title: "2,000 idle connections that may compress; then one message of 1 KiB on each, then 30 s without",
    measure: "memory",
    load: { kind: "text", size: 1 << 10, before: 200, connections: 2000, releaseSeconds: 30 },
    server: { deflate: { mode: "usual" }, heartbeat: false },
    aims: [
      { against: "ws", atMost: 0.1, of: "used" },
      { against: "ws", atMost: 0.1, of: "released" },
    ],
    without: NO_DEFLATE,
    mostRounds: 3,
  },
];

/** Is a message as cheap when there are more of them? */
const scalingScenarios = [
  ...[10, 100, 1000, 10_000].map((connections) => ({
    name: `connections-${connections}`,
    title: `echo 64 B binary, ${connections.toLocaleString("en")} connections, 1 in flight`,
    load: { kind: "binary", size: 64, connections, inFlight: 1 },
    at: { connections },
  })),
  ...[1, 2, 4, 8, 16, 32, 64].map((inFlight) => ({
    name: `in-flight-${inFlight}`,
    title: `echo 64 B binary, 50 connections, ${inFlight} in flight`,
    load: { kind: "binary", size: 64, connections: 50, inFlight },
    at: { "messages in flight on each of 50 connections": inFlight },
  })),
].map((scenario) => ({ ...scenario, measure: "echo", aims: [], without: ["net"], mostRounds: 3 }));

/** What does WebSocket cost over HTTP/2? Beside an echo of the same bytes on plain streams, and beside HTTP/1.1. */
const http2Scenarios = [1, 64].flatMap((inFlight) =>
  [1, 50].map((streams) => ({
    name: `h2-${inFlight}-in-flight${streams > 1 ? "-shared" : ""}`,
    title: `echo 64 B binary over HTTP/2, ${50 / streams} × ${streams} streams, ${inFlight} in flight on each`,
    measure: "echo",
    load: { kind: "binary", size: 64, connections: 50, streams, inFlight },
    aims: [{ against: "http2", atMost: 1.15 }],
    only: ["http2", "polysocket-h2", "polysocket"],
    subject: "polysocket-h2",
    // There is more code to compile than without HTTP/2
    warmUp: 1.5,
  })),
);

/** What do the diagnostics channels cost when nobody listens, and when somebody listens to all of them? */
const diagnosticsScenarios = [
  ["1-in-flight", "echo 64 B binary, 50 connections, 1 in flight", "echo", { connections: 50, inFlight: 1 }],
  ["64-in-flight", "echo 64 B binary, 50 connections, 64 in flight", "echo", { connections: 50, inFlight: 64 }],
  ["handshakes", "opening and closing handshakes, 32 connections at any time", "handshake", { inFlight: 32 }],
].map(([name, title, measure, load]) => ({
  name: `diagnostics-${name}`,
  title,
  measure,
  load: { kind: "binary", size: 64, ...load },
  aims: [{ against: "channels-removed", atMost: 1.02 }],
  only: ["channels-removed", "channels-idle", "channels-observed"],
  subject: "channels-idle",
  base: "channels-removed",
  ...(measure === "handshake" && { warmUp: 3 }),
}));

const inGroup = (group) => (scenario) => ({ group, ...scenario });

export const SCENARIOS = [
  ...cpuScenarios.map(inGroup("cpu")),
  ...memoryScenarios.map(inGroup("memory")),
  ...scalingScenarios.map(inGroup("scaling")),
  ...http2Scenarios.map(inGroup("http2")),
  ...diagnosticsScenarios.map(inGroup("diagnostics")),
  ...FACE_SCENARIOS.map(inGroup("faces")),
];

/** A group's name stands for its scenarios; these run when nothing is named. */
export const DEFAULT_GROUPS = ["cpu", "memory"];
