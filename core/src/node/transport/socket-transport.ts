import type { Socket } from "node:net";
import {
  type DirectHandle,
  type DirectWaiter,
  findDirectHandle,
  queuedInHandle,
  writeDirectly,
} from "./direct-write.ts";
import { readStatically } from "./static-read.ts";
import { joinSmall, releaseJoined } from "./join-small.ts";
import { failureOf, keepFailure, type OwnedStream, passData, setSink, sinkOf } from "./stream-sink.ts";
import type { Transport, TransportSink } from "./transport.ts";

const EMPTY: Uint8Array = new Uint8Array(0);
type OwnedSocket = Socket & OwnedStream;

/** A TCP, TLS or Unix socket, taken over from whoever did the opening handshake on it. */
export class SocketTransport implements Transport, DirectWaiter {
  readonly #socket: OwnedSocket;
  #handle: DirectHandle | undefined;
  /** Bytes of a write past the stream that the system has not taken whole. */
  #directBytes = 0;
  #waitsForDrain = false;
  #onDrained: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // From here on, so that a reset before `start` cannot reach the process as an unhandled error.
    socket.on("error", keepFailure);
  }

  start(sink: TransportSink): boolean {
    const socket = this.#socket;
    setSink(socket, sink);
    if (socket.closed) {
      process.nextTick(tellClose, socket);
      return true;
    }
    // What has to be sent when the peer has ended is ours to decide; a TLS socket would end by itself.
    socket.allowHalfOpen = true;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("close", onClose);
    socket.on("end", onEnd);
    this.#handle = findDirectHandle(socket);
    const isStatic = readStatically(socket, onStaticRead);
    if (isStatic) readEarly(socket, sink);
    else socket.on("data", passData);
    socket.resume();
    return isStatic;
  }

  get socket(): Socket {
    return this.#socket;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + this.#directBytes;
  }

  get backlog(): number {
    // All that was written is one request, which the handle has; what it has given to the system of that it counts no more
    const queued = queuedInHandle(this.#socket);
    return queued > 0 ? Math.min(queued, this.bufferedBytes) : this.bufferedBytes;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (!socket.writable) return false;
    const joined = joinSmall(chunks);
    if (joined !== undefined) {
      const isDirect = this.#writeDirectly(joined);
      if (isDirect && this.#directBytes === 0) return true;
      // Who writes it now keeps the memory
      releaseJoined(joined);
      if (isDirect) return false;
      socket.write(joined);
    } else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    }
    if (this.bufferedBytes === 0) return true;
    this.#awaitDrain();
    return false;
  }

  flushed(callback: () => void): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.write(EMPTY, (error) => {
      // A write that is under way when its socket is destroyed is reported as a success
      if (!error && !socket.destroyed) callback();
    });
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The write past the stream is done, or will never be. */
  onWritten(error: Error | undefined): void {
    this.#directBytes = 0;
    if (error !== undefined) this.#socket.destroy(error);
    else if (!this.#waitsForDrain) this.#drained();
  }

  /** Only while nothing else waits, so that order is kept.
   * @returns false when it was not written */
  #writeDirectly(chunk: Uint8Array): boolean {
    const handle = this.#handle;
    if (handle === undefined || this.bufferedBytes > 0 || this.#waitsForDrain) return false;
    const waiting = writeDirectly(handle, chunk, this);
    if (waiting === undefined) return false;
    this.#directBytes = waiting;
    return true;
  }

  /** 'drain' comes only above the socket's high-water mark; the callback of an empty write comes always. */
  #awaitDrain(): void {
    if (this.#waitsForDrain) return;
    this.#waitsForDrain = true;
    this.#onDrained ??= () => this.#drained();
    this.#socket.write(EMPTY, this.#onDrained);
  }

  #drained(): void {
    this.#waitsForDrain = false;
    if (this.#socket.destroyed) return;
    if (this.bufferedBytes > 0) this.#awaitDrain();
    else sinkOf(this.#socket)?.onDrain();
  }
}

/** What the socket had read before its bytes went past it. */
function readEarly(socket: Socket, sink: TransportSink): void {
  for (;;) {
    const early: unknown = socket.read();
    if (!(early instanceof Uint8Array)) return;
    sink.onBytes(early, early.length);
  }
}

function onStaticRead(this: OwnedSocket, length: number, buffer: Buffer): boolean {
  // After a read that filled the buffer libuv tries another one, up to 32 times
  sinkOf(this)?.onBytes(buffer, length, length < buffer.length);
  return true;
}

function onEnd(this: OwnedSocket): void {
  sinkOf(this)?.onEnd();
}

function onClose(this: OwnedSocket): void {
  tellClose(this);
}

function tellClose(socket: OwnedSocket): void {
  sinkOf(socket)?.onClose(failureOf(socket));
}
