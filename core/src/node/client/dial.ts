/**
 * One attempt at a server, over the HTTP version that was asked for.
 * In: where, an opening, and which versions may be. Out: exactly one of an answer and a failure. It does not judge what the
 * server said. Once it is cancelled nothing comes of it any more.
 */
import type * as http from "node:http";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { HandshakeError, type HandshakeResponse, TransportError, UsageError } from "../../engine/errors.ts";
import { type ClientOpening, connectFields, requestHeaders } from "../../engine/handshake/client.ts";
import type { HeaderList } from "../../engine/handshake/header-list.ts";
import { Http2StreamTransport } from "../transport/http2-stream-transport.ts";
import { peerAddress } from "../transport/peer-address.ts";
import { SocketTransport } from "../transport/socket-transport.ts";
import type { Transport } from "../transport/transport.ts";
import { awaitSettings } from "./await-settings.ts";
import type { ClientUrl } from "./client-url.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { dialHttp1 } from "./dial-http1.ts";
import { dialHttp2, type Http2Response } from "./dial-http2.ts";
import { type SessionLease, type SessionWaiter, takeSession } from "./http2-sessions.ts";

const NOTHING = new Uint8Array(0);
const { NGHTTP2_HTTP_1_1_REQUIRED, NGHTTP2_REFUSED_STREAM } = constants;

/** A session of the application's is not shared here. */
const OWN: SessionLease = { release() {}, refused() {}, unanswered() {} };

/** Which HTTP versions may be: 1.1 alone, 2 alone, whichever the server chooses, or this session. */
export type Http2Choice = boolean | "auto" | ClientHttp2Session;

export interface DialWish {
  readonly url: ClientUrl;
  readonly opening: ClientOpening;
  readonly agent: http.Agent | undefined;
  readonly tls: NonNullable<ConnectOptions["tls"]>;
  readonly tcp: NonNullable<ConnectOptions["tcp"]>;
  readonly maxHeadBytes: number | undefined;
  readonly http2: Http2Choice;
}

/** What a server answered. */
export interface Answer {
  /** Its body is unread. */
  readonly received: HandshakeResponse;
  /** As the response said it; "2.0" only where HTTP/2 was spoken. */
  readonly httpVersion: string;
  /** Whether an HTTP/2 response ended its stream. */
  readonly endStream: boolean;
}

/** What a connection can go on with. */
export interface DialedChannel {
  readonly remoteAddress: string | undefined;
  /** What came together with the answer. */
  readonly head: Uint8Array;
  /** @throws UsageError where the agent's socket is none */
  take(): Transport;
  /** Errors of what is given up are nobody's. */
  discard(): void;
}

/** Who hears what comes of it; one call in all. */
export interface DialOutcome {
  /** A 101, or a 2xx over HTTP/2, with the way to go on. */
  opened(answer: Answer, channel: DialedChannel): void;
  /** Any other answer. */
  answered(answer: Answer, body: Readable): void;
  /** @param error HandshakeError, TransportError, or what the application has to hear as it is */
  failed(error: unknown): void;
}

/** Dial.
 * @returns to cancel it
 * @throws what Node throws for wrong TLS options */
export function dial(wish: DialWish, outcome: DialOutcome): () => void {
  const { http2, url } = wish;
  // Without TLS there is no ALPN, and HTTP/1.1 is what every server without it speaks
  if (http2 === false || (http2 === "auto" && !url.secure)) return overHttp1(wish, outcome);
  const attempt = new Http2Attempt(wish, outcome);
  if (typeof http2 === "object") attempt.over(http2);
  else attempt.overShared(http2 === "auto");
  return () => attempt.cancel();
}

function overHttp1(wish: DialWish, outcome: DialOutcome, socket?: Socket): () => void {
  const { url, opening, agent, tls, tcp, maxHeadBytes } = wish;
  const headers = requestHeaders(opening);
  return dialHttp1(
    { url, headers, agent, tls, tcp, maxHeadBytes, socket },
    {
      upgraded: (response, upgraded, head) =>
        outcome.opened(answerOf1(response, headers), http1Channel(upgraded, head)),
      answered: (response) => outcome.answered(answerOf1(response, headers), response),
      failed: (error) => outcome.failed(dialError(error)),
    },
  );
}

/** A try over HTTP/2, which may become one over HTTP/1.1. */
class Http2Attempt {
  readonly #wish: DialWish;
  readonly #outcome: DialOutcome;
  #isCancelled = false;
  #isAnswered = false;
  #mayRetry = true;
  #cancel: () => void = () => {};

  constructor(wish: DialWish, outcome: DialOutcome) {
    this.#wish = wish;
    this.#outcome = outcome;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#cancel();
  }

