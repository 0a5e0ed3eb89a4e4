/**
 * Inflates what came compressed. In: a job, and the history that it may refer to. Out: bytes that are lent, or an error. Small
 * jobs are done at once, by one inflater for all connections: it is fed the history of the one whose message comes next. Large
 * ones go to the thread pool, by Node's public functions. Neither holds more than the limit and one piece, however well
 * something was compressed.
 */
import { type LimitError, ProtocolError } from "../../engine/errors.ts";
import type { InflateJob } from "../../engine/protocol/jobs.ts";
import type { History } from "./history.ts";
import { type Inflated, judgeEnd, Past, putWithTail, tooBig } from "./inflated.ts";
import { PublicInflation } from "./public-inflation.ts";
import { openInflater, type RawZlib } from "./raw-zlib.ts";
import { CHUNK_BYTES, historySpace, inputSpace, moreOutput, outputSpace } from "./work-space.ts";

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

  constructor(inflater: RawZlib, job: InflateJob) {
    this.#inflater = inflater;
    this.#job = job;
  }

  run(past: Past): Inflated {
    const inflater = this.#inflater;
    const input = inputSpace();
    const length = putWithTail(this.#job, input);
    const { maxBytes } = this.#job;
    this.#begin(past);
    let output = outputSpace();
    for (let at = 0, end = 0; ; ) {
      const start = end;
      if (!inflater.run(input, at, length, output, start)) throw new ProtocolError("BAD_DEFLATE");
      const { inputLeft, outputLeft } = inflater;
      at = length - inputLeft;
      end = output.length - outputLeft;
      if (end > maxBytes) throw tooBig(this.#job, end);
      past.push(output, start, end);
      if (outputLeft > 0) {
        if (judgeEnd(inputLeft) === "whole") return { bytes: output, start: 0, end };
        past.goOn([output.subarray(0, end)]);
        this.#begin(past);
      } else {
        // One byte more than may be shows that it is too much
        output = moreOutput(output, maxBytes + 1);
      }
    }
  }

  /** Let the inflater have what came before. */
  #begin({ history }: Past): void {
    this.#inflater.reset();
    if (history === undefined || history.isEmpty) return;
    const block = history.asStoredBlock();
    this.#inflater.run(block, 0, block.length, historySpace(), 0);
  }
}
