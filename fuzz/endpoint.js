/**
 * One endpoint of the engine that is given bytes, and watched: after each step it is held to what must always be true.
 * In: how it is set up, and bytes in pieces. Out: what happened, in a form that does not depend on how the bytes were cut.
 */
import { isUtf8 } from "node:buffer";
import { inflateOnce } from "./inflate-once.js";
import { readPlainFrames } from "./plain-frames.js";
import { engine, nodePlatform, readBuffer } from "./under-test.js";
import { hold, Violation } from "./violation.js";

/** @typedef {import("../core/dist/cjs/engine/index.js").Protocol} Protocol */
/** @typedef {import("../core/dist/cjs/engine/index.js").ProtocolEvent} ProtocolEvent */
/** @typedef {import("../core/dist/cjs/engine/index.js").InflateJob} InflateJob */
/** @typedef {import("../core/dist/cjs/engine/index.js").Limits} Limits */
/** @typedef {{
 *   role: "client" | "server",
 *   reception: import("../core/dist/cjs/engine/index.js").Reception,
 *   textAs: "string" | "bytes",
 *   deflates: boolean,
 *   automaticPong: boolean,
 *   pongIntervalMs: number,
 *   heartbeatIntervalMs: number,
 *   limits: Limits,
 *   closeAfter: number,
 *   intoReadBuffer: boolean,
 *   opensLate: boolean,
 *   inflatesLate: boolean,
 * }} Setup `closeAfter`: after so many whole messages and control frames the endpoint begins to close; 0: never. `opensLate`: frames
 *   come before the opening handshake is done. `inflatesLate`: a job is done when the next bytes have come */

const NEVER = Number.POSITIVE_INFINITY;
/** What is written over bytes that were lent, so that whoever still reads them is found out. */
const JUNK = 0xdd;
/** What `payload-buffer` may take for each byte that has arrived, and besides. */
const HELD_PER_BYTE = 17;
const HELD_BESIDES = 8_192;
/** Every failure of the peer's is in one of these tables, with its close code.
 * @type {Readonly<Record<string, { readonly closeCode: number }>>} */
const FAILURES = { ...engine.PROTOCOL_ERRORS, ...engine.LIMIT_ERRORS };
const platform = { ...nodePlatform, maskingKey: () => 0x37fa213d };
const slab = new engine.Slab(platform, 65_536);

export class Endpoint {
  /** @type {Protocol} */ protocol;
  /** Whole messages, frames and control frames, each a text. @type {string[]} */
  happened = [];
  /** The code of the failure. @type {string | undefined} */ failure;
  /** What the peer's Close frame said. @type {number | undefined} */ closeReceived;
  /** @type {Uint8Array[]} */ #sent = [];
  /** @type {Setup} */ #setup;
  /** The pieces of the message that is not whole. @type {string} */ #pieces = "";
  /** The job that is done later. @type {{ job: InflateJob, input: Uint8Array } | undefined} */ #held;
  #ended = false;
  #received = 0;

  /** @param {Setup} setup */
  constructor(setup) {
    this.#setup = setup;
    const { role, closeAfter, intoReadBuffer, deflates, opensLate, inflatesLate, ...options } = setup;
    const kit = new engine.ProtocolKit(platform, slab, role, {
      ...options,
      heartbeatTimeoutMs: 500,
      closeTimeoutMs: 5_000,
    });
    this.protocol = new engine.Protocol(kit, 0, deflates);
    if (!opensLate) this.protocol.opened(0);
  }

