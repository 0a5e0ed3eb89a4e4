// CPU time of a peer in its role, while the load generator obeys a command.
import { closeStand, START_STAND } from "./stands.js";
import { median } from "./statistics.js";

const LEAST_WARM_UP = 0.05;

const whole = (value) => value.toFixed(0);
const percent = (share) => `${Math.floor(share * 100)} %`;

/** An entry of MEASURES. @param each what the CPU time is divided by */
export function cpuMeasure({ role, command, each, digits }) {
  return {
    role,
    unit: `µs of ${role} CPU per ${each}`,
    each,
    digits,
    run: (peers, scenario, setup) => cpuRound(peers, scenario, setup, { role, command }),
    columns: {
      "p50 µs": { read: (result) => result.p50, format: whole },
      "p99 µs": { read: (result) => result.p99, format: whole },
      [`${role} busy`]: { read: (result) => result.peerBusy, format: percent },
      "load busy": { read: (result) => result.loadBusy, format: percent },
    },
    aims: [{ against: "ws", atMost: 1, of: "p99", note: "on a shared machine p99 is mostly noise" }],
    notes: (name, rounds) => idleNotes(`${name} ${role}`, (field) => median(rounds.map((round) => round[name][field]))),
  };
}

/** All peers are started and warmed, then measured in turns: A B C A B C …, so that a machine that is slow for a second is
 * slow for all. Who is not measured has nothing to do. */
async function cpuRound(peers, scenario, setup, { role, command }) {
  const stands = [];
  const slices = {};
  try {
    for (const peer of peers) stands.push(await START_STAND[role](peer, scenario, setup));
    for (const stand of stands) await stand.open();
    for (const stand of stands) await warm(stand, command, scenario.warmUp ?? setup.warmUp);
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

/** The compiler is done after so much of the peer's own CPU time, however long a busy machine takes to grant it. */
async function warm(stand, command, cpuSeconds) {
  const lastsAtMost = Date.now() + 10_000 * cpuSeconds;
  for (let left = cpuSeconds; left > 0 && Date.now() < lastsAtMost; ) {
    left -= (await stand.ask(`${command} ${Math.max(left, LEAST_WARM_UP)}`)).peerCpuSeconds;
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
    p50: median(slices.map((slice) => slice.latencyUs.p50)),
    p99: median(slices.map((slice) => slice.latencyUs.p99)),
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
