import { constants, type Http2Session, type Http2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type DirectWaiter, findQueueHandle, type QueueHandle, queueDirectly } from "./direct-write.ts";
import { doubt } from "./http2-doubt.ts";
import { readBuffer } from "./read-memory.ts";
import { failureOf, keepFailure, type OwnedStream, setSink, sinkOf } from "./stream-sink.ts";
import type { Transport, TransportSink } from "./transport.ts";

const EMPTY: Uint8Array = new Uint8Array(0);
const OURS: unique symbol = Symbol("polysocket.ours");
const SESSION: unique symbol = Symbol("polysocket.session");
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_SESSION_SERVER } = constants;

/** So many bytes are given to the session at a time: it tells that it has sent them when it has sent all of a write, and a peer that
 * reads slowly would look like one that does not read. A window is 64 KiB as a rule (RFC 9113 §6.9.2). */
const AT_A_TIME = 131_072;

/** How long a client may take to end its side after ours. */
const FAREWELL_MS = 1_000;

type OwnedHttp2Stream = Http2Stream &
  OwnedStream & {
    /** Whether it was destroyed from here. */
    [OURS]?: true;
    /** Node's own `session` is gone when the stream is. */
    [SESSION]?: Http2Session | undefined;
  };

/** The names of the error codes by number.
 * @see RFC 9113 §7 */
