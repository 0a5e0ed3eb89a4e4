import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { type ConnectionClosedError, UsageError } from "../../engine/errors.ts";
import { CLOSE_CODE } from "../../engine/frames/close-code.ts";
import type { OutgoingFrame } from "../../engine/frames/frame.ts";
import type { MessageKind } from "../../engine/messages/message.ts";
import { Protocol } from "../../engine/protocol/protocol.ts";
import type { Role } from "../../engine/protocol/protocol-kit.ts";
import { ProtocolKit } from "../../engine/protocol/protocol-kit.ts";
import type { State } from "../../engine/protocol/state.ts";
import type { DeflateScheme } from "../compression/deflate-scheme.ts";
import type { Transport } from "../transport/transport.ts";
import type { Counters } from "./counters.ts";
import { messageChannel } from "./diagnostics.ts";
import { Driver, FRAMES_AT_ONCE } from "./driver.ts";
import { MessageWriter } from "./message-writer.ts";
import { nodePlatform } from "./node-platform.ts";
import { positive } from "./option-checks.ts";
import { sharedScratch, sharedSlab } from "./outbound.ts";
import {
  checkSendOptions,
  describeType,
  type Preparable,
  PreparedMessage,
  payloadBytes,
  type SendOptions,
} from "./prepared-message.ts";
import { discardSource, guardSource, sendStream } from "./outgoing-queue.ts";
import type { CloseEvent, ConnectionSettings, Handlers } from "./settings.ts";
import { whenFlushed } from "./when-flushed.ts";
import { checkTopic, type Publishable, type Topics, theTopics } from "./topics.ts";

/** What may be sent as a message. A Readable's or Blob's chunks go out as the fragments of one message, uncompressed. */
export type Sendable = Preparable | PreparedMessage | Blob | Readable;

/** How `ping` waits. */
export interface PingOptions {
  readonly timeoutMs?: number | undefined;
}

/** What the opening handshake told about a connection. */
export interface ConnectionInfo {
  /** "1.1", or "2.0". */
  readonly httpVersion: string;
  /** The path of the request, without the query. */
  readonly path: string;
  readonly remoteAddress: string | undefined;
  /** "" when none was agreed on. */
  readonly subprotocol: string;
  /** As in Sec-WebSocket-Extensions; "" when none was agreed on. */
  readonly extensions: string;
}

/** What connections have in common that are handled alike; one object for all of them. */
export interface ConnectionKind<Data> {
  readonly role: Role;
  readonly settings: ConnectionSettings;
  readonly handlers: Handlers<Data>;
  readonly counters: Counters;
  /** Undefined for a client's, which have none. */
  readonly topics?: Topics<Connection<Data>>;
  /** Called once when a connection has ended, before its close handler. */
  readonly onEnded: (connection: Connection<Data>) => void;
}

/** What is there when an opening handshake is done. */
export interface ConnectionStart<Data> {
  readonly transport: Transport;
  readonly info: ConnectionInfo;
  readonly data: Data;
  /** A server's response, which goes out with whatever the open handler sends. */
  readonly preface?: Uint8Array;
  /** How messages are compressed, if that was agreed on. */
  readonly deflate?: DeflateScheme | undefined;
  /** Bytes that arrived together with the handshake; they may be overwritten. */
  readonly head: Uint8Array;
  /** Handed to the open handler. */
  readonly request: unknown;
  /** How whoever opens learns of the connection: by the open handler, when the call that opened it returns, or by a promise. */
  readonly learnsBy: "handler" | "return" | "promise";
}

/** What all connections of one role and with the same settings share. */
export function makeKit(role: Role, settings: ConnectionSettings): ProtocolKit {
  return new ProtocolKit(nodePlatform, sharedSlab, role, { ...settings, framesAtOnce: FRAMES_AT_ONCE }, sharedScratch);
}

/** Makes connections of one kind; for those who do opening handshakes. */
export class ConnectionFactory<Data> {
  readonly #kind: ConnectionKind<Data>;
  readonly #kit: ProtocolKit;

  /** @param kit of the same role and settings, where several factories share one */
  constructor(kind: ConnectionKind<Data>, kit: ProtocolKit = makeKit(kind.role, kind.settings)) {
    this.#kind = kind;
    this.#kit = kit;
  }

