import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import * as net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const ATTEMPTS = 5;

/** An nginx of our own, which hands `/PORT/rest` over to `/rest` at that port of this machine. */
export class Nginx {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  /** @param command nginx's program */
  static async start(command: string): Promise<Nginx> {
    for (let attempt = 1; ; attempt++) {
      // nginx cannot take any port that is free and say which, so somebody else may be quicker
      const port = await findFreePort();
      const folder = await mkdtemp(path.join(tmpdir(), "polysocket-nginx-"));
      await writeFile(path.join(folder, "nginx.conf"), configuration(folder, port));
      const child = spawn(command, ["-e", "stderr", "-p", folder, "-c", path.join(folder, "nginx.conf")], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      const said = await untilItListens(child);
      if (said === undefined) return new Nginx(port, child, folder);
      await rm(folder, { recursive: true });
      if (attempt === ATTEMPTS) throw new Error(`nginx does not start: ${said}`);
    }
  }

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#process = child;
    this.#folder = folder;
  }

  /** Where a WebSocket server is to be had through this proxy. */
  proxied(url: string): string {
    const { port, pathname, search } = new URL(url);
    return `ws://127.0.0.1:${this.port}/${port}${pathname}${search}`;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill();
      await once(this.#process, "exit");
    }
    await rm(this.#folder, { recursive: true });
  }
}

/** As nginx's own guide to WebSocket has it. */
function configuration(folder: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
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
  server {
    listen 127.0.0.1:${port};
    location ~ ^/(\\d+)(/.*)$ {
      proxy_pass http://127.0.0.1:$1$2$is_args$args;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
}

async function findFreePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** @returns undefined once it listens; what it said where it ended instead */
function untilItListens(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.once("error", reject);
    child.once("close", () => resolve(said));
    child.stderr?.on("data", (bytes: Buffer) => {
      said += bytes;
      // Its sockets are open by the time it says how it waits for events
      if (said.includes("event method")) resolve(undefined);
    });
  });
}
