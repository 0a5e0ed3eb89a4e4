/**
 * Does the engine's jobs for one connection. In: jobs. Out: their results, handed to the engine. It decides where they are done:
 * small ones in this turn, large ones on the thread pool, a few at a time. As long as there was no job it holds nothing.
 */
import { LimitError, ProtocolError } from "../../engine/errors.ts";
import type { DeflateJob, InflateJob, Job } from "../../engine/protocol/jobs.ts";
import { compressionMemory } from "./compression-memory.ts";
import type { DeflateScheme } from "./deflate-scheme.ts";
import { type DeflateState, dropState, type StateOwner } from "./deflate-states.ts";
import { type Deflated, deflateLater, deflateNow } from "./deflater.ts";
import { History } from "./history.ts";
import { type Inflated, peersFault } from "./inflated.ts";
import { inflateNow, prepareInflation } from "./inflater.ts";
import { type PoolTask, runOnThreadPool, takeBack } from "./thread-pool.ts";
import { inputSpace } from "./work-space.ts";

/** Up to so many bytes are deflated in this turn: 0.2 ms (docs/decisions/009). */
export const DEFLATE_NOW_UP_TO = 32_768;
/** Up to so many bytes of DEFLATE data are inflated in this turn: 0.1 ms as a rule, 10 ms and 16 MiB if somebody means harm. */
export const INFLATE_NOW_UP_TO = 16_384;
/** A character of a JavaScript string becomes at most 3 bytes of UTF-8. */
const BYTES_PER_UNIT = 3;
const NOTHING: Uint8Array = new Uint8Array(0);

/** The engine, as far as jobs go. */
export interface JobTarget {
  finishJob(job: Job, bytes: Uint8Array, start: number, end: number): boolean;
  failJob(job: InflateJob, error: ProtocolError | LimitError, nowMs: number): void;
}

/** Whoever has to wait for a job. */
export interface JobWaiter {
  jobDone(): void;
}

export class Codec implements StateOwner {
  state: DeflateState | undefined = undefined;
  readonly #scheme: DeflateScheme;
  #inflatedBytes = 0;
  #history: History | undefined;
  /** What waits for the thread pool, and what is done where it is not wanted any more. */
  #waiting: Map<PoolTask, () => void> | undefined;

  constructor(scheme: DeflateScheme) {
    this.#scheme = scheme;
    compressionMemory.reserve(scheme.historyBytes);
  }

  /** How messages are compressed here. */
  get scheme(): DeflateScheme {
    return this.#scheme;
  }

  /** How many bytes were inflated since this was called last. */
  takeInflatedBytes(): number {
    const bytes = this.#inflatedBytes;
    this.#inflatedBytes = 0;
    return bytes;
  }

  /** Inflate what was received.
   * @param waiter told when the result was handed over in a later turn; without one it is now
   * @returns whether it was handed over already */
  inflate(job: InflateJob, target: JobTarget, waiter?: JobWaiter): boolean {
    const { keepsPeers, peerWindowBits } = this.#scheme;
    if (keepsPeers) this.#history ??= new History(peerWindowBits);
    const history = this.#history;
    if (waiter === undefined || job.end - job.start <= INFLATE_NOW_UP_TO) {
      this.#handOver(job, tryToInflate(job, history), target);
      return true;
    }
    const start = prepareInflation(job, history);
    const task: PoolTask = (done) =>
      start((result) => {
        done();
        // The connection has ended meanwhile
        if (this.#history !== history) history?.clear();
        this.#handOver(job, result, target);
        waiter.jobDone();
      });
    this.#runLater(task, () => {});
    return false;
  }

  #handOver(job: InflateJob, result: Inflated | ProtocolError | LimitError, target: JobTarget): void {
    if (result instanceof ProtocolError || result instanceof LimitError) {
      target.failJob(job, result, performance.now());
    } else {
      this.#inflatedBytes += result.end - result.start;
      target.finishJob(job, result.bytes, result.start, result.end);
    }
  }

  /** Deflate what is to be sent.
   * @returns undefined when the result was handed over; else it is later, and the promise says whether the engine could use it, or
   *   rejects where memory has run out */
  deflate(job: DeflateJob, target: JobTarget): Promise<boolean> | undefined {
    const bytes = encode(job.data);
    const { deflate, keepsOwn } = this.#scheme;
    const owner = keepsOwn ? this : this.#scheme;
    if (bytes.length <= DEFLATE_NOW_UP_TO) {
      const { bytes: deflated, length } = deflateNow(owner, deflate, keepsOwn, bytes);
      target.finishJob(job, deflated, 0, length);
      return undefined;
    }
    const kept = Buffer.from(bytes);
    // What waits is not to be there twice
    job.data = NOTHING;
    // The peer's window will hold what this connection's deflater has not seen
    dropState(this);
    return new Promise((resolve, reject) => {
      const task: PoolTask = (done) =>
        deflateLater(deflate, kept, (result) => {
          done();
          if (result instanceof Error) reject(result);
          else resolve(target.finishJob(job, result.bytes, 0, result.length));
        });
      this.#runLater(task, () => resolve(false));
    });
  }

  /** @param giveUp called instead where the connection ends before it has begun */
  #runLater(task: PoolTask, giveUp: () => void): void {
    const begin: PoolTask = (done) => {
      this.#waiting?.delete(begin);
      if (this.#waiting?.size === 0) this.#waiting = undefined;
      task(done);
    };
    this.#waiting ??= new Map();
    this.#waiting.set(begin, giveUp);
    runOnThreadPool(begin);
  }

  /** The peer has been sent a compressed message that this codec has not seen: the next one may not refer to those before it. */
  forgetOwn(): void {
    dropState(this);
  }

  /** The connection has ended: what waits is given up, and its memory with it. Once. */
  close(): void {
    for (const [task, giveUp] of this.#waiting ?? []) {
      takeBack(task);
      giveUp();
    }
    this.#waiting = undefined;
    compressionMemory.reserve(-this.#scheme.historyBytes);
    dropState(this);
    this.#history?.clear();
    this.#history = undefined;
  }
}

/** Compress a message for many: without reference to any other.
 * @returns a copy, in this turn where the message is small */
export function deflateAlone(scheme: DeflateScheme, bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
  if (bytes.length <= DEFLATE_NOW_UP_TO) return copyOf(deflateNow(scheme, scheme.deflate, false, bytes));
  return new Promise((resolve, reject) => {
    runOnThreadPool((done) =>
      deflateLater(scheme.deflate, bytes, (result) => {
        done();
        if (result instanceof Error) reject(result);
        else resolve(copyOf(result));
      }),
    );
  });
}

function copyOf({ bytes, length }: Deflated): Uint8Array {
  return Buffer.from(bytes.subarray(0, length));
}

function tryToInflate(job: InflateJob, history: History | undefined): Inflated | ProtocolError | LimitError {
  try {
    return inflateNow(job, history);
  } catch (error) {
    return peersFault(error, job);
  }
}

/** Bytes that are good until the next job. */
function encode(data: string | Uint8Array): Uint8Array {
  if (typeof data !== "string") return data;
  const space = inputSpace();
  if (data.length * BYTES_PER_UNIT > space.length) return Buffer.from(data);
  return space.subarray(0, space.write(data));
}
