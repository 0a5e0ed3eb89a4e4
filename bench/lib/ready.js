import { setTimeout as sleep } from "node:timers/promises";

/** What a script of servers/ calls when it listens, with its port, and one of clients/ when its connections are open. Tells the
 * bench, and answers its question "memory" with what is left after forced collections. Started by hand, it prints instead. */
export function ready(port) {
  if (!process.send) return console.log(port ?? "open");
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
