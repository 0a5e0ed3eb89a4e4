/**
 * What is set for the whole process, as in the original: `setMaxBufferLength` and `setBinaryFragmentation`.
 * In: numbers. Out: the limits object that all servers and clients of this package share, so that a change holds for
 * connections that are open.
 */
import { type SharedLimits, sharedLimits } from "polysocket";

const DEFAULT_BUFFER_BYTES = 2_097_152;
const DEFAULT_FRAGMENT_BYTES = 524_288;
/** Never less for a text in many frames, which the original did not limit at all. */
const LEAST_ASSEMBLED_BYTES = 16 << 20;
/** What Node's HTTP parser takes by default, and what it can count. */
const LEAST_HEADER_BYTES = 16_384;
const MOST_HEADER_BYTES = 2 ** 31 - 1;

let bufferBytes = DEFAULT_BUFFER_BYTES;
let fragmentBytes = DEFAULT_FRAGMENT_BYTES;

const shared: SharedLimits = sharedLimits({
  maxIncompleteFrameBytes: DEFAULT_BUFFER_BYTES,
  maxAssembledBytes: LEAST_ASSEMBLED_BYTES,
  // A frame that is complete is delivered, whatever its size
  maxMessageBytes: Number.POSITIVE_INFINITY,
  maxFragments: Number.POSITIVE_INFINITY,
  messageTimeoutMs: Number.POSITIVE_INFINITY,
});

/** For the option `limits` of the core. */
export const limits: SharedLimits["limits"] = shared.limits;

/** Most bytes that may wait for the rest of a frame, or of a handshake; also for connections that are open. No value is
 * refused, as in the original: what is no number is no limit. */
export function setMaxBufferLength(bytes: number): void {
  bufferBytes = limitOf(bytes);
  shared.change({
    maxIncompleteFrameBytes: bufferBytes,
    maxAssembledBytes: Math.max(LEAST_ASSEMBLED_BYTES, bufferBytes),
  });
}

/** In the range of what the core's limits can be. */
function limitOf(bytes: number): number {
  const wanted = Math.floor(Number(bytes));
  return Number.isSafeInteger(wanted) ? Math.max(1, wanted) : Number.POSITIVE_INFINITY;
}

export function maxBufferLength(): number {
  return bufferBytes;
}

/** For Node's HTTP parser, which counts what is complete as well, so that its own default is the least. */
export function mostHeaderBytes(): number {
  return Math.max(LEAST_HEADER_BYTES, Math.min(bufferBytes, MOST_HEADER_BYTES));
}

/** How many bytes an OutStream collects before it sends a frame; for streams that begin from now on. What is no number is
 * never reached, so that all goes out as one frame. */
export function setBinaryFragmentation(bytes: number): void {
  fragmentBytes = Number(bytes);
}

export function binaryFragmentation(): number {
  return fragmentBytes;
}
