/**
 * An opening handshake that came as an extended CONNECT over HTTP/2.
 * In: what Node's 'stream' event gives. Out: a transport over the accepted stream, or a refusal written to it.
 * What a peer sends before it has its answer waits in the stream, up to its flow-control window.
 */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { HandshakeError, UsageError } from "../../engine/errors.ts";
import type { Acceptance } from "../../engine/handshake/acceptance.ts";
import { HeaderFields } from "../../engine/handshake/header-grammar.ts";
import { groupFields } from "../../engine/handshake/header-list.ts";
import { type ConnectOpening, readConnect } from "../../engine/handshake/http2-request.ts";
import { acceptanceFields, refusalFields } from "../../engine/handshake/http2-response.ts";
import { nodePlatform } from "../connection/node-platform.ts";
import { Http2StreamTransport } from "../transport/http2-stream-transport.ts";
import { peerAddress } from "../transport/peer-address.ts";
import type { AcceptedChannel, HandshakeChannel } from "./handshake-channel.ts";
import type { RequestSource } from "./handshake-request.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { parseTarget, type RequestTarget } from "./request-target.ts";

const NOTHING = new Uint8Array(0);

/** How long a refused peer may take to read its answer. */
const LINGER_MS = 2_000;

/** One handshake over HTTP/2. */
export class Http2Channel implements HandshakeChannel {
  readonly source: Http2Source;
  readonly #stream: ServerHttp2Stream;
  readonly fault = undefined;
  #fault: HandshakeError | undefined;
  #isRefused = false;
  #onGone: (() => void) | undefined;

  /** Takes nothing over yet: until another method is called the stream can be left to others. */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.source = new Http2Source(stream, headers, rawHeaders);
    this.#stream = stream;
  }

  /** Make the stream ours.
   * @param fault why it is not to be accepted, whatever it asks for */
  take(fault?: HandshakeError): void {
    this.#fault = fault;
    this.#stream.on("error", ignoreError);
  }

  readOpening(): HandshakeError | undefined {
    this.#isRefused = this.#fault?.code === "TOO_MANY_STREAMS";
    return this.#fault ?? this.source.readOpening();
  }

  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed || this.#stream.readableEnded;
  }

  watch(onGone: () => void): void {
    this.#onGone = onGone;
    this.#stream.on("end", onGone);
    this.#stream.on("close", onGone);
  }

  accept(acceptance: Acceptance): AcceptedChannel {
    const { opening } = this.source;
    if (opening === undefined) throw new UsageError("the handshake was not read; call readOpening first");
    const stream = this.#stream;
    const fields = acceptanceFields(opening, acceptance, nodePlatform.sha1);
    this.#unwatch();
    const transport = new Http2StreamTransport(stream);
    stream.off("error", ignoreError);
    // The frame is not written before the turn ends
    stream.respond({ ...groupFields(fields), ":status": 200 });
    return { transport, preface: NOTHING, head: NOTHING };
  }

  refuse({ statusCode, headers, body }: HttpAnswer, done: () => void): boolean {
    const fields = this.#isRefused ? [] : refusalFields({ statusCode, headers, bodyLength: body.length });
    this.#unwatch();
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return false;
    const timer = setTimeout(() => this.destroy(), LINGER_MS);
    stream.once("close", () => {
      clearTimeout(timer);
      done();
    });
    if (this.#isRefused) {
      // No answer: it may be asked for again elsewhere (RFC 9113 §8.7)
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return true;
    }
    stream.respond({ ...groupFields(fields), ":status": statusCode }, { endStream: body.length === 0 });
    // RFC 9113 §8.1: the answer is whole, and what the peer would still send is not wanted
    const reset = (): void => stream.close(constants.NGHTTP2_NO_ERROR);
    // A reset in this turn would overtake the answer
    if (body.length === 0) setImmediate(reset);
    else stream.end(body, reset);
    return true;
  }

  destroy(): void {
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#stream.destroy();
  }

  #unwatch(): void {
    if (this.#onGone === undefined) return;
    this.#stream.off("end", this.#onGone);
    this.#stream.off("close", this.#onGone);
    this.#onGone = undefined;
  }
}

/** A request as Node's HTTP/2 delivers it. */
class Http2Source implements RequestSource {
  readonly httpVersion = "2.0";
  readonly url: string;
  readonly target: RequestTarget | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly raw = undefined;
  readonly #stream: ServerHttp2Stream;
  #opening: ConnectOpening | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.#stream = stream;
    this.url = headers[":path"] ?? "";
    this.rawHeaders = rawHeaders;
    this.headers = likeHttp1(headers);
    this.target = parseTarget(this.url, undefined);
  }

  get method(): string {
    return "CONNECT";
  }

  get socketAddress(): string | undefined {
    const socket = this.#stream.session?.socket;
    return socket === undefined ? undefined : peerAddress(socket);
  }

  get encrypted(): boolean {
    return this.#stream.session?.encrypted === true;
  }

  get opening(): ConnectOpening | undefined {
    return this.#opening;
  }

  readOpening(): HandshakeError | undefined {
    try {
      const headers = HeaderFields.fromRaw(this.rawHeaders);
      this.#opening = readConnect({ headers, endStream: this.#stream.endAfterHeaders });
      return undefined;
    } catch (error) {
      if (error instanceof HandshakeError) return error;
      throw error;
    }
  }
}

/** The fields under the names that HTTP/1.1 has for them, so that an application need not ask which version it was. */
function likeHttp1(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const fields: IncomingHttpHeaders = Object.create(null);
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(":")) fields[name] = value;
  fields.host ??= headers[":authority"];
  return fields;
}

/** 'close' follows every error and is what tells. */
function ignoreError(): void {
  // Without a listener Node would end the process
}
