import type { BackendKind } from "./backend.ts";
import type { HttpVersion, ProxySetup, ProxyWish } from "./proxy-setup.ts";
import { IDENTITY_FILES } from "./proxy-setup.ts";

/**
 * HAProxy 2.6. In front it takes both HTTP versions on one port (`alpn h2,http/1.1`); the line of the server behind says by
 * which one a WebSocket goes on, whatever it came by:
 *
 *     server s 127.0.0.1:8443 ssl verify none alpn h2 ws h2            HTTP/2 over TLS
 *     server s 127.0.0.1:8443 ssl verify none alpn h2,http/1.1         HTTP/1.1 over TLS; requests by HTTP/2 all the same
 *     server s 127.0.0.1:8443 ssl verify none alpn h2,http/1.1 ws h1   the same, said out loud
 *     server s 127.0.0.1:8080 proto h2                                 HTTP/2 without TLS
 *     server s 127.0.0.1:8080                                          HTTP/1.1 without TLS
 *
 * A stream that it cannot pass on, because who it is for does not read, stops the reading of the HTTP/2 connection that it
 * came by: all of that client's streams wait. With HTTP/2 on both sides this can end in standing still for good, when more than
 * some 200 KiB go each way at once, because each direction waits for WINDOW_UPDATEs that the other one keeps from being read.
 * That was seen with Node's plain http2 at both ends, too; HTTP/1.1 behind does not have it.
 *
 * `timeout tunnel` is how long an opened WebSocket may be silent; without it `timeout client` and `timeout server` are.
 */
export const haproxySetups: readonly ProxySetup[] = [
  setup({ name: "HTTP/2 over TLS behind", to: "tls", by: "2.0", server: "ssl verify none alpn h2 ws h2" }),
  setup({ name: "HTTP/1.1 over TLS behind", to: "tls", by: "1.1", server: "ssl verify none alpn h2,http/1.1 ws h1" }),
  setup({ name: "HTTP/2 without TLS behind", to: "h2c", by: "2.0", server: "proto h2" }),
  { ...setup({ name: "HTTP/1.1 without TLS behind", to: "plain", by: "1.1", server: "" }), isVariant: true },
  {
    ...setup({ name: "its own choice behind", to: "tls", by: "1.1", server: "ssl verify none alpn h2,http/1.1" }),
    isVariant: true,
  },
];

interface Behind {
  readonly name: string;
  readonly to: BackendKind;
  readonly by: HttpVersion;
  /** What follows the address in the line of the server. */
  readonly server: string;
}

function setup({ name, to, by, server }: Behind): ProxySetup {
  return {
    name: `HAProxy, ${name}`,
    program: "haproxy",
    label: "haproxy",
    backend: to,
    backVersion: by,
    fronts: ["2.0", "1.1"],
    jams: true,
    // `http-reuse always` would, and a client that does not read would stop the others
    mixesClients: false,
    isVariant: false,
    plan: (wish) => ({
      files: (folder, port) => ({ ...IDENTITY_FILES, "haproxy.cfg": configuration(folder, port, { ...wish, server }) }),
      args: (folder) => ["-f", `${folder}/haproxy.cfg`],
    }),
  };
}

function configuration(
  folder: string,
  port: number,
  { backendPort, idleSeconds, server }: ProxyWish & Pick<Behind, "server">,
): string {
  return `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel ${idleSeconds}s
frontend front
  bind 127.0.0.1:${port} ssl crt ${folder}/both.pem alpn h2,http/1.1
  option forwardfor
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  http-request set-header X-Proxy haproxy
  default_backend back
backend back
  server s 127.0.0.1:${backendPort} ${server}
`;
}
