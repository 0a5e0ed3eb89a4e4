import { readFileSync } from "node:fs";

/** The part of the open files that is left to the application, and the least and the most of it. */
const LEFT_PART = 0.1;
const LEAST_LEFT = 32;
const MOST_LEFT_PART = 0.5;

/** How many sockets a server may have open, so that the process has files left for others. With none left libuv closes clients
 * without a word, and spins where another thread takes its last one (docs/decisions/016).
 * @returns Infinity where the system does not tell, as all but Linux */
export function mostSockets(limits: string | undefined = readLimits()): number {
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(limits ?? "") ?? [];
  if (soft === undefined) return Number.POSITIVE_INFINITY;
  const files = Number(soft);
  const left = Math.min(Math.max(files * LEFT_PART, LEAST_LEFT), files * MOST_LEFT_PART);
  return Math.max(1, Math.floor(files - left));
}

function readLimits(): string | undefined {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return undefined;
  }
}
