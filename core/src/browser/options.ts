import type { HeartbeatOptions } from "../reconnect/heartbeat.ts";
import type { Attempt, End, Loop, LoopOptions, Next } from "../reconnect/loop.ts";
import type { Counted, Loss } from "../reconnect/outbox.ts";
import type { Stops } from "../reconnect/stops.ts";

/** How a connection ended, as the browser tells it. */
export interface CloseEvent {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** What can be sent. */
export type Sendable = string | ArrayBuffer | ArrayBufferView;

/** A message that is not known to have reached the server. */
export interface LostMessage {
  /** As it was given to `send`; of bytes a copy. */
  readonly data: string | Uint8Array;
}

/** A URL, or who makes it anew for each attempt. One that throws or rejects is a failed attempt and no more. */
export type ProvidedUrl = string | URL | ((attempt: Attempt) => string | URL | Promise<string | URL>);

/** When and how long a page tries to get its connection back. */
export interface ReconnectOptions extends LoopOptions {
  /** Close codes after which no attempt is made, or a function that says so. Default 1000, 1002, 1003, 1007–1010, 3000, 3003. */
  readonly stopCodes?: Stops<CloseEvent> | undefined;
}

/** A connection to a server that is dialed again when it is lost. */
export interface ReconnectingConnection
  extends Pick<
    Loop<LostMessage & Counted, CloseEvent>,
    "state" | "attempts" | "queuedMessages" | "queuedBytes" | "unacknowledged" | "confirm" | "reconnectNow" | "close"
  > {
  /** Resolves when no connection will come any more; never rejects. */
  readonly closed: Promise<End<CloseEvent>>;
  /** What the server selected of the offered subprotocols, on the latest connection; "" for none. */
  readonly subprotocol: string;
  /** Send a message, or keep it until there is a connection. In the end it is confirmed, or `lost` is called with it.
   * @param message text or bytes; bytes are copied
   * @returns false when the server does not keep up (wait for `drain`), and when there is no connection: it waits (for `open`),
   *   or is lost because there is no room, or it is too late */
  send(message: Sendable): boolean;
}

/** What a page does with its connection. A handler that throws is reported as any other error of the page; the connection goes on. */
export interface Handlers {
  /** A connection has opened. What is sent here goes before what has waited. */
  open?(connection: ReconnectingConnection, attempt: Attempt): void;
  /** A whole message: text as a string, bytes of its own otherwise. */
  message?(connection: ReconnectingConnection, data: string | Uint8Array): void;
  /** All that was sent is with the system again, after `send` had returned false. */
  drain?(connection: ReconnectingConnection): void;
  /** An attempt begins. */
  attempt?(connection: ReconnectingConnection, attempt: Attempt): void;
  /** It failed. A browser does not tell why: it is an Error, or what the URL's function threw. */
  attemptFailed?(connection: ReconnectingConnection, error: unknown, next: Next): void;
  /** The connection ended, and nobody had called `close`. */
  away?(connection: ReconnectingConnection, event: CloseEvent, next: Next): void;
  /** Messages that are not known to have reached the server. Each message given to `send` is confirmed or comes here. */
  lost?(connection: ReconnectingConnection, loss: Loss<LostMessage>): void;
  /** No connection will come any more; once, unless there never was one. */
  close?(connection: ReconnectingConnection, end: End<CloseEvent>): void;
}

/** Handlers and options of `connect`. */
export interface ConnectOptions extends Handlers {
  readonly subprotocols?: string[] | undefined;
  /** Default true: it is what this client is for. */
  readonly reconnect?: true | ReconnectOptions | undefined;
  /** A message that the server answers, because pages have no pings: it finds out that a connection is dead, and what the server
   * has. Default: none, then `confirm` says what the server has. */
  readonly heartbeat?: HeartbeatOptions | undefined;
  /** For everything until the connection is open, the URL's function included. Default 10,000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** `send` returns false while the browser has more bytes to send. Default 64 KiB. */
  readonly highWaterMarkBytes?: number | undefined;
  /** Ends the attempts (`connect` rejects with the signal's reason), and later the connection, without a code. */
  readonly signal?: AbortSignal | undefined;
}
