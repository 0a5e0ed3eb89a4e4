/**
 * What one end of a connection receives: compares each message with what it was when it was sent, and remembers which arrived.
 * A gap is no fault here: whether something was sent that did not arrive is for the ledger, which knows both ends.
 */
import { HEADER_BYTES, identify, planOf, shortMessage } from "./messages.js";
import { Runs } from "./runs.js";

/** @typedef {import("./messages.js").Kind} Kind */
/** @typedef {import("./runs.js").Run} Run */
/** @typedef {{ messages: number, bytes: number, duplicated: number, corrupted: number, outOfOrder: number,
 *   runs: Record<string, Run[]>, notes: string[] }} Received */

/** How far a short message is looked for, before and after the one that should come. */
const REACH = 64;
const MAX_NOTES = 5;

export class Inbox {
  #seed;
  #direct;
  /** Whether a message of this stream may come here. */
  #isMine;
  /** @type {Map<string, Runs>} */
  #streams = new Map();
  /** @type {string[]} */
  #notes = [];
  messages = 0;
  bytes = 0;
  duplicated = 0;
  corrupted = 0;
  outOfOrder = 0;

  /** @param {number} seed
   * @param {string} direct the stream of the peer's own messages
   * @param {(stream: string) => boolean} [isMine] which streams may come besides */
  constructor(seed, direct, isMine = () => false) {
    this.#seed = seed;
    this.#direct = direct;
    this.#isMine = isMine;
  }

  /** @param {Kind} kind
   * @param {string | Uint8Array} message */
  receive(kind, message) {
    const bytes = typeof message === "string" ? Buffer.from(message) : asBuffer(message);
    this.messages += 1;
    this.bytes += bytes.length;
    if (bytes.length >= HEADER_BYTES) this.#receiveLong(kind, bytes);
    else this.#receiveShort(kind, bytes);
  }

  /** @returns {Received} */
  report() {
    const { messages, bytes, duplicated, corrupted, outOfOrder } = this;
    const runs = Object.fromEntries([...this.#streams].map(([stream, known]) => [stream, known.toJSON()]));
    return { messages, bytes, duplicated, corrupted, outOfOrder, runs, notes: this.#notes };
  }

  /** @param {Kind} kind
   * @param {Buffer} bytes */
  #receiveLong(kind, bytes) {
    const identity = identify(kind, bytes);
    if (identity === undefined)
      this.#corrupt(`${bytes.length} bytes as ${kind}, header ${bytes.toString("latin1", 0, HEADER_BYTES)}`);
    else if (identity.stream === this.#direct || this.#isMine(identity.stream)) {
      this.#accept(identity.stream, identity.number);
    } else this.#corrupt(`number ${identity.number} of ${identity.stream}, which is another connection's`);
  }

  /** @param {Kind} kind
   * @param {Buffer} bytes */
  #receiveShort(kind, bytes) {
    const next = this.#runsOf(this.#direct).highest + 1;
    const number = [...candidates(next)].find((candidate) => this.#isShort(candidate, kind, bytes));
    if (number !== undefined) this.#accept(this.#direct, number);
    else this.#corrupt(`${bytes.length} bytes as ${kind} where number ${next} of ${this.#direct} should come`);
  }

  /** @param {number} number
   * @param {Kind} kind
   * @param {Buffer} bytes */
  #isShort(number, kind, bytes) {
    const plan = planOf(this.#seed, this.#direct, number);
    if (plan.kind !== kind || plan.length !== bytes.length) return false;
    return shortMessage(this.#seed, this.#direct, number, plan.length).equals(bytes);
  }

  /** @param {string} stream
   * @param {number} number */
  #accept(stream, number) {
    const known = this.#runsOf(stream);
    const { highest } = known;
    const place = known.add(number);
    if (place === "again") {
      this.duplicated += 1;
      this.#note(`number ${number} of ${stream} came twice`);
    } else if (place === "late") {
      this.outOfOrder += 1;
      this.#note(`number ${number} of ${stream} came after ${highest}`);
    }
  }

  /** @param {string} what */
  #corrupt(what) {
    this.corrupted += 1;
    this.#note(`corrupted: ${what}`);
  }

  /** @param {string} note */
  #note(note) {
    if (this.#notes.length < MAX_NOTES) this.#notes.push(note);
  }

  /** @param {string} stream
   * @returns {Runs} */
  #runsOf(stream) {
    let runs = this.#streams.get(stream);
    if (runs === undefined) {
      runs = new Runs();
      this.#streams.set(stream, runs);
    }
    return runs;
  }
}

/** The number that should come, those after it, and those before.
 * @param {number} next */
function* candidates(next) {
  for (let number = next; number < next + REACH; number += 1) yield number;
  for (let number = next - 1; number >= Math.max(0, next - REACH); number -= 1) yield number;
}

/** @param {Uint8Array} bytes
 * @returns {Buffer} */
function asBuffer(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
