import type { EventEmitter } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { ConnectionOptions, ConnectOptions } from "polysocket";

/** Options that JSH does not have; each is polysocket's of the same name, and off or far away unless it is given. */
export interface AddedOptions {
  /** Messages of the peer: 16 MiB each, at most, unless `maxMessageBytes` says otherwise. Above it the connection ends with 1009. */
  readonly limits?: ConnectionOptions["limits"];
  /** What may wait for a slow peer: 64 MiB unless `maxBufferedBytes` says otherwise. Above it the connection ends with 1013. */
  readonly backpressure?: ConnectionOptions["backpressure"];
  /** Pings after silence, so that a peer that is gone without a word is noticed. Default false. */
  readonly heartbeat?: ConnectionOptions["heartbeat"];
  /** Whether messages are compressed where the peer wants it (permessage-deflate), and how. Default false. */
  readonly compression?: ConnectionOptions["compression"];
}

/** Added options of a client. */
export interface AddedClientOptions
  extends AddedOptions,
    Pick<ConnectOptions, "agent" | "handshakeTimeoutMs" | "headers" | "tls"> {}

/** A message, as the event `message` has it. */
export type MessageEvent =
  | {
      /** `WebSocket.TextMessage` */
      readonly type: 1;
      readonly data: string;
    }
  | {
      /** `WebSocket.BinaryMessage` */
      readonly type: 2;
      readonly data: Buffer;
    };

/** How the peer, or the network, ended a connection. */
export interface RemoteCloseEvent {
  /** Such as `websocket: close 1000`. */
  readonly error: string;
}

/** The arguments of a WebSocket's events. */
export interface WebSocketEvents {
  /** The handshake is done. On a server right after the event `connection`. */
  open: [];
  message: [event: MessageEvent];
  /** Once; without an argument when `close()` was called here. Not after a handshake that failed. */
  close: [event?: RemoteCloseEvent];
  /** The handshake failed, the connection ended otherwise than with 1000, 1001 or no code, something could not be sent, or a listener
   * threw. Without a listener it is nobody's. */
  error: [error: Error];
}

/** A connection, a client's or one that a WebSocketServer hands over. */
export class WebSocket extends EventEmitter<WebSocketEvents> {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;
  static readonly TextMessage: 1;
  static readonly BinaryMessage: 2;

  /** A client's URL as it was given; on a server the path and query of the request. */
  readonly url: string;
  /** The subprotocol that was selected; "" for none, and until it is open. */
  readonly protocol: string;
  readonly readyState: 0 | 1 | 2 | 3;

  /** Connect to a server, in a later turn. Whatever goes wrong then is an `error`.
   * @param url ws: or wss:
   * @param protocols subprotocols that are offered
   * @param options added: JSH has none
   * @throws TypeError for a URL that is no string, and for protocols that are neither a string nor a list */
  constructor(url: string, protocols?: string | readonly string[] | null, options?: AddedClientOptions | null);

  /** Send a string as a text message, or bytes as a binary one. Never throws: when it is not open, or for other data, an `error` is
   * emitted within the call.
   * @param data bytes above 16 KiB may not be changed before they are sent */
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  /** End the connection: `readyState` is 3 and `close` was emitted when this returns. What was sent before still arrives, and the
   * peer is told 1000. */
  close(): void;
}

/** The request of a handshake: a plain object, no IncomingMessage. */
export interface HelperRequest {
  /** Path and query, as they were requested. */
  readonly url: string;
  /** The same. */
  readonly requestUri: string;
  readonly method: string;
  /** Percent-decoded, without the query. */
  readonly path: string;
  /** The field Host. */
  readonly host: string;
  /** Names in lower case; a list where a field came several times. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Name, value, name, value … as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly httpVersion: string;
  readonly complete: true;
  /** Address and port, such as `127.0.0.1:50000`. */
  readonly remoteAddress: string;
  readonly socket: { readonly remoteAddress: string };
  /** The first value of that name in the query, decoded; "" where there is none. */
  query(name: string): string;
  /** The first value of a field, its name in any case; "" where there is none. */
  getHeader(name: string): string;
  /** Whether a field is there and not empty. */
  hasHeader(name: string): boolean;
}

export interface WebSocketServerOptions extends AddedOptions {
  readonly server: HttpServer | HttpsServer;
  /** The one path that is served, compared exactly, without the query. Default "/". */
  readonly path?: string | undefined;
  /** Whether there is a set of clients, which `close` closes. Default true. */
  readonly clientTracking?: boolean | undefined;
  /** Decide on a handshake: only false rejects it, with 403. What it throws is answered with 500, and so is a promise, which is an
   * `error` of the server's, too.
   * @param info `origin` is "" for a client that sends none */
  readonly verifyClient?: // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement accepts
  ((info: { readonly origin: string; readonly req: HelperRequest }) => boolean | undefined | null | void) | undefined;
  /** Select one of the subprotocols that the client offers, or none by returning anything else. Without it none is selected. A promise,
   * and what it throws, is as with `verifyClient`. */
  readonly handleProtocols?: // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement selects none
  ((protocols: string[], req: HelperRequest) => string | boolean | undefined | null | void) | undefined;
}

/** The arguments of a WebSocketServer's events. */
export interface WebSocketServerEvents {
  connection: [socket: WebSocket, request: HelperRequest];
  /** A `connection` listener threw, or `verifyClient` or `handleProtocols` returned a promise. */
  error: [error: Error];
  /** Within `close()`. */
  close: [];
}

/** A WebSocket server at one path of an http server. */
export class WebSocketServer extends EventEmitter<WebSocketServerEvents> {
  readonly server: HttpServer | HttpsServer;
  readonly path: string;
  readonly options: WebSocketServerOptions;
  /** Those that are open; null with `clientTracking: false`. */
  readonly clients: Set<WebSocket> | null;
  readonly closed: boolean;

  /** @throws TypeError for options that are no object, without a server, and for a path that is no string. Error for a path that
   *   does not begin with "/", or that another one has who is not closed. UsageError for an added option that is wrong */
  constructor(options: WebSocketServerOptions);

  /** Answer further handshakes with 503, and close the clients that are tracked. The http server goes on.
   * @param callback called before this returns */
  close(callback?: () => void): this;
}
