import type { Identity } from "./client-test-certificates.ts";
import { type Program, startProgram } from "./proxies/program.ts";

/** An nginx of our own, which hands `/PORT/rest` over to `/rest` at that port of this machine. `/moved/PORT/rest`
 * redirects there, and `/secure/PORT/rest` to `https://127.0.0.1:PORT/rest`. */
export class Nginx {
  readonly port: number;
  readonly #program: Program;
  readonly #scheme: "ws" | "wss";

  /** @param command nginx's program
   * @param identity to serve TLS */
  static async start(command: string, identity?: Identity): Promise<Nginx> {
    const program = await startProgram({
      command,
      files: (folder, port) => ({
        "nginx.conf": configuration(folder, port, identity !== undefined),
        ...(identity === undefined ? {} : { "key.pem": identity.key, "certificate.pem": identity.cert }),
      }),
      args: (folder) => ["-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`],
      // Its sockets are open by the time it says how it waits for events
      sign: "event method",
    });
    return new Nginx(program, identity === undefined ? "ws" : "wss");
  }

  private constructor(program: Program, scheme: "ws" | "wss") {
    this.port = program.port;
    this.#program = program;
    this.#scheme = scheme;
  }

  /** Where a WebSocket server is to be had through this proxy. */
  proxied(url: string): string {
    const { port, pathname, search } = new URL(url);
    return `${this.#scheme}://127.0.0.1:${this.port}/${port}${pathname}${search}`;
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

/** As nginx's own guide to WebSocket has it. */
function configuration(folder: string, port: number, isSecure: boolean): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const tls = `
    ssl_certificate ${folder}/certificate.pem;
    ssl_certificate_key ${folder}/key.pem;`;
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  map $http_upgrade $connection_upgrade {
    default upgrade;
    "" close;
  }
  # A location sees the path decoded
  map $request_uri $rest {
    "~^/(?:[a-z]+/)?\\d+(?<tail>/.*)$" $tail;
  }
  server {
    listen 127.0.0.1:${port}${isSecure ? " ssl" : ""};${isSecure ? tls : ""}
    location ~ ^/(?<to>\\d+)/ {
      proxy_pass http://127.0.0.1:$to$rest;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
    location ~ ^/moved/(?<to>\\d+)/ {
      return 307 /$to$rest;
    }
    location ~ ^/secure/(?<to>\\d+)/ {
      return 301 https://127.0.0.1:$to$rest;
    }
  }
}
`;
}
