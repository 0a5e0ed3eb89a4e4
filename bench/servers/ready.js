import { setTimeout as sleep } from "node:timers/promises";

/** Tell the bench which port the server has, and answer its question "memory" with what is left after forced collections.
 * Started by hand, a server prints the port instead. */
export function ready(port) {
  if (!process.send) return console.log(port);
  process.send({ port });
  process.on("message", async () => process.send({ memory: await settledMemory() }));
  process.on("disconnect", () => process.exit());
}

async function settledMemory() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await sleep(50); // finalizers and the page release of the collector run between
  }
  return process.memoryUsage();
}