const ERROR_NAMES: readonly string[] = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"],
  ...["FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"],
  ...["INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];

/** An HTTP/2 stream whose extended CONNECT was accepted. Its end is what a TCP FIN is, RST_STREAM what a TCP RST is; flow
 * control is the stream's own, so that one that is paused holds up no other.
 * @see RFC 8441 §5 */
export class Http2StreamTransport implements Transport, DirectWaiter {
  readonly #stream: OwnedHttp2Stream;
  #handle: QueueHandle | undefined;
  /** Bytes of a write past the stream that are not written. */
  #directBytes = 0;
  #waitsForDrain = false;
  /** Of a large write, what the stream was not given yet, and who waits for that. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #flushes: (() => void)[] | undefined;
  #ending = false;
  #onWritten: (() => void) | undefined;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
    this.#stream[SESSION] = stream.session;
    // From here on, so that a reset before `start` cannot reach the process as an unhandled error.
    stream.on("error", keepFailure);
  }

  start(sink: TransportSink): boolean {
    const stream = this.#stream;
    setSink(stream, sink);
    if (stream.destroyed) {
      process.nextTick(tellClose, stream);
      return true;
    }
    this.#handle = findQueueHandle(stream);
    stream.on("close", onClose);
    stream.on("end", onEnd);
    stream.on("data", passCopy);
    stream.on("trailers", refuseTrailers);
    if (stream.readableEnded) setImmediate(tellEnd, stream);
    stream.resume();
    return false;
  }

  get socket(): Socket | undefined {
    return this.#stream.session?.socket;
  }

  get bufferedBytes(): number {
    return this.#stream.writableLength + this.#directBytes + this.#restBytes;
  }

  get backlog(): number {
    return this.bufferedBytes;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    if (!stream.writable || this.#ending) return false;
    if (this.#writeDirectly(chunks)) return false;
    // An HTTP/2 stream never has a write behind it when `write` returns, so that the last one's callback is always needed
    this.#waitsForDrain = true;
    this.#onWritten ??= () => this.#written();
    for (const chunk of chunks) this.#keep(chunk);
    if (stream.writableLength === 0) this.#writeNext(this.#onWritten);
    return false;
  }

  /** What is larger than may be given at a time waits in parts. */
  #keep(chunk: Uint8Array): void {
    this.#restBytes += chunk.length;
    if (chunk.length <= AT_A_TIME) this.#rest.push(chunk);
    else for (let at = 0; at < chunk.length; at += AT_A_TIME) this.#rest.push(chunk.subarray(at, at + AT_A_TIME));
  }

  /** Give the stream what may be given at a time, as one write. */
  #writeNext(written: () => void): void {
    const stream = this.#stream;
    const [first = EMPTY] = this.#rest;
    let count = 1;
    let bytes = first.length;
    for (; count < this.#rest.length; count++) {
      const { length } = this.#rest[count] ?? EMPTY;
      if (bytes + length > AT_A_TIME) break;
      bytes += length;
    }
    const part = this.#rest.splice(0, count);
    this.#restBytes -= bytes;
    const last = part.length - 1;
    if (last > 0) stream.cork();
    for (let index = 0; index < last; index++) stream.write(part[index]);
    stream.write(part[last] ?? EMPTY, written);
    if (last > 0) stream.uncork();
    if (this.#rest.length > 0 || this.#flushes === undefined) return;
    for (const callback of this.#flushes.splice(0)) this.flushed(callback);
  }

  flushed(callback: () => void): void {
    const stream = this.#stream;
    if (!stream.writable) return;
    if (this.#rest.length > 0) {
      this.#flushes ??= [];
      this.#flushes.push(callback);
      return;
    }
    stream.write(EMPTY, (error) => {
      // A write that is under way when its stream is destroyed is reported as a success
      if (!error && !stream.destroyed) callback();
    });
  }

  end(): void {
    this.#ending = true;
    // Once both sides have ended the stream is gone, and nobody could tell whether what was written last had left
    if (!this.#waitsForDrain) this.#finish();
  }

  #finish(): void {
    const stream = this.#stream;
    stream.end();
    if (stream.session?.type !== NGHTTP2_SESSION_SERVER) return;
    // RFC 9113 §8.1: a server that has said all may ask for the rest not to be sent; proxies exist that never end their side
    const timer = setTimeout(() => stream.close(NGHTTP2_NO_ERROR), FAREWELL_MS).unref();
    stream.once("close", () => clearTimeout(timer));
  }

  destroy(isSilent = false): void {
    const stream = this.#stream;
    if (isSilent) doubt(stream.session);
    stream[OURS] = true;
    if (!stream.closed) stream.close(NGHTTP2_CANCEL);
    // What is still to be written would hold the stream back for as long as its peer gives no window
    stream.destroy();
    this.#rest = [];
    this.#restBytes = 0;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** The write past the stream is done, or will never be. */
  onWritten(error: Error | undefined): void {
    this.#directBytes = 0;
    if (error === undefined) this.#written();
    else if (!this.#stream.destroyed) this.#stream.destroy(error);
  }

  /** Only while nothing else waits.
   * @returns false when it was not written */
  #writeDirectly(chunks: readonly Uint8Array[]): boolean {
    const [chunk] = chunks;
    if (chunks.length !== 1 || chunk === undefined || this.#handle === undefined || this.bufferedBytes > 0)
      return false;
    if (chunk.length > AT_A_TIME) return false;
    if (this.#waitsForDrain || !queueDirectly(this.#handle, chunk, this)) return false;
    this.#waitsForDrain = true;
    this.#directBytes = chunk.length;
    return true;
  }

  #written(): void {
    if (this.#stream.destroyed || !this.#waitsForDrain) return;
    if (this.#rest.length > 0 && this.#onWritten !== undefined) {
      this.#writeNext(this.#onWritten);
      return;
    }
    if (this.bufferedBytes > 0) return;
    this.#waitsForDrain = false;
    sinkOf(this.#stream)?.onDrain();
    if (this.#ending) this.#finish();
  }
}

/** Listens to 'data'. What vectors can unmask lies in the buffer that sockets are read into; a frame is at most 16 KiB, and is
 * copied there for less. Nothing else is read meanwhile: HTTP/2 hands over data from the event loop alone. */
function passCopy(this: OwnedHttp2Stream, bytes: Buffer): void {
  const { length } = bytes;
  const buffer = readBuffer();
  if (length <= buffer.length) {
    buffer.set(bytes);
    sinkOf(this)?.onBytes(buffer, length);
  } else {
    sinkOf(this)?.onBytes(bytes, length);
  }
}

/** Whether a WebSocket's stream was destroyed by its connection, and not by its peer. */
export function isEndedHere(stream: OwnedHttp2Stream): boolean {
  return stream[OURS] === true;
}

/** Say how a stream that is closed came to it, for a text.
 * @see RFC 9113 §7 */
export function describeReset({ rstCode = NGHTTP2_NO_ERROR, [SESSION]: session }: OwnedHttp2Stream): string {
  const what = session?.destroyed === true ? "HTTP/2 connection has ended" : "HTTP/2 stream was reset";
  return `the ${what} with ${ERROR_NAMES[rstCode] ?? "unknown"} (${rstCode})`;
}

/** Node ends what is read of a stream that is reset, too, and only then says that it was. */
function onEnd(this: OwnedHttp2Stream): void {
  setImmediate(tellEnd, this);
}

function tellEnd(stream: OwnedHttp2Stream): void {
  if (!stream.destroyed && !wasReset(stream)) sinkOf(stream)?.onEnd();
}

/** RFC 9113 §8.5: on a stream that CONNECT has opened there are no more header fields. */
function refuseTrailers(this: OwnedHttp2Stream): void {
  this.close(NGHTTP2_PROTOCOL_ERROR);
}

function onClose(this: OwnedHttp2Stream): void {
  tellClose(this);
}

function tellClose(stream: OwnedHttp2Stream): void {
  sinkOf(stream)?.onClose(isEndedHere(stream) ? undefined : reasonOf(stream));
}

/** Why a stream that was not destroyed from here is gone; undefined where both sides ended it. */
function reasonOf(stream: OwnedHttp2Stream): Error | undefined {
  const failure = failureOf(stream);
  if (!wasReset(stream)) return failure;
  return Object.assign(new Error(describeReset(stream), { cause: failure }), { errorCode: stream.rstCode });
}

function wasReset(stream: OwnedHttp2Stream): boolean {
  return stream.closed && stream.rstCode !== undefined && stream.rstCode !== NGHTTP2_NO_ERROR;
}
