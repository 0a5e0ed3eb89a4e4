/** Types of the package: the names of @types/websocket, and what those lack. */
import { EventEmitter } from "node:events";
import type * as http from "node:http";
import type * as http2 from "node:http2";
import type * as https from "node:https";
import type * as net from "node:net";
import type * as url from "node:url";
import type { CompressionOptions, ConnectionOptions, Http2Limits } from "polysocket";

// biome-ignore lint/suspicious/noExplicitAny: what listeners of events of a program's own get
type Values = any[];
type Listener<Event> = Event extends Values ? (...values: Event) => void : never;

export interface IStringified {
  toString: (...args: Values) => string;
}

/** What both sides have. */
export interface IConfig {
  /** Longest payload of a received frame in bytes. Default: server 65,536, client 1,048,576. */
  maxReceivedFrameSize?: number | undefined;
  /** Most bytes of a received message that comes in several frames. Default: server 1,048,576, client 8,388,608. */
  maxReceivedMessageSize?: number | undefined;
  /** Whether messages above `fragmentationThreshold` are sent in several frames. Default true. */
  fragmentOutgoingMessages?: boolean | undefined;
  /** In bytes. Default 16,384. */
  fragmentationThreshold?: number | undefined;
  /** Whether messages are put together; if not, each frame is told by `frame`, and a message in a single frame by `message`,
   * too. Default true. */
  assembleFragments?: boolean | undefined;
  /** How long the peer may take after `close`, in ms, before its socket is destroyed. Default 5,000. */
  closeTimeout?: number | undefined;
  /** Default true. */
  disableNagleAlgorithm?: boolean | undefined;
  /** Whether a silent peer is sent pings. Default: server true, client false. */
  keepalive?: boolean | undefined;
  /** In ms, after whatever was received last. Default of servers 20,000. */
  keepaliveInterval?: number | undefined;
  /** Default of servers true. */
  dropConnectionOnKeepaliveTimeout?: boolean | undefined;
  /** In ms, after the ping. Default of servers 10,000. */
  keepaliveGracePeriod?: number | undefined;
  /** Whether TCP keeps the connection alive, instead of pings. Default false. */
  useNativeKeepalive?: boolean | undefined;
  /** Added: whether messages are compressed where the peer wants it (permessage-deflate), and how. Default false. */
  compression?: boolean | CompressionOptions | undefined;
  /** Added: how much may wait for a slow peer, and what happens then. Default: without bounds. */
  backpressure?: ConnectionOptions["backpressure"] | undefined;
}

/** What a server can be mounted on; HTTP/2 was added. */
export type HttpServer = http.Server | https.Server | http2.Http2Server | http2.Http2SecureServer;

export interface IServerConfig extends IConfig {
  httpServer: HttpServer | HttpServer[];
  /** Accept all, with the first protocol that the client asks for. Default false. */
  autoAcceptConnections?: boolean | undefined;
  /** Whether X-Forwarded-For is not believed. Default false. */
  ignoreXForwardedFor?: boolean | undefined;
  /** Whether `request.cookies` is filled. Default true. */
  parseCookies?: boolean | undefined;
  /** Whether `request.requestedExtensions` is filled. Default true. */
  parseExtensions?: boolean | undefined;
  /** Added: what one HTTP/2 connection may ask for. Default { maxStreams: 100, maxOpeningsPerSecond: 100 }. */
  http2Limits?: Partial<Http2Limits> | undefined;
}

interface ServerEvents {
  request: [request: request];
  connect: [connection: connection];
  close: [connection: connection, reason: number, desc: string];
  upgradeError: [error: Error];
}

export class server extends EventEmitter {
  /** undefined before `mount`. */
  config?: IServerConfig | undefined;
  connections: connection[];
  pendingRequests: request[];
  constructor(serverConfig?: IServerConfig);
  broadcast(data: Buffer | IStringified): void;
  broadcastBytes(data: Buffer): void;
  broadcastUTF(data: IStringified): void;
  mount(serverConfig: IServerConfig): void;
  unmount(): void;
  closeAllConnections(): void;
  shutDown(): void;
  /** @param head without it, what came together with the request is lost */
  handleUpgrade(request: http.IncomingMessage, socket: net.Socket, head?: Buffer): void;
  handleRequestAccepted(connection: connection): void;
  handleConnectionClose(connection: connection, closeReason: number, description: string | undefined): void;
  handleRequestResolved(request: request): void;

