/**
 * Inflates what came compressed. In: a job, and the history that it may refer to. Out: bytes that are lent, or an error. Small
 * jobs are done at once, by one inflater for all connections: it is fed the history of the one whose message comes next. Large
 * ones go to the thread pool, by Node's public functions. Neither holds more than the limit and one piece, however well
 * something was compressed.
 */
import { type LimitError, ProtocolError } from "../../engine/errors.ts";
import type { InflateJob } from "../../engine/protocol/jobs.ts";
import type { History } from "./history.ts";
import { type Inflated, judgeEnd, Past, putWithTail, tooBig, whole } from "./inflated.ts";
import { PublicInflation } from "./public-inflation.ts";
import { openInflater, type RawZlib } from "./raw-zlib.ts";
import { CHUNK_BYTES, inputSpace, outputSpace } from "./work-space.ts";

/** The inflater of all connections. */
let shared: RawZlib | undefined;

/** Inflate a message in this turn.
 * @param history what it may refer to, to which it is added; undefined without context takeover
 * @throws ProtocolError BAD_DEFLATE, LimitError MESSAGE_TOO_BIG */
export function inflateNow(job: InflateJob, history: History | undefined): Inflated {
  shared ??= openInflater();
  const isLarge = job.end - job.start > CHUNK_BYTES;
  const inflation = shared === undefined || isLarge ? new PublicInflation(job) : new SharedInflation(shared, job);
  const past = new Past(history);
  try {
    return inflation.run(past);
  } finally {
    past.release();
  }
}

/** Inflate a message on the thread pool. The job's bytes are copied now; the history is not to be used until it is done.
 * @param history as for `inflateNow`
 * @returns begins it; `done` gets what `inflateNow` returns or throws */
export function prepareInflation(
  job: InflateJob,
  history: History | undefined,
): (done: (result: Inflated | ProtocolError | LimitError) => void) => void {
  const inflation = new PublicInflation(job);
  const past = new Past(history);
  return (done) =>
    inflation.runLater(past, (result) => {
      past.release();
      done(result);
    });
}

/** One message, inflated by the shared inflater. */
class SharedInflation {
  readonly #inflater: RawZlib;
  readonly #job: InflateJob;
  #pieces: Uint8Array[] | undefined;
  #total = 0;

  constructor(inflater: RawZlib, job: InflateJob) {
    this.#inflater = inflater;
    this.#job = job;
  }

  run(past: Past): Inflated {
    const inflater = this.#inflater;
    const input = inputSpace();
    const length = putWithTail(this.#job, input);
    const output = outputSpace();
    this.#begin(past);
    for (let at = 0; ; ) {
      if (!inflater.run(input, at, length, output, 0)) throw new ProtocolError("BAD_DEFLATE");
      const { inputLeft, outputLeft } = inflater;
      at = length - inputLeft;
      const produced = output.length - outputLeft;
      this.#total += produced;
      if (this.#total > this.#job.maxBytes) throw tooBig(this.#job, this.#total);
      past.push(output, 0, produced);
      if (outputLeft > 0 && judgeEnd(inputLeft) === "whole") return this.#finish(output, produced);
      this.#pieces ??= [];
      this.#pieces.push(Buffer.from(output.subarray(0, produced)));
      if (outputLeft > 0) {
        past.goOn(this.#pieces);
        this.#begin(past);
      }
    }
  }

  /** Let the inflater have what came before. */
  #begin({ history }: Past): void {
    this.#inflater.reset();
    if (history === undefined || history.isEmpty) return;
    const block = history.asStoredBlock();
    this.#inflater.run(block, 0, block.length, outputSpace(), 0);
  }

  #finish(output: Uint8Array, produced: number): Inflated {
    if (this.#pieces === undefined) return { bytes: output, start: 0, end: produced };
    this.#pieces.push(output.subarray(0, produced));
    return whole(Buffer.concat(this.#pieces, this.#total));
  }
}
