// What can be measured. An entry of MEASURES has
// - `unit` and `digits` of its figure, `columns` of the table beside it, `notes` below the table for a peer
// - `run(peers, scenario, setup)`: one round of all peers, which resolves to { [peer name]: { figure, … } }
// - `role` that the peers take
// - `each`: what CPU time is divided by; only where CPU time is measured
// Every round starts fresh processes, so that one process's luck (its memory layout, what the compiler made of it) is one round's.
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad } from "./load.js";
import { startPeer } from "./peer.js";
import { median } from "./table.js";

const WARM_UP_SLICE = 0.2;

const whole = (value) => value.toFixed(0);
const percent = (share) => `${Math.floor(share * 100)} %`;

export const MEASURES = {
  echo: cpuMeasure({ role: "server", command: "echo", each: "message", digits: 2 }),
  clientEcho: cpuMeasure({ role: "client", command: "echo", each: "message", digits: 2 }),
  handshake: cpuMeasure({ role: "server", command: "handshake", each: "handshake and close", digits: 1 }),
  idleMemory: {
    role: "server",
    unit: "bytes of RSS per connection",
    digits: 0,
    run: idleMemoryRound,
    columns: { "of it V8 objects": { read: (result) => result.heapBytes, format: whole } },
  },
};

/** CPU time of a peer in its role, while the load generator obeys the command. */
function cpuMeasure({ role, command, each, digits }) {
  return {
    role,
    unit: `µs of ${role} CPU per ${each}`,
    each,
    digits,
    run: (peers, scenario, setup) => cpuRound(peers, scenario, setup, { role, command }),
    columns: {
      "p50 µs": { read: (result) => result.latencyUs.p50, format: whole },
      "p99 µs": { read: (result) => result.latencyUs.p99, format: whole },
      [`${role} busy`]: { read: (result) => result.peerBusy, format: percent },
      "load busy": { read: (result) => result.loadBusy, format: percent },
    },
    notes: (name, rounds) => idleNotes(`${name} ${role}`, (field) => median(rounds.map((round) => round[name][field]))),
  };
}

/** All peers are started and warmed, then measured in turns: A B C A B C …, so that a machine that is slow for a second is
 * slow for all. Who is not measured has nothing to do. */
async function cpuRound(peers, { load, warmUp }, setup, { role, command }) {
  const stands = [];
  const slices = {};
  try {
    for (const peer of peers) stands.push(await START_STAND[role](peer, load, setup));
    for (const stand of stands) await stand.open();
    for (const stand of stands) await warm(stand, command, warmUp ?? setup.warmUp);
    for (let i = 0; i < setup.slices; i++) {
      for (const stand of stands) {
        slices[stand.peer.name] ??= [];
        slices[stand.peer.name].push(await stand.ask(`${command} ${setup.seconds / setup.slices}`));
      }
    }
    for (const stand of stands) await stand.load.end();
  } finally {
    for (const stand of stands) await closeStand(stand);
  }
  return Object.fromEntries(peers.map(({ name }) => [name, joinSlices(slices[name])]));
}

/** A stand is a peer's process with a load generator at it; `open` makes the scenario's connections between the two. In
 * START_STAND by the role of the peer. */
const START_STAND = { server: startServerStand, client: startClientStand };

async function startServerStand(peer, load, { cpus, flags }) {
  const child = startPeer(peer, "server", { cpu: cpus?.peers, flags });
  const { port } = await child.ready;
  const generator = startLoad({ role: "client", port, ...messageOf(peer, load) }, cpus?.load);
  const ask = (line) => askAlive(peer, child, generator, line);
  const open = async () => {
    await ask(`watch ${child.pid}`);
    if (load.connections) await ask(`open ${load.connections}`);
  };
  return { peer, child, load: generator, ask, open };
}

