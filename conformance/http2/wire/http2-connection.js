/**
 * The client's end of one HTTP/2 connection, frame by frame: nothing stops it from sending what is not allowed.
 * In: frames to send; octets from a socket. Out: what has come, stream by stream, and what the peer did that no peer may
 * (`violations`). It acknowledges SETTINGS and PING, and gives windows back where it was not told to withhold them.
 */
import { FieldReader, formatFields, IndexingWriter } from "./fields.js";
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR,
  errorName,
  FLAG,
  FrameReader,
  formatFrame,
  formatSettings,
  PREFACE,
  pad,
  readSettings,
  SETTING,
  TYPE,
  unpad,
  words,
} from "./http2-frames.js";
import { Mismatch } from "./mismatch.js";
import { Stream } from "./stream.js";

/** @typedef {import("./fields.js").Field} Field */
/** @typedef {import("./http2-frames.js").Frame} Frame */
/** @typedef {readonly (readonly [number, number])[]} Settings */
/** @typedef {{ stream: Stream, endStream: boolean, pieces: Buffer[] }} Block */
/**
 * How a field block is written.
 * @typedef {object} HeadersForm
 * @property {boolean} [endStream]
 * @property {number} [padding] octets of padding
 * @property {boolean} [priority] with the five octets that RFC 9113 §6.2 has for a deprecated priority
 * @property {number} [pieces] so many CONTINUATION frames after HEADERS
 * @property {boolean} [indexed] indexed and with Huffman coding, instead of literally
 */

export class Http2Connection {
  /** The peer's SETTINGS, as they hold now, and each change in order. @type {Map<number, number>} */
  settings = new Map();
  /** @type {[number, number][]} */
  settingsHistory = [];
  settingsFrames = 0;
  settingsAcks = 0;
  /** @type {Buffer[]} */
  pingAcks = [];
  /** @type {{ lastStreamId: number, code: number } | undefined} */
  goaway;
  closed = false;
  autoUpdate = true;
  receivedFrames = 0;
  /** What the peer did that is never allowed. @type {string[]} */
  violations = [];
  sendWindow = DEFAULT_WINDOW_BYTES;
  receiveWindow = DEFAULT_WINDOW_BYTES;
  /** @type {Map<number, Stream>} */
  #streams = new Map();
  #nextId = 1;
  #pings = 0;
  #initialReceiveWindow = DEFAULT_WINDOW_BYTES;
  /** Our SETTINGS_INITIAL_WINDOW_SIZE that the peer has not yet acknowledged. @type {(number | undefined)[]} */
  #unacknowledged = [];
  #frames = new FrameReader();
  #fields = new FieldReader();
  #writer = new IndexingWriter();
  /** A field block that goes on. @type {Block | undefined} */
  #block;
  /** @type {Set<() => void>} */
  #waiting = new Set();
  #socket;
  #idleMs;

