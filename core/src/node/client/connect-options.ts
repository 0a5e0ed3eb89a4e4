import type * as http from "node:http";
import type { ClientHttp2Session } from "node:http2";
import type { TcpNetConnectOpts } from "node:net";
import type { ConnectionOptions as TlsConnectionOptions } from "node:tls";
import type { HandshakeResponse } from "../../engine/errors.ts";
import type { HeadersInput } from "../../engine/handshake/header-list.ts";
import type { ConnectionOptions, Handlers } from "../connection/settings.ts";

/** Handlers and options of `connect`. The `open` handler gets the server's response. */
export interface ConnectOptions<Data = undefined> extends Handlers<Data, HandshakeResponse>, ConnectionOptions {
  /** `connection.data` from the beginning. */
  readonly data?: Data;
  /** Offered to the server, most wanted first. Default: none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** The application's own, such as Authorization or Cookie; those of the handshake itself cannot be set. */
  readonly headers?: HeadersInput | undefined;
  /** What a browser would tell about its page. Default: none. */
  readonly origin?: string | undefined;
  /** 13, or 8 for servers of HyBi 08 to 12. Default 13. */
  readonly version?: 13 | 8 | undefined;
  /** Whether it is a failure, SUBPROTOCOL_MISSING, when the server selects none of the offered subprotocols. Default false:
   * the connection then has none (RFC 6455 §4.1). */
  readonly requireSubprotocol?: boolean | undefined;
  /** Makes the socket, through a proxy for instance; an `https.Agent` for wss:. A function is asked anew after each
   * redirect, with the ws:, wss: or ws+unix: URL. Default: a new socket without an agent. */
  readonly agent?: http.Agent | ((url: URL) => http.Agent | undefined) | undefined;
  /** What `tls.connect` takes: `ca`, `cert`, `key`, `servername`, `rejectUnauthorized` and others. */
  readonly tls?: TlsConnectionOptions | undefined;
  /** What `net.connect` takes beside host and port: `localAddress`, `family`, `lookup` and others; for wss: too. Not together
   * with `http2`. */
  readonly tcp?: Omit<Partial<TcpNetConnectOpts>, "host" | "port"> | undefined;
  /** Longest head of the server's answer over HTTP/1.1, in bytes. Over it: RESPONSE_INVALID. Default: Node's 16 KiB. */
  readonly maxHeadBytes?: number | undefined;
  /** WebSocket over HTTP/2 (RFC 8441): true for HTTP/2 alone, over TLS by ALPN and without TLS by prior knowledge; "auto" for
   * what the server chooses by ALPN, and HTTP/1.1 where it does not take WebSocket over HTTP/2 or there is no TLS. Connections to
   * one origin with the same `tls` options share an HTTP/2 connection. A session of `http2.connect` is used as it is, and
   * stays the application's. Not together with `agent`. Default false. */
  readonly http2?: boolean | "auto" | ClientHttp2Session | undefined;
  /** For everything up to the opened connection: names, TCP, TLS, proxies, redirects, the response. Default 10,000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** How many redirects are followed; true for 10. Default false. Credentials do not leave their origin. */
  readonly followRedirects?: boolean | number | undefined;
  /** Ends the handshake (`connect` rejects with the signal's reason), and later the connection (as `close(1001)`). */
  readonly signal?: AbortSignal | undefined;
  /** With anything else than false the connection comes back when it is lost: see `ReconnectingOptions`. */
  readonly reconnect?: false | undefined;
}
