/**
 * The tester: one end of one connection, which plays a case and watches what the peer makes of it. It does no I/O:
 * whoever drives it asks `next` what to do, and tells it what arrived, that a pause is over, or that nothing moves.
 * What is sent when is the scenario's part; answering pings and the closing handshake is done here.
 */
import { closePayload, formatFrame, OPCODE } from "./frames.js";
import { StrictReader } from "./strict-reader.js";

/** @typedef {import("./strict-reader.js").MessageKind} MessageKind */
/** @typedef {import("./dice.js").Dice} Dice */
/** @typedef {"client" | "server"} Role */
/** What arrived, and `still-open` after a pause.
 * @typedef {{ type: "message", kind: MessageKind, payload: Buffer, compressed?: boolean } |
 *   { type: "pong", payload: Buffer } | { type: "still-open", tag: string }} TesterEvent */
/** What the driver has to do. `write`: with `chop`, in pieces of so many octets; all of it unless `interrupted`.
 * `pause`: for about `ms`, or less where the peer is near, then call `pauseOver`. `linger`: for so long too, and only then
 * ask what is next. `end`: say that no more will be written.
 * @typedef {{ type: "write", bytes: Buffer, chop?: number | undefined } | { type: "pause", ms: number } |
 *   { type: "linger", ms: number } | { type: "end" }} Step */
/** What is played over the connection, and what is made of the outcome.
 * @typedef {object} Scenario
 * @property {(tester: Tester) => Step | undefined} next the next step, or undefined to wait for something to arrive
 * @property {(event: TesterEvent, tester: Tester) => void} onEvent
 * @property {(tester: Tester) => void} onPauseOver
 * @property {(tester: Tester) => void} onIdle nothing has moved for long
 * @property {(tester: Tester) => string[]} judge what is wrong; nothing if the case is passed */

/** As long as the pauses of the cases, and shorter than anybody waits for the end of the closing handshake. */
const LINGER_MS = 1_000;

export class Tester {
  /** What the tester plays; the peer plays the other role. @type {Role} */ role;
  /** @type {"open" | "closing" | "closed"} */ state = "open";
  /** Who began the closing handshake, failed the connection or ended it. @type {"tester" | "peer" | undefined} */
  closedBy;
  /** Whether a Close frame of the peer arrived. */
  closeReceived = false;
  /** Whether a client may end its side before the server: §7.1.1 says only that it should not. */
  mayEndFirst = false;
  /** Its code; null: none. @type {number | null} */
  closeCode = null;
  /** Whether the tester had to end the transport. */
  dropped = false;
  /** Whether the peer, a client, ended the transport before the tester, a server, did. */
  endedFirst = false;
  /** The first rule that the peer broke. @type {string | undefined} */
  violation;
  /** Whether a pause was begun and is not over. */
  pausing = false;

  /** @type {Scenario} */ #scenario;
  /** @type {Dice} */ #roll;
  #reader;
  /** Answers, which go before the scenario's next step. @type {Step[]} */ #answers = [];
  /** Whether the step that `next` returned last is one of them. */
  #answering = false;
  #peerEnded = false;
  /** Whether the step that ends the transport was handed out. */
  #ending = false;
  #finished = false;

  /** @param {Role} role
   * @param {Scenario} scenario
   * @param {Dice} roll where masking keys come from
   * @param {import("./strict-reader.js").Inflate} [inflate] see StrictReader */
  constructor(role, scenario, roll, inflate) {
    this.role = role;
    this.#scenario = scenario;
    this.#roll = roll;
    /** @type {import("./strict-reader.js").ReaderSink} */
    const sink = {
      message: (kind, payload, compressed) => this.#onEvent({ type: "message", kind, payload, compressed }),
      pong: (payload) => this.#onEvent({ type: "pong", payload }),
      ping: (payload) => this.state === "open" && this.#answer(OPCODE.pong, payload),
      close: (code) => this.#onClose(code),
      violation: (what) => {
        this.violation = what;
        this.drop();
      },
    };
    this.#reader = new StrictReader(role === "client" ? "server" : "client", sink, inflate);
  }