  on<E extends keyof ServerEvents>(event: E, cb: Listener<ServerEvents[E]>): this;
  addListener<E extends keyof ServerEvents>(event: E, cb: Listener<ServerEvents[E]>): this;
  once<E extends keyof ServerEvents>(event: E, cb: Listener<ServerEvents[E]>): this;
  once(event: string | symbol, cb: (...args: Values) => void): this;
}

/** A cookie: of a request's, `value` is null where it had none. */
export interface ICookie {
  name: string;
  value: string;
  path?: string | undefined;
  domain?: string | undefined;
  expires?: Date | undefined;
  maxage?: number | undefined;
  secure?: boolean | undefined;
  httponly?: boolean | undefined;
}

export interface IExtension {
  name: string;
  params: { name: string; value: string | undefined }[];
}

interface RequestEvents<Request> {
  requestResolved: [request: Request];
  requestRejected: [request: Request];
  requestAccepted: [connection: connection];
}

export class request extends EventEmitter {
  httpRequest: http.IncomingMessage;
  host: string;
  resource: string;
  key: string;
  resourceURL: url.UrlWithParsedQuery;
  remoteAddress: string;
  remoteAddresses: string[];
  /** undefined where the client gave none. */
  origin: string;
  webSocketVersion: number;
  readonly websocketVersion: number;
  requestedExtensions: IExtension[];
  cookies: ICookie[];
  socket: net.Socket;
  /** In lower case; null when it was accepted. */
  requestedProtocols: string[];
  protocolFullCaseMap: { [key: string]: string };
  serverConfig: IServerConfig;
  constructor(socket: net.Socket, httpRequest: http.IncomingMessage, config: IServerConfig);
  /** @throws Error for what is wrong with the handshake */
  readHandshake(): void;
  accept(acceptedProtocol?: string | null, allowedOrigin?: string | null, cookies?: ICookie[]): connection;
  reject(httpStatus?: number, reason?: string, extraHeaders?: object): void;

  on<E extends keyof RequestEvents<this>>(event: E, cb: Listener<RequestEvents<this>[E]>): this;
  addListener<E extends keyof RequestEvents<this>>(event: E, cb: Listener<RequestEvents<this>[E]>): this;
  once<E extends keyof RequestEvents<this>>(event: E, cb: Listener<RequestEvents<this>[E]>): this;
  once(event: string | symbol, cb: (...args: Values) => void): this;
}

export interface IUtf8Message {
  type: "utf8";
  utf8Data: string;
}

export interface IBinaryMessage {
  type: "binary";
  binaryData: Buffer;
}

export type Message = IUtf8Message | IBinaryMessage;

/** Of the original's parser; nothing here has one. */
export interface IBufferList extends EventEmitter {
  encoding: string;
  length: number;
}

interface ConnectionEvents {
  message: [data: Message];
  frame: [frame: frame];
  close: [code: number, desc: string];
  error: [error: Error];
  drain: [];
  pause: [];
  resume: [];
  ping: [cancel: () => void, binaryPayload: Buffer];
  pong: [binaryPayload: Buffer];
}

type Sent = (error?: Error) => void;

export class connection extends EventEmitter {
  static readonly CLOSE_REASON_NORMAL: number;
  static readonly CLOSE_REASON_GOING_AWAY: number;
  static readonly CLOSE_REASON_PROTOCOL_ERROR: number;
  static readonly CLOSE_REASON_UNPROCESSABLE_INPUT: number;
  static readonly CLOSE_REASON_RESERVED: number;
  static readonly CLOSE_REASON_NOT_PROVIDED: number;
  static readonly CLOSE_REASON_ABNORMAL: number;
  static readonly CLOSE_REASON_INVALID_DATA: number;
  static readonly CLOSE_REASON_POLICY_VIOLATION: number;
  static readonly CLOSE_REASON_MESSAGE_TOO_BIG: number;
  static readonly CLOSE_REASON_EXTENSION_REQUIRED: number;
  static readonly CLOSE_REASON_INTERNAL_SERVER_ERROR: number;
  static readonly CLOSE_REASON_TLS_HANDSHAKE_FAILED: number;
  static CLOSE_DESCRIPTIONS: { [code: number]: string };

