/**
 * Reads what the peer sends, and holds it to every rule of RFC 6455 about frames and messages.
 * In: octets, cut anywhere. Out: calls of a sink; after a violation nothing more. All RSV bits must be clear, but for RSV1
 * on the first frame of a message where permessage-deflate was negotiated (RFC 7692 §6).
 */
import { isUtf8 } from "node:buffer";
import { maskPayload, OPCODE } from "./frames.js";

/** @typedef {"text" | "binary"} MessageKind */
/**
 * @typedef {object} ReaderSink
 * @property {(kind: MessageKind, payload: Buffer, compressed: boolean) => void} message `compressed`: whether it came so
 * @property {(payload: Buffer) => void} ping
 * @property {(payload: Buffer) => void} pong
 * @property {(code: number | null) => void} close null: a Close frame without a code
 * @property {(what: string) => void} violation
 */
/** Undoes the compression of a message; throws where that is wrong.
 * @typedef {(payload: Buffer) => Buffer} Inflate */
/** @typedef {{ fin: boolean, rsv: number, opcode: number, masked: boolean, payload: Buffer }} ReadFrame */

const RSV1 = 4;

class Violation extends Error {}

export class StrictReader {
  /** @type {"client" | "server"} */ #peerRole;
  /** @type {ReaderSink} */ #sink;
  /** Not parsed yet: joined only when a frame can be complete, so that 16 MiB in small chunks cost one copy. */
  /** @type {Buffer[]} */ #chunks = [];
  #size = 0;
  #needed = 2;
  #inflate;
  /** The unfinished message. @type {{ kind: MessageKind, compressed: boolean, parts: Buffer[] } | undefined} */ #message;
  #closed = false;
  #broken = false;

  /** @param {"client" | "server"} peerRole whose octets these are
   * @param {ReaderSink} sink
   * @param {Inflate} [inflate] undefined: no message may be compressed */
  constructor(peerRole, sink, inflate) {
    this.#peerRole = peerRole;
    this.#sink = sink;
    this.#inflate = inflate;
  }

  /** @param {Buffer} chunk kept until the frame that it is part of is complete */
  push(chunk) {
    if (this.#broken) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return;
    let octets = join(this.#chunks);
    try {
      for (let length = this.#parse(octets); length > 0; length = this.#parse(octets)) octets = octets.subarray(length);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#broken = true;
      this.#sink.violation(error.message);
    }
    this.#chunks = octets.length === 0 ? [] : [octets];
    this.#size = octets.length;
  }

  /** Take the frame at the front.
   * @param {Buffer} octets
   * @returns its length; 0 while it is incomplete, and then `#needed` says how much there must be */
  #parse(octets) {
    this.#needed = 2;
    if (octets.length < 2) return 0;
    const [first = 0, second = 0] = octets;
    const marker = second & 0x7f;
    const masked = second >= 0x80;
    const lengthEnd = marker === 127 ? 10 : marker === 126 ? 4 : 2;
    const header = lengthEnd + (masked ? 4 : 0);
    this.#needed = header;
    if (octets.length < header) return 0;
    const end = header + readLength(octets, marker);
    this.#needed = end;
    if (octets.length < end) return 0;
    this.#needed = 2;
    const body = octets.subarray(header, end);
    const payload = masked ? maskPayload(body, octets.subarray(lengthEnd, header)) : body;
    this.#take({ fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload });
    return end;
  }

  /** @param {ReadFrame} frame */
  #take(frame) {
    const { fin, rsv, opcode, masked, payload } = frame;
    demand(!this.#closed, "peer sent a frame after its Close frame");
    demand(rsv === 0 || this.#mayCompress(frame), `peer set RSV bits (${rsv}) in a frame of opcode ${opcode}`);
    demand(Object.values(OPCODE).includes(opcode), `peer used the reserved opcode ${opcode}`);
    demand(masked || this.#peerRole === "server", "peer, a client, sent a frame that is not masked");
    demand(!masked || this.#peerRole === "client", "peer, a server, masked a frame");
    if (opcode < 8) return this.#takeData(frame);
    demand(fin, "peer sent a fragmented control frame");
    demand(payload.length <= 125, `peer sent a control frame of ${payload.length} octets`);
    if (opcode === OPCODE.ping) this.#sink.ping(payload);
    else if (opcode === OPCODE.pong) this.#sink.pong(payload);
    else this.#takeClose(payload);
  }

  /** @param {ReadFrame} frame */
  #mayCompress({ rsv, opcode }) {
    return this.#inflate !== undefined && rsv === RSV1 && (opcode === OPCODE.text || opcode === OPCODE.binary);
  }

  /** @param {ReadFrame} frame */
  #takeData({ fin, rsv, opcode, payload }) {
    if (opcode === OPCODE.continuation)
      demand(this.#message !== undefined, "peer continued a message it had not begun");
    else demand(this.#message === undefined, "peer began a message inside a message");
    const message = this.#message ?? begin(opcode === OPCODE.text ? "text" : "binary", rsv === RSV1);
    message.parts.push(payload);
    this.#message = fin ? undefined : message;
    if (!fin) return;
    const { kind, compressed, parts } = message;
    const whole = compressed ? this.#inflated(join(parts)) : join(parts);
    demand(kind === "binary" || isUtf8(whole), "peer sent text that is not UTF-8");
    this.#sink.message(kind, whole, compressed);
  }

  /** @param {Buffer} payload */
  #inflated(payload) {
    try {
      return this.#inflate?.(payload) ?? payload;
    } catch (error) {
      throw new Violation(
        `peer's message does not inflate as agreed: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  /** @param {Buffer} payload */
  #takeClose(payload) {
    demand(payload.length !== 1, "peer sent a Close frame with one octet");
    const code = payload.length === 0 ? null : payload.readUInt16BE(0);
    demand(code === null || maySend(code), `peer sent the close code ${code}`);
    demand(isUtf8(payload.subarray(2)), "peer sent a close reason that is not UTF-8");
    this.#closed = true;
    this.#sink.close(code);
  }
}

/** @param {MessageKind} kind
 * @param {boolean} compressed
 * @returns {{ kind: MessageKind, compressed: boolean, parts: Buffer[] }} */
function begin(kind, compressed) {
  return { kind, compressed, parts: [] };
}

/** @param {Buffer[]} parts */
function join(parts) {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}

/** @param {Buffer} octets
 * @param {number} marker */
function readLength(octets, marker) {
  if (marker < 126) return marker;
  const length = marker === 126 ? octets.readUInt16BE(2) : Number(octets.readBigUInt64BE(2));
  demand(length >= (marker === 126 ? 126 : 65_536), `peer wrote the length ${length} in too many octets`);
  return length;
}

/** Whether a peer may send the close code: assigned ones, and those for libraries and applications (RFC 6455 §7.4).
 * @param {number} code */
function maySend(code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/** @param {boolean} holds
 * @param {string} otherwise
 * @returns {asserts holds} */
function demand(holds, otherwise) {
  if (!holds) throw new Violation(otherwise);
}
