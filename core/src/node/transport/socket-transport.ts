import type { Socket } from "node:net";
import { readStatically } from "./static-read.ts";
import type { Transport, TransportSink } from "./transport.ts";

const EMPTY: Uint8Array = new Uint8Array(0);
/** Where a socket keeps whom its bytes are for and why it failed, so that one set of listeners serves all sockets
 * (a closure each would cost an idle connection some 400 bytes). */
const SINK: unique symbol = Symbol("polysocket.sink");
const FAILURE: unique symbol = Symbol("polysocket.failure");

interface OwnedSocket extends Socket {
  [SINK]?: TransportSink;
  [FAILURE]?: Error;
}

/** A TCP, TLS or Unix socket, taken over from whoever did the opening handshake on it. */
export class SocketTransport implements Transport {
  readonly #socket: OwnedSocket;
  #waitsForDrain = false;
  #onDrained: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // From here on, so that a reset before `start` cannot reach the process as an unhandled error.
    socket.on("error", keepFailure);
  }

  start(sink: TransportSink): void {
    const socket = this.#socket;
    socket[SINK] = sink;
    if (socket.closed) {
      process.nextTick(tellClose, socket);
      return;
    }
    // What has to be sent when the peer has ended is ours to decide; a TLS socket would end by itself.
    socket.allowHalfOpen = true;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("close", onClose);
    socket.on("end", onEnd);
    if (readStatically(socket, onStaticRead)) readEarly(socket, sink);
    else socket.on("data", onData);
    socket.resume();
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (!socket.writable) return false;
    if (chunks.length === 1) {
      socket.write(chunks[0] ?? EMPTY);
    } else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    }
    if (socket.writableLength === 0) return true;
    this.#awaitDrain();
    return false;
  }

  flushed(callback: () => void): void {
    if (this.#socket.writable) this.#socket.write(EMPTY, (error) => error ?? callback());
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
    if (this.#socket.writableLength > 0) this.#awaitDrain();
    else this.#socket[SINK]?.onDrain();
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
  this[SINK]?.onBytes(buffer, length);
  return true;
}

function onData(this: OwnedSocket, bytes: Buffer): void {
  this[SINK]?.onBytes(bytes, bytes.length);
}

function onEnd(this: OwnedSocket): void {
  this[SINK]?.onEnd();
}

function keepFailure(this: OwnedSocket, error: Error): void {
  this[FAILURE] = error;
}

function onClose(this: OwnedSocket): void {
  tellClose(this);
}

function tellClose(socket: OwnedSocket): void {
  socket[SINK]?.onClose(socket[FAILURE]);
}
