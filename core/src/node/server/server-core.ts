/**
 * What serve, attach and createEndpoint have in common.
 * In: handshakes, by whatever way they came. Out: connections, counters, and the end of them all.
 * Knows no http server; whoever has one tells `close` how to stop it.
 */
import type { Socket } from "node:net";
import { HandshakeError, type HandshakeErrorCode } from "../../engine/errors.ts";
import type { Hub } from "../../pubsub/hub.ts";
import { LocalHub } from "../../pubsub/local-hub.ts";
import type { Connection } from "../connection/connection.ts";
import { ConnectionFactory, type ConnectionStart } from "../connection/connection.ts";
import { LONGEST_DELAY_MS } from "../connection/deadlines.ts";
import { upgradeChannel } from "../connection/diagnostics.ts";
import type { SendOptions } from "../connection/prepared-message.ts";
import { checkPublishable, checkTopic, type Publishable, preparePublishable } from "../connection/topics.ts";
import { type CloseCall, readCloseCall } from "./close-call.ts";
import { ConnectionSet } from "./connection-set.ts";
import { type AcceptedHandshake, Handshake, type HandshakeHost } from "./handshake.ts";
import type { HandshakeChannel } from "./handshake-channel.ts";
import type { HandshakeRequest } from "./handshake-request.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { CloseOptions } from "./options.ts";
import { PendingHandshake } from "./pending-handshake.ts";
import { reportFailure } from "./report-failure.ts";
import type { Route } from "./routes.ts";
import type { ServerSettings } from "./server-settings.ts";
import { spread } from "./spread.ts";
import { SocketReader } from "./socket-reader.ts";
import { type ServerStats, Tally } from "./server-stats.ts";

/** What lies under the connections and is stopped with them. */
export interface Foundation {
  /** Take no more; what is there may go on. */
  stop(): void;
  /** The time is up: cut off what is left. */
  destroy(): void;
  /** Called when no connection is left.
   * @returns a promise where something else has to end first */
  finish(): Promise<void> | undefined;
}

/** What every server does for topics, which are its own: no other server in the process has them. */
export interface Publisher {
  /** Send a message to all connections that are subscribed to a topic: see `connection.subscribe`. It is encoded once,
   * and compressed once for each way in which they compress. Bytes may not be changed before they are sent, as with `send`.
   * @param topic 1 to 4,096 characters
   * @returns how many accepted the message; not those that are closing, nor those whose peers are so slow that
   *   `backpressure` has them closed or the message dropped. It is sent unless their connection ends first
   * @throws UsageError for another topic, for what is not a message in one piece, for bytes sent as text that are not
   *   UTF-8, and for options beside what `prepare` has made */
  publish(topic: string, message: Publishable, options?: SendOptions): number;
  /** How many connections are subscribed to a topic.
   * @throws UsageError as `publish` for a topic */
  subscriberCount(topic: string): number;
}

const HTTP_VERSIONS: readonly string[] = ["1.1", "2.0"];

export class ServerCore<Data> implements HandshakeHost<Data>, Publisher {
  readonly settings: ServerSettings<Data>;
  readonly pending: Set<Handshake<Data>> = new Set();
  /** The view that applications get. */
  readonly connections: ConnectionSet<Data>;
  readonly #open = new Set<Connection<Data>>();
  readonly #factories = new Map<Route<Data>, ConnectionFactory<Data>>();
  /** Peers whose requests have not come yet. */
  readonly #readers = new Set<SocketReader>();
  /** Refused peers that have not read their answer yet. */
  readonly #leaving = new Set<HandshakeChannel>();
  readonly #tally = new Tally();
  readonly #hub: Hub<Connection<Data>> = new LocalHub({ check: checkPublishable, prepare: preparePublishable });
  #closing: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(settings: ServerSettings<Data>) {
    this.settings = settings;
    this.connections = new ConnectionSet(this.#open);
  }

