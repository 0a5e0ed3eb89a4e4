// The group faces: each face beside its original, the same script with another package, so that a ratio is what a program gains that
// changes nothing but its package.json. Two have no original for Node, and stand beside ws. The fields are those of scenarios.js; the loads are mostly those of the group cpu.
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

const client = (name, kind, suffix = "") => ({
  name: `client-${name}${suffix}`,
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

const fanOutToOthers = (name, kind, inFlight) => ({
  ...fanOut(name, inFlight),
  title: `64 B ${kind} to 1,000 connections, ${inFlight > 1 ? inFlight : "one"} at a time`,
  load: { kind, size: 64, connections: 1000, inFlight },
  server: { publish: true },
});

const handshakes = (tcpEnds, closeFrame) => ({
  name: "handshakes",
  title: `opening and closing handshakes, 32 connections at any time; the ${tcpEnds} ends TCP`,
  measure: "handshake",
  load: { inFlight: 32, tcpEnds, closeFrame },
  atMost: NEVER_WORSE,
  warmUp: 3,
});

const idleMemory = (kind, atMost = 0.6) =>
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
    atMost,
    mostRounds: 3,
  }));

const compare = (face, scenarios, { original = face, field } = {}) =>
  scenarios.map(({ name, atMost, load, ...scenario }) => ({
    name: `${face}-${name}`,
    ...scenario,
    load: { ...load, field },
    aims: [{ against: original, atMost }],
    only: [original, `@polysocket/${face}`],
    subject: `@polysocket/${face}`,
    base: original,
  }));

/** The original loses what comes together with the beginning of another frame, so that a large message has to come alone. */
function oneInFlight({ load, ...scenario }) {
  const alone = { ...load, inFlight: 1 };
  return { ...scenario, title: echoTitle(load.kind, alone), load: alone };
}

/** What there is in both roles. */
const besideWs = (kind, suffix = "") => [
  ...Object.keys(ECHOES).map((name) => echo(name, kind, NEVER_WORSE, suffix)),
  ...Object.keys(ECHOES).map((name) => client(name, kind, suffix)),
  handshakes("server"),
];

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
  ...compare(
    "jadsonlucena-websocket",
    [
      echo("1-in-flight", "text", 0.7),
      echo("64-in-flight", "text", 0.15),
      echo("1-in-flight", "binary", 0.7, "-binary"),
      echo("64-in-flight", "binary", 0.15, "-binary"),
      oneInFlight(echo("16KiB", "text", NEVER_WORSE)),
      oneInFlight(echo("16KiB", "binary", NEVER_WORSE, "-binary")),
      echo("1MiB", "binary", NEVER_WORSE),
      fanOut("fan-out", 4),
      fanOut("fan-out-1", 1),
      // The original ends TCP without a Close frame
      handshakes("server", "optional"),
      ...idleMemory("text"),
    ],
    // A handshake without Origin is refused by the face, and ends the original's process
    { original: "@jadsonlucena/websocket", field: "Origin: http://127.0.0.1" },
  ),
  // It speaks to nobody who does not ask for its subprotocol, and has no text
  ...compare(
    "jellysocket",
    [
      ...besideWs("binary"),
      fanOutToOthers("fan-out", "binary", 4),
      fanOutToOthers("fan-out-1", "binary", 1),
      ...idleMemory("binary", NEVER_WORSE),
    ],
    { original: "ws", field: "Sec-WebSocket-Protocol: bench" },
  ),
  ...compare(
    "jsh-ws",
    [
      ...besideWs("text"),
      ...besideWs("binary", "-binary").filter(({ measure }) => measure !== "handshake"),
      fanOutToOthers("fan-out", "text", 4),
      fanOutToOthers("fan-out-1", "text", 1),
      ...idleMemory("text", NEVER_WORSE),
    ],
    { original: "ws" },
  ),
];
