import * as net from "node:net";
import * as tls from "node:tls";
import type { ClientUrl } from "./client-url.ts";
import type { ConnectOptions } from "./connect-options.ts";

/** Dial a server's TCP, TLS or Unix socket.
 * @param options of TLS, and of the TCP socket below it
 * @param protocols for ALPN, most wanted first (RFC 7301) */
export function openSocket(
  url: ClientUrl,
  options: NonNullable<ConnectOptions["tls"]> & NonNullable<ConnectOptions["tcp"]>,
  protocols: readonly string[],
): net.Socket {
  const { hostname: host, port, socketPath } = url;
  if (socketPath !== undefined) return net.connect({ path: socketPath });
  if (!url.secure) return net.connect({ ...options, host, port });
  // RFC 6066 §3: an address is no server name
  const servername = net.isIP(host) === 0 ? host : "";
  return tls.connect({ servername, ALPNProtocols: ["http/1.1"], ...options, ...alpn(protocols), host, port });
}

/** Whoever asks for HTTP/1.1 alone may name another list in the TLS options; what chooses the HTTP version may not. */
function alpn(protocols: readonly string[]): tls.ConnectionOptions {
  return protocols.includes("h2") ? { ALPNProtocols: [...protocols] } : {};
}
