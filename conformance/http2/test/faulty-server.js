/**
 * A small echo server over HTTP/2 that can have one fault at a time. It stands on Node's HTTP/2 and frames of its own, and
 * without a fault it does all that the tests ask of it.
 */
import { createServer } from "node:http2";
import { parseTarget } from "../play/target.js";
import { closePayload, formatFrame, maskPayload, OPCODE } from "../../tester/frames.js";

/** @typedef {import("node:http2").ServerHttp2Stream} ServerStream */
/** @typedef {import("node:http2").IncomingHttpHeaders} Headers */
/** @typedef {{ fin: boolean, opcode: number, masked: boolean, rsv: number, payload: Buffer }} ClientFrame */
/**
 * @typedef {"none" | "does not announce extended CONNECT" | "accepts every protocol" | "does not look at the version"
 *   | "names no versions" | "answers a key with a wrong Accept" | "sends Sec-WebSocket-Accept unasked" | "wants a key" | "has a subprotocol nobody offered"
 *   | "has an extension nobody offered" | "refuses cookies" | "tells a length" | "ends the stream with the response"
 *   | "masks its frames" | "takes each DATA frame for one frame" | "answers pings without their payload"
 *   | "echoes each fragment" | "puts what comes on all streams together" | "waits for a stalled stream"
 *   | "never ends the stream" | "does not see END_STREAM" | "speaks after Close" | "answers unmasked frames"
 *   | "ends the connection for a bad frame" | "ends the connection on GOAWAY" | "cuts long messages" | "dies of resets"} Fault
 */

const WRONG_ACCEPT = { "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" };

/** @param {Fault} fault
 * @returns {Promise<{ target: import("../play/target.js").Target, close: () => void }>} */
