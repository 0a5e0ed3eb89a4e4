/** Attacks that are gone before the handshake is over. */
import { frame, opcode } from "../wire/frames.js";
import { openSocket, pause, requestText, writeAll } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */
/** @typedef {import("../attack.js").AttackContext} AttackContext */

/** @type {Attack} */
export const connectAndReset = {
  name: "connect and reset at once",
  sources: ["budget: handshakes", "outline#13409"],
  over: ["1.1"],
  connections: 50,
  async run(context) {
    const { target, rng } = context;
    return resetLoop(context, async () => {
      const socket = await openSocket(target);
      if (rng() < 0.5) socket.write(requestText(target).slice(0, Math.floor(rng() * 150)));
      return socket;
    });
  },
};

/** @type {Attack} */
export const resetBeforeAnswer = {
  name: "reset between the upgrade request and its answer",
  sources: ["Effect#6927", "socket.io#3564"],
  over: ["1.1"],
  connections: 50,
  async run(context) {
    const { target, rng, signal } = context;
    const text = frame({ opcode: opcode.text, payload: "x".repeat(5000) });
    return resetLoop(context, async () => {
      const socket = await openSocket(target);
      const request = Buffer.from(requestText(target));
      await writeAll(socket, rng() < 0.5 ? request : Buffer.concat([request, text, text]), signal);
      if (rng() < 0.7) await pause(rng() * 4, signal);
      return socket;
    });
  },
};

/** Opens and resets as fast as it can.
 * @param {AttackContext} context
 * @param {() => Promise<import("node:net").Socket>} begin */
async function resetLoop({ connections, signal }, begin) {
  let resets = 0;
  const worker = async () => {
    while (!signal.aborted) {
      try {
        (await begin()).resetAndDestroy();
        resets++;
      } catch {
        await pause(10, signal);
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return { seen: `${resets} resets` };
}
