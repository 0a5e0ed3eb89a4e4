import { ConnectionClosedError, UsageError } from "../../engine/errors.ts";
import { writeClose } from "../../engine/frames/close-code.ts";
import type { End, Link, Loop, LoopState } from "../../reconnect/loop.ts";
import type { Counted } from "../../reconnect/outbox.ts";
import type { Connection, PingOptions } from "../connection/connection.ts";
import { nodePlatform } from "../connection/node-platform.ts";
import {
  checkSendOptions,
  describeType,
  PreparedMessage,
  payloadBytes,
  type SendOptions,
} from "../connection/prepared-message.ts";
import type { CloseEvent } from "../connection/settings.ts";
import type { Keepable, LostMessage } from "./reconnect-options.ts";

/** A message with how it is to be sent, kept until the peer has it. */
export interface KeptMessage extends Counted, LostMessage {
  readonly options: SendOptions | undefined;
}

/** A connection to a server that is dialed again when it is lost. Made by `connect` with `reconnect`. */
export class ReconnectingConnection<Data = undefined> {
  /** The application's own, and that of each single connection from its beginning. */
  readonly data: Data;
  /** Resolves when no connection will come any more; never rejects. */
  readonly closed: Promise<End<CloseEvent>>;
  readonly #loop: Loop<KeptMessage, CloseEvent>;
  #connection: Connection<Data> | undefined;

  constructor(data: Data, loop: Loop<KeptMessage, CloseEvent>, closed: Promise<End<CloseEvent>>) {
    this.data = data;
    this.#loop = loop;
    this.closed = closed;
  }

  /** For `connect`. */
  static attach<Data>(lasting: ReconnectingConnection<Data>, connection: Connection<Data> | undefined): void {
    lasting.#connection = connection;
  }

  /** "away" while there is no connection but may be one again, "closing" after `close`, "closed" for good. */
  get state(): LoopState {
    return this.#loop.state;
  }

  /** The single connection that is there now, for what it alone can do: streams, compression, addresses. What is sent by it is
   * neither kept nor reported. */
  get connection(): Connection<Data> | undefined {
    return this.#connection;
  }

  /** How many attempts failed, or led to a connection that did not last, one after the other. */
  get attempts(): number {
    return this.#loop.attempts;
  }

  /** Messages that wait for a connection. */
  get queuedMessages(): number {
    return this.#loop.queuedMessages;
  }

  get queuedBytes(): number {
    return this.#loop.queuedBytes;
  }

  /** Messages that were sent on this connection and that the peer has not confirmed. */
  get unacknowledged(): number {
    return this.#loop.unacknowledged;
  }

  /** Send a message, or keep it until there is a connection. In the end the peer confirms it, or `lost` is called with it.
   * @param message text or bytes; bytes are copied. What is sent piece by piece cannot be kept: see `connection`
   * @returns false when the peer does not keep up (wait for `drain`), and when there is no connection: it waits (for `open`), or
   *   is lost because there is no room, or it is too late
   * @throws UsageError as `send` of a connection */
  send(message: Keepable, options?: SendOptions): boolean {
    return this.#loop.send(keep(message, options));
  }

  /** Send a ping by the connection that is there now. Those that ask whether messages have arrived are sent anyway.
   * @returns as `ping` of a connection; rejects with ConnectionClosedError where there is none */
  ping(data?: string | Uint8Array, options?: PingOptions): Promise<number> {
    const { connection } = this;
    if (connection !== undefined) return connection.ping(data, options);
    return Promise.reject(new ConnectionClosedError("ping", {}));
  }

  /** Dial at once instead of waiting; without effect unless it waits. */
  reconnectNow(): void {
    this.#loop.reconnectNow();
  }

  /** End for good: with a closing handshake where there is a connection. What waits is lost, and told.
   * @throws UsageError as `close` of a connection */
  close(code?: number, reason = ""): void {
    writeClose(nodePlatform, code ?? 1000, reason);
    this.#loop.close(code, reason);
  }
}

/** Check a message before it can be too late to tell its sender, and copy what could be changed. */
function keep(message: Keepable, options: SendOptions | undefined): KeptMessage {
  const { kind } = options === undefined ? {} : checkSendOptions(options);
  if (typeof message === "string") {
    return { data: message, kind: kind ?? "text", bytes: Buffer.byteLength(message), options };
  }
  if (message instanceof PreparedMessage) {
    if (options !== undefined) throw new UsageError("a prepared message has its options already; leave them out");
    return { data: message, kind: message.kind, bytes: message.payload.length, options };
  }
  const bytes = payloadBytes(message);
  if (bytes === undefined) {
    const seen = describeType(message);
    throw new UsageError(`a message of type ${seen} cannot be kept; give a string or bytes, or send it by connection`);
  }
  if (kind === "text" && !nodePlatform.isUtf8(bytes, 0, bytes.length)) {
    throw new UsageError("the bytes given for a text message are not UTF-8; send them as binary");
  }
  return { data: Uint8Array.from(bytes), kind: kind ?? "binary", bytes: bytes.length, options };
}

/** A single connection as the loop knows it. */
export class ConnectionLink<Data> implements Link<KeptMessage> {
  readonly #connection: Connection<Data>;
  #hasClosedFirst = false;

  constructor(connection: Connection<Data>) {
    this.#connection = connection;
  }

  get isOpen(): boolean {
    return this.#connection.state === "open" && !this.#hasClosedFirst;
  }

  send({ data, options }: KeptMessage): boolean | undefined {
    const { droppedMessages } = this.#connection;
    const keepsUp = this.#connection.send(data, options);
    return this.#connection.droppedMessages === droppedMessages ? keepsUp : undefined;
  }

  /** A ping may overtake messages that are being compressed or wait behind a streamed one (RFC 6455 §5.4), so that it has to
   * wait for them; then its pong comes when the peer has read them (§5.5.3). */
  ask(answered: () => void): void {
    this.#connection.flush((error) => {
      if (error === undefined) this.#connection.ping().then(answered, () => {});
    });
  }

  close(code?: number, reason?: string): void {
    const { isOpen } = this;
    this.#connection.close(code, reason);
    this.#hasClosedFirst = isOpen;
  }

  /** Whether the peer has read everything up to our Close frame: it has answered that, with its code (RFC 6455 §5.5.1). */
  confirmsAll({ wasClean, sent, received }: CloseEvent): boolean {
    return this.#hasClosedFirst && wasClean && sent?.code === received?.code;
  }
}
