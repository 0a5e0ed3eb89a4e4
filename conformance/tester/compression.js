/**
 * The messages of a connection with permessage-deflate, compressed and restored exactly as was agreed on.
 * In: messages, or payloads of compressed ones, in the order of their sending. Out: the other; an Error where the peer has
 * not kept to the agreement.
 * Each call begins anew, with the octets that came before as its dictionary: so no more is known of them than was agreed.
 * @see RFC 7692 §7.2
 */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { farthestDistance } from "./deflate-distances.js";

/** @typedef {import("./deflate-negotiation.js").Agreement} Agreement */
/** @typedef {import("./deflate-negotiation.js").Direction} Direction */
/** @typedef {import("./dice.js").Dice} Dice */

/** §7.2.1: the end of a flushed block, which is left out on the wire. */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
/** An empty last block. Only if everything before it is complete does it make a complete stream. */
const LAST_BLOCK = Buffer.from([3, 0]);
/** The farthest that DEFLATE can refer back. */
const LARGEST_WINDOW = 32_768;
/** More than any message has. */
const MOST_OCTETS = 16 * 1024 * 1024;
const CHUNK = 65_536;

/** The kinds of blocks that DEFLATE has. @type {readonly import("node:zlib").ZlibOptions[]} */
const FORMS = [
  { level: 1 },
  // A small memory makes many blocks
  { level: 1, memLevel: 1 },
  { strategy: constants.Z_FIXED },
  { strategy: constants.Z_HUFFMAN_ONLY },
  // Stored, without any compression
  { level: 0 },
];

export class Compression {
  /** @type {Direction} */ #outgoing;
  /** @type {Direction} */ #incoming;
  #roll;
  /** The end of what was sent, and of what was received. @type {Buffer} */ #sent = Buffer.alloc(0);
  /** @type {Buffer} */ #received = Buffer.alloc(0);

  /** @param {Agreement} agreement
   * @param {"client" | "server"} role of the side whose messages are compressed; the other's are restored
   * @param {Dice} roll chooses the kind of blocks for each message */
  constructor(agreement, role, roll) {
    this.#outgoing = agreement[role];
    this.#incoming = agreement[role === "client" ? "server" : "client"];
    this.#roll = roll;
  }

  /** @param {Buffer} message
   * @returns {Buffer} the payload */
  deflate(message) {
    const { windowBits, forgets } = this.#outgoing;
    const stream = deflateRawSync(message, {
      ...FORMS[this.#roll(FORMS.length)],
      ...dictionaryOf(this.#sent),
      // zlib cannot write a window of 8 bits; with one of 9 it goes back 250 octets at most
      windowBits: Math.max(9, windowBits),
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: CHUNK,
    });
    if (!forgets) this.#sent = lastOf(this.#sent, message, 2 ** windowBits);
    return stream.subarray(0, -TAIL.length);
  }

  /** @param {Buffer} payload
   * @returns {Buffer} the message */
  inflate(payload) {
    const { windowBits, forgets } = this.#incoming;
    const message = restore(payload, this.#received);
    // What zlib itself checks is that nothing before the dictionary is referred to
    if (2 ** windowBits < LARGEST_WINDOW) {
      const distance = farthestDistance(Buffer.concat([payload, TAIL]));
      if (distance > 2 ** windowBits)
        throw new Error(`refers ${distance} octets back, of ${2 ** windowBits} agreed on`);
    }
    if (!forgets) this.#received = lastOf(this.#received, message, LARGEST_WINDOW);
    return message;
  }
}

/** One stream after the other, since a block may be marked as the last one inside a message too (§7.2.3.4).
 * @param {Buffer} payload
 * @param {Buffer} before */
function restore(payload, before) {
  const stream = Buffer.concat([payload, TAIL, LAST_BLOCK]);
  /** @type {Buffer} */
  let message = Buffer.alloc(0);
  for (let at = 0; at < stream.length; ) {
    const { buffer, engine } = inflateWithInfo(stream.subarray(at), lastOf(before, message, LARGEST_WINDOW));
    message = message.length === 0 ? buffer : Buffer.concat([message, buffer]);
    at += engine.bytesWritten;
  }
  return message;
}

/** Types of Node 20 do not know what `info` does.
 * @param {Buffer} stream
 * @param {Buffer} before
 * @returns {{ buffer: Buffer, engine: { bytesWritten: number } }} `bytesWritten`: how much of the stream was read */
function inflateWithInfo(stream, before) {
  const options = { ...dictionaryOf(before), chunkSize: CHUNK, maxOutputLength: MOST_OCTETS, info: true };
  return /** @type {any} */ (inflateRawSync(stream, options));
}

/** @param {Buffer} before
 * @returns {import("node:zlib").ZlibOptions} */
function dictionaryOf(before) {
  return before.length === 0 ? {} : { dictionary: before };
}

/** The last octets of two buffers that follow each other.
 * @param {Buffer} before
 * @param {Buffer} message
 * @param {number} most */
function lastOf(before, message, most) {
  if (message.length >= most) return message.subarray(-most);
  return message.length === 0 ? before.subarray(-most) : Buffer.concat([before, message]).subarray(-most);
}
