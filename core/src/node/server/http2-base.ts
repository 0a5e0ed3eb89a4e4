/**
 * The server under `serve` where it speaks HTTP/2 besides HTTP/1.1: one port with TLS, and ALPN chooses.
 * In: limits. Out: Node's server, and the end of the HTTP/2 connections that nobody uses.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { TlsOptions } from "node:tls";

/** Node refuses new streams of a connection that has more than this under way; its default, 10, is one large message. */
const SESSION_MEMORY_MB = 64;
/** RFC 9113 §6.5.2: the largest number of streams that a setting can have. */
const MOST_STREAMS = 0xffff_ffff;

/** How long somebody may take. */
export interface Http2BaseOptions {
  readonly tls: TlsOptions;
  readonly maxStreams: number;
  /** For TLS, for an HTTP/1.1 request, and for an HTTP/2 connection without any stream; 0 for ever. */
  readonly timeoutMs: number;
  readonly connectionsCheckingInterval: number;
  /** Called for a socket, which may be Node's stand-in for it, whose HTTP/2 connection has opened its first stream. */
  readonly asked: (socket: Socket) => void;
}

export type PlainListener = (
  request: IncomingMessage | http2.Http2ServerRequest,
  response: ServerResponse | http2.Http2ServerResponse,
) => void;

/** An https server that also speaks HTTP/2, and its connections. */
export interface Http2Base {
  readonly server: http2.Http2SecureServer;
  readonly sessions: ReadonlySet<http2.ServerHttp2Session>;
}

export function createHttp2Base(options: Http2BaseOptions, listener: PlainListener): Http2Base {
  const { tls, timeoutMs, maxStreams, connectionsCheckingInterval } = options;
  const given = "settings" in tls ? (tls.settings as http2.Settings) : {};
  // Told, so that clients and proxies open another connection in time
  const maxConcurrentStreams = Math.min(maxStreams, MOST_STREAMS);
  const settings = { maxConcurrentStreams, ...given, enableConnectProtocol: true };
  const base = { maxSessionMemory: SESSION_MEMORY_MB, handshakeTimeout: timeoutMs || 120_000, ...tls };
  const server = http2.createSecureServer({ ...base, settings, allowHTTP1: true }, listener);
  // Options of Node's http servers, which it reads only from the server itself where that has HTTP/2
  Object.assign(server, { headersTimeout: timeoutMs, requestTimeout: timeoutMs, connectionsCheckingInterval });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    endWhenIdle(session, timeoutMs);
    session.once("stream", () => session.destroyed || options.asked(session.socket));
  });
  // What is wrong with a session ends it; without a listener that would be a warning to nobody
  server.on("sessionError", () => {});
  return { server, sessions };
}

/** End a connection on which nothing happens and nothing is open, also one whose first request never becomes whole. */
function endWhenIdle(session: http2.ServerHttp2Session, timeoutMs: number): void {
  let open = 0;
  session.on("stream", (stream) => {
    open += 1;
    stream.once("close", () => {
      open -= 1;
    });
  });
  session.setTimeout(timeoutMs, () => {
    if (open === 0) session.destroy();
  });
  // Node's timer would hold a session that has ended until it rings
  session.once("close", () => session.setTimeout(0));
}
