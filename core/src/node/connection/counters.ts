/** Counters of all connections of one server, or of all clients; each connection adds to them. */
export interface Counters {
  messagesReceived: number;
  messagesSent: number;
  /** Messages that `send` did not accept, or that a connection's end made impossible. */
  messagesDropped: number;
  /** Messages that were handed over to nobody, because their peer sent too many: policy "drop" of `rate`. */
  messagesRefused: number;
  /** How often a peer was slowed down for its rate. */
  slowed: number;
  /** What the connections hold now, as in `memoryBudget`. */
  heldBytes: number;
  bytesReceived: number;
  bytesSent: number;
  /** How often an error with this code was reported. */
  readonly errors: Map<string, number>;
}

/** Counters that have counted nothing. */
export function makeCounters(): Counters {
  return {
    messagesReceived: 0,
    messagesSent: 0,
    messagesDropped: 0,
    messagesRefused: 0,
    slowed: 0,
    heldBytes: 0,
    bytesReceived: 0,
    bytesSent: 0,
    errors: new Map(),
  };
}
