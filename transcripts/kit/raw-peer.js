/**
 * One end of a TCP or TLS connection that a scenario drives byte for byte. In: a socket. Out: the head (the request's or
 * response's) that the other side sent, then its frames, each a line of the peer's lane, then `over`.
 */
import { CLOSE, closePayload, describeFrame, encodeFrame, FrameDecoder } from "./frames.js";
import { acceptOf, headText } from "./handshake.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {import("./frames.js").FrameInput} FrameInput */
/** @typedef {import("./handshake.js").Fields} Fields */
/** @typedef {(...values: unknown[]) => void} Say */

export class RawPeer {
  #decoder = new FrameDecoder();
  #rest = Buffer.alloc(0);
  /** @type {Frame[]} */
  #unread = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {string[] | undefined} */
  #head;
  #isOver = false;
  /** What came after a head that did not switch protocols. */
  body = "";
  /** Set when nobody promises what the answer to our Close frame says: only that there was one is written then. */
  answersFreely = false;
  #hasClosed = false;

  /** @param {import("node:net").Socket} socket
   * @param {{ masks: boolean, say: Say, tellFrames?: boolean }} options masks: it is a client's end */
  constructor(socket, options) {
    this.socket = socket;
    this.say = options.say;
    this.masks = options.masks;
    this.tellFrames = options.tellFrames ?? true;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", () => this.#setOver());
    socket.on("end", () => this.#setOver());
    socket.on("close", () => this.#setOver());
  }

  /** Resolves when the other side has ended or reset the connection. */
  async over() {
    await this.#until(() => this.#isOver);
  }

  get isOver() {
    return this.#isOver;
  }

  /** The lines of the other side's head: first the request line or status line, then the fields as they came.
   * @returns {Promise<string[]>} */
  async head() {
    await this.#until(() => this.#head !== undefined || this.#isOver);
    return this.#head ?? ["<no head>"];
  }

  /** The next frame not asked for yet; undefined when the connection is over before.
   * @returns {Promise<Frame | undefined>} */
  async frame() {
    await this.#until(() => this.#unread.length > 0 || this.#isOver);
    return this.#unread.shift();
  }

  /** @param {number} count
   * @returns {Promise<(Frame | undefined)[]>} */
  async frames(count) {
    const frames = [];
    for (let index = 0; index < count; index += 1) frames.push(await this.frame());
    return frames;
  }

  /** @param {string | Uint8Array} bytes */
  write(bytes) {
    this.socket.write(bytes);
  }

  /** Write frames, in one piece; masked as the role demands unless they say otherwise.
   * @param {...FrameInput} inputs */
  send(...inputs) {
    this.write(Buffer.concat(inputs.map((input) => encodeFrame({ mask: this.masks, ...input }))));
  }

  /** @param {number} [code] without it the frame is empty
   * @param {string} [reason] */
  sendClose(code, reason) {
    this.#hasClosed = true;
    this.send({ opcode: CLOSE, payload: code === undefined ? "" : closePayload(code, reason) });
  }

  /** A server's end: switch protocols, with the right accept value unless `fields` has another. `undefined` leaves a field out.
   * @param {Fields} [fields]
   * @param {string} [statusLine]
   * @param {Uint8Array} [early] bytes sent together with the head */
  async answer(fields = {}, statusLine = "HTTP/1.1 101 Switching Protocols", early = Buffer.alloc(0)) {
    const key = (await this.head()).map((line) => /^sec-websocket-key: (.*)$/i.exec(line)?.[1]).find((one) => one);
    const own = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": acceptOf(key ?? "") };
    this.write(Buffer.concat([Buffer.from(headText(statusLine, { ...own, ...fields }), "latin1"), early]));
  }

  /** Half-close. */
  end() {
    this.socket.end();
  }

  /** End the connection with a TCP reset. */
  reset() {
    this.socket.resetAndDestroy();
  }

  destroy() {
    this.socket.destroy();
  }

  /** @param {Buffer} chunk */
  #receive(chunk) {
    if (this.#head !== undefined) {
      this.#take(chunk);
      return;
    }
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return;
    this.#head = this.#rest.subarray(0, end).toString("latin1").split("\r\n");
    this.#take(this.#rest.subarray(end + 4));
    this.#wake();
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    if (/^HTTP\/1\.1 (?!101)/.test(this.#head?.[0] ?? "")) {
      this.body += chunk.toString("latin1");
      return;
    }
    for (const frame of this.#decoder.push(chunk)) {
      if (this.tellFrames) this.say(`got ${this.#describe(frame)}`);
      this.#unread.push(frame);
    }
    this.#wake();
  }

  /** @param {Frame} frame */
  #describe(frame) {
    const isFree = this.answersFreely && this.#hasClosed && frame.opcode === CLOSE;
    return isFree ? "an answer to the Close frame" : describeFrame(frame);
  }

  #setOver() {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.tellFrames) this.say("over");
    this.#wake();
  }

  #wake() {
    for (const look of [...this.#waiting]) look();
  }

  /** @param {() => boolean} holds
   * @returns {Promise<void>} */
  #until(holds) {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
}
