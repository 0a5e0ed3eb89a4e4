/**
 * The way out of a connection: one write a turn while the peer keeps up, and waiting in memory of its own when it does
 * not. In: a protocol's output. Out: writes to a transport. It knows nothing of messages or handlers.
 */
import { Slab } from "../../engine/bytes/slab.ts";
import type { Protocol } from "../../engine/protocol/protocol.ts";
import type { Transport } from "../transport/transport.ts";
import { nodePlatform } from "./node-platform.ts";

/** Outgoing bytes of all connections whose peers keep up. */
export const sharedSlab: Slab = new Slab(nodePlatform, 65_536);
/** Block size of what waits for a peer that does not: a slab of its own, so that the others' blocks are not kept. */
const WAITING_SLAB_BYTES = 8_192;

export class Outbound {
  readonly #protocol: Protocol;
  readonly #transport: Transport;
  /** Whether the transport has bytes that the system has not taken; nothing more is given to it until then. */
  #blocked = false;
  /** Bytes given to the transport that are not known to be with the system. */
  #unsettledBytes = 0;
  #endSent = false;
  #waiters: (() => void)[] | undefined;
  /** Called back when what waits to be written is with the system. */
  #flushes: (() => void)[] | undefined;

  constructor(protocol: Protocol, transport: Transport) {
    this.#protocol = protocol;
    this.#transport = transport;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Bytes accepted for sending that the system has not taken. */
  get bufferedBytes(): number {
    return this.#protocol.outputBytes + this.#transport.bufferedBytes;
  }

  /** The same for a transport that has ended and cannot be asked any more: at most so many were not sent. */
  get unsentBytes(): number {
    return this.#protocol.outputBytes + this.#unsettledBytes;
  }

  /** Write what the protocol has to send, unless the transport is still busy with what it was given before.
   * @returns bytes written */
  write(): number {
    const bytes = this.#protocol.outputBytes;
    if (bytes === 0 || this.#blocked) return 0;
    const chunks = this.#protocol.takeOutput();
    if (this.#transport.write(chunks)) {
      for (let i = chunks.length - 1; i >= 0; i--) {
        const chunk = chunks[i];
        if (chunk !== undefined) sharedSlab.reclaim(chunk);
      }
      this.#protocol.outputTaken();
    } else {
      this.#blocked = true;
      this.#unsettledBytes = bytes;
      this.#protocol.useSlab(new Slab(nodePlatform, WAITING_SLAB_BYTES));
    }
    if (this.#flushes !== undefined) this.#tellFlushed();
    return bytes;
  }

  /** Call back when all that the protocol has to send now is with the system; never when the transport ends first. */
  flushed(callback: () => void): void {
    if (this.#protocol.outputBytes === 0) {
      this.#transport.flushed(callback);
      return;
    }
    this.#flushes ??= [];
    this.#flushes.push(callback);
  }

  /** The transport has given everything to the system. */
  drained(): void {
    this.#blocked = false;
    this.#unsettledBytes = 0;
    this.#protocol.useSlab(undefined);
    this.#protocol.outputTaken();
    this.wake();
  }

  /** Let those go on who wait in `untilWritable`. */
  wake(): void {
    const waiters = this.#waiters;
    this.#waiters = undefined;
    for (const resolve of waiters ?? []) resolve();
  }

  /** Resolves when the transport has taken everything, or `wake` was called. */
  untilWritable(): Promise<void> {
    if (!this.#blocked) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  /** Write what is left, then say that no more will be written. Once is enough. */
  end(): void {
    if (this.#endSent) return;
    this.#endSent = true;
    const rest = this.#protocol.outputBytes;
    if (rest > 0 && !this.#transport.write(this.#protocol.takeOutput())) this.#unsettledBytes += rest;
    if (this.#flushes !== undefined) this.#tellFlushed();
    this.#transport.end();
  }

  /** The transport has been given everything. */
  #tellFlushed(): void {
    for (const callback of this.#flushes ?? []) this.#transport.flushed(callback);
    this.#flushes = undefined;
  }
}