  /** What it has sent. */
  get output() {
    return Buffer.concat(this.#sent);
  }

  /** Receive bytes; they are only lent.
   * @param {Uint8Array} piece
   * @param {boolean} [isTaken] whether the events are taken now, or later */
  receive(piece, isTaken = true) {
    const room = this.#setup.intoReadBuffer ? readBuffer() : new Uint8Array(piece.length + 3);
    const lent = piece.length <= room.length ? room : new Uint8Array(piece);
    lent.set(piece);
    this.#received += piece.length;
    this.protocol.receive(lent, piece.length, 0);
    if (isTaken) this.takeEvents();
    // What stands behind a message that is being inflated is lent still
    if (!isTaken || this.#held !== undefined) this.protocol.retain();
    lent.fill(JUNK, 0, piece.length);
    hold(
      this.protocol.heldBytes <= HELD_PER_BYTE * this.#received + HELD_BESIDES,
      () => `${this.protocol.heldBytes} bytes are held after ${this.#received} were received`,
    );
  }

  /** Take all events there are now. */
  takeEvents() {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#inflate(held.job, held.input);
    for (;;) {
      const event = this.protocol.nextEvent();
      if (event === undefined) break;
      this.#take(event);
    }
    this.#sent.push(...this.protocol.takeOutput().map((bytes) => new Uint8Array(bytes)));
  }

  /** Take all events that are left, and do all jobs. */
  finish() {
    if (this.protocol.state === "connecting") this.protocol.opened(0);
    do this.takeEvents();
    while (this.#held !== undefined);
  }

  /** The transport is gone. */
  end() {
    this.finish();
    const ending = this.protocol.ended();
    this.takeEvents();
    const { code } = ending;
    hold(engine.isSendable(code) || code === 1005 || code === 1006, () => `it ended with ${code}`);
    hold(!ending.wasClean || (ending.sent !== undefined && ending.received !== undefined), "clean without two Closes");
    hold(this.protocol.nextDeadlineMs === NEVER, "something is due after the end");
    hold(this.protocol.state === "closed", "it is not closed after the end");
    return ending;
  }

  /** @param {ProtocolEvent} event */
  #take(event) {
    hold(!this.#ended || event.type === "failed", () => `${event.type} after the end`);
    hold(this.failure === undefined, () => `${event.type} after a failure`);
    switch (event.type) {
      case "inflate":
        this.#takeJob(event);
        return;
      case "fragment":
        this.#takeFragment(event);
        return;
      case "failed":
        this.#takeFailure(event.error);
        return;
      case "close":
        this.#ended = true;
        this.closeReceived = event.code;
        hold(engine.isSendable(event.code) || event.code === 1005, () => `a Close of ${event.code} was let through`);
        hold(isWellFormed(event.reason), "the close reason is not well-formed");
        this.#add(`close ${event.code} ${event.reason}`);
        return;
      case "message":
        this.#checkMessage(event.kind, event.data, this.#setup.textAs);
        this.#add(`${event.kind} ${shown(event.data)}`);
        return;
      case "frame":
        this.#takeFrame(event.frame);
        return;
      case "ping":
      case "pong":
        hold(event.data.length <= 125, "a control frame is too long");
        this.#add(`${event.type} ${shown(event.data)}`);
        return;
      default:
        throw new Violation(`an unknown event: ${JSON.stringify(event)}`);
    }
  }

  /** @param {string} what */
  #add(what) {
    this.happened.push(what);
    if (this.happened.length === this.#setup.closeAfter) this.protocol.close(1000, "enough", 0);
  }

  /** @param {InflateJob} job */
  #takeJob(job) {
    const { maxMessageBytes } = this.#setup.limits;
    hold(job.maxBytes <= maxMessageBytes, () => `a job may become ${job.maxBytes} bytes`);
    hold(this.#held === undefined, "a job came before the last one was done");
    const input = new Uint8Array(job.bytes.subarray(job.start, job.end));
    if (this.#setup.inflatesLate) this.#held = { job, input };
    else this.#inflate(job, input);
  }

  /** @param {InflateJob} job
   * @param {Uint8Array} input */
  #inflate(job, input) {
    const result = inflateOnce(input, job.maxBytes);
    if (result === "bad") this.protocol.failJob(job, new engine.ProtocolError("BAD_DEFLATE"), 0);
    else if (result === "too big") {
      this.protocol.failJob(job, new engine.LimitError("MESSAGE_TOO_BIG", job.maxBytes, job.maxBytes + 1), 0);
    } else {
      hold(this.protocol.finishJob(job, result, 0, result.length), "the job was not wanted");
      result.fill(JUNK);
    }
  }

  /** @param {import("../core/dist/cjs/engine/index.js").FragmentEvent} event */
  #takeFragment({ kind, data, first, last }) {
    hold(first === (this.#pieces === ""), "first is wrong");
    if (first) this.#pieces = `${kind} `;
    hold(this.#pieces.startsWith(`${kind} `), "a message changed its kind");
    this.#pieces += shown(data);
    const length = this.#pieces.length - kind.length - 1;
    hold(length <= this.#setup.limits.maxMessageBytes, () => `a message has ${length} bytes`);
    if (!last) return;
    const bytes = Buffer.from(this.#pieces.slice(kind.length + 1), "latin1");
    this.#checkMessage(kind, bytes, "bytes");
    this.#add(this.#pieces);
    this.#pieces = "";
  }

  /** @param {import("../core/dist/cjs/engine/index.js").Frame} frame */
  #takeFrame(frame) {
    const { maskingKey, payload, opcode } = frame;
    hold((maskingKey !== undefined) === (this.#setup.role === "server"), "the MASK bit is wrong");
    hold(opcode < 8 || payload.length <= 125, "a control frame is too long");
    hold(opcode >= 8 || payload.length <= this.#setup.limits.maxFrameBytes, "a frame is too long");
    this.#add(`frame ${JSON.stringify({ ...frame, payload: shown(payload) })}`);
  }

  /** @param {import("../core/dist/cjs/engine/index.js").WebSocketError} error */
  #takeFailure(error) {
    this.failure = error.code;
    this.#ended = true;
    const known = FAILURES[error.code];
    const isTimeout = error.code in engine.TRANSPORT_ERRORS;
    hold(known !== undefined || isTimeout, () => `an unknown failure: ${error.code}`);
    if (known === undefined) return;
    hold(Reflect.get(error, "closeCode") === known.closeCode, () => `${error.code} with the wrong close code`);
    hold(!this.protocol.open, "it is open after a failure");
  }

  /** @param {string} kind
   * @param {string | Uint8Array} data
   * @param {"string" | "bytes"} textAs */
  #checkMessage(kind, data, textAs) {
    hold((typeof data === "string") === (kind === "text" && textAs === "string"), "the data have the wrong type");
    if (typeof data === "string") hold(isWellFormed(data), "a text is not well-formed");
    else if (kind === "text") hold(isUtf8(data), "a text is not UTF-8");
    const length = Buffer.byteLength(data);
    hold(length <= this.#setup.limits.maxMessageBytes, () => `a message has ${length} bytes`);
  }
}

/** What an endpoint sent has to be frames that its peer can accept.
 * @param {Endpoint} endpoint
 * @param {"client" | "server"} role */
export function checkOutput(endpoint, role) {
  const { frames, left } = readPlainFrames(endpoint.output);
  hold(left === 0, "the output ends inside a frame");
  for (const [index, { opcode, fin, masked, minimal, rsv, payload }] of frames.entries()) {
    hold(masked === (role === "client"), "a frame was sent with the wrong MASK bit");
    hold(minimal, "a length was not encoded in the fewest bytes");
    hold(fin && rsv === 0 && opcode >= 8 && opcode <= 10, "an answer is no control frame");
    hold(payload.length <= 125, "a control frame was sent that is too long");
    hold(opcode !== 8 || index === frames.length - 1, "a frame was sent behind the Close frame");
    if (opcode === 8 && payload.length > 0) {
      hold(engine.isSendable(((payload[0] ?? 0) << 8) | (payload[1] ?? 0)), "a close code was sent that may not be");
      hold(isUtf8(payload.subarray(2)), "a close reason was sent that is not UTF-8");
    }
  }
  return frames;
}

/** @param {string} text */
function isWellFormed(text) {
  return Buffer.from(text).toString() === text;
}

/** @param {string | Uint8Array} data
 * @returns {string} one character a byte */
function shown(data) {
  return Buffer.from(data).toString("latin1");
}
