/** So many requests may come at once; after that, so many a second. */
const BURST = 40;
const PER_SECOND = 10;

/** Somebody at a page: one WebSocket connection. */
export class Person {
  name = "Guest";
  rooms = new Set();
  #connection;
  #allowance = BURST;
  #countedAt = performance.now();

  constructor(connection) {
    this.#connection = connection;
  }

  /** What others get to know. */
  get face() {
    return { id: this.#connection.id, name: this.name };
  }

  /** @param {object | string} message an object, or JSON that was made before because several get it */
  send(message) {
    this.#connection.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Show somebody the door. */
  dismiss(reason) {
    this.#connection.close(1008, reason);
  }

  /** Count a request.
   * @returns {boolean} whether it is one too many */
  isTooFast() {
    const now = performance.now();
    this.#allowance = Math.min(BURST, this.#allowance + ((now - this.#countedAt) / 1000) * PER_SECOND);
    this.#countedAt = now;
    this.#allowance -= 1;
    return this.#allowance < 0;
  }
}
