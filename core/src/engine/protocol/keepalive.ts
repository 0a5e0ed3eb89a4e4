/** Decides from the times that it is told when to send a ping and when to give the peer up. It reads no clock. */
export class Keepalive {
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #receivedMs: number;
  /** When the ping was sent that nothing has been received since. */
  #pingedMs: number | undefined;
  #held = false;

  /** @param intervalMs silence before a ping; Infinity for no pings
   * @param timeoutMs silence after a ping before the peer is given up; Infinity for never */
  constructor(intervalMs: number, timeoutMs: number, nowMs: number) {
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#receivedMs = nowMs;
  }

  /** Any byte arrived: the peer is alive. */
  received(nowMs: number): void {
    this.#receivedMs = nowMs;
    this.#pingedMs = undefined;
  }

  /** While this end does not read, silence says nothing about the peer: pings go on, nobody is given up. */
  hold(held: boolean, nowMs: number): void {
    if (this.#held && !held) this.received(nowMs);
    this.#held = held;
  }

  /** When `due` has to be asked next. */
  get deadlineMs(): number {
    if (this.#pingedMs === undefined) return this.#receivedMs + this.#intervalMs;
    return this.#pingedMs + (this.#patient ? this.#intervalMs : this.#timeoutMs);
  }

  /** What the time demands now. After "ping" the ping counts as sent. */
  due(nowMs: number): "nothing" | "ping" | "giveUp" {
    if (nowMs < this.deadlineMs) return "nothing";
    if (this.#pingedMs !== undefined && !this.#patient) return "giveUp";
    this.#pingedMs = nowMs;
    return "ping";
  }

  /** Whether an unanswered ping is followed by the next one instead of the end. */
  get #patient(): boolean {
    return this.#held || this.#timeoutMs === Number.POSITIVE_INFINITY;
  }
}
