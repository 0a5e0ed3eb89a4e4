/**
 * Plays a case of limits.json or deflate.json: messages sent one after the other, each when the one before it has come
 * back, octet for octet; then a normal close. In: the case, and what compresses if anything does. Out: steps, and a
 * verdict.
 */
import { formatFrame, OPCODE } from "./frames.js";
import { payloadOf } from "./payload-streams.js";

/** @typedef {import("./tester.js").Tester} Tester */
/** @typedef {import("./tester.js").TesterEvent} TesterEvent */
/** @typedef {import("./tester.js").Step} Step */
/** @typedef {import("./cases.js").EchoCase} EchoCase */
/** @typedef {import("./compression.js").Compression} Compression */

const RSV1 = 4;
/** Messages of so many octets nobody leaves uncompressed who compresses at all. */
const WORTH_COMPRESSING = 1_024;

export class EchoScenario {
  /** @type {EchoCase} */ #case;
  #compression;
  #demanding;
  #echoed = 0;
  /** How many of the echoes were compressed. */
  #compressed = 0;
  /** The message that is on its way. @type {Buffer | undefined} */ #sent;
  /** What was wrong with an echo. @type {string | undefined} */ #wrong;

  /** @param {EchoCase} testCase
   * @param {Compression | undefined} compression undefined: nothing is compressed
   * @param {boolean} demanding whether a peer that never compresses fails */
  constructor(testCase, compression, demanding) {
    this.#case = testCase;
    this.#compression = compression;
    this.#demanding = demanding && compression !== undefined && testCase.size >= WORTH_COMPRESSING;
  }

  /** @param {Tester} tester
   * @returns {Step | undefined} */
  next(tester) {
    if (this.#sent !== undefined || tester.state !== "open") return undefined;
    this.#sent = payloadOf(this.#case, this.#echoed);
    return { type: "write", bytes: this.#octets(this.#sent, tester), chop: this.#case.chop };
  }

  /** @param {TesterEvent} event
   * @param {Tester} tester */
  onEvent(event, tester) {
    if (this.#wrong !== undefined) return;
    if (event.type === "message" && event.compressed) this.#compressed++;
    const fault = this.#compare(event);
    if (fault !== undefined) this.#wrong = `echo ${this.#echoed + 1} ${fault}`;
    else this.#echoed++;
    this.#sent = undefined;
    if (fault !== undefined || this.#echoed === this.#case.count) tester.close(1000);
  }

  onPauseOver() {}

  /** @param {Tester} tester */
  onIdle(tester) {
    this.#wrong ??= `nothing moved after ${this.#progress}`;
    tester.drop();
  }

  /** @param {Tester} tester */
  judge(tester) {
    const { violation, closedBy, closeReceived, closeCode } = tester;
    const fault = violation ?? this.#wrong;
    if (fault !== undefined) return [fault];
    const code = closeCode === null ? "" : ` (code ${closeCode})`;
    if (closedBy === "peer") return [`peer closed after ${this.#progress}${code}`];
    if (!closeReceived) return ["no Close frame from the peer"];
    if (closeCode !== null && closeCode !== 1000) return [`close code ${closeCode}, wanted 1000`];
    if (this.#demanding && this.#compressed === 0) return ["no echo was compressed"];
    const end = tester.faultOfEnd(false);
    return end === undefined ? [] : [end];
  }

  get #progress() {
    return `${this.#echoed} of ${this.#case.count} echoes`;
  }

  /** @param {Buffer} message
   * @param {Tester} tester */
  #octets(message, tester) {
    const { type, fragment = 0 } = this.#case;
    const opcode = OPCODE[type];
    const payload = this.#compression?.deflate(message) ?? message;
    // RFC 7692 §6: on the first frame only
    const rsv = this.#compression === undefined ? 0 : RSV1;
    if (fragment === 0 || payload.length <= fragment) {
      return formatFrame({ fin: true, rsv, opcode }, payload, tester.maskingKey());
    }
    const frames = [];
    for (let at = 0; at <= payload.length; at += fragment) {
      const fin = at + fragment > payload.length;
      const fields = at === 0 ? { fin, rsv, opcode } : { fin, rsv: 0, opcode: OPCODE.continuation };
      frames.push(formatFrame(fields, payload.subarray(at, at + fragment), tester.maskingKey()));
    }
    return Buffer.concat(frames);
  }

  /** @param {TesterEvent} event */
  #compare(event) {
    const sent = this.#sent;
    if (sent === undefined) return "is one too many";
    if (event.type !== "message") return `is a ${event.type}, nobody asked for one`;
    if (event.kind !== this.#case.type) return `is ${event.kind}, ${this.#case.type} was sent`;
    if (event.payload.equals(sent)) return undefined;
    const at = sent.findIndex((octet, i) => octet !== event.payload[i]);
    const where = at < 0 ? sent.length : at;
    return `has ${event.payload.length} octets of ${sent.length}, the first wrong one at ${where}`;
  }
}
