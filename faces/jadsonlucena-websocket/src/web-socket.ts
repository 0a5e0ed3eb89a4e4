/**
 * The original's class: a server of Node's whose handshakes it takes, and methods for the clients that came of them, known by
 * their IDs. In: calls of the program. Out: the original's answers; its events come from `roster`.
 */
import { captureRejectionSymbol, EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { createEndpoint, createIdentities, type PendingHandshake, type Refusal, sharedLimits } from "polysocket";
import { Client } from "./client.ts";
import { coreOptions } from "./core-options.ts";
import { refusalOf } from "./decision.ts";
import { listenTo, type NodeServer } from "./entrance.ts";
import { Interval } from "./interval.ts";
import {
  DEFAULTS,
  type Encoding,
  isEncoding,
  limitOf,
  type Options,
  readEncoding,
  readNumber,
  readOrigins,
} from "./options.ts";
import { bytesOf, sendDecoded } from "./payload.ts";
import { throwLater } from "./rethrow.ts";
import { Roster } from "./roster.ts";

const COOKIE = "jadsonlucena-websocket";
const FAILED: Refusal = { statusCode: 500 };

export class WebSocket extends EventEmitter {
  #allowOrigin: string[] = [];
  #limitByIP: number = DEFAULTS.limitByIP;
  #maxPayload: number = DEFAULTS.maxPayload;
  #pingDelay: number = DEFAULTS.pingDelay;
  #pongTimeout: number = DEFAULTS.pongTimeout;
  #sessionExpires: number = DEFAULTS.sessionExpires;
  readonly #roster: Roster = new Roster(this);
  readonly #identities = createIdentities({ cookieName: COOKIE });
  readonly #limits = sharedLimits({
    maxMessageBytes: DEFAULTS.maxPayload,
    // The original had none of these
    maxFragments: Number.POSITIVE_INFINITY,
    messageTimeoutMs: Number.POSITIVE_INFINITY,
  });
  readonly #pings = new Interval(() => this.#roster.pingAll(this.#pongTimeout));

  static {
    Object.defineProperty(WebSocket.prototype, captureRejectionSymbol, { value: rejected });
  }

  /** @throws TypeError for something that is no server, and for null as options; polysocket's UsageError for wrong values of its own */
  constructor(server: NodeServer, options: Options = {}) {
    super({ captureRejections: true });
    checkServer(server);
    if (options === null) throw new TypeError("the options are null; give an object, or leave them out");
    this.setMaxListeners(0);
    this.allowOrigin = options.allowOrigin;
    this.encoding = options.encoding;
    this.limitByIP = options.limitByIP;
    this.maxPayload = options.maxPayload;
    this.pingDelay = options.pingDelay;
    this.pongTimeout = options.pongTimeout;
    this.sessionExpires = options.sessionExpires;
    const endpoint = createEndpoint<Client>({
      // As quickly as the original takes them
      handshakeRate: false,
      ...coreOptions(this.#limits.limits, (address) => this.#mostOf(address), options),
      ...this.#roster.handlers,
    });
    listenTo(server, endpoint, (handshake) => this.#decide(handshake));
    server.on("listening", () => this.#pings.start());
    server.on("close", () => this.#pings.stop());
  }

  // ---- options. What a setter does not understand leaves the value as it was

  get allowOrigin(): string[] {
    return this.#allowOrigin;
  }

  set allowOrigin(value: unknown) {
    this.#allowOrigin = readOrigins(value, this.#allowOrigin);
  }

  get encoding(): Encoding {
    return this.#roster.encoding;
  }

  set encoding(value: unknown) {
    this.#roster.encoding = readEncoding(value, this.#roster.encoding);
  }

  get limitByIP(): number {
    return this.#limitByIP;
  }

  set limitByIP(value: unknown) {
    this.#limitByIP = readNumber(value, DEFAULTS.limitByIP, this.#limitByIP);
  }

  get maxPayload(): number {
    return this.#maxPayload;
  }

  set maxPayload(value: unknown) {
    this.#maxPayload = readNumber(value, DEFAULTS.maxPayload, this.#maxPayload);
    const bytes = Math.floor(limitOf(this.#maxPayload));
    this.#limits.change({ maxMessageBytes: Number.isSafeInteger(bytes) ? bytes : Number.POSITIVE_INFINITY });
  }

  get pingDelay(): number {
    return this.#pingDelay;
  }

  set pingDelay(value: unknown) {
    this.#pingDelay = readNumber(value, DEFAULTS.pingDelay, this.#pingDelay);
    this.#pings.start(this.#pingDelay);
  }

  get pongTimeout(): number {
    return this.#pongTimeout;
  }

  set pongTimeout(value: unknown) {
    this.#pongTimeout = readNumber(value, DEFAULTS.pongTimeout, this.#pongTimeout);
  }

  get sessionExpires(): number {
    return this.#sessionExpires;
  }

  set sessionExpires(value: unknown) {
    this.#sessionExpires = readNumber(value, DEFAULTS.sessionExpires, this.#sessionExpires);
    this.#identities.lifetimeMs = this.#sessionExpires >= 1 ? this.#sessionExpires : 0;
  }

  /** A new array of the IDs of those that are open, in the order of their handshakes. */
  get clients(): string[] {
    return this.#roster.ids;
  }

  // ---- of one client. Each throws ReferenceError for an ID that is not in `clients`

  /** @returns false when more is waiting than the socket likes; it is sent all the same */
  send(clientId: string, data: unknown, encoding: unknown = "utf8"): boolean {
    if (typeof data !== "string") {
      const bytes = bytesOf(data);
      return this.#roster.find(clientId).connection.send(bytes);
    }
    const { connection } = this.#roster.find(clientId);
    if (encoding === "utf8" || !isEncoding(encoding)) return connection.send(data);
    return sendDecoded(connection, data, encoding);
  }

  close(clientId: string): true {
    this.#roster.close(this.#roster.find(clientId));
    return true;
  }

  /** @returns as `send` */
  ping(clientId: string, pongTimeout: unknown = this.#pongTimeout): boolean {
    const timeout = typeof pongTimeout === "number" ? pongTimeout : this.#pongTimeout;
    return this.#roster.ping(this.#roster.find(clientId), timeout);
  }

  url(clientId: string): URL {
    return this.#roster.find(clientId).url;
  }

  bytesRead(clientId: string): number {
    return this.#roster.find(clientId).socket?.bytesRead ?? 0;
  }

  bytesWritten(clientId: string): number {
    return this.#roster.find(clientId).socket?.bytesWritten ?? 0;
  }

  readyState(clientId: string): Socket["readyState"] {
    return this.#roster.find(clientId).socket?.readyState ?? "closed";
  }

  isPaused(clientId: string): boolean {
    return this.#roster.find(clientId).isPaused;
  }

  pause(clientId: string): true {
    const client = this.#roster.find(clientId);
    client.isPaused = true;
    client.connection.pause();
    return true;
  }

  resume(clientId: string): true {
    const client = this.#roster.find(clientId);
    client.isPaused = false;
    // As a stream's: what waited comes when the caller is done
    process.nextTick(resume, client);
    return true;
  }

  /** @returns false for what is no encoding */
  setEncoding(clientId: string, encoding: unknown = "utf8"): boolean {
    const client = this.#roster.find(clientId);
    if (!isEncoding(encoding)) return false;
    client.encoding = encoding;
    return true;
  }

  /** @returns false where the socket is not the client's alone */
  setKeepAlive(clientId: string, enable = false, initialDelay = 0): boolean {
    const { socket, sharesSocket } = this.#roster.find(clientId);
    if (sharesSocket) return false;
    socket?.setKeepAlive(enable, initialDelay);
    return true;
  }

  /** @returns as `setKeepAlive` */
  setNoDelay(clientId: string, noDelay = true): boolean {
    const { socket, sharesSocket } = this.#roster.find(clientId);
    if (sharesSocket) return false;
    socket?.setNoDelay(noDelay);
    return true;
  }

  /** Those that are about to go have left their places already, but of no more places than there are: a peer decides how long
   * its end takes. */
  #mostOf(address: string): number {
    const limit = Math.floor(limitOf(this.#limitByIP));
    return limit + Math.min(limit, this.#roster.leaving.of(address));
  }

  #decide(handshake: PendingHandshake<Client>): void {
    const refusal = refusalOf(handshake, this.#allowOrigin);
    if (refusal !== undefined) {
      handshake.refuse(refusal);
      return;
    }
    const identity = this.#identities.claim(handshake.request.headers.cookie);
    const client = new Client(identity, handshake.request);
    try {
      client.connection = handshake.accept({ headers: { "Set-Cookie": identity.setCookie }, data: client });
    } catch {
      // The peer has gone, or the socket is one that cannot be had
      identity.release();
      handshake.refuse(FAILED);
      return;
    }
    // Now, not in a handler of the core's: the response is written, `bytesWritten` counts it
    this.#roster.add(client);
  }
}

function resume(client: Client): void {
  if (!client.isPaused) client.connection.resume();
}

function checkServer(server: unknown): asserts server is NodeServer {
  if (typeof server === "object" && server !== null && "on" in server && typeof server.on === "function") return;
  const seen =
    server === null ? "null" : typeof server === "object" ? "an object without on" : `of type ${typeof server}`;
  throw new TypeError(`the server is ${seen}; give one of http, https or http2`);
}

/** A listener's promise was rejected. */
function rejected(this: WebSocket, error: unknown, event: string | symbol, ...[clientId]: readonly unknown[]): void {
  // Where nobody listens, or listening has failed, there is nobody to tell
  if (event === "error" || this.listenerCount("error") === 0) throwLater(error);
  else this.emit("error", clientId, error);
}
