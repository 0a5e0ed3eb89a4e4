// Memory of a server's process for each connection: when it is open, after one message, and when it has been left alone for a while.
import { setTimeout as sleep } from "node:timers/promises";
import { closeStand, START_STAND } from "./stands.js";

/** Without a pause nothing was measured after it. */
const whole = (value) => (Number.isFinite(value) ? value.toFixed(0) : "–");

/** An entry of MEASURES. Its figure is what an open connection takes; `used` and `released` are the same after one message on each
 * connection, and after `load.releaseSeconds` more; only where a scenario names that. */
export const memoryMeasure = {
  role: "server",
  unit: "bytes of RSS per connection",
  digits: 0,
  run: memoryRound,
  columns: {
    "of it objects": { read: (result) => result.heapBytes, format: whole },
    "after a message": { read: (result) => result.used, format: whole },
    "and a pause": { read: (result) => result.released, format: whole },
  },
};

/** The pause is one for all. */
async function memoryRound(peers, scenario, setup) {
  const { before, connections, releaseSeconds } = scenario.load;
  const flags = ["--expose-gc", ...(scenario.nodeFlags ?? [])];
  const stands = [];
  const round = {};
  try {
    for (const peer of peers) {
      const stand = await START_STAND.server(peer, scenario, { ...setup, flags });
      stands.push(stand);
      // The first connections pay for code, caches and a grown heap; only those opened after them count
      await stand.ask(`open ${before}`);
      stand.first = await settledMemory(stand);
      await stand.ask(`open ${connections}`);
      const opened = await perConnection(stand, connections);
      await stand.ask(`once ${connections}`);
      const used = await perConnection(stand, connections);
      round[peer.name] = { figure: opened.rss, heapBytes: opened.heapUsed, used: used.rss };
    }
    if (releaseSeconds) await sleep(releaseSeconds * 1000);
    for (const stand of stands) {
      if (releaseSeconds) round[stand.peer.name].released = (await perConnection(stand, connections)).rss;
      await stand.load.end();
    }
  } finally {
    for (const stand of stands) await closeStand(stand);
  }
  return round;
}

async function perConnection(stand, connections) {
  const now = await settledMemory(stand);
  const share = (field) => (now[field] - stand.first[field]) / connections;
  return { rss: share("rss"), heapUsed: share("heapUsed") };
}

async function settledMemory({ child }) {
  await sleep(200); // a raw connection is open before the server has accepted it
  return child.memory();
}
