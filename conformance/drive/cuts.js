/**
 * How what the tester writes is cut into pieces that arrive one by one: "whole" is as the case says, "bytes" is each
 * octet alone, "random" is anywhere, across frames too.
 * In: writes. Out: pieces, as views of them.
 */

/** @typedef {"whole" | "bytes" | "random"} Cut */
/** @typedef {import("../tester/dice.js").Dice} Dice */

/** @type {readonly Cut[]} */
export const CUTS = ["whole", "bytes", "random"];

/** With "bytes", beyond the octets that are alone: octets in a piece; a prime, so that frames are cut anywhere. */
const REST = 997;
/** With "random": pieces of up to 2 to the power of this many octets. */
const MOST_BITS = 16;

/** Cuts the writes of one connection. */
export class Cutter {
  /** @type {Cut} */ #cut;
  /** @type {Dice} */ #roll;
  #single;

  /** @param {Cut} cut
   * @param {Dice} roll
   * @param {number} single with "bytes": how many octets of the connection may be pieces of their own */
  constructor(cut, roll, single) {
    this.#cut = cut;
    this.#roll = roll;
    this.#single = single;
  }

  /** @param {Buffer} bytes
   * @param {number} [chop] the pieces of "whole"
   * @returns {Generator<Buffer, void>} */
  pieces(bytes, chop = bytes.length) {
    if (this.#cut === "whole") return slices(bytes, () => chop);
    return this.#cut === "bytes" ? this.#byOctet(bytes) : this.#anywhere(bytes);
  }

  /** Half of those that may still be alone are at the front of a write, half at its end.
   * @param {Buffer} bytes */
  #byOctet(bytes) {
    const { length } = bytes;
    const alone = Math.min(length, this.#single);
    this.#single -= alone;
    const restStart = Math.ceil(alone / 2);
    const restEnd = length - Math.floor(alone / 2);
    return slices(bytes, (at) => (at < restStart || at >= restEnd ? 1 : Math.min(REST, restEnd - at)));
  }

  /** @param {Buffer} bytes */
  #anywhere(bytes) {
    const bits = Math.min(MOST_BITS, Math.ceil(Math.log2(bytes.length + 1)));
    return slices(bytes, () => 1 + this.#roll(2 ** (1 + this.#roll(bits))));
  }
}

/** @param {Buffer} bytes
 * @param {(at: number) => number} lengthAt
 * @returns {Generator<Buffer, void>} */
function* slices(bytes, lengthAt) {
  for (let at = 0; at < bytes.length; ) {
    const end = at + lengthAt(at);
    yield bytes.subarray(at, end);
    at = end;
  }
}
