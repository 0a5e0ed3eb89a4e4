/**
 * A WebSocket on a stream, as a client sees it. In: messages and frames. Out: the peer's frames, read strictly.
 * @see RFC 6455 §5, RFC 8441 §5
 */
import { randomBytes } from "node:crypto";
import { formatFrame, OPCODE } from "../../tester/frames.js";
import { expect, Mismatch } from "./mismatch.js";

/** @typedef {import("./http2-connection.js").Http2Connection} Http2Connection */
/** @typedef {import("./stream.js").Stream} Stream */
/** @typedef {{ fin: boolean, rsv: number, opcode: number, payload: Buffer }} WebSocketFrame */

export { OPCODE };

/** @param {number} opcode
 * @param {string | Buffer} payload
 * @param {{ fin?: boolean, rsv?: number, masked?: boolean }} [form]
 * @returns {Buffer} */
export function frameOf(opcode, payload, { fin = true, rsv = 0, masked = true } = {}) {
  return formatFrame({ fin, rsv, opcode }, Buffer.from(payload), masked ? randomBytes(4) : undefined);
}

/** @param {string} text */
export function textFrame(text) {
  return frameOf(OPCODE.text, text);
}

/** @param {number} code
 * @param {string} [reason] */
export function closeFrame(code, reason = "") {
  return frameOf(OPCODE.close, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

export class Tunnel {
  connection;
  stream;
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /** @param {Http2Connection} connection
   * @param {Stream} stream whose response has come */
  constructor(connection, stream) {
    this.connection = connection;
    this.stream = stream;
  }

  /** @param {Buffer} octets
   * @param {{ endStream?: boolean, padding?: number }} [form] */
  async write(octets, form) {
    await this.connection.sendData(this.stream, octets, form);
  }

  /** Send a text and wait for it to come back.
   * @param {string} text */
  async echo(text) {
    await this.write(textFrame(text));
    await this.expectText(text);
  }

  /** @param {string} text */
  async expectText(text) {
    const { opcode, payload } = await this.message();
    expect(opcode === OPCODE.text, `a message with opcode ${opcode} instead of a text`);
    expect(payload.equals(Buffer.from(text)), `${show(payload)} instead of ${show(Buffer.from(text))}`);
  }

  /** The next message; pings and pongs between are passed over.
   * @returns {Promise<{ opcode: number, payload: Buffer, rsv: number }>} */
  async message() {
    const parts = [];
    let opcode;
    let rsv = 0;
    for (;;) {
      const frame = await this.frame("a message");
      if (frame.opcode === OPCODE.ping || frame.opcode === OPCODE.pong) continue;
      expect(frame.opcode !== OPCODE.close, `Close ${closeCode(frame)} instead of a message`);
      const continues = frame.opcode === OPCODE.continuation;
      expect(continues === (opcode !== undefined), `a frame with opcode ${frame.opcode} in a wrong place`);
      if (opcode === undefined) ({ opcode, rsv } = frame);
      parts.push(frame.payload);
      if (frame.fin) return { opcode, rsv, payload: Buffer.concat(parts) };
    }
  }

  /** The next frame.
   * @param {string} what it should be, for the text of the Mismatch
   * @returns {Promise<WebSocketFrame>} */
  frame(what) {
    return this.connection.until(what, () => {
      const frame = this.#read();
      if (frame === undefined && this.stream.over) throw new Mismatch(`${this.stream.describe()} instead of ${what}`);
      return frame;
    });
  }

  /** The next frame that is no message: pongs and echoes before it are passed over.
   * @returns {Promise<number | undefined>} its code, undefined where it has none */
  async closeFrame() {
    for (;;) {
      const frame = await this.frame("a Close frame");
      if (frame.opcode === OPCODE.close) return closeCode(frame);
    }
  }

  /** Wait for END_STREAM or RST_STREAM. */
  async ended() {
    await this.connection.until("the end of the stream", () => this.stream.over || this.connection.failed);
  }

  /** @returns {WebSocketFrame | undefined} undefined: not all of it is there */
  #read() {
    const { chunks } = this.stream;
    if (chunks.length > 0) this.#rest = Buffer.concat([this.#rest, ...chunks.splice(0)]);
    const rest = this.#rest;
    const [first = 0, second = 0] = rest;
    if (rest.length < 2) return undefined;
    expect((second & 0x80) === 0, "a masked frame from a server (RFC 6455 §5.1)");
    const size = { 126: 2, 127: 8 }[second & 0x7f] ?? 0;
    if (rest.length < 2 + size) return undefined;
    const length = size === 0 ? second & 0x7f : Number(BigInt(`0x${rest.toString("hex", 2, 2 + size)}`));
    if (rest.length < 2 + size + length) return undefined;
    this.#rest = rest.subarray(2 + size + length);
    const payload = rest.subarray(2 + size, 2 + size + length);
    return { fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, opcode: first & 0x0f, payload };
  }
}

/** @param {WebSocketFrame} frame */
function closeCode({ payload }) {
  return payload.length < 2 ? undefined : payload.readUInt16BE(0);
}

/** @param {Buffer} payload */
function show(payload) {
  return payload.length > 40 ? `${payload.length} octets` : JSON.stringify(payload.toString());
}
