/**
 * Plays a case against the engine, without a socket: what the tester writes is received, what the engine has to send is
 * read, and the time is told. In: a tester, a cutter. Out: what is wrong.
 * The opening handshake is over before it begins, and versions 8 and 13 differ in nothing else, so there are none here.
 * The engine leaves compressing to others: here to the tester's own Compression, so what is tried is what it does with it.
 */
import { Protocol, ProtocolKit, resolveLimits, Slab } from "polysocket/engine";
import { LARGEST_MESSAGE, MOST_FRAGMENTS } from "../tester/cases.js";
import { platform } from "./engine-platform.js";

/** @typedef {import("../tester/tester.js").Tester} Tester */
/** @typedef {import("../tester/compression.js").Compression} Compression */
/** @typedef {import("./cuts.js").Cutter} Cutter */
/** @typedef {import("polysocket/engine").ProtocolOptions} ProtocolOptions */
/** @typedef {import("polysocket/engine").MessageKind} MessageKind */
/** @typedef {import("polysocket/engine").InflateJob} InflateJob */

/** @type {ProtocolOptions} */
const OPTIONS = {
  limits: resolveLimits({ maxMessageBytes: LARGEST_MESSAGE, maxFragments: MOST_FRAGMENTS }),
  reception: "messages",
  textAs: "string",
  automaticPong: true,
  heartbeatIntervalMs: Number.POSITIVE_INFINITY,
  heartbeatTimeoutMs: Number.POSITIVE_INFINITY,
  closeTimeoutMs: 5_000,
};
/** Longer than anything may take, the closing handshake too. */
const IDLE_MS = 10_000;
/** What received bytes are overwritten with as soon as the engine has been asked for all it made of them. */
const STALE = 0xdb;

const slab = new Slab(platform, 65_536);
let received = Buffer.alloc(65_536);

/** What connections of one role share.
 * @param {"client" | "server"} role of the engine
 * @param {Partial<ProtocolOptions>} [options] other than those of an endpoint that passes */
export function makeKit(role, options = {}) {
  return new ProtocolKit(platform, slab, role, { ...OPTIONS, ...options });
}

/** Several may be played at once: they take turns, piece by piece, as connections of one process do.
 * @param {Tester} tester
 * @param {Cutter} cutter
 * @param {ProtocolKit} kit of the role that the tester does not play
 * @param {Compression} [compression] the engine's side of what was agreed on; undefined: nothing was
 * @returns {Promise<string[]>} what is wrong; nothing if the case is passed */
export async function playOverEngine(tester, cutter, kit, compression) {
  const peer = new EchoingEngine(tester, kit, compression);
  try {
    while (!tester.done) {
      const step = tester.next();
      if (step?.type === "write") await writePieces(tester, peer, cutter.pieces(step.bytes, step.chop));
      else if (step?.type === "end") peer.receiveEnd();
      else if (step?.type === "pause") peer.wait(step.ms, () => tester.pauseOver());
      else if (step?.type === "linger") peer.wait(step.ms, () => {});
      else if (!tester.done) peer.wait(IDLE_MS, () => tester.idle());
    }
    return [...tester.judge(), ...peer.finish()];
  } catch (error) {
    return [`the engine threw: ${error instanceof Error ? error.stack : error}`];
  }
}

/** @param {Tester} tester
 * @param {EchoingEngine} peer
 * @param {Iterable<Buffer>} pieces */
async function writePieces(tester, peer, pieces) {
  for (const piece of pieces) {
    if (peer.ended || tester.interrupted) return;
    peer.receive(piece);
    await undefined; // the others' turn
  }
}

/** The engine and the least that makes an echo endpoint of it. */
class EchoingEngine {
  /** Whether the engine reads no more. */
  ended = false;
  #nowMs = 0;
  #tester;
  #protocol;
  #compression;

  /** @param {Tester} tester
   * @param {ProtocolKit} kit
   * @param {Compression | undefined} compression */
  constructor(tester, kit, compression) {
    this.#tester = tester;
    this.#compression = compression;
    this.#protocol = new Protocol(kit, this.#nowMs, compression !== undefined);
    this.#protocol.opened(this.#nowMs);
  }

  /** Bytes are only lent to the engine: it gets them in memory that is used again for the next ones.
   * @param {Buffer} piece */
  receive(piece) {
    const { length } = piece;
    if (received.length < length) received = Buffer.alloc(length);
    received.set(piece);
    this.#protocol.receive(received, length, this.#nowMs);
    this.#turn();
    received.fill(STALE, 0, length);
  }

  /** Here a time is over as soon as it is told.
   * @param {number} ms
   * @param {() => void} over */
  wait(ms, over) {
    this.#nowMs += ms;
    this.#protocol.tick(this.#nowMs);
    this.#turn();
    over();
  }

  receiveEnd() {
    if (this.ended) return;
    this.#protocol.receiveEnd(this.#nowMs);
    this.#turn();
  }

  /** The transport is gone.
   * @returns {string[]} what the engine has left undone */
  finish() {
    this.#protocol.ended();
    const { state, nextDeadlineMs } = this.#protocol;
    if (state !== "closed") return [`the engine is ${state} when the transport has ended`];
    return nextDeadlineMs === Number.POSITIVE_INFINITY ? [] : ["the engine still waits when the transport has ended"];
  }

  #turn() {
    const protocol = this.#protocol;
    for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) {
      if (event.type === "inflate") this.#inflate(event);
      if (event.type === "message" && protocol.open) this.#echo(event.kind, event.data);
    }
    if (protocol.outputBytes > 0) this.#write();
    if (protocol.transportWish !== "keep" && !this.ended) {
      this.ended = protocol.transportWish === "destroy";
      this.#tester.receiveEnd();
    }
  }

  /** @param {InflateJob} job */
  #inflate(job) {
    const message = this.#compression?.inflate(Buffer.from(job.bytes.subarray(job.start, job.end)));
    if (message !== undefined) this.#protocol.finishJob(job, message, 0, message.length);
  }

  /** @param {MessageKind} kind
   * @param {string | Uint8Array} data */
  #echo(kind, data) {
    const protocol = this.#protocol;
    if (this.#compression !== undefined) {
      const job = protocol.deflate(kind, data);
      const payload = this.#compression.deflate(Buffer.from(data));
      protocol.finishJob(job, payload, 0, payload.length);
    } else if (typeof data === "string") protocol.sendText(data);
    else protocol.sendBytes(kind, data);
  }

  #write() {
    const chunks = this.#protocol.takeOutput();
    const bytes = Buffer.concat(chunks);
    for (const chunk of chunks.reverse()) slab.reclaim(chunk);
    this.#protocol.outputTaken();
    this.#tester.receive(bytes);
  }
}
