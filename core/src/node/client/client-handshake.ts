/**
 * A client's opening handshake from the URL to the connection, redirects included.
 * In: settings, a URL. Out: exactly one of a connection and an error. One deadline and one signal are over all of it;
 * whatever happens after the outcome is known is ignored, and its socket destroyed.
 */
import type { Readable } from "node:stream";
import { HandshakeError, type HandshakeResponse, UsageError } from "../../engine/errors.ts";
import { CLOSE_CODE } from "../../engine/frames/close-code.ts";
import { formatExtensions } from "../../engine/extensions/offer-grammar.ts";
import { encodeBase64 } from "../../engine/handshake/accept-key.ts";
import {
  type Agreement,
  type ClientOpening,
  checkConnectResponse,
  checkResponse,
  requestHeaders,
} from "../../engine/handshake/client.ts";
import { HeaderFields } from "../../engine/handshake/header-grammar.ts";
import type { HeaderList } from "../../engine/handshake/header-list.ts";
import type { DeflateOffer, Negotiated } from "../compression/deflate-negotiation.ts";
import { type Connection, ConnectionFactory } from "../connection/connection.ts";
import { type Counters, makeCounters } from "../connection/counters.ts";
import { nodePlatform } from "../connection/node-platform.ts";
import type { ClientSettings } from "./client-settings.ts";
import { type ClientUrl, parseClientUrl } from "./client-url.ts";
import { type Answer, type DialedChannel, dial } from "./dial.ts";
import { isRedirect, redirectTarget, withoutCredentials, withoutIdentity } from "./redirect.ts";
import { readRefusalBody } from "./refusal-body.ts";

/** Who hears what comes of it; one call in all, and not within `start` unless the agent's own code aborts the signal. */
export interface ClientOutcome<Data> {
  /** Before the open handler, and in an earlier turn than the first message. */
  opened(connection: Connection<Data>): void;
  failed(error: unknown): void;
}

/** setTimeout takes no more. */
const LONGEST_MS = 0x7fffffff;

/** Connections have to count somewhere; nobody asks for the numbers of clients. */
const counters: Counters = makeCounters();

/** An opening with what it offers, before that is written. */
interface SentOpening extends ClientOpening {
  readonly deflate: DeflateOffer | undefined;
}

/** What the server's answer means. */
interface Agreed {
  readonly agreement: Agreement;
  readonly negotiated: Negotiated | undefined;
}

export class ClientHandshake<Data> {
  readonly #settings: ClientSettings<Data>;
  readonly #outcome: ClientOutcome<Data>;
  #url: ClientUrl;
  /** What goes along: less of it after a redirect to another origin. */
  #headers: HeaderList;
  #tls: ClientSettings<Data>["tls"];
  #http2: ClientSettings<Data>["http2"];
  #redirects = 0;
  /** What is offered to the server that is asked now. */
  #deflate: DeflateOffer | undefined;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  /** Gives up whatever is under way. */
  #giveUp: () => void = () => {};
  /** Ends the reading of a refusal's body early; its error is known already. */
  #endBody: (() => void) | undefined;

