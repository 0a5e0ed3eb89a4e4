import { constants as bufferConstants } from "node:buffer";
import * as zlib from "node:zlib";
import { type LimitError, ProtocolError } from "../../engine/errors.ts";
import type { InflateJob } from "../../engine/protocol/jobs.ts";
import { type Inflated, judgeEnd, type Past, peersFault, putWithTail, TAIL_BYTES, tooBig, whole } from "./inflated.ts";
import { CHUNK_BYTES } from "./work-space.ts";

/** One message, inflated by Node's public functions: each call is given what came before, and gives the inflater up. */
export class PublicInflation {
  readonly #job: InflateJob;
  readonly #input: Buffer;
  readonly #pieces: Uint8Array[] = [];
  #total = 0;
  #at = 0;

  constructor(job: InflateJob) {
    this.#job = job;
    this.#input = Buffer.allocUnsafeSlow(job.end - job.start + TAIL_BYTES);
    putWithTail(job, this.#input);
  }

  run(past: Past): Inflated {
    for (;;) {
      const step = inflateOnce(this.#input.subarray(this.#at), this.#options(past));
      if (step instanceof Error) throw this.#judge(step);
      const inflated = this.#take(step, past);
      if (inflated !== undefined) return inflated;
    }
  }

  runLater(past: Past, done: (result: Inflated | ProtocolError | LimitError) => void): void {
    zlib.inflateRaw(this.#input.subarray(this.#at), this.#options(past), (error, result) => {
      try {
        if (error !== null) throw this.#judge(error);
        const inflated = this.#take(result, past);
        if (inflated === undefined) this.runLater(past, done);
        else done(inflated);
      } catch (failure) {
        done(peersFault(failure, this.#job));
      }
    });
  }

  #options({ history }: Past): zlib.ZlibOptions {
    // Node takes no limit of 0 and none above its largest Buffer
    const left = Math.max(1, this.#job.maxBytes - this.#total);
    return {
      ...(history === undefined || history.isEmpty ? {} : { dictionary: Buffer.from(history.bytes) }),
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.min(left, bufferConstants.MAX_LENGTH),
      chunkSize: CHUNK_BYTES,
      info: true,
    };
  }

  #judge(error: Error & { readonly code?: unknown }): ProtocolError | LimitError {
    if (error.code === "ERR_BUFFER_TOO_LARGE") return tooBig(this.#job, this.#job.maxBytes + 1);
    return new ProtocolError("BAD_DEFLATE");
  }

  /** @returns undefined while there is more input */
  #take(result: unknown, past: Past): Inflated | undefined {
    const { piece, used } = readResult(result);
    this.#total += piece.length;
    if (this.#total > this.#job.maxBytes) throw tooBig(this.#job, this.#total);
    this.#at += used;
    this.#pieces.push(piece);
    past.push(piece, 0, piece.length);
    if (judgeEnd(this.#input.length - this.#at) === "whole") {
      return whole(this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces));
    }
    past.goOn(this.#pieces);
    return undefined;
  }
}

function inflateOnce(input: Uint8Array, options: zlib.ZlibOptions): unknown {
  try {
    return zlib.inflateRawSync(input, options);
  } catch (error) {
    return error;
  }
}

/** With `info` Node tells how much of the input was used; its types know nothing of it. */
function readResult(result: unknown): { piece: Uint8Array; used: number } {
  if (typeof result === "object" && result !== null && "buffer" in result && "engine" in result) {
    const { buffer, engine } = result;
    if (buffer instanceof Uint8Array && typeof engine === "object" && engine !== null && "bytesWritten" in engine) {
      return { piece: buffer, used: Number(engine.bytesWritten) };
    }
  }
  throw new TypeError("zlib gave no { buffer, engine } although `info` was asked for");
}