  /** @param {import("node:net").Socket} socket that is connected
   * @param {number} idleMs how long `until` waits */
  constructor(socket, idleMs) {
    this.#socket = socket;
    this.#idleMs = idleMs;
    socket.on("data", (chunk) => {
      for (const frame of this.#frames.push(chunk)) this.#read(frame);
      this.#wake();
    });
    // 'close' follows and tells
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    socket.on("end", () => socket.end());
  }

  /** @param {Settings} settings */
  begin(settings = []) {
    this.#socket.write(PREFACE);
    this.changeSettings(settings);
  }

  /** @param {Settings} settings */
  changeSettings(settings) {
    const size = settings.find(([id]) => id === SETTING.initialWindowSize)?.[1];
    // More is allowed at once, less only when the peer has seen it
    if (size !== undefined && size > this.#initialReceiveWindow) this.#resizeWindows(size);
    this.#unacknowledged.push(size);
    this.write(formatSettings(settings));
  }

  /** @param {Buffer} octets */
  write(octets) {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(octets);
  }

  /** @param {number} type
   * @param {number} flags
   * @param {number} streamId
   * @param {Buffer} [payload] */
  send(type, flags, streamId, payload = Buffer.alloc(0)) {
    this.write(formatFrame(type, flags, streamId, payload));
  }

  /** A stream that no frame has been sent on yet. */
  newStream() {
    const size = this.settings.get(SETTING.initialWindowSize) ?? DEFAULT_WINDOW_BYTES;
    const stream = new Stream(this.#nextId, size, this.#initialReceiveWindow);
    this.#streams.set(this.#nextId, stream);
    this.#nextId += 2;
    return stream;
  }

  /** @param {readonly Field[]} fields
   * @param {HeadersForm} [form]
   * @returns {Stream} */
  request(fields, form = {}) {
    const stream = this.newStream();
    const block = form.indexed === true ? this.#writer.format(fields) : formatFields(fields);
    this.sendBlock(stream.id, block, form);
    return stream;
  }

  /** @param {number} streamId
   * @param {Buffer} block
   * @param {HeadersForm} form */
  sendBlock(streamId, block, { endStream = false, padding, priority = false, pieces = 0 }) {
    const step = Math.min(DEFAULT_FRAME_BYTES - 300, Math.ceil(block.length / (pieces + 1)));
    const cuts = [];
    for (let at = 0; at < block.length || at === 0; at += Math.max(1, step)) cuts.push(block.subarray(at, at + step));
    const [first = Buffer.alloc(0), ...rest] = cuts;
    const begun = priority ? Buffer.concat([words(0), Buffer.from([15]), first]) : first;
    const flags =
      (endStream ? FLAG.endStream : 0) |
      (rest.length === 0 ? FLAG.endHeaders : 0) |
      (priority ? FLAG.priority : 0) |
      (padding === undefined ? 0 : FLAG.padded);
    this.send(TYPE.headers, flags, streamId, padding === undefined ? begun : pad(begun, padding));
    rest.forEach((piece, index) => {
      this.send(TYPE.continuation, index === rest.length - 1 ? FLAG.endHeaders : 0, streamId, piece);
    });
  }

  /** Send data as the peer's windows allow.
   * @param {Stream} stream
   * @param {Buffer} data
   * @param {{ endStream?: boolean, padding?: number }} [form] */
  async sendData(stream, data, { endStream = false, padding } = {}) {
    const extra = padding === undefined ? 0 : padding + 1;
    let at = 0;
    do {
      const most = await this.until("a window to send in", () => {
        if (stream.reset !== undefined) throw new Mismatch(`${stream.describe()} while there was something to send`);
        const window = Math.min(this.sendWindow, stream.sendWindow, DEFAULT_FRAME_BYTES) - extra;
        return window > 0 || data.length + extra === 0 ? { window } : undefined;
      });
      const piece = data.subarray(at, at + most.window);
      at += piece.length;
      const flags = (endStream && at === data.length ? FLAG.endStream : 0) | (extra > 0 ? FLAG.padded : 0);
      this.sendWindow -= piece.length + extra;
      stream.sendWindow -= piece.length + extra;
      this.send(TYPE.data, flags, stream.id, padding === undefined ? piece : pad(piece, padding));
    } while (at < data.length);
  }

  /** @param {Stream | undefined} stream undefined: the connection's window
   * @param {number} bytes */
  giveWindow(stream, bytes) {
    const target = stream ?? this;
    target.receiveWindow += bytes;
    this.send(TYPE.windowUpdate, 0, stream?.id ?? 0, words(bytes));
  }

  /** @param {Stream} stream
   * @param {number} [code] */
  resetStream(stream, code = ERROR["CANCEL"] ?? 8) {
    this.send(TYPE.rstStream, 0, stream.id, words(code));
  }

  /** Send a PING and wait for the answer: what was sent before it has been read by then. */
  async ping() {
    const payload = words(0x706f_6c79, ++this.#pings);
    this.send(TYPE.ping, 0, 0, payload);
    await this.until("PING to be acknowledged", () => this.pingAcks.some((one) => one.equals(payload)));
  }

  /** Wait until something is so, which is asked again whenever something has come.
   * @template T
   * @param {string} what for the text of the Mismatch
   * @param {() => T | undefined | false} check
   * @returns {Promise<T>}
   * @throws Mismatch when it takes longer than `idleMs`, or the connection is gone */
  until(what, check) {
    return new Promise((resolve, reject) => {
      const finish = (/** @type {() => void} */ settle) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const look = () => {
        try {
          const value = check();
          if (value !== undefined && value !== false) finish(() => resolve(value));
          else if (this.closed) finish(() => reject(new Mismatch(`${this.describe()} instead of ${what}`)));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      const late = () => finish(() => reject(new Mismatch(`${this.describe()}; ${this.#idleMs} ms without ${what}`)));
      const timer = setTimeout(late, this.#idleMs);
      this.#waiting.add(look);
      look();
    });
  }

  describe() {
    if (this.goaway !== undefined) return `GOAWAY ${errorName(this.goaway.code)}`;
    return this.closed ? "the end of the connection" : "an open connection";
  }

  /** Whether the peer has ended the connection, or has said that it will because something was wrong. */
  get failed() {
    return this.closed || (this.goaway !== undefined && this.goaway.code !== ERROR["NO_ERROR"]);
  }

  close() {
    this.#socket.destroy();
  }

  #wake() {
    for (const look of [...this.#waiting]) look();
  }

  /** @param {Frame} frame */
  #read(frame) {
    try {
      this.#receive(frame);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.violations.push(`a frame of type ${frame.type} that is too short (RFC 9113 §4.2)`);
    }
  }

  /** @param {Frame} frame */
  #receive(frame) {
    const { type, streamId, payload } = frame;
    if (this.receivedFrames++ === 0 && type !== TYPE.settings) {
      this.violations.push("its first frame is not SETTINGS (RFC 9113 §3.4)");
    }
    if (payload.length > DEFAULT_FRAME_BYTES) {
      this.violations.push(`a frame of ${payload.length} octets (RFC 9113 §4.2)`);
    }
    if (this.#block !== undefined && type !== TYPE.continuation) {
      this.violations.push("another frame inside a field block (RFC 9113 §4.3)");
    }
    switch (type) {
      case TYPE.settings:
        return this.#onSettings(frame);
      case TYPE.ping:
        return this.#onPing(frame);
      case TYPE.goaway:
        this.goaway = { lastStreamId: payload.readUInt32BE(0) & 0x7fff_ffff, code: payload.readUInt32BE(4) };
        return;
      case TYPE.pushPromise:
        this.violations.push("PUSH_PROMISE for a CONNECT (RFC 9113 §8.4)");
        return;
      case TYPE.windowUpdate:
        if (streamId === 0) this.sendWindow += payload.readUInt32BE(0);
        else if (this.#streams.has(streamId)) this.#stream(frame).sendWindow += payload.readUInt32BE(0);
        return;
      case TYPE.rstStream:
        this.#stream(frame).reset ??= payload.readUInt32BE(0);
        return;
      case TYPE.headers:
      case TYPE.continuation:
        return this.#onBlock(frame);
      case TYPE.data:
        return this.#onData(frame);
    }
  }

  /** @param {Frame} frame */
  #onSettings({ flags, payload }) {
    if ((flags & FLAG.ack) !== 0) {
      this.settingsAcks++;
      const size = this.#unacknowledged.shift();
      if (size !== undefined && size < this.#initialReceiveWindow) this.#resizeWindows(size);
      return;
    }
    this.settingsFrames++;
    for (const [id, value] of readSettings(payload)) {
      if (id === SETTING.initialWindowSize) {
        const before = this.settings.get(id) ?? DEFAULT_WINDOW_BYTES;
        for (const stream of this.#streams.values()) stream.sendWindow += value - before;
      }
      this.settings.set(id, value);
      this.settingsHistory.push([id, value]);
    }
    this.send(TYPE.settings, FLAG.ack, 0);
  }

  /** @param {number} size
   * @see RFC 9113 §6.9.2 */
  #resizeWindows(size) {
    for (const stream of this.#streams.values()) stream.receiveWindow += size - this.#initialReceiveWindow;
    this.#initialReceiveWindow = size;
  }

  /** @param {Frame} frame */
  #onPing({ flags, payload }) {
    if ((flags & FLAG.ack) !== 0) this.pingAcks.push(Buffer.from(payload));
    else this.send(TYPE.ping, FLAG.ack, 0, payload);
  }

  /** @param {Frame} frame */
  #onBlock(frame) {
    const { type, flags, streamId, payload } = frame;
    let begun = this.#block;
    if (type === TYPE.headers) {
      const skipped = (flags & FLAG.priority) !== 0 ? 5 : 0;
      const endStream = (flags & FLAG.endStream) !== 0;
      begun = { stream: this.#stream(frame), endStream, pieces: [unpad(frame).subarray(skipped)] };
    } else if (begun?.stream.id !== streamId) {
      this.violations.push("CONTINUATION without HEADERS (RFC 9113 §6.10)");
      return;
    } else begun.pieces.push(payload);
    const whole = (flags & FLAG.endHeaders) !== 0;
    this.#block = whole ? undefined : begun;
    if (!whole) return;
    try {
      this.#onFields(begun.stream, this.#fields.read(Buffer.concat(begun.pieces)), begun.endStream);
    } catch (error) {
      this.violations.push(`fields that cannot be decoded: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param {Stream} stream
   * @param {Field[]} fields
   * @param {boolean} endStream */
  #onFields(stream, fields, endStream) {
    if (stream.fields !== undefined) stream.laterBlocks++;
    // RFC 9110 §15.2: informational responses may come before the final one
    else if (!/^1/.test(fields.find(([name]) => name === ":status")?.[1] ?? "")) {
      stream.fields = fields;
      stream.endedWithResponse = endStream;
    }
    if (endStream) stream.endStream = true;
  }

  /** @param {Frame} frame */
  #onData(frame) {
    const { flags, payload } = frame;
    const stream = this.#stream(frame);
    const data = unpad(frame);
    if (stream.fields === undefined) this.violations.push("DATA before the response (RFC 9113 §8.1)");
    this.receiveWindow -= payload.length;
    stream.receiveWindow -= payload.length;
    if (payload.length > 0 && (this.receiveWindow < 0 || stream.receiveWindow < 0)) {
      this.violations.push("DATA beyond the window (RFC 9113 §6.9.1)");
    }
    stream.receivedBytes += data.length;
    if (data.length > 0) stream.chunks.push(Buffer.from(data));
    if ((flags & FLAG.endStream) !== 0) stream.endStream = true;
    if (payload.length === 0) return;
    if (this.autoUpdate) this.giveWindow(undefined, payload.length);
    if (stream.autoUpdate && !stream.over) this.giveWindow(stream, payload.length);
  }

  /** @param {Frame} frame
   * @returns {Stream} */
  #stream({ streamId, type }) {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.violations.push(`a frame of type ${type} on stream ${streamId}, which nobody opened (RFC 9113 §5.1)`);
      return new Stream(streamId, 0, 0);
    }
    if (stream.endStream && (type === TYPE.data || type === TYPE.headers)) {
      this.violations.push("a frame after END_STREAM (RFC 9113 §5.1)");
    }
    return stream;
  }
}
