/** What is measured.
 * - `measure`: a key of MEASURES in lib/measures.js; `load` is handed to it
 * - `aims`: how the subject's figure may compare with another peer's (median of the ratios, round by round)
 * - `without`: peers that cannot take part
 * - `warmUp`: seconds of its own CPU time that a peer needs here, where it is not the usual
 * - `mostRounds`: for figures that hardly vary
 * - `nodeFlags`: for the servers of an idleMemory scenario */
export const SCENARIOS = [
  {
    name: "1-in-flight",
    title: "echo 64 B binary, 50 connections, 1 in flight",
    measure: "echo",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 1 },
    aims: [
      { against: "net", atMost: 1.05 },
      { against: "ws", atMost: 1 },
    ],
  },
  {
    name: "64-in-flight",
    title: "echo 64 B binary, 50 connections, 64 in flight",
    measure: "echo",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 64 },
    aims: [{ against: "ws", atMost: 0.125 }],
  },
  {
    name: "text",
    title: "echo 64 B text, 50 connections, 16 in flight",
    measure: "echo",
    load: { kind: "text", size: 64, connections: 50, inFlight: 16 },
    aims: [{ against: "ws", atMost: 1 }],
  },
  {
    name: "16KiB",
    title: "echo 16 KiB binary, 20 connections, 4 in flight",
    measure: "echo",
    load: { kind: "binary", size: 16 << 10, connections: 20, inFlight: 4 },
    aims: [{ against: "ws", atMost: 1 }],
  },
  {
    name: "1MiB",
    title: "echo 1 MiB binary, 4 connections, 1 in flight",
    measure: "echo",
    load: { kind: "binary", size: 1 << 20, connections: 4, inFlight: 1 },
    aims: [{ against: "ws", atMost: 1 }],
  },
  {
    name: "client-1-in-flight",
    title: "the peer is the client: echo 64 B binary, 50 connections, 1 in flight",
    measure: "clientEcho",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 1 },
    aims: [{ against: "ws", atMost: 0.9 }],
  },
  {
    name: "client-64-in-flight",
    title: "the peer is the client: echo 64 B binary, 50 connections, 64 in flight",
    measure: "clientEcho",
    load: { kind: "binary", size: 64, connections: 50, inFlight: 64 },
    aims: [{ against: "ws", atMost: 0.25 }],
  },
  {
    name: "client-text",
    title: "the peer is the client: echo 64 B text, 50 connections, 16 in flight",
    measure: "clientEcho",
    load: { kind: "text", size: 64, connections: 50, inFlight: 16 },
    aims: [],
  },
  {
    name: "handshakes",
    title: "opening and closing handshakes, 32 connections at any time",
    measure: "handshake",
    load: { inFlight: 32 },
    aims: [{ against: "ws", atMost: 1 }],
    without: ["net"],
    warmUp: 3,
  },
  {
    name: "idle-memory",
    title: "idle connections, 5,000 more after the first 500",
    measure: "idleMemory",
    load: { before: 500, connections: 5000 },
    aims: [{ against: "ws", atMost: 1 }],
    mostRounds: 3,
  },
  {
    // The young generation grows with the rate of handshakes, to a size that does not depend on the number of connections, and
    // is most of the figure above. Kept at its smallest, what is left is what each further connection costs.
    name: "idle-memory-small-heap",
    title: "the same, V8's young generation kept at 1 MiB",
    measure: "idleMemory",
    load: { before: 500, connections: 5000 },
    aims: [{ against: "ws", atMost: 1 }],
    mostRounds: 3,
    nodeFlags: ["--max-semi-space-size=1"],
  },
];
