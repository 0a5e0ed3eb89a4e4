/** Field blocks as an attacker writes them (RFC 7541): literals alone, so that the order and each byte are the caller's. */

/** What a reference to the newest entry of the dynamic table looks like (§6.1): index 62. */
export const NEWEST = 0xbe;

/** A field as a literal without indexing (§6.2.2), or put into the table (§6.2.1).
 * @param {string} name
 * @param {string | Uint8Array} value
 * @param {{ stored?: boolean }} [options] */
export function field(name, value, { stored = false } = {}) {
  return Buffer.concat([Buffer.from([stored ? 0x40 : 0]), string(name), string(value)]);
}

/** @param {readonly (readonly [name: string, value: string])[]} fields */
export function fieldBlock(fields) {
  return Buffer.concat(fields.map(([name, value]) => field(name, value)));
}

/** A string without Huffman coding (§5.2).
 * @param {string | Uint8Array} value */
function string(value) {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** An integer behind a prefix of seven bits (§5.1).
 * @param {number} value */
function integer(value) {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest > 127; rest >>= 7) bytes.push(0x80 | (rest & 0x7f));
  return Buffer.from([...bytes, rest]);
}
