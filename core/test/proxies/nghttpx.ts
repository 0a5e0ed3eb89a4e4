import type { BackendKind } from "./backend.ts";
import type { HttpVersion, ProxySetup, ProxyWish } from "./proxy-setup.ts";
import { IDENTITY_FILES } from "./proxy-setup.ts";

/**
 * nghttpx 1.52, of nghttp2. In front it takes both HTTP versions on one port; `--backend` says by which one a WebSocket goes
 * on, whatever it came by:
 *
 *     --backend='127.0.0.1,8443;;proto=h2;tls'    HTTP/2 over TLS
 *     --backend='127.0.0.1,8080;;proto=h2'        HTTP/2 without TLS
 *     --backend='127.0.0.1,8080'                  HTTP/1.1
 *
 * A stream whose server does not read keeps what it holds of the connection's window in front. With the default, which is as
 * large as a stream's, one such stream stops all of its client's; hence `--frontend-http2-connection-window-size`.
 *
 * Silent WebSockets are ended by the timeouts for reading of each side. A stream that the server behind has ended by HTTP/2
 * is not ended from this side, so that the server waits for its `closeTimeoutMs`.
 */
export const nghttpxSetups: readonly ProxySetup[] = [
  setup({ name: "HTTP/2 over TLS behind", to: "tls", by: "2.0", parameters: ";proto=h2;tls" }),
  setup({ name: "HTTP/1.1 behind", to: "plain", by: "1.1", parameters: "" }),
  { ...setup({ name: "HTTP/2 without TLS behind", to: "h2c", by: "2.0", parameters: ";proto=h2" }), isVariant: true },
];

interface Behind {
  readonly name: string;
  readonly to: BackendKind;
  readonly by: HttpVersion;
  /** What follows the address in the option for the server. */
  readonly parameters: string;
}

function setup({ name, to, by, parameters }: Behind): ProxySetup {
  return {
    name: `nghttpx, ${name}`,
    program: "nghttp2-proxy",
    label: "nghttpx",
    backend: to,
    backVersion: by,
    fronts: ["2.0", "1.1"],
    jams: false,
    mixesClients: true,
    isVariant: false,
    plan: (wish) => ({
      // Without a file of our own it reads the machine's
      files: () => ({ ...IDENTITY_FILES, "nghttpx.conf": "" }),
      args: (folder, port) => options(folder, port, { ...wish, parameters }),
    }),
  };
}

function options(
  folder: string,
  port: number,
  { backendPort, idleSeconds, parameters }: ProxyWish & Pick<Behind, "parameters">,
): string[] {
  return [
    `--conf=${folder}/nghttpx.conf`,
    `--frontend=127.0.0.1,${port}`,
    `--backend=127.0.0.1,${backendPort};${parameters}`,
    "--insecure",
    "--frontend-http2-connection-window-size=16M",
    "--add-x-forwarded-for",
    "--add-request-header=x-proxy:nghttpx",
    `--stream-read-timeout=${idleSeconds}s`,
    `--frontend-read-timeout=${idleSeconds}s`,
    `--frontend-http2-read-timeout=${idleSeconds}s`,
    `--backend-read-timeout=${idleSeconds}s`,
    "--single-process",
    "--no-ocsp",
    "--accesslog-file=/dev/null",
    `${folder}/key.pem`,
    `${folder}/certificate.pem`,
  ];
}
