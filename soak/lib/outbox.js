/**
 * What one end of a connection sends: the messages of its own stream, one after the other in every way in which polysocket can send
 * them, and the book of what it has sent, own or not.
 */
import { setImmediate } from "node:timers/promises";
import { Readable } from "node:stream";
import { prepare } from "polysocket";
import { makeMessage, planOf } from "./messages.js";
import { Runs } from "./runs.js";

/** @typedef {import("polysocket").Connection<any>} Connection */
/** @typedef {import("./ledger.js").Sent} Sent */
/** @typedef {import("./messages.js").Kind} Kind */
/** @typedef {import("./random.js").Random} Random */

/** How often is looked whether a drain is missing, and how often in a row it must look so. */
const LOOK_EVERY_MS = 10_000;
const IDLE_LOOKS = 4;

/** What an end has sent, stream by stream. */
export class SentBook {
  /** @type {Map<string, Runs>} */
  #streams = new Map();
  messages = 0;
  bytes = 0;
  refused = 0;

  /** @param {string} stream
   * @param {number} number
   * @param {number} bytes */
  record(stream, number, bytes) {
    const runs = this.#streams.get(stream) ?? new Runs();
    this.#streams.set(stream, runs);
    runs.add(number);
    this.messages += 1;
    this.bytes += bytes;
  }

  /** @returns {Sent} */
  report() {
    const { messages, bytes, refused } = this;
    const runs = Object.fromEntries([...this.#streams].map(([stream, known]) => [stream, known.toJSON()]));
    return { messages, bytes, refused, runs };
  }
}

export class Outbox {
  book = new SentBook();
  #connection;
  #seed;
  #stream;
  #random;
  #number = 0;
  /** Whether `send` has returned false, and nothing has drained since. */
  #behind = false;
  /** Those who wait until the peer has kept up. @type {(() => void)[]} */
  #waiting = [];

  /** @param {Connection} connection
   * @param {{ seed: number, stream: string, random: Random }} what */
  constructor(connection, { seed, stream, random }) {
    this.#connection = connection;
    this.#seed = seed;
    this.#stream = stream;
    this.#random = random;
  }

  /** Messages that it had accepted and whose sender knows that they were not sent. */
  get dropped() {
    return this.#connection.droppedMessages - this.book.refused;
  }

  /** Send the next message of the stream.
   * @returns {boolean} false when `ready` should be waited for */
  sendNext() {
    const number = this.#number;
    const plan = planOf(this.#seed, this.#stream, number);
    const bytes = makeMessage(this.#seed, this.#stream, number, plan);
    return this.record(this.#stream, number, bytes.length, () => this.#send(plan.kind, bytes));
  }

  /** Write down what is sent, if the connection accepts it.
   * @param {string} stream
   * @param {number} number
   * @param {number} length
   * @param {() => boolean} send */
  record(stream, number, length, send) {
    const before = this.#connection.droppedMessages;
    const keepsUp = send();
    if (!keepsUp) this.#behind = true;
    if (this.#connection.droppedMessages > before) this.book.refused += 1;
    else {
      this.book.record(stream, number, length);
      if (stream === this.#stream) this.#number += 1;
    }
    return keepsUp;
  }

  /** @returns {Promise<void>} resolves when more may be sent, or nothing any more; as `drained` or as `flush` tells */
  ready() {
    if (!this.#behind || this.#connection.state !== "open") return Promise.resolve();
    return this.#random.chance(0.3) ? this.#connection.flush().catch(() => {}) : this.drained();
  }

  /** @returns {Promise<void>} rejects when nothing waits any more and yet nobody was told: the soak would go on with less and less
   *   traffic, and find nothing */
  drained() {
    return new Promise((resolve, reject) => {
      let idle = 0;
      const watch = setInterval(() => {
        idle = this.#connection.bufferedBytes === 0 ? idle + 1 : 0;
        if (idle < IDLE_LOOKS) return;
        clearInterval(watch);
        reject(new Error(`${this.#stream}: send returned false, nothing is buffered, and there was no drain`));
      }, LOOK_EVERY_MS);
      this.#waiting.push(() => {
        clearInterval(watch);
        resolve();
      });
    });
  }

  /** To be called by the handlers for `drain`, `closing` and `close`. */
  release() {
    this.#behind = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** @param {Kind} kind
   * @param {Buffer} bytes
   * @returns {boolean} */
  #send(kind, bytes) {
    const way = this.#random.share({ whole: 70, pressed: 6, plain: 6, prepared: 6, stream: 5, writer: 5, blob: 2 });
    const message = kind === "text" && this.#random.chance(0.8) ? bytes.toString() : bytes;
    switch (way) {
      case "whole":
        return this.#connection.send(message, { kind });
      case "pressed":
        return this.#connection.send(message, { kind, compress: true });
      case "plain":
        return this.#connection.send(message, { kind, compress: false });
      case "prepared":
        return this.#connection.send(prepare(message, { kind }));
      case "stream":
        return this.#connection.send(Readable.from(this.#cut(bytes), { objectMode: false }), { kind });
      case "writer":
        return this.#write(kind, this.#cut(bytes));
      case "blob":
        return this.#connection.send(new Blob([/** @type {Buffer<ArrayBuffer>} */ (bytes)]), { kind });
    }
  }

  /** @param {Kind} kind
   * @param {Buffer[]} pieces
   * @returns {boolean} */
  #write(kind, pieces) {
    const writer = this.#connection.beginMessage(kind);
    const writeAll = async () => {
      for (const piece of pieces) {
        if (writer.write(piece)) await setImmediate();
        else await writer.writable().catch(() => {});
      }
      writer.end();
    };
    void writeAll();
    return false;
  }

  /** Into up to five pieces, anywhere: in the middle of a character, too; some may be empty.
   * @param {Buffer} bytes
   * @returns {Buffer[]} */
  #cut(bytes) {
    const cuts = Array.from({ length: this.#random.below(5) }, () => this.#random.below(bytes.length + 1));
    const ends = [...cuts.sort((a, b) => a - b), bytes.length];
    return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
  }
}
