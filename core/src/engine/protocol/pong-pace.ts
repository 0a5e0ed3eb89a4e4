const NEVER = Number.POSITIVE_INFINITY;

/** Answers a peer's pings no more often than at an interval: the first at once, then the newest of those that came meanwhile, which
 * answers them all (RFC 6455 §5.5.3). It reads no clock. */
export class PongPace {
  readonly #intervalMs: number;
  /** Until when the next pong waits. */
  #freeMs = Number.NEGATIVE_INFINITY;
  #waiting: Uint8Array | undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** A ping came.
   * @returns true when its pong has to wait; false when it goes out now */
  holdsBack(payload: Uint8Array, nowMs: number): boolean {
    if (nowMs >= this.#freeMs) {
      this.#freeMs = nowMs + this.#intervalMs;
      this.#waiting = undefined;
      return false;
    }
    this.#waiting = payload;
    return true;
  }

  /** When `due` has to be asked next. */
  get deadlineMs(): number {
    return this.#waiting === undefined ? NEVER : this.#freeMs;
  }

  /** The payload of the pong that goes out now, if one does; then it counts as sent. */
  due(nowMs: number): Uint8Array | undefined {
    if (nowMs < this.deadlineMs) return undefined;
    const payload = this.#waiting;
    this.#freeMs = nowMs + this.#intervalMs;
    this.#waiting = undefined;
    return payload;
  }
}
