/**
 * Compressed messages for our codec, one after the other, which may refer to those before: any bytes, or what our own codec made,
 * with any window and any limit. What becomes of them is compared with Node's public zlib functions, given a dictionary.
 * The first three bytes choose the agreement and the limit; then each message is its length and its bytes.
 */
import { inflateRawSync } from "node:zlib";
import { Input } from "../input.js";
import { Codec, DeflateScheme, History, Past, peersFault, PublicInflation } from "../under-test.js";
import { hold, Violation } from "../violation.js";

/** @typedef {import("../../core/dist/cjs/engine/index.js").InflateJob} InflateJob */
/** @typedef {Buffer | "BAD_DEFLATE" | "MESSAGE_TOO_BIG"} Result */

/** What the sender leaves away (RFC 7692 §7.2.2), and a last, empty block: whoever gets to its end had whole blocks before. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);
const MOST_MESSAGES = 6;
/** As `inflated`: data that end within a message may be followed by others, so often. */
const MOST_ENDS = 16;
const LARGEST_WINDOW = 32_768;
const LIMITS = /** @type {const} */ ([1 << 20, 10, 300, 40_000]);

/** @param {Uint8Array} bytes */
export function fuzz(bytes) {
  const input = new Input(bytes);
  const flags = input.byte();
  const maxBytes = input.of(LIMITS);
  const agreement = {
    serverNoContextTakeover: (flags & 1) !== 0,
    clientNoContextTakeover: (flags & 2) !== 0,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 8 + (input.byte() & 7),
  };
  const server = codecFor("server", agreement);
  const large = new LargeJobs(agreement.clientNoContextTakeover ? undefined : agreement.clientMaxWindowBits);
  const client = codecFor("client", agreement);
  const oracle = new Oracle(agreement.clientNoContextTakeover ? 0 : 1 << agreement.clientMaxWindowBits);
  try {
    for (let count = 0; count < MOST_MESSAGES && !input.ended; count++) {
      const given = input.bytes(input.byte());
      const isOurs = (flags & 4) !== 0;
      const deflated = isOurs ? deflateBy(client, repeated(given)) : given;
      const result = inflateBy((flags & 8) === 0 ? server : large, deflated, maxBytes);
      judge(result, oracle.inflate(deflated), maxBytes);
      if (isOurs && typeof result !== "string") hold(result.equals(repeated(given)), "a message came out otherwise");
      if (typeof result === "string") break;
    }
  } finally {
    server.close();
    client.close();
    large.close();
  }
}

/** Inflates as the codec does what is too large for its own inflater, with data of any size. */
class LargeJobs {
  #history;

  /** @param {number | undefined} windowBits */
  constructor(windowBits) {
    this.#history = windowBits === undefined ? undefined : new History(windowBits);
  }

  /** @param {InflateJob} job
   * @param {import("../../core/dist/cjs/node/compression/codec.js").JobTarget} target */
  inflate(job, target) {
    const past = new Past(this.#history);
    try {
      const { bytes, start, end } = new PublicInflation(job).run(past);
      target.finishJob(job, bytes, start, end);
    } catch (error) {
      target.failJob(job, peersFault(error, job), 0);
    } finally {
      past.release();
    }
  }

  close() {
    this.#history?.clear();
  }
}

/** @param {Result} result
 * @param {Buffer | "BAD_DEFLATE"} expected
 * @param {number} maxBytes */
function judge(result, expected, maxBytes) {
  const shown = () => `${describe(result)}, expected was ${describe(expected)} and at most ${maxBytes} bytes`;
  if (expected === "BAD_DEFLATE") {
    // What is bad may be too long, too
    hold(typeof result === "string", shown);
  } else if (expected.length > maxBytes) hold(result === "MESSAGE_TOO_BIG", shown);
  else hold(typeof result !== "string" && result.equals(expected), shown);
}

/** @param {Result} result */
function describe(result) {
  return typeof result === "string" ? result : `${result.length} bytes ${result.toString("hex", 0, 40)}`;
}

/** What zlib makes of the messages of one connection. */
class Oracle {
  #window;
  #history = Buffer.alloc(0);

