import { setTimeout as sleep } from "node:timers/promises";

/** Where the connection comes to whose messages are published; all others receive them. */
export const PUBLISHER_PATH = "/publisher";

/** What a scenario wants of a server:
 * - `publish`: a message from the publisher goes to all other connections, or with "everybody" to its own as well; otherwise every
 *   message goes back
 * - `deflate`: permessage-deflate; `mode` "takeover" has context takeover and windows of 15 bits in both directions, compresses every
 *   message, with `level` and `memLevel`; "usual" is what the library does when it is told to compress and nothing else
 * - `heartbeat`: false where connections must stay silent, true where each library keeps what it has by default; otherwise see README.md
 * - `library`: what to import, for scripts of several libraries */
export function readSettings() {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** What a script of servers/ calls when it listens, with its port, and one of clients/ when its connections are open. Tells the
 * bench, and answers its question "memory" with what is left after forced collections. Started by hand, it prints instead. */
export function ready(port) {
  if (!process.send) return console.log(port ?? "open");
  process.send({ port });
  process.on("message", async () => process.send({ memory: await settledMemory() }));
  process.on("disconnect", () => process.exit());
}

async function settledMemory() {
  const collect = globalThis.Bun ? () => globalThis.Bun.gc(true) : globalThis.gc;
  for (let round = 0; round < 5; round++) {
    collect();
    await sleep(50); // finalizers and the page release of the collector run between
  }
  return process.memoryUsage();
}
