/**
 * The bytes that `bufferedAmount` tells of.
 * In: what was given to a connection, and what was refused. Out: how many bytes of payload are not with the system, as far
 * as that was known when this task began. Once a turn, when its bytes have been written, the connection is asked whether it
 * has any left; only one that has is asked to tell when they are gone.
 */
import { type Writer, writeAtEndOfTurn } from "../connection/turn.ts";

/** Where messages go: a Connection. */
export interface Outlet {
  readonly bufferedBytes: number;
  flush(): Promise<void>;
}

export class BufferedAmount implements Writer {
  /** Payload given to the connection, and how much of it is with the system. */
  #givenBytes = 0;
  #takenBytes = 0;
  /** Payload that will never be sent. */
  #lostBytes = 0;
  /** `#givenBytes` when a Blob had been given: until it has been read, the connection's buffer does not have it. */
  #blobAtBytes = 0;
  #isPlanned = false;
  #isFlushing = false;
  #hasEnded = false;
  #outlet: Outlet | undefined;

  get bytes(): number {
    return this.#lostBytes + this.#givenBytes - this.#takenBytes;
  }

  /** Count a message that cannot be sent any more; that is never taken back. */
  lost(bytes: number): void {
    this.#lostBytes += bytes;
  }

  /** Count a message that a connection has accepted just now. */
  given(outlet: Outlet, bytes: number, isBlob: boolean): void {
    this.#givenBytes += bytes;
    this.#outlet = outlet;
    if (isBlob) this.#blobAtBytes = this.#givenBytes;
    if (!this.#isFlushing) this.#plan();
  }

  /** The connection has ended: what it has not sent stays counted.
   * @param unsentBytes as its close handler was told */
  ended(unsentBytes: number): void {
    this.#hasEnded = true;
    if (unsentBytes === 0 && !this.#waitsForBlob) this.#takenBytes = this.#givenBytes;
  }

  /** The connection, which has planned its own end of the turn before, has written what there was. */
  endTurn(): void {
    this.#isPlanned = false;
    const outlet = this.#outlet;
    if (this.#hasEnded || outlet === undefined) return;
    if (!this.#waitsForBlob && outlet.bufferedBytes === 0) {
      this.#takenBytes = this.#givenBytes;
      return;
    }
    const bytes = this.#givenBytes;
    this.#isFlushing = true;
    outlet.flush().then(() => this.#flushed(bytes), ignore);
  }

  get #waitsForBlob(): boolean {
    return this.#blobAtBytes > this.#takenBytes;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    writeAtEndOfTurn(this);
  }

  #flushed(bytes: number): void {
    this.#isFlushing = false;
    if (this.#hasEnded) return;
    this.#takenBytes = bytes;
    if (this.#givenBytes > bytes) this.#plan();
  }
}

/** The connection ended first, of which `ended` was told. */
function ignore(): void {}
