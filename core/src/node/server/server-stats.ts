import { type Counters, makeCounters } from "../connection/counters.ts";

/** Counters since the server began, and how many of each there are now. */
export interface ServerStats {
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Messages that a connection did not accept for sending, or that its end made impossible. */
  readonly messagesDropped: number;
  /** Messages that were handed over to nobody, because their peer sent too many: policy "drop" of `rate`. They count as received. */
  readonly messagesRefused: number;
  /** How often a peer was read more slowly for its rate. */
  readonly slowed: number;
  /** Bytes that connections hold now for what is not complete, not asked for, or not read by their peers: this server's part of
   * `memoryBudget.usedBytes`. */
  readonly heldBytes: number;
  /** Framing included. */
  readonly bytesReceived: number;
  /** Framing included, and the responses that opened the connections. */
  readonly bytesSent: number;
  /** Connections now. */
  readonly open: number;
  readonly opened: number;
  readonly closed: number;
  /** Handshakes that came to nothing, for whatever reason. */
  readonly refused: number;
  /** Handshakes that wait for the application now. */
  readonly pendingHandshakes: number;
  /** How often each error happened, by `code`. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Counts what happens to a server. */
export class Tally {
  /** The connections add to these by themselves. */
  readonly counters: Counters = makeCounters();
  #opened = 0;
  #closed = 0;
  #refused = 0;

  opened(): void {
    this.#opened += 1;
  }

  closed(): void {
    this.#closed += 1;
  }

  /** A handshake came to nothing. */
  refused(code: string): void {
    this.#refused += 1;
    this.count(code);
  }

  /** Something went wrong. */
  count(code: string): void {
    const { errors } = this.counters;
    errors.set(code, (errors.get(code) ?? 0) + 1);
  }

  /** A copy that changes no more. */
  read(open: number, pendingHandshakes: number): ServerStats {
    const happened = { opened: this.#opened, closed: this.#closed, refused: this.#refused };
    const { errors, ...counters } = this.counters;
    return { open, ...happened, pendingHandshakes, ...counters, errors: Object.fromEntries(errors) };
  }
}
