/**
 * The ways in which a message is inflated, as functions that a test can call alike. In: DEFLATE data, in an array that is
 * only lent. Out: a promise of a copy of the message, or of the error.
 */
import * as zlib from "node:zlib";
import { LimitError, ProtocolError } from "../../../src/engine/errors.ts";
import type { InflateJob } from "../../../src/engine/protocol/jobs.ts";
import type { History } from "../../../src/node/compression/history.ts";
import type { Inflated } from "../../../src/node/compression/inflated.ts";
import { inflateNow, prepareInflation } from "../../../src/node/compression/inflater.ts";

export interface InflateOptions {
  /** Without one it is inflated without context takeover. */
  readonly history?: History;
  readonly maxBytes?: number;
}

export type Inflate = (data: Uint8Array, options?: InflateOptions) => Promise<Buffer>;

const JUNK = 0xdd;

/** In this turn, by whatever this process uses for it. */
async function now(data: Uint8Array, { history, maxBytes = 1 << 30 }: InflateOptions = {}): Promise<Buffer> {
  return copyOf(inflateNow(lend(data, maxBytes), history));
}

function later(data: Uint8Array, { history, maxBytes = 1 << 30 }: InflateOptions = {}): Promise<Buffer> {
  const job = lend(data, maxBytes);
  const start = prepareInflation(job, history);
  // What was lent is somebody else's from here on
  job.bytes.fill(JUNK);
  return new Promise((resolve, reject) => {
    start((result) => {
      if (result instanceof ProtocolError || result instanceof LimitError) reject(result);
      else resolve(copyOf(result));
    });
  });
}

export const WAYS: readonly (readonly [name: string, inflate: Inflate])[] = [
  ["in this turn", now],
  ["on the thread pool", later],
];

/** The bytes of spaced hex. */
export function bytes(spacedHex: string): Buffer {
  return Buffer.from(spacedHex.replaceAll(" ", ""), "hex");
}

/** As it stands in frames, by itself. */
export function deflated(message: string | Uint8Array, options: zlib.ZlibOptions = {}): Buffer {
  return zlib.deflateRawSync(message, { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4);
}

/** A job whose bytes stand somewhere in a larger array. */
function lend(data: Uint8Array, maxBytes: number): InflateJob {
  const bytes = Buffer.alloc(data.length + 12, JUNK);
  bytes.set(data, 5);
  return { type: "inflate", bytes, start: 5, end: 5 + data.length, maxBytes };
}

function copyOf({ bytes, start, end }: Inflated): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}
