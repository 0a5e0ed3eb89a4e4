import type { EventEmitter } from "node:events";
import type { Agent, IncomingMessage, Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { TcpNetConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions as TlsConnectOptions } from "node:tls";
import type { ConnectionOptions } from "polysocket";
import Emitter = require("node:events");

/** Extended by applications: a subclass has the property `protocol` on its prototype, reads with the event `_message` and writes
 * with `_send`. The constructor can also be called on an object that inherits from its prototype: `JellySocket.call(this, uri)`.
 * @typeParam Added arguments of the events that the subclass adds, by the events' names; without it any event goes */
declare class JellySocket<Added extends JellySocket.EventMap<Added> = JellySocket.AnyEvents> extends Emitter<
  Added & JellySocket.Events
> {
  /** Begin to connect; what comes of it is told by `connect` or `disconnect`. On the server, where an Application makes the
   * instance, the arguments are ignored and the socket is connected already.
   * @param uri ws: or wss:, without a fragment
   * @throws TypeError for another URI, for options that are no object, and where the prototype has no valid `protocol` */
  constructor(uri?: string, options?: JellySocket.ClientOptions | null);

  /** The subprotocol of both ends, a token of HTTP: of the subclass's prototype, by an accessor or by
   * `Subclass.prototype.protocol = "name-1.0"`. A field of the class would come too late. */
  get protocol(): string;
  set protocol(name: string);

  /** Whether the connection is open: from `connect` or `connection` on, until `disconnect`. */
  get connected(): boolean;

  /** Bytes that were sent and that the system has not taken, framing included; 0 when not connected. */
  get bufferedAmount(): number;

  /** Send a binary message, in the order of the calls; after the end it is dropped. Up to 16 KiB are copied at once, as is all
   * that a client sends; larger ones of a server may not be changed before `bufferedAmount` is 0.
   * @throws TypeError for what is no Uint8Array; Error while it is connecting */
  _send(data: Uint8Array): this;

  /** End the connection; `disconnect` is emitted within the call. What was sent before still arrives. Later calls do nothing.
   * @param error told to both ends' listeners; the other end gets its message, cut to 123 bytes of UTF-8
   * @throws TypeError for what is neither an Error nor nothing */
  disconnect(error?: Error | null): this;
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
    /** On clients: the connection is open. */
    connect: [];
    /** Once for each socket. Null where the connection was ended without an error. */
    disconnect: [error: (Error & { readonly code?: number | string }) | null];
    /** For the subclass. */
    _message: [data: Buffer];
  }

  /** Options of polysocket that both sides take; the original had none of them. */
  interface AddedOptions {
    /** Most bytes of a message, 0 for no limit. Default 1 MiB. */
    readonly maxPayload?: number | undefined;
    /** permessage-deflate, where the other end has it as well. Default false. */
    readonly perMessageDeflate?: boolean | DeflateOptions | undefined;
    /** What may wait for a slow peer. Default: no maximum. */
    readonly backpressure?: ConnectionOptions["backpressure"] | undefined;
  }

  /** As those of the `ws` module. */
  interface DeflateOptions {
    /** Messages of fewer bytes are not compressed. Default 1,024. */
    readonly threshold?: number;
    readonly serverNoContextTakeover?: boolean;
    readonly clientNoContextTakeover?: boolean;
    readonly serverMaxWindowBits?: number;
    readonly clientMaxWindowBits?: number | boolean;
    readonly zlibDeflateOptions?: { readonly level?: number; readonly memLevel?: number };
  }

  /** Options of the `ws` module, and of `net.connect` and `tls.connect`. */
  interface ClientOptions
    extends AddedOptions,
      Omit<TlsConnectOptions, "host" | "port" | "path" | "socket" | "timeout">,
      Omit<Partial<TcpNetConnectOpts>, "host" | "port" | "timeout"> {
    readonly headers?: Readonly<Record<string, string | number | readonly string[]>> | undefined;
    readonly origin?: string | undefined;
    /** Default: a new connection without an agent. */
    readonly agent?: Agent | false | undefined;
    /** `user:password` */
    readonly auth?: string | undefined;
    /** In ms; 0, the default, for none. */
    readonly handshakeTimeout?: number | undefined;
    /** Default false. */
    readonly followRedirects?: boolean | undefined;
    /** Default 10. */
    readonly maxRedirects?: number | undefined;
  }

  interface ClientInfo {
    /** The header Origin. */
    readonly origin: string | undefined;
    /** Whether the client came through TLS. */
    readonly secure: boolean;
    readonly req: IncomingMessage;
  }

  /** Says whether a client may connect: with one parameter by returning true, with two by calling `answer` once. */
  type VerifyClient = (
    info: ClientInfo,
    answer: (result: boolean, code?: number, name?: string) => void,
  ) => boolean | undefined | void | Promise<void>;

  interface ApplicationOptions extends AddedOptions {
    /** The only path at which clients are taken. Default "/". */
    readonly path?: string | undefined;
    readonly verifyClient?: VerifyClient | undefined;
    /** Seconds between heartbeats; 0, the default, or Infinity for none. */
    readonly heartbeat?: number | undefined;
    /** After so many heartbeats without a sign of life a client is destroyed; 0, the default, or Infinity: never. */
    readonly maxMissedHeartbeats?: number | undefined;
  }

  /** The arguments of an application's events. */
  interface ApplicationEvents<Socket> {
    /** A client has connected. */
    connection: [socket: Socket, request: IncomingMessage];
    /** The application has come to be locked and without clients. */
    vacant: [];
  }

  interface Application<Socket = JellySocket> extends EventEmitter<ApplicationEvents<Socket>> {
    /** Those that are connected, live; copy it with `new Set(clients)`. */
    get clients(): ReadonlySet<Socket>;
    get server(): HttpServer | HttpsServer;
    get isLocked(): boolean;
    /** Take no new clients. */
    lock(): this;
    unlock(): this;
    /** Lock, and call `disconnect(error)` of every client.
     * @throws TypeError for what is neither an Error nor nothing; then nothing is changed */
    disconnect(error?: Error | null): this;
  }

  interface ApplicationConstructor {
    readonly prototype: Application;
    /** Take the clients that come to a path of a server.
     * @param Class extends JellySocket; it is made without arguments
     * @throws TypeError for arguments that are something else */
    new <Socket extends AnySocket>(
      server: HttpServer | HttpsServer,
      Class: SocketClass<Socket>,
      options?: ApplicationOptions | null,
    ): Application<Socket>;
    <Socket extends AnySocket>(
      server: HttpServer | HttpsServer,
      Class: SocketClass<Socket>,
      options?: ApplicationOptions | null,
    ): Application<Socket>;
    /** Answers 404 to what no application and no other module took: the last listener of a server's event `upgrade`. */
    upgradeNotFound(request: IncomingMessage, socket: Duplex, head?: Buffer): void;
  }

  /** Of any subclass. */
  type AnySocket = Pick<JellySocket, "protocol" | "connected" | "bufferedAmount"> & {
    _send(data: Uint8Array): unknown;
    disconnect(error?: Error | null): unknown;
  };

  /** A subclass, whatever its constructor takes. */
  type SocketClass<Socket> = new (...args: never[]) => Socket;

  const Application: ApplicationConstructor;
}

export = JellySocket;
