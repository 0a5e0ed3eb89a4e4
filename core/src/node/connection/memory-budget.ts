import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { readLimitBytes } from "../compression/compression-memory.ts";

/** What connections may hold, of what the process may have. */
const PART = 1 / 4;
const LEAST_BYTES = 32 << 20;

/** What each connection may hold whatever the others do: small messages go on while others fill the budget. */
export const FREE_BYTES = 65_536;

/** Bytes that the process may have: of the machine, of the container, or of V8's heap, whichever is least. */
export function processBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  // Without a constraint Node says 0, or a number beyond all machines
  return Math.min(totalmem(), constrained || Number.POSITIVE_INFINITY, getHeapStatistics().heap_size_limit);
}

/** The memory that the connections of this process hold, all servers and clients together, and the limit of it: of messages, frames
 * and reads that are not complete or not asked for, and of what peers have not read. Compression has a limit of its own,
 * `compressionMemory`.
 *
 * Above the limit a connection that holds more than 64 KiB and would hold more is failed: MEMORY_FULL, close 1013; with
 * `backpressure.policy: "drop"` a message to a slow peer is dropped instead. The others go on. */
export class MemoryBudget {
  #limitBytes: number | undefined;
  #usedBytes = 0;

  /** Default: a quarter of what the machine, the container or V8's heap has, the least of them, and not less than 32 MiB. A lower
   * limit takes effect as connections want more. */
  get limitBytes(): number {
    this.#limitBytes ??= Math.max(LEAST_BYTES, Math.floor(processBytes() * PART));
    return this.#limitBytes;
  }

  set limitBytes(bytes: number) {
    this.#limitBytes = readLimitBytes(bytes);
  }

  /** Bytes held now. What is prepared once for many slow peers is counted for each of them. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether so much more may be held by who holds more than is free to each. */
  hasRoomFor(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.limitBytes;
  }

  /** Count what a connection holds more than before; below 0, less. */
  change(bytes: number): void {
    this.#usedBytes += bytes;
  }
}

/** The only one of the process. */
export const memoryBudget: MemoryBudget = new MemoryBudget();
