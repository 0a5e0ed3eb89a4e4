import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { TlsOptions } from "node:tls";
import type { HandshakeError } from "../../engine/errors.ts";
import type { ConnectionOptions, Handlers } from "../connection/settings.ts";
import type { HandshakeRate, MaxConnectionsPerAddress } from "./address-limit.ts";
import type { SubprotocolChoice, Upgrade } from "./decision.ts";
import type { HandshakeRequest } from "./handshake-request.ts";
import type { OriginPolicy } from "./origin.ts";
import type { Http2Limits } from "./session-guard.ts";
import type { TrustProxy } from "./trusted-proxies.ts";

/** What the application does at one path. */
export interface RouteHandlers<Data = undefined> extends Handlers<Data, HandshakeRequest> {
  /** Decide on a handshake, after the origin was found allowed. May be async; while it is, at most
   * `maxPendingHandshakes` others are, and `request.signal` tells when nobody waits any more.
   * An error that it throws is answered with 500, without its text. */
  upgrade?: Upgrade<Data>;
}

/** The handlers and options that all servers have. */
export interface EndpointOptions<Data = undefined> extends RouteHandlers<Data>, ConnectionOptions {
  /** The one path that is served, as it is in a URL, percent-encoded. Default: every path. */
  readonly path?: string | undefined;
  /** Handlers for several paths, instead of `path` and of handlers here. Only `upgrade` may stand beside it: it
   * decides for the routes that have none of their own. */
  readonly routes?: Readonly<Record<string, RouteHandlers<Data>>> | undefined;
  /** Most wanted first; or a function of what the client offers. Default: none. */
  readonly subprotocols?: readonly string[] | SubprotocolChoice | undefined;
  /** Whose web pages may connect. Default "same-origin". Clients that send no Origin may always. */
  readonly origins?: OriginPolicy | undefined;
  /** Which proxies may tell the client's address, scheme and host by X-Forwarded-For, -Proto and -Host. */
  readonly trustProxy?: TrustProxy | undefined;
  /** How long `upgrade` may take, and on a server of our own the request before it. Default 10,000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Most handshakes that wait for the application at a time. Default 1,000. The next one is refused with 503 TOO_MANY_HANDSHAKES.
   * On a server of our own also most clients that have not asked for anything yet: of more, the one that waits longest is cut off. */
  readonly maxPendingHandshakes?: number | undefined;
  /** Most connections at a time; the next one is refused with 503 TOO_MANY_CONNECTIONS. Default: one for each 16 KiB that the
   * machine, the container or V8's heap has, the least of them: 32,768 for 512 MiB. */
  readonly maxConnections?: number | undefined;
  /** Most connections of one address at a time, handshakes under way included; the next one is refused with 429
   * TOO_MANY_FROM_ADDRESS. The address is the client's `remoteAddress`: behind proxies of `trustProxy` the one that they tell.
   * A function is asked at each handshake. Default 1,024, but any number for addresses of this machine and of private networks,
   * which may be proxies. */
  readonly maxConnectionsPerAddress?: MaxConnectionsPerAddress | undefined;
  /** How quickly one address may ask for connections: `perSecond`, and `burst` at once; more are refused with 429
   * HANDSHAKES_TOO_QUICK. Default 100 and 1,024, but any number for addresses of this machine and of private networks; false
   * for no limit. */
  readonly handshakeRate?: false | HandshakeRate | undefined;
  /** How many bits of an IPv6 address count as the address, because its owner has a network. Default 64. */
  readonly ipv6PrefixBits?: number | undefined;
  /** What one HTTP/2 connection may ask for; without meaning where there is no HTTP/2. */
  readonly http2Limits?: Partial<Http2Limits> | undefined;
  /** A handshake came to nothing: it was refused by us or by `upgrade`, or the peer left. The answer is on its way.
   * Without it an application's fault (UPGRADE_FAILED, see `error.cause`) becomes a process warning. */
  upgradeError?(error: HandshakeError, request: HandshakeRequest): unknown;
}

/** Options of `attach`. */
export type AttachOptions<Data = undefined> = EndpointOptions<Data>;

/** Options of `serve`. */
export interface ServeOptions<Data = undefined> extends EndpointOptions<Data> {
  /** Default 0: any that is free, see `server.url`. */
  readonly port?: number | undefined;
  /** Default: all addresses, as in Node. */
  readonly host?: string | undefined;
  /** Serve wss: the key, the certificate and whatever else `https.createServer` takes. */
  readonly tls?: TlsOptions | undefined;
  /** Speak HTTP/2 as well as HTTP/1.1 on the port, as each client chooses (ALPN); needs `tls`. Default false. */
  readonly http2?: boolean | undefined;
  /** Answers plain requests. Default: 426 Upgrade Required at the paths that are served (405 over HTTP/2), 404 elsewhere. */
  request?(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): unknown;
}

/** How `close` of a server goes about it. */
export interface CloseOptions {
  /** Sent to all clients. Default 1001, going away. */
  readonly code?: number | undefined;
  /** At most 123 bytes of UTF-8. Default "". */
  readonly reason?: string | undefined;
  /** How long the clients may take before they are cut off, from the last Close frame on. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Over how long the Close frames are spread, evenly and in the order in which the connections were opened, so that the clients
   * do not come back all at once. Until its turn a connection goes on as before. Default 0: all now. */
  readonly spreadMs?: number | undefined;
}
