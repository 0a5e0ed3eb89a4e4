import type { Socket } from "node:net";
import { readStatically } from "./static-read.ts";
import type { Transport, TransportSink } from "./transport.ts";

const EMPTY: Uint8Array = new Uint8Array(0);
/** Where a socket keeps its transport, so that one set of listeners serves all sockets (a closure each would cost an
 * idle connection some 400 bytes). */
const OWNER: unique symbol = Symbol("polysocket.transport");

interface OwnedSocket extends Socket {
  [OWNER]?: SocketTransport;
}

/** A TCP, TLS or Unix socket, taken over from whoever did the opening handshake on it. */
export class SocketTransport implements Transport {
  readonly #socket: OwnedSocket;
  #sink: TransportSink | undefined;
  #error: Error | undefined;
  #waitsForDrain = false;
  #onDrained: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#socket[OWNER] = this;
    // From here on, so that a reset before `start` cannot reach the process as an unhandled error.
    socket.on("error", SocketTransport.#onError);
  }

  start(sink: TransportSink): void {
    const socket = this.#socket;
    this.#sink = sink;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("close", SocketTransport.#onClose);
    socket.on("end", SocketTransport.#onEnd);
    if (!readStatically(socket, SocketTransport.#onStaticRead)) {
      socket.on("data", SocketTransport.#onData);
      socket.resume();
      return;
    }
    const early: unknown = socket.read();
    if (early instanceof Uint8Array) sink.onBytes(early, early.length);
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
    else this.#sink?.onDrain();
  }

  static #onStaticRead(this: OwnedSocket, length: number, buffer: Buffer): boolean {
    sinkOf(this)?.onBytes(buffer, length);
    return true;
  }

  static #onData(this: OwnedSocket, bytes: Buffer): void {
    sinkOf(this)?.onBytes(bytes, bytes.length);
  }

  static #onEnd(this: OwnedSocket): void {
    sinkOf(this)?.onEnd();
  }

  static #onError(this: OwnedSocket, error: Error): void {
    const transport = this[OWNER];
    if (transport !== undefined) transport.#error = error;
  }

  static #onClose(this: OwnedSocket): void {
    const transport = this[OWNER];
    if (transport !== undefined) transport.#sink?.onClose(transport.#error);
  }

  /** Whom the socket's bytes are for. */
  get sink(): TransportSink | undefined {
    return this.#sink;
  }
}

function sinkOf(socket: OwnedSocket): TransportSink | undefined {
  return socket[OWNER]?.sink;
}
