// What can be measured. An entry of MEASURES has
// - `unit` and `digits` of its figure, `columns` of the table beside it, `notes` below the table for a peer
// - `run(peers, scenario, setup)`: one round of all peers, which resolves to { [peer name]: { figure, … } }
// Every round starts fresh processes, so that one process's luck (its memory layout, what the compiler made of it) is one round's.
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad } from "./load.js";
import { startServer } from "./server.js";
import { median } from "./table.js";

const WARM_UP_SLICE = 0.2;

const whole = (value) => value.toFixed(0);
const percent = (share) => `${Math.floor(share * 100)} %`;

export const MEASURES = {
  echo: {
    unit: "µs of server CPU per message",
    digits: 2,
    run: echoRound,
    columns: {
      "p50 µs": { read: (result) => result.latencyUs.p50, format: whole },
      "p99 µs": { read: (result) => result.latencyUs.p99, format: whole },
      "server busy": { read: (result) => result.serverBusy, format: percent },
      "load busy": { read: (result) => result.loadBusy, format: percent },
    },
    notes: idleNotes,
  },
  idleMemory: {
    unit: "bytes of RSS per connection",
    digits: 0,
    run: idleMemoryRound,
    columns: { "of it V8 objects": { read: (result) => result.heapBytes, format: whole } },
  },
};

/** All peers are started and warmed, then measured in turns: A B C A B C …, so that a machine that is slow for a second is
 * slow for all. Who is not measured has nothing to do. */
async function echoRound(peers, scenario, setup) {
  const stands = [];
  const slices = {};
  try {
    for (const peer of peers) stands.push(await startStand(peer, scenario.load, setup));
    for (const stand of stands) await stand.ask(`open ${scenario.load.connections}`);
    for (const stand of stands) await warmUp(stand, setup.warmUp);
    for (let i = 0; i < setup.slices; i++) {
      for (const stand of stands) {
        slices[stand.peer.name] ??= [];
        slices[stand.peer.name].push(await stand.ask(`echo ${setup.seconds / setup.slices}`));
      }
    }
    for (const stand of stands) await stand.load.end();
  } finally {
    for (const stand of stands) await closeStand(stand);
  }
  return Object.fromEntries(peers.map(({ name }) => [name, joinSlices(slices[name])]));
}

/** A server with a load generator at it. */
async function startStand(peer, { kind, size, inFlight }, { cpus, flags }) {
  const server = await startServer(peer, cpus?.server, flags);
  const message = kind && { kind, size, inFlight };
  const load = startLoad({ port: server.port, protocol: peer.protocol, watch: server.pid, ...message }, cpus?.load);
  return { peer, server, load, ask: (line) => askAlive(peer, server, load, line) };
}

/** A lost connection is often all that the generator sees of a server's death: give that a moment to be known. */
async function askAlive(peer, server, load, line) {
  try {
    return await Promise.race([load.ask(line), server.died]);
  } catch (error) {
    await Promise.race([server.died, sleep(300)]);
    throw new Error(`${peer.name}: ${error.message}`, { cause: error });
  }
}

function closeStand(stand) {
  stand.load.kill();
  return stand.server.stop();
}

/** The compiler is done after so much of the server's own CPU time, however long a busy machine takes to grant it. */
async function warmUp(stand, cpuSeconds) {
  const lastsAtMost = Date.now() + 10_000 * cpuSeconds;
  for (let used = 0; used < cpuSeconds && Date.now() < lastsAtMost; ) {
    used += (await stand.ask(`echo ${WARM_UP_SLICE}`)).serverCpuSeconds;
  }
}

function joinSlices(slices) {
  const sum = (field) => slices.reduce((total, slice) => total + slice[field], 0);
  const [messages, seconds, serverCpuSeconds] = ["messages", "seconds", "serverCpuSeconds"].map(sum);
  return {
    figure: (serverCpuSeconds / messages) * 1e6,
    messages,
    seconds,
    serverBusy: serverCpuSeconds / seconds,
    serverKeptOff: sum("serverWaitingSeconds") / seconds,
    loadBusy: sum("loadCpuSeconds") / seconds,
    loadKeptOff: sum("loadWaitingSeconds") / seconds,
    latencyUs: {
      p50: median(slices.map((slice) => slice.latencyUs.p50)),
      p99: median(slices.map((slice) => slice.latencyUs.p99)),
    },
  };
}

/** A server that had time to spare was not measured at its limit: say what may have held it up. */
function idleNotes(name, rounds) {
  const middle = (field) => median(rounds.map((round) => round[name][field]));
  if (middle("serverBusy") >= 0.95) return [];
  const shares = ["serverBusy", "serverKeptOff", "loadBusy", "loadKeptOff"].map((field) => percent(middle(field)));
  const [busy, keptOff, loadBusy, loadKeptOff] = shares;
  return [
    `  note: the ${name} server was busy only ${busy} of the time, and kept off its CPU by other programs for ${keptOff};`,
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
  const stand = await startStand(peer, {}, { cpus, flags: ["--expose-gc", ...nodeFlags] });
  try {
    await stand.ask(`open ${before}`);
    const first = await settled(stand.server);
    await stand.ask(`open ${connections}`);
    const then = await settled(stand.server);
    await stand.load.end();
    const per = (field) => (then[field] - first[field]) / connections;
    return { figure: per("rss"), heapBytes: per("heapUsed"), externalBytes: per("external") };
  } finally {
    await closeStand(stand);
  }
}

async function settled(server) {
  await sleep(200); // a raw connection is open before the server has accepted it
  return server.memory();
}
