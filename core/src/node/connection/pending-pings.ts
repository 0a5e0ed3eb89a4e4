import type { ConnectionClosedError } from "../../engine/errors.ts";

interface PendingPing {
  readonly payload: Uint8Array;
  readonly sentMs: number;
  readonly resolve: (roundTripMs: number) => void;
  readonly reject: (error: ConnectionClosedError) => void;
}

/** The pings whose pong has not come. */
export class PendingPings {
  readonly #pings: PendingPing[] = [];

  /** Wait for the pong with this payload, of which a copy is kept: the caller may change it once it is sent.
   * @returns the round trip in milliseconds; a caller that does not care for it may drop the promise */
  add(payload: Uint8Array, nowMs: number): Promise<number> {
    const answered = new Promise<number>((resolve, reject) => {
      this.#pings.push({ payload: Buffer.from(payload), sentMs: nowMs, resolve, reject });
    });
    answered.catch(ignore);
    return answered;
  }

  /** A ping that could not be sent.
   * @returns rejects with the error; the promise may be dropped */
  refuse(error: ConnectionClosedError): Promise<number> {
    const refused = Promise.reject<number>(error);
    refused.catch(ignore);
    return refused;
  }

  /** A pong answers its ping and all that were sent before it: a peer may answer only the latest (RFC 6455 §5.5.3). */
  pong(payload: Uint8Array, nowMs: number): void {
    const index = this.#pings.findIndex((ping) => Buffer.compare(ping.payload, payload) === 0);
    for (const ping of this.#pings.splice(0, index + 1)) ping.resolve(nowMs - ping.sentMs);
  }

  rejectAll(error: ConnectionClosedError): void {
    for (const ping of this.#pings.splice(0)) ping.reject(error);
  }
}

function ignore(): void {}
