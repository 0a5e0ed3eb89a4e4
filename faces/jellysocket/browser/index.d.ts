/** As on Node, without options and without `Application`.
 * @typeParam Added arguments of the events that the subclass adds, by the events' names; without it any event goes */
declare class JellySocket<Added extends JellySocket.EventMap<Added> = JellySocket.AnyEvents> {
  /** Begin to connect; what comes of it is told by `connect` or `disconnect`.
   * @param uri ws: or wss:, without a fragment
   * @throws TypeError for another URI, and where the prototype has no valid `protocol` */
  constructor(uri?: string, options?: unknown);

  /** The subprotocol of both ends, a token of HTTP: of the subclass's prototype, by an accessor or by
   * `Subclass.prototype.protocol = "name-1.0"`. A field of the class would come too late. */
  get protocol(): string;
  set protocol(name: string);

  /** Whether the connection is open: from `connect` on, until `disconnect`. */
  get connected(): boolean;

  /** Bytes that were sent and that the system has not taken; 0 when not connected. */
  get bufferedAmount(): number;

  /** Send a binary message, in the order of the calls; after the end it is dropped. The data is copied at once.
   * @throws TypeError for what is no Uint8Array; Error while it is connecting */
  _send(data: Uint8Array): this;

  /** End the connection; `disconnect` is emitted within the call. What was sent before still arrives. Later calls do nothing.
   * @param error told to both ends' listeners; the other end gets its message, cut to 123 bytes of UTF-8
   * @throws TypeError for what is neither an Error nor nothing */
  disconnect(error?: Error | null): this;

  on<Name extends JellySocket.NameOf<Added>>(event: Name, listener: JellySocket.Listener<Added, Name>): this;
  addListener<Name extends JellySocket.NameOf<Added>>(event: Name, listener: JellySocket.Listener<Added, Name>): this;
  once<Name extends JellySocket.NameOf<Added>>(event: Name, listener: JellySocket.Listener<Added, Name>): this;
  off<Name extends JellySocket.NameOf<Added>>(event: Name, listener: JellySocket.Listener<Added, Name>): this;
  removeListener<Name extends JellySocket.NameOf<Added>>(
    event: Name,
    listener: JellySocket.Listener<Added, Name>,
  ): this;
  /** Those of one event, or all. */
  removeAllListeners(event?: JellySocket.NameOf<Added>): this;
  /** @returns whether there was a listener */
  emit<Name extends JellySocket.NameOf<Added>>(event: Name, ...args: JellySocket.ArgumentsOf<Added, Name>): boolean;
  listeners<Name extends JellySocket.NameOf<Added>>(event: Name): JellySocket.Listener<Added, Name>[];
  listenerCount(event: JellySocket.NameOf<Added>): number;
}

// biome-ignore lint/style/noNamespace: with `export =` there is no other place for types
declare namespace JellySocket {
  /** Arguments of events, by the events' names. */
  // biome-ignore lint/suspicious/noExplicitAny: as in the types of node:events
  type EventMap<T> = Record<keyof T, any[]>;

  // biome-ignore lint/suspicious/noExplicitAny: as in the types of node:events
  type AnyEvents = Record<string | symbol, any[]>;

  /** The arguments of a socket's events. */
  interface Events {
    /** The connection is open. */
    connect: [];
    /** Once for each socket. Null where the connection was ended without an error. */
    disconnect: [error: (Error & { readonly code?: number }) | null];
    /** For the subclass. */
    _message: [data: Uint8Array];
  }

  type NameOf<Added> = keyof Added | keyof Events;

  type ArgumentsOf<Added, Name> = Name extends keyof Events
    ? Events[Name]
    : Name extends keyof Added
      ? Added[Name]
      : never;

  type Listener<Added, Name> = (...args: Extract<ArgumentsOf<Added, Name>, unknown[]>) => void;
}

export = JellySocket;
export as namespace JellySocket;