  /** null while it is open. */
  closeDescription: string;
  /** -1 while it is open. */
  closeReasonCode: number;
  closeEventEmitted: boolean;
  protocol: string;
  config: IConfig;
  socket: net.Socket;
  maskOutgoingPackets: boolean;
  state: string;
  waitingForCloseResponse: boolean;
  closeTimeout: number;
  assembleFragments: boolean;
  maxReceivedMessageSize: number;
  outputBufferFull: boolean;
  inputPaused: boolean;
  readonly bytesWaitingToFlush: number;
  /** After `close`. */
  socketHadError: boolean;
  extensions: IExtension[];
  remoteAddress: string;
  /** On servers: those of X-Forwarded-For, then the socket's. */
  remoteAddresses?: string[];
  webSocketVersion: number;
  readonly websocketVersion: number;
  connected: boolean;
  /** Servers and clients make them. */
  constructor(
    socket: net.Socket,
    extensions: IExtension[],
    protocol: string,
    maskOutgoingPackets: boolean,
    config: IConfig,
  );
  close(reasonCode?: number, description?: string): void;
  drop(reasonCode?: number, description?: string, skipCloseFrame?: boolean): void;
  sendUTF(data: IStringified, cb?: Sent): void;
  sendBytes(buffer: Buffer, cb?: Sent): void;
  send(data: Buffer | ArrayBufferView | ArrayBuffer | IStringified, cb?: Sent): void;
  ping(data?: Buffer | IStringified): void;
  pong(data?: Buffer | IStringified): void;
  sendFrame(frame: frame, cb?: Sent): boolean;
  fragmentAndSend(frame: frame, cb?: Sent): void;
  sendCloseFrame(reasonCode?: number, reasonText?: string, cb?: Sent): void;
  pause(): void;
  resume(): void;

  on<E extends keyof ConnectionEvents>(event: E, cb: Listener<ConnectionEvents[E]>): this;
  addListener<E extends keyof ConnectionEvents>(event: E, cb: Listener<ConnectionEvents[E]>): this;
  once<E extends keyof ConnectionEvents>(event: E, cb: Listener<ConnectionEvents[E]>): this;
  once(event: string | symbol, cb: (...args: Values) => void): this;
}

export class frame {
  fin: boolean;
  rsv1: boolean;
  rsv2: boolean;
  rsv3: boolean;
  get mask(): boolean;
  set mask(isMasked: boolean | number);
  opcode: number;
  length: number;
  /** null where a frame to send has none. */
  binaryPayload: Buffer;
  maskBytes: Buffer;
  frameHeader: Buffer;
  config: IConfig;
  maxReceivedFrameSize: number;
  protocolError: boolean;
  dropReason: string;
  frameTooLarge: boolean;
  invalidCloseFrameLength: boolean;
  parseState: number;
  /** Of a Close frame; -1 for none. */
  closeStatus: number;
  constructor(maskBytes?: Buffer, frameHeader?: Buffer, config?: IConfig);
  toBuffer(nullMask?: boolean): Buffer;
  toString(): string;
}

export interface IClientConfig extends IConfig {
  /** 8 or 13. Default 13. */
  webSocketVersion?: number | undefined;
  /** The older name. */
  websocketVersion?: number | undefined;
  /** For wss: what https.request takes. */
  tlsOptions?: https.RequestOptions | undefined;
}

interface ClientEvents {
  connect: [connection: connection];
  connectFailed: [error: Error];
  httpResponse: [response: http.IncomingMessage, client: client];
}

export class client extends EventEmitter {
  config: IClientConfig;
  url: url.Url | undefined;
  protocols: string[];
  origin: string | undefined;
  secure: boolean;
  socket: net.Socket | undefined;
  response: http.IncomingMessage | undefined;
  protocol: string | undefined;
  constructor(ClientConfig?: IClientConfig);
  connect(
    requestUrl: url.Url | URL | string,
    requestedProtocols?: string | string[] | null,
    origin?: string | null,
    headers?: http.OutgoingHttpHeaders | null,
    extraRequestOptions?: http.RequestOptions | null,
  ): void;
  abort(): void;

