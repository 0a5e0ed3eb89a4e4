/**
 * The clients of one instance, from `open` to `close`. In: connections that were opened, what the core says of them, and the
 * program's wish to end them. Out: the instance's events, a listener's error among them as an uncaught exception. It knows no
 * handshakes.
 */
import type { EventEmitter } from "node:events";
import type { Handlers, WebSocketError } from "polysocket";
import { AddressCount } from "./address-count.ts";
import type { Client } from "./client.ts";
import { CLOSE, closeEvent, codeOfFailure } from "./close-event.ts";
import { type Encoding, limitOf } from "./options.ts";
import { recode } from "./payload.ts";
import { answersIn } from "./ping.ts";
import { throwLater } from "./rethrow.ts";

type ConnectionHandlers = Required<Pick<Handlers<Client>, "message" | "closing" | "error" | "close">>;

export class Roster {
  /** How received text is written, unless a client has an encoding of its own. */
  encoding: Encoding = "utf8";
  /** Those that are known no more, but whose transport has not ended. */
  readonly leaving: AddressCount = new AddressCount();
  readonly #emitter: EventEmitter;
  readonly #clients = new Map<string, Client>();

  constructor(emitter: EventEmitter) {
    this.#emitter = emitter;
  }

  /** In the order of their handshakes. */
  get ids(): string[] {
    return [...this.#clients.keys()];
  }

  /** @throws ReferenceError for an ID that is not there */
  find(clientId: string): Client {
    const client = this.#clients.get(clientId);
    if (client === undefined) throw new ReferenceError("Not Found");
    return client;
  }

  add(client: Client): void {
    this.#clients.set(client.id, client);
    this.#tell("open", client.id);
  }

  /** The program wants it to end: it is known no more, `close` follows when the peer has answered, or has gone. */
  close(client: Client): void {
    client.isClosing = true;
    this.#forget(client);
    client.connection.close(CLOSE.normal);
  }

  /** @param timeout of the pong, in ms; below 1 for ever
   * @returns whether the peer keeps up with what is sent */
  ping(client: Client, timeout: number): boolean {
    return answersIn(client, limitOf(timeout), () => {
      this.#ended(client, CLOSE.noPong);
      client.connection.fail(CLOSE.noPong);
    });
  }

  pingAll(timeout: number): void {
    for (const client of this.#clients.values()) this.ping(client, timeout);
  }

  /** For the core: `data` is the client. */
  readonly handlers: ConnectionHandlers = {
    message: ({ data: client }, message) => {
      if (client.isClosing) return;
      const encoding = client.encoding ?? this.encoding;
      const data = typeof message === "string" && encoding !== "utf8" ? recode(message, encoding) : message;
      try {
        this.#emitter.emit(client.event, client.id, data);
      } catch (error) {
        throwLater(error);
      }
    },
    closing: ({ data: client }, { code, reason }) => this.#ended(client, code, reason),
    error: ({ data: client }, error) => this.#failed(client, error),
    close: ({ data: client, remoteAddress }) => {
      this.#ended(client, CLOSE.abnormal);
      this.leaving.remove(remoteAddress);
    },
  };

  #failed(client: Client, error: WebSocketError): void {
    const code = codeOfFailure(error);
    if (code !== undefined) this.#ended(client, code);
    else if (error.code === "TRANSPORT_FAILED" && !client.isClosing && this.#emitter.listenerCount("error") > 0) {
      this.#tell("error", client.id, error.cause ?? error);
    }
  }

  /** The first that is known of an end counts, and what the program wants more than all. */
  #ended(client: Client, code: number, reason?: string): void {
    if (client.isClosed) return;
    client.isClosed = true;
    this.#forget(client);
    // Whoever is told may let the client come again at once
    client.identity.release();
    this.#tell("close", client.id, client.isClosing ? closeEvent(CLOSE.normal) : closeEvent(code, reason));
    client.isClosing = true;
  }

  #forget(client: Client): void {
    if (this.#clients.delete(client.id)) this.leaving.add(client.connection.remoteAddress);
  }

  #tell(event: string, ...values: readonly unknown[]): void {
    try {
      this.#emitter.emit(event, ...values);
    } catch (error) {
      throwLater(error);
    }
  }
}
