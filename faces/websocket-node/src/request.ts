/**
 * An opening handshake that the application decides on: the original's request, over a pending handshake of the core's.
 * In: the arguments of 'upgrade', and the server's options. Out: a connection or a refusal, and events about it. Until
 * `readHandshake`, `accept` or `reject` is called the socket is left as it is.
 */
import { EventEmitter } from "node:events";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { parse, type UrlWithParsedQuery } from "node:url";
import { HandshakeError, type PendingHandshake, type Refusal } from "polysocket";
import { WebSocketConnection } from "./connection.ts";
import { endpointFor } from "./endpoints.ts";
import { headerFields, headerValue } from "./header-text.ts";
import type { Http2Request } from "./http2-request.ts";
import type { ServerConfig } from "./options.ts";
import { own } from "./own-property.ts";
import { parseCookies, type RequestCookie } from "./request-cookies.ts";
import { handshakeFault } from "./request-faults.ts";
import { type Cookie, setCookies } from "./response-cookies.ts";
import { illegalCharacterIn, subprotocolsIn } from "./subprotocol-names.ts";

type Pending = PendingHandshake<WebSocketConnection>;

/** An extension that a client offers, in lower case. */
export interface RequestedExtension {
  name: string;
  params: { name: string; value: string | undefined }[];
}

/** The server that a request belongs to. */
export interface RequestOwner {
  handleRequestAccepted(connection: WebSocketConnection): void;
  handleRequestResolved(request: WebSocketRequest): void;
  handleConnectionClose(connection: WebSocketConnection, code: number, description: string | undefined): void;
}

/** What a server knows of a request besides. */
export interface RequestSource {
  readonly owner?: RequestOwner;
  /** Taken over already: over HTTP/2 there is no other way. */
  readonly pending?: Pending;
  /** What came together with the request. */
  readonly head?: Buffer | undefined;
}

const NOTHING = Buffer.alloc(0);
const ONCE = "WebSocketRequest may only be accepted or rejected one time.";

export class WebSocketRequest extends EventEmitter {
  socket: Socket;
  httpRequest: IncomingMessage;
  serverConfig: ServerConfig;
  /** The request's target as it was sent. */
  resource: string;
  host: string | undefined;
  key: string | undefined;
  webSocketVersion: number;
  origin: string | undefined;
  /** In lower case, in the client's order; null when it was accepted. */
  requestedProtocols: string[] | null;
  /** The client's spelling of each; null when it was accepted. */
  protocolFullCaseMap: Record<string, string> | null;
  #pending: Pending | undefined;
  readonly #owner: RequestOwner | undefined;
  readonly #head: Buffer;
  #isResolved = false;

  constructor(
    socket: Socket,
    httpRequest: IncomingMessage | Http2Request,
    config: ServerConfig,
    source: RequestSource = {},
  ) {
    super();
    this.socket = socket;
    this.httpRequest = httpRequest as IncomingMessage;
    this.serverConfig = config;
    this.#owner = source.owner;
    this.#pending = source.pending;
    this.#head = source.head ?? NOTHING;
    const { headers, url = "" } = httpRequest;
    this.resource = url;
    this.host = headers.host;
    this.key = headers["sec-websocket-key"];
    this.webSocketVersion = Number.parseInt(headers["sec-websocket-version"] ?? "", 10);
    this.origin = this.webSocketVersion === 8 ? headers["sec-websocket-origin"]?.toString() : headers.origin;
    const spelled = subprotocolsIn(headers);
    this.requestedProtocols = spelled.map((name) => name.toLowerCase());
    this.protocolFullCaseMap = Object.fromEntries(spelled.map((name) => [name.toLowerCase(), name]));
  }

  get resourceURL(): UrlWithParsedQuery {
    const url = parse(this.resource, true);
    own(this, "resourceURL", url);
    return url;
  }

  set resourceURL(value: unknown) {
    own(this, "resourceURL", value);
  }

