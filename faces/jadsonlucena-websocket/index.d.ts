import { EventEmitter } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { SocketReadyState } from "node:net";
import type { ConnectionOptions } from "polysocket";

/** WebSocket on a server of Node's, beside its requests: by HTTP/1.1 upgrades, and over HTTP/2 by extended CONNECT (RFC 8441). The
 * server is never made to listen, closed, or answered plain requests of.
 *
 * The methods that take an ID throw `ReferenceError("Not Found")` for one that is not in `clients`. */
declare class WebSocket extends EventEmitter<WebSocket.Events> {
  /** @param server of `http`, `https` or `http2`; it may be listening already or not
   * @param options each is a property as well, which may be changed at any time
   * @throws TypeError for something that is no server, and for null as options */
  constructor(server: WebSocket.Server, options?: WebSocket.Options);

  /** Origins that are accepted besides the server's own host; "*" for any. Reading gives the list; null is an empty one. */
  get allowOrigin(): string[];
  set allowOrigin(origins: string | readonly string[] | null | undefined);
  /** How the bytes of received text become a string. Default "utf8". */
  get encoding(): WebSocket.Encoding;
  set encoding(encoding: WebSocket.Encoding | undefined);
  /** Most connections of one address at a time; below 1 there is no limit. Default 256. */
  get limitByIP(): number;
  set limitByIP(connections: number | undefined);
  /** Longest message that is received, in bytes; below 1 there is no limit. Default 2,621,440. */
  get maxPayload(): number;
  set maxPayload(bytes: number | undefined);
  /** Time between pings to all clients, in ms; below 1 there are none. Setting it begins the time anew. Default 180,000. */
  get pingDelay(): number;
  set pingDelay(ms: number | undefined);
  /** Longest wait for a pong, in ms; below 1 it is waited for ever. Default 5,000. */
  get pongTimeout(): number;
  set pongTimeout(ms: number | undefined);
  /** How long an ID stays its client's, in ms; below 1 each connection has a new one. Default 43,200,000. */
  get sessionExpires(): number;
  set sessionExpires(ms: number | undefined);

  /** A new array of the IDs of those that are open, in the order of their connections. */
  get clients(): string[];

  /** Send a message: a string as text, everything else as binary.
   * @param encoding how a string stands for the bytes of the message: `send(id, "6869", "hex")` sends the text "hi". Bytes that
   *   are no UTF-8 go out as binary. Default "utf8"
   * @returns false when more is waiting than the high-water mark; it is sent all the same
   * @throws TypeError for what is no message */
  send(
    clientId: string,
    data: string | NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer | readonly number[],
    encoding?: WebSocket.Encoding,
  ): boolean;
  /** Begin the closing handshake, with 1000. The ID leaves `clients` at once; the event `close` follows when the client has
   * answered or has gone. */
  close(clientId: string): true;
  /** Send a ping. Where no pong comes in time, the connection is closed with 1011.
   * @param pongTimeout in ms, below 1 for ever; default the property
   * @returns as `send` */
  ping(clientId: string, pongTimeout?: number): boolean;
  /** The path and the query of the request, at the page's origin, or at the server's own host where there was none. */
  url(clientId: string): URL;

  /** Bytes that the socket has received, HTTP included; over HTTP/2 those of the whole HTTP/2 connection. */
  bytesRead(clientId: string): number;
  /** As `bytesRead`, of what was sent. */
  bytesWritten(clientId: string): number;
  /** Of the socket. */
  readyState(clientId: string): SocketReadyState;
  isPaused(clientId: string): boolean;
  /** No messages any more, and soon no reading, until `resume`; then comes what waited. */
  pause(clientId: string): true;
  resume(clientId: string): true;
  /** The encoding of what this client sends, stronger than the property `encoding`.
   * @returns false for what is none */
  setEncoding(clientId: string, encoding?: WebSocket.Encoding): boolean;
  /** @param enable default false
   * @param initialDelay in ms; default 0
   * @returns false over HTTP/2, where the socket is not this client's alone */
  setKeepAlive(clientId: string, enable?: boolean, initialDelay?: number): boolean;
  /** @param noDelay default true
   * @returns as `setKeepAlive` */
  setNoDelay(clientId: string, noDelay?: boolean): boolean;
}

// biome-ignore lint/style/noNamespace: where the module is a class, its types can stand nowhere else
declare namespace WebSocket {
  type Server = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

  type Encoding = "utf8" | "ascii" | "base64" | "hex" | "binary" | "utf16le" | "ucs2";

  /** What a client sent: a string for text, a Buffer for binary. */
  type Data = string | Buffer;

  interface Options {
    /** See the properties of the same names. */
    allowOrigin?: string | readonly string[] | null | undefined;
    encoding?: Encoding | undefined;
    limitByIP?: number | undefined;
    maxPayload?: number | undefined;
    pingDelay?: number | undefined;
    pongTimeout?: number | undefined;
    sessionExpires?: number | undefined;
    /** Not in the original, and no property: as polysocket's option of that name. Default: whatever waits for a slow peer is kept. */
    backpressure?: ConnectionOptions["backpressure"] | undefined;
    /** Not in the original, and no property: as polysocket's option of that name. Default true. */
    compression?: ConnectionOptions["compression"] | undefined;
  }

  /** How a connection ended. */
  interface CloseEvent {
    /** 1000 for a normal end; 1003 for what is no frame, 1006 without a Close frame, 1009 for a message over `maxPayload`, 1011
     * without a pong; else what the client gave. */
    code: number;
    /** The code's text; of a code without one, what the client gave. */
    message: string;
  }

  /** The arguments of the events. */
  interface Events {
    /** A client has connected; all methods take its ID. */
    open: [clientId: string];
    /** A message of a client that connected to "/". */
    message: [clientId: string, data: Data];
    /** A message of a client that connected to this path, as it is in the URL, without the query. */
    [path: `/${string}`]: [clientId: string, data: Data];
    /** A connection has ended; once for each `open`. */
    close: [clientId: string, event: CloseEvent];
    /** A client's socket has failed, and `close` follows; or a listener's promise was rejected. */
    error: [clientId: string, error: Error];
  }
}

export = WebSocket;
