/** How much is compressed or inflated at a time: more is collected in pieces of this size. */
export const CHUNK_BYTES = 65_536;

let input: Buffer | undefined;
let output: Buffer | undefined;
let past: Buffer | undefined;
/** For a message that does not fit into it. */
let largeOutput: Buffer | undefined;

/** The largest that is kept for the next message. */
const MOST_KEPT_BYTES = 4 << 20;

/** Where input is put together; its content is lost at the end of the turn. */
export function inputSpace(): Buffer {
  input ??= Buffer.allocUnsafeSlow(2 * CHUNK_BYTES);
  return input;
}

/** Where what was inflated before is written to again; nobody reads it. */
export function historySpace(): Buffer {
  past ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return past;
}

/** Where output is written to; its content is lost with the next job. */
export function outputSpace(): Buffer {
  output ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return output;
}

/** More room for what was written to the output space, or to what this gave before. Memory that is used again, so that messages which
 * turn out to be too large leave nothing to be collected.
 * @param full what there was, all of it written; it is copied to the front
 * @param mostBytes no more than so many will be needed
 * @returns room that is good until the next job */
export function moreOutput(full: Buffer, mostBytes: number): Buffer {
  // At once as much as is kept: what is allocated in steps has to be collected in steps
  const size = Math.max(full.length + 1, Math.min(mostBytes, Math.max(MOST_KEPT_BYTES, 4 * full.length)));
  if (largeOutput === undefined || largeOutput.length < size) {
    const grown = Buffer.allocUnsafeSlow(size);
    full.copy(grown);
    if (size <= MOST_KEPT_BYTES) largeOutput = grown;
    return grown;
  }
  // What this gave before lies there already
  if (full.buffer !== largeOutput.buffer) full.copy(largeOutput);
  return largeOutput.subarray(0, size);
}
