/**
 * What a client was given to send and the peer is not known to have: what waits for a connection, and what was sent on the one
 * that is open. In: messages, and what is confirmed. Out: the messages that are lost, and why. It sends nothing.
 * Functions around variables, as in the whole room: a page loads what is here, and names of variables become letters.
 */

/** A message, as far as it is counted here. */
export interface Counted {
  readonly bytes: number;
}

/** What may wait while there is no connection. */
export interface QueueOptions {
  /** Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** Default 1,000. */
  readonly maxMessages?: number | undefined;
  /** Which message is lost when there is no room: the new one ("refuse"), or the oldest ones. Default "refuse". */
  readonly policy?: "refuse" | "drop-oldest" | undefined;
}

/** How it is known what the peer has. */
export interface AcknowledgeOptions {
  /** What is kept of the sent messages that are not confirmed; above it the oldest are counted alone. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** Default 10,000. */
  readonly maxMessages?: number | undefined;
  /** Shortest time between two questions to the peer whether it has what was sent. Default 100 in Node.js, 1,000 in a page. */
  readonly intervalMs?: number | undefined;
  /** Whether what was not confirmed is sent again on the next connection, before everything else: the peer may then get it
   * twice. Default false: it is reported as lost. */
  readonly resend?: boolean | undefined;
}

/** Messages that are not known to have reached the peer. */
export interface Loss<M> {
  /** Sent, but the connection ended before the peer confirmed them, so that it may have them; no room was left in the queue; or
   * the end came before they could be sent. */
  readonly reason: "unacknowledged" | "full" | "closed";
  /** The oldest first. */
  readonly messages: readonly M[];
  /** How many more there are, older ones, that were not kept. */
  readonly forgotten: number;
}

/** Messages in order, and what they come to. */
interface Line<M> {
  readonly messages: M[];
  bytes: number;
}

/** What a client still has to do with its messages. */
export interface Outbox<M> {
  /** What waits. */
  readonly queue: Line<M>;
  /** How many messages were sent on this connection and are not confirmed. */
  unacknowledged(): number;
  /** Keep a message until there is a connection.
   * @returns the messages that were lost for it, or it alone */
  put(message: M): readonly M[];
  /** Put back what has had a place already. */
  putBack(message: M): void;
  /** Take all that waits. */
  takeQueued(): readonly M[];
  /** A message went out. */
  sent(message: M): void;
  /** How many were sent on this connection: what `confirm` is told later. */
  mark(): number;
  /** The peer has all that was sent before a mark, or so many messages more than it had. */
  confirm(mark: number, more?: number): void;
  /** The connection is gone. What is to be sent again waits before everything else.
   * @returns the messages that it took with it, and how many more */
  disconnected(): readonly [messages: readonly M[], forgotten: number];
}

/** What is wanted of a line is checked by `fits`; a message in it may be above that, because it was put back. */
type Fits<M> = (line: Line<M>, message: M) => boolean;

/** An outbox with nothing in it. */
export function createOutbox<M extends Counted>(queueing: QueueOptions, acknowledging: AcknowledgeOptions): Outbox<M> {
  const queue: Line<M> = { messages: [], bytes: 0 };
  const kept: Line<M> = { messages: [], bytes: 0 };
  const [fitsQueue, fitsKept] = [makeFits<M>(queueing, 1_000), makeFits<M>(acknowledging, 10_000)];
  let sent = 0;
  let confirmed = 0;

  return {
    queue,
    unacknowledged: () => sent - confirmed,
    put: (message) => putInto(queue, message, fitsQueue, queueing.policy === "drop-oldest"),
    putBack: (message) => push(queue, message),
    takeQueued: () => take(queue),
    sent(message) {
      sent += 1;
      // What has to go is one of the oldest, and still counted: there are fewer kept than unacknowledged then
      putInto(kept, message, fitsKept, true);
    },
    mark: () => sent,
    confirm(mark, more = 0) {
      confirmed = Math.min(Math.max(mark, confirmed + more), sent);
      take(kept, kept.messages.length - (sent - confirmed));
    },
    disconnected() {
      const forgotten = sent - confirmed - kept.messages.length;
      const messages = take(kept);
      sent = confirmed = 0;
      if (!acknowledging.resend) return [messages, forgotten];
      for (const message of [...messages, ...take(queue)]) push(queue, message);
      return [[], forgotten];
    },
  };
}

function makeFits<M extends Counted>(
  { maxBytes = 1 << 20, maxMessages }: { maxBytes?: number | undefined; maxMessages?: number | undefined },
  most: number,
): Fits<M> {
  return ({ messages, bytes }, message) => bytes + message.bytes <= maxBytes && messages.length < (maxMessages ?? most);
}

function push<M extends Counted>(line: Line<M>, message: M): void {
  line.messages.push(message);
  line.bytes += message.bytes;
}

/** Take the oldest ones out; a count below 0 is none. */
function take<M extends Counted>(line: Line<M>, count: number = line.messages.length): M[] {
  const taken = line.messages.splice(0, Math.max(0, count));
  for (const { bytes } of taken) line.bytes -= bytes;
  return taken;
}

/** @param makesRoom whether the oldest ones have to go where there is none
 * @returns those that went, or the message where there is no room for it */
function putInto<M extends Counted>(line: Line<M>, message: M, fits: Fits<M>, makesRoom: boolean): M[] {
  const dropped: M[] = [];
  while (makesRoom && line.messages.length > 0 && !fits(line, message)) dropped.push(...take(line, 1));
  if (fits(line, message)) push(line, message);
  else dropped.push(message);
  return dropped;
}
