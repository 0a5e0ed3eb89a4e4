/** What the server keeps for each connection: what came, what went, and how it is to end. */
import { Inbox } from "./inbox.js";
import { streamName } from "./messages.js";
import { Outbox } from "./outbox.js";
import { Random } from "./random.js";

/** @typedef {import("./ledger.js").Half} Half */
/** @typedef {import("polysocket").Connection<ServerPeer>} Connection */
/** @typedef {import("polysocket").ConnectionCloseEvent} CloseEvent */

export class ServerPeer {
  id;
  /** The topics that it begins with. */
  topics;
  #seed;
  #fate;
  #after;
  #random;
  #inbox;
  /** @type {Connection | undefined} */
  #connection;
  /** @type {Outbox | undefined} */
  #outbox;
  /** Answers that wait until the client has kept up. */
  #owed = 0;
  #left = false;
  /** Whether it is read however slowly the client reads. */
  #hurried = false;

  /** @param {number} seed
   * @param {URLSearchParams} query of the handshake */
  constructor(seed, query) {
    this.id = Number(query.get("id"));
    this.topics = [...(query.get("topics") ?? "")].map(Number);
    this.#seed = seed;
    this.#fate = query.get("fate");
    this.#after = Number(query.get("after"));
    this.#random = new Random(seed, "server", this.id);
    this.#inbox = new Inbox(seed, streamName("u", this.id));
  }

  get connection() {
    if (this.#connection === undefined) throw new Error(`connection ${this.id} is not open yet`);
    return this.#connection;
  }

  get outbox() {
    if (this.#outbox === undefined) throw new Error(`connection ${this.id} is not open yet`);
    return this.#outbox;
  }

  /** @param {Connection} connection */
  open(connection) {
    this.#connection = connection;
    const what = { seed: this.#seed, stream: streamName("d", this.id), random: this.#random };
    this.#outbox = new Outbox(connection, what);
    if (this.#random.chance(0.3)) this.outbox.sendNext();
    this.#endIfDue();
  }

  /** @param {import("./messages.js").Kind} kind
   * @param {string | Uint8Array} message */
  receive(kind, message) {
    this.#inbox.receive(kind, message);
    this.#owed += this.#random.pick([0, 1, 1, 1, 1, 3]);
    this.answer();
    this.#endIfDue();
  }

  /** Send what is owed, as far as the client reads; who does not read is not read. */
  answer() {
    while (this.#owed > 0 && this.connection.state === "open") {
      this.#owed -= 1;
      if (this.outbox.sendNext()) continue;
      if (!this.#hurried) return this.#wait();
      this.#owed = 0;
    }
    this.connection.resume();
  }

  #wait() {
    if (this.connection.state !== "open") return;
    this.connection.pause();
    // Its error ends the server, as it should
    void this.outbox.drained();
  }

  /** The server is about to close: a paused connection would drop what comes before the client's Close frame. So this one is not
   * paused any more, and a client that is slow gets no answers instead. */
  hurry() {
    this.#hurried = true;
    this.connection.resume();
  }

  /** @param {CloseEvent} event
   * @returns {Half} */
  close({ code, wasClean, error }) {
    return {
      id: this.id,
      side: "server",
      opened: true,
      clean: wasClean,
      left: this.#left,
      dropped: this.outbox.dropped,
      code,
      fault: error?.code,
      sent: this.outbox.book.report(),
      received: this.#inbox.report(),
    };
  }

  #endIfDue() {
    if (this.#inbox.messages < this.#after || this.connection.state !== "open") return;
    if (this.#fate === "server-closes") {
      this.hurry();
      this.connection.close(4_000 + this.#random.below(100), "enough");
    }
    if (this.#fate === "server-terminates") {
      this.#left = true;
      this.connection.terminate();
    }
  }
}
