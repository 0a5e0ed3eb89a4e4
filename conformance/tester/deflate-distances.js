/**
 * How far a DEFLATE stream refers back. zlib does not tell: it checks only that there is something to refer to.
 * In: a stream that zlib has read without complaint. Out: the largest distance in it.
 * @see RFC 1951 §3.2
 */

/** Codes of an alphabet: in `table`, at the next `bits` bits of the stream, 16 × the symbol + the length of its code.
 * @typedef {{ table: Uint16Array, bits: number }} Codes */

const END_OF_BLOCK = 256;
/** §3.2.5: extra bits behind each length symbol. */
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/** §3.2.7: the order in which the lengths of the code length codes come. */
const LENGTHS_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** §3.2.6: the codes of blocks that bring none. */
const FIXED_LITERALS = codesOf([...repeat(8, 144), ...repeat(9, 112), ...repeat(7, 24), ...repeat(8, 8)]);
const FIXED_DISTANCES = codesOf(repeat(5, 30));

/** @param {Buffer} stream one or more complete blocks, the last of them ending on an octet
 * @returns {number} octets; 0 where nothing is referred to */
export function farthestDistance(stream) {
  const bits = new Bits(stream);
  let farthest = 0;
  while (!bits.ended) {
    const last = bits.take(1) === 1;
    const type = bits.take(2);
    if (type === 0) bits.skipOctets(storedLength(bits));
    else farthest = Math.max(farthest, farthestInBlock(bits, type === 1));
    // RFC 7692 §7.2.3.4: after a last block the next one begins on an octet
    if (last) bits.align();
  }
  return farthest;
}

/** @param {Bits} bits */
function storedLength(bits) {
  bits.align();
  const length = bits.take(16);
  bits.take(16); // its complement
  return length;
}

/** @param {Bits} bits
 * @param {boolean} fixed */
function farthestInBlock(bits, fixed) {
  const [literals, distances] = fixed ? [FIXED_LITERALS, FIXED_DISTANCES] : readCodes(bits);
  let farthest = 0;
  for (let symbol = bits.symbol(literals); symbol !== END_OF_BLOCK; symbol = bits.symbol(literals)) {
    if (symbol < END_OF_BLOCK) continue;
    bits.take(LENGTH_EXTRA[symbol - END_OF_BLOCK - 1] ?? 0);
    const distance = readDistance(bits, distances);
    if (distance > farthest) farthest = distance;
  }
  return farthest;
}

/** §3.2.5: from the fifth symbol on, each two have one more extra bit.
 * @param {Bits} bits
 * @param {Codes} codes */
function readDistance(bits, codes) {
  const symbol = bits.symbol(codes);
  if (symbol < 4) return symbol + 1;
  const extra = (symbol >> 1) - 1;
  return ((2 + (symbol & 1)) << extra) + bits.take(extra) + 1;
}

/** §3.2.7.
 * @param {Bits} bits
 * @returns {[Codes, Codes]} */
function readCodes(bits) {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const lengthLengths = repeat(0, LENGTHS_ORDER.length);
  for (const symbol of LENGTHS_ORDER.slice(0, bits.take(4) + 4)) lengthLengths[symbol] = bits.take(3);
  const codes = codesOf(lengthLengths);
  /** @type {number[]} */
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = bits.symbol(codes);
    const value = symbol < 16 ? symbol : symbol === 16 ? (lengths.at(-1) ?? 0) : 0;
    for (let times = timesOf(symbol, bits); times > 0; times--) lengths.push(value);
  }
  return [codesOf(lengths.slice(0, literals)), codesOf(lengths.slice(literals))];
}

/** How often a code length comes: up to 15 they stand for themselves, the other three repeat one.
 * @param {number} symbol
 * @param {Bits} bits */
function timesOf(symbol, bits) {
  if (symbol < 16) return 1;
  if (symbol === 16) return bits.take(2) + 3;
  return symbol === 17 ? bits.take(3) + 3 : bits.take(7) + 11;
}

/** §3.2.2: codes are given out by length, those of one length in the order of their symbols.
 * @param {number[]} lengths by symbol; 0: it has no code
 * @returns {Codes} */
function codesOf(lengths) {
  const bits = Math.max(...lengths);
  const table = new Uint16Array(2 ** bits);
  const next = firstCodes(lengths, bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] ?? 0;
    if (length === 0) continue;
    const code = next[length] ?? 0;
    next[length] = code + 1;
    // Codes begin with their highest bit, and are found whatever follows them
    for (let at = reversed(code, length); at < table.length; at += 1 << length) table[at] = symbol * 16 + length;
  }
  return { table, bits };
}

/** @param {number[]} lengths
 * @param {number} most
 * @returns {number[]} by length */
function firstCodes(lengths, most) {
  const counts = repeat(0, most + 1);
  for (const length of lengths) if (length > 0) counts[length] = (counts[length] ?? 0) + 1;
  const first = repeat(0, most + 1);
  for (let length = 1; length <= most; length++) {
    first[length] = ((first[length - 1] ?? 0) + (counts[length - 1] ?? 0)) * 2;
  }
  return first;
}

/** @param {number} code
 * @param {number} length */
function reversed(code, length) {
  let turned = 0;
  for (let bit = 0; bit < length; bit++) turned |= ((code >> bit) & 1) << (length - 1 - bit);
  return turned;
}

/** @param {number} value
 * @param {number} count
 * @returns {number[]} */
function repeat(value, count) {
  return new Array(count).fill(value);
}

/** §3.1.1: a stream read bit by bit, the lowest bit of each octet first. */
class Bits {
  #octets;
  #at = 0;
  /** Bits of the octets before `#at` that are not taken, and how many. */
  #held = 0;
  #count = 0;

  /** @param {Buffer} octets */
  constructor(octets) {
    this.#octets = octets;
  }

  /** Whether no octet is left that was not at least begun. */
  get ended() {
    return this.#at - (this.#count >> 3) >= this.#octets.length;
  }

  /** @param {number} count up to 16 */
  take(count) {
    const value = this.#peek(count);
    this.#drop(count);
    return value;
  }

  /** @param {Codes} codes */
  symbol({ table, bits }) {
    const entry = table[this.#peek(bits)] ?? 0;
    if (entry === 0) throw new Error("the DEFLATE stream has a code that stands for nothing");
    this.#drop(entry & 15);
    return entry >> 4;
  }

  align() {
    this.#drop(this.#count & 7);
  }

  /** @param {number} count from here, which is where an octet begins */
  skipOctets(count) {
    this.#at += count - this.#count / 8;
    this.#held = 0;
    this.#count = 0;
  }

  /** Beyond the end there are zeros, as many as the longest code may look at.
   * @param {number} count */
  #peek(count) {
    while (this.#count < count) {
      if (this.#at > this.#octets.length + 2) throw new Error("the DEFLATE stream does not end where it should");
      this.#held |= (this.#octets[this.#at++] ?? 0) << this.#count;
      this.#count += 8;
    }
    return this.#held & ((1 << count) - 1);
  }

  /** @param {number} count */
  #drop(count) {
    this.#held >>>= count;
    this.#count -= count;
  }
}