  /** Go on where an opening handshake stopped.
   * @param made called before the open handler */
  open(start: ConnectionStart<Data>, made: (connection: Connection<Data>) => void): Connection<Data> {
    const connection = new Connection(this.#kind, this.#kit, start);
    made(connection);
    Connection.start(connection, start);
    return connection;
  }
}

/** A WebSocket connection, of a server or a client. */
export class Connection<Data = undefined> {
  /** The application's own. */
  data: Data;
  readonly #info: ConnectionInfo;
  readonly #driver: Driver<Data>;
  readonly #topics: Topics<Connection<Data>> | undefined;
  #id: string | undefined;
  #closed: Promise<CloseEvent> | undefined;

  /** Applications get their connections from `serve`, `attach`, `createEndpoint` and `connect`. */
  constructor(kind: ConnectionKind<Data>, kit: ProtocolKit, start: ConnectionStart<Data>) {
    this.data = start.data;
    this.#info = start.info;
    this.#topics = kind.topics;
    const protocol = new Protocol(kit, performance.now(), start.deflate !== undefined);
    this.#driver = new Driver(kind, protocol, start, this);
  }

  /** For `ConnectionFactory`. */
  static start<Data>(connection: Connection<Data>, start: ConnectionStart<Data>): void {
    connection.#driver.start(start);
  }

  /** A random UUID. */
  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  /** "open" until a Close frame is sent or received, then "closing" until the transport has ended. */
  get state(): State {
    return this.#driver.state;
  }

  /** The HTTP version by which it was opened: "1.1", or "2.0" (RFC 8441). */
  get httpVersion(): string {
    return this.#info.httpVersion;
  }

  get path(): string {
    return this.#info.path;
  }

  get remoteAddress(): string | undefined {
    return this.#info.remoteAddress;
  }

  get subprotocol(): string {
    return this.#info.subprotocol;
  }

  get extensions(): string {
    return this.#info.extensions;
  }

  /** Node's socket below it, for what it knows: addresses, certificates, counters. It is read and written here alone. Over
   * HTTP/2 the one of all streams, which is undefined when their session has ended; undefined too where there is none. */
  get socket(): Socket | undefined {
    return this.#driver.socket;
  }

  /** Bytes accepted for sending that the system has not taken, framing included. */
  get bufferedBytes(): number {
    return this.#driver.bufferedBytes;
  }

  /** Messages that `send` did not accept, or that the connection's end made impossible. */
  get droppedMessages(): number {
    return this.#driver.outbound.droppedMessages;
  }

  /** How long the peer took to answer the latest ping of the heartbeat that it answered, in ms; undefined before the
   * first, which is sent only after silence. See `ping` for a measurement at will. */
  get roundTripMs(): number | undefined {
    return this.#driver.roundTripMs;
  }

