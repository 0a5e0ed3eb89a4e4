import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { ExtensionOffer } from "../../engine/extensions/offer-grammar.ts";
import type { Opening } from "../../engine/handshake/opening.ts";
import { parseCookies } from "./cookies.ts";
import type { Lifetime } from "./lifetime.ts";
import type { RequestTarget } from "./request-target.ts";
import { type Forwarded, forwardedValue, type TrustedProxies } from "./trusted-proxies.ts";

/** A request as its HTTP version hands it over. */
export interface RequestSource {
  readonly httpVersion: string;
  readonly method: string;
  readonly url: string;
  /** Undefined where `url` is malformed. */
  readonly target: RequestTarget | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** The address at the other end of the socket. */
  readonly socketAddress: string | undefined;
  readonly encrypted: boolean;
  readonly raw: IncomingMessage | undefined;
  /** What the handshake's own headers say, once they are known to be valid. */
  readonly opening: Opening | undefined;
}

/** A client's opening handshake, as `upgrade` and `open` get it. Everything is worked out when it is first asked for.
 * polysocket keeps no reference to it once the handshake is over. */
export class HandshakeRequest {
  readonly #source: RequestSource;
  readonly #proxies: TrustedProxies;
  readonly #lifetime: Lifetime;
  #query: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #forwarded: Forwarded | undefined;

  constructor(source: RequestSource, proxies: TrustedProxies, lifetime: Lifetime) {
    this.#source = source;
    this.#proxies = proxies;
    this.#lifetime = lifetime;
  }

  /** "GET"; over HTTP/2 "CONNECT". */
  get method(): string {
    return this.#source.method;
  }

  /** The HTTP version by which it came: "1.1", or "2.0". */
  get httpVersion(): string {
    return this.#source.httpVersion;
  }

  /** The request's target as it was sent, query included. Not to be resolved against a base: "//other.host/" is a
   * path here and a host there. */
  get url(): string {
    return this.#source.url;
  }

  /** As it was sent, percent-encoding kept, without the query. The whole target where that is malformed. */
  get path(): string {
    return this.#source.target?.path ?? this.url;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#source.target?.query);
    return this.#query;
  }

  /** As in Node: lower-case names, several fields joined. Over HTTP/2 without pseudo-header fields; `:authority` is `host`. */
  get headers(): IncomingHttpHeaders {
    return this.#source.headers;
  }

  /** As in Node: name, value, name, value … as they were sent, pseudo-header fields too. */
  get rawHeaders(): readonly string[] {
    return this.#source.rawHeaders;
  }

  get cookies(): ReadonlyMap<string, string> {
    this.#cookies ??= parseCookies(this.headers.cookie);
    return this.#cookies;
  }

  /** The host and perhaps the port that the client asked for; with `trustProxy` from X-Forwarded-Host. */
  get host(): string {
    return this.#fromProxy("x-forwarded-host") ?? this.#source.opening?.host ?? this.headers.host ?? "";
  }

  /** Undefined where the client is no web page (or where the handshake is malformed). */
  get origin(): string | undefined {
    return this.#source.opening?.origin;
  }

  /** The subprotocols that the client offers, its preference first. */
  get subprotocols(): readonly string[] {
    return this.#source.opening?.subprotocols ?? [];
  }

  /** The extensions that the client offers. */
  get extensions(): readonly ExtensionOffer[] {
    return this.#source.opening?.extensions ?? [];
  }

  /** 13, or 8 for HyBi 08 to 12; undefined where the handshake is malformed. */
  get version(): 13 | 8 | undefined {
    return this.#source.opening?.version;
  }

  /** The address of the client; behind proxies of `trustProxy` from X-Forwarded-For, otherwise never. */
  get remoteAddress(): string | undefined {
    return this.#resolveProxies().address;
  }

  /** Whether the client came through TLS, as far as is known: ours, or with `trustProxy` by X-Forwarded-Proto. */
  get secure(): boolean {
    const scheme = this.#fromProxy("x-forwarded-proto")?.toLowerCase();
    return this.#source.encrypted || scheme === "https" || scheme === "wss";
  }

  /** Aborts when nobody waits for `upgrade` any more: the peer left, the time is up, or the server closes. */
  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  /** Node's own object; undefined where the handshake did not come over HTTP/1.1. Its stream is not to be touched. */
  get raw(): IncomingMessage | undefined {
    return this.#source.raw;
  }

  #resolveProxies(): Forwarded {
    this.#forwarded ??= this.#proxies.resolve(this.#source.socketAddress, () =>
      single(this.headers["x-forwarded-for"]),
    );
    return this.#forwarded;
  }

  #fromProxy(name: string): string | undefined {
    const { hops } = this.#resolveProxies();
    return hops === 0 ? undefined : forwardedValue(single(this.headers[name]), hops);
  }
}

/** Node joins these headers; only the types leave room for an array. */
function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}
