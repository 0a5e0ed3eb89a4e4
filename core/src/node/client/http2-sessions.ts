/**
 * The HTTP/2 connections of this process's clients: one for each origin and set of TLS options, more where the server
 * allows too few streams on one.
 * In: where to, and what TLS needs. Out: a session whose SETTINGS have come, a socket whose server chose HTTP/1.1, or an
 * error. Whoever got a session says when its stream is over; one that nobody uses is closed soon after, and does not keep
 * the process alive.
 */
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { HandshakeError } from "../../engine/errors.ts";
import { isDoubted } from "../transport/http2-doubt.ts";
import type { ClientUrl } from "./client-url.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { openSocket } from "./open-socket.ts";

type Tls = NonNullable<ConnectOptions["tls"]>;

/** How long a session without streams is kept for the next one. */
const IDLE_MS = 4_000;

/** What Node says where a server has named no limit (RFC 9113 §6.5.2). */
const UNLIMITED = 0xffff_ffff;
/** Streams on one connection of such a server, which has some limit all the same. */
const STREAMS_WITHOUT_LIMIT = 100;

/** Node makes no new streams of a session that has more than this under way; its default, 10, is one large message. */
const SESSION_MEMORY_MB = 64;

/** Which session is wanted. */
export interface SessionWish {
  readonly url: ClientUrl;
  readonly tls: Tls;
  /** Whether the server may choose HTTP/1.1 (ALPN). */
  readonly orHttp1: boolean;
}

/** One stream's place in a session. */
export interface SessionLease {
  /** Without effect the second time. */
  release(): void;
  /** The server has refused the stream: it takes no more than there are now, whatever its SETTINGS say. */
  refused(): void;
  /** It was waited for in vain, perhaps because nobody is there any more: the session is not used for others. */
  unanswered(): void;
}

/** Who waits for a session; one call in all. */
export interface SessionWaiter {
  /** @param lease to be given back when the stream is over that was made of it */
  ready(session: http2.ClientHttp2Session, lease: SessionLease): void;
  /** The server chose HTTP/1.1. @param socket unused, for this waiter alone; undefined where another one got it */
  http1(socket: Socket | undefined): void;
  failed(error: unknown): void;
}

const sessions = new Set<SharedSession>();

/** Get a session that has room for one more stream.
 * @returns to stop waiting; without effect once there was a call */
export function takeSession(wish: SessionWish, waiter: SessionWaiter): () => void {
  const waiting: Waiting = { waiter, at: undefined, hasLeft: false };
  join(wish, waiting);
  return () => {
    waiting.hasLeft = true;
    waiting.at?.remove(waiting);
  };
}

/** A waiter, and where it waits: a session that turns out to be full passes it on. */
interface Waiting {
  readonly waiter: SessionWaiter;
  at: SharedSession | undefined;
  /** What one waiter is told may make another one leave. */
  hasLeft: boolean;
}

function join(wish: SessionWish, waiting: Waiting): void {
  const shared = [...sessions].find((one) => one.serves(wish)) ?? new SharedSession(wish);
  shared.add(waiting);
}

