/**
 * HTTP/2 connections without an HTTP/2 library (RFC 9113), for what such a library refuses to send. What comes back is
 * counted and not kept; the server's SETTINGS are acknowledged, and nothing else is answered.
 */
import { fieldBlock } from "./hpack.js";
import { openSocket, writeAll } from "./http1.js";

/** @typedef {import("../attack.js").Target} Target */
/** @typedef {Readonly<Record<string, string | undefined>>} Fields */

/** §6 */
export const frameType = /** @type {const} */ ({
  ...{ data: 0, headers: 1, priority: 2, resetStream: 3, settings: 4, pushPromise: 5 },
  ...{ ping: 6, goaway: 7, windowUpdate: 8, continuation: 9, unknown: 0xfa },
});
export const flag = /** @type {const} */ ({ none: 0, endStream: 1, ack: 1, endHeaders: 4 });
/** §6.5.2 */
export const setting = /** @type {const} */ ({ headerTableSize: 1, initialWindowSize: 4 });
/** The most that a frame may carry without being asked (§4.2). */
export const FULL_FRAME = 16_384;
/** CANCEL (§7), as the payload of RST_STREAM. */
export const CANCEL = uint32(8);

/** The names that §7 gives to codes. */
const ERROR_NAMES = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"],
  ...["FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"],
  ...["INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];

/** @param {number} code */
export const errorName = (code) => ERROR_NAMES[code] ?? `error ${code}`;

/** @param {number} value */
export function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A frame (§4.1).
 * @param {number} type
 * @param {number} flags
 * @param {number} streamId
 * @param {Uint8Array} [payload] */
export function http2Frame(type, flags, streamId, payload = new Uint8Array(0)) {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** A SETTINGS frame (§6.5).
 * @param {readonly (readonly [id: number, value: number])[]} [values] */
export function settingsFrame(values = []) {
  const payload = values.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), uint32(value)]));
  return http2Frame(frameType.settings, flag.none, 0, Buffer.concat(payload));
}

/** The field block of an extended CONNECT (RFC 8441 §4); a field given here replaces the usual one, undefined leaves it out.
 * @param {Target} target
 * @param {Fields} [given] */
export function connectBlock(target, given = {}) {
  /** @type {Fields} */
  const fields = {
    ...{ ":method": "CONNECT", ":protocol": "websocket", ":scheme": target.secure ? "https" : "http" },
    ...{ ":path": target.path, ":authority": target.host, "sec-websocket-version": "13", ...given },
  };
  return fieldBlock(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** A HEADERS frame that opens a WebSocket.
 * @param {Target} target
 * @param {number} streamId
 * @param {Fields} [given] */
export function connectFrame(target, streamId, given) {
  return http2Frame(frameType.headers, flag.endHeaders, streamId, connectBlock(target, given));
}

/** A field block in as many frames as it needs (§4.3).
 * @param {number} streamId
 * @param {Buffer} block */
export function headerFrames(streamId, block) {
  const frames = [];
  for (let from = 0; from < block.length; from += FULL_FRAME) {
    const flags = from + FULL_FRAME >= block.length ? flag.endHeaders : flag.none;
    const type = from === 0 ? frameType.headers : frameType.continuation;
    frames.push(http2Frame(type, flags, streamId, block.subarray(from, from + FULL_FRAME)));
  }
  return Buffer.concat(frames);
}

export class Http2Peer {
  /** The error code of the server's GOAWAY. @type {number | undefined} */
  goaway;
  /** The server has ended the connection, or said that it will. */
  isOver = false;
  /** HEADERS frames that came: each answers a request. */
  answers = 0;
  /** RST_STREAM frames that came, by their code. @type {Map<number, number>} */
  resets = new Map();
  /** Bytes of DATA that came. */
  dataBytes = 0;
  /** @type {import("node:net").Socket} */
  socket;
  #rest = Buffer.alloc(0);
  /** @type {(() => void)[]} */
  #waiting = [];

  /** Connects, and sends preface and SETTINGS.
   * @param {Target} target
   * @param {AbortSignal} signal
   * @param {readonly (readonly [id: number, value: number])[]} [settings] */
  static async open(target, signal, settings) {
    const peer = new Http2Peer(await openSocket(target, { signal, alpn: ["h2"], allowHalfOpen: false }));
    peer.socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settingsFrame(settings)]));
    return peer;
  }

  /** @param {import("node:net").Socket} socket whose peer expects HTTP/2 */
  constructor(socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
      while (this.#take());
      this.#wake();
    });
    for (const event of ["end", "close"])
      socket.on(event, () => {
        this.isOver = true;
        this.#wake();
      });
  }

  /** Write when there is room. False when the connection is over, or the time.
   * @param {Uint8Array} bytes
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} */
  async write(bytes, signal) {
    return !this.isOver && (await writeAll(this.socket, bytes, signal)) && !this.isOver;
  }

  /** Open a WebSocket.
   * @param {Target} target
   * @param {number} streamId
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether the server has answered, with whatever */
  async connect(target, streamId, signal) {
    const { answers } = this;
    await this.write(connectFrame(target, streamId), signal);
    return this.until(() => this.answers > answers, signal);
  }

  /** Wait until something has come true, or cannot any more.
   * @param {() => boolean} isTrue
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} */
  async until(isTrue, signal) {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    while (!isTrue() && !this.isOver && !signal.aborted)
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.#waiting.push(resolve));
    signal.removeEventListener("abort", wake);
    return isTrue();
  }

  /** Wait until the server ends the connection.
   * @param {AbortSignal} signal */
  over(signal) {
    return this.until(() => this.isOver, signal);
  }

  #take() {
    const bytes = this.#rest;
    if (bytes.length < 9) return false;
    const end = 9 + bytes.readUIntBE(0, 3);
    if (bytes.length < end) return false;
    this.#receive(bytes[3] ?? 0, bytes[4] ?? 0, bytes.subarray(9, end));
    this.#rest = bytes.subarray(end);
    return true;
  }

  /** @param {number} type
   * @param {number} flags
   * @param {Buffer} payload */
  #receive(type, flags, payload) {
    if (type === frameType.headers) this.answers += 1;
    else if (type === frameType.data) this.dataBytes += payload.length;
    else if (type === frameType.settings && (flags & flag.ack) === 0) this.#acknowledge();
    else if (type === frameType.resetStream && payload.length === 4) {
      const code = payload.readUInt32BE(0);
      this.resets.set(code, (this.resets.get(code) ?? 0) + 1);
    } else if (type === frameType.goaway && payload.length >= 8) {
      this.goaway = payload.readUInt32BE(4);
      this.isOver = true;
    }
  }

  #acknowledge() {
    if (this.socket.writable) this.socket.write(http2Frame(frameType.settings, flag.ack, 0));
  }

  #wake() {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
