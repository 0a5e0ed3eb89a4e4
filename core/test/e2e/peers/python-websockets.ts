import { PythonScript } from "../adapters/python-script.ts";
import { adaptSocket, type SocketEvent } from "../adapters/python-socket.ts";
import { type ConnectOptions, type Peer, type PeerSocket, Refused } from "./peer.ts";

/** What the script says, a line each. */
type ScriptEvent = SocketEvent | OpeningEvent;

type OpeningEvent =
  | { readonly socket: number; readonly event: "opened"; readonly subprotocol: string }
  | { readonly socket: number; readonly event: "refused"; readonly message: string; readonly status: number | null };

/** Python's `websockets`, in one process for all connections of a test file. It offers permessage-deflate. */
export class PythonWebsockets implements Peer {
  readonly name = "Python's websockets";
  readonly version = 13;
  readonly abilities: Peer["abilities"] = ["emptyClose", "ping", "fragments", "pause", "statusCode", "compression"];
  readonly #listeners = new Map<number, (event: ScriptEvent) => void>();
  readonly #script: PythonScript<ScriptEvent>;
  #lastSocket = 0;

  /** @param command a Python that has the package */
  constructor(command: string) {
    this.#script = new PythonScript(command, "websockets_client.py", (event: ScriptEvent) => {
      this.#listeners.get(event.socket)?.(event);
    });
  }

  connect(url: string, { subprotocols = [], origin }: ConnectOptions = {}): Promise<PeerSocket> {
    this.#lastSocket += 1;
    const socket = this.#lastSocket;
    const tell = (command: string, more: object = {}): void => this.#script.tell({ socket, command, ...more });
    const { adapter, happened } = adaptSocket(tell);
    return new Promise((resolve, reject) => {
      this.#listeners.set(socket, (event) => {
        switch (event.event) {
          case "opened":
            return resolve({ ...adapter, subprotocol: event.subprotocol });
          case "refused":
            return reject(new Refused(event.message, event.status ?? undefined));
          default:
            return happened(event);
        }
      });
      tell("connect", { url, subprotocols, origin });
    });
  }

  stop(): Promise<void> {
    return this.#script.stop();
  }
}
