/**
 * Header fields as octets. In: names and values, also such as are not allowed. Out: field blocks, and fields of a peer's.
 * @see RFC 7541
 */
import { createRequire } from "node:module";

/** @typedef {readonly [name: string, value: string]} Field */
/** What hpack.js, which has no types, gives us.
 * @typedef {{ write: (data: unknown) => void, read: () => any, execute: () => void, on: (name: string, listener: (error: Error) => void) => void }} Coder
 * @typedef {{ create: (options: { table: { size: number } }) => Coder }} CoderType */

const hpack = /** @type {{ compressor: CoderType, decompressor: CoderType }} */ (
  createRequire(import.meta.url)("hpack.js")
);

/** RFC 9113 §6.5.2: SETTINGS_HEADER_TABLE_SIZE until somebody changes it; the kit does not. */
const TABLE = { table: { size: 4_096 } };

/** Each field as a literal that is not indexed, without Huffman coding: every octet can be written so.
 * @param {readonly Field[]} fields
 * @see RFC 7541 §6.2.2 */
export function formatFields(fields) {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), formatString(name), formatString(value)]));
}

/** @param {string} text one octet for each character */
function formatString(text) {
  const octets = Buffer.from(text, "latin1");
  return Buffer.concat([formatLength(octets.length), octets]);
}

/** @param {number} length with a prefix of 7 bits
 * @see RFC 7541 §5.1 */
function formatLength(length) {
  if (length < 127) return Buffer.from([length]);
  const octets = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>= 7) octets.push((rest & 127) | 128);
  return Buffer.from([...octets, rest]);
}

/** Writes fields as most clients do: indexed, and with Huffman coding. One for each connection. */
export class IndexingWriter {
  #compressor = hpack.compressor.create(TABLE);

  /** @param {readonly Field[]} fields
   * @returns {Buffer} */
  format(fields) {
    this.#compressor.write(fields.map(([name, value]) => ({ name, value })));
    return drain(this.#compressor);
  }
}

/** Reads what a peer has written. One for each connection. */
export class FieldReader {
  #decompressor = hpack.decompressor.create(TABLE);
  /** @type {Error | undefined} */
  #failure;

  constructor() {
    this.#decompressor.on("error", (error) => {
      this.#failure = error;
    });
  }

  /** @param {Buffer} block
   * @returns {Field[]}
   * @throws Error where it is not HPACK */
  read(block) {
    this.#decompressor.write(block);
    this.#decompressor.execute();
    if (this.#failure !== undefined) throw this.#failure;
    const fields = [];
    for (;;) {
      const field = /** @type {{ name: string, value: string } | null} */ (this.#decompressor.read());
      if (field === null) return fields;
      fields.push(/** @type {const} */ ([field.name, field.value]));
    }
  }
}

/** @param {Coder} coder
 * @returns {Buffer} */
function drain(coder) {
  const octets = /** @type {Buffer | null} */ (coder.read());
  return octets ?? Buffer.alloc(0);
}