  get requestedExtensions(): RequestedExtension[] {
    const offers = this.serverConfig.parseExtensions ? (this.#pending?.request.extensions ?? []) : [];
    const extensions = offers.map(({ name, parameters }) => ({
      name: name.toLowerCase(),
      params: parameters.map((one) => ({ name: one.name.toLowerCase(), value: one.value?.toLowerCase() })),
    }));
    own(this, "requestedExtensions", extensions);
    return extensions;
  }

  set requestedExtensions(value: unknown) {
    own(this, "requestedExtensions", value);
  }

  get cookies(): RequestCookie[] {
    const cookies = this.serverConfig.parseCookies ? parseCookies(this.httpRequest.headers.cookie) : [];
    own(this, "cookies", cookies);
    return cookies;
  }

  set cookies(value: unknown) {
    own(this, "cookies", value);
  }

  get remoteAddress(): string | undefined {
    return this.remoteAddresses[0];
  }

  set remoteAddress(value: unknown) {
    own(this, "remoteAddress", value);
  }

  /** Those of X-Forwarded-For, then the socket's. */
  get remoteAddresses(): string[] {
    const addresses = [...this.#forwarded(), this.socket.remoteAddress ?? ""];
    own(this, "remoteAddresses", addresses);
    return addresses;
  }

  set remoteAddresses(value: unknown) {
    own(this, "remoteAddresses", value);
  }

  /** The older name. */
  get websocketVersion(): number {
    return this.webSocketVersion;
  }

  /** Take the socket over, and check the handshake. It may be called again.
   * @throws Error for what is wrong with it, with `httpCode` and `headers` where the answer needs them */
  readHandshake(): void {
    const fault = handshakeFault(this.httpRequest, this.#take().error);
    if (fault !== undefined) throw fault;
  }

  /** @param acceptedProtocol one of those requested, in any case; falsy for none
   * @param allowedOrigin said in the response
   * @throws Error when it was decided before, and for what cannot be sent; then it is refused with 500 */
  accept(acceptedProtocol?: string | null, allowedOrigin?: string | null, cookies?: Cookie[]): WebSocketConnection {
    this.#checkUndecided();
    const pending = this.#take();
    const { subprotocol, headers, connection } = this.#orRefuse(() => ({
      subprotocol: this.#choose(acceptedProtocol),
      headers: [...this.#originField(allowedOrigin), ...cookieFields(cookies)],
      connection: this.#connect(acceptedProtocol),
    }));
    this.requestedProtocols = null;
    this.protocolFullCaseMap = null;
    this.#resolve();
    try {
      pending.accept({ subprotocol, headers, data: connection });
    } catch (error) {
      // Whatever a client does, an application that is not prepared for it gets no error of it
      pending.refuse();
      if (!(error instanceof HandshakeError)) throw error;
      WebSocketConnection.lost(connection);
    }
    this.#owner?.handleRequestAccepted(connection);
    this.emit("requestAccepted", connection);
    return connection;
  }

  /** @throws Error when it was decided before */
  reject(status?: number, reason?: string, extraHeaders?: object): void {
    this.#checkUndecided();
    const pending = this.#take();
    this.#resolve();
    pending.refuse(refusalOf(status, reason, extraHeaders));
    this.emit("requestRejected", this);
  }

  /** For servers: call back when the client leaves before the decision. */
  static whenGone(request: WebSocketRequest, gone: () => void): void {
    request.#pending?.request.signal.addEventListener("abort", gone);
  }

  static isDecided(request: WebSocketRequest): boolean {
    return request.#isResolved;
  }

  #take(): Pending {
    this.#pending ??= endpointFor(this.serverConfig).takeUpgrade(this.httpRequest, this.socket, this.#head);
    if (this.#pending === undefined) throw new Error("The socket was handed to another server before.");
    return this.#pending;
  }

  #checkUndecided(): void {
    if (this.#isResolved) throw new Error(ONCE);
  }

  #resolve(): void {
    this.#isResolved = true;
    this.#owner?.handleRequestResolved(this);
    this.emit("requestResolved", this);
  }

  /** What the application gave is wrong: the client gets an answer all the same. */
  #orRefuse<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      this.reject(500);
      throw error;
    }
  }

  /** The client's spelling. */
  #choose(acceptedProtocol: string | null | undefined): string | undefined {
    if (!acceptedProtocol) return undefined;
    const wanted = acceptedProtocol.toLowerCase();
    const illegal = illegalCharacterIn(wanted);
    if (illegal !== undefined) throw new Error(`Illegal character "${illegal}" in subprotocol.`);
    const spelled = subprotocolsIn(this.httpRequest.headers);
    const chosen = spelled.find((name) => name.toLowerCase() === wanted);
    if (chosen === undefined) throw new Error("Specified protocol was not requested by the client.");
    return chosen;
  }

  #originField(origin: string | null | undefined): [string, string][] {
    const value = origin ? headerValue(String(origin)) : "";
    if (value === "") return [];
    return [[this.webSocketVersion === 8 ? "Sec-WebSocket-Origin" : "Origin", value]];
  }

  #connect(acceptedProtocol: string | null | undefined): WebSocketConnection {
    const protocol = acceptedProtocol ? acceptedProtocol.toLowerCase() : acceptedProtocol;
    const connection = new WebSocketConnection(this.socket, [], protocol, false, this.serverConfig);
    connection.webSocketVersion = this.webSocketVersion;
    WebSocketConnection.adopt(connection, this.#owner, this.remoteAddresses);
    return connection;
  }

  #forwarded(): string[] {
    const forwarded = this.httpRequest.headers["x-forwarded-for"]?.toString();
    if (forwarded === undefined || this.serverConfig.ignoreXForwardedFor) return [];
    return forwarded.split(",").map((address) => address.trim());
  }
}

function cookieFields(cookies: Cookie[] | undefined): [string, string][] {
  return cookies ? setCookies(cookies).map((cookie) => ["Set-Cookie", cookie]) : [];
}

function refusalOf(status: unknown, reason: unknown, extraHeaders: object | undefined): Refusal {
  // What is below 200 is no final answer (RFC 9110 §15.2)
  const isFinal = typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599;
  const statusCode = isFinal ? status : 403;
  const headers = headerFields(extraHeaders ?? {});
  const said = reason ? headerValue(String(reason)) : "";
  if (said !== "") headers.unshift(["X-WebSocket-Reject-Reason", said]);
  return { statusCode, reasonPhrase: STATUS_CODES[statusCode] ?? "", headers };
}