  /** @param {number} window how far back a message may refer; 0: not to others */
  constructor(window) {
    this.#window = window;
  }

  /** @param {Uint8Array} bytes
   * @returns {Buffer | "BAD_DEFLATE"} */
  inflate(bytes) {
    const all = Buffer.concat([bytes, TAIL]);
    let result = Buffer.alloc(0);
    for (let at = 0, ends = 0; ; ends++) {
      if (ends > MOST_ENDS) return "BAD_DEFLATE";
      const step = inflateOn(all.subarray(at), this.#past(result, ends > 0));
      if (step === undefined) return "BAD_DEFLATE";
      result = Buffer.concat([result, step.output]);
      at += step.used;
      const left = all.length - at;
      if (left === 0 || left === TAIL.length) break;
      if (left < TAIL.length) return "BAD_DEFLATE";
    }
    this.#history = Buffer.concat([this.#history, result]).subarray(-LARGEST_WINDOW);
    return result;
  }

  /** @param {Buffer} result what the message has become so far
   * @param {boolean} goesOn whether its data have ended once */
  #past(result, goesOn) {
    if (this.#window > 0) return Buffer.concat([this.#history, result]).subarray(-this.#window);
    return goesOn ? result.subarray(-LARGEST_WINDOW) : Buffer.alloc(0);
  }
}

/** Inflate up to the end of the data.
 * @param {Buffer} input
 * @param {Buffer} past
 * @returns {{ output: Buffer, used: number } | undefined} undefined where they are bad, or have no end */
function inflateOn(input, past) {
  const options = past.length === 0 ? { info: true } : { info: true, dictionary: past };
  try {
    const { buffer, engine: stream } = /** @type {{ buffer: Buffer, engine: { bytesWritten: number } }} */ (
      /** @type {unknown} */ (inflateRawSync(input, options))
    );
    return { output: buffer, used: stream.bytesWritten };
  } catch {
    return undefined;
  }
}

/** @param {"client" | "server"} role
 * @param {import("../../core/dist/cjs/engine/index.js").DeflateAgreement} agreement */
function codecFor(role, agreement) {
  const preferences = { ...agreement };
  const sizes = { thresholdBytes: 0, level: 3, memLevel: undefined, windowBits: undefined };
  return new Codec(new DeflateScheme({ role, ...sizes, preferences, filter: undefined }, agreement));
}

/** @param {Pick<import("../../core/dist/cjs/node/compression/codec.js").Codec, "inflate"> | LargeJobs} codec
 * @param {Uint8Array} bytes
 * @param {number} maxBytes
 * @returns {Result} */
function inflateBy(codec, bytes, maxBytes) {
  /** @type {Result | undefined} */
  let result;
  /** @type {InflateJob} */
  const job = { type: "inflate", bytes, start: 0, end: bytes.length, maxBytes };
  codec.inflate(job, {
    finishJob(_job, inflated, start, end) {
      result = Buffer.from(inflated.subarray(start, end));
      return true;
    },
    failJob(_job, { code }) {
      if (code !== "BAD_DEFLATE" && code !== "MESSAGE_TOO_BIG") throw new Violation(`it failed with ${code}`);
      result = code;
    },
  });
  if (result === undefined) throw new Violation("a job came to nothing");
  return result;
}

/** @param {import("../../core/dist/cjs/node/compression/codec.js").Codec} codec
 * @param {Uint8Array} data
 * @returns {Uint8Array} */
function deflateBy(codec, data) {
  /** @type {Uint8Array | undefined} */
  let result;
  codec.deflate(
    { type: "deflate", kind: "binary", data },
    {
      finishJob(_job, deflated, start, end) {
        result = Buffer.from(deflated.subarray(start, end));
        return true;
      },
      failJob() {
        throw new Violation("deflating failed a job of the peer's");
      },
    },
  );
  if (result === undefined) throw new Violation("a short message was deflated later");
  return result;
}

/** Longer than what was given, so that windows are left behind.
 * @param {Uint8Array} given */
function repeated(given) {
  const times = 1 + ((given[0] ?? 0) % 50);
  return Buffer.concat(Array.from({ length: times }, (_, index) => [Uint8Array.of(index), given]).flat());
}
