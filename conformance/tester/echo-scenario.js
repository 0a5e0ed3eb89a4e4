/**
 * Plays a case of limits.json: messages sent one after the other, each when the one before it has come back, octet for
 * octet; then a normal close. In: the case. Out: steps, and a verdict.
 */
import { formatFrame, OPCODE } from "./frames.js";
import { payloadOf } from "./payload-streams.js";

/** @typedef {import("./tester.js").Tester} Tester */
/** @typedef {import("./tester.js").TesterEvent} TesterEvent */
/** @typedef {import("./tester.js").Step} Step */
/** @typedef {import("./cases.js").EchoCase} EchoCase */

export class EchoScenario {
  /** @type {EchoCase} */ #case;
  #echoed = 0;
  /** The message that is on its way. @type {Buffer | undefined} */ #sent;
  /** What was wrong with an echo. @type {string | undefined} */ #wrong;

  /** @param {EchoCase} testCase */
  constructor(testCase) {
    this.#case = testCase;
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
    const end = tester.faultOfEnd(false);
    return end === undefined ? [] : [end];
  }

  get #progress() {
    return `${this.#echoed} of ${this.#case.count} echoes`;
  }

  /** @param {Buffer} payload
   * @param {Tester} tester */
  #octets(payload, tester) {
    const { type, fragment = Number.POSITIVE_INFINITY } = this.#case;
    const opcode = OPCODE[type];
    if (payload.length <= fragment) {
      return formatFrame({ fin: true, rsv: 0, opcode }, payload, tester.maskingKey());
    }
    const frames = [];
    for (let at = 0; at <= payload.length; at += fragment) {
      const fields = { fin: at + fragment > payload.length, rsv: 0, opcode: at === 0 ? opcode : OPCODE.continuation };
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
