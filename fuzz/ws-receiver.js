/**
 * The receiver of ws, driven without a stream: in one turn, and with inflation by zlib alone, as our engine's jobs are done here.
 * In: bytes in pieces. Out: what it made of them.
 */
import { createRequire } from "node:module";
import { inflateOnce } from "./inflate-once.js";

/** @typedef {import("./known-differences.js").Verdict} Verdict */
/** @typedef {(error?: (Error & { code?: string }) | null) => void} Done */
/** @typedef {{
 *   on(name: string, listener: (...values: any[]) => void): void,
 *   _write(bytes: Buffer, encoding: null, done: Done): void,
 *   end(): void,
 * }} WsReceiver */

const load = createRequire(import.meta.url);
/** Its `exports` let nobody at this file, which is what a difference would be in. @type {new (options: object) => WsReceiver} */
const Receiver = load("../node_modules/ws/lib/receiver.js");
/** Where it keeps the close code of an error. @type {symbol} */
const STATUS_CODE = load("../node_modules/ws/lib/constants.js").kStatusCode;

/** @param {readonly Uint8Array[]} pieces
 * @param {{ isServer: boolean, deflates: boolean, maxPayload: number, maxFragments: number }} options
 * @returns {Verdict} */
export function receiveByWs(pieces, { isServer, deflates, maxPayload, maxFragments }) {
  const extensions = deflates ? { "permessage-deflate": new Inflation(maxPayload) } : {};
  const receiver = new Receiver({ isServer, extensions, maxPayload, maxFragments });
  /** @type {string[]} */
  const events = [];
  /** @type {number | undefined} */ let closeCode;
  /** @type {string | undefined} */ let why;
  let isOver = false;
  receiver.on("message", (data, isBinary) => events.push(`${isBinary ? "binary" : "text"} ${data.toString("latin1")}`));
  receiver.on("ping", (data) => events.push(`ping ${data.toString("latin1")}`));
  receiver.on("pong", (data) => events.push(`pong ${data.toString("latin1")}`));
  receiver.on("conclude", (code, reason) => {
    events.push(`close ${code} ${reason.toString()}`);
    isOver = true;
  });
  // Ending a stream takes a later turn, which a fuzzer does not have
  receiver.end = () => {};
  for (const piece of pieces) {
    if (isOver) break;
    receiver._write(Buffer.from(piece), null, (error) => {
      if (error === null || error === undefined) return;
      isOver = true;
      closeCode = Reflect.get(error, STATUS_CODE);
      why = error.code;
    });
  }
  return { events, closeCode, why };
}

/** Stands for ws's own class, which inflates in later turns: the same as our codec's stand-in, and its limit. */
class Inflation {
  /** @type {Uint8Array[]} */ #pieces = [];
  #maxBytes;

  /** @param {number} maxBytes */
  constructor(maxBytes) {
    this.#maxBytes = maxBytes;
  }

  /** @param {Uint8Array} bytes
   * @param {boolean} fin
   * @param {(error: Error | null, result?: Buffer) => void} done */
  decompress(bytes, fin, done) {
    this.#pieces.push(new Uint8Array(bytes));
    if (!fin) {
      done(null, Buffer.alloc(0));
      return;
    }
    const result = inflateOnce(Buffer.concat(this.#pieces), this.#maxBytes);
    this.#pieces = [];
    if (typeof result !== "string") done(null, result);
    else done(Object.assign(new Error(result), { code: result, [STATUS_CODE]: result === "bad" ? 1007 : 1009 }));
  }
}
