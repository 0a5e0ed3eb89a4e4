import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Mailbox } from "../mailbox.ts";
import type { Ended } from "../peers/peer.ts";
import { unixUrl } from "./http-listener.ts";
import {
  type ListenOptions,
  NO_LIMIT_BYTES,
  type RunningServer,
  type SeenRequest,
  type ServerPeer,
  type ServerSocket,
} from "./server-peer.ts";

const SCRIPT = path.join(import.meta.dirname, "../fixtures/websockets_server.py");

/** What the script says, a line each. */
type ScriptEvent = ServerEvent | SocketEvent;

type ServerEvent =
  | { readonly server: number; readonly event: "listening"; readonly port: number }
  | { readonly server: number; readonly event: "stopped" }
  | {
      readonly server: number;
      readonly event: "connected";
      readonly socket: number;
      readonly request: SeenRequest;
      readonly subprotocol: string;
    };

type SocketEvent =
  | { readonly socket: number; readonly event: "text" | "binary" | "pong"; readonly value: string }
  | { readonly socket: number; readonly event: "sent" }
  | { readonly socket: number; readonly event: "closed"; readonly code: number; readonly reason: string };

type Tell = (command: object) => void;

/** Python's `websockets`, in one process for all servers of a test file. It is ready for permessage-deflate. */
export class PythonWebsocketsServer implements ServerPeer {
  readonly name = "Python's websockets";
  readonly abilities: ServerPeer["abilities"] = ["tellsEmptyClose", "echoesCode", "refusalBody"];
  readonly #command: string;
  readonly #servers = new Map<number, (event: ServerEvent) => void>();
  readonly #sockets = new Map<number, (event: SocketEvent) => void>();
  #process: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #lastServer = 0;

  /** @param command a Python that has the package */
  constructor(command: string) {
    this.#command = command;
  }

  listen(options: ListenOptions = {}): Promise<RunningServer> {
    const { host = "127.0.0.1", socketPath, tls, maxMessageBytes = NO_LIMIT_BYTES } = options;
    this.#lastServer += 1;
    const server = this.#lastServer;
    const connections = new Mailbox<ServerSocket>();
    const stopped = new Mailbox<void>();
    return new Promise((resolve) => {
      this.#servers.set(server, (event) => {
        switch (event.event) {
          case "listening":
            return resolve({
              url: socketPath === undefined ? tcpUrl(host, event.port, tls !== undefined) : unixUrl(socketPath),
              accept: () => connections.take(),
              stop: () => {
                connections.end("the server has stopped");
                this.#tell({ command: "stop", server });
                return stopped.take();
              },
            });
          case "connected":
            return connections.put(this.#adopt(event.socket, event.request, event.subprotocol));
          case "stopped":
            return stopped.put();
          default:
            event satisfies never;
        }
      });
      const { tls: _, clientAuthority, maxMessageBytes: __, ...plain } = options;
      this.#tell({ command: "listen", server, ...plain, host, identity: tls, clientAuthority, maxMessageBytes });
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill();
    await once(child, "exit");
  }

  #adopt(socket: number, request: SeenRequest, subprotocol: string): ServerSocket {
    const adapter = new PythonSocket(request, subprotocol, (command) => this.#tell({ socket, ...command }));
    this.#sockets.set(socket, (event) => adapter.happened(event));
    return adapter;
  }

  #tell(command: object): void {
    this.#process ??= this.#start();
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  #start(): ChildProcessByStdio<Writable, Readable, null> {
    const child = spawn(this.#command, [SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event: ScriptEvent = JSON.parse(line);
      if ("server" in event) this.#servers.get(event.server)?.(event);
      else this.#sockets.get(event.socket)?.(event);
    });
    return child;
  }
}

class PythonSocket implements ServerSocket {
  readonly request: SeenRequest;
  readonly subprotocol: string;
  readonly closed: Promise<Ended>;
  readonly #tell: Tell;
  readonly #messages = new Mailbox<string | Buffer>();
  readonly #pongs = new Mailbox<string>();
  readonly #closed = new Mailbox<Ended>();
  #unsent = 0;

  constructor(request: SeenRequest, subprotocol: string, tell: Tell) {
    this.request = request;
    this.subprotocol = subprotocol;
    this.closed = this.#closed.take();
    this.#tell = tell;
  }

  get unsent(): number {
    return this.#unsent;
  }

  happened(event: SocketEvent): void {
    switch (event.event) {
      case "text":
        this.#messages.put(event.value);
        break;
      case "binary":
        this.#messages.put(Buffer.from(event.value, "base64"));
        break;
      case "pong":
        this.#pongs.put(event.value);
        break;
      case "sent":
        this.#unsent -= 1;
        break;
      case "closed":
        this.#messages.end(`closed with ${event.code}`);
        this.#closed.put({ code: event.code, reason: event.reason });
        break;
      default:
        event satisfies never;
    }
  }

  send(message: string | Uint8Array): void {
    this.#unsent += 1;
    if (typeof message === "string") this.#tell({ command: "text", value: message });
    else this.#tell({ command: "binary", value: Buffer.from(message).toString("base64") });
  }

  receive(): Promise<string | Buffer> {
    return this.#messages.take();
  }

  close(code = 1000, reason = ""): void {
    this.#tell({ command: "close", code, reason });
  }

  terminate(): void {
    this.#tell({ command: "terminate" });
  }

  ping(payload: string): Promise<string> {
    this.#tell({ command: "ping", value: payload });
    return this.#pongs.take();
  }

  sendFragments(parts: readonly string[]): void {
    this.#tell({ command: "fragments", parts });
  }

  pause(): void {
    this.#tell({ command: "pause" });
  }

  resume(): void {
    this.#tell({ command: "resume" });
  }
}

function tcpUrl(host: string, port: number, isSecure: boolean): string {
  return `${isSecure ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
