/**
 * The types of the class, as lib.dom.d.ts has them, without needing it: structural, so that the class can stand where a
 * browser's, Node's or undici's is expected.
 */
import type { CloseEvent } from "./close-event.ts";
import type { EventHandlerOf } from "./event-handler.ts";
import type { BinaryType } from "./received-data.ts";
import type { SendData } from "./sent-data.ts";

/** The events of a WebSocket. */
export interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: Event;
  close: CloseEvent;
}

/** What may be said about a listener. */
export interface ListenerOptions {
  readonly capture?: boolean;
  readonly once?: boolean;
  readonly passive?: boolean;
  readonly signal?: AbortSignal;
}

/** A listener of any event. */
export type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

/** A WebSocket as its handlers have it in `this`: without handlers and constants, which others type otherwise. */
export interface HandlerTarget extends EventTarget {
  /** The URL that is dialed, resolved and normalised. */
  readonly url: string;
  /** CONNECTING, OPEN, CLOSING or CLOSED. */
  readonly readyState: number;
  /** Bytes of messages, without framing, that were given to `send` and are not with the system, as of the beginning of this
   * task. What the connection's end made impossible stays counted. */
  readonly bufferedAmount: number;
  /** As in Sec-WebSocket-Extensions; "" before the connection is open, and when none was agreed on. */
  readonly extensions: string;
  /** The subprotocol that the server selected; "" before the connection is open, and when none was asked for. */
  readonly protocol: string;
  /** What the `data` of a binary message's event is. Default "blob". */
  binaryType: BinaryType;
  /** Send a message: a string as text, bytes and Blobs as binary. Bytes may be changed at once. Without effect, but counted
   * in `bufferedAmount`, once the connection is closing.
   * @throws DOMException InvalidStateError while CONNECTING; TypeError for shared or resizable memory */
  send(data: SendData): void;
  /** Begin the closing handshake, after all that was sent; without effect when it has begun. While the connection is not
   * open, give it up.
   * @param code 1000, or 3000–4999
   * @param reason at most 123 bytes of UTF-8
   * @throws DOMException InvalidAccessError for another code, SyntaxError for a longer reason */
  close(code?: number, reason?: string): void;
}

/** What `onopen` and its like are. */
export type Handler<E extends Event> = EventHandlerOf<HandlerTarget, E>;

/** The standard WebSocket: what browsers have, exactly.
 * @see https://websockets.spec.whatwg.org/#the-websocket-interface */
export interface WebSocket extends HandlerTarget {
  readonly readyState: 0 | 1 | 2 | 3;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  onopen: Handler<Event>;
  onmessage: Handler<MessageEvent>;
  onerror: Handler<Event>;
  onclose: Handler<CloseEvent>;
  addEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: (this: HandlerTarget, event: WebSocketEventMap[K]) => unknown,
    options?: boolean | ListenerOptions,
  ): void;
  addEventListener(type: string, listener: Listener | null, options?: boolean | ListenerOptions): void;
  removeEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: (this: HandlerTarget, event: WebSocketEventMap[K]) => unknown,
    options?: boolean | { readonly capture?: boolean },
  ): void;
  removeEventListener(
    type: string,
    listener: Listener | null,
    options?: boolean | { readonly capture?: boolean },
  ): void;
}

/** The class of WebSockets. */
export interface WebSocketClass {
  readonly prototype: WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  /** Open a connection; `open`, or `error` and `close`, tell what came of it.
   * @param url ws:, wss:, http: (as ws:) or https: (as wss:), without a fragment; relative only where there is a page
   * @param protocols subprotocols, most wanted first; the connection fails unless the server selects one of them
   * @throws DOMException SyntaxError for another URL, and for protocols that are no tokens or are there twice */
  new (url: string | URL, protocols?: string | Iterable<string>): WebSocket;
}