/** One HTTP/2 connection, from the first wish for it to its end. */
class SharedSession {
  readonly #wish: SessionWish;
  readonly #waiters = new Set<Waiting>();
  #socket: Socket | undefined;
  #session: http2.ClientHttp2Session | undefined;
  #failure: Error | undefined;
  #isReady = false;
  #isOver = false;
  /** Streams that were handed out and are not over. */
  #used = 0;
  /** What was learned of how many the server takes. */
  #most = Number.POSITIVE_INFINITY;
  /** Whether it serves those that it has and no others. */
  #isRetired = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(wish: SessionWish) {
    this.#wish = wish;
    sessions.add(this);
    const protocols = wish.orHttp1 ? ["h2", "http/1.1"] : ["h2"];
    const socket = openSocket(wish.url, wish.tls, protocols);
    this.#socket = socket;
    socket.on("error", this.#onSocketError);
    socket.on("close", this.#onSocketClose);
    socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => this.#onConnected(socket));
  }

  /** Whether a wish can be met from here. */
  serves({ url, tls, orHttp1 }: SessionWish): boolean {
    const mine = this.#wish;
    if (this.#isOver || this.#isRetired) return false;
    if (mine.orHttp1 !== orHttp1 || mine.url.origin !== url.origin || !isSame(mine.tls, tls)) return false;
    const session = this.#session;
    if (session === undefined || !this.#isReady) return this.#waiters.size < STREAMS_WITHOUT_LIMIT;
    return !session.closed && !session.destroyed && !isDoubted(session) && this.#hasRoom(session);
  }

  add(waiting: Waiting): void {
    clearTimeout(this.#idle);
    waiting.at = this;
    this.#waiters.add(waiting);
    if (this.#isReady) process.nextTick(() => this.#serve());
  }

  remove(waiting: Waiting): void {
    if (this.#waiters.delete(waiting) && this.#waiters.size === 0 && this.#used === 0) this.#unused();
  }

  #hasRoom({ remoteSettings }: http2.ClientHttp2Session): boolean {
    const { maxConcurrentStreams = UNLIMITED } = remoteSettings;
    const told = maxConcurrentStreams === UNLIMITED ? STREAMS_WITHOUT_LIMIT : maxConcurrentStreams;
    return this.#used + this.#waiters.size < Math.min(told, this.#most);
  }

  #onConnected(socket: Socket): void {
    const protocol = socket instanceof TLSSocket ? socket.alpnProtocol : "h2";
    if (protocol !== "h2") {
      this.#onHttp1(socket, typeof protocol === "string" ? protocol : "none");
      return;
    }
    const { url } = this.#wish;
    const authority = `${url.secure ? "https" : "http"}://${url.host}`;
    const session = http2.connect(authority, {
      createConnection: () => socket,
      maxSessionMemory: SESSION_MEMORY_MB,
      // What a server pushes would be kept, and nobody ever reads it (RFC 9113 §8.4)
      settings: { enablePush: false },
    });
    this.#session = session;
    socket.off("close", this.#onSocketClose);
    session.on("error", (error) => {
      this.#failure ??= error;
    });
    session.once("remoteSettings", ({ maxConcurrentStreams }) => {
      // Nobody could be served, and each further connection would say the same
      if (maxConcurrentStreams === 0) this.#fail(new HandshakeError("CONNECT_UNAVAILABLE", "no streams are allowed"));
      this.#isReady = true;
      this.#serve();
    });
    session.once("close", () => this.#end());
  }

  /** Hand the session to all who wait, as far as there is room. */
  #serve(): void {
    const session = this.#session;
    for (const waiting of this.#takeWaiters()) {
      if (waiting.hasLeft) continue;
      if (session === undefined || session.closed || session.destroyed || !this.#hasRoom(session)) {
        join(this.#wish, waiting);
      } else {
        if (this.#used === 0) session.ref();
        this.#used += 1;
        waiting.waiter.ready(session, this.#lease());
      }
    }
    if (this.#used === 0 && this.#waiters.size === 0) this.#unused();
  }

  #takeWaiters(): Waiting[] {
    const taken = [...this.#waiters];
    this.#waiters.clear();
    for (const waiting of taken) waiting.at = undefined;
    return taken;
  }

  #lease(): SessionLease {
    let isOver = false;
    return {
      release: () => {
        if (isOver) return;
        isOver = true;
        this.#release();
      },
      refused: () => {
        this.#most = Math.min(this.#most, Math.max(this.#used, 1));
      },
      unanswered: () => {
        this.#isRetired = true;
      },
    };
  }

  #release(): void {
    this.#used -= 1;
    if (this.#used === 0 && this.#waiters.size === 0) this.#unused();
  }

  /** Nobody needs it now. */
  #unused(): void {
    const session = this.#session;
    if (session === undefined || !this.#isReady) {
      this.#fail(undefined);
      return;
    }
    if (session.destroyed) return;
    clearTimeout(this.#idle);
    session.unref();
    if (this.#isRetired) session.destroy();
    else this.#idle = setTimeout(() => session.close(), IDLE_MS).unref();
  }

  /** The server speaks HTTP/1.1, which nothing can be shared of. */
  #onHttp1(socket: Socket, seen: string): void {
    if (!this.#wish.orHttp1) {
      this.#fail(new HandshakeError("HTTP2_UNAVAILABLE", `the protocol that it chose is ${seen}`));
      return;
    }
    this.#isOver = true;
    sessions.delete(this);
    socket.off("close", this.#onSocketClose);
    let given: Socket | undefined = socket;
    for (const waiting of this.#takeWaiters()) {
      if (waiting.hasLeft) continue;
      waiting.waiter.http1(given);
      given = undefined;
    }
    given?.destroy();
  }

  readonly #onSocketError = (error: Error): void => {
    this.#failure ??= error;
  };

  readonly #onSocketClose = (): void => this.#end();

  #end(): void {
    const cause = this.#failure ?? new Error("the connection was closed without an answer");
    this.#fail(isNoHttp2(cause) ? new HandshakeError("HTTP2_UNAVAILABLE", undefined, { cause }) : cause);
  }

  /** It is no use, or of no use any more. */
  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    sessions.delete(this);
    clearTimeout(this.#idle);
    for (const waiting of this.#takeWaiters()) if (!waiting.hasLeft) waiting.waiter.failed(error);
    if (this.#used > 0) return;
    this.#session?.destroy();
    this.#socket?.destroy();
  }
}

/** A server that has no HTTP/2 refuses the ALPN list, or answers with what is none. */
function isNoHttp2(error: Error): boolean {
  const code = "code" in error ? String(error.code) : "";
  return code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" || code === "ERR_HTTP2_ERROR";
}

/** Options are written anew for each call; their values are what they say. */
function isSame(one: Tls, other: Tls): boolean {
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return names.length === others.length && names.every((name) => Reflect.get(one, name) === Reflect.get(other, name));
}