  /** Resolves when the connection has ended; never rejects. */
  get closed(): Promise<CloseEvent> {
    this.#closed ??= new Promise((resolve) => {
      const { ending } = this.#driver;
      if (ending === undefined) this.#driver.onceEnded(resolve);
      else resolve(ending);
    });
    return this.#closed;
  }

  /** Send a message: a string as text, everything else as binary unless `kind` says otherwise. All that is sent in one
   * turn of the event loop leaves in one write. A server's bytes above 16 KiB may not be changed before they are sent; all others are copied at once.
   * @returns false when more is waiting than the high-water mark: wait for `drain`, as with Node's streams. Also false,
   *   and counted in `droppedMessages`, when the connection is not open or the message went over `maxBufferedBytes`
   *   A Readable that is not sent, or not to its end, is destroyed
   * @throws UsageError for what is not a message, or for bytes sent as text that are not UTF-8 */
  send(message: Sendable, options?: SendOptions): boolean {
    // Short, so that the compiler puts all of it into whoever calls it
    if (messageChannel.hasSubscribers) return this.#sendObserved(message, options);
    if (options === undefined) {
      const { outbound } = this.#driver;
      if (typeof message === "string") return outbound.sendText(message, undefined);
      if (message instanceof Uint8Array) return outbound.sendBytes("binary", message, undefined);
      if (message instanceof PreparedMessage) return outbound.sendPrepared(message);
    }
    return this.#sendAs(message, options);
  }

  /** What is accepted and is in one piece is told to whoever observes. */
  #sendObserved(message: Sendable, options: SendOptions | undefined): boolean {
    const { droppedMessages } = this;
    const keepsUp = this.#sendAs(message, options);
    const told = observable(message);
    if (told === undefined || this.droppedMessages !== droppedMessages) return keepsUp;
    messageChannel.publish({ connection: this, direction: "sent", ...told, kind: options?.kind ?? told.kind });
    return keepsUp;
  }

  #sendAs(message: Sendable, options: SendOptions | undefined): boolean {
    const { outbound } = this.#driver;
    const { kind, compress } = checkSendOptions(options ?? {});
    if (typeof message === "string" && kind !== "binary") return outbound.sendText(message, compress);
    if (message instanceof Uint8Array) return outbound.sendBytes(kind ?? "binary", message, compress);
    if (message instanceof PreparedMessage) {
      if (kind === undefined && compress === undefined) return outbound.sendPrepared(message);
      throw new UsageError("a prepared message has its kind and compression already; give them to prepare");
    }
    if (message instanceof Blob) return this.#sendLong(message, kind ?? "binary");
    if (isReadable(message)) return this.#sendLong(message, kind);
    return outbound.sendBytes(kind ?? "binary", messageBytes(message), compress);
  }

  #sendLong(source: Blob | Readable, kind: MessageKind | undefined): false {
    guardSource(source);
    return this.#driver.outbound.sendLong(
      () => sendStream(source, kind, this.#driver.outbound),
      () => discardSource(source),
    );
  }

  /** Begin a message that is sent fragment by fragment. Messages that are sent before it has ended wait for it.
   * @throws UsageError for another kind than "text" and "binary"
   * @see RFC 6455 §5.4 */
  beginMessage(kind: MessageKind): MessageWriter {
    if (kind !== "text" && kind !== "binary") throw new UsageError(`kind is ${String(kind)}; give "text" or "binary"`);
    const writer = new MessageWriter(kind, this.#driver.outbound);
    this.#driver.outbound.sendLong(
      () => writer.run(),
      () => writer.abandon(),
    );
    return writer;
  }

  /** Get what is published to a topic of this server, until `unsubscribe` or the connection's end. Without effect when
   * it is subscribed already, or has ended.
   * @param topic 1 to 4,096 characters, compared as they are: there are no wildcards
   * @throws UsageError for another topic; on a client's connection, as all that has to do with topics */
  subscribe(topic: string): void {
    checkTopic(topic);
    theTopics(this.#topics).subscribe(this, topic);
  }

  /** @returns whether it was subscribed
   * @throws UsageError as `subscribe` */
  unsubscribe(topic: string): boolean {
    checkTopic(topic);
    return theTopics(this.#topics).unsubscribe(this, topic);
  }

  /** @throws UsageError as `subscribe` */
  isSubscribed(topic: string): boolean {
    checkTopic(topic);
    return theTopics(this.#topics).isSubscribed(this, topic);
  }

  /** What it is subscribed to now, a copy in the order of subscription; empty once it has ended.
   * @throws UsageError on a client's connection */
  get topics(): readonly string[] {
    return theTopics(this.#topics).topicsOf(this);
  }

  /** Send a message to all who are subscribed to a topic, but not to this connection, which need not be subscribed. As
   * the server's `publish`, which is there for a connection that has ended: then this does nothing.
   * @returns how many connections accepted the message; 0 when this one has ended
   * @throws UsageError as `subscribe` and `send` */
  publish(topic: string, message: Publishable, options?: SendOptions): number {
    checkTopic(topic);
    return theTopics(this.#topics).publish(topic, message, options, this);
  }

  /** Send a frame exactly as it is given, right or wrong, masking key included; with "auto" for the key it is masked as the
   * role demands. A Close frame begins the closing handshake, whatever its code.
   * @returns false when more is waiting than the high-water mark, as `send`. Above `maxBufferedBytes` the connection is closed
   * @throws UsageError when the connection is not open */
  sendFrame(frame: OutgoingFrame): boolean {
    return this.#driver.sendFrame(frame);
  }

  /** Send a ping. Its pong, or that of a later one, answers it.
   * @param data at most 125 bytes; random without it
   * @param options `timeoutMs`: how long the pong is waited for, while this end reads; default Infinity
   * @returns the round trip in ms; rejects with ConnectionClosedError, or with TransportError PONG_TIMEOUT, after which the
   *   connection goes on: end it with `fail` or `terminate` if that is wanted. The promise may be dropped
   * @throws UsageError for more than 125 bytes, or a wrong timeout */
  ping(data?: string | Uint8Array, options: PingOptions = {}): Promise<number> {
    const timeoutMs = positive("timeoutMs of ping", options.timeoutMs, Number.POSITIVE_INFINITY);
    return this.#driver.ping(data === undefined ? nodePlatform.randomBytes(8) : controlPayload(data), timeoutMs);
  }

  /** Send a pong: the answer to a ping without `automaticPong`, or one that nobody asked for.
   * @throws UsageError for more than 125 bytes */
  pong(data: string | Uint8Array = ""): void {
    this.#driver.pong(controlPayload(data));
  }

  /** Begin the closing handshake; without effect when it has begun.
   * @param code 1000–1003, 1007–1014 or 3000–4999; null for a Close frame without one
   * @param reason at most 123 bytes of UTF-8
   * @throws UsageError for another code or a longer reason
   * @see RFC 6455 §7.1.2 */
  close(code: number | null = CLOSE_CODE.normal, reason = ""): void {
    this.#driver.close(code ?? undefined, reason);
  }

  /** End the connection with a Close frame, but without waiting for the peer's: it leaves at once, also in the middle of a
   * message that is being streamed, and nothing is received any more. The transport ends as soon as the peer ends it, too, or
   * after `closeTimeoutMs`. Without effect when the connection has ended.
   * @param code 1000–1003, 1007–1014 or 3000–4999
   * @param reason at most 123 bytes of UTF-8, see `fitReason`
   * @throws UsageError for another code or a longer reason
   * @see RFC 6455 §7.1.7 */
  fail(code: number, reason = ""): void {
    this.#driver.fail(code, reason);
  }

  /** End the transport at once, without a Close frame; what was not written is dropped. */
  terminate(): void {
    this.#driver.terminate();
  }

  /** Stop handing over what arrives, and soon stop reading, so that the peer is slowed down. After `close` it is read
   * all the same, to come to the peer's Close frame, and what comes before that is dropped. */
  pause(): void {
    this.#driver.pause();
  }

  resume(): void {
    this.#driver.resume();
  }

  /** Resolves when all that was sent so far is with the system.
   * @returns rejects with ConnectionClosedError, `unsentBytes`, when the connection ended first; the promise may be
   *   dropped */
  flush(): Promise<void>;
  /** The same with a callback, called once, in a later turn; it costs less than a promise. */
  flush(done: (error?: ConnectionClosedError) => void): void;
  flush(done?: (error?: ConnectionClosedError) => void): Promise<void> | undefined {
    if (done !== undefined) {
      if (typeof done !== "function") throw new UsageError(`flush was given a ${typeof done}; give a function`);
      whenFlushed(this.#driver, done);
      return undefined;
    }
    const flushed = new Promise<void>((resolve, reject) => {
      whenFlushed(this.#driver, (error) => (error === undefined ? resolve() : reject(error)));
    });
    flushed.catch(() => {});
    return flushed;
  }

  /** The messages, one by one: text as a string, binary as a Buffer. The next one is looked for when it is asked for,
   * so a slow loop slows the peer down. Ends when the connection has ended, however that was: see `closed`.
   * @throws UsageError when a message handler takes the messages */
  [Symbol.asyncIterator](): AsyncIterableIterator<string | Uint8Array> {
    const driver = this.#driver;
    if (driver.handsOver) throw new UsageError("messages go to a handler; leave it out to iterate over them");
    let left = false;
    const iterator: AsyncIterableIterator<string | Uint8Array, undefined> = {
      next: () => (left ? Promise.resolve({ done: true, value: undefined }) : driver.takeMessage(iterator)),
      return: () => {
        left = true;
        driver.stopTaking(iterator);
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    return iterator;
  }
}

/** What the channel of messages is told of one; undefined for one that is sent piece by piece. */
function observable(message: Sendable): { kind: MessageKind; data: string | Uint8Array } | undefined {
  if (typeof message === "string") return { kind: "text", data: message };
  if (message instanceof PreparedMessage) return { kind: message.kind, data: message.payload };
  const data = payloadBytes(message);
  return data === undefined ? undefined : { kind: "binary", data };
}

function isReadable(value: unknown): value is Readable {
  if (typeof value !== "object" || value === null) return false;
  return "pipe" in value && typeof value.pipe === "function" && Symbol.asyncIterator in value;
}

function controlPayload(data: unknown): Uint8Array {
  const bytes = payloadBytes(data);
  if (bytes !== undefined) return bytes;
  throw new UsageError(`a ping or pong cannot be made of ${describeType(data)}; give a string or bytes`);
}

function messageBytes(message: unknown): Uint8Array {
  const bytes = payloadBytes(message);
  if (bytes !== undefined) return bytes;
  throw new UsageError(
    `a message cannot be made of ${describeType(message)}; give a string, bytes, a Blob or a Readable`,
  );
}
