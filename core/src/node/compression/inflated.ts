/**
 * What both ways of inflating have in common: what a message may refer to, how its end is made whole and judged, what the
 * result is, and whose fault a failure is.
 */
import { LimitError, ProtocolError } from "../../engine/errors.ts";
import type { InflateJob } from "../../engine/protocol/jobs.ts";
import { History } from "./history.ts";

/** What the sender left away at the end of a message (RFC 7692 §7.2.2), then an empty last block, and one byte more: if the
 * data end before just that byte, they were whole. Whoever is in the middle of a block takes what is here for something else. */
const TAIL: Uint8Array = new Uint8Array([0x00, 0x00, 0xff, 0xff, 0x03, 0x00, 0x00]);
export const TAIL_BYTES: number = TAIL.length;
/** DEFLATE data may end within a message, and others follow. Each end costs as much as a history is long.
 * @see RFC 7692 §7.2.3.4 */
const MOST_ENDS = 16;

const LARGEST_WINDOW_BITS = 15;

/** Bytes that are lent until the next job, at `start` to `end`. */
export interface Inflated {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The error for what was thrown, where the peer is to blame: its data, or a size for which there is no room.
 * @throws what is nobody's but ours */
export function peersFault(failure: unknown, job: InflateJob): ProtocolError | LimitError {
  if (failure instanceof ProtocolError || failure instanceof LimitError) return failure;
  if (failure instanceof RangeError) return tooBig(job, job.maxBytes);
  throw failure;
}

/** All of an array. */
export function whole(bytes: Uint8Array): Inflated {
  return { bytes, start: 0, end: bytes.length };
}

/** What comes of having inflated until the data ended or the input was used up: "whole" when that was all; "more" when the data
 * have ended before the message, and others follow.
 * @param left bytes of the input, tail included, that were not used
 * @throws ProtocolError BAD_DEFLATE for data that are cut off */
export function judgeEnd(left: number): "whole" | "more" {
  // §7.2.3.4: who ends the data may leave away the empty block after them
  if (left === 1 || left === TAIL.length) return "whole";
  if (left > TAIL.length) return "more";
  throw new ProtocolError("BAD_DEFLATE", "the data are cut off");
}

/** Write the job's bytes, and the tail, to the front of an array that has room for them.
 * @returns their length */
export function putWithTail({ bytes, start, end }: InflateJob, target: Uint8Array): number {
  target.set(bytes.subarray(start, end), 0);
  const length = end - start;
  target.set(TAIL, length);
  return length + TAIL.length;
}

/** The message has become more than it may, so many bytes at least. */
export function tooBig({ maxBytes }: InflateJob, seen: number): LimitError {
  const error = new LimitError("MESSAGE_TOO_BIG", maxBytes, seen);
  // Until its text is asked for an error remembers who called, and so all that zlib has put out; the connection keeps the error
  void error.stack;
  return error;
}

/** What a message may refer to: the connection's history, or, once its data have ended and go on, itself. */
export class Past {
  #history: History | undefined;
  readonly #isKept: boolean;
  #ends = 0;

  /** @param history undefined without context takeover */
  constructor(history: History | undefined) {
    this.#history = history;
    this.#isKept = history !== undefined;
  }

  get history(): History | undefined {
    return this.#history;
  }

  /** The bytes from `start` to `end` come next. */
  push(bytes: Uint8Array, start: number, end: number): void {
    this.#history?.push(bytes, start, end);
  }

  /** The data have ended within the message. What follows may refer to what came before.
   * @param pieces what the message has become so far
   * @throws ProtocolError BAD_DEFLATE when that was once too often */
  goOn(pieces: readonly Uint8Array[]): void {
    this.#ends += 1;
    if (this.#ends > MOST_ENDS) {
      throw new ProtocolError("BAD_DEFLATE", `the data end more than ${MOST_ENDS} times in one message`);
    }
    if (this.#history !== undefined) return;
    this.#history = new History(LARGEST_WINDOW_BITS);
    for (const piece of pieces) this.#history.push(piece, 0, piece.length);
  }

  /** The message is done, or never will be. */
  release(): void {
    if (!this.#isKept) this.#history?.clear();
  }
}
