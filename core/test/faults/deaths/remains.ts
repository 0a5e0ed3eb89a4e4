/** What is left in this process of connections that have died. In: the servers. Out: counts, after everything unused was collected. */
import type { Socket } from "node:net";
import { Socket as NetSocket } from "node:net";
import * as v8 from "node:v8";
import { Connection, memoryBudget } from "../../../src/node/index.ts";
import { deadlines } from "../../../src/node/connection/deadlines.ts";
import { Http1Channel } from "../../../src/node/server/upgrade-http1.ts";
import type { Counted } from "./world.ts";

/** Everything but the heap has to be what it was before. */
export interface Remains {
  /** Node's, of each type that keeps a process alive. */
  readonly resources: Readonly<Record<string, number>>;
  /** Descriptors, by what Node knows of them. */
  readonly handles: number;
  readonly deadlines: number;
  readonly connections: number;
  readonly pendingHandshakes: number;
  /** Opened, and never closed. */
  readonly unclosed: number;
  readonly subscribers: number;
  readonly heldBytes: number;
  /** Of `memoryBudget`. */
  readonly usedBytes: number;
}

/** Whose objects are counted. */
const CLASSES: Readonly<Record<string, abstract new (...given: never[]) => object>> = {
  Connection,
  Http1Channel,
  Socket: NetSocket as new () => Socket,
};

/** Collect what is not used any more. */
export async function collect(): Promise<void> {
  for (let round = 0; round < 6; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
}

export function lookAt(servers: readonly Counted[]): Remains {
  const stats = servers.map((server) => server.stats());
  const sum = (count: (one: ReturnType<Counted["stats"]>) => number): number =>
    stats.reduce((total, one) => total + count(one), 0);
  return {
    resources: countEach(process.getActiveResourcesInfo()),
    handles: (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles().length,
    deadlines: deadlines.size,
    connections: servers.reduce((total, { connections }) => total + connections.size, 0),
    pendingHandshakes: sum(({ pendingHandshakes }) => pendingHandshakes),
    unclosed: sum(({ opened, closed }) => opened - closed),
    subscribers: servers.reduce((total, server) => total + server.subscriberCount("news"), 0),
    heldBytes: sum(({ heldBytes }) => heldBytes),
    usedBytes: memoryBudget.usedBytes,
  };
}

/** How many objects there are in the heap that somebody can still reach. */
export function countObjects(): Record<string, number> {
  return Object.fromEntries(
    Object.entries(CLASSES).map(([name, one]) => [name, v8.queryObjects(one, { format: "count" })]),
  );
}

function countEach(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
