import type { Socket } from "node:net";

/** What a connection sends its bytes through: a TCP or TLS socket, an HTTP/2 stream, a pipe in memory. */
export interface Transport {
  /** Node's socket below it; undefined where there is none. */
  readonly socket: Socket | undefined;
  /** Begin to deliver to `sink`. Called once, before anything else.
   * @returns whether all that comes after the call comes in a later turn; false where some may come in a tick of this one */
  start(sink: TransportSink): boolean;
  /** Hand bytes to the system, all arrays as one write, in order.
   * @param chunks kept until they are written; not to be changed before
   * @returns true when the system has taken every byte, so that the arrays may be used again at once */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Bytes handed to `write` that the system has not taken yet. */
  readonly bufferedBytes: number;
  /** A measure of what the system has not taken yet, in bytes, that falls while it takes some: `bufferedBytes` may fall only when it
   * has taken all of a write. */
  readonly backlog: number;
  /** Call back once all that was written so far is with the system; never when the transport ends first. */
  flushed(callback: () => void): void;
  /** Say that no more will be written (TCP FIN), after what was written. */
  end(): void;
  /** End both directions at once, dropping what was not written.
   * @param isSilent whether that is because the peer did not say anything for too long */
  destroy(isSilent?: boolean): void;
  /** Stop and go on reading, so that the peer's sending is slowed down. */
  pause(): void;
  resume(): void;
}

/** What a transport tells its connection. */
export interface TransportSink {
  /** Bytes arrived. The array is lent until the call returns and may be overwritten by the receiver.
   * @param length the bytes are at 0 … length - 1
   * @param isLast whether the system will certainly bring no more in this turn; default false */
  onBytes(bytes: Uint8Array, length: number, isLast?: boolean): void;
  /** Everything written is with the system again, after `write` had returned false. */
  onDrain(): void;
  /** The peer will send no more (TCP FIN). */
  onEnd(): void;
  /** The transport is gone; nothing follows. Called exactly once. */
  onClose(error: Error | undefined): void;
}
