/**
 * Reads a handshake from a socket that no HTTP server has: the socket of a server of node:net or node:tls.
 * In: a fresh socket. Out: once, a channel with a request, or with the reason why there is none; nothing where the peer left.
 * It holds no more than it may of a head that is not complete, and waits for it no longer than it is told.
 */
import type { Socket } from "node:net";
import { HandshakeError } from "../../engine/errors.ts";
import { deadlines, type Timed } from "../connection/deadlines.ts";
import { RawRequest, type RequestMessage, UNREADABLE } from "./raw-request.ts";
import { Http1Channel } from "./upgrade-http1.ts";

/** Longest head where nobody says otherwise; Node's http server has the same bound. */
export const MAX_HEAD_BYTES = 16_384;
const HEAD_END = "\r\n\r\n";

/** How long a request may take, and who hears what comes of it. */
export interface SocketReading {
  readonly timeoutMs: number;
  readonly maxHeadBytes: number;
  /** There is a request, or an answer is due to what is none. */
  read(channel: Http1Channel): void;
  /** Called once in any case, before `read`. */
  over(reader: SocketReader): void;
}

export class SocketReader implements Timed {
  dueMs: number = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  readonly #socket: Socket;
  readonly #reading: SocketReading;
  /** What has arrived of the head, at 0 … length - 1. */
  #bytes: Buffer | undefined;
  #length = 0;
  #isOver = false;

  constructor(socket: Socket, reading: SocketReading) {
    this.#socket = socket;
    this.#reading = reading;
    socket.on("error", this.#gone);
    socket.on("data", this.#onData);
    socket.on("end", this.#gone);
    socket.on("close", this.#gone);
    deadlines.watch(this, performance.now() + reading.timeoutMs);
    if (socket.destroyed || socket.readableEnded) process.nextTick(this.#gone);
  }

  onDue(): void {
    this.#fail(new HandshakeError("REQUEST_TIMEOUT"));
  }

  /** Answer with an error, now. */
  cancel(error: HandshakeError): void {
    this.#fail(error);
  }

  readonly #onData = (bytes: Buffer): void => {
    // The end may lie across two pieces
    const from = Math.max(0, this.#length - HEAD_END.length + 1);
    const all = this.#bytes === undefined ? bytes : this.#append(this.#bytes, bytes);
    const { maxHeadBytes } = this.#reading;
    const end = all.subarray(0, maxHeadBytes + HEAD_END.length).indexOf(HEAD_END, from, "latin1");
    if (end !== -1) {
      this.#parse(all.toString("latin1", 0, end), all.subarray(end + HEAD_END.length));
    } else if (all.length >= maxHeadBytes + HEAD_END.length) {
      this.#fail(new HandshakeError("REQUEST_TOO_LARGE", `over ${maxHeadBytes} bytes`));
    } else if (this.#bytes === undefined) {
      // Node's is a view of a whole read, 64 KiB
      this.#bytes = Buffer.from(bytes);
      this.#length = bytes.length;
    }
  };

  /** In memory that doubles: copied for each piece, a head that trickles in would take quadratic time.
   * @returns all that has arrived */
  #append(kept: Buffer, bytes: Buffer): Buffer {
    const length = this.#length + bytes.length;
    let target = kept;
    if (length > kept.length) {
      target = Buffer.allocUnsafeSlow(Math.max(length, kept.length * 2));
      kept.copy(target, 0, 0, this.#length);
      this.#bytes = target;
    }
    bytes.copy(target, this.#length);
    this.#length = length;
    return target.subarray(0, length);
  }

  #parse(text: string, head: Buffer): void {
    let request: RequestMessage;
    try {
      request = new RawRequest(text);
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error;
      this.#fail(error);
      return;
    }
    this.#finish();
    this.#hand(new Http1Channel(request, this.#socket, head));
  }

  #fail(error: HandshakeError): void {
    if (this.#isOver) return;
    this.#finish();
    this.#hand(new Http1Channel(UNREADABLE, this.#socket, Buffer.alloc(0), error));
  }

  #hand(channel: Http1Channel): void {
    channel.take();
    this.#reading.read(channel);
  }

  readonly #gone = (): void => {
    if (this.#isOver) return;
    this.#finish();
    this.#socket.on("error", ignoreError);
    this.#socket.destroy();
  };

  #finish(): void {
    this.#isOver = true;
    this.#bytes = undefined;
    deadlines.forget(this);
    const socket = this.#socket;
    socket.off("data", this.#onData);
    socket.off("end", this.#gone);
    socket.off("close", this.#gone);
    socket.off("error", this.#gone);
    this.#reading.over(this);
  }
}

/** For a socket that is given up. */
function ignoreError(): void {}
