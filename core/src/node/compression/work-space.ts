/** How much is compressed or inflated at a time: more is collected in pieces of this size. */
export const CHUNK_BYTES = 65_536;

let input: Buffer | undefined;
let output: Buffer | undefined;

/** Where input is put together; its content is lost at the end of the turn. */
export function inputSpace(): Buffer {
  input ??= Buffer.allocUnsafeSlow(2 * CHUNK_BYTES);
  return input;
}

/** Where output is written to; its content is lost with the next job. */
export function outputSpace(): Buffer {
  output ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return output;
}
