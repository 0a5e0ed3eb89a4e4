import { PythonScript } from "../adapters/python-script.ts";
import { adaptSocket, type SocketEvent } from "../adapters/python-socket.ts";
import { Mailbox } from "../mailbox.ts";
import { unixUrl } from "./http-listener.ts";
import {
  type ListenOptions,
  NO_LIMIT_BYTES,
  type RunningServer,
  type SeenRequest,
  type ServerPeer,
  type ServerSocket,
} from "./server-peer.ts";
import { serverSocket } from "./server-socket.ts";

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

/** Python's `websockets`, in one process for all servers of a test file. It is ready for permessage-deflate. */
export class PythonWebsocketsServer implements ServerPeer {
  readonly name = "Python's websockets";
  readonly abilities: ServerPeer["abilities"] = ["tellsEmptyClose", "echoesCode", "refusalBody", "compression"];
  readonly #servers = new Map<number, (event: ServerEvent) => void>();
  readonly #sockets = new Map<number, (event: SocketEvent) => void>();
  readonly #script: PythonScript<ScriptEvent>;
  #lastServer = 0;

  /** @param command a Python that has the package */
  constructor(command: string) {
    this.#script = new PythonScript(command, "websockets_server.py", (event: ScriptEvent) => {
      if ("server" in event) this.#servers.get(event.server)?.(event);
      else this.#sockets.get(event.socket)?.(event);
    });
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
                this.#script.tell({ command: "stop", server });
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
      this.#script.tell({ command: "listen", server, ...plain, host, identity: tls, clientAuthority, maxMessageBytes });
    });
  }

  stop(): Promise<void> {
    return this.#script.stop();
  }

  #adopt(socket: number, request: SeenRequest, subprotocol: string): ServerSocket {
    const tell = (command: string, more: object = {}): void => this.#script.tell({ socket, command, ...more });
    const { adapter, happened } = adaptSocket(tell);
    this.#sockets.set(socket, happened);
    return serverSocket(adapter, { request, subprotocol, terminate: () => tell("terminate") });
  }
}

function tcpUrl(host: string, port: number, isSecure: boolean): string {
  return `${isSecure ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
