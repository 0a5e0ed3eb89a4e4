/** setInterval takes no more. */
const LONGEST_MS = 0x7fffffff;

/** Calls a function again and again, for as long as a server is there; the process is not kept alive for it. */
export class Interval {
  readonly #call: () => void;
  #delayMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: () => void) {
    this.#call = call;
  }

  /** Begin anew with another time.
   * @param delayMs below 1 for never */
  start(delayMs: number = this.#delayMs): void {
    this.stop();
    this.#delayMs = delayMs;
    if (!(delayMs >= 1) || delayMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setInterval(this.#call, Math.min(delayMs, LONGEST_MS)).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