  /** @throws UsageError for a URL that cannot be dialed, and for values that cannot be sent */
  constructor(url: string | URL, settings: ClientSettings<Data>, outcome: ClientOutcome<Data>) {
    this.#settings = settings;
    this.#outcome = outcome;
    this.#url = parseClientUrl(url);
    this.#headers = settings.headers;
    this.#tls = settings.tls;
    this.#http2 = settings.http2;
    requestHeaders(this.#makeOpening());
    this.#headers = withAuthorization(this.#headers, this.#url);
  }

  start(): void {
    const { signal, handshakeTimeoutMs } = this.#settings;
    if (signal?.aborted === true) {
      process.nextTick(() => this.cancel(signal.reason));
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    if (handshakeTimeoutMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#expire(), Math.min(handshakeTimeoutMs, LONGEST_MS));
    }
    this.#dial();
  }

  /** Give up; without effect once the outcome is known. */
  cancel(reason: unknown): void {
    this.#fail(reason);
  }

  #makeOpening(deflate?: DeflateOffer): SentOpening {
    const { subprotocols, requiresSubprotocol, origin, version } = this.#settings;
    // RFC 6455 §4.1: a new nonce for each connection
    const key = encodeBase64(nodePlatform.randomBytes(16));
    const extensions = formatExtensions(deflate?.offers ?? []);
    const [{ host }, headers] = [this.#url, this.#headers];
    return { host, key, version, origin, subprotocols, requiresSubprotocol, extensions, headers, deflate };
  }

  #dial(): void {
    const url = this.#url;
    this.#deflate?.release();
    this.#deflate = this.#settings.connection.compression?.offer();
    const opening = this.#makeOpening(this.#deflate);
    try {
      const agent = this.#settings.agentFor(url.href);
      // The agent's code is the application's, which may abort the signal
      if (this.#isOver) return;
      const { tcp, maxHeadBytes } = this.#settings;
      const wish = { url, opening, agent, tls: this.#tls, tcp, maxHeadBytes, http2: this.#http2 };
      this.#giveUp = dial(wish, {
        opened: (answer, channel) => this.#onOpened(answer, channel, opening),
        answered: (answer, body) => this.#onAnswered(answer, body, opening),
        failed: (error) => this.#fail(error),
      });
      if (this.#isOver) this.#giveUp();
    } catch (error) {
      // An agent that throws, or options for TLS that Node does not take
      process.nextTick(() => this.#fail(callersMistake(error, url)));
    }
  }

  #onOpened(answer: Answer, channel: DialedChannel, opening: SentOpening): void {
    const { received } = answer;
    try {
      const agreement = agree(answer, opening);
      const negotiated = this.#negotiate(agreement, opening, received);
      this.#open(answer, { agreement, negotiated }, channel);
    } catch (error) {
      channel.discard();
      this.#fail(error);
    }
  }

  #negotiate({ extensions }: Agreement, { deflate }: SentOpening, response: HandshakeResponse): Negotiated | undefined {
    if (deflate === undefined) return undefined;
    const { statusCode } = response;
    return this.#settings.connection.compression?.conclude(extensions, deflate, { statusCode, response });
  }

  #onAnswered(answer: Answer, body: Readable, opening: SentOpening): void {
    const { received } = answer;
    if (isRedirect(received) && this.#settings.mostRedirects > 0) {
      body.on("error", ignore);
      this.#giveUp();
      this.#follow(received);
      return;
    }
    const endBody = readRefusalBody(body, (start) => {
      this.#judge({ ...answer, received: { ...received, body: start } }, opening);
    });
    const giveUp = this.#giveUp;
    this.#endBody = endBody;
    this.#giveUp = () => {
      endBody();
      giveUp();
    };
  }

  /** An answer that opens nothing: say why. */
  #judge(answer: Answer, opening: SentOpening): void {
    try {
      agree(answer, opening);
      // It looks right but was no upgrade for Node: there is no socket to go on with
      throw new HandshakeError("RESPONSE_INVALID", undefined, { response: answer.received });
    } catch (error) {
      this.#fail(error);
    }
  }

  #follow(received: HandshakeResponse): void {
    this.#redirects += 1;
    const { mostRedirects } = this.#settings;
    try {
      if (this.#redirects > mostRedirects) {
        throw new HandshakeError("TOO_MANY_REDIRECTS", `${mostRedirects} were followed`, { response: received });
      }
      const target = redirectTarget(this.#url, received);
      if (target.origin !== this.#url.origin) {
        this.#headers = withoutCredentials(this.#headers);
        this.#tls = withoutIdentity(this.#tls);
        // The application's session leads to the origin that it was made for
        if (typeof this.#http2 === "object") this.#http2 = "auto";
      }
      this.#headers = withAuthorization(this.#headers, target);
      this.#url = target;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#dial();
  }

  #open({ received, httpVersion }: Answer, { agreement, negotiated }: Agreed, channel: DialedChannel): void {
    const { kit, connection: settings, handlers, signal } = this.#settings;
    const transport = channel.take();
    const { remoteAddress, head } = channel;
    this.#finish();
    const info = {
      httpVersion,
      path: this.#url.target.replace(/\?.*$/s, ""),
      remoteAddress,
      subprotocol: agreement.subprotocol ?? "",
      extensions: negotiated?.extensions ?? "",
    };
    const deflate = negotiated?.scheme;
    // Whoever gives no data says that it is undefined
    const data = handlers.data as Data;
    const kind = { role: "client", settings, handlers, counters, onEnded: ignore } as const;
    const start = { transport, info, data, deflate, head, request: received, learnsBy: "promise" } as const;
    new ConnectionFactory<Data>(kind, kit).open(start, (connection) => {
      if (signal !== undefined) obey(signal, connection);
      this.#outcome.opened(connection);
    });
  }

  #expire(): void {
    if (this.#endBody !== undefined) this.#endBody();
    else this.#fail(new HandshakeError("HANDSHAKE_TIMEOUT", `${this.#settings.handshakeTimeoutMs} ms`));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.#giveUp();
    this.#outcome.failed(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#deflate?.release();
    clearTimeout(this.#timer);
    this.#settings.signal?.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => this.#fail(this.#settings.signal?.reason);
}

/** After the opening the signal closes the connection. */
function obey<Data>(signal: AbortSignal, connection: Connection<Data>): void {
  const onAbort = (): void => connection.close(CLOSE_CODE.goingAway);
  signal.addEventListener("abort", onAbort);
  void connection.closed.then(() => signal.removeEventListener("abort", onAbort));
}

/** What Node throws for an agent of the other scheme names neither the agent nor the URL. */
function callersMistake(error: unknown, { secure }: ClientUrl): unknown {
  if (!(error instanceof TypeError && "code" in error && error.code === "ERR_INVALID_PROTOCOL")) return error;
  const [scheme, agent] = secure ? ["wss:", "https.Agent"] : ["ws:", "http.Agent"];
  const problem = new UsageError(
    `the agent is not for ${scheme}; give an ${agent}, or a function that chooses by the URL`,
  );
  problem.cause = error;
  return problem;
}

/** The application's own header is stronger than the URL. */
function withAuthorization(headers: HeaderList, { authorization }: ClientUrl): HeaderList {
  if (authorization === undefined || headers.some(([name]) => name.toLowerCase() === "authorization")) return headers;
  return [...headers, ["Authorization", authorization]];
}

function agree({ received, httpVersion, endStream }: Answer, opening: SentOpening): Agreement {
  const { statusCode, rawHeaders } = received;
  const offers = opening.deflate?.offers ?? [];
  const response = { statusCode, headers: HeaderFields.fromRaw(rawHeaders), received };
  if (httpVersion === "2.0") return checkConnectResponse(response, endStream, opening, offers);
  if (statusCode === 101 && httpVersion !== "1.1") {
    throw new HandshakeError("HTTP_VERSION_TOO_LOW", `seen ${httpVersion}`, { response: received });
  }
  return checkResponse(response, opening, nodePlatform.sha1, offers);
}

/** For errors of what is given up, which without a listener would end the process, and for what only a server wants to
 * know. */
function ignore(): void {}
