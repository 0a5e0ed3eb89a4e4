import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Mailbox } from "../mailbox.ts";
import { type ConnectOptions, type Ended, type Peer, type PeerSocket, Refused } from "./peer.ts";

const SCRIPT = path.join(import.meta.dirname, "../fixtures/websockets_client.py");

/** What the script says, a line each; the fields depend on `event`. */
interface ScriptEvent {
  readonly socket: number;
  readonly event: "opened" | "refused" | "text" | "binary" | "pong" | "closed";
  readonly value: string;
  readonly code: number | null;
}

/** Python's `websockets`, in one process for all connections of a test file. It offers permessage-deflate. */
export class PythonWebsockets implements Peer {
  readonly name = "Python's websockets";
  readonly version = 13;
  readonly abilities: Peer["abilities"] = ["emptyClose", "ping", "fragments", "pause", "statusCode"];
  readonly #command: string;
  readonly #listeners = new Map<number, (event: ScriptEvent) => void>();
  #process: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #lastSocket = 0;

  /** @param command a Python that has the package */
  constructor(command: string) {
    this.#command = command;
  }

  connect(url: string, { subprotocols = [], origin }: ConnectOptions = {}): Promise<PeerSocket> {
    this.#lastSocket += 1;
    const socket = this.#lastSocket;
    const call = (command: string, more: object = {}): void => this.#tell({ socket, command, ...more });
    const messages = new Mailbox<string | Buffer>();
    const pongs = new Mailbox<string>();
    const closed = new Mailbox<Ended>();
    return new Promise((resolve, reject) => {
      const adapter = { ...adapt(call, messages, pongs), closed: closed.take() };
      this.#listeners.set(socket, ({ event, value, code }) => {
        switch (event) {
          case "opened":
            return resolve({ ...adapter, subprotocol: value });
          case "refused":
            return reject(new Refused(value, code ?? undefined));
          case "text":
            return messages.put(value);
          case "binary":
            return messages.put(Buffer.from(value, "base64"));
          case "pong":
            return pongs.put(value);
          case "closed":
            messages.end(`closed with ${code}`);
            return closed.put({ code: code ?? 0, reason: value });
          default:
            event satisfies never;
        }
      });
      call("connect", { url, subprotocols, origin });
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill();
    await once(child, "exit");
  }

  #tell(command: object): void {
    this.#process ??= this.#start();
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  #start(): ChildProcessByStdio<Writable, Readable, null> {
    const child = spawn(this.#command, [SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event: ScriptEvent = JSON.parse(line);
      this.#listeners.get(event.socket)?.(event);
    });
    return child;
  }
}

type Call = (command: string, more?: object) => void;

function adapt(
  call: Call,
  messages: Mailbox<string | Buffer>,
  pongs: Mailbox<string>,
): Omit<PeerSocket, "closed" | "subprotocol"> {
  return {
    send(message) {
      if (typeof message === "string") call("text", { value: message });
      else call("binary", { value: Buffer.from(message).toString("base64") });
    },
    receive: () => messages.take(),
    close: (code, reason) => call("close", { code, reason }),
    ping(payload) {
      call("ping", { value: payload });
      return pongs.take();
    },
    sendFragments: (parts) => call("fragments", { parts }),
    pause: () => call("pause"),
    resume: () => call("resume"),
  };
}