export async function startFaultyServer(fault) {
  const settings = { enableConnectProtocol: fault !== "does not announce extended CONNECT", maxConcurrentStreams: 20 };
  const server = createServer({ settings });
  /** @type {Set<import("node:http2").Http2Session>} */
  const sessions = new Set();
  const shared = { reader: new ClientFrames(), stalled: Promise.resolve(), opened: 0 };
  server.on("sessionError", () => {});
  server.on("session", (session) => {
    sessions.add(session);
    if (fault === "ends the connection on GOAWAY") session.on("goaway", () => session.destroy());
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    // So many are only opened to be reset; what Node tells of a reset may come after the answer to the next PING
    if (fault === "dies of resets" && ++shared.opened > 100) server.close();
    if (refuses(fault, stream, headers)) return;
    stream.respond(responseOf(fault, headers), { endStream: fault === "ends the stream with the response" });
    if (stream.writable) new Echo(fault, stream, shared).start();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { target: parseTarget(`h2c:127.0.0.1:${port}/`), close };
}

/** @param {Fault} fault
 * @param {ServerStream} stream
 * @param {Headers} headers */
function refuses(fault, stream, headers) {
  const version = headers["sec-websocket-version"];
  const told = fault === "names no versions" ? {} : { "sec-websocket-version": "13" };
  const wrongVersion = version !== "13" && fault !== "does not look at the version";
  const wrongProtocol = headers[":protocol"] !== "websocket" && fault !== "accepts every protocol";
  const noKey = fault === "wants a key" && headers["sec-websocket-key"] === undefined;
  const badCookie = fault === "refuses cookies" && headers.cookie !== undefined;
  if (!(wrongVersion || wrongProtocol || noKey || badCookie)) return false;
  stream.respond({ ":status": 400, ...told }, { endStream: true });
  return true;
}

/** @param {Fault} fault
 * @param {Headers} headers */
function responseOf(fault, headers) {
  const hasKey = headers["sec-websocket-key"] !== undefined;
  return {
    ":status": 200,
    ...(fault === "answers a key with a wrong Accept" && hasKey ? WRONG_ACCEPT : {}),
    ...(fault === "sends Sec-WebSocket-Accept unasked" ? WRONG_ACCEPT : {}),
    ...(fault === "has a subprotocol nobody offered" ? { "sec-websocket-protocol": "mine" } : {}),
    ...(fault === "has an extension nobody offered" ? { "sec-websocket-extensions": "permessage-deflate" } : {}),
    ...(fault === "tells a length" ? { "content-length": "1000000" } : {}),
  };
}

/** One WebSocket. */
class Echo {
  #fault;
  #stream;
  #shared;
  #reader;
  /** @type {{ opcode: number, parts: Buffer[] } | undefined} */
  #message;
  #closed = false;

  /** @param {Fault} fault
   * @param {ServerStream} stream
   * @param {{ reader: ClientFrames, stalled: Promise<void> }} shared by all streams */
  constructor(fault, stream, shared) {
    this.#fault = fault;
    this.#stream = stream;
    this.#shared = shared;
    this.#reader = fault === "puts what comes on all streams together" ? shared.reader : new ClientFrames();
  }

  start() {
    this.#stream.on("data", (/** @type {Buffer} */ chunk) => {
      if (this.#fault === "takes each DATA frame for one frame") this.#reader = new ClientFrames();
      for (const frame of this.#reader.push(chunk)) this.#receive(frame);
    });
    this.#stream.on("end", () => {
      if (this.#fault !== "does not see END_STREAM") this.#stream.end();
    });
  }

  /** @param {ClientFrame} frame */
  #receive(frame) {
    const { opcode, masked, rsv, payload } = frame;
    if (this.#closed && this.#fault !== "speaks after Close") return;
    if ((!masked && this.#fault !== "answers unmasked frames") || rsv !== 0) return this.#fail();
    if (opcode === OPCODE.close) return this.#close(payload.length === 0 ? null : payload.readUInt16BE(0));
    if (opcode === OPCODE.pong) return;
    if (opcode !== OPCODE.ping) return this.#join(frame);
    this.#send(OPCODE.pong, this.#fault === "answers pings without their payload" ? Buffer.alloc(0) : payload);
  }

  /** @param {ClientFrame} frame */
  #join({ fin, opcode, payload }) {
    if (this.#fault === "echoes each fragment") return this.#send(opcode === 0 ? OPCODE.text : opcode, payload);
    this.#message ??= { opcode, parts: [] };
    this.#message.parts.push(payload);
    if (!fin) return;
    const { opcode: first, parts } = this.#message;
    this.#message = undefined;
    const whole = Buffer.concat(parts);
    this.#send(first, this.#fault === "cuts long messages" ? whole.subarray(0, 65_535) : whole);
    if (this.#closed) this.#stream.end();
  }

  /** @param {number} opcode
   * @param {Buffer} payload */
  #send(opcode, payload) {
    const key = this.#fault === "masks its frames" ? Buffer.from([1, 2, 3, 4]) : undefined;
    const frame = formatFrame({ fin: true, rsv: 0, opcode }, payload, key);
    if (this.#fault !== "waits for a stalled stream") this.#stream.write(frame);
    else this.#shared.stalled = this.#shared.stalled.then(() => this.#written(frame));
  }

  /** @param {Buffer} frame
   * @returns {Promise<void>} */
  #written(frame) {
    return new Promise((resolve) => {
      this.#stream.write(frame, () => resolve());
    });
  }

  /** @param {number | null} code */
  #close(code) {
    this.#closed = true;
    this.#send(OPCODE.close, closePayload(code));
    if (this.#fault !== "never ends the stream" && this.#fault !== "speaks after Close") this.#stream.end();
  }

  #fail() {
    if (this.#fault === "ends the connection for a bad frame") this.#stream.session?.destroy();
    else this.#close(1002);
  }
}

/** Cuts what a client sends into frames. */
export class ClientFrames {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /** @param {Buffer} chunk
   * @returns {ClientFrame[]} */
  push(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  /** @returns {ClientFrame | undefined} */
  #take() {
    const rest = this.#rest;
    const [first = 0, second = 0] = rest;
    const extra = { 126: 2, 127: 8 }[second & 127] ?? 0;
    const masked = second >= 128;
    const start = 2 + extra + (masked ? 4 : 0);
    if (rest.length < start) return undefined;
    const length = extra === 0 ? second & 127 : Number(BigInt(`0x${rest.toString("hex", 2, 2 + extra)}`));
    if (rest.length < start + length) return undefined;
    this.#rest = rest.subarray(start + length);
    const raw = rest.subarray(start, start + length);
    const payload = masked ? maskPayload(raw, rest.subarray(start - 4, start)) : raw;
    return { fin: first >= 128, opcode: first & 15, rsv: (first >> 4) & 7, masked, payload };
  }
}
