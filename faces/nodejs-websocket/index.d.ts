import type { EventEmitter } from "node:events";
import type { SecureServerOptions as Http2ServerOptions } from "node:http2";
import type { ServerOptions as HttpsServerOptions } from "node:https";
import type { Server as NetServer, Socket, TcpNetConnectOpts } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { ConnectionOptions as TlsConnectOptions } from "node:tls";
import type { CompressionOptions } from "polysocket";

/** Options that the original did not have; each is off unless it is given. */
export interface AddedOptions {
  /** Whether messages are compressed where the peer wants it (permessage-deflate), and how. Default false. */
  readonly compression?: boolean | CompressionOptions | undefined;
  /** What may wait for a slow peer. Default: a mark of 64 KiB, above which the sending methods return false, and no maximum. */
  readonly backpressure?:
    | {
        readonly highWaterMarkBytes?: number;
        /** At the maximum the connection is closed with 1013, or the newest message dropped. */
        readonly maxBufferedBytes?: number;
        readonly policy?: "close" | "drop";
      }
    | undefined;
}

/** Options of `createServer`; what is not named here goes to Node's server. */
export interface ServerOptions extends HttpsServerOptions, Pick<Http2ServerOptions, "settings">, AddedOptions {
  /** Speak TLS, with `key` and `cert` or `pfx`. */
  readonly secure?: boolean | undefined;
  /** The first of the client's list that is in here is chosen. Names are compared exactly. */
  readonly validProtocols?: readonly string[] | undefined;
  /** An own choice, stronger than `validProtocols`; called when the client offers any. The connection is still CONNECTING. */
  readonly selectProtocol?: ((connection: Connection, protocols: string[]) => string | null | undefined) | undefined;
  /** Added: with `secure`, speak HTTP/2 (RFC 8441) besides HTTP/1.1. */
  readonly http2?: boolean | undefined;
}

/** Options of `connect`; what is not named here goes to `net.connect` or `tls.connect`. Host and port are the URL's. */
export interface ConnectOptions
  extends Omit<TlsConnectOptions, "host" | "port" | "path" | "socket">,
    Partial<Omit<TcpNetConnectOpts, "host" | "port">>,
    AddedOptions {
  /** Added to the request. A Host replaces the URL's; the handshake's own fields cannot be set. */
  readonly extraHeaders?: Readonly<Record<string, string>> | undefined;
  /** Offered to the server, which has to choose one of them. */
  readonly protocols?: readonly string[] | undefined;
}

/** The arguments of a server's events. */
export interface ServerEvents {
  listening: [];
  connection: [connection: Connection];
  close: [];
  error: [error: Error];
}

/** The arguments of a connection's events. */
export interface ConnectionEvents {
  /** The handshake is done. */
  connect: [];
  text: [text: string];
  /** A binary message has begun. */
  binary: [stream: InStream];
  pong: [data: string];
  /** 1005 for a Close frame without a code, 1006 where the connection ended without one. The arguments of an own `close`
   * come as they were given. */
  close: [code: number | undefined, reason: string | undefined];
  error: [error: Error];
}

export interface Server extends EventEmitter<ServerEvents> {
  /** Node's server: of `http`, `https` or `http2`, and so one of `net` or `tls`. */
  readonly socket: NetServer;
  /** Those that are open, in the order of their handshakes. */
  connections: Connection[];
  /** @param callback called once it listens */
  listen(port: number, callback?: () => void): this;
  listen(port: number, host: string | undefined, callback?: () => void): this;
  /** Accept no more connections; those that are open go on.
   * @param callback called with the event `close`, when the last one has ended */
  close(callback?: () => void): void;
}

/** A binary message that is being received. */
export interface InStream extends Readable {}

/** A binary message that is being sent; its end is the message's. */
export interface OutStream extends Writable {}

export interface Connection extends EventEmitter<ConnectionEvents> {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  readonly socket: Socket;
  /** null on the client's side. */
  readonly server: Server | null;
  readonly readyState: 0 | 1 | 2 | 3;
  /** With the query. */
  readonly path: string | null;
  /** Of the request on a server, of the response on a client; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the client offers. */
  readonly protocols: string[];
  /** What was chosen of it. */
  readonly protocol: string | undefined;
  /** The Sec-WebSocket-Key; null before a client's handshake is done, and over HTTP/2. */
  readonly key: string | null;
  /** The message that is being sent by `beginBinary`. */
  readonly outStream: OutStream | null;
  /** Of the URL; null on the server's side. */
  readonly host: string | null;
  /** As given to `connect`; null on the server's side. */
  readonly extraHeaders: Readonly<Record<string, string>> | null | undefined;

  /** Misuse is not thrown but emitted as `error`, here and in the other methods that send.
   * @param callback called when it is with the system
   * @returns false when more is waiting than the high-water mark, undefined after an error */
  sendText(text: string, callback?: (error?: Error) => void): boolean | undefined;
  sendBinary(data: Uint8Array, callback?: (error?: Error) => void): boolean | undefined;
  /** @throws TypeError for what is neither a string nor a Uint8Array */
  send(data: string | Uint8Array, callback?: (error?: Error) => void): void;
  /** Begin a binary message; nothing else can be sent until it has ended. */
  beginBinary(): OutStream | undefined;
  /** @param data at most 125 bytes */
  sendPing(data?: string): void;
  /** Begin the closing handshake; the first call counts.
   * @param reason cut to 123 bytes
   * @throws RangeError for a code above 65535 */
  close(code?: number, reason?: string): void;
}

export function createServer(callback?: (connection: Connection) => void): Server;
export function createServer(
  options: ServerOptions | null | undefined,
  callback?: (connection: Connection) => void,
): Server;

/** @param callback called once the handshake is done
 * @throws Error for a URL that is not ws: or wss: */
export function connect(url: string | URL, callback?: (this: Connection) => void): Connection;
export function connect(
  url: string | URL,
  options: ConnectOptions | null | undefined,
  callback?: (this: Connection) => void,
): Connection;

/** How many bytes an OutStream collects for a frame, in the whole process. Default 524,288. */
export function setBinaryFragmentation(bytes: number): void;

/** How many bytes may wait for the rest of a frame or of a handshake, in the whole process. Default 2,097,152. */
export function setMaxBufferLength(bytes: number): void;
