/**
 * The books of a soak. In: for each connection what its client and its server say of it when it has ended. Out: what was lost,
 * duplicated, corrupted, out of order. It knows no socket and no process.
 *
 * What one end has sent must have arrived at the other one. Messages may be missing only at the end of a stream, and only where the
 * sender was told (its connection did not end with a closing handshake, or it says itself how many of what it had accepted were
 * dropped), or where the receiver went away on purpose without reading on.
 */
import { Runs } from "./runs.js";

/** @typedef {import("./inbox.js").Received} Received */
/** @typedef {import("./runs.js").Run} Run */
/** @typedef {{ messages: number, bytes: number, refused: number, runs: Record<string, Run[]> }} Sent */
/**
 * What one end says of a connection. `clean`: both Close frames were exchanged. `left`: it stopped reading on purpose before the end.
 * `dropped`: messages that it had accepted and could tell were not sent. `fault`: why it ended other than by a handshake.
 * @typedef {{ id: number, side: "client" | "server", opened: boolean, clean: boolean, left: boolean, dropped: number, code: number,
 *   fault?: string | undefined, sent: Sent, received: Received, way?: string | undefined, fate?: string | undefined,
 *   reader?: string | undefined, endsClean?: boolean | undefined }} Half
 */

const MAX_NOTES = 20;

export class Ledger {
  /** Those whose other half has not come yet. @type {Map<number, Half>} */
  #waiting = new Map();
  /** How many connections ended by each fate, over each carrier and library. @type {Record<string, number>} */
  fates = {};
  /** @type {Record<string, number>} */
  ways = {};
  /** How connections ended that should have ended with a closing handshake, or could not be opened. @type {Record<string, number>} */
  unexpected = {};
  /** @type {string[]} */
  notes = [];
  opened = 0;
  closed = 0;
  notOpened = 0;
  sent = 0;
  sentBytes = 0;
  received = 0;
  receivedBytes = 0;
  /** Told to the sender when it sent. */
  refused = 0;
  /** In flight when a connection broke, of which the sender knows. */
  cutOff = 0;
  lost = 0;
  duplicated = 0;
  corrupted = 0;
  outOfOrder = 0;

  /** How many connections only one end has spoken of. */
  get waiting() {
    return this.#waiting.size;
  }

  get faults() {
    const unexpected = Object.values(this.unexpected).reduce((sum, count) => sum + count, 0);
    return this.lost + this.duplicated + this.corrupted + this.outOfOrder + unexpected;
  }

  /** @param {Half} half */
  enter(half) {
    if (half.side === "client" && !half.opened) this.notOpened += 1;
    const other = this.#waiting.get(half.id);
    if (other === undefined) {
      this.#waiting.set(half.id, half);
      return;
    }
    if (other.side === half.side) throw new Error(`connection ${half.id} ended twice on the ${half.side}'s side`);
    this.#waiting.delete(half.id);
    if (half.side === "client") this.#settle(half, other);
    else this.#settle(other, half);
  }

  /** No more halves will come. A client's handshake may have failed before the server heard of it, or after; but a connection that
   * one end had open and the other one has not ended is a fault. */
  finish() {
    for (const half of this.#waiting.values()) {
      const isFine = half.side === "client" ? !half.opened : false;
      if (half.side === "client") this.#countEnding(half);
      if (!isFine) this.#expectOtherwise("ONE_END_ALONE", `connection ${half.id} is known to its ${half.side} alone`);
    }
    this.#waiting.clear();
  }

  /** @param {Half} client
   * @param {Half} server */
  #settle(client, server) {
    this.#countEnding(client);
    this.opened += client.opened ? 1 : 0;
    this.closed += client.opened ? 1 : 0;
    for (const half of [client, server]) {
      this.#addUp(half);
      if (client.opened && client.endsClean === true && !half.clean) {
        const why = half.fault ?? `CLOSE_${half.code}`;
        this.#expectOtherwise(`${half.side}: ${why}`, nameOf(client));
      }
    }
    this.#compare(client, server, nameOf(client));
    this.#compare(server, client, nameOf(client));
  }

  /** @param {Half} half */
  #countEnding(half) {
    const { fate = "?", way = "?", opened, fault } = half;
    this.fates[fate] = (this.fates[fate] ?? 0) + 1;
    this.ways[way] = (this.ways[way] ?? 0) + 1;
    if (!opened && fault !== undefined) this.#expectOtherwise(`connect: ${fault}`, nameOf(half));
  }

  /** @param {Half} half */
  #addUp({ id, side, sent, received }) {
    this.sent += sent.messages;
    this.sentBytes += sent.bytes;
    this.refused += sent.refused;
    this.received += received.messages;
    this.receivedBytes += received.bytes;
    this.duplicated += received.duplicated;
    this.corrupted += received.corrupted;
    this.outOfOrder += received.outOfOrder;
    for (const note of received.notes) this.#note(`connection ${id}, at its ${side}: ${note}`);
  }

  /** @param {Half} sender
   * @param {Half} receiver
   * @param {string} name */
  #compare(sender, receiver, name) {
    const streams = new Set([...Object.keys(sender.sent.runs), ...Object.keys(receiver.received.runs)]);
    const isTold = !sender.clean || receiver.left || sender.left;
    let excused = isTold ? Number.POSITIVE_INFINITY : sender.dropped;
    for (const stream of streams) {
      const sent = new Runs(sender.sent.runs[stream]);
      const received = new Runs(receiver.received.runs[stream]);
      this.#compareInvented(`${name}: of ${stream}`, sent, received);
      const missing = sent.without(received);
      if (missing.size === 0) continue;
      const atEnd = Math.min(missing.countAbove(received.highest), excused);
      excused -= atEnd;
      this.cutOff += atEnd;
      const lost = missing.size - atEnd;
      if (lost === 0) continue;
      this.lost += lost;
      this.#note(
        `${name}: of ${stream}, sent ${sent} by the ${sender.side} (${endingOf(sender)}), ${missing} did not ` +
          `arrive (${endingOf(receiver)})`,
      );
    }
  }

  /** @param {string} where
   * @param {Runs} sent
   * @param {Runs} received */
  #compareInvented(where, sent, received) {
    const invented = received.without(sent);
    if (invented.size === 0) return;
    this.corrupted += invented.size;
    this.#note(`${where} ${invented} arrived and was never sent there`);
  }

  /** @param {string} what
   * @param {string} where */
  #expectOtherwise(what, where) {
    this.unexpected[what] = (this.unexpected[what] ?? 0) + 1;
    this.#note(`${where}: ${what}`);
  }

  /** @param {string} note */
  #note(note) {
    if (this.notes.length < MAX_NOTES) this.notes.push(note);
  }
}

/** @param {Half} client
 * @returns {string} */
function nameOf({ id, way, fate, reader }) {
  return `connection ${id} (${way}, ${fate}, ${reader})`;
}

/** @param {Half} half
 * @returns {string} */
function endingOf({ code, clean, left, dropped, fault }) {
  const more = [left && "left", dropped > 0 && `${dropped} dropped`, fault].filter((part) => part);
  return [`${code}`, clean ? "clean" : "not clean", ...more].join(", ");
}
