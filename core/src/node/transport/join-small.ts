const EMPTY: Uint8Array = new Uint8Array(0);
/** Several small arrays are cheaper to copy into one than to write as several: 1 µs against 3 µs for 4 × 64 bytes. */
const JOIN_UP_TO = 16_384;

let space: Buffer | undefined;

/** Several arrays as one, where they are small enough; a single one as it is.
 * @returns undefined where they are better written one by one; a new content of the same memory with each call until that is
 *   given away with `releaseJoined` */
export function joinSmall(chunks: readonly Uint8Array[]): Uint8Array | undefined {
  if (chunks.length === 1) return chunks[0];
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  if (length > JOIN_UP_TO) return undefined;
  if (length === 0) return EMPTY;
  space ??= Buffer.allocUnsafeSlow(JOIN_UP_TO);
  let at = 0;
  for (const chunk of chunks) {
    space.set(chunk, at);
    at += chunk.length;
  }
  return space.subarray(0, length);
}

/** The system or a stream will read from it later. */
export function releaseJoined(joined: Uint8Array): void {
  if (joined.buffer === space?.buffer) space = undefined;
}
