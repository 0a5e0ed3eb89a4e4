// A stand is a peer's process with a load generator at it. `open` makes the scenario's connections between the two, `ask` sends the
// generator a command.
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad } from "./load.js";
import { startPeer } from "./peer.js";

/** By the role of the peer. */
export const START_STAND = { server: startServerStand, client: startClientStand };

async function startServerStand(peer, scenario, { cpus, flags }) {
  const { load, server = {} } = scenario;
  const settings = JSON.stringify({ ...server, library: peer.library });
  const child = startPeer(peer, "server", { cpu: cpus?.peers, flags, words: [settings] });
  const { port } = await child.ready;
  const generator = startLoad({ role: "client", port, ...messagesOf(peer, scenario) }, cpus?.load);
  const ask = (line) => askAlive(peer, child, generator, line);
  const open = async () => {
    await ask(`watch ${child.pid}`);
    if (load.connections) await ask(`open ${load.connections}`);
    if (server.publish) await ask("publisher");
  };
  return { peer, child, load: generator, ask, open };
}

async function startClientStand(peer, scenario, { cpus, flags }) {
  const { connections } = scenario.load;
  const generator = startLoad({ role: "server", ...messagesOf(peer, scenario) }, cpus?.load);
  const { port } = await generator.ask("listen");
  const words = [`ws://127.0.0.1:${port}/`, String(connections), ...(peer.library ? [peer.library] : [])];
  const child = startPeer(peer, "client", { cpu: cpus?.peers, flags, words });
  const ask = (line) => askAlive(peer, child, generator, line);
  const open = async () => {
    await ask(`watch ${child.pid}`);
    await ask(`accept ${connections}`);
    await child.ready;
  };
  return { peer, child, load: generator, ask, open };
}

function messagesOf({ protocol, http2 }, { load, server: { deflate, publish } = {} }) {
  const { kind, size, inFlight, streams, tcpEnds, field, closeFrame } = load;
  return {
    protocol,
    kind,
    size,
    inFlight,
    deflate: deflate && (deflate.mode === "takeover" ? "takeover" : "any"),
    streams: http2 ? streams : undefined,
    publishTo: publish === "everybody" ? "all" : undefined,
    tcpEnds,
    field,
    closeFrame,
  };
}

/** A lost connection is often all that the generator sees of a peer's death: give that a moment to be known. */
async function askAlive(peer, child, load, line) {
  try {
    return await Promise.race([load.ask(line), child.died]);
  } catch (error) {
    await Promise.race([child.died, sleep(300)]);
    throw new Error(`${peer.name}: ${error.message}`, { cause: error });
  }
}

export function closeStand(stand) {
  stand.load.kill();
  return stand.child.stop();
}
