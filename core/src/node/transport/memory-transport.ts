import type { Transport, TransportSink } from "./transport.ts";

/** One end of a connection inside the process, for tests: what one end writes arrives at the other in a later turn. */
export class MemoryTransport implements Transport {
  #sink: TransportSink | undefined;
  #peer: MemoryTransport | undefined;
  /** What was written and has not arrived. */
  #underway: Uint8Array[] = [];
  #bufferedBytes = 0;
  #capacity = Number.POSITIVE_INFINITY;
  #scheduled = false;
  #paused = false;
  #ending = false;
  #endArrived = false;
  #destroyed = false;
  #waitsForDrain = false;
  #flushes: (() => void)[] = [];

  /** Two transports that are each other's peer.
   * @param capacity bytes that the link takes at once; more wait until the other end has read */
  static pair(capacity: number = Number.POSITIVE_INFINITY): [MemoryTransport, MemoryTransport] {
    const one = new MemoryTransport();
    const other = new MemoryTransport();
    one.#peer = other;
    other.#peer = one;
    one.#capacity = capacity;
    other.#capacity = capacity;
    return [one, other];
  }

  start(sink: TransportSink): boolean {
    this.#sink = sink;
    this.#schedulePeer();
    return true;
  }

  get socket(): undefined {
    return undefined;
  }

  get bufferedBytes(): number {
    return Math.max(0, this.#bufferedBytes - this.#capacity);
  }

  get backlog(): number {
    return this.bufferedBytes;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#destroyed || this.#ending) return false;
    for (const chunk of chunks) {
      // A copy, which a Buffer's own `slice` would not be.
      this.#underway.push(new Uint8Array(chunk));
      this.#bufferedBytes += chunk.length;
    }
    this.#schedule();
    if (this.bufferedBytes === 0) return true;
    this.#waitsForDrain = true;
    return false;
  }

  flushed(callback: () => void): void {
    if (this.#destroyed) return;
    this.#flushes.push(callback);
    this.#schedule();
  }

  end(): void {
    this.#ending = true;
    this.#schedule();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#underway = [];
    queueMicrotask(() => this.#sink?.onClose(undefined));
    const peer = this.#peer;
    if (peer !== undefined) queueMicrotask(() => peer.#reset());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedulePeer();
  }

  #schedulePeer(): void {
    if (this.#peer !== undefined) this.#peer.#schedule();
  }

  #reset(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    const bothEnded = this.#ending && this.#endArrived;
    this.#sink?.onClose(bothEnded ? undefined : new Error("the other end was destroyed"));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const peer = this.#peer;
    if (peer === undefined || peer.#sink === undefined || this.#destroyed || peer.#destroyed) return;
    while (!peer.#paused && this.#underway.length > 0) {
      const chunk = this.#underway.shift() ?? new Uint8Array(0);
      this.#bufferedBytes -= chunk.length;
      peer.#sink.onBytes(chunk, chunk.length);
      if (this.#destroyed || peer.#destroyed) return;
    }
    if (this.bufferedBytes === 0) this.#taken();
    if (this.#underway.length === 0 && this.#ending && !peer.#endArrived) {
      peer.#endArrived = true;
      peer.#sink.onEnd();
    }
    if (this.#ending && this.#endArrived && peer.#endArrived) this.#finish();
  }

  #taken(): void {
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const callback of flushes) callback();
    if (!this.#waitsForDrain) return;
    this.#waitsForDrain = false;
    this.#sink?.onDrain();
  }

  /** Both directions have ended: both ends are gone. */
  #finish(): void {
    this.#destroyed = true;
    this.#sink?.onClose(undefined);
    const peer = this.#peer;
    if (peer === undefined) return;
    peer.#destroyed = true;
    peer.#sink?.onClose(undefined);
  }
}