  /** Whether nothing is left to do but to end the transport: at once if `dropped`. */
  get done() {
    return this.#finished;
  }

  /** Whether the peer has ended the connection of its own, so that the rest of the script is of no use; an answer to its
   * Close frame is still due. */
  get interrupted() {
    return this.dropped || (this.#peerEnded && this.closedBy === "peer" && !this.#answering);
  }

  /** What to do now; undefined: nothing until something arrives or a pause is over, unless `done`. */
  next() {
    if (this.#finished) return undefined;
    const answer = this.#answers.shift();
    this.#answering = answer !== undefined;
    if (answer?.type === "end") this.#ending = true;
    if (answer !== undefined || this.pausing) return answer;
    const step = this.interrupted ? undefined : this.#scenario.next(this);
    if (step?.type === "pause") this.pausing = true;
    if (step === undefined && this.#peerEnded) this.#finished = true;
    return step;
  }

  /** @param {Buffer} chunk from the peer; must not be changed afterwards */
  receive(chunk) {
    if (!this.dropped) this.#reader.push(chunk);
  }

  /** The peer will send no more. */
  receiveEnd() {
    this.#peerEnded = true;
    if (this.role === "server" && !this.#ending) this.endedFirst = true;
    this.state = "closed";
    this.closedBy ??= "peer";
    if (this.closedBy === "peer") this.pausing = false;
  }

  pauseOver() {
    if (!this.pausing) return;
    this.pausing = false;
    this.#scenario.onPauseOver(this);
  }

  /** Nothing has been written or has arrived for long: a peer that is still to do something has failed to. */
  idle() {
    if (this.state === "open") this.#scenario.onIdle(this);
    else this.drop();
  }

  /** @returns {string[]} what is wrong; nothing if the case is passed */
  judge() {
    return this.#scenario.judge(this);
  }

  /** What is wrong with the end of the transport.
   * @param {boolean} failed whether the peer failed the connection, or may have
   * @see RFC 6455 §7.1.1: the server ends it first; §7.1.7: whoever fails the connection may end it at once */
  faultOfEnd(failed) {
    if (this.dropped) return `the ${this.role === "client" ? "server" : "client"} did not end its side in time`;
    return this.endedFirst && !failed && !this.mayEndFirst ? "the client ended its side before the server" : undefined;
  }

  /** Send a Close frame, unless one was sent or received.
   * @param {number | null} code */
  close(code) {
    if (this.state !== "open") return;
    this.#answer(OPCODE.close, closePayload(code));
    this.closing();
  }

  /** The scenario sends a Close frame of its own. */
  closing() {
    if (this.state === "open") this.state = "closing";
    this.closedBy ??= "tester";
  }

  /** Give the peer up. */
  drop() {
    this.dropped = true;
    this.state = "closed";
    this.closedBy ??= "tester";
    this.#finished = true;
  }

  /** A masking key for one frame; undefined for a server, which masks nothing. */
  maskingKey() {
    if (this.role === "server") return undefined;
    const key = Buffer.allocUnsafe(4);
    key.writeUInt32BE(this.#roll(2 ** 32));
    return key;
  }

  /** @param {TesterEvent} event */
  #onEvent(event) {
    this.#scenario.onEvent(event, this);
  }

  /** @param {number | null} code */
  #onClose(code) {
    this.closeReceived = true;
    this.closeCode = code;
    this.closedBy ??= "peer";
    if (this.state === "open") this.#answer(OPCODE.close, closePayload(1000));
    this.state = "closing";
    // §7.1.1: the server ends the transport, the client waits for that, so it gets the time to show that it does
    if (this.role === "server") this.#answers.push({ type: "linger", ms: LINGER_MS }, { type: "end" });
  }

  /** @param {number} opcode
   * @param {Buffer} payload */
  #answer(opcode, payload) {
    this.#answers.push({
      type: "write",
      bytes: formatFrame({ fin: true, rsv: 0, opcode }, payload, this.maskingKey()),
    });
  }
}
