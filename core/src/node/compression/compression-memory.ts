import { UsageError } from "../../engine/errors.ts";

/** Default of `limitBytes`. */
const DEFAULT_LIMIT_BYTES = 128 << 20;
/** What peers may oblige this process to remember is bounded by this part of the limit. */
const PART_FOR_HISTORIES = 0.5;

/** The memory that permessage-deflate takes in this process, all servers and clients together, and the limit of it.
 *
 * Where the limit is reached: zlib's states that were not used for the longest time are given up first, and their connections'
 * next messages are compressed without reference to those before. Half of the limit is for what peers may refer back to, reserved
 * when it is agreed on; when that is used up, servers agree on `client_no_context_takeover` and clients ask for
 * `server_no_context_takeover`, which needs no memory between messages. Nothing is refused. */
export class CompressionMemory {
  #limitBytes = DEFAULT_LIMIT_BYTES;
  #usedBytes = 0;
  #reservedBytes = 0;

  /** Default 128 MiB. A lower limit takes effect as states are needed next; what was agreed on stays. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  set limitBytes(bytes: number) {
    this.#limitBytes = readLimitBytes(bytes);
  }

  /** Bytes that zlib's states and what is remembered of messages take now. Those of the process itself, a few 100 KiB of work
   * space once compression was used, and of what the thread pool works on are not counted. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes that connections may come to remember, as agreed on with their peers. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Bytes that zlib's states may take. */
  get roomForStates(): number {
    return this.#limitBytes - this.#reservedBytes;
  }

  /** Whether a connection may agree on remembering so much. */
  hasRoomFor(historyBytes: number): boolean {
    return this.#reservedBytes + historyBytes <= this.#limitBytes * PART_FOR_HISTORIES;
  }

  /** Count what a connection may come to remember; below 0, when it has ended. */
  reserve(bytes: number): void {
    this.#reservedBytes += bytes;
  }

  /** Count what was allocated; below 0, what was given back. */
  use(bytes: number): void {
    this.#usedBytes += bytes;
  }
}

/** Check the limit of a memory of the process.
 * @throws UsageError for what is no number from 0 on */
export function readLimitBytes(bytes: unknown): number {
  if (typeof bytes === "number" && bytes >= 0) return bytes;
  throw new UsageError(`limitBytes is ${String(bytes)}; give a number of bytes from 0 on, or Infinity`);
}

/** The only one of the process. */
export const compressionMemory: CompressionMemory = new CompressionMemory();
