/**
 * The original's client: one attempt at a time, told by events.
 * In: a URL and what goes along. Out: a connection, or why there is none.
 */
import { EventEmitter } from "node:events";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { connect, type Connection as CoreConnection, type HandshakeResponse } from "polysocket";
import { answerFault, refusedText } from "./answer-faults.ts";
import { type AttemptWatcher, watchingAgent } from "./attempt-agent.ts";
import { connectOptions, readProtocols } from "./client-request.ts";
import { type LegacyUrl, readUrl } from "./client-url.ts";
import { WebSocketConnection } from "./connection.ts";
import { connectionHandlers } from "./connection-handlers.ts";
import { checkKeepalive, type ClientConfig, type GivenClientConfig, resolveClientConfig } from "./options.ts";
import { throwLater } from "./rethrow.ts";

type Core = CoreConnection<WebSocketConnection>;

interface Attempt {
  request: ClientRequest | undefined;
  /** Whether its outcome was told. */
  isOver: boolean;
  readonly protocols: readonly string[];
}

export class WebSocketClient extends EventEmitter {
  config: ClientConfig;
  url: LegacyUrl | undefined = undefined;
  protocols: string[] = [];
  origin: string | undefined = undefined;
  secure = false;
  socket: Socket | undefined = undefined;
  response: IncomingMessage | undefined = undefined;
  /** The one that the server chose. */
  protocol: string | undefined = undefined;
  /** The latest one. */
  #attempt: Attempt | undefined;

  /** @throws Error for another version than 8 and 13 */
  constructor(config?: GivenClientConfig) {
    super();
    this.config = resolveClientConfig(config ?? {});
  }

  /** Dial; events tell what comes of it.
   * @throws Error for a URL that is not whole, for a protocol's name that none may have, and as `close` of options */
  connect(
    requestUrl: string | LegacyUrl | URL,
    protocols?: string | readonly string[] | null,
    origin?: string | null,
    headers?: OutgoingHttpHeaders | null,
    requestOptions?: RequestOptions | null,
  ): void {
    const { config } = this;
    const { shown, href, secure } = readUrl(requestUrl);
    const asked = readProtocols(protocols);
    checkKeepalive(config);
    this.url = shown;
    this.protocols = asked;
    this.origin = origin ?? undefined;
    this.secure = secure;
    this.protocol = undefined;
    const attempt: Attempt = { request: undefined, isOver: false, protocols: asked };
    this.#attempt = attempt;
    const options = { config, protocols: asked, origin: this.origin, secure, headers, options: requestOptions };
    connect<WebSocketConnection>(href, {
      ...connectionHandlers,
      ...(connectOptions(options) as object),
      agent: watchingAgent(requestOptions?.agent, secure, this.#watcher(attempt)),
      open: (core) => this.#opened(core, attempt),
    }).catch((reason: unknown) => this.#failed(reason, attempt));
  }

  /** Give an attempt up; without effect when its outcome is known. */
  abort(): void {
    const attempt = this.#attempt;
    if (attempt?.isOver === false) attempt.request?.destroy();
  }

  #watcher(attempt: Attempt): AttemptWatcher {
    return {
      asked: (request) => {
        attempt.request = request;
      },
      answered: (response) => {
        if (!attempt.isOver) this.#answered(response, attempt);
      },
      upgraded: (response, socket) => {
        this.response = response;
        this.socket = socket;
      },
    };
  }

  #opened(core: Core, attempt: Attempt): void {
    attempt.isOver = true;
    attempt.request = undefined;
    const { config } = this;
    const protocol = core.subprotocol === "" ? undefined : core.subprotocol;
    const connection = new WebSocketConnection(core.socket as Socket, [], protocol, true, config);
    connection.webSocketVersion = config.webSocketVersion;
    this.protocol = protocol;
    core.data = connection;
    WebSocketConnection.opened(connection, core);
    this.#tell("connect", connection);
  }

  #answered(response: IncomingMessage, attempt: Attempt): void {
    attempt.isOver = true;
    this.response = response;
    if (this.listenerCount("httpResponse") > 0) {
      this.#tell("httpResponse", response, this);
      // What the server goes on with is still read; the core ends it then
      response.socket.end();
    } else {
      this.#tell("connectFailed", new Error(refusedText(response)));
      attempt.request?.destroy();
    }
  }

  #failed(reason: unknown, attempt: Attempt): void {
    if (attempt.isOver) return;
    attempt.isOver = true;
    this.#tell("connectFailed", failureOf(reason, attempt.protocols));
  }

  /** A listener's error is not the core's. */
  #tell(event: string, ...values: unknown[]): void {
    try {
      this.emit(event, ...values);
    } catch (error) {
      throwLater(error);
    }
  }
}

/** Node's own error where the network or TLS failed, or what was not HTTP; the original's text for a wrong answer. */
function failureOf(reason: unknown, protocols: readonly string[]): unknown {
  if (!(reason instanceof Error)) return reason;
  const code: unknown = Reflect.get(reason, "code");
  if (code === "CONNECT_FAILED" || code === "RESPONSE_INVALID") return reason.cause ?? reason;
  const response = Reflect.get(reason, "response") as HandshakeResponse | undefined;
  const text = response === undefined ? undefined : answerFault(response, protocols);
  return new Error(text ?? reason.message, { cause: reason });
}