  on<E extends keyof ClientEvents>(event: E, cb: Listener<ClientEvents[E]>): this;
  addListener<E extends keyof ClientEvents>(event: E, cb: Listener<ClientEvents[E]>): this;
  once<E extends keyof ClientEvents>(event: E, cb: Listener<ClientEvents[E]>): this;
  once(event: string | symbol, cb: (...args: Values) => void): this;
}

interface RouterRequestEvents<Request> {
  requestAccepted: [connection: connection];
  requestRejected: [request: Request];
}

export interface IRouterRequest extends EventEmitter {
  webSocketRequest: request;
  /** In lower case; null where none was asked for. */
  protocol: string | null;
  origin: string;
  resource: string;
  resourceURL: url.UrlWithParsedQuery;
  httpRequest: http.IncomingMessage;
  remoteAddress: string;
  webSocketVersion: number;
  requestedExtensions: IExtension[];
  cookies: ICookie[];
  accept(allowedOrigin?: string | null, cookies?: ICookie[]): connection;
  reject(httpStatus?: number, reason?: string, extraHeaders?: object): void;

  on<E extends keyof RouterRequestEvents<this>>(event: E, cb: Listener<RouterRequestEvents<this>[E]>): this;
  addListener<E extends keyof RouterRequestEvents<this>>(event: E, cb: Listener<RouterRequestEvents<this>[E]>): this;
}

export interface IRouterConfig {
  server: server;
}

export interface IRouterHandler {
  path: RegExp;
  pathString: string;
  protocol: string;
  callback: (request: IRouterRequest) => void;
}

export class router extends EventEmitter {
  handlers: IRouterHandler[];
  server: server | null | undefined;
  constructor(config?: IRouterConfig);
  attachServer(server: server): void;
  detachServer(): void;
  mount(path: string | RegExp, protocol: string | null | undefined, callback: (request: IRouterRequest) => void): void;
  unmount(path: string | RegExp, protocol?: string | null): void;
  findHandlerIndex(pathString: string, protocol: string): number;
  pathToRegExp(path: string | RegExp): RegExp;
  handleRequest(request: request): void;
}

export interface ICloseEvent {
  code: number;
  reason: string;
  wasClean: boolean;
}

export interface IMessageEvent {
  data: string | Buffer | ArrayBuffer;
}

/** What every event has. */
export interface IEvent {
  type: string;
  target: w3cwebsocket;
  isTrusted: boolean;
  cancelable: boolean;
}

interface W3CEvents {
  open: IEvent;
  error: IEvent;
  message: IEvent & IMessageEvent;
  close: IEvent & ICloseEvent;
}

export class w3cwebsocket {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  readonly url: string;
  readonly readyState: number;
  /** "" for none. */
  readonly protocol: string;
  readonly extensions: string;
  readonly bufferedAmount: number;
  binaryType: "arraybuffer";
  onopen: () => void;
  onerror: (error: Error) => void;
  onclose: (event: ICloseEvent) => void;
  onmessage: (message: IMessageEvent) => void;
  constructor(
    url: string,
    protocols?: string | string[] | null,
    origin?: string | null,
    headers?: http.OutgoingHttpHeaders | null,
    requestOptions?: object | null,
    IClientConfig?: IClientConfig | null,
  );
  send(data: ArrayBufferView | ArrayBuffer | Buffer | IStringified): void;
  close(code?: number, reason?: string): void;
  addEventListener<E extends keyof W3CEvents>(type: E, listener: (event: W3CEvents[E]) => void): void;
  removeEventListener<E extends keyof W3CEvents>(type: E, listener: (event: W3CEvents[E]) => void): void;
  dispatchEvent(event: { type: string }): void;
}

export const deprecation: {
  disableWarnings: boolean;
  readonly deprecationWarningMap: { [name: string]: string };
  warn(deprecationName: string): void;
};

export const version: string;