async function startClientStand(peer, load, { cpus, flags }) {
  const generator = startLoad({ role: "server", ...messageOf(peer, load) }, cpus?.load);
  const { port } = await generator.ask("listen");
  const words = [`ws://127.0.0.1:${port}/`, String(load.connections)];
  const child = startPeer(peer, "client", { cpu: cpus?.peers, flags, words });
  const ask = (line) => askAlive(peer, child, generator, line);
  const open = async () => {
    await ask(`watch ${child.pid}`);
    await ask(`accept ${load.connections}`);
    await child.ready;
  };
  return { peer, child, load: generator, ask, open };
}

const messageOf = ({ protocol }, { kind, size, inFlight }) => ({ protocol, kind, size, inFlight });

/** A lost connection is often all that the generator sees of a peer's death: give that a moment to be known. */
async function askAlive(peer, child, load, line) {
  try {
    return await Promise.race([load.ask(line), child.died]);
  } catch (error) {
    await Promise.race([child.died, sleep(300)]);
    throw new Error(`${peer.name}: ${error.message}`, { cause: error });
  }
}

function closeStand(stand) {
  stand.load.kill();
  return stand.child.stop();
}

/** The compiler is done after so much of the peer's own CPU time, however long a busy machine takes to grant it. */
async function warm(stand, command, cpuSeconds) {
  const lastsAtMost = Date.now() + 10_000 * cpuSeconds;
  for (let used = 0; used < cpuSeconds && Date.now() < lastsAtMost; ) {
    used += (await stand.ask(`${command} ${WARM_UP_SLICE}`)).peerCpuSeconds;
  }
}

function joinSlices(slices) {
  const sum = (field) => slices.reduce((total, slice) => total + slice[field], 0);
  const [done, seconds, peerCpuSeconds] = ["done", "seconds", "peerCpuSeconds"].map(sum);
  return {
    figure: (peerCpuSeconds / done) * 1e6,
    done,
    seconds,
    peerBusy: peerCpuSeconds / seconds,
    peerKeptOff: sum("peerWaitingSeconds") / seconds,
    loadBusy: sum("loadCpuSeconds") / seconds,
    loadKeptOff: sum("loadWaitingSeconds") / seconds,
    latencyUs: {
      p50: median(slices.map((slice) => slice.latencyUs.p50)),
      p99: median(slices.map((slice) => slice.latencyUs.p99)),
    },
  };
}

/** A peer that had time to spare was not measured at its limit: say what may have held it up. */
function idleNotes(who, middle) {
  if (middle("peerBusy") >= 0.95) return [];
  const shares = ["peerBusy", "peerKeptOff", "loadBusy", "loadKeptOff"].map((field) => percent(middle(field)));
  const [busy, keptOff, loadBusy, loadKeptOff] = shares;
  return [
    `  note: the ${who} was busy only ${busy} of the time, and kept off its CPU by other programs for ${keptOff};`,
    `        the load generator was busy ${loadBusy} and kept off for ${loadKeptOff}`,
  ];
}

async function idleMemoryRound(peers, scenario, setup) {
  const round = {};
  for (const peer of peers) round[peer.name] = await idleMemory(peer, scenario, setup);
  return round;
}

/** The first connections pay for code, caches and a grown heap; only those opened after them count. */
async function idleMemory(peer, { load: { before, connections }, nodeFlags = [] }, { cpus }) {
  const stand = await startServerStand(peer, {}, { cpus, flags: ["--expose-gc", ...nodeFlags] });
  try {
    await stand.ask(`open ${before}`);
    const first = await settled(stand.child);
    await stand.ask(`open ${connections}`);
    const then = await settled(stand.child);
    await stand.load.end();
    const per = (field) => (then[field] - first[field]) / connections;
    return { figure: per("rss"), heapBytes: per("heapUsed"), externalBytes: per("external") };
  } finally {
    await closeStand(stand);
  }
}

async function settled(child) {
  await sleep(200); // a raw connection is open before the server has accepted it
  return child.memory();
}