  get openConnections(): number {
    return this.#open.size;
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Decide on a handshake whose channel is ours. */
  receive(channel: HandshakeChannel): void {
    new Handshake(this, channel).run();
  }

  /** Read a handshake from a socket that is ours. */
  read(socket: Socket, maxHeadBytes: number, next: (channel: HandshakeChannel) => void): void {
    const reader = new SocketReader(socket, {
      timeoutMs: this.settings.handshakeTimeoutMs,
      maxHeadBytes,
      read: next,
      over: (over) => this.#readers.delete(over),
    });
    this.#readers.add(reader);
    if (this.isClosing) reader.cancel(new HandshakeError("SERVER_CLOSING"));
    else if (this.#readers.size > this.settings.maxPendingHandshakes) {
      reader.cancel(new HandshakeError("TOO_MANY_HANDSHAKES"));
    }
  }

  /** Let somebody else decide on it. */
  hold(channel: HandshakeChannel): PendingHandshake<Data> {
    return new PendingHandshake(new Handshake(this, channel));
  }

  open(accepted: AcceptedHandshake<Data>): Connection<Data> {
    const { channel, route, request, data, negotiated, subprotocol = "", isByHand } = accepted;
    const { transport, preface, head } = channel;
    if (upgradeChannel.hasSubscribers)
      upgradeChannel.publish({ request, statusCode: statusOf(request), error: undefined });
    const { path, remoteAddress } = request;
    // Each request has a string of its own, which its connection would keep
    const httpVersion = HTTP_VERSIONS.find((version) => version === request.httpVersion) ?? request.httpVersion;
    const { extensions = "", scheme: deflate } = negotiated ?? {};
    const info = { httpVersion, path, remoteAddress, subprotocol, extensions };
    const learnsBy = isByHand ? "return" : "handler";
    const start: ConnectionStart<Data> = { transport, info, data, deflate, preface, head, request, learnsBy };
    return this.#factoryOf(route).open(start, this.#onOpened);
  }

  refuse(channel: HandshakeChannel, answer: HttpAnswer): void {
    const isLeaving = channel.refuse(answer, () => {
      this.#leaving.delete(channel);
      this.#left();
    });
    if (isLeaving) this.#leaving.add(channel);
  }

  report(error: HandshakeError, request: HandshakeRequest): void {
    this.#tally.refused(error.code);
    if (upgradeChannel.hasSubscribers) upgradeChannel.publish({ request, statusCode: error.statusCode, error });
    reportFailure(this.settings.handlers, error, request);
  }

  /** Something happened to a client that is no connection. */
  count(code: HandshakeErrorCode): void {
    this.#tally.count(code);
  }

  stats(): ServerStats {
    return this.#tally.read(this.#open.size, this.pending.size);
  }

  publish(topic: string, message: Publishable, options?: SendOptions): number {
    checkTopic(topic);
    return this.#hub.publish(topic, message, options);
  }

  subscriberCount(topic: string): number {
    checkTopic(topic);
    return this.#hub.subscriberCount(topic);
  }

  /** Refuse what is pending, say goodbye to all, wait, and cut off whoever is left. The first call counts.
   * @returns resolves when all is gone
   * @throws UsageError for values that cannot be sent */
  close(options: CloseOptions | undefined, foundation: Foundation): Promise<void> {
    const call = readCloseCall(options);
    if (this.#closing !== undefined) return this.#closing;
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    const patienceMs = Math.min(call.spreadMs + call.timeoutMs, LONGEST_DELAY_MS);
    const timer = setTimeout(() => this.#cutOff(foundation), patienceMs);
    this.#closing = emptied.then(() => foundation.finish()).finally(() => clearTimeout(timer));
    const stop = this.#sayGoodbye(call, foundation);
    void emptied.then(stop);
    return this.#closing;
  }

  #factoryOf(route: Route<Data>): ConnectionFactory<Data> {
    const known = this.#factories.get(route);
    if (known !== undefined) return known;
    const { connection: settings } = this.settings;
    const { counters } = this.#tally;
    const { handlers } = route;
    const [topics, onEnded] = [this.#hub, this.#onEnded];
    const factory = new ConnectionFactory({ role: "server", settings, handlers, counters, topics, onEnded });
    this.#factories.set(route, factory);
    return factory;
  }

  /** @returns to say no more of it */
  #sayGoodbye({ code, reason, spreadMs }: CloseCall, foundation: Foundation): () => void {
    foundation.stop();
    for (const reader of this.#readers) reader.cancel(new HandshakeError("SERVER_CLOSING"));
    for (const handshake of this.pending) handshake.cancel(new HandshakeError("SERVER_CLOSING"));
    const stop = spread([...this.#open], spreadMs, (connection) => connection.close(code, reason));
    this.#left();
    return stop;
  }

  #cutOff(foundation: Foundation): void {
    for (const connection of this.#open) connection.terminate();
    for (const channel of this.#leaving) channel.destroy();
    foundation.destroy();
  }

  #left(): void {
    if (this.#open.size === 0 && this.#leaving.size === 0) this.#emptied?.();
  }

  // One function for all connections, so that an idle one costs none
  readonly #onOpened = (connection: Connection<Data>): void => {
    this.#open.add(connection);
    this.#tally.opened();
  };

  readonly #onEnded = (connection: Connection<Data>): void => {
    this.#open.delete(connection);
    this.settings.addresses?.leave(connection.remoteAddress, performance.now());
    this.#hub.leave(connection);
    this.#tally.closed();
    this.#left();
  };
}

/** RFC 6455 §4.2.2, RFC 8441 §5. */
function statusOf({ httpVersion }: HandshakeRequest): number {
  return httpVersion.startsWith("2") ? 200 : 101;
}