  /** Over a session of the application's. */
  over(session: ClientHttp2Session): void {
    this.#mayRetry = false;
    this.#cancel = awaitSettings(session, (error) => {
      if (error === undefined) this.#ask(session, false, OWN);
      else this.#outcome.failed(dialError(error));
    });
  }

  /** Over one that is shared with other connections to the origin. */
  overShared(orHttp1: boolean): void {
    const { url, tls } = this.#wish;
    const waiter: SessionWaiter = {
      ready: (session, lease) => this.#ask(session, orHttp1, lease),
      http1: (socket) => this.#overHttp1(socket),
      failed: (error) => this.#outcome.failed(error instanceof HandshakeError ? error : dialError(error)),
    };
    this.#cancel = takeSession({ url, tls, orHttp1 }, waiter);
  }

  #ask(session: ClientHttp2Session, orHttp1: boolean, lease: SessionLease): void {
    const { url, opening } = this.#wish;
    if (session.remoteSettings.enableConnectProtocol !== true) {
      lease.release();
      if (orHttp1) this.#overHttp1(undefined);
      else this.#outcome.failed(new HandshakeError("CONNECT_UNAVAILABLE"));
      return;
    }
    const fields = connectFields(opening, { scheme: url.secure ? "https" : "http", path: url.target });
    const tell = {
      answered: (response: Http2Response, stream: ClientHttp2Stream) => this.#answered(response, stream, fields),
      failed: (error: Error, errorCode?: number) => {
        if (errorCode === NGHTTP2_REFUSED_STREAM) lease.refused();
        this.#failed(error, errorCode, orHttp1);
      },
    };
    try {
      const cancel = dialHttp2(session, fields, tell, lease.release);
      this.#cancel = () => {
        if (!this.#isAnswered) lease.unanswered();
        cancel();
      };
    } catch (error) {
      lease.release();
      this.#outcome.failed(session.closed || session.destroyed ? dialError(error) : unsendable(error));
    }
  }

  #answered(response: Http2Response, stream: ClientHttp2Stream, sentHeaders: HeaderList): void {
    this.#isAnswered = true;
    const { statusCode, headers, rawHeaders, endStream } = response;
    const received = { statusCode, reasonPhrase: "", headers, rawHeaders, sentHeaders, body: NOTHING };
    const answer = { received, httpVersion: "2.0", endStream };
    const isOpen = statusCode >= 200 && statusCode <= 299 && !endStream;
    if (isOpen) this.#outcome.opened(answer, http2Channel(stream));
    else this.#outcome.answered(answer, stream);
  }

  #failed(error: Error, errorCode: number | undefined, orHttp1: boolean): void {
    if (errorCode === NGHTTP2_HTTP_1_1_REQUIRED && orHttp1) {
      this.#overHttp1(undefined);
    } else if (errorCode === NGHTTP2_REFUSED_STREAM && this.#mayRetry) {
      // RFC 9113 §8.7: nothing was done with it, as when the server says goodbye to the session
      this.#mayRetry = false;
      this.overShared(orHttp1);
    } else {
      this.#outcome.failed(dialError(error));
    }
  }

  #overHttp1(socket: Socket | undefined): void {
    if (this.#isCancelled) {
      socket?.destroy();
      return;
    }
    try {
      this.#cancel = overHttp1(this.#wish, this.#outcome, socket);
    } catch (error) {
      this.#outcome.failed(error);
    }
  }
}

function http1Channel(socket: Duplex, head: Buffer): DialedChannel {
  return {
    remoteAddress: socket instanceof Socket ? peerAddress(socket) : undefined,
    head,
    take() {
      if (socket instanceof Socket) return new SocketTransport(socket);
      throw new UsageError("the agent's socket is no net.Socket; give an agent that makes TCP, TLS or Unix sockets");
    },
    discard: () => socket.on("error", ignore),
  };
}

function http2Channel(stream: ClientHttp2Stream): DialedChannel {
  const socket = stream.session?.socket;
  return {
    remoteAddress: socket === undefined ? undefined : peerAddress(socket),
    head: NOTHING,
    take: () => new Http2StreamTransport(stream),
    discard: ignore,
  };
}

/** Node refuses what it thinks no request has, such as two Authorization fields. */
function unsendable(cause: unknown): UsageError {
  const problem = new UsageError(`the headers cannot be sent over HTTP/2: ${describe(cause)}; give others`);
  problem.cause = cause;
  return problem;
}

/** Nothing of Node's own objects is kept. */
function answerOf1(response: http.IncomingMessage, sentHeaders: HeaderList): Answer {
  const { statusCode = 0, statusMessage: reasonPhrase = "", headers, rawHeaders, httpVersion } = response;
  const received = { statusCode, reasonPhrase, headers, rawHeaders, sentHeaders, body: NOTHING };
  return { received, httpVersion, endStream: false };
}

/** Node's http parser says with HPE_ codes what is not HTTP; all else is the network's or TLS's. */
function dialError(error: unknown): HandshakeError | TransportError {
  const isParserError = error instanceof Error && "code" in error && String(error.code).startsWith("HPE_");
  if (isParserError) {
    // The whole read that could not be parsed, up to 64 KiB of the peer's bytes, for as long as the error is kept
    Reflect.deleteProperty(error, "rawPacket");
    return new HandshakeError("RESPONSE_INVALID", error.message, { cause: error });
  }
  return new TransportError("CONNECT_FAILED", describe(error), { cause: error });
}

/** Where every address of a name failed, Node's error has no text of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** For errors of what is given up, which without a listener would end the process. */
function ignore(): void {}
