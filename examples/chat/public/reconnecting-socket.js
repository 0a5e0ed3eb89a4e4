/**
 * A WebSocket that comes back by itself.
 * In: objects to send. Out: the objects that arrive, the state of the connection, and how long a message takes to the
 * server and back. A server that is silent for too long counts as gone: a browser does not tell when a cable is cut.
 */

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 10_000;
const FIRST_ECHO_MS = 200;
const ECHO_INTERVAL_MS = 3_000;

export class ReconnectingSocket {
  #url;
  #handlers;
  #socket;
  #failures = 0;
  #retryTimer;
  /** Whether an echo has not come back. */
  #waiting = false;

  /** @param handlers received(message), roundTrip(ms), and changed(state, retryAt): state is "connecting", "open" or
   *   "closed", and retryAt the time of the next attempt in the last case */
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  start() {
    setInterval(() => this.#echo(), ECHO_INTERVAL_MS);
    window.addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
    this.#connect();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** @returns whether it was sent; while there is no connection nothing is */
  send(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
    return this.isOpen;
  }

  /** Don't wait for the next attempt. */
  retry() {
    if (this.#retryTimer !== undefined) this.#connect();
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#handlers.changed("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#received(JSON.parse(data));
    socket.onclose = () => this.#closed();
  }

  #opened() {
    this.#failures = 0;
    this.#waiting = false;
    this.#handlers.changed("open");
    setTimeout(() => this.#waiting || this.#echo(), FIRST_ECHO_MS);
  }

  #received(message) {
    if (message.type !== "echo") {
      this.#handlers.received(message);
      return;
    }
    this.#waiting = false;
    this.#handlers.roundTrip(performance.now() - message.at);
  }

  #closed() {
    // Half of the delay is chance, lest all pages come back at the same moment
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
    this.#handlers.changed("closed", Date.now() + delay);
  }

  #echo() {
    if (!this.isOpen) return;
    if (this.#waiting) {
      this.#abandon();
      return;
    }
    this.#waiting = true;
    this.send({ type: "echo", at: performance.now() });
  }

  /** Closing takes as long as the server likes, which is no way to leave one that does not answer. */
  #abandon() {
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#closed();
  }
}
