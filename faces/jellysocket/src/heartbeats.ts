import { linkOf } from "./link.ts";
import { throwLater } from "./throw-later.ts";

/** setInterval takes no more. */
const LONGEST_MS = 0x7fffffff;

/** One timer for all clients of an application; it runs while there are any, and keeps no process alive. */
export class Heartbeats {
  readonly #clients: ReadonlySet<object>;
  readonly #intervalMs: number;
  readonly #mostMissed: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param intervalSeconds 0 or Infinity for none
   * @param mostMissed 0 or Infinity to end no connection */
  constructor(clients: ReadonlySet<object>, intervalSeconds: number, mostMissed: number) {
    this.#clients = clients;
    this.#intervalMs = intervalSeconds === Number.POSITIVE_INFINITY ? 0 : Math.min(intervalSeconds * 1000, LONGEST_MS);
    this.#mostMissed = mostMissed || Number.POSITIVE_INFINITY;
  }

  /** The set of clients has changed. */
  adapt(): void {
    const isWanted = this.#intervalMs > 0 && this.#clients.size > 0;
    if (isWanted) this.#timer ??= setInterval(() => this.#beat(), this.#intervalMs).unref();
    else if (this.#timer !== undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #beat(): void {
    for (const client of this.#clients) {
      try {
        linkOf(client)?.beat(this.#mostMissed);
      } catch (error) {
        throwLater(error);
      }
    }
  }
}
