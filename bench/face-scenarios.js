// The group faces: each face beside its original, the same script with another package, so that a ratio is what a program gains that
// changes nothing but its package.json. The fields are those of scenarios.js; the loads are mostly those of the group cpu.
const ECHOES = {
  "1-in-flight": { size: 64, connections: 50, inFlight: 1 },
  "64-in-flight": { size: 64, connections: 50, inFlight: 64 },
  "16KiB": { size: 16 << 10, connections: 20, inFlight: 4 },
  "1MiB": { size: 1 << 20, connections: 4, inFlight: 1 },
};
const SIZES = { 64: "64 B", [16 << 10]: "16 KiB", [1 << 20]: "1 MiB" };
const NEVER_WORSE = 1;

function echoTitle(kind, { size, connections, inFlight }) {
  return `echo ${SIZES[size]} ${kind}, ${connections} connections, ${inFlight} in flight`;
}

const echo = (name, kind, atMost, suffix = "") => ({
  name: name + suffix,
  title: echoTitle(kind, ECHOES[name]),
  measure: "echo",
  load: { kind, ...ECHOES[name] },
  atMost,
});

const client = (name, kind) => ({
  name: `client-${name}`,
  title: `the peer is the client: ${echoTitle(kind, ECHOES[name])}`,
  measure: "clientEcho",
  load: { kind, ...ECHOES[name] },
  atMost: NEVER_WORSE,
});

const fanOut = (name, inFlight) => ({
  name,
  title: `64 B text to 1,000 connections and back to the sender's, ${inFlight > 1 ? inFlight : "one"} at a time`,
  measure: "publish",
  load: { kind: "text", size: 64, connections: 1000, inFlight },
  server: { publish: "everybody" },
  atMost: NEVER_WORSE,
});

const handshakes = (tcpEnds) => ({
  name: "handshakes",
  title: `opening and closing handshakes, 32 connections at any time; the ${tcpEnds} ends TCP`,
  measure: "handshake",
  load: { inFlight: 32, tcpEnds },
  atMost: NEVER_WORSE,
  warmUp: 3,
});

const idleMemory = (kind) =>
  [
    { name: "idle-memory", title: "5,000 idle connections after the first 500" },
    {
      name: "idle-memory-small-heap",
      title: "the same, V8's young generation kept at 1 MiB",
      nodeFlags: ["--max-semi-space-size=1"],
    },
  ].map((scenario) => ({
    ...scenario,
    measure: "memory",
    load: { kind, size: 64, before: 500, connections: 5000 },
    // As a program has it that sets nothing: what beats costs memory
    server: { heartbeat: true },
    atMost: 0.6,
    mostRounds: 3,
  }));

const compare = (original, scenarios) =>
  scenarios.map(({ name, atMost, ...scenario }) => ({
    name: `${original}-${name}`,
    ...scenario,
    aims: [{ against: original, atMost }],
    only: [original, `@polysocket/${original}`],
    subject: `@polysocket/${original}`,
    base: original,
  }));

export const FACE_SCENARIOS = [
  ...compare("websocket", [
    echo("1-in-flight", "binary", 0.7),
    echo("64-in-flight", "binary", 0.15),
    echo("1-in-flight", "text", 0.7, "-text"),
    echo("64-in-flight", "text", 0.15, "-text"),
    echo("16KiB", "binary", NEVER_WORSE),
    echo("1MiB", "binary", NEVER_WORSE),
    fanOut("fan-out", 4),
    fanOut("fan-out-1", 1),
    handshakes("server"),
    client("1-in-flight", "binary"),
    client("64-in-flight", "binary"),
    ...idleMemory("binary"),
  ]),
  // Its binary messages are streams, one for each, which is most of what such a message costs: text is what the aims are about
  ...compare("nodejs-websocket", [
    echo("1-in-flight", "text", 0.7),
    echo("64-in-flight", "text", 0.15),
    echo("1-in-flight", "binary", NEVER_WORSE, "-binary"),
    echo("64-in-flight", "binary", NEVER_WORSE, "-binary"),
    echo("16KiB", "text", NEVER_WORSE),
    echo("16KiB", "binary", NEVER_WORSE, "-binary"),
    echo("1MiB", "text", NEVER_WORSE),
    echo("1MiB", "binary", NEVER_WORSE, "-binary"),
    fanOut("fan-out", 4),
    fanOut("fan-out-1", 1),
    handshakes("client"),
    client("1-in-flight", "text"),
    client("64-in-flight", "text"),
    ...idleMemory("text"),
  ]),
];
