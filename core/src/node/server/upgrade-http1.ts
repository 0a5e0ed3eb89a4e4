/**
 * An opening handshake that came as an HTTP/1.1 request with Upgrade.
 * In: what Node's 'upgrade' event gives, or `socket-reader`. Out: a transport and the 101 response, or a refusal written to the socket.
 * The socket is nobody's but ours from the event on: it has an error listener before anything else happens, and is
 * read, up to a bound, while somebody decides, because a socket that is not read does not tell that its peer left.
 */
import { type IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { HandshakeError, UsageError } from "../../engine/errors.ts";
import type { Acceptance } from "../../engine/handshake/acceptance.ts";
import { HeaderFields } from "../../engine/handshake/header-grammar.ts";
import type { HeaderList } from "../../engine/handshake/header-list.ts";
import { type Http1Opening, readRequest } from "../../engine/handshake/request.ts";
import { formatAcceptance, formatRefusal } from "../../engine/handshake/response.ts";
import { nodePlatform } from "../connection/node-platform.ts";
import { peerAddress } from "../transport/peer-address.ts";
import { SocketTransport } from "../transport/socket-transport.ts";
import type { AcceptedChannel, HandshakeChannel } from "./handshake-channel.ts";
import type { RequestSource } from "./handshake-request.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { RequestMessage } from "./raw-request.ts";
import { parseTarget, type RequestTarget } from "./request-target.ts";

/** What a peer may send on before it has its answer; a client that follows the RFC sends nothing. */
const MAX_EARLY_BYTES = 16_384;

/** How long a refused peer may take to read its answer and close. Closing at once, with bytes of the peer unread,
 * would reset the connection and throw the answer away. */
const LINGER_MS = 2_000;

/** One handshake over HTTP/1.1. */
export class Http1Channel implements HandshakeChannel {
  readonly source: Http1Source;
  readonly #socket: Duplex;
  #head: Buffer;
  #listeners: Listeners | undefined;

  readonly #fault: HandshakeError | undefined;

  /** Takes nothing over yet: until another method is called the socket can be left to others.
   * @param fault why there is no request */
  constructor(message: RequestMessage, socket: Duplex, head: Buffer, fault?: HandshakeError) {
    this.source = new Http1Source(message, socket);
    this.#socket = socket;
    this.#head = head;
    this.#fault = fault;
  }

  get fault(): HandshakeError | undefined {
    return this.#fault;
  }

  /** Make the socket ours. */
  take(): void {
    this.#socket.on("error", ignoreError);
  }

  readOpening(): HandshakeError | undefined {
    return this.source.readOpening();
  }

  get isGone(): boolean {
    return this.#socket.destroyed || !this.#socket.writable || this.#socket.readableEnded;
  }

  watch(onGone: () => void): void {
    const socket = this.#socket;
    // Node's head is a view of a whole read, 64 KiB; it would be held for as long as the application thinks
    this.#head = Buffer.from(this.#head);
    if (socket instanceof Socket) socket.setTimeout(0);
    const listeners = { keep: (bytes: Buffer) => this.#keep(bytes), gone: onGone };
    this.#listeners = listeners;
    socket.on("data", listeners.keep);
    socket.on("end", listeners.gone);
    socket.on("close", listeners.gone);
  }

  accept(acceptance: Acceptance): AcceptedChannel {
    const socket = this.#socket;
    if (!(socket instanceof Socket)) {
      throw new UsageError("the socket of the handshake is no net.Socket; give the one of Node's 'upgrade' event");
    }
    const { opening } = this.source;
    if (opening === undefined) throw new UsageError("the handshake was not read; call readOpening first");
    const response = formatAcceptance(opening, acceptance, nodePlatform.sha1);
    this.#unwatch();
    const transport = new SocketTransport(socket);
    socket.off("error", ignoreError);
    return { transport, preface: Buffer.from(response, "latin1"), head: this.#head };
  }

  refuse({ statusCode, reasonPhrase, headers, body }: HttpAnswer, done: () => void): boolean {
    const head = formatRefusal({ statusCode, reasonPhrase, headers: withDate(headers), bodyLength: body.length });
    this.#unwatch();
    const socket = this.#socket;
    if (socket.closed) return false;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      done();
    });
    if (!socket.writable) {
      socket.destroy();
      return true;
    }
    if (socket instanceof Socket) socket.setTimeout(0);
    // RFC 9110 §9.3.2: the answer to HEAD has the length of a body and none
    const sent = this.source.method === "HEAD" ? [] : [body];
    socket.end(Buffer.concat([Buffer.from(head, "latin1"), ...sent]));
    socket.resume();
    return true;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #keep(bytes: Buffer): void {
    // One array that is copied into: many tiny arrays would cost far more than their bytes (CVE-2026-48779)
    this.#head = Buffer.concat([this.#head, bytes]);
    if (this.#head.length > MAX_EARLY_BYTES) this.#socket.pause();
  }

  #unwatch(): void {
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    this.#listeners = undefined;
    this.#socket.off("data", listeners.keep);
    this.#socket.off("end", listeners.gone);
    this.#socket.off("close", listeners.gone);
  }
}

/** What listens to a socket while somebody decides. */
interface Listeners {
  readonly keep: (bytes: Buffer) => void;
  readonly gone: () => void;
}

/** A request over HTTP/1.1. */
class Http1Source implements RequestSource {
  readonly #message: RequestMessage;
  readonly target: RequestTarget | undefined;
  readonly #socket: Duplex;
  #opening: Http1Opening | undefined;

  constructor(message: RequestMessage, socket: Duplex) {
    this.#message = message;
    this.#socket = socket;
    // `headers` is made when it is first asked for; only an absolute URI is compared with Host
    this.target = parseTarget(this.url, this.url.startsWith("/") ? undefined : message.headers.host);
  }

  get raw(): IncomingMessage | undefined {
    return this.#message instanceof IncomingMessage ? this.#message : undefined;
  }

  get httpVersion(): string {
    return this.#message.httpVersion;
  }

  get method(): string {
    return this.#message.method ?? "";
  }

  get url(): string {
    return this.#message.url ?? "";
  }

  get headers(): IncomingHttpHeaders {
    return this.#message.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#message.rawHeaders;
  }

  get socketAddress(): string | undefined {
    return this.#socket instanceof Socket ? peerAddress(this.#socket) : undefined;
  }

  get encrypted(): boolean {
    return "encrypted" in this.#socket && this.#socket.encrypted === true;
  }

  get opening(): Http1Opening | undefined {
    return this.#opening;
  }

  readOpening(): HandshakeError | undefined {
    const { method, httpVersion, rawHeaders } = this;
    try {
      const headers = HeaderFields.fromRaw(rawHeaders);
      this.#opening = readRequest({ method, httpVersion, headers });
      return undefined;
    } catch (error) {
      if (error instanceof HandshakeError) return error;
      throw error;
    }
  }
}

/** RFC 9110 §6.6.1: whoever has a clock must send Date. */
function withDate(headers: HeaderList): HeaderList {
  if (headers.some(([name]) => name.toLowerCase() === "date")) return headers;
  return [["Date", new Date().toUTCString()], ...headers];
}

/** 'close' follows every error and is what tells. */
function ignoreError(): void {
  // Without a listener Node would end the process
}
