/**
 * The connection of one library's row, which comes back by itself. In: texts. Out: its state, the texts that came back, and how
 * long each one took.
 */
import JellySocket from "/jellysocket.mjs";
import { makeEchoSocket } from "./echo-socket.js";

const RETRY_MS = 1_000;

/** A new connection, over the browser's WebSocket or what one library puts around it.
 * @returns {{ isOpen(): boolean, send(text: string): void, close(): void }} */
const OPENERS = {
  native(url, subprotocol, { opened, received, closed }) {
    const socket = new WebSocket(url, subprotocol === undefined ? [] : [subprotocol]);
    socket.onopen = opened;
    socket.onmessage = ({ data }) => received(data);
    socket.onclose = closed;
    return {
      isOpen: () => socket.readyState === WebSocket.OPEN,
      send: (text) => socket.send(text),
      close: () => socket.close(),
    };
  },
  jellysocket(url, subprotocol, { opened, received, closed }) {
    const EchoSocket = makeEchoSocket(JellySocket, subprotocol);
    const socket = new EchoSocket(url.href);
    socket.on("connect", opened).on("text", received).on("disconnect", closed);
    return {
      isOpen: () => socket.connected,
      send: (text) => socket.sendText(text),
      close: () => socket.disconnect(),
    };
  },
};

export class EchoLink {
  #open;
  #handlers;
  #socket;
  #isWanted = false;
  #retryTimer;
  /** When those were sent that have not come back; they come in order. */
  #sentAt = [];

  /** @param handlers changed(state): "connecting", "open" or "closed"; echoed(text, ms) */
  constructor({ path, subprotocol, library }, handlers) {
    const url = new URL(path, location.href.replace(/^http/, "ws"));
    const opener = OPENERS[library] ?? OPENERS.native;
    this.#open = (told) => opener(url, subprotocol, told);
    this.#handlers = handlers;
  }

  start() {
    this.#isWanted = true;
    if (this.#socket === undefined) this.#connect();
  }

  stop() {
    this.#isWanted = false;
    clearTimeout(this.#retryTimer);
    this.#socket?.close();
  }

  /** While there is no connection nothing is sent. */
  send(text) {
    if (!this.#socket?.isOpen()) return;
    this.#sentAt.push(performance.now());
    this.#socket.send(text);
  }

  #connect() {
    this.#handlers.changed("connecting");
    this.#socket = this.#open({
      opened: () => this.#handlers.changed("open"),
      received: (text) => this.#handlers.echoed(text, performance.now() - this.#sentAt.shift()),
      closed: () => this.#closed(),
    });
  }

  #closed() {
    this.#socket = undefined;
    this.#sentAt = [];
    this.#handlers.changed("closed");
    clearTimeout(this.#retryTimer);
    if (this.#isWanted) this.#retryTimer = setTimeout(() => this.#connect(), RETRY_MS);
  }
}
