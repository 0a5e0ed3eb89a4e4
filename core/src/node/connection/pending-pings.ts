import { type ConnectionClosedError, TransportError, type WebSocketError } from "../../engine/errors.ts";
import { deadlines, type Timed } from "./deadlines.ts";

/** So many may wait; to one more the oldest gives way. */
const MOST_PINGS = 1_024;

/** One ping whose pong has not come. */
class PendingPing implements Timed {
  dueMs: number = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  readonly payload: Uint8Array;
  readonly sentMs: number;
  readonly timeoutMs: number;
  readonly answered: Promise<number>;
  readonly #late: (ping: PendingPing) => void;
  #resolve: (roundTripMs: number) => void = ignore;
  #reject: (error: WebSocketError) => void = ignore;

  /** @param late called when the time is over */
  constructor(payload: Uint8Array, sentMs: number, timeoutMs: number, late: (ping: PendingPing) => void) {
    this.payload = Buffer.from(payload);
    this.sentMs = sentMs;
    this.timeoutMs = timeoutMs;
    this.#late = late;
    this.answered = new Promise<number>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.answered.catch(ignore);
  }

  onDue(): void {
    this.#late(this);
  }

  watch(fromMs: number): void {
    deadlines.watch(this, fromMs + this.timeoutMs);
  }

  answer(nowMs: number): void {
    deadlines.forget(this);
    this.#resolve(nowMs - this.sentMs);
  }

  giveUp(error: WebSocketError): void {
    deadlines.forget(this);
    this.#reject(error);
  }
}

/** The pings whose pong has not come, the oldest first. */
export class PendingPings {
  readonly #pings: PendingPing[] = [];
  #held = false;

  /** Wait for the pong with this payload, of which a copy is kept: the caller may change it once it is sent.
   * @param timeoutMs Infinity for no end of waiting
   * @returns the round trip in milliseconds; a caller that does not care for it may drop the promise */
  add(payload: Uint8Array, nowMs: number, timeoutMs: number = Number.POSITIVE_INFINITY): Promise<number> {
    if (this.#pings.length === MOST_PINGS) {
      this.#pings.shift()?.giveUp(new TransportError("PONG_TIMEOUT", `${MOST_PINGS} later pings wait`));
    }
    const ping = new PendingPing(payload, nowMs, timeoutMs, this.#late);
    this.#pings.push(ping);
    if (!this.#held) ping.watch(nowMs);
    return ping.answered;
  }

  /** A ping that could not be sent.
   * @returns rejects with the error; the promise may be dropped */
  refuse(error: ConnectionClosedError): Promise<number> {
    const refused = Promise.reject<number>(error);
    refused.catch(ignore);
    return refused;
  }

  /** A pong answers its ping and all that were sent before it: a peer may answer only the latest (RFC 6455 §5.5.3). Of several
   * with one payload that is the latest, too. */
  pong(payload: Uint8Array, nowMs: number): void {
    let index = this.#pings.length - 1;
    while (index >= 0 && !isSame(this.#pings[index]?.payload, payload)) index -= 1;
    for (const ping of this.#pings.splice(0, index + 1)) ping.answer(nowMs);
  }

  /** While this end does not read, no pong is late; then each has its whole time again. */
  hold(held: boolean, nowMs: number): void {
    if (held === this.#held) return;
    this.#held = held;
    for (const ping of this.#pings) {
      if (held) deadlines.forget(ping);
      else ping.watch(nowMs);
    }
  }

  rejectAll(error: ConnectionClosedError): void {
    for (const ping of this.#pings.splice(0)) ping.giveUp(error);
  }

  readonly #late = (ping: PendingPing): void => {
    this.#pings.splice(this.#pings.indexOf(ping), 1);
    ping.giveUp(new TransportError("PONG_TIMEOUT", `${ping.timeoutMs} ms`));
  };
}

function isSame(sent: Uint8Array | undefined, received: Uint8Array): boolean {
  return sent !== undefined && Buffer.compare(sent, received) === 0;
}

function ignore(): void {}
