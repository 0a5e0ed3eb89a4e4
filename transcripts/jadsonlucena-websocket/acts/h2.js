/**
 * WebSockets over HTTP/2 (RFC 8441) by hand: sessions of Node's HTTP/2 client, and streams on which a scenario writes frames of
 * its own.
 */
import http2 from "node:http2";
import { describeFrame, encodeFrame, FrameDecoder } from "../../kit/frames.js";
import { serve } from "./ends.js";

/** @typedef {import("../../kit/stage.js").Stage} Stage */
/** @typedef {import("../../kit/frames.js").Frame} Frame */
/** @typedef {import("../../kit/frames.js").FrameInput} FrameInput */
/** @typedef {import("./ends.js").Place} Place */
/** @typedef {Record<string, string | undefined>} H2Fields */

/** A session whose server has said its settings.
 * @param {Stage} stage
 * @param {Place} place
 * @returns {Promise<http2.ClientHttp2Session>} */
export async function session(stage, { origin }) {
  const one = http2.connect(origin, { ca: stage.tls.cert });
  one.on("error", () => {});
  stage.after(() => one.destroy());
  if (one.remoteSettings?.enableConnectProtocol === undefined) await stage.once(one, "remoteSettings");
  return one;
}

/** The answer to a CONNECT for a WebSocket.
 * @param {Stage} stage
 * @param {http2.ClientHttp2Session} on
 * @param {Place} place
 * @param {{ path?: string, fields?: H2Fields, lane?: string, tellFrames?: boolean }} [settings]
 * @returns {Promise<H2Peer>} */
export async function connect(stage, on, { port, tls, origin }, settings = {}) {
  const { path = "/", fields = {}, lane = "client", tellFrames = true } = settings;
  const all = {
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": tls ? "https" : "http",
    ":authority": `127.0.0.1:${port}`,
    ":path": path,
    "sec-websocket-version": "13",
    origin,
    ...fields,
  };
  const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const stream = on.request(said, { endStream: false });
  const peer = new H2Peer(stream, tellFrames ? stage.lane(lane) : () => {});
  await peer.answered;
  return peer;
}

/** A connected client and its ID.
 * @param {Stage} stage
 * @param {http2.ClientHttp2Session} on
 * @param {Place} place
 * @param {Parameters<typeof connect>[3]} [settings] */
export async function joinH2(stage, on, place, settings) {
  const opened = stage.once(place.ws, "open");
  const peer = await connect(stage, on, place, settings);
  const [id] = await opened;
  return { peer, id };
}

/** A place over HTTP/2 with a session and a client.
 * @param {Stage} stage
 * @param {Parameters<typeof serve>[1]} [settings]
 * @param {Parameters<typeof joinH2>[3]} [client] */
export async function h2End(stage, settings, client) {
  const place = await serve(stage, { kind: "h2c", ...settings });
  const on = await session(stage, place);
  return { ...place, on, ...(await joinH2(stage, on, place, client)) };
}

export class H2Peer {
  #decoder = new FrameDecoder();
  /** @type {Frame[]} */
  #unread = [];
  #isOver = false;
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** The fields of the answer. @type {http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader} */
  head = {};

  /** @param {http2.ClientHttp2Stream} stream
   * @param {(...values: unknown[]) => void} say */
  constructor(stream, say) {
    this.stream = stream;
    this.answered = new Promise((resolve) => {
      stream.on("response", (head) => {
        this.head = head;
        resolve(undefined);
      });
      stream.on("close", () => resolve(undefined));
    });
    stream.on("data", (chunk) => {
      if (this.head[":status"] !== 200) return;
      for (const frame of this.#decoder.push(chunk)) {
        say(`got ${describeFrame(frame)}`);
        this.#unread.push(frame);
      }
      this.#wake();
    });
    stream.on("error", () => {});
    for (const event of ["end", "close"]) stream.on(event, () => this.#end());
  }

  get status() {
    return this.head[":status"];
  }

  /** @param {...FrameInput} inputs */
  send(...inputs) {
    this.stream.write(Buffer.concat(inputs.map((input) => encodeFrame({ mask: true, ...input }))));
  }

  /** @returns {Promise<Frame | undefined>} */
  async frame() {
    await this.#until(() => this.#unread.length > 0 || this.#isOver);
    return this.#unread.shift();
  }

  /** Resolves when the server has ended its side. */
  async over() {
    await this.#until(() => this.#isOver);
  }

  #end() {
    this.#isOver = true;
    this.#wake();
  }

  #wake() {
    for (const look of [...this.#waiting]) look();
  }

  /** @param {() => boolean} holds
   * @returns {Promise<void>} */
  #until(holds) {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
